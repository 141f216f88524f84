"""How text files write coordinates, so that their bytes can be compared with those that fastgen would write."""

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fastgen.errors import InputError
from fastgen.layouts import Coordinates, Style
from fastgen.pools import load_pools
from fastgen.reading.lines import BLOCK
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
    """How a file writes coordinates, by its first rows, or by more of them if these do not tell; None if none of them does."""
    try:
        reader = stored.reader(path)
        assert isinstance(reader, TextReader)
        for size in (HEAD, BLOCK):
            block = next(reader.blocks(size), b"")
            found = _evident(reader, b"" if isinstance(block, str) else block, columns)
            if found:
                return found
    except InputError:
        pass
    return None


def _evident(reader: TextReader, block: bytes, columns: Sequence[str]) -> Coordinates | None:
    """How coordinates are written in some rows, if that is evident.

    In CSV, only withdrawals tell, which are rare at the beginning of large datasets: as text they have six decimals, as numbers no
    trailing zero. A place's own coordinates may have any number of decimals.
    """
    if not isinstance(reader, CsvReader):
        match = re.search(rb'"l(?:at|ong)itude": (")?', block)
        return ("text" if match[1] else "number") if match else None
    written = reader.parser.parse(block, columns).select(pl.concat_list(pl.all()).explode()).to_series()
    if written.str.contains(r"\.\d{5}0$").any():
        return "text"
    shorter = written.filter(written.str.contains(r"\.\d{1,5}$")).unique()
    places = {text for place in load_pools().places for text in (place.latitude, place.longitude)}
    return "number" if set(shorter) - places else None
