"""The Spark data source, with a local Spark session in the tests' process."""
