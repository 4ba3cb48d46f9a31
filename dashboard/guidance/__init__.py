"""The parts of the page Guidance."""
