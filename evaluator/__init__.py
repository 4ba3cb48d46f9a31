"""Judges, and what they say of a run: when its classes become recognizable, and how good the finished ones are."""
