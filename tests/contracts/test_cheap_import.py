"""Cheap to start: `import fastgen`, `--help` and `--version` load no heavy library."""

import subprocess
import sys

import pytest

HEAVY = {
    "numba",
    "llvmlite",
    "polars",
    "pyarrow",
    "faker",
    "numpy",
    "pydantic",
    "pydantic_core",
    "confluent_kafka",
    "cramjam",
    "zstandard",
    "rich",
    "duckdb",
    "scipy",
    "altair",
    "vl_convert",
    "jinja2",
    "markupsafe",
}


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a run of Python loads, as `-X importtime` reports them."""
    run = subprocess.run([sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True)
    lines = [line for line in run.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-c", "import fastgen; fastgen.__version__; dir(fastgen)"], id="import"),
        pytest.param(["-m", "fastgen", "--help"], id="help"),
        pytest.param(["-m", "fastgen", "--version"], id="version"),
        pytest.param(["-m", "fastgen", "generate", "--help"], id="generate help"),
        pytest.param(["-m", "fastgen", "produce", "--help"], id="produce help"),
        pytest.param(["-m", "fastgen", "completion", "bash"], id="completion"),
        pytest.param(["-m", "fastgen", "verify", "--help"], id="verify help"),
        pytest.param(["-m", "fastgen", "report", "--help"], id="report help"),
        pytest.param(["-m", "fastgen", "validate", "--help"], id="validate help"),
    ],
)
def test_nothing_heavy_is_loaded(arguments: list[str]) -> None:
    modules = loaded(*arguments)
    assert "fastgen" in modules
    assert modules.isdisjoint(HEAVY)


def test_a_word_is_completed_cheaply() -> None:
    script = "import os; os.environ |= {'_FASTGEN_COMPLETE': 'bash_complete', 'COMP_CWORD': '3', 'COMP_WORDS': 'fastgen generate --format'}"
    modules = loaded("-c", f"{script}; from fastgen.cli import cli; cli.main(prog_name='fastgen')")
    assert modules.isdisjoint(HEAVY)


def test_a_configuration_needs_no_numbers() -> None:
    """Checking a configuration loads what validates it, and nothing that makes rows."""
    modules = loaded("-c", "import fastgen; fastgen.Config(rows=10); fastgen.load_config(seed=1); fastgen.FastgenError")
    assert "pydantic" in modules
    assert modules.isdisjoint(HEAVY - {"pydantic", "pydantic_core"})


def test_errors_need_nothing() -> None:
    modules = loaded("-c", "from fastgen import ConfigError, OutputError")
    assert modules.isdisjoint(HEAVY)
