"""Files that Spark's executors write with fastgen's own encoders: Spark only distributes the parts."""

import os
import time
from functools import partial
from typing import Any, Final

from pyspark.sql import SparkSession

from fastgen.config import Config
from fastgen.dataset import Dataset, dataset_of
from fastgen.layouts import Coordinates
from fastgen.pipeline import available_threads
from fastgen.sinks.files import WriteReport
from fastgen.sinks.files import write as write_files
from fastgen.sinks.jobs import Format, write_job
from fastgen.sinks.parts import prepare
from fastgen.spark.options import in_one_line
from fastgen.spark.tables import dataset

ROWS_IN_FILE: Final = 4_000_000
"""The approximate rows of a part, about 170 MB of Parquet; parts are smaller if processors would be idle otherwise."""


def write(
    data: Dataset | Config | None,
    output: str | os.PathLike[str],
    *,
    parts: int | None = None,
    format: Format | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
    overwrite: bool = False,
    session: SparkSession | None = None,
) -> WriteReport:
    """Have Spark's executors write a directory of parts: the files that `fastgen.write` with `parts` would write.

    This is faster than having Spark write a DataFrame, which spends most of its time in Spark's own writer. Each part is a task.
    When an interrupted call is repeated, complete parts are not made again.

    Args:
        data: a whole dataset or its configuration; None for the default dataset. Executors make their parts from the
            configuration; `fastgen` must be installed there.
        output: a directory that the driver and all executors can write to.
        parts: how many there are (default: one per four million rows, but at least one per processor of the driver).
        format, compression, coordinates, overwrite: as for `fastgen.write`.
        session: the Spark session to use (default: the active one, or else a new one). Spark Connect cannot run such tasks.

    Raises:
        OptionError: an option is not allowed; raised before any row is made.
        OutputExistsError: the directory holds something else, and `overwrite` is False.
        OutputError: the driver cannot write to the directory. An error on an executor comes as an exception of Spark's that
            quotes it.

    Example:
        >>> from fastgen.spark import write
        >>> write(Dataset(Config(rows=1_000_000_000)), "/shared/billion").rows  # doctest: +SKIP
        1037728730
    """
    began = time.perf_counter()
    data = dataset_of(data)
    context = (session or SparkSession.builder.getOrCreate()).sparkContext
    if parts is None:
        parts = min(data.plan.grid.groups, max(available_threads(), round(data.plan.rows / ROWS_IN_FILE)))
    options: dict[str, Any] = {"format": format, "compression": compression, "coordinates": coordinates, "parts": parts}
    job = write_job(data, output, **options)
    prepare(job.requests, parts, job.target, overwrite)
    # Absolute, as executors have other working directories and homes.
    path = os.path.join(os.path.abspath(job.target.path), "")
    write_part = partial(_write_part, data.config, path, options | {"overwrite": overwrite})
    reports = context.parallelize(range(1, parts + 1), parts).map(write_part).collect()
    files = tuple(file for report in reports for file in report.files)
    return WriteReport(files, time.perf_counter() - began, skipped=sum(report.skipped for report in reports))


@in_one_line
def _write_part(config: Config, output: str, options: dict[str, Any], number: int) -> WriteReport:
    return write_files(dataset(config), output, part=number, threads=1, **options)
