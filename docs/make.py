"""Writes the parts of the documentation that are generated from the package: `python docs/make.py`.

These are `docs/configuration.md`, whose tables contain the descriptions of the settings, `docs/api.md`, generated from docstrings
(see make_api.py), and the sample rows in the README, taken from the default run. tests/test_docs.py checks that all are up to
date.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from make_api import api

from fastgen import Dataset, write
from fastgen.config import Config
from fastgen.config_text import to_toml
from fastgen.schema import CASH_WITHDRAWAL, HOME_COUNTRY, TABLES
from fastgen.sections import AgeBand, AmountRange, Atm, Category, Fraud
from fastgen.settings import Interval, Section, Within

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "docs" / "configuration.md"
API = ROOT / "docs" / "api.md"
README = ROOT / "README.md"

PAGE = """\
<!-- Written by docs/make.py: change the descriptions in fastgen/config.py and fastgen/sections.py, or the text in the script. -->

# Configuration

A configuration describes the data: how many rows, which period, which amounts, which frauds. Together with the data
version it determines every row. Where the output goes, in which format and with how many threads are not part of it.

Every setting has a default. Together, the defaults describe the default dataset, which follows
[a notebook](departures.md).

## How to give settings

In a file, by `--set`, by flags or, in Python, as keywords. `fastgen config init` writes a file with all settings, their
defaults and meanings; keep the lines that you change. No command looks for a file by itself, except for `fastgen config check`:
give it by `--config`.

```toml
seed = 7
rows = 50_000

[fraud]
ratio = 0.01

[atm]
step_hours = [12, 48]
```

```sh
fastgen config init                     # writes fastgen.toml
fastgen config check                    # says whether fastgen.toml is valid, or what is wrong
fastgen config show --rows 50k --set fraud.ratio=0.01
fastgen generate --config fastgen.toml --seed 7 --rows 50k --set atm.step_hours='[12, 48]' --output configured/
```

```python
import fastgen as fg

config = fg.load_config("fastgen.toml", seed=7, rows=50_000, fraud={{"ratio": 0.01}})
same = fg.Config(seed=7, rows=50_000, fraud={{"ratio": 0.01}})
assert config == same
assert config.sizes.cards == 943
```

For the same setting, flags override `--set`, `--set` overrides the file, and the file overrides the defaults. Sizes that
exclude each other, such as `--rows` and `--set scale=2`, are refused. Tables are merged key by key. Lists are replaced as a
whole: to change one category, give all of them. The value of `--set` is TOML, or a whole number as for `--rows`, such as
`250000`, `2.5k`, `10M` or `1e6`; anything else is text.

[`Config` and `load_config`](api.md#describe-data) are documented with the Python API. `fastgen config schema` prints the
JSON schema, for editors and other programs.

## The size

There are three ways to set it.

| | |
|---|---|
| `scale` | a multiple of the default dataset: payments, cards, withdrawals and cash cards (rounded down) in proportion |
| `rows` | the exact number of transactions, everything else in proportion; excludes `scale` and `payments` |
| count by count | `payments`, `cards`, `atm.cards`, `atm.withdrawals`; each overrides the proportional one |

A size given by a flag, `--set` or keyword replaces that of the file: `rows` replaces `scale` and `payments`, and either of these
replaces `rows`.

Withdrawals come in whole rounds. In a round every cash card gets one sequence of each length in `atm.lengths`: by
default lengths 3 to 10, so 8 sequences with 52 withdrawals. Rounds are added until there are at least
`atm.withdrawals`. This is why the default, 12,000 withdrawals for 1,000 cash cards, comes to 52,000: one round is enough.
With `rows`, all rows that are not withdrawals are payments. `payments` alone changes nothing else. Without cash cards,
`atm.cards = 0`, there are only payments.

If fewer cards than `atm.cards` have a susceptible holder, all of these become cash cards, and the run says so.
`fastgen generate --dry-run` prints the counts that follow from a configuration, including frauds. `fraud.ratio` is the share of
payments that are frauds, and of sequences that have a foreign withdrawal (one each). The share of frauds among all rows is
smaller: 155 of 106,020 by default.

## Settings

### Top level

{top}

### In each entry of `amounts`

{amounts}

### In each entry of `categories`

{categories}

### In `[fraud]`

{fraud}

### In `[atm]`

{atm}

### In each entry of `atm.bands`

{bands}

## Rules between settings

- `end` is after `start`.
- The shares of `amounts` add up to 1, and so do those of `categories` and of `atm.bands`.
- In every range `low` is at most `high`. The ranges of `amounts` ascend and have no amount in common; those of `atm.bands`
  ascend and have no age in common.
- An amount range includes its `low` but not its `high`, at which the next one may begin; the last one includes both, as does a
  category's price range. A range whose `low` is its `high` is that one amount, and the next one begins above it.
- Category names differ, have 1 to 100 printable characters, and are not `{cash}`.
- The price range of each category includes some amount that occurs. If there are attack chains, every amount that
  their later payments can have is in the price range of some category.
- `atm.cards` is at most `cards`, and all withdrawals fit into `rows`.
- `atm.radius` times the longest of `atm.lengths` is at most 20 degrees, so that walks stay on the map.
- There are at most 4,294,967,295 cards.
- `rows`, `payments` and `atm.withdrawals` are each at most 500,000 for each second from `start` to `end`.
- The number of hours in the period, or of minutes if rows are very dense, times the number of possible step lengths is at
  most 134,217,728. A share is 0 or at least 1e-12.
- The last event is within 68 years of `start`, including chains and sequences that run past `end`.

A broken rule ends a command with exit code 2 (in Python: `ConfigError`) and one line that names the setting, its value,
what is allowed, and the file if the setting comes from one:

```text
fastgen: fraud.ratio = 1.5: must be a number between 0 and 1 (in fastgen.toml)
```

## The file with all defaults

What `fastgen config init` writes:

```toml
{file}```
"""


def configuration() -> str:
    """The text of docs/configuration.md."""
    sections: dict[str, type[Section]] = {
        "top": Config,
        "amounts": AmountRange,
        "categories": Category,
        "fraud": Fraud,
        "atm": Atm,
        "bands": AgeBand,
    }
    assert sections.keys() >= {name for name, field in Config.model_fields.items() if _is_section(field)}, (
        "a section without a table"
    )
    tables = {name: "\n".join(_table(section)) for name, section in sections.items()}
    return PAGE.format(**tables, cash=CASH_WITHDRAWAL, file=to_toml(Config()))


def _table(section: type[Section]) -> Iterator[str]:
    yield "| setting | allowed | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in section.model_fields.items():
        if _is_section(field):
            yield f"| `{name}` | a table | see below | {field.description} |"
        else:
            default = "required" if field.is_required() else _default(field)
            yield f"| `{name}` | {_allowed(field)} | {default} | {field.description} |"


def _is_section(field: Any) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _allowed(field: Any) -> str:
    """What kind of value a setting takes, with its bounds."""
    within = next(_find(Within, [field.metadata, field.annotation]), None)
    if within is None:
        if datetime in (field.annotation, *get_args(field.annotation)):
            return "date, or date and time"
        most = next((rule.max_length for rule in field.metadata if hasattr(rule, "max_length")), None)
        return "text" if field.annotation is str else f"1 to {most} entries"
    above = "above " if within.above else ""
    bounds = f"{above}{_number(within.low)} to {_number(within.high)}"
    if within.places is not None:
        bounds += f", at most {within.places} decimals"
    if field.annotation is Interval:
        return f"two whole numbers, {bounds}"
    whole = int in (field.annotation, *_find(type, [field.annotation]))
    return f"{'whole number' if whole else 'number'}, {bounds}"


def _find(kind: type, parts: Any) -> Iterator[Any]:
    """Yield the objects of a kind among types and their annotations, at any depth."""
    for part in parts:
        if isinstance(part, kind):
            yield part
        inner = part if isinstance(part, list) else get_args(part)
        yield from _find(kind, inner)


def _number(value: float) -> str:
    if value == 2**64 - 1:
        return "2^64 - 1"
    digits = str(value)
    return f"10^{len(digits) - 1}" if value >= 10**9 and digits.strip("0") == "1" else f"{value:,}"


def _default(field: Any) -> str:
    match field.default:
        case None:
            return f"not given; such as `{field.examples[0]}`"
        case Interval(low=low, high=high):
            return f"`[{low}, {high}]`"
        case tuple():
            return f"{len(field.default)} entries, see below"
    return f"`{field.default}`"


def samples() -> dict[str, str]:
    """Rows of the default run as CSV, by table; of transactions, one or a few of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        write(Dataset(), folder, format="csv")
        lines = {name: (Path(folder) / f"{name}.csv").read_text().splitlines() for name in TABLES}
    chosen = {name: lines[name][:4] for name in TABLES}
    head, *text = lines["transactions"]
    rows = list(csv.DictReader(io.StringIO("\n".join([head, *text]))))
    cash = [row["category"] == CASH_WITHDRAWAL for row in rows]
    attack = [row["fraud_label"] == "1" and not withdrawn for row, withdrawn in zip(rows, cash, strict=True)]
    abroad = [row["country"] != HOME_COUNTRY for row in rows]
    first = attack.index(True)
    chain = [i for i in range(first, len(rows)) if attack[i] and rows[i]["cc_num"] == rows[first]["cc_num"]]
    indices = sorted([0, 1, cash.index(True), *chain[:4], abroad.index(True)])
    chosen["transactions"] = [head, *(text[i] for i in indices)]
    return {name: "\n".join(rows) for name, rows in chosen.items()}


def with_samples(text: str, samples: dict[str, str]) -> str:
    """The README's text with these rows in place of its own."""
    for name, rows in samples.items():
        pattern = rf"(<!-- sample: {name} -->\n```csv\n).*?(^```$)"
        text = re.sub(pattern, rf"\g<1>{rows}\n\2", text, flags=re.DOTALL | re.MULTILINE)
    return text


def main() -> None:
    """Write all of them."""
    CONFIGURATION.write_text(configuration())
    API.write_text(api())
    README.write_text(with_samples(README.read_text(), samples()))
    print(f"wrote {CONFIGURATION}, {API} and the sample rows in {README}")


if __name__ == "__main__":
    main()
