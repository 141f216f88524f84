"""What all tests need: kernels compiled from the sources as they are, time to do it, the command line, and a good order."""

from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from command import run
from hypothesis import settings

from fastgen.kernels.cards import card_digits

__all__ = ["run"]  # the fixture

# The first call of a kernel may compile it, which takes seconds.
settings.register_profile("fastgen", deadline=None)
settings.load_profile("fastgen")

KERNELS = Path(__file__).parents[1] / "fastgen" / "kernels"
LONG = (
    "kafka/test_outages.py",
    "spark/test_examples.py",
    "kafka/test_producing.py",
    "verifying/test_files.py",
    "spark/test_reading.py",
    "test_docs.py",
    "kafka/test_reading_back.py",
    "validation/test_defects.py",
    "reporting/test_browser.py",
    "kafka/test_verifying.py",
    "spark/test_streams.py",
    "golden/test_golden.py",
    "validation/test_sources.py",
    "verifying/test_counts.py",
)
"""Files whose tests take a minute or more, those that share something with others first."""
SHARED = {
    "Kafka": ("tests/kafka/*", "tests/test_docs.py"),
    "Spark": ("tests/spark/*",),
    "report": ("tests/reporting/*",),
}
"""Files whose tests share what takes long to start or to make, a broker, a Spark, a page: one process runs all of them."""


class FoldersOfExamples:
    """For the examples in docstrings, which write files as their readers would."""

    @pytest.fixture(autouse=True)
    def folder_of_example(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An example has a folder of its own."""
        if isinstance(request.node, pytest.DoctestItem):
            monkeypatch.chdir(tmp_path_factory.mktemp("example"))


def pytest_configure(config: pytest.Config) -> None:
    """Fixtures of this file are for tests below it; examples are in the package."""
    config.pluginmanager.register(FoldersOfExamples())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first: where processes share the files, none has a long one left when the others are done."""
    rank = {Path(__file__).parent / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of processes that share the files one takes all that share something."""
    from xdist.scheduler import LoadFileScheduling

    class Sharing(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((name for name, files in SHARED.items() if any(fnmatch(file, each) for each in files)), file)

    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None


def _drop_stale_machine_code() -> None:
    """Numba's disk cache of a kernel follows its own file only, not the helpers that it inlines from others.

    After a change in rng.py the code of all the other kernels would go on with the old one. So, when a source is
    newer than any compiled file, all are dropped.
    """
    compiled = list(Path(card_digits.stats.cache_path).glob("*.nb[ic]"))
    with suppress(FileNotFoundError):  # another process that runs tests may be dropping them, too
        if compiled and max(map(_written, KERNELS.glob("*.py"))) > min(map(_written, compiled)):
            for path in compiled:
                path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    return path.stat().st_mtime


_drop_stale_machine_code()
