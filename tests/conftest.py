"""What all tests share: time to compile kernels, the command line, and the order of files."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from command import run
from hypothesis import settings

__all__ = ["run"]  # the fixture

# The first call of a kernel may compile it, which takes seconds.
settings.register_profile("fastgen", deadline=None)
settings.load_profile("fastgen")

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
"""Files whose tests take a minute or more, those that share something with other files first."""
SHARED = {
    "Kafka": ("tests/kafka/*", "tests/test_docs.py"),
    "Spark": ("tests/spark/*",),
    "report": ("tests/reporting/*",),
}
"""Files whose tests share something slow to start or make (a broker, Spark, a page): one process runs all of a group."""


class FoldersOfExamples:
    """A plugin for the examples in docstrings, which write files as their readers would."""

    @pytest.fixture(autouse=True)
    def folder_of_example(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Run each example in a folder of its own."""
        if isinstance(request.node, pytest.DoctestItem):
            monkeypatch.chdir(tmp_path_factory.mktemp("example"))


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin: fixtures of this file apply to tests below it only, and examples are in the package."""
    config.pluginmanager.register(FoldersOfExamples())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long files first: if several processes share the files, none has a long one left when the others are done."""
    rank = {Path(__file__).parent / name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all files that share something to the same process."""
    from xdist.scheduler import LoadFileScheduling

    class Sharing(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((name for name, files in SHARED.items() if any(fnmatch(file, each) for each in files)), file)

    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None
