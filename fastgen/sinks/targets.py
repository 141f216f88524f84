"""Where an output goes and in which form: a file, a directory or a stream, by its path, its format and its compression."""

import os
from typing import Final, NamedTuple

from fastgen.errors import OptionError, did_you_mean
from fastgen.paths import local_path
from fastgen.sinks.formats import COMPRESSED_ENDINGS, FORMATS, parse_name
from fastgen.sinks.output import STDOUT, is_special

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

    @property
    def is_binary(self) -> bool:
        """Whether what is written is not text."""
        return self.format in ("parquet", "ipc") or self.compression != "none"


def resolve(output: str | os.PathLike[str], format: str | None = None, compression: str | None = None) -> Target:
    """Decide between file, directory and stream, and settle format and compression.

    "-" is the standard output. A path that is a directory, ends with a separator or has no suffix means a
    directory. A file's suffix gives its format, and a further .gz or .zst the compression of a text format.

    Raises:
        OptionError: an unknown format, suffix or compression, or a suffix that contradicts the format.
    """
    path = local_path("output", output, "must be a directory, a file or -")
    if format not in (None, *FORMATS):
        raise OptionError("format", format, f"must be one of {', '.join(FORMATS)}", hint=did_you_mean(format, FORMATS))
    if not isinstance(compression, str | None):
        raise OptionError("compression", compression, "must be a name")
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
