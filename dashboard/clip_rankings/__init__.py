"""The parts of the page CLIP rankings."""
