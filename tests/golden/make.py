"""Records `digests.json` again: `python tests/golden/make.py`.

For three configurations, the file holds the fingerprint and, for each table, the digest in the manifest and the SHA-256 of
the NDJSON file. Run this only after an intended change of rows: in the same commit, raise DATA_VERSION in fastgen/schema.py
and describe the change under "Data" in CHANGELOG.md.
"""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from fastgen import Config, Dataset, write
from fastgen.pools import load_pools
from fastgen.schema import DATA_VERSION

FILE = Path(__file__).with_name("digests.json")

ODD: dict[str, Any] = {
    "seed": 2**64 - 1,
    "payments": 4_321,
    "cards": 777,
    "start": "2023-12-30 17:23:11",
    "end": "2024-03-02 03:04:05",
    "ages": [20, 93],
    "amounts": [
        {"share": 0.3, "low": 0.05, "high": 2.5},
        {"share": 0.6, "low": 2.5, "high": 77.77},
        {"share": 0.1, "low": 500, "high": 99_999.99},
    ],
    "categories": [
        {"name": 'Books, "used"', "share": 0.6, "low": 0.05, "high": 30},
        {"name": "Café ☕ à emporter", "share": 0.3, "low": 1.5, "high": 99_999.99},
        {"name": "-", "share": 0.1, "low": 600, "high": 600.5},
    ],
    "fraud": {"ratio": 0.031, "chain_lengths": [1, 14], "chain_gap_seconds": [1, 4_000]},
    "atm": {
        "cards": 61,
        "withdrawals": 2_500,
        "lengths": [2, 7],
        "step_hours": [1, 400],
        "radius": 0.25,
        "foreign_hours": [3, 30],
        "bands": [{"share": 0.02, "low": 20, "high": 59}, {"share": 0.98, "low": 70, "high": 93}],
    },
}
CONFIGS: dict[str, dict[str, Any]] = {"default": {}, "small": {"rows": 10_007, "seed": 7}, "odd": ODD}


def digests(name: str) -> dict[str, dict[str, str]]:
    """The digests of the tables of one configuration."""
    with tempfile.TemporaryDirectory() as folder:
        report = write(Dataset(Config(**CONFIGS[name])), folder, format="ndjson")
        return {
            file.table: {"manifest": file.digest, "ndjson": hashlib.sha256(Path(file.path).read_bytes()).hexdigest()}
            for file in report.files
        }


def main() -> None:
    """Write the file."""
    pools = load_pools()
    content = {
        "data_version": DATA_VERSION,
        "faker": {"version": pools.faker, "vocabularies": pools.digest},
        "fingerprints": {name: Dataset(Config(**settings)).fingerprint for name, settings in CONFIGS.items()},
        "datasets": {name: digests(name) for name in CONFIGS},
    }
    FILE.write_text(json.dumps(content, indent=2) + "\n")
    print(f"wrote {FILE}")


if __name__ == "__main__":
    main()
