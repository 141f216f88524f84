"""What earlier runs left in a directory: what may be replaced, and what must stay because nothing there says whose it is."""

import os
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastgen.errors import OutputExistsError
from fastgen.sinks import manifest
from fastgen.sinks.names import FOLDERS, MANIFEST, PART_FILE, RECORDS


def descriptions(root: Path, left_out: Container[str] = ()) -> dict[str, dict[str, Any]]:
    """The contents of the manifest and part records in a directory, by name relative to it; records `left_out` are not read."""
    names = [name for name in parts(root) if name.startswith(f"{RECORDS}/") and name not in left_out]
    records = {name: manifest.read(root / name) for name in names}
    found = {name: content for name, content in records.items() if content}
    if os.path.lexists(root / MANIFEST):
        found[MANIFEST] = manifest.read(root / MANIFEST)  # even one that is not fastgen's: it is in the way
    return found


def files(described: dict[str, dict[str, Any]]) -> list[str]:
    """The table files that these descriptions name, then the descriptions themselves, in the order of removal."""
    named: set[str] = set().union(*(manifest.files_in(content) for content in described.values()))
    return [*sorted(named), *described]


def refuse_unknown(root: Path, names: list[str], known: set[str]) -> None:
    """Refuse to write beside parts that nothing describes: a reader of the directory would mistake them for part of the dataset.

    Args:
        names: part files in the directory. known: those that are described or about to be replaced.

    Raises:
        OutputExistsError: there is an unknown part. It is left to its owner.
    """
    for name in sorted(names):
        if name not in known:
            raise OutputExistsError(
                f"{root / name} is a part of unknown data, as no manifest or record there names it",
                hint="remove it, or choose another directory",
            )


def refuse_described(path: Path) -> None:
    """Refuse to replace a file of a dataset in a directory, which its manifest would go on to describe.

    Raises:
        OutputExistsError: the file, or the one that a link leads to, exists and belongs to a dataset.
    """
    real = Path(os.path.realpath(path))
    for root in (real.parent, real.parent.parent) if os.path.lexists(real) else ():  # that of a part is the folder above
        if real.relative_to(root).as_posix() in manifest.files_in(manifest.read(root / MANIFEST)):
            raise OutputExistsError(
                f"{path} belongs to the dataset in {root}, whose manifest would be wrong",
                hint="choose another file, or replace the directory",
            )


def remove_folders(root: Path) -> None:
    """Remove the folders for parts that are empty."""
    for folder in FOLDERS:
        with suppress(OSError):
            os.rmdir(root / folder)


def parts(root: Path) -> list[str]:
    """The files in a directory that are named like parts or their records, relative to it."""
    folders = [name for name in FOLDERS if (root / name).is_dir()]
    return [f"{folder}/{name}" for folder in folders for name in os.listdir(root / folder) if PART_FILE.fullmatch(name)]
