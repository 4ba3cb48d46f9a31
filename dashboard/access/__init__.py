"""Who reaches the dashboard, from where, as what: its address, its sign-in, its roles and their limits."""
