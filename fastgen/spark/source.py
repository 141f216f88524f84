"""The data source as Spark knows it."""

from functools import cached_property

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader
from pyspark.sql.types import StructType

from fastgen.errors import OptionError
from fastgen.schema import TABLES
from fastgen.spark.options import Request, in_one_line, parse_options
from fastgen.spark.tables import check_schema, spark_schema


class FastgenSource(DataSource):
    """The data source `fastgen`. Wrong options are an OptionError or ConfigError on the driver, before anything is made."""

    @classmethod
    def name(cls) -> str:
        return "fastgen"

    @cached_property
    def request(self) -> Request:
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
