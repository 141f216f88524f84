"""Units: each is defined in one place, so that a name means the same everywhere."""

import ast
from datetime import timedelta
from pathlib import Path

import fastgen
from fastgen.kernels import units

NAMES = {name for name in vars(units) if name.isupper()}


def test_they_are_what_they_say() -> None:
    assert timedelta(seconds=units.HOUR) == timedelta(hours=1)
    assert timedelta(seconds=units.DAY) == timedelta(days=1)
    assert timedelta(microseconds=units.MICROSECONDS) == timedelta(seconds=1)


def assigned(path: Path) -> set[str]:
    """The names that a module assigns."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.id.strip("_") for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def test_nobody_else_has_such_names() -> None:
    modules = Path(fastgen.__file__).parent.rglob("*.py")
    assert [path.name for path in modules if NAMES & assigned(path)] == ["units.py"]
