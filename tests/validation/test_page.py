"""docs/validate.md names every check, in the section of its group, and no others."""

import re
from pathlib import Path

from fastgen import Config, Dataset, validate
from fastgen.schema import CASH_WITHDRAWAL, TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "validate.md").read_text()


def documented(group: str) -> set[str]:
    """The names in the first column of a section's table."""
    [_, rest] = PAGE.split(f"\n### {group}\n")
    cells = [line.split("|")[1] for line in rest.split("\n#")[0].splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_check_is_explained() -> None:
    config = Config(rows=20_000)
    names = (
        {category.name: "CATEGORY" for category in config.categories}
        | {CASH_WITHDRAWAL: "CATEGORY"}
        | dict.fromkeys(TABLES, "TABLE")
    )
    made: dict[str, set[str]] = {}
    for check in validate(Dataset(config)).checks:
        name = re.sub(r"^\d+ to \d+ years$", "BAND", check.name)
        for value, stands_for in names.items():
            name = re.sub(rf"(^| ){re.escape(value)}$", rf"\g<1>{stands_for}", name)
        made.setdefault(check.group, set()).add(name)
    groups = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    assert list(made) == groups
    for group in groups:
        assert documented(group) == made[group], group
