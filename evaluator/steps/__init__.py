"""Steps against quality: what every solver and student draws with few evaluations of the network and with many."""
