"""Judges from the rows alone whether data are what a configuration says: by counts, rules and statistics."""
