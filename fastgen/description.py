"""What a manifest says of tables, or a file of itself. It may come from anywhere, and say anything."""

from collections.abc import Mapping
from typing import Any


class Description:
    """What describes data: a manifest, the metadata of a file, which name no tables, or nothing.

    Args:
        content: the object of JSON; empty where nothing describes the data. source: where it stands, in a word.

    Example:
        >>> about = Description({"seed": 7, "vocabularies": {"faker": "40.1.0"}, "tables": {"profiles": {"file": "profiles.csv"}}})
        >>> about.told("seed"), about.told("vocabularies", "faker"), about.told("seed", "of", "what")
        (7, '40.1.0', None)
        >>> about.entries("profiles"), about.entries("transactions")
        ([{'file': 'profiles.csv'}], [])
    """

    def __init__(self, content: Mapping[str, Any] | None = None, source: str = "manifest") -> None:
        self._content = content or {}
        self.source = source

    def __bool__(self) -> bool:
        return bool(self._content)

    def told(self, *names: str) -> Any:
        """What it says under a name, or a name within another one's; None where it does not, or says it in another way."""
        at: Any = self._content
        for name in names:
            at = at.get(name) if isinstance(at, Mapping) else None
        return at

    def without(self, *names: str) -> dict[str, Any]:
        """All that it says but for what stands under these names."""
        return {name: value for name, value in self._content.items() if name not in names}

    @property
    def lists_files(self) -> bool:
        """Whether it says which files there should be, and what is in them."""
        return isinstance(self.told("tables"), Mapping)

    def table(self, name: str) -> dict[str, Any]:
        """What it says of a table."""
        about = self.told("tables", name)
        return about if isinstance(about, dict) else {}

    def entries(self, name: str) -> list[dict[str, Any]]:
        """What it says of each file of a table, in the order of the parts."""
        return entries_of(self.told("tables", name))


def entries_of(content: object) -> list[dict[str, Any]]:
    """What a manifest's entry of a table says of each of its files; nothing of what is no such entry.

    Example:
        >>> entries_of({"file": "a.csv"}), entries_of({"files": 3}), entries_of({"files": [{"file": "b.csv"}, None]})
        ([{'file': 'a.csv'}], [], [{'file': 'b.csv'}])
    """
    files = content.get("files", [content]) if isinstance(content, dict) else []
    return [each for each in files if isinstance(each, dict)] if isinstance(files, list) else []
