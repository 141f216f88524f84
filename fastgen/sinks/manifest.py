"""What a directory's manifest.json says: everything needed to make the same data again, and to recognize them."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from fastgen.description import entries_of
from fastgen.digest import Digest
from fastgen.origin import origin
from fastgen.schema import TABLES
from fastgen.sinks.encoder import Request
from fastgen.sinks.formats import Target
from fastgen.sinks.tables import FileReport

MANIFEST: Final = "manifest.json"
OWN_NAME: Final = re.compile(rf"({'|'.join(TABLES)})(/part-\d+-of-\d+)?(\.\w+){{1,2}}")
"""What tables' files are called in a directory."""


def identity(request: Request, target: Target) -> dict[str, Any]:
    """What data these are, and in which form."""
    return {
        **origin(request.data),
        "format": target.format,
        "compression": target.compression,
        "coordinates": request.coordinates,
        "counts": request.data.plan.counts,
    }


def entry(file: FileReport, root: str) -> dict[str, Any]:
    """A table in one file."""
    return {
        "file": Path(file.path).relative_to(root).as_posix(),
        "columns": list(file.columns),
        "rows": file.rows,
        "bytes": file.size,
        "digest": file.digest,
    }


def joined(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A table in several files, in their order."""
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
    """As it is written."""
    return json.dumps(content, indent=2).encode() + b"\n"


def read(path: Path) -> dict[str, Any]:
    """What a manifest says; nothing where there is none of ours."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("tables"), dict) else {}


def files_in(manifest: dict[str, Any]) -> set[str]:
    """The files of tables that a manifest names, relative to its directory."""
    names = (each.get("file") for content in manifest.get("tables", {}).values() for each in entries_of(content))
    # Nothing but names that we give: a manifest may come from anywhere, and these files may be removed.
    return {name for name in names if isinstance(name, str) and OWN_NAME.fullmatch(name)}
