"""Races against other engines and systems, whose packages are no requirements of ours: nothing imports this room."""
