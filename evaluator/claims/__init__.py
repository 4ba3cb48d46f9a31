"""Every statement of the source before one run, and the claims that have no subject of their own."""
