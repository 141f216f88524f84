"""Arguments of `write`, checked before any work starts: which tables, columns and parts go to which files."""

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from fastgen.arguments import check_coordinates, positive
from fastgen.dataset import Dataset
from fastgen.errors import OptionError
from fastgen.layouts import Coordinates
from fastgen.schema import TABLES
from fastgen.sinks.encoder import Request
from fastgen.sinks.names import file_name, part_name
from fastgen.sinks.targets import Target, resolve

Format = Literal["parquet", "csv", "ndjson", "ipc"]


class WriteJob(NamedTuple):
    """What is to be written.

    requests: one per table, for the whole dataset, or for the part that is written to a file. parts: the number of parts of a
    directory, if it has any. numbers: the parts to be written.
    """

    target: Target
    requests: list[Request]
    parts: int | None
    numbers: range

    @property
    def selected(self) -> list[Request]:
        """The requests; for the part, if a single one is to be written."""
        if self.parts is None or len(self.numbers) > 1 or self.parts == 1:
            return self.requests
        return [request._replace(data=request.data.part(self.numbers.start, self.parts)) for request in self.requests]

    @property
    def rows(self) -> int:
        """Rows of all tables; approximate for a part."""
        return sum(request.data.expected_rows(request.table) for request in self.selected)

    def path(self, table: str) -> str:
        """The path of a table's file, or a pattern for the files of its parts."""
        target = self.target
        if not target.directory:
            return target.path
        if self.parts is None:
            return os.path.join(target.path, file_name(table, target))
        stem = f"part-*-of-{self.parts:05}" if len(self.numbers) > 1 else part_name(self.numbers.start, self.parts)
        return os.path.join(target.path, table, stem + file_name("", target))


def write_job(
    data: Dataset,
    output: str | os.PathLike[str],
    *,
    format: Format | None = None,
    table: str | None = None,
    columns: Sequence[str] | None = None,
    compression: str | None = None,
    coordinates: Coordinates = "text",
    parts: int | None = None,
    part: int | None = None,
) -> WriteJob:
    """Check the arguments of `write` and return what it is to do.

    Raises:
        OptionError: an option is not allowed.

    Example:
        >>> from fastgen import Config
        >>> write_job(Dataset(Config(rows=1_000)), "out/").rows
        1038
    """
    target = resolve(output, format, compression)
    parts, part = (None if given is None else positive(name, given) for name, given in (("parts", parts), ("part", part)))
    numbers = _numbers(data, target, parts, part)
    if parts is not None and not target.directory:
        data, parts = data.part(numbers.start, parts), None
    check_coordinates(coordinates)
    if target.directory and (table is not None or columns is not None):
        field, value = ("table", table) if table is not None else ("columns", ",".join(data.columns("transactions", columns)))
        raise OptionError(field, value, "must not be given for a directory, which gets all tables whole", hint="name a file")
    names = list(TABLES) if target.directory else ["transactions" if table is None else table]
    digests = target.directory
    requests = [Request(data, name, data.columns(name, columns), target.compression, coordinates, digests) for name in names]
    return WriteJob(target, requests, parts, numbers)


def _numbers(data: Dataset, target: Target, parts: int | None, part: int | None) -> range:
    """The part numbers to be written, checked."""
    if parts is None:
        if part is not None:
            raise OptionError("part", part, "must come with `parts`")
        if data.is_part and target.directory:
            raise OptionError("output", target.path, "must be a file for a part of a dataset", hint="or give `parts` and `part`")
        return range(0)
    data.part(1 if part is None else part, parts)  # raises for parts that do not exist
    if part is None and not target.directory:
        raise OptionError("parts", parts, "must not be given without `part` for a file", hint="or name a directory")
    return range(1, parts + 1) if part is None else range(part, part + 1)
