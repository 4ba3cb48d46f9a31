"""Archives elsewhere: a bucket's runs, read from a bounded copy here and written by one at a time."""
