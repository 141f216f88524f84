"""A dataset on one page: what it contains, how its values are distributed, how easily its frauds are found."""
