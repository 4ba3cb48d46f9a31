"""How good finished pictures are: accuracy, Fréchet distance, classification accuracy score."""
