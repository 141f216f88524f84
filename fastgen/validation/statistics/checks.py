"""How checks are made, and which p-values count as failures when there are many."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fastgen.validation.report import Check, Verdict
from fastgen.validation.statistics.pvalues import Outcome
from fastgen.validation.statistics.tally import Violations

At = Callable[[int], str]
"""Names a class, or a step of a distribution."""


def exact(group: str, name: str, found: int, expected: int | range) -> Check:
    """Check that a count is a given number, or in a range of numbers.

    Example:
        >>> exact("counts", "payments", 53_999, 54_000).verdict
        'failed'
    """
    allowed = expected if isinstance(expected, range) else range(expected, expected + 1)
    off = max(allowed.start - found, found - allowed[-1], 0)
    text = f"{allowed.start:,}" if len(allowed) == 1 else f"{allowed.start:,} to {allowed[-1]:,}"
    verdict: Verdict = "failed" if off else "passed"
    return Check(group, name, f"{found:,}", text, "exact", verdict, violations=off, tolerance=0)


def rule(group: str, name: str, broken: Violations, expected: str, *, tolerance: int = 0, note: str | None = None) -> Check:
    """Check what must hold for every row, card or other thing, or for all but `tolerance` of them.

    Example:
        >>> rule("cards", "Luhn", Violations(count=2, of=1_000), "valid check digit").value
        '2 of 1,000 (0.2 %) break it'
    """
    count, of = broken.count, broken.of
    if not of:
        return skipped(group, name, expected, note or "there are none")
    value = f"{count:,} of {of:,} ({_percent(count / of)} %) break it" if count else f"all {of:,}"
    check = Check(group, name, value, expected, "rule", "passed", violations=count, of=of, tolerance=tolerance, note=note)
    return check if count <= tolerance else replace(check, verdict="failed", example=broken.example)


def _percent(part: float) -> str:
    """A fraction in percent: with one decimal from 10 % on, below that with two significant digits; 100 means all.

    Example:
        >>> [_percent(part) for part in (1.0, 0.99999, 0.123, 0.01234)]
        ['100.0', 'over 99.9', '12.3', '1.2']
    """
    if 0.9995 <= part < 1:
        return "over 99.9"
    return f"{100 * part:.1f}" if part >= 0.1 else f"{100 * part:.2g}"


def drawn(group: str, name: str, outcome: Outcome | None, expected: str, *, at: At) -> Check:
    """Check what was drawn at random; `with_verdicts` sets the verdict, which depends on the other tests.

    Args:
        outcome: of the test; None if there was too little to test. at: names its classes.
    """
    if outcome is None:
        return skipped(group, name, expected, "too little to test")
    if outcome.test == "chi-square":
        value, up_to = f"chi2 = {outcome.statistic:.4g}, {outcome.classes:,} classes, n = {outcome.size:,}", ""
    else:
        value, up_to = f"D = {outcome.statistic:.3g}, n = {outcome.size:,}", "up to "
    where = f"{up_to}{at(outcome.worst)}: {outcome.seen:,}, expected {outcome.due:,.1f}"
    p, statistic, size = outcome.p, outcome.statistic, outcome.size
    return Check(group, name, value, expected, outcome.test, "passed", p=p, statistic=statistic, of=size, example=where)


def skipped(group: str, name: str, expected: str, why: str) -> Check:
    """A check that was not made, and why not."""
    return Check(group, name, "", expected, "", "skipped", note=why)


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust p-values: those of at most alpha are failures, and with probability 1 - alpha none of these is false.

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


def with_verdicts(checks: Sequence[Check], alpha: float) -> tuple[Check, ...]:
    """Return the checks with verdicts for their p-values; of these checks, only failed ones keep an example."""
    adjusted = iter(holm([check.p for check in checks if check.p is not None]))
    return tuple(check if check.p is None else _decided(check, next(adjusted), alpha) for check in checks)


def _decided(check: Check, adjusted: float, alpha: float) -> Check:
    if adjusted <= alpha:
        return replace(check, adjusted=adjusted, verdict="failed")
    return replace(check, adjusted=adjusted, example=None)
