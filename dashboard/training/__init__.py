"""The page Training: losses, and the pictures kept through training."""
