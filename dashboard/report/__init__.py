"""The page Report and the commands report and check: runs as one HTML file, and whether it still holds."""
