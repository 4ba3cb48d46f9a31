"""Any training loop as a run: metrics, pictures and trajectories, written while it runs."""
