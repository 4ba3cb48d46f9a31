"""The page Compare: several runs against a baseline, a tab for each kind of difference."""
