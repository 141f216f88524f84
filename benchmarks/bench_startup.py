"""Time to the first result: the command's help, the default dataset, and the same on a new machine."""

from typing import Any

import compare
import pytest


def test_help(meter: Any) -> None:
    """`fastgen --help`."""
    meter("startup", "--help", lambda: compare.show_help(0), "s", rounds=10)


def test_default_dataset(meter: Any) -> None:
    """Three tables and a manifest, with kernels compiled before."""
    meter("startup", "default dataset", lambda: compare.default_run(0), "s", rounds=5)


@pytest.mark.large
def test_first_run_ever(meter: Any) -> None:
    """The same with an empty NUMBA_CACHE_DIR, so that everything it needs is compiled."""
    meter("startup", "default dataset, nothing compiled", lambda: compare.first_run(0), "s", rounds=3, warm=False)
