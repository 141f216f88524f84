"""Apache Kafka: messages, ways to send them, and what a run takes care of."""
