"""The page Trajectory: one stored picture step by step, others from the same noise, and forks from its middle."""
