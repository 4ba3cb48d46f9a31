"""The parts of the page Trajectory."""
