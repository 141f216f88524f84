"""The public API: its names, signatures and docstrings."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import fastgen
from fastgen import errors

NAMES = [
    "Check",
    "Config",
    "ConfigError",
    "Dataset",
    "DeliveryError",
    "Difference",
    "DifferenceError",
    "FastgenError",
    "FileCounts",
    "FileReport",
    "InputError",
    "InterruptedRunError",
    "KafkaError",
    "OptionError",
    "OutputError",
    "OutputExistsError",
    "ProduceReport",
    "Progress",
    "ReportSummary",
    "Sizes",
    "TableCounts",
    "TerminatedRunError",
    "UsageError",
    "ValidationReport",
    "VerifyReport",
    "WriteReport",
    "__version__",
    "load_config",
    "produce",
    "report",
    "scan",
    "validate",
    "verify",
    "verify_topic",
    "write",
]
SIGNATURES = {
    "load_config": "(path, **overrides)",
    "write": "(data, output, *, format, table, columns, compression, coordinates, parts, part, threads, overwrite, progress)",
    "produce": "(data, bootstrap_servers, *, topic, key, with_label, coordinates, timestamps, settings, producers, threads, "
    "create_topic, partitions, replication_factor, topic_config, resume, rate, speed, shift_to, loop, labels_topic, labels_delay, "
    "mock, plain, progress, tell)",
    "report": "(path, output, *, overwrite, progress)",
    "scan": "(data, *, table, threads)",
    "validate": "(source, data, *, alpha, threads, progress)",
    "verify": "(path, data, *, table, threads, progress)",
    "verify_topic": "(data, bootstrap_servers, *, topic, key, with_label, coordinates, timestamps, settings, labels_topic, "
    "labels_delay, threads, progress)",
    "Dataset": "(config)",
    "Dataset.part": "(self, number, of)",
    "Dataset.batches": "(self, columns, *, batch_rows, threads)",
    "Dataset.transactions": "(self, columns, *, threads)",
    "Dataset.credit_cards": "(self)",
    "Dataset.profiles": "(self)",
}
ALIKE = {"credit_cards", "profiles", "transactions", "batches", "schema", "num_rows", "config", "fingerprint"}
"""The names that a dataset promises."""


def modules() -> Iterator[ModuleType]:
    """All modules of the package except __main__, which would run the command."""
    for found in pkgutil.walk_packages(fastgen.__path__, "fastgen."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def parameters(function: object) -> str:
    """A signature without types and defaults."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    kept = [each if each.kind in (each.VAR_KEYWORD, each.VAR_POSITIONAL) else each.replace(default=each.empty) for each in bare]
    return str(inspect.Signature(kept))


def test_names() -> None:
    assert fastgen.__all__ == NAMES
    assert dir(fastgen) == NAMES
    assert all(getattr(fastgen, name) is not None for name in NAMES)


def test_star_import() -> None:
    names: dict[str, object] = {}
    exec("from fastgen import *", names)
    assert names.keys() - {"__builtins__"} == set(NAMES)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="module 'fastgen' has no attribute 'nonsense'"):
        _ = fastgen.nonsense
    with pytest.raises(ImportError):
        exec("from fastgen import nonsense")


def test_signatures() -> None:
    for path, expected in SIGNATURES.items():
        value: object = fastgen
        for name in path.split("."):
            value = getattr(value, name)
        assert f"{path}{parameters(value)}" == f"{path}{expected}"


def test_what_a_dataset_promises() -> None:
    assert set(dir(fastgen.Dataset())) >= ALIKE
    data = fastgen.Dataset(fastgen.Config(rows=10))
    assert data.num_rows == 10
    assert list(data.schema) == data.transactions().columns
    assert data.schema == data.transactions().schema
    assert repr(data) == f"Dataset({data.config!r})"


def test_a_dataset_of_something_else() -> None:
    with pytest.raises(errors.ConfigError, match=r"^config = 'f.toml': must be a Config \(load_config reads one from a file\)$"):
        fastgen.Dataset("f.toml")  # type: ignore[arg-type]


def test_modules_do_not_hide_public_names() -> None:
    """`import fastgen.write` would put a module where `fastgen.write` is expected."""
    packages = {found.name for found in pkgutil.iter_modules(fastgen.__path__)}
    assert packages.isdisjoint(NAMES)
    for module in modules():
        importlib.import_module(module.__name__)
    assert callable(fastgen.write)
    assert callable(fastgen.load_config)


def test_everything_public_is_explained() -> None:
    silent = []
    for module in modules():
        if not module.__doc__:
            silent.append(module.__name__)
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if isinstance(value, (type, FunctionType)) and not value.__doc__:
                silent.append(f"{module.__name__}.{name}")
    assert silent == []


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("_")])
def test_what_is_exported_is_explained(name: str) -> None:
    value = getattr(fastgen, name)
    assert inspect.getdoc(value)
    assert value.__module__.startswith("fastgen.")
    for inner, member in vars(value).items() if isinstance(value, type) else ():
        public = not inner.startswith("_") and isinstance(member, (FunctionType, property, classmethod, staticmethod))
        assert not public or inspect.getdoc(member), f"{name}.{inner}"


def test_lines_of_docstrings_end() -> None:
    for name in NAMES:
        if name != "__version__":
            assert inspect.getdoc(getattr(fastgen, name)).partition("\n")[0].endswith((".", ":"))


def test_the_tree_of_errors_is_the_drawn_one() -> None:
    """Names, parents and exit codes are those that the module's docstring draws."""
    assert errors.__doc__
    drawn: dict[str, tuple[str, int]] = {}
    above: list[tuple[int, str, int]] = []
    for line in errors.__doc__.splitlines():
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        name = words.split(" ", 1)[0] if not words.strip() else words.split()[0]
        if not name.endswith("Error") or not hasattr(errors, name):
            continue
        depth = len(words) - len(words.lstrip())
        above = [entry for entry in above if entry[0] < depth]
        rest = line.partition("exit code")[2].split()
        code = int(rest[0]) if rest else above[-1][2]
        drawn[name] = (above[-1][1] if above else "Exception", code)
        above.append((depth, name, code))
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert drawn == {cls.__name__: (cls.__base__.__name__, cls.exit_code) for cls in classes}  # type: ignore[union-attr]
    assert {cls.__name__ for cls in classes} <= set(NAMES)


def test_type_checkers_know_the_names(tmp_path: Path) -> None:
    """And no others, whatever `__getattr__` gives."""
    script = tmp_path / "script.py"
    script.write_text("import fastgen\n\n" + "".join(f"print(fastgen.{name})\n" for name in (*NAMES, "wirte", "Configg")))
    program = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(script)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert re.findall(r'error: (Module has no attribute "\w+")', done.stdout) == [
        'Module has no attribute "wirte"',
        'Module has no attribute "Configg"',
    ]
    assert "Found 2 errors" in done.stdout


def test_a_configuration_in_words() -> None:
    assert str(fastgen.Config()) == "Config()"
    assert str(fastgen.Config(rows=5)) == repr(fastgen.Config(rows=5)) == "Config(rows=5)"
    with pytest.raises(TypeError, match=r"^Config takes settings by name, and not 10 alone$"):
        fastgen.Config(10)  # type: ignore[misc]
