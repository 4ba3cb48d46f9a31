"""Reads of the archive that pages share, each remembered."""
