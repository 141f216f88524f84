"""Where rows go: files of several formats, and Apache Kafka."""
