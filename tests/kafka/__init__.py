"""The Kafka sink against a real Apache Kafka."""
