"""The documentation is correct: its examples run, its links work, and what is generated from the package is current."""

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple, Self

import click
import polars as pl
import pytest
from confluent_kafka.admin import AdminClient
from kafka.broker import Address
from kafka.conftest import broker

import fastgen
import fastgen.spark
from fastgen import cli, load_config
from fastgen.pools import load_pools
from fastgen.schema import DATA_VERSION, TABLES

__all__ = ["broker"]  # the fixture

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")] + sorted(
    DOCS.rglob("*.md")
)
RECORDED = json.loads((ROOT / "tests" / "golden" / "digests.json").read_text())


class Block(NamedTuple):
    """A fenced block: its first line's number, its language and its text."""

    line: int
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Block(text.count("\n", 0, match.start()) + 2, match[1], match[2])


def prose(page: Path) -> str:
    """The text of a page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The targets of a page's links within the project: a file and the anchor, if any."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" not in target:
            path, _, heading = target.partition("#")
            yield (page.parent / path).resolve() if path else page, heading


def as_read() -> list[Path]:
    """All pages: the README, the pages that it links to in order, and the rest."""
    return list(dict.fromkeys([ROOT / "README.md", *(path for path, _ in links(ROOT / "README.md") if path in PAGES), *PAGES]))


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=named)


def test_the_readmes_python_is_well_typed(tmp_path: Path) -> None:
    """With the package as type checkers of its users see it."""
    (tmp_path / "example.py").write_text("".join(block.text for block in blocks(ROOT / "README.md") if block.language == "python"))
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "example.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


# Examples

LEFT_OUT = (
    "git clone ", "python -m venv ", ". .venv/bin/activate", "pip install ", "export ", "docker compose ",
    "pytest", "python benchmarks/", "eval ",
)  # fmt: skip
"""Beginnings of lines in examples that are not run: installing the package, a broker, all tests, benchmarks."""


def lines(text: str) -> Iterator[str]:
    """The commands of a block, without their comments."""
    for line in text.replace("\\\n", " ").splitlines():
        # No example has `&&` or ` #` in quotes.
        yield from filter(None, (part.strip() for part in re.split(r"&&", line.partition(" #")[0])))


def commands(text: str) -> Iterator[str]:
    """The commands of a block that are run."""
    for line in lines(text):
        if not line.startswith(LEFT_OUT):
            assert re.match(r"fastgen |python \w+\.py$", line), f"is neither run nor known: {line}"
            yield line


class Commands:
    """Runs the commands of a page in the current directory; those that end with & in the background."""

    def __init__(self) -> None:
        self._others: list[subprocess.Popen[bytes]] = []

    def run(self, line: str) -> None:
        """Run a command in this process, which has compiled its kernels, or in another one if it needs a shell."""
        words = shlex.split(os.path.expandvars(line))
        if words[0] == "python":
            print(subprocess.run([sys.executable, *words[1:]], check=True, stdout=subprocess.PIPE, text=True).stdout)
        elif words[-1] == "&":
            self._others.append(subprocess.Popen([sys.executable, "-m", *words[:-1]]))
        elif set("|>") & set(line):
            shell = f'fastgen() {{ "{sys.executable}" -m fastgen "$@"; }}; {line}'
            done = subprocess.run(["bash", "-c", shell], capture_output=True, check=True)
            assert done.stdout or ">" in line
        else:
            cli.cli.main(words[1:], prog_name="fastgen", standalone_mode=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for background commands, or end them after a failure."""
        for other in self._others:
            if kind is not None:
                other.kill()
            assert other.wait(timeout=120) == 0 or kind is not None, other.args


def run_python(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a Python block; one that begins with the name of a file is written to that file instead."""
    name = re.match(r"# (\w+\.py)\n", block.text)
    if name:
        Path(name[1]).write_text(block.text)
    elif ">>>" in block.text:
        test = doctest.DocTestParser().get_doctest(block.text, names, named(page), str(page), block.line - 1)
        assert doctest.DocTestRunner().run(test, clear_globs=False).failed == 0
        names.update(test.globs)
    else:
        exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)


@contextmanager
def kafka_if_needed(page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set KAFKA_BOOTSTRAP to a broker for pages that name it; topics that they create are deleted."""
    if "$KAFKA_BOOTSTRAP" not in page.read_text():
        yield
        return
    broker: Address = request.getfixturevalue("broker")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", broker.bootstrap)
    admin = AdminClient({**broker.properties})
    existing = set(admin.list_topics(timeout=15).topics)
    try:
        yield
    finally:
        made = set(admin.list_topics(timeout=15).topics) - existing - {"__consumer_offsets"}
        for deleted in admin.delete_topics(sorted(made)).values() if made else ():
            deleted.result(timeout=15)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory in which a reader follows all pages."""
    return tmp_path_factory.mktemp("reader")


def states(folder: Path) -> dict[Path, int]:
    """The files below a folder and their times of modification."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def is_ignored(name: str) -> bool:
    """Whether git ignores this name in the root of the project."""
    return any(fnmatch(f"/{name}", line.rstrip("/")) for line in (ROOT / ".gitignore").read_text().splitlines())


@pytest.mark.parametrize(
    "page", [page for page in as_read() if any(b.language in ("sh", "python", "toml") for b in blocks(page))], ids=named
)
def test_examples(
    page: Path,
    request: pytest.FixtureRequest,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """All pages share a folder, as they do for a reader; the blocks of a page run in order and share their names."""
    monkeypatch.chdir(folder)
    before = states(folder)
    names: dict[str, Any] = {"__name__": "example"}
    with kafka_if_needed(page, request, monkeypatch), Commands() as shell:
        for block in blocks(page):
            try:
                match block.language:
                    case "sh":
                        for line in commands(block.text):
                            shell.run(line)
                    case "python":
                        run_python(block, page, names)
                    case "toml":
                        (tmp_path / "example.toml").write_text(block.text)
                        load_config(tmp_path / "example.toml")
            except Exception as error:
                error.add_note(f"in the block at {named(page)}:{block.line}")
                raise
    assert states(folder).items() >= before.items(), "what other pages have made is as it was"
    assert [path.name for path in folder.iterdir() if not is_ignored(path.name)] == []
    if page.name == "tutorial.md":
        check_tutorial(capfd.readouterr().out)


def check_tutorial(out: str) -> None:
    """Check what the page says of its results."""
    assert re.search(r"^alarm outside \['US'\], and when a card pays again within 120 seconds: F1 0\.\d\d over", out, re.MULTILINE)
    assert "\n106,020 transactions scored\n" in out
    assert "\n106,020 scores with a label, 155 frauds, " in out
    found = re.search(r"^precision (.*), recall (.*)$", out, re.MULTILINE)
    assert found
    assert 0.75 < float(found[1]) < 0.85
    assert 0.85 < float(found[2]) < 0.92


def test_no_block_escapes() -> None:
    """A block that is indented or has no or a misspelt language would not be run."""
    for page in PAGES:
        text = page.read_text()
        assert {block.language for block in blocks(page)} <= {"sh", "python", "toml", "csv", "text"}, page
        assert text.count("```") == 2 * len(list(blocks(page))), page
        assert "~~~" not in text
        assert not re.search(r"\n\n(?: {4}|\t)(?!- )\S", prose(page)), page


def exists(words: list[str], line: str) -> None:
    """Check that a command of the program exists, with all options in the line."""
    group: Any = cli.cli
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        group = group.commands.get(words.pop(0))
        assert group is not None, line
    options = {text for option in group.params for text in option.opts} | {"--help", "-h"}
    assert {word for word in words if re.match(r"-[-\w]", word)} <= options, line


@each_page
def test_commands_in_text_blocks_exist(page: Path) -> None:
    """Examples that run for ever are in `text` blocks; they are parsed, not run."""
    for block in blocks(page):
        for line in lines(block.text) if block.language == "text" else ():
            if re.match(r"fastgen [a-z]", line):
                exists(shlex.split(line)[1:], line)


@each_page
def test_scripts_exist(page: Path) -> None:
    """The scripts that pages name; they take long and are run by hand."""
    for script in re.findall(r"python ((?:benchmarks|docs|tests)/\S+\.py)", page.read_text()):
        assert (ROOT / script).exists(), script


@each_page
def test_commands_in_the_text_exist(page: Path) -> None:
    """`fastgen ...` between backticks is parsed, not run."""
    for line in re.findall(r"`(fastgen [^`]*)`", prose(page)):
        exists(shlex.split(line)[1:], line)


def test_pages_have_examples() -> None:
    """The patterns above find examples."""
    found = [line for page in PAGES for block in blocks(page) if block.language == "sh" for line in commands(block.text)]
    assert "fastgen generate --output data/" in found
    assert len(found) > 10
    assert sum(block.language == "python" for page in PAGES for block in blocks(page)) > 4


# What is generated from the package, or copied from it


def script(name: str) -> ModuleType:
    """Load a script in docs/. These import each other, and other folders of the tests have modules with the same names."""
    spec = spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The script docs/make.py."""
    return script("make")


def test_configuration_is_current(make: ModuleType) -> None:
    assert make.CONFIGURATION.read_text() == make.configuration(), "run: python docs/make.py"


def test_api_is_current(make: ModuleType) -> None:
    assert make.API.read_text() == make.api(), "run: python docs/make.py"


def test_api_has_every_public_name() -> None:
    """And every type of the package that a public function returns."""
    text = (DOCS / "api.md").read_text()
    documented = set(re.findall(r"^### `(.*)`$", text, re.MULTILINE))
    assert documented >= {*fastgen.__all__} - {"__version__"} | {f"spark.{name}" for name in fastgen.spark.__all__}
    assert "`fastgen.__version__`" in text
    assert documented >= {name for name in re.findall(r"-> (\w+)$", text, re.MULTILINE) if name not in ("str", "int", "object")}


@pytest.mark.parametrize(
    ("docstring", "message"),
    [
        ("Makes.\n\nArgs:\n    rows: how many.", "differ in seed"),
        ("Makes.\n\nArgs:\n    rows: how many.\n    seed: which.\n    scale: what.", "differ in scale"),
        ("Makes.\n\nArgs:\n    rows how many.", "cannot be read as items: rows how many"),
    ],
)
def test_docstrings_that_do_not_fit(docstring: str, message: str) -> None:
    def function(rows: int, seed: int = 1) -> None: ...

    function.__doc__ = docstring
    make_api = script("make_api")
    with pytest.raises(ValueError, match=message):
        make_api.described(make_api.Entry("function", function))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Literal["a", "b"] | None, 'Literal["a", "b"] | None'),
        (os.PathLike[str] | str, "os.PathLike[str] | str"),
        (Callable[[int], pl.DataFrame | None], "Callable[[int], pl.DataFrame | None]"),
        (tuple[int, ...], "tuple[int, ...]"),
    ],
)
def test_types_on_the_page(kind: Any, name: str) -> None:
    """They have the same names in all versions of Python."""
    assert script("make_api").type_name(kind) == name


def test_sample_rows_are_current(make: ModuleType) -> None:
    if load_pools().digest != RECORDED["faker"]["vocabularies"]:
        pytest.skip(f"the rows are made with the word lists of Faker {RECORDED['faker']['version']}")
    text = make.README.read_text()
    assert text.count("<!-- sample: ") == len(TABLES)
    assert text == make.with_samples(text, make.samples()), "run: python docs/make.py"


def table_under(text: str, start: str) -> list[list[str]]:
    """The cells of the first table after `start`, without the header."""
    lines = iter(text[text.index(start) :].splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            break
    return rows[2:]


def test_flags_are_those_of_the_help() -> None:
    """Names, short names and placeholders of values, in the order of `fastgen generate --help`."""
    options = [{*option.opts, *filter(None, [option.metavar])} for option in cli.generate.params]
    cells = [row[0].replace("\\|", "|") for row in table_under((DOCS / "command-line.md").read_text(), "| flag |")]
    assert [{word for code in re.findall(r"`([^`]+)`", cell) for word in code.split()} for cell in cells] == options


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_columns_are_those_of_the_tables(table: Any) -> None:
    cells = table_under((DOCS / "data.md").read_text(), f"## `{table.name}`")
    assert [row[0].strip("`") for row in cells] == list(table.names)
    if table.name == "transactions":
        cells = table_under((DOCS / "data.md").read_text(), "The same values have these types:")
        assert [row[0].strip("`") for row in cells] == list(table.names)


def test_manifest_members(tmp_path: Path) -> None:
    fastgen.write(fastgen.Dataset(fastgen.Config(rows=10)), tmp_path)
    cells = table_under((DOCS / "data.md").read_text(), "## `manifest.json`")
    documented = [name for row in cells for name in re.findall(r"`(\w+)`", row[0])]
    assert documented == list(json.loads((tmp_path / "manifest.json").read_text()))


def test_changelog_names_the_versions() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    first = text[text.index("\n## [") :].split("\n## [")[1]
    assert first.startswith(f"{fastgen.__version__}]")
    versions = [int(version) for version in re.findall(r"\*\*Data version (\d+)", text)]
    assert versions == list(range(DATA_VERSION, 0, -1))


def test_versions_of_python() -> None:
    """The README names the supported versions."""
    supported = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    low, below = (int(minor) for minor in re.findall(r"3\.(\d+)", supported))
    assert f"Python 3.{low} to 3.{below - 1}" in (ROOT / "README.md").read_text()


def test_nobody_is_sent_to_another_project() -> None:
    """On PyPI the short name belongs to someone else."""
    for page in PAGES:
        assert not re.search(r"pip install [^\n]*\bfastgen\b(?!-payments)", page.read_text().replace("fastgen generate", "")), page


# Links


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links(page: Path) -> None:
    for path, heading in links(page):
        assert path.exists(), path
        assert not heading or heading in anchors(path), heading


def test_every_page_can_be_reached() -> None:
    found, new = set[Path](), {ROOT / "README.md"}
    while new:
        found |= new
        new = {path for page in new for path, _ in links(page) if path.suffix == ".md"} - found
    assert {named(page) for page in PAGES} == {named(page) for page in found}


def test_decisions_are_numbered_and_have_three_parts() -> None:
    pages = sorted(page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md")
    for number, page in enumerate(pages, 1):
        assert page.read_text().startswith(f"# {number:04}: ")
        assert page.name.startswith(f"{number:04}-")
        assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == ["Context", "Decision", "Consequences"]
