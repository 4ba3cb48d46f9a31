"""The page Generate: the form, what it draws, and a student that draws without a button."""
