"""Apache Spark: tables as DataFrames made by the executors, streams of transactions, and files written by the executors."""

from fastgen.errors import missing

try:
    from fastgen.spark.files import write
    from fastgen.spark.source import FastgenSource
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("pyspark"):
        raise
    raise missing("PySpark 4", "which this data source is for", "spark") from None

__all__ = ["FastgenSource", "write"]
