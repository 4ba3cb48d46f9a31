"""The parts of the page Generate."""
