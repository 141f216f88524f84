"""What a manifest, or a file's metadata, says, compared with what the configuration makes."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from fastgen.arguments import positive
from fastgen.dataset import Dataset
from fastgen.digest import Digest
from fastgen.errors import InputError, OptionError
from fastgen.finding import described_by
from fastgen.paths import local_path
from fastgen.pools import load_pools
from fastgen.schema import DATA_VERSION, TABLES
from fastgen.stored import Stored


def check_versions(stored: Stored) -> None:
    """Refuse data of another data version or other word lists: none of their rows could be made here.

    Raises:
        InputError: it says which fastgen, or which Faker, made them.
    """
    get = stored.description.get
    version = get("data_version")
    if version != DATA_VERSION:
        raise InputError(
            f"{stored.path}: has data version {version}, and this fastgen makes data version {DATA_VERSION}",
            hint=f"fastgen {get('fastgen')} made it",
        )
    faker, pools = get("vocabularies", "faker"), load_pools()
    if get("vocabularies", "digest") != pools.digest:
        raise InputError(
            f"{stored.path}: was made with the word lists of {f'Faker {faker}' if faker else 'another Faker'}, "
            f"which are not those of Faker {pools.faker}",
            hint=faker and f"pip install faker=={faker}",
        )


def dataset_of_manifest(path: str | os.PathLike[str]) -> Dataset:
    """Return the dataset that a manifest.json, or the one in a directory, describes.

    Raises:
        InputError: it is not a manifest, describes nothing that can be made here, or contradicts itself.
    """
    stored = described_by(Path(local_path("manifest", path, "must be a manifest, or a directory with one")))
    data = data_of(stored)
    if (disagreement := next(disagreements(stored, data), None)) is not None:
        raise InputError(f"{stored.path}: {disagreement}")
    return data


def data_of(stored: Stored) -> Dataset:
    """Return the dataset that a manifest describes.

    Raises:
        InputError: it describes none that can be made here.
    """
    check_versions(stored)
    config = stored.config()
    assert config is not None
    return Dataset(config)


def parts_of(stored: Stored, data: Dataset) -> list[Dataset]:
    """The parts that a manifest describes; the whole dataset if there are none."""
    of = stored.description.get("parts")
    if of is None and stored.parts is None:
        return [data]
    try:
        return [data.part(number, of) for number in stored.parts or range(1, positive("parts", of) + 1)]
    except OptionError as error:
        raise InputError(f"{stored.path}: its {stored.description.source} names parts that cannot exist: {error}") from None


def disagreements(stored: Stored, data: Dataset) -> Iterator[str]:
    """Yield what a manifest says of the whole that is not true of a dataset."""
    get, where = stored.description.get, stored.description.source
    if get("fingerprint") != data.fingerprint:
        yield f"{where}: the fingerprint is not that of the configuration: one of the two was changed"
    if get("seed") != data.config.seed:
        yield f"{where}: seed is {get('seed')}, and the configuration's is {data.config.seed}"
    for name, count in data.plan.counts.items() if stored.description.lists_files else ():
        if (get("counts", name) or 0) != count:  # an earlier version does not name what it had none of
            yield f"{where}: counts: {name} is {get('counts', name)}, and should be {count}"


def columns_of(stored: Stored, table: str) -> tuple[str, ...]:
    """The columns of a table by its manifest; else those that its files have, or all if they have none."""
    recorded = stored.description.table(table).get("columns")
    names = TABLES[table].names
    if recorded is None:
        return stored.columns(table) or names
    if not isinstance(recorded, list) or not recorded or tuple(recorded) != tuple(name for name in names if name in recorded):
        raise InputError(f"{stored.path}: its manifest names other columns of {table} than there are: {recorded}")
    return tuple(recorded)


def wrong_entries(stored: Stored, table: str, digests: Sequence[Digest], *, whole: bool) -> Iterator[str]:
    """Yield what a manifest says of a table's rows and content that is not true.

    Args:
        digests: of its parts as expected. whole: whether these cover all its columns, so that they can be compared.
    """
    joined = Digest()
    for digest in digests:
        joined.add(digest.rows, digest.total)
    entry, entries = stored.description.table(table), stored.description.entries(table)
    if len(entries) != len(digests):
        yield f"manifest: names {len(entries)} files of {table}, and there should be {len(digests)}"
        return
    pairs = [(str(each.get("file")), each, digest) for each, digest in zip(entries, digests, strict=True)]
    for name, each, digest in pairs if entry is entries[0] else [(table, entry, joined), *pairs]:
        for field, value in (("rows", digest.rows), ("digest", digest.text)):
            if (whole or field == "rows") and each.get(field) != value:
                yield f"manifest: {name}: {field} is {each.get(field)}, and the configuration makes {value}"
