"""The data source as Spark knows it."""

from functools import cached_property

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader
from pyspark.sql.types import StructType

from fastgen.errors import OptionError
from fastgen.schema import TABLES
from fastgen.spark.options import SourceOptions, in_one_line, parse_options
from fastgen.spark.tables import check_schema, spark_schema


class FastgenSource(DataSource):
    """The data source `fastgen`: tables as DataFrames that executors make, and transactions as a stream.

    Options are words of the command line; Spark does not tell capitals from small letters in them. Beside those below they are
    the settings of a configuration, as with `--set`, such as `fraud.ratio`. See docs/scale.md.

    Options:
        rows, scale, seed: as the command's flags.
        config: a TOML file with settings, which is read where the driver runs.
        table: transactions, unless given, credit_cards or profiles.
        columns: names with commas between them; what is not among them is not made. All unless given.
        parts: partitions; of a stream, the most that a micro-batch has.
        rowsPerSecond: of a stream, how many rows it releases.

    Raises:
        ConfigError: a setting is not allowed; raised on the driver, before anything is made.
        OptionError: another option is not allowed; likewise.

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
        """Raises OptionError for other tables than transactions."""
        from fastgen.spark.stream import TransactionStream

        if self.request.table != "transactions":
            raise OptionError("table", self.request.table, "must be transactions in a stream; the card tables are read at once")
        check_schema(schema, self.request)
        return TransactionStream(self.request, schema)
