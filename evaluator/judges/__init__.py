"""Judges: what one is, how one is fitted and examined, and the bundled ones."""
