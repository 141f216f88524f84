"""Apache Kafka: messages, two ways of sending them, and runs that fill topics."""
