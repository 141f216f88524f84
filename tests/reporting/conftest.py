"""Datasets to report on, and a browser.

Without a Chromium, browser tests are skipped; with CI set they fail, as nobody reads there why tests were skipped. CHROMIUM names
one that is elsewhere.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastgen
from fastgen import Config, Dataset

from .chromium import Page, executable, opened


@pytest.fixture(scope="session")
def default_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default dataset, as Parquet with a manifest."""
    folder = tmp_path_factory.mktemp("default")
    fastgen.write(Dataset(Config()), folder)
    return folder


@pytest.fixture(scope="session")
def default_page(default_folder: Path) -> Path:
    """Its report."""
    page = default_folder / "report.html"
    fastgen.report(default_folder, page)
    return page


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """A tab of a headless Chromium."""
    path = executable()
    if path is None:
        reason = "no Chromium to open pages with; CHROMIUM=/path/to/one names it"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with opened(path) as tab:
        yield tab
