"""The parts of the page Forward process."""
