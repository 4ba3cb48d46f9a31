"""CLIP as a judge: what it says of a run's pictures, never without what it says of real ones."""
