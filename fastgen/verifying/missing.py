"""Missing rows, counted once all others are known."""

from fastgen.verifying.aligning import Aligner, Gap
from fastgen.verifying.chunks import Chunks
from fastgen.verifying.log import Log, as_line
from fastgen.verifying.order import MASK, SHIFT, place
from fastgen.verifying.report import Kind


def count_missing(aligner: Aligner, expected: Chunks, log: Log) -> None:
    """Count missing rows and show the first ones; also settle how many are out of order.

    Rows missing at the end of a part, after others that were seen, were truncated.
    """
    seen, counts = aligner.seen, log.counts
    ends = _ends(aligner, expected)
    for chunk, part in enumerate(expected.parts.tolist()):
        end = ends.get(part)
        if end is not None and chunk >= end >> SHIFT:
            counts.truncated += seen.rows(chunk) - (end & MASK if chunk == end >> SHIFT else 0)
    counts.missing = counts.rows - seen.count - counts.truncated
    # A row whose place an altered copy had taken is kept in order, and counts as doubled.
    counts.out_of_order = max(0, counts.same - aligner.kept)
    if not counts.out_of_order:  # rows that seemed to be came again at their places
        log.forget("out of order")
    for first, gap in _gaps(aligner, expected, ends).items() if counts.missing or counts.truncated else ():
        chunk = first >> SHIFT
        end = ends.get(int(expected.parts[chunk]))
        kind: Kind = "truncated" if end is not None and first >= end else "missing"
        if not log.wants(kind):
            continue
        line = as_line(expected.frame(chunk), first & MASK)
        log.show(kind, gap.row, expected=line, file=gap.file, rows=aligner.missing_from(first))


def _gaps(aligner: Aligner, expected: Chunks, ends: dict[int, int]) -> dict[int, Gap]:
    """Where rows are missing, by the place of the first one; if several files end before it, at the end of the last of these."""
    gaps: dict[int, Gap] = {}
    for gap in aligner.gaps:
        for start in _starts(gap, expected, ends):
            first = aligner.first_missing(start, gap.stop)
            if first is not None and (gap.stop is None or first not in gaps):
                gaps[first] = gap
    return gaps


def _starts(gap: Gap, expected: Chunks, ends: dict[int, int]) -> list[int]:
    """From where on rows may be missing: at the end of a file from its last row on, and from the last row of its part on.

    These differ if a row came too early: between them rows are missing, and behind both they were truncated.
    """
    chunk = gap.start >> SHIFT
    if gap.stop is not None or chunk >= expected.parts.size:
        return [gap.start]
    return sorted({gap.start, max(gap.start, ends.get(int(expected.parts[chunk]), 0))})


def _ends(aligner: Aligner, expected: Chunks) -> dict[int, int]:
    """Where each part ends: the place after the last of its rows that was seen."""
    ends: dict[int, int] = {}
    for chunk in reversed(range(expected.parts.size)):
        part = int(expected.parts[chunk])
        if part not in ends and (length := aligner.seen.length(chunk)):
            ends[part] = place(chunk, length)
    return ends
