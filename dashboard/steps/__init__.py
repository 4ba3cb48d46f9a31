"""The page Steps against quality: how few evaluations of the network keep the quality."""
