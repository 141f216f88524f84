"""A first run: what is printed about compiling, and how another process takes a share of it."""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from numba import njit

import fastgen.kernels
from fastgen import Config, Dataset, write
from fastgen.cli import compiling
from fastgen.cli.compiling import compiling_announced
from fastgen.compiling import compile_first_half, compile_second_half
from fastgen.kernels import jit, splitting
from fastgen.kernels.windows import window_rows


@pytest.fixture(autouse=True)
def code_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process: with empty caches, a kernel of an earlier test may have been compiled while no file could be written."""
    monkeypatch.setattr(jit, "is_kept", True)


def kernels() -> dict[str, Any]:
    """All compiled functions, by name."""
    modules = [import_module(f"fastgen.kernels.{found.name}") for found in iter_modules(fastgen.kernels.__path__)]
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if hasattr(value, "signatures")
    }


def compiled() -> dict[str, set[str]]:
    """The signatures for which each function has been compiled or loaded."""
    return {name: {str(types) for types in kernel.signatures} for name, kernel in kernels().items()}


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson", "ipc"])
def test_a_partner_compiles_what_is_needed(tmp_path: Path, format: Any) -> None:
    """The sample is made and written by the same kernels as other datasets."""
    write(Dataset(Config(rows=2_000)), tmp_path / "data", format=format, threads=1)
    before = compiled()
    assert window_rows.signatures
    compile_second_half(format, str(tmp_path / "sample"))
    assert compiled() == before


@pytest.mark.parametrize("config", [{}, {"atm": {"cards": 0}}, {"rows": 1}, {"cards": 1, "atm": {"cards": 0}}])
def test_a_run_compiles_what_is_needed(tmp_path: Path, config: dict[str, Any]) -> None:
    """For any data."""
    write(Dataset(Config()), tmp_path, threads=1)
    before = compiled()
    compile_first_half(Dataset(Config(**config)).plan)
    assert compiled() == before


def test_a_partner_leaves_the_plan_to_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def split(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(splitting, "split_counts", split)
    compile_second_half("csv", str(tmp_path / "sample"))


class Partner:
    """A fake for the other process."""

    started: list["Partner"]

    def __init__(self, argv: list[str], **_: object) -> None:
        self.argv, self.done = argv, ["started"]
        Path(argv[-1], "rows.partial").touch()
        self.started.append(self)

    def wait(self) -> None:
        self.done.append("waited")

    def kill(self) -> None:
        self.done.append("killed")


class Plan:
    """A plan whose first step has to compile, or not."""

    def __init__(self, compiles: bool) -> None:
        self.compiles = compiles

    @property
    def payment_offsets(self) -> object:
        return njit(lambda x: x + 1)(1) if self.compiles else None


class Data:
    """A dataset with such a plan."""

    def __init__(self, compiles: bool) -> None:
        self.plan = Plan(compiles)


@pytest.fixture
def partners(monkeypatch: pytest.MonkeyPatch) -> list[Partner]:
    monkeypatch.setattr(Partner, "started", [], raising=False)
    monkeypatch.setattr(subprocess, "Popen", Partner)
    monkeypatch.setattr("fastgen.compiling.compile_first_half", lambda plan: None)
    return Partner.started


def share(data: Any) -> None:
    with compiling_announced(quiet=True) as first_run:
        first_run.share(data, "ndjson")
        njit(lambda x: x + 2)(1)


def test_a_first_run_has_one_partner_and_waits_for_it(partners: list[Partner]) -> None:
    share(Data(compiles=True))
    (partner,) = partners
    *argv, folder = partner.argv
    assert argv == [sys.executable, "-P", "-m", compiling.__name__, "ndjson"]
    assert partner.done[:2] == ["started", "waited"]
    assert not Path(folder).exists()


def test_a_later_run_has_none(partners: list[Partner]) -> None:
    """Nor has a run that compiles something else."""
    share(Data(compiles=False))
    assert partners == []


def test_no_partner_where_nothing_can_be_kept(partners: list[Partner], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "is_kept", False)
    share(Data(compiles=True))
    assert partners == []


def test_a_run_that_is_interrupted_leaves_no_partner(partners: list[Partner], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fastgen.compiling.compile_first_half", interrupted)
    with pytest.raises(KeyboardInterrupt):
        share(Data(compiles=True))
    assert partners[0].done == ["started", "killed", "waited"]
    assert not Path(partners[0].argv[-1]).exists()


def test_no_partner_where_it_has_no_folder(partners: list[Partner], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    share(Data(compiles=True))
    assert partners == []


def test_a_partner_that_cannot_be_started_leaves_no_folder(
    partners: list[Partner], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refused)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    share(Data(compiles=True))
    assert partners == []
    assert not list(tmp_path.iterdir())


def test_compiling_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    line = "compiling kernels for this machine, once for each kind of work; later runs of the same kind start at once"
    for quiet, lines in ((False, rf"fastgen: {line}\nfastgen: compiling took \d+\.\d s\n"), (True, "")):
        with compiling_announced(quiet):
            njit(lambda x: x + 1)(1)
            njit(lambda x: x + 2)(1)
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(lines, err)


def test_the_time_of_compiling_is_told_of_a_run_that_ends_well(
    partners: list[Partner], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It includes waiting for the partner; nothing is printed if nothing was compiled or the run fails."""
    monkeypatch.setattr(Partner, "wait", lambda _: time.sleep(1))
    with compiling_announced(quiet=False) as first_run:
        first_run.share(Data(compiles=True), "csv")
        time.sleep(1)
    took = re.search(r"^fastgen: compiling took (.*) s$", capsys.readouterr().err, re.MULTILINE)
    assert took
    assert 1 <= float(took[1]) < 2
    with compiling_announced(quiet=False) as later_run:
        later_run.share(Data(compiles=False), "csv")
    with suppress(ValueError), compiling_announced(quiet=False):
        njit(lambda x: x + 1)(1)
        raise ValueError
    assert "took" not in capsys.readouterr().err


def test_compiling_on_every_run_is_told_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    """A function without a file cannot be cached, like a package in a read-only directory."""
    scope: dict[str, Any] = {}
    exec("def double(x):\n    return x + x", scope)
    with compiling_announced(quiet=False):
        assert jit.kernel(scope["double"])(21) == 42
    reason = "; every run does so again, as no folder for them is writable (set NUMBA_CACHE_DIR to one that is)"
    assert capsys.readouterr().err.startswith(f"fastgen: compiling kernels for this machine{reason}\nfastgen: compiling took ")


def test_numba_that_may_not_compile(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fastgen", "generate", "--rows=1", "-o", str(tmp_path / "x.csv")]
    run = subprocess.run(command, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "fastgen: kernels have to be compiled, which NUMBA_DISABLE_JIT forbids (unset it)\n"


def test_linear_algebra_is_not_loaded_with_numba() -> None:
    """But it can still be imported."""
    code = """
import sys
from fastgen.cli.compiling import compiling_announced
with compiling_announced(quiet=True):
    from fastgen import Config, Dataset
    Dataset(Config(rows=1000)).transactions(["amount"])
assert "scipy.linalg" not in sys.modules
import scipy.linalg.cython_blas
"""
    subprocess.run([sys.executable, "-c", code], check=True)
