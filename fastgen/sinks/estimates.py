"""Estimates of file sizes from a few pieces of each table."""

from collections.abc import Sequence

from fastgen.sinks.encoder import Encoded, Encoder, Request
from fastgen.sinks.formats import make_encoder
from fastgen.sinks.jobs import WriteJob
from fastgen.sinks.output import ByteCounter
from fastgen.sinks.targets import Target


def estimate(job: WriteJob) -> dict[str, int]:
    """Estimate the bytes of each file from a few pieces of its table; nothing is written.

    All parts of a table count as one file, in whose name a star replaces their numbers.

    Example:
        >>> from fastgen import Config, Dataset
        >>> from fastgen.sinks.jobs import write_job
        >>> list(estimate(write_job(Dataset(Config(rows=1_000)), "cards.csv", table="credit_cards")))
        ['cards.csv']
    """
    return {job.path(request.table): _size(request._replace(digests=False), job.target) for request in job.selected}


def _size(request: Request, target: Target) -> int:
    encoder = make_encoder(request, target.format)
    few = [encoder.items[len(encoder.items) * eighth // 8] for eighth in range(1, 8)] if encoder.items else []
    pieces = _with_rows(encoder, few) or _with_rows(encoder, encoder.items)
    if not pieces:
        return _written(encoder, [])
    largest = max(pieces, key=lambda piece: piece.rows)
    # The largest alone, then before the others: the first piece may include what is written only once, such as dictionaries.
    first = _written(encoder, [largest])
    growth = (_written(encoder, [largest, *pieces]) - first) / sum(piece.rows for piece in pieces)
    return first + round(growth * (request.data.expected_rows(request.table) - largest.rows))


def _written(encoder: Encoder, pieces: Sequence[Encoded]) -> int:
    """The size in bytes of a file with these pieces."""
    out = ByteCounter()
    encoder.begin(out)
    for piece in pieces:
        encoder.append(out, piece.content)
    encoder.end(out)
    return out.size


def _with_rows(encoder: Encoder, items: Sequence[range]) -> list[Encoded]:
    return [piece for item in items for piece in encoder.encode(item) if piece.rows]
