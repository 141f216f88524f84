"""Whether data are what a configuration says: counts, rules and statistics, judged from the rows alone."""
