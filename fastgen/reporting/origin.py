"""What the data are, and where they come from: heading, key figures, remarks, configuration, versions, digests."""

from typing import Any

from fastgen.config import Config
from fastgen.config_text import to_toml
from fastgen.reporting.bins import quantile
from fastgen.reporting.facts import Facts
from fastgen.reporting.parts import Table
from fastgen.reporting.rows import LABEL
from fastgen.reporting.words import count, day, duration, listed, money, percent
from fastgen.schema import TABLES

UNKNOWN = "unknown"


def heading(facts: Facts) -> str:
    """What there is, in a few words."""
    rows = count(facts.survey.rows, "card transaction")
    if not facts.labelled:
        return f"{rows}, without labels"
    return (
        f"{rows}, {facts.frauds:,} of them {'fraud' if facts.frauds == 1 else 'frauds'}"
        if facts.frauds
        else f"{rows}, none a fraud"
    )


def summary(facts: Facts) -> str:
    """What this dataset is, in two sentences."""
    survey = facts.survey
    payments, chained, withdrawals, abroad = survey.kinds.tolist()
    what = [text for number, text in ((payments + chained, "payments"), (withdrawals + abroad, "cash withdrawals")) if number]
    who = count(facts.histories.cards.count, "card")
    when = f"from {day(survey.first)} to {day(survey.last)}" if day(survey.first) != day(survey.last) else f"on {day(survey.first)}"
    made = "Synthetic data made by fastgen" if facts.known else "Data whose files do not say how they were made"
    text = f"{made}: {listed(what)} with {who}, {when}."
    if not facts.labelled:
        return f"{text} There is no column {LABEL}: what is a fraud is not said."
    if not facts.frauds:
        return f"{text} No row is labelled as fraud."
    chains = int(facts.histories.lengths.sum())
    parts = (
        [f"{count(chained, 'payment')} in {count(chains, 'attack chain')}" if chains else count(chained, "payment")]
        if chained
        else []
    )
    parts += [count(abroad, "withdrawal")] if abroad else []
    share = percent(facts.frauds / survey.rows)
    return (
        f"{text} {count(facts.frauds, 'row')}, {share}, {'is' if facts.frauds == 1 else 'are'} labelled as fraud: {listed(parts)}."
    )


def key_figures(facts: Facts) -> list[tuple[str, str, str]]:
    """Name, number and a remark."""
    survey = facts.survey
    payments, chained, withdrawals, abroad = survey.kinds.tolist()
    places = survey.places.table()
    cards = facts.rows.get("credit_cards") or facts.rows.get("profiles")
    with_rows = facts.histories.cards.count
    half = quantile(survey.by_label["amount"].sum(axis=0), 0.5) or 0
    return [
        ("transactions", f"{survey.rows:,}", f"{survey.rows / max(1, (survey.last - survey.first) / 86_400):,.0f} a day"),
        (
            "frauds",
            f"{facts.frauds:,}" if facts.labelled else "–",
            percent(facts.frauds / survey.rows) if facts.labelled else "no labels",
        ),
        ("payments", f"{payments + chained:,}", f"{chained:,} of them frauds"),
        ("withdrawals", f"{withdrawals + abroad:,}", f"{abroad:,} of them frauds"),
        ("cards", f"{cards or with_rows:,}", f"{with_rows:,} with rows"),
        ("time", duration(survey.last - survey.first), f"{day(survey.first)} to {day(survey.last)}"),
        ("amount", money(half), "half are at most so much"),
        ("places", f"{places.height:,}", count(places["country"].n_unique(), "country")),
    ]


def remarks(facts: Facts) -> list[str]:
    """What a reader must know before reading on."""
    survey, manifest = facts.survey, facts.stored.manifest
    found = []
    if not facts.known:
        found.append(
            "There is no manifest: seed, configuration and versions are unknown. What is compared with a configuration is compared with the default one."
        )
    if facts.stored.parts is not None:
        numbers = ", ".join(map(str, facts.stored.parts))
        found.append(f"These are only some parts of the dataset: {numbers}. What is said of the whole is said of them.")
    missing = [table for table in TABLES if table not in facts.stored.tables]
    if missing:
        found.append(
            f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not there, so that nothing is said of {'holders' if 'profiles' in missing else 'cards'} and their ages."
            if "profiles" in missing
            else f"{listed(missing)} is not there."
        )
    if survey.incomplete:
        found.append(
            f"{count(survey.incomplete, 'row')} with missing or unreadable values {'is' if survey.incomplete == 1 else 'are'} left out of everything below."
        )
    if not survey.in_order:
        what = (
            "They were brought into it for what depends on it."
            if facts.with_histories
            else "They are too many to sort here: what compares a row with its card's last one is left out."
        )
        found.append(f"Rows do not come in order of time. {what}")
    for table, about in (manifest or {}).get("tables", {}).items():
        told = about.get("rows") if isinstance(about, dict) else None
        if table in facts.rows and told != facts.rows[table]:
            found.append(
                f"The manifest tells of {told or 0:,} rows in {table}, but there are {facts.rows[table]:,}: these are not the data that were written."
            )
    return found


def settings(config: Config) -> Table:
    """The configuration in short."""
    sizes, fraud, atm = config.sizes, config.fraud, config.atm
    size = f"{sizes.rows:,} rows" if sizes.rows is not None else f"{sizes.payments:,} payments"
    rows = [
        ("size", f"{size}, {count(sizes.cards, 'card')}"),
        ("period", f"{config.start} to {config.end}, itself excluded"),
        ("holders", f"{config.ages.low} to {config.ages.high} years old"),
        ("amounts", f"{config.amounts[0].low:,.2f} to {config.amounts[-1].high:,.2f}, in {count(len(config.amounts), 'range')}"),
        ("categories", f"{len(config.categories):,}, the largest {max(config.categories, key=lambda c: c.share).name}"),
        ("frauds", f"{percent(fraud.ratio)} of the payments, and of the sequences of withdrawals"),
        (
            "chains",
            f"{fraud.chain_lengths.low} to {fraud.chain_lengths.high} payments, {fraud.chain_gap_seconds.low} to {fraud.chain_gap_seconds.high} seconds apart",
        ),
        (
            "withdrawals",
            f"{count(sizes.cash_cards, 'card')}, sequences of {atm.lengths.low} to {atm.lengths.high}, every {atm.step_hours.low} to {atm.step_hours.high} hours",
        ),
    ]
    return Table(["setting", "value"], rows, numeric=False)


def toml(config: Config) -> str:
    """All settings."""
    return to_toml(config)


def provenance(facts: Facts) -> Table:
    """Seed, versions, fingerprint, form."""
    manifest: dict[str, Any] = facts.stored.manifest or {}
    vocabularies = manifest.get("vocabularies", {})
    rows = [
        ("files", f"{facts.stored.path.name}, {facts.stored.format}"),
        ("seed", str(manifest.get("seed", UNKNOWN))),
        ("fastgen", f"{manifest.get('fastgen', UNKNOWN)}, data version {manifest.get('data_version', UNKNOWN)}"),
        ("word lists", f"Faker {vocabularies.get('faker', UNKNOWN)}"),
        ("fingerprint", str(manifest.get("fingerprint", UNKNOWN))),
    ]
    return Table(["what", "value"], rows if facts.known else rows[:1], numeric=False)


def tables(facts: Facts) -> Table:
    """Rows and digests of the tables."""
    told = (facts.stored.manifest or {}).get("tables", {})
    rows = []
    for table, number in facts.rows.items():
        about = told.get(table, {})
        files = len(facts.stored.tables[table])
        rows.append((table, f"{number:,}", f"{files:,}", str(about.get("digest", UNKNOWN))))
    return Table(["table", "rows", "files", "digest, by the manifest"], rows)
