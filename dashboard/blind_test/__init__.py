"""The parts of the page Blind test."""
