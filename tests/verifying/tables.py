"""Tables as lists of rows, read from files and written to them by plain means, to plant defects in between."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from fastgen.schema import TABLES
from fastgen.sinks.formats import FORMATS

Row = dict[str, Any]


def path_of(folder: Path, table: str = "transactions") -> Path:
    """The one file of a table."""
    [path] = [path for path in folder.glob(f"{table}.*") if path.is_file()]
    return path


def load(path: Path) -> list[Row]:
    """The rows of a file; in text, numbers are as they are written."""
    match path.suffix:
        case ".parquet":
            return pl.read_parquet(path).to_dicts()
        case ".arrow":
            return pl.read_ipc(io.BytesIO(path.read_bytes())).to_dicts()
        case ".gz":
            text = gzip.decompress(path.read_bytes()).decode()
        case _:
            text = path.read_text(encoding="utf-8")
    if ".csv" in path.suffixes:
        return list(csv.DictReader(text.splitlines()))
    return [json.loads(line) for line in text.splitlines()]


def save(path: Path, rows: list[Row], table: str = "transactions") -> None:
    """Write the rows."""
    names = list(rows[0]) if rows else list(TABLES[table].names)
    match path.suffix:
        case ".parquet":
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
        case ".arrow":
            pl.DataFrame(rows, infer_schema_length=None).write_ipc(path)
        case ".ndjson":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        case _:
            with (
                gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="", encoding="utf-8") as file
            ):
                writer = csv.DictWriter(file, names, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


def spoil(path: Path, change: Callable[[list[Row]], list[Row] | None], table: str = "transactions") -> None:
    """Change the rows of a file: `change` edits them in place, or returns the rows to write."""
    rows = load(path)
    changed = change(rows)
    save(path, rows if changed is None else changed, table)


FORMAT_NAMES = list(FORMATS)
EVERY_WAY = [(name, compression) for name, rules in FORMATS.items() for compression in rules.compressions]
