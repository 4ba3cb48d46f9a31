"""How runs are read: the archive and its states, DuckDB views, every SQL file, notes, answers."""
