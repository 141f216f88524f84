"""Makes the text of docs/api.md, which `python docs/make.py` writes: public names, their signatures and docstrings.

A docstring has sections of items, `name: meaning`. A section that cannot be parsed is an error, and so are arguments and fields
that a docstring leaves out, or describes though they do not exist.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pkgutil import resolve_name
from textwrap import dedent
from types import FunctionType, UnionType
from typing import Annotated, Any, Final, ForwardRef, Literal, NamedTuple, Union, get_args, get_origin

from fastgen.errors import FastgenError
from fastgen.settings import Section

PAGE = """\
<!-- Written by docs/make.py: change the docstrings in fastgen/, or the text in docs/make_api.py. -->

# Python API

All public names, by purpose; `help(fastgen.write)` shows the same text. `fastgen.__version__` is the version of the package.
Anything that is not on this page is internal and may change at any time.

{contents}

The examples assume this import:

```python
from fastgen import *
```

{groups}
"""

GROUPS: Final = {
    "Describe data": [
        "fastgen:Config",
        "fastgen:Config.sizes",
        "fastgen:Config.settings_digest",
        "fastgen:Sizes",
        "fastgen:load_config",
    ],
    "Make rows": [
        "fastgen:Dataset",
        "fastgen:Dataset.transactions",
        "fastgen:Dataset.credit_cards",
        "fastgen:Dataset.profiles",
        "fastgen:Dataset.batches",
        "fastgen:Dataset.part",
        "fastgen:Dataset.is_part",
        "fastgen:Dataset.num_rows",
        "fastgen:Dataset.count",
        "fastgen:Dataset.columns",
        "fastgen:Dataset.schema",
        "fastgen:Dataset.fingerprint",
        "fastgen:Dataset.__arrow_c_stream__",
    ],
    "Query": ["fastgen:scan"],
    "Write files": ["fastgen:write", "fastgen.sinks.files:WriteReport", "fastgen:FileReport"],
    "Send to Kafka": [
        "fastgen:produce",
        "fastgen.sinks.kafka.producing:ProduceReport",
        "fastgen:Progress",
    ],
    "Compare with the configuration": [
        "fastgen:verify",
        "fastgen:verify_topic",
        "fastgen:VerifyReport",
        "fastgen:TableCounts",
        "fastgen:FileCounts",
        "fastgen:Difference",
    ],
    "Judge by statistics": ["fastgen:validate", "fastgen:ValidationReport", "fastgen:Check"],
    "Show on a page": ["fastgen:report", "fastgen.reporting.making:ReportSummary"],
    "Spark": ["fastgen.spark:FastgenSource", "fastgen.spark:write"],
}
TITLES: Final = ("Args", "Options", "Attributes", "Returns", "Raises", "Example")
"""The titles of sections in docstrings."""
PREFIXES: Final = {"os": "os.", "polars": "pl."}
"""What precedes the names of types from other packages in signatures; types from packages not listed have bare names."""
WIDTH: Final = 100
LONGEST_DEFAULT: Final = 40


class Entry(NamedTuple):
    """What has a heading of its own: its name on the page, and the object."""

    name: str
    value: Any

    @property
    def anchor(self) -> str:
        return self.name.replace(".", "").lower()


def entry(path: str) -> Entry:
    """The entry for a path such as `fastgen:Dataset.part`."""
    module, _, name = path.partition(":")
    return Entry(f"spark.{name}" if module == "fastgen.spark" else name, resolve_name(path))


def kinds(base: type[FastgenError]) -> list[type[FastgenError]]:
    """The direct subclasses of an error, without those that other modules define for internal use."""
    return [kind for kind in base.__subclasses__() if kind.__module__ == FastgenError.__module__]


def errors(base: type[FastgenError] = FastgenError) -> Iterator[type[FastgenError]]:
    """All errors, each after its base class."""
    yield base
    for kind in kinds(base):
        yield from errors(kind)


def tree(base: type[FastgenError] = FastgenError, before: str = "") -> Iterator[str]:
    """The tree of errors below `base`, line by line, with the exit codes of the command."""
    below = kinds(base)
    for kind in below:
        corner, stem = ("└── ", "    ") if kind is below[-1] else ("├── ", "│   ")
        yield f"{before + corner + kind.__name__:<32}exit code {kind.exit_code}"
        yield from tree(kind, before + stem)


def api() -> str:
    """The text of the page."""
    groups = {title: [entry(path) for path in paths] for title, paths in GROUPS.items()}
    groups["Errors"] = [Entry(error.__name__, error) for error in errors()]
    anchors = {each.name: each.anchor for entries in groups.values() for each in entries}
    contents = ["| | |", "|---|---|"]
    parts = []
    for title, entries in groups.items():
        names = ", ".join(f"[`{each.name}`](#{each.anchor})" for each in entries)
        contents.append(f"| [{title}](#{title.lower().replace(' ', '-')}) | {names} |")
        parts += [f"## {title}", *(linked(described(each), each.name, anchors) for each in entries)]
    drawn = fenced("text", "\n".join([FastgenError.__name__, *tree()]))
    parts.insert(parts.index("## Errors") + 1, drawn)
    return PAGE.format(contents="\n".join(contents), groups="\n\n".join(parts))


def linked(text: str, own: str, anchors: dict[str, str]) -> str:
    """The text with links to other names, and to pages of the documentation."""

    def link(match: re.Match[str]) -> str:
        name = match[1].removeprefix("fastgen.")
        return f"[{match[0]}](#{anchors[name]})" if name in anchors and name != own else match[0]

    pieces = re.split(r"(^```.*?^```$|^#[^\n]*$)", text, flags=re.DOTALL | re.MULTILINE)
    for i in range(0, len(pieces), 2):
        pieces[i] = re.sub(r"\bdocs/(\w+\.md)", r"[docs/\1](\1)", re.sub(r"`([\w.]+)`", link, pieces[i]))
    return "".join(pieces)


def described(entry: Entry) -> str:
    """The part of the page about a name."""
    name, value = entry
    docstring = sections(inspect.getdoc(value) or "")
    parts = [f"### `{name}`"]
    if isinstance(value, type) and issubclass(value, FastgenError):
        bases = " and ".join(f"`{base.__name__}`" for base in value.__bases__)
        parts.append(f"A kind of {bases}; exit code {value.exit_code} of the command.")
    elif (call := signature(name, value)) is not None:
        parts.append(fenced("text", call))
        if not (isinstance(value, type) and issubclass(value, Section)):
            agree(name, docstring.get("Args", {}), arguments(value))
    if fields := record_fields(value):
        agree(name, docstring.get("Attributes", {}), fields)
    parts.append(docstring.pop(""))
    for title, content in docstring.items():
        if title == "Example":
            parts.append(example(content))
        elif isinstance(content, str):
            parts.append(f"**{title}:** {content}")
        else:
            listed = attributes(value, content) if title == "Attributes" else content
            head = f"**{'Arguments' if title == 'Args' else title}**"
            parts.append("\n".join([head, "", *(bullet(*item) for item in listed.items())]))
    return "\n\n".join(parts)


# Docstrings


def sections(docstring: str) -> dict[str, Any]:
    """The text before the first title, and the content of each section by title: text, or items by name."""
    text, *titled = re.split(rf"^({'|'.join(TITLES)}):\n", docstring, flags=re.MULTILINE)
    found: dict[str, Any] = {"": text.strip()}
    for title, content in zip(titled[::2], titled[1::2], strict=True):
        content = dedent(content).strip()
        found[title] = content if title in ("Returns", "Example") else items(content)
    return found


def items(text: str) -> dict[str, str]:
    """Meanings by name; an indented line continues the item before it."""
    found = re.findall(r"^([*\w]+(?:, \w+)*): (.+(?:\n +.+)*)$", text, re.MULTILINE)
    if "\n".join(f"{name}: {meaning}" for name, meaning in found) != text:
        raise ValueError(f"cannot be read as items: {text}")
    return {name: re.sub(r"\s+", " ", meaning) for name, meaning in found}


def agree(name: str, documented: dict[str, str], existing: Iterable[str]) -> None:
    """Refuse a docstring that leaves out an existing name, or describes one that does not exist."""
    if differing := {each for names in documented for each in names.split(", ")} ^ set(existing):
        raise ValueError(f"the docstring of {name} and its signature differ in {', '.join(sorted(differing))}")


def example(text: str) -> str:
    """A Python block, which the tests of the documentation run; a text block if it needs more than the package."""
    skipped = "  # doctest: +SKIP"
    return fenced("text" if skipped in text else "python", text.replace(skipped, ""))


def fenced(language: str, text: str) -> str:
    """A fenced block."""
    return f"```{language}\n{text}\n```"


def bullet(names: str, meaning: str) -> str:
    """An item of a list; `names` may end with a type."""
    name, _, kind = names.partition(": ")
    words = ", ".join(f"`{each}`" for each in name.split(", "))
    return f"- {words}{f' (`{kind}`)' if kind else ''}: {meaning}"


# Introspection


def record_fields(value: Any) -> list[str]:
    """The fields of a report class; none for anything else."""
    if not isinstance(value, type):
        return []
    return list(getattr(value, "__dataclass_fields__", getattr(value, "_fields", ())))


def attributes(kind: type, documented: dict[str, str]) -> dict[str, str]:
    """The described attributes, with types where annotated; for reports, also properties and methods with their docstrings."""
    annotations = inspect.get_annotations(kind)
    found = {
        f"{name}: {type_name(annotations[name])}" if name in annotations else name: meaning for name, meaning in documented.items()
    }
    for name, member in vars(kind).items() if record_fields(kind) else ():
        if not name.startswith("_") and isinstance(member, property | FunctionType):
            call = "" if isinstance(member, property) else "()"
            meaning = re.sub(r"\s+", " ", inspect.getdoc(member) or "")
            found[f"{name}{call}: {returned(member)}"] = meaning[:1].lower() + meaning[1:]
    return found


def getter(value: Any) -> Any:
    """The function of a property; None for anything else."""
    return value.fget if isinstance(value, property) else value.func if isinstance(value, cached_property) else None


def returned(value: Any) -> str:
    """The type that a function returns, or that a property has."""
    return type_name(inspect.signature(getter(value) or value).return_annotation)


def arguments(value: Any) -> list[str]:
    """Names of parameters, as docstrings give them."""
    if getter(value):
        return []
    parameters = inspect.signature(value).parameters.values()
    return [f"**{each.name}" if each.kind is each.VAR_KEYWORD else each.name for each in parameters if each.name != "self"]


def signature(name: str, value: Any) -> str | None:
    """The call, on one line if it fits; for a property, its type. None for what users do not call."""
    if getter(value):
        return f"{name}: {returned(value)}"
    if record_fields(value) or name == "spark.FastgenSource":
        return None
    parameters, starred = [], False
    for each in inspect.signature(value).parameters.values():
        if each.kind is each.VAR_POSITIONAL:  # of `Section`, which refuses them with a message of its own
            continue
        if each.kind is each.KEYWORD_ONLY and not starred:
            parameters.append("*")
            starred = True
        if each.name != "self":
            parameters.append(parameter(each))
    end = "" if isinstance(value, type) else f" -> {returned(value)}"
    line = f"{name}({', '.join(parameters)}){end}"
    return line if len(line) <= WIDTH else "\n".join([f"{name}(", *(f"    {each}," for each in parameters), f"){end}"])


def parameter(each: inspect.Parameter) -> str:
    """A parameter with its type and default, `...` for a long one."""
    text = f"{'**' if each.kind is each.VAR_KEYWORD else ''}{each.name}: {type_name(each.annotation)}"
    if each.default is each.empty:
        return text
    default = literal(each.default).removeprefix("datetime.")
    return f"{text} = {default if len(default) <= LONGEST_DEFAULT else '...'}"


def literal(value: object) -> str:
    """A value as source code, text in double quotes."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def type_name(kind: Any) -> str:
    """A type as its author wrote it; `typing` prints it differently in each version of Python."""
    if kind in (None, type(None), ...):
        return "..." if kind is ... else "None"
    if isinstance(kind, str | ForwardRef):
        return kind if isinstance(kind, str) else kind.__forward_arg__
    if isinstance(kind, list):
        return f"[{', '.join(map(type_name, kind))}]"
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return type_name(args[0])
    if origin in (Union, UnionType):
        return " | ".join(map(type_name, args))
    if origin is Literal:
        return f"Literal[{', '.join(map(literal, args))}]"
    bare = origin or kind
    name = PREFIXES.get(bare.__module__.partition(".")[0], "") + bare.__qualname__
    return f"{name}[{', '.join(map(type_name, args))}]" if args else name
