"""The page Blind test: people name pictures at random steps, and are compared with the judges."""
