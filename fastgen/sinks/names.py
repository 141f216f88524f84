"""Names of files in a directory: tables, their parts, the records of parts, and the manifest."""

import re
from typing import Final

from fastgen.schema import TABLES
from fastgen.sinks.formats import COMPRESSED_ENDINGS, FORMATS
from fastgen.sinks.targets import Target

MANIFEST: Final = "manifest.json"
RECORDS: Final = "parts"
"""The folder of the records, each of which describes a part."""
FOLDERS: Final = (RECORDS, *TABLES)
"""The folders of a directory in parts."""
PART_FILE: Final = re.compile(r"part-\d+-of-\d+(\.\w+){1,2}")
"""Matches the names of parts and records in their folders."""
TABLE_FILE: Final = re.compile(rf"({'|'.join(TABLES)})(/part-\d+-of-\d+)?(\.\w+){{1,2}}")
"""Matches the names of table files, whole or parts, relative to their directory."""


def part_name(number: int, of: int) -> str:
    """The name of a part's files, without their ending.

    Example:
        >>> part_name(7, 1_000)
        'part-00007-of-01000'
    """
    return f"part-{number:05}-of-{of:05}"


def file_name(table: str, target: Target) -> str:
    """The name of a table's file in a directory."""
    ending = FORMATS[target.format].ending
    return (
        table
        + ending
        + (COMPRESSED_ENDINGS[target.compression] if ending in (".csv", ".ndjson") and target.compression != "none" else "")
    )


def part_files(of: int, target: Target) -> re.Pattern[str]:
    """Matches the names, relative to a directory, of all files that it has if it is written in so many parts."""
    stem, ending = rf"part-\d+-of-{of:05}", re.escape(file_name("", target))
    return re.compile(rf"({'|'.join(TABLES)})/{stem}{ending}|{RECORDS}/{stem}\.json|{re.escape(MANIFEST)}")
