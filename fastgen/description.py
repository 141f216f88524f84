"""What a manifest says about tables, or a file about itself. It may come from anywhere and say anything, so nothing is trusted."""

from collections.abc import Iterator, Mapping
from typing import Any


class Description:
    """What describes data: a manifest, the metadata of a file (which list no tables), or nothing.

    Args:
        content: the JSON object; empty if nothing describes the data. source: where it comes from, in a word for messages.

    Example:
        >>> about = Description({"seed": 7, "vocabularies": {"faker": "40.1.0"}, "tables": {"profiles": {"file": "profiles.csv"}}})
        >>> about.get("seed"), about.get("vocabularies", "faker"), about.get("seed", "of", "what")
        (7, '40.1.0', None)
        >>> about.entries("profiles"), about.entries("transactions")
        ([{'file': 'profiles.csv'}], [])
    """

    def __init__(self, content: Mapping[str, Any] | None = None, source: str = "manifest") -> None:
        self._content = content or {}
        self.source = source

    def __bool__(self) -> bool:
        return bool(self._content)

    def get(self, *names: str) -> Any:
        """The value under a name, or under nested names; None if a name is missing or its parent is not an object."""
        at: Any = self._content
        for name in names:
            at = at.get(name) if isinstance(at, Mapping) else None
        return at

    def without(self, *names: str) -> dict[str, Any]:
        """The content without these names."""
        return {name: value for name, value in self._content.items() if name not in names}

    @property
    def lists_files(self) -> bool:
        """Whether it lists the files that should be there, and what is in them."""
        return isinstance(self.get("tables"), Mapping)

    def table(self, name: str) -> dict[str, Any]:
        """The entry of a table; empty if there is none."""
        about = self.get("tables", name)
        return about if isinstance(about, dict) else {}

    def entries(self, name: str) -> list[dict[str, Any]]:
        """The entries of the files of a table, in the order of the parts."""
        return entries_of(self.get("tables", name))


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Yield in words what differs between two JSON objects, name by name, also within nested objects.

    Example:
        >>> list(differences({"seed": 1, "fraud": {"ratio": 0.5}}, {"seed": 2, "fraud": {"ratio": 0.5}, "rows": 9}))
        ['seed 1, not 2', 'rows not given, not 9']
        >>> list(differences({"fraud": {"ratio": 0.5}, "ages": [{"low": 18}]}, {"fraud": {"ratio": 1}, "ages": [{"low": 20}]}))
        ['fraud.ratio 0.5, not 1', 'ages']
    """
    for name in {**wanted, **found}:
        other, own = found.get(name, "not given"), wanted.get(name, "given")
        if isinstance(other, Mapping) and isinstance(own, Mapping):
            yield from differences(other, own, f"{within}{name}.")
        elif other != own:
            long = isinstance(own, list) and any(isinstance(each, Mapping) for each in own)
            yield f"{within}{name}" if long else f"{within}{name} {other}, not {own}"


def entries_of(content: object) -> list[dict[str, Any]]:
    """The entries of the files in a manifest's entry of a table, without malformed ones.

    Example:
        >>> entries_of({"file": "a.csv"}), entries_of({"files": 3}), entries_of({"files": [{"file": "b.csv"}, None]})
        ([{'file': 'a.csv'}], [], [{'file': 'b.csv'}])
    """
    files = content.get("files", [content]) if isinstance(content, dict) else []
    return [each for each in files if isinstance(each, dict)] if isinstance(files, list) else []
