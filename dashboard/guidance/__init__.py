"""The page Guidance: what guidance laws draw from the same noise, and what each costs."""
