"""A Spark session that all tests share. If Spark cannot run, tests are skipped; with CI set they fail."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest
from kafka.broker import SHORT_LIVED, MissingError, cache, fetch_jars, missing_java
from kafka.conftest import broker, topic

__all__ = ["broker", "topic"]

Load = Callable[..., Any]
CONNECTOR = "spark-sql-kafka-0-10_2.13"
JARS = f"{CONNECTOR},spark-token-provider-kafka-0-10_2.13,kafka-clients,commons-pool2"
"""The jars that Spark does not include."""


def give_up(reason: str) -> NoReturn:
    """Skip; with CI set, fail, as there nobody would read why tests were skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def require_pyspark() -> None:
    """Skip the importing test module if PySpark is missing."""
    if find_spec("pyspark") is None:
        give_up("no Spark to test with. Missing: PySpark, which the extra test of fastgen-payments has")


@pytest.fixture(scope="session")
def connector() -> str:
    """The jars of Spark's Kafka connector, as a value for Spark's settings; empty if they are not available."""
    from pyspark import __version__ as version

    folder = cache() / f"spark-kafka-{version}"
    try:
        pom = Path(__file__).with_name("pom.xml")
        fetch_jars(pom, folder / f"{CONNECTOR}-{version}.jar", f"-Dspark.version={version}", f"-DincludeArtifactIds={JARS}")
    except (MissingError, FileNotFoundError) as error:  # there may be no Maven
        print(error)
        return ""
    return ",".join(map(str, sorted(folder.glob("*.jar"))))


@pytest.fixture(scope="session")
def spark(connector: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A SparkSession that knows the data source."""
    if missing := missing_java():
        give_up(f"no Spark to test with. Missing: {' and '.join(missing)}")
    from pyspark.sql import SparkSession

    from fastgen.spark import FastgenSource

    settings = {
        "spark.driver.extraJavaOptions": " ".join(SHORT_LIVED),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.heartbeat.maxFailures": "100000",  # on a busy machine it would end after 60, in the midst of the tests
        "spark.jars": connector,
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)  # otherwise executors use the python3 on the path
        session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        session.dataSource.register(FastgenSource)
        yield session
        session.stop()


@pytest.fixture
def load(spark: Any) -> Load:
    """A function that loads a DataFrame; two underscores in an option's name mean a dot."""

    def load(**options: Any) -> Any:
        return spark.read.format("fastgen").options(**{name.replace("__", "."): text for name, text in options.items()}).load()

    return load


def plain(frame: Any) -> pl.DataFrame:
    """A Polars, Arrow or Spark table as a Polars frame, with types that all of them have."""
    if not isinstance(frame, pl.DataFrame):
        frame = pl.DataFrame(pl.from_arrow(frame.toArrow() if hasattr(frame, "toArrow") else frame))
    return frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)) if frame.width else frame


def examples(kafka: bool) -> list[str]:
    """The code blocks of the documentation's section on Spark: those that need Kafka, or the others."""
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    blocks = re.findall(r"^```text\n(.*?)^```$", page[page.index("\n## Spark") :], re.DOTALL | re.MULTILINE)
    return [block for block in blocks if ("kafka" in block) == kafka]
