"""File formats: their names, endings, compressions and encoders."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from fastgen.sinks.encoder import Encoder, Request


class FormatRules(NamedTuple):
    """A format: the ending of its files, other endings that mean it, its compressions (the default first), its encoders."""

    ending: str
    other_endings: tuple[str, ...]
    compressions: tuple[str, ...]
    module: str
    classes: tuple[str, str]
    arguments: tuple[str, ...] = ()


_TEXT = ("none", "gzip", "zstd")
_TEXT_CLASSES = ("TransactionTextFile", "HolderTextFile")
FORMATS: Final[dict[str, FormatRules]] = {
    "parquet": FormatRules(
        ".parquet",
        (".pq",),
        ("zstd", "snappy", "lz4", "gzip", "none"),
        "parquet_file",
        ("TransactionParquetFile", "HolderParquetFile"),
    ),
    "csv": FormatRules(".csv", (), _TEXT, "text_file", _TEXT_CLASSES, ("csv",)),
    "ndjson": FormatRules(".ndjson", (".jsonl",), _TEXT, "text_file", _TEXT_CLASSES, ("ndjson",)),
    "ipc": FormatRules(
        ".arrow", (".ipc", ".feather"), ("none", "zstd", "lz4"), "ipc_file", ("TransactionIpcFile", "HolderIpcFile")
    ),
}
COMPRESSED_ENDINGS: Final = {"gzip": ".gz", "zstd": ".zst"}
"""For text formats, which are compressed as a whole file."""


class ParsedName(NamedTuple):
    """What a file's name says: format and compression (None if it does not say), and the suffix for the format."""

    format: str | None
    compression: str | None
    suffix: str


def parse_name(name: str) -> ParsedName:
    """Parse the name of a file.

    Example:
        >>> parse_name("a.csv.gz")
        ParsedName(format='csv', compression='gzip', suffix='.csv')
        >>> parse_name("readme.txt").format is None
        True
    """
    compression = next((kind for kind, ending in COMPRESSED_ENDINGS.items() if name.endswith(ending)), None)
    suffix = os.path.splitext(name.removesuffix(COMPRESSED_ENDINGS.get(compression or "", "")))[1]
    named = next((key for key, rules in FORMATS.items() if suffix in (rules.ending, *rules.other_endings)), None)
    return ParsedName(named, compression, suffix)


def make_encoder(request: "Request", format: str) -> "Encoder":
    """Make the encoder of a table in a format; only the libraries for that format are imported."""
    rules = FORMATS[format]
    of_transactions, of_cards = (getattr(import_module(f"fastgen.sinks.{rules.module}"), name) for name in rules.classes)
    encoder: Encoder = (of_transactions if request.table == "transactions" else of_cards)(request, *rules.arguments)
    return encoder
