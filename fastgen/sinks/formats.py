"""File formats: their names, compressions and encoders, and how an output's path selects them."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from fastgen.errors import OptionError, did_you_mean
from fastgen.paths import local_path
from fastgen.sinks.output import STDOUT, is_special

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
OTHER_COMPRESSIONS: Final = (".7z", ".br", ".bz2", ".lz4", ".lzma", ".rar", ".snappy", ".tar", ".tgz", ".xz", ".z", ".zip")
"""Endings of compressions and archives that fastgen does not write: a file with one would be misnamed."""


class Target(NamedTuple):
    """Where to write, and in which form; `directory` is set if all three tables are written."""

    path: str
    directory: bool
    format: str
    compression: str

    @property
    def is_stream(self) -> bool:
        """Whether it is the standard output, a pipe or a device."""
        return is_special(self.path) or self.path == STDOUT


def resolve(output: str | os.PathLike[str], format: str | None = None, compression: str | None = None) -> Target:
    """Decide between file, directory and stream, and settle format and compression.

    "-" is the standard output. A path that is a directory, ends with a separator or has no suffix means a
    directory. A file's suffix gives its format, and a further .gz or .zst the compression of a text format.

    Raises:
        OptionError: an unknown format, suffix or compression, or a suffix that contradicts the format.
    """
    path = local_path("output", output, "must be a directory, a file or -")
    if format is not None and str(format) not in FORMATS:
        raise OptionError("format", format, f"must be one of {', '.join(FORMATS)}", hint=did_you_mean(format, FORMATS))
    if path == "/dev/stdout":
        path = STDOUT  # opened by name, a file to which the shell redirects it would be written from its beginning
    special = path == STDOUT or is_special(path)
    name = os.path.basename(path)
    is_directory = not special and (os.path.isdir(path) or path.endswith(os.sep) or not os.path.splitext(name.lstrip("."))[1])
    if not is_directory and (not special or parse_name(name).format is not None):
        format, compression = _from_name(name, format, compression)
    if format is None:
        format = "csv" if special else "parquet"
    compressions = FORMATS[format].compressions
    compression = compressions[0] if compression is None else compression
    if compression not in compressions:
        allowed = f"must be one of {', '.join(compressions)} for {format}"
        raise OptionError("compression", compression, allowed, hint=did_you_mean(compression, compressions))
    return Target(path, is_directory, format, compression)


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


def _from_name(name: str, format: str | None, compression: str | None) -> tuple[str, str | None]:
    named = parse_name(name)
    if named.suffix in OTHER_COMPRESSIONS:
        allowed = f"must not end with {named.suffix}: files are compressed by {', '.join(COMPRESSED_ENDINGS)}, or not at all"
        raise OptionError("output", name, allowed)
    if named.compression is not None:
        if compression not in (None, named.compression):
            ending = COMPRESSED_ENDINGS[named.compression]
            raise OptionError("compression", compression, f"must be {named.compression} for a file that ends with {ending}")
        compression = named.compression
    if format is None and named.format is None:
        endings = [rules.ending for rules in FORMATS.values()]
        near = did_you_mean(named.suffix, endings)
        hint = near or "or give `format`; a directory ends with /"
        raise OptionError("output", name, f"must end with one of {', '.join(endings)}", hint=hint)
    if format is not None and named.format not in (None, format):
        raise OptionError("format", format, f"must be {named.format} for a file that ends with {named.suffix}")
    if named.compression is None and named.format in ("csv", "ndjson") and compression in COMPRESSED_ENDINGS:
        ending = named.suffix + COMPRESSED_ENDINGS[compression]
        raise OptionError("output", name, f"must end with {ending} if it is compressed by {compression}")
    chosen = format or named.format
    assert chosen is not None
    if named.compression is not None and chosen in ("parquet", "ipc"):
        raise OptionError("output", name, f"must not end like this: {chosen} compresses inside the file", hint="give `compression`")
    return chosen, compression


def make_encoder(request: "Request", format: str) -> "Encoder":
    """Make the encoder of a table in a format; only the libraries for that format are imported."""
    rules = FORMATS[format]
    of_transactions, of_cards = (getattr(import_module(f"fastgen.sinks.{rules.module}"), name) for name in rules.classes)
    encoder: Encoder = (of_transactions if request.table == "transactions" else of_cards)(request, *rules.arguments)
    return encoder


def file_name(table: str, target: Target) -> str:
    """The name of a table's file in a directory."""
    ending = FORMATS[target.format].ending
    return (
        table
        + ending
        + (COMPRESSED_ENDINGS[target.compression] if ending in (".csv", ".ndjson") and target.compression != "none" else "")
    )
