"""The manifest.json of a directory: everything needed to make the same data again, and to recognise them."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from fastgen.description import entries_of
from fastgen.digest import Digest
from fastgen.origin import origin
from fastgen.sinks.encoder import Request
from fastgen.sinks.names import TABLE_FILE
from fastgen.sinks.targets import Target
from fastgen.sinks.writing import FileReport

DIGEST: Final = re.compile(r"[0-9a-f]{16}")


def identity(request: Request, target: Target) -> dict[str, Any]:
    """What data these are, and in which format."""
    return {
        **origin(request.data),
        "format": target.format,
        "compression": target.compression,
        "coordinates": request.coordinates,
        "counts": request.data.plan.counts,
    }


def entry(file: FileReport, root: str) -> dict[str, Any]:
    """The entry of a table in one file."""
    return {
        "file": Path(file.path).relative_to(root).as_posix(),
        "columns": list(file.columns),
        "rows": file.rows,
        "bytes": file.size,
        "digest": file.digest,
    }


def is_entry(content: object, file: str, columns: Sequence[str]) -> bool:
    """Whether this is the entry of a table in a file of this name, with these columns."""
    if not isinstance(content, dict) or (content.get("file"), content.get("columns")) != (file, list(columns)):
        return False
    digest = content.get("digest")
    return all(type(content.get(name)) is int for name in ("rows", "bytes")) and bool(DIGEST.fullmatch(str(digest)))


def joined(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The entry of a table in several files, from their entries in order."""
    digest = Digest()
    for each in entries:
        digest.add(each["rows"], int(each["digest"], 16))
    return {
        "columns": entries[0]["columns"],
        "rows": digest.rows,
        "bytes": sum(each["bytes"] for each in entries),
        "digest": digest.text,
        "files": [{name: each[name] for name in ("file", "rows", "bytes", "digest")} for each in entries],
    }


def encoded(content: dict[str, Any]) -> bytes:
    """The bytes of a manifest or record."""
    return json.dumps(content, indent=2).encode() + b"\n"


def read(path: Path) -> dict[str, Any]:
    """Read a manifest or record; {} if there is none, or it is not one of fastgen's."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("tables"), dict) else {}


def files_in(manifest: dict[str, Any]) -> set[str]:
    """The table files that a manifest names, relative to its directory."""
    names = (each.get("file") for content in manifest.get("tables", {}).values() for each in entries_of(content))
    # Only names that fastgen gives: a manifest may come from anywhere, and these files may be removed.
    return {name for name in names if isinstance(name, str) and TABLE_FILE.fullmatch(name)}
