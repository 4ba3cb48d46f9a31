"""Statistics on plain arrays: nothing about runs."""
