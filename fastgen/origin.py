"""The origin of data: all that is needed to generate the same rows again, for a manifest or a file's metadata."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastgen import __version__
from fastgen.dataset import Dataset
from fastgen.schema import DATA_VERSION

KEY: Final = "fastgen"
"""The key of the origin, as JSON, in a file's metadata."""


def origin(data: Dataset) -> dict[str, Any]:
    """The origin of a dataset; that of a part has its number, and how many parts there are.

    Example:
        >>> from fastgen import Config
        >>> about = origin(Dataset(Config(rows=200_000)).part(2, of=3))
        >>> about["config"]["rows"], about["parts"], about["part"]
        (200000, 3, 2)
    """
    pools = data.plan.pools
    about = {
        "fastgen": __version__,
        "data_version": DATA_VERSION,
        "fingerprint": data.fingerprint,
        "seed": data.config.seed,
        "config": data.config.model_dump(mode="json", exclude_none=True),
        "vocabularies": {"faker": pools.faker, "digest": pools.digest},
    }
    return about | ({"parts": data.share.of, "part": data.share.number} if data.is_part else {})


def as_metadata(data: Dataset) -> dict[str, str]:
    """The origin of a dataset as a file's metadata."""
    return {KEY: json.dumps(origin(data), separators=(",", ":"))}


def from_metadata(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any] | None:
    """The origin in a file's metadata; None if there is none."""
    try:
        about = json.loads((metadata or {}).get(KEY.encode(), b""))
    except (ValueError, RecursionError):  # the latter from lists nested too deeply
        return None
    return about if isinstance(about, dict) else None
