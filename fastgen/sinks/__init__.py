"""Where rows go: files of several formats."""
