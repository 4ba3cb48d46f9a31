"""The parts of the page Inside the network."""
