"""The Spark data source, with a Spark inside the tests' process."""
