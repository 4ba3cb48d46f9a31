"""What papers report: the figures that ours stand beside, each with where it comes from."""
