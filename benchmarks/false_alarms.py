"""How often good data fail: `python benchmarks/false_alarms.py --seeds 400` validates 400 datasets with different seeds.

Every failed test is a false alarm, as all the data are as configured. At level alpha, at most a fraction alpha of the datasets
may have one. Rules and exact counts must never fail. Prints how many datasets have one, and the distribution of small p-values:
a fraction alpha of them should be below alpha, or less for conservative tests.
"""

from collections import defaultdict
from typing import Any

import click

import fastgen as fg

LEVELS = (0.2, 0.1, 0.05, 0.01, 0.001)


def settings(seed: int, rows: int) -> dict[str, Any]:
    """Every third dataset differs from the default only by seed and rows; the others have more fraud, or also more cards."""
    ways: tuple[dict[str, Any], ...] = ({}, {"fraud": {"ratio": 0.05}}, {"cards": rows // 5, "fraud": {"ratio": 0.3}})
    return {"seed": seed, "rows": rows, **ways[seed % len(ways)]}


@click.command()
@click.option("--seeds", default=400, show_default=True, help="Datasets.")
@click.option("--first", default=1, show_default=True, help="The first seed.")
@click.option("--rows", default=20_000, show_default=True, help="Transactions in each.")
def main(seeds: int, first: int, rows: int) -> None:
    """Validate correct datasets, and count what fails."""
    alarms, broken = dict.fromkeys(LEVELS, 0), 0
    found: dict[str, list[float]] = defaultdict(list)
    for seed in range(first, first + seeds):
        report = fg.validate(fg.Dataset(fg.Config(**settings(seed, rows))))
        tests = [check for check in report.checks if check.p is not None]
        least = min(check.adjusted or 0.0 for check in tests)
        for level in LEVELS:
            alarms[level] += least <= level
        wrong = [f"{check.group}: {check.name}" for check in report.failed if check.p is None]
        if wrong:
            broken += 1
            click.echo(f"seed {seed}: {', '.join(wrong)}")
        for check in tests:
            found[f"{check.group}: {check.name}"].append(check.p or 0.0)
    values = [p for each in found.values() for p in each]
    click.echo(f"{seeds} datasets of {rows:,} rows, {len(values):,} p-values; {broken} with a rule or a count that failed")
    click.echo("level   datasets with a false alarm   p-values below it")
    for level, count in alarms.items():
        below = sum(p <= level for p in values) / len(values)
        click.echo(f"{level:<8g}{count:>6} of {seeds} ({count / seeds:.4f})   {below:.5f}")
    click.echo("least and greatest part of p-values below 0.1, by check:")
    parts = sorted((sum(p <= 0.1 for p in each) / len(each), name, len(each)) for name, each in found.items())
    for part, name, count in (*parts[:3], *parts[-3:]):
        click.echo(f"  {part:.3f} of {count}: {name}")


if __name__ == "__main__":
    main()
