"""The parts of the page Speciation."""
