"""The page Runs: the table of runs, and of the chosen one its recipe, its quality, its tags and its note."""
