"""The documentation is true: its examples run, its links lead somewhere, and what is made from the package is current."""

import doctest
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import pytest

import fastgen
from fastgen import cli, load_config
from fastgen.pools import load_pools
from fastgen.schema import DATA_VERSION, TABLES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")] + sorted(
    DOCS.rglob("*.md")
)
RECORDED = json.loads((ROOT / "tests" / "golden" / "digests.json").read_text())


class Block(NamedTuple):
    """A fenced block: where it begins, its language and its text."""

    line: int
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Block(text.count("\n", 0, match.start()) + 2, match[1], match[2])


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=named)


# Examples


def commands(text: str) -> Iterator[str]:
    """The commands of fastgen among the lines of a block."""
    for line in text.replace("\\\n", " ").splitlines():
        # Nothing in the examples has these signs in quotes.
        yield from (part.strip() for part in line.partition(" #")[0].split("&&") if part.strip().startswith("fastgen "))


def run_command(line: str) -> None:
    """In this process, whose kernels are compiled; a pipe needs a shell."""
    if "|" in line:
        shell = f'fastgen() {{ "{sys.executable}" -m fastgen "$@"; }}; {line}'
        assert subprocess.run(["bash", "-c", shell], capture_output=True, check=True).stdout
    else:
        cli.cli.main(shlex.split(line)[1:], prog_name="fastgen", standalone_mode=False)


def run_python(block: Block, page: Path, names: dict[str, Any]) -> None:
    if ">>>" in block.text:
        test = doctest.DocTestParser().get_doctest(block.text, names, named(page), str(page), block.line - 1)
        assert doctest.DocTestRunner().run(test, clear_globs=False).failed == 0
        names.update(test.globs)
    else:
        exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.language in ("sh", "python", "toml") for b in blocks(page))], ids=named
)
def test_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Those of a page share a folder and their names, in order."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    for block in blocks(page):
        try:
            match block.language:
                case "sh":
                    for line in commands(block.text):
                        run_command(line)
                case "python":
                    run_python(block, page, names)
                case "toml":
                    Path("example.toml").write_text(block.text)
                    load_config("example.toml")
        except Exception as error:
            error.add_note(f"in the block at {named(page)}:{block.line}")
            raise


def test_every_language_is_known() -> None:
    """A block without a language, or with a misspelt one, would not be run."""
    assert {block.language for page in PAGES for block in blocks(page) if page.parent != ROOT / "benchmarks"} <= {
        "sh",
        "python",
        "toml",
        "csv",
        "text",
    }


@each_page
def test_commands_in_the_text_exist(page: Path) -> None:
    """`fastgen ...` between backticks is parsed, not run."""
    for line in re.findall(r"`(fastgen [^`]*)`", prose(page)):
        words = shlex.split(line)[1:]
        group: Any = cli.cli
        while isinstance(group, click.Group) and words and not words[0].startswith("-"):
            group = group.commands.get(words.pop(0))
            assert group is not None, line
        options = {text for option in group.params for text in option.opts} | {"--help", "-h"}
        assert {word for word in words if word.startswith("-") and word != "-"} <= options, line


def test_pages_have_examples() -> None:
    """The patterns find what they are to find."""
    found = [line for page in PAGES for block in blocks(page) if block.language == "sh" for line in commands(block.text)]
    assert "fastgen generate --output data/" in found
    assert len(found) > 10
    assert sum(block.language == "python" for page in PAGES for block in blocks(page)) > 4


# What is made from the package, or copied from it


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The script docs/make.py."""
    spec = spec_from_file_location("make_docs", DOCS / "make.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_configuration_is_current(make: ModuleType) -> None:
    assert make.CONFIGURATION.read_text() == make.configuration(), "run: python docs/make.py"


def test_sample_rows_are_current(make: ModuleType) -> None:
    if load_pools().digest != RECORDED["faker"]["vocabularies"]:
        pytest.skip(f"the rows are made with the word lists of Faker {RECORDED['faker']['version']}")
    text = make.README.read_text()
    assert text.count("<!-- sample: ") == len(TABLES)
    assert text == make.with_samples(text, make.samples()), "run: python docs/make.py"


def table_under(text: str, start: str) -> list[list[str]]:
    """The cells of the first table behind `start`, without the head."""
    lines = iter(text[text.index(start) :].splitlines())
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            break
    return rows[2:]


def test_flags_are_those_of_the_help() -> None:
    """Names, short names and what stands for the value, in the order of `fastgen generate --help`."""
    told = [{*option.opts, *filter(None, [option.metavar])} for option in cli.generate.params]
    cells = [row[0].replace("\\|", "|") for row in table_under((ROOT / "README.md").read_text(), "| flag |")]
    assert [{word for code in re.findall(r"`([^`]+)`", cell) for word in code.split()} for cell in cells] == told


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
    told = [name for row in cells for name in re.findall(r"`(\w+)`", row[0])]
    assert told == list(json.loads((tmp_path / "manifest.json").read_text()))


def test_changelog_names_the_versions() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    first = text[text.index("\n## [") :].split("\n## [")[1]
    assert first.startswith(f"{fastgen.__version__}]")
    versions = [int(version) for version in re.findall(r"\*\*Data version (\d+)", text)]
    assert versions == list(range(DATA_VERSION, 0, -1))


def test_versions_of_python() -> None:
    """The README says for which ones."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    low, below = (int(minor) for minor in re.findall(r"3\.(\d+)", wanted))
    assert f"Python 3.{low} to 3.{below - 1}" in (ROOT / "README.md").read_text()


def test_nobody_is_sent_to_another_project() -> None:
    """On PyPI the short name belongs to someone else."""
    for page in PAGES:
        assert not re.search(r"pip install [^\n]*\bfastgen\b(?!-payments)", page.read_text().replace("fastgen generate", "")), page


# Links


def anchors(page: Path) -> set[str]:
    """The names that headings get."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Where links inside the project lead: a file and, if there is one, a heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" not in target:
            path, _, heading = target.partition("#")
            yield (page.parent / path).resolve() if path else page, heading


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
