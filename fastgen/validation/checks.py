"""Checks: a row of the report each, and which p-values count as failed when there are many of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fastgen.validation.pvalues import Outcome
from fastgen.validation.tally import Broken

Verdict = Literal["passed", "failed", "skipped"]
At = Callable[[int], str]
"""What a class, or a step of a distribution, is called."""


@dataclass(frozen=True)
class Check:
    """One row of the report.

    Attributes:
        group: what it is about. name: which of its checks.
        value: what was found. expected: what the configuration says. test: exact, rule, chi-square or Kolmogorov-Smirnov.
        verdict: passed, failed, or skipped where the data have not what it needs.
        p: of a test; adjusted: with all tests of the report taken into account, which is compared with its alpha.
        statistic: of a test. violations, of: of a rule or an exact check, how many rows or things break it, of how many.
        example: the first that breaks a rule, or where a distribution differs most. note: what else there is to know.
    """

    group: str
    name: str
    value: str
    expected: str
    test: str
    verdict: Verdict
    p: float | None = None
    adjusted: float | None = None
    statistic: float | None = None
    violations: int | None = None
    of: int | None = None
    example: str | None = None
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; what a check has not is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def exact(
    group: str, name: str, found: int, expected: int | range, *, note: str | None = None, example: str | None = None
) -> Check:
    """A count that must be a number, or one of a range of numbers.

    Example:
        >>> exact("counts", "payments", 53_999, 54_000).verdict
        'failed'
    """
    wanted = expected if isinstance(expected, range) else range(expected, expected + 1)
    off = max(wanted.start - found, found - wanted[-1], 0)
    told = f"{wanted.start:,}" if len(wanted) == 1 else f"{wanted.start:,} to {wanted[-1]:,}"
    verdict: Verdict = "failed" if off else "passed"
    return Check(group, name, f"{found:,}", told, "exact", verdict, violations=off, example=example if off else None, note=note)


def rule(group: str, name: str, broken: Broken, expected: str, *, note: str | None = None) -> Check:
    """What must hold for every row, card or other thing.

    Example:
        >>> rule("cards", "Luhn", Broken(count=2, of=1_000), "valid check digit").value
        '2 of 1,000 (0.2 %) break it'
    """
    count, of = broken.count, broken.of
    if not of:
        return skipped(group, name, expected, note or "there are none")
    value = f"{count:,} of {of:,} ({_percent(count / of)} %) break it" if count else f"all {of:,}"
    verdict: Verdict = "failed" if count else "passed"
    return Check(group, name, value, expected, "rule", verdict, violations=count, of=of, example=broken.example, note=note)


def _percent(part: float) -> str:
    """Two digits at least, and no more than it takes to see that it is not none and not all."""
    return f"{100 * part:.1f}" if part >= 0.1 else f"{100 * part:.2g}"


def drawn(group: str, name: str, outcome: Outcome | None, expected: str, *, at: At) -> Check:
    """What was drawn at random: the verdict waits for the other tests.

    Args:
        outcome: of the test; None where there was too little to test. at: what its classes are called.
    """
    if outcome is None:
        return skipped(group, name, expected, "too little to test")
    if outcome.test == "chi-square":
        value = f"{outcome.statistic:.5g} in {outcome.classes:,} classes of {outcome.size:,}"
        where = f"{at(outcome.worst)}: {outcome.seen:,}, not about {outcome.due:,.1f}"
    else:
        value = f"{outcome.statistic:.3g} of {outcome.size:,}"
        where = f"up to {at(outcome.worst)}: {outcome.seen:,}, not about {outcome.due:,.1f}"
    return Check(group, name, value, expected, outcome.test, "passed", p=outcome.p, statistic=outcome.statistic, example=where)


def skipped(group: str, name: str, expected: str, why: str) -> Check:
    """A check that was not made, and why not."""
    return Check(group, name, "", expected, "", "skipped", note=why)


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p-values: those of at most alpha are failures, and with probability 1 - alpha all of these are right.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics, 1979.

    Example:
        >>> holm([0.04, 0.01, 0.5])
        [0.08, 0.03, 0.5]
    """
    adjusted, least = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = max(least, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = least
    return adjusted


def judged(checks: Sequence[Check], alpha: float) -> tuple[Check, ...]:
    """The checks with verdicts for their p-values."""
    tests = [check for check in checks if check.p is not None]
    adjusted = iter(holm([check.p for check in tests if check.p is not None]))
    made = []
    for check in checks:
        if check.p is None:
            made.append(check)
            continue
        value = next(adjusted)
        failed = value <= alpha
        made.append(
            replace(check, adjusted=value, verdict="failed" if failed else "passed", example=check.example if failed else None)
        )
    return tuple(made)


@dataclass(frozen=True)
class ValidationReport:
    """What `validate` found.

    Attributes:
        source: the data. configuration: where the configuration comes from: manifest, given or default.
        rows: of the table of transactions. alpha: probability that data as configured fail any of the tests.
        tests: how many p-values share it. checks: all of them. notes: what the verdicts rest on. seconds: it took.
    """

    source: str
    configuration: str
    rows: int
    alpha: float
    tests: int
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.verdict == "failed")

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        about = {name: getattr(self, name) for name in ("source", "configuration", "rows", "alpha", "tests")}
        verdicts = {"passed": self.passed, "failed": len(self.failed)}
        return (
            about
            | verdicts
            | {
                "seconds": round(self.seconds, 3),
                "notes": list(self.notes),
                "checks": [check.as_dict() for check in self.checks],
            }
        )
