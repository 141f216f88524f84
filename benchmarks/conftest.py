"""How benchmarks are run and reported: two options, a fixture that times, and a table of results in their own units."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import compare
import pytest

collect_ignore_glob = ["[!b]*.py", "baseline.py"]  # scripts, some of which need what only they use
ROUNDS = 50
"""Rounds of benchmarks with a setup before each round."""
FEW_ROWS = 100_000
MANY_ROWS = 2_000_000


class Result(NamedTuple):
    """The result of a benchmark, in its unit."""

    group: str
    name: str
    rows: int
    value: float
    unit: str


results = pytest.StashKey[list[Result]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    options = parser.getgroup("fastgen")
    rows = f"rows of a reading of the whole pipeline, such as 500k (2M; with --benchmark-disable {FEW_ROWS:,})"
    options.addoption("--rows", type=compare.many, metavar="N", help=rows)
    options.addoption("--large", action="store_true", help="also what takes long: 50 M rows, and compiling everything")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("python_files", "bench_*.py")
    config.addinivalue_line("markers", "slow: is left out with --benchmark-disable")
    config.addinivalue_line("markers", "large: takes long, and runs with --large only")
    config.stash[results] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("slow") and item.config.getoption("benchmark_disable"):
        pytest.skip("takes seconds, and shows nothing unless it is measured")
    if item.get_closest_marker("large") and not item.config.getoption("large"):
        pytest.skip("takes long: --large runs it")


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Add the machine to what --benchmark-json stores with the readings."""
    machine_info["fastgen"] = compare.machine()


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> int:
    """Rows of a reading of the whole pipeline."""
    disabled = request.config.getoption("benchmark_disable")
    return int(request.config.getoption("rows") or (FEW_ROWS if disabled else MANY_ROWS))


class Meter:
    """Times calls with pytest-benchmark and keeps the median in its unit."""

    def __init__(self, benchmark: Any, found: list[Result]) -> None:
        self.benchmark, self.found = benchmark, found

    def __call__(
        self,
        group: str,
        name: str,
        run: Callable[[], object],
        unit: str,
        *,
        rows: int = 0,
        before: Callable[[], object] | None = None,
        rounds: int | None = None,
        warm: bool = True,
    ) -> None:
        """Time `run`.

        Args:
            unit: ns/something, rows/s and s are computed from the median time; MB is the median of what `run` returns.
            rows: how many of the things that the unit counts one call makes.
            before: called before each round, not timed.
            rounds: how many (default: pytest-benchmark decides).
            warm: whether there is a round beforehand that does not count.
        """
        self.benchmark.group = group
        returned: list[Any] = []
        if rounds is None and before is None:
            if self.benchmark.enabled and warm:
                run()
            self.benchmark(run)
        else:

            def prepare() -> None:
                """Return nothing, since results of a setup become arguments."""
                if before:
                    before()

            self.benchmark.pedantic(lambda: returned.append(run()), setup=prepare, rounds=rounds or ROUNDS, warmup_rounds=int(warm))
        if not self.benchmark.enabled:
            return
        seconds = self.benchmark.stats.stats.median
        match unit:
            case "s":
                key, value = "seconds", seconds
            case "rows/s":
                key, value = "rows_per_second", rows / seconds
            case "MB":
                key, value = "peak_mb", median(returned)
            case _:
                key, value = "ns_per_row", seconds / rows * 1e9
        self.benchmark.extra_info |= {"rows": rows, "unit": unit, key: value}
        self.found.append(Result(group, name, rows, value, unit))


@pytest.fixture
def meter(benchmark: Any, request: pytest.FixtureRequest) -> Meter:
    """A meter for one call."""
    return Meter(benchmark, request.config.stash[results])


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print one table: every benchmark in its own unit, and its ratio to the first of its group."""
    if found := config.stash[results]:
        terminalreporter.section("what it means")
        for line in table(found):
            terminalreporter.write_line(line)


def table(found: list[Result]) -> Iterator[str]:
    """The results as Markdown."""
    yield "| group | | rows | median | to the first |"
    yield "|---|---|---|---|---|"
    for group in dict.fromkeys(result.group for result in found):
        members = [result for result in found if result.group == group]
        for _, name, rows, value, unit in members:
            ratio = "" if name == members[0].name else compare.shown(value / members[0].value, compare.TIMES)
            yield f"| {group} | {name} | {f'{rows:,}' if rows else ''} | {compare.shown(value, unit)} | {ratio} |"
