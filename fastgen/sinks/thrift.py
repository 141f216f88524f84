"""Thrift's compact protocol, as far as Parquet needs it: a value is its type number and its bytes.

Source: thrift-compact-protocol.md of apache/thrift.
"""

from collections.abc import Iterable, Mapping
from functools import partial

Field = tuple[int, bytes]
TRUE, FALSE = (1, b""), (2, b"")


def varint(number: int) -> bytes:
    """Encode an unsigned integer in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def integer(kind: int, number: int) -> Field:
    """A signed integer of the given type, zigzag-encoded."""
    return kind, varint(2 * number if number >= 0 else -2 * number - 1)


i32, i64 = partial(integer, 5), partial(integer, 6)


def binary(content: bytes) -> Field:
    """Bytes or text."""
    return 8, varint(len(content)) + content


def listed(items: Iterable[Field]) -> Field:
    """A list of values of one type."""
    items = list(items)
    kind = items[0][0] if items else 12
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))
    return 9, head + b"".join(content for _, content in items)


def struct(fields: Mapping[int, Field | None]) -> Field:
    """A struct of fields by number, in ascending order with steps below 16; None fields are left out."""
    out, last = b"", 0
    for number, field in fields.items():
        if field is not None:
            out += bytes([number - last << 4 | field[0]]) + field[1]
            last = number
    return 12, out + b"\0"


EMPTY = struct({})
