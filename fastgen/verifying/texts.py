"""How text files write coordinates, so that their bytes can be compared with those that fastgen would write."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fastgen.errors import InputError
from fastgen.layouts import Coordinates, Style
from fastgen.reading.text import HEAD, CsvReader, TextReader
from fastgen.stored import Stored


def written_as(stored: Stored, table: str) -> tuple[Style, Coordinates] | None:
    """The format of a table's text files, and how they write coordinates; None if they are not text.

    A wrong guess only costs time: rows whose text differs are compared by their values.
    """
    if stored.format not in ("csv", "ndjson"):
        return None
    style: Style = "csv" if stored.format == "csv" else "ndjson"
    coordinates = stored.description.get("coordinates")
    if coordinates in ("text", "number"):
        return style, coordinates
    columns = [name for name in ("latitude", "longitude") if table == "transactions" and name in stored.columns(table)]
    files = stored.tables.get(table, []) if columns else []
    return style, next((found for path in files if (found := _coordinates(stored, path, columns))), "text")


def _coordinates(stored: Stored, path: Path, columns: Sequence[str]) -> Coordinates | None:
    """How the first rows of a file write coordinates; None if they cannot be read."""
    try:
        reader = stored.reader(path)
        assert isinstance(reader, TextReader)
        if isinstance(reader, CsvReader):
            texts = reader.head(columns).select(pl.concat_list(pl.all()).explode())
            return "text" if texts.to_series().str.contains(r"\..*0$").any() else "number"
        block = next(reader.blocks(HEAD), b"")
    except InputError:
        return None
    match = None if isinstance(block, str) else re.search(rb'"l(?:at|ong)itude": (")?', block)
    return ("text" if match[1] else "number") if match else None
