"""The parts of the page Steps against quality."""
