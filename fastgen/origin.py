"""What data are and what made them: all that is needed to make the same rows again, for a manifest or inside a file."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastgen import __version__
from fastgen.dataset import Dataset
from fastgen.schema import DATA_VERSION

KEY: Final = "fastgen"
"""Under which a file's metadata have it, as JSON."""


def origin(data: Dataset) -> dict[str, Any]:
    """The origin of a dataset; a part's has its number, and how many there are.

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
    """The origin of a dataset as the metadata of a file."""
    return {KEY: json.dumps(origin(data), separators=(",", ":"))}


def from_metadata(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any] | None:
    """The origin that the metadata of a file tell; None where they tell none."""
    try:
        about = json.loads((metadata or {}).get(KEY.encode(), b""))
    except (ValueError, RecursionError):  # which nested lists without end are
        return None
    return about if isinstance(about, dict) else None
