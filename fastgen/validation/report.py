"""The report: a row for each check."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One row of the report.

    Attributes:
        group: what it is about.
        name: which check of the group.
        value: what was found.
        expected: what the configuration says.
        test: exact, rule, chi-square or Kolmogorov-Smirnov.
        verdict: passed, failed, or skipped if the data lack what it needs.
        p: the p-value of a statistical test.
        adjusted: the p-value adjusted for all tests of the report; it is compared with the report's alpha.
        statistic: the statistic of a statistical test.
        violations: how many rows or things break a rule, or by how much a count is wrong.
        of: how many things were checked.
        tolerance: how many violations are allowed.
        example: of a failed check, the first violation of a rule, or where a distribution differs most.
        note: what else there is to know.
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
    tolerance: int | None = None
    example: str | None = None
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the check for JSON, without the fields that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class ValidationReport:
    """What `validate` found.

    Attributes:
        source: the path of the data, or "a dataset".
        configuration: where it is from: "of the data", "given" or "the default".
        rows: the number of transactions.
        alpha: the probability that data as configured fail any of the tests.
        tests: the number of p-values that share it.
        checks: all checks.
        notes: what the verdicts depend on.
        seconds: how long it took.
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
        """Return the report for JSON."""
        return {
            "source": self.source,
            "configuration": self.configuration,
            "rows": self.rows,
            "passed": self.passed,
            "failed": len(self.failed),
            "alpha": self.alpha,
            "tests": self.tests,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "checks": [check.as_dict() for check in self.checks],
        }
