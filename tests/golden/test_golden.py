"""The rows of three configurations are the recorded ones, on this machine as on others."""

import hashlib
import io
import json
import os
import subprocess
import sys

import polars as pl
import pytest
from make import CONFIGS, FILE, digests

from fastgen import Config, Dataset
from fastgen.pools import load_pools
from fastgen.schema import DATA_VERSION

DOUBLES = ["amount", "latitude", "longitude"]
RECORDED = json.loads(FILE.read_text())
CHANGED = """
The rows of the configuration {name!r} are not those of data version {version}.
If that was not meant, a contract is broken: one configuration and data version make the same rows, always.
If it was meant, do all three in one commit:
  1. raise DATA_VERSION in fastgen/schema.py,
  2. say under "Data" in CHANGELOG.md what changed,
  3. python tests/golden/make.py
"""


def made_by_another_faker() -> str | None:
    """A message if the vocabularies are not the recorded ones."""
    pools, faker = load_pools(), RECORDED["faker"]
    if pools.digest == faker["vocabularies"]:
        return None
    return (
        f"The digests were recorded with the word lists of Faker {faker['version']}; those of Faker {pools.faker}, which is "
        f"installed, differ, and with them the rows. Run this test with faker=={faker['version']}, or, to move on to the newer "
        'lists, say so under "Data" in CHANGELOG.md and run: python tests/golden/make.py'
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_are_the_recorded_ones(name: str) -> None:
    if message := made_by_another_faker():
        pytest.fail(message, pytrace=False)
    if digests(name) != RECORDED["datasets"][name]:
        pytest.fail(CHANGED.format(name=name, version=RECORDED["data_version"]), pytrace=False)


@pytest.mark.parametrize("name", CONFIGS)
def test_fingerprints_are_the_recorded_ones(name: str) -> None:
    """New settings and counts change none of them, so that existing data can still be verified."""
    if message := made_by_another_faker():
        pytest.fail(message, pytrace=False)
    assert Dataset(Config(**CONFIGS[name])).fingerprint == RECORDED["fingerprints"][name]


def test_the_record_is_of_this_data_version() -> None:
    """A new data version has new digests: both are recorded together."""
    assert RECORDED["data_version"] == DATA_VERSION
    assert RECORDED["datasets"].keys() == CONFIGS.keys()
    assert len({table["ndjson"] for tables in RECORDED["datasets"].values() for table in tables.values()}) == 9


def test_another_processor_makes_the_same_rows() -> None:
    if message := made_by_another_faker():
        pytest.fail(message, pytrace=False)
    text = elsewhere("-m", "fastgen", "generate", "--rows=10_007", "--seed=7", "--format=ndjson", "-q", "-o-")
    assert hashlib.sha256(text).hexdigest() == RECORDED["datasets"]["small"]["transactions"]["ndjson"]


def test_another_processor_makes_the_same_doubles() -> None:
    """Even one without a fused multiply-add."""
    code = f"import sys, fastgen as fg; fg.Dataset(fg.Config(rows=10_007, seed=7)).transactions({DOUBLES}).write_ipc(sys.stdout.buffer)"
    frame = Dataset(Config(rows=10_007, seed=7)).transactions(DOUBLES)
    assert pl.read_ipc(io.BytesIO(elsewhere("-c", code)), use_pyarrow=False).equals(frame)


def elsewhere(*arguments: str) -> bytes:
    """The output of Python with kernels for a processor without vector extensions beyond the oldest ones."""
    plain = os.environ | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    return subprocess.run([sys.executable, *arguments], env=plain, capture_output=True, check=True).stdout
