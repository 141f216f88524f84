"""The data source that Spark registers."""

from functools import cached_property

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader
from pyspark.sql.types import StructType

from fastgen.errors import OptionError
from fastgen.schema import TABLES
from fastgen.spark.options import SourceOptions, in_one_line, parse_options
from fastgen.spark.tables import check_schema, spark_schema


class FastgenSource(DataSource):
    """The data source `fastgen`: tables as DataFrames made by the executors, and transactions as a stream.

    Options are named like the flags of the command line and, as always in Spark, case-insensitive. Besides those below, every
    setting of a configuration is one, as with `--set`, such as `fraud.ratio`. See docs/scale.md.

    Options:
        rows, scale, seed: as the command's flags.
        config: a TOML file with settings, which the driver reads.
        table: transactions (default), credit_cards or profiles.
        columns: names separated by commas (default: all); other columns are not made.
        parts: the number of partitions; for a stream, the most that a micro-batch has.
        rowsPerSecond: for a stream, how many rows it releases per second.

    Raises:
        ConfigError: a setting is not allowed. OptionError: another option is not allowed. Both are raised on the driver, before any
            row is made, and Spark raises an AnalysisException that quotes them.

    Example:
        >>> from fastgen.spark import FastgenSource
        >>> spark.dataSource.register(FastgenSource)  # doctest: +SKIP
        >>> spark.read.format("fastgen").option("rows", "200k").load().count()  # doctest: +SKIP
        200000
    """

    @classmethod
    def name(cls) -> str:
        return "fastgen"

    @cached_property
    def request(self) -> SourceOptions:
        """The options, read once: a configuration file may be gone when the rows are made."""
        return parse_options(self.options)

    @in_one_line
    def schema(self) -> StructType:
        request = self.request
        return spark_schema(request.table, request.columns or TABLES[request.table].names)

    @in_one_line
    def reader(self, schema: StructType) -> DataSourceReader:
        if self.request.rows_per_second is not None:
            raise OptionError("rowsPerSecond", self.request.rows_per_second, "is for streams: spark.readStream")
        check_schema(schema, self.request)
        from fastgen.spark.parts import PartReader

        return PartReader(self.request, schema)

    @in_one_line
    def streamReader(self, schema: StructType) -> DataSourceStreamReader:  # noqa: N802
        """Raises OptionError for tables other than transactions."""
        from fastgen.spark.stream import TransactionStream

        if self.request.table != "transactions":
            raise OptionError("table", self.request.table, "must be transactions in a stream; the card tables are read at once")
        check_schema(schema, self.request)
        return TransactionStream(self.request, schema)
