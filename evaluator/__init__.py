"""Judges, and what they say of a run: when its digits become recognizable, and how good the finished ones are."""
