"""The page Draw your own: a drawing noised to any level and brought back, and what is seen in it at each."""
