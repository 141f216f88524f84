"""A dataset as a page: what it is, what its values look like, how easily its frauds are found."""
