"""Writing tables to open outputs while threads make them, and tables that appear together with their description."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from fastgen.digest import Digest
from fastgen.pipeline import map_ordered
from fastgen.sinks.encoder import Encoded, Encoder, Request
from fastgen.sinks.formats import make_encoder
from fastgen.sinks.output import Descriptor, opened, replacing
from fastgen.sinks.targets import Target


@dataclass(frozen=True)
class FileReport:
    """A file that was written: a table, or a part of one.

    Attributes:
        path: where it is.
        table: transactions, credit_cards or profiles.
        columns: names, in the order of the file.
        rows: how many it has.
        size: bytes.
        digest: of the content, in hex, the same in all formats; empty for a single file, for which it is not computed.
    """

    path: str
    table: str
    columns: tuple[str, ...]
    rows: int
    size: int
    digest: str


class WriteOptions(NamedTuple):
    """How tables are written. target: where to, and how. progress: called with the number of rows written since its last call."""

    target: Target
    threads: int
    overwrite: bool
    progress: Callable[[int], object]


def write_table(out: Descriptor, request: Request, options: WriteOptions) -> FileReport:
    """Write one table, made by threads, to an open output."""
    encoder = make_encoder(request, options.target.format)
    digest = Digest()
    encoder.begin(out)
    for piece in _pieces(encoder, options.threads):
        encoder.append(out, piece.content)
        digest.add(piece.rows, piece.digest)
        options.progress(piece.rows)
    encoder.end(out)
    return FileReport(out.name, request.table, request.names, digest.rows, out.size, digest.text if request.digests else "")


def _pieces(encoder: Encoder, threads: int) -> Iterator[Encoded]:
    """All pieces in order. A single thread writes each before it makes the next in the same memory, which stays in the cache."""
    encode = encoder.encode if threads == 1 else (lambda item: list(encoder.encode(item)))
    return chain.from_iterable(map_ordered(encode, encoder.items, threads))


def write_together(
    requests: Sequence[Request],
    names: Sequence[str],
    description: str,
    describe: Callable[[list[FileReport]], bytes],
    options: WriteOptions,
    replaced: Iterable[str],
) -> list[FileReport]:
    """Write tables to files of these names, and their description to another; they get their names together, the description last.

    The files that they replace are removed just before: if a run ends in between, the old description still names what is left.
    """
    root = options.target.path
    with ExitStack() as stack:
        paths = [os.path.join(root, name) for name in (description, *reversed(names))]
        described = stack.enter_context(opened(paths[0], options.overwrite))
        stack.enter_context(replacing(root, replaced))
        outs = [stack.enter_context(opened(path, options.overwrite)) for path in paths[1:]]
        files = [write_table(out, request, options) for out, request in zip(reversed(outs), requests, strict=True)]
        described.write(describe(files))
    return files
