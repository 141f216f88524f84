"""Apache Spark: tables as DataFrames, made by the executors, streams of transactions, and files that executors write."""

from fastgen.errors import FastgenError

try:
    from fastgen.spark.files import write
    from fastgen.spark.source import FastgenSource
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("pyspark"):
        raise
    raise FastgenError(
        "PySpark 4, which this data source is for, is not installed", hint="it comes with the extra spark of fastgen-payments"
    ) from None

__all__ = ["FastgenSource", "write"]
