"""Apache Spark: tables as DataFrames, made by the executors, streams of transactions, and files that executors write.

    from fastgen.spark import FastgenSource, write
    spark.dataSource.register(FastgenSource)
    spark.read.format("fastgen").option("rows", "10M").load()
    write(fastgen.Dataset(fastgen.Config(rows=10_000_000)), "/shared/folder")

Options of the data source are words of the command line, and Spark does not tell capitals from small letters in them:

    rows, scale, seed, config    as the command's flags; the file of `config` is read where the driver runs
    any other setting            as with `--set`, such as fraud.ratio
    table                        transactions, unless given, credit_cards or profiles
    columns                      names with commas between them; what is not among them is not made
    parts                        partitions; of a stream, the most that a micro-batch has
    rowsPerSecond                of a stream: how fast it is
"""

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
