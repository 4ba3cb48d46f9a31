"""The page Claims: what the source says, statement by statement, and what the chosen runs say of it."""
