"""What the data are, and where they come from: heading, key figures, configuration, versions, digests."""

from typing import Any

from fastgen.config import Config
from fastgen.kernels.units import DAY
from fastgen.reporting.bins import quantile
from fastgen.reporting.elements import Table
from fastgen.reporting.facts import Facts
from fastgen.reporting.rows import LABEL
from fastgen.reporting.words import count, duration, listed, money, percent, period

UNKNOWN = "unknown"


def heading(facts: Facts) -> str:
    """The page's heading: how many transactions, and how many of them are frauds."""
    rows = count(facts.survey.rows, "card transaction")
    if not facts.labelled:
        return f"{rows}, without labels"
    return (
        f"{rows}, {facts.frauds:,} of them {'a fraud' if facts.frauds == 1 else 'frauds'}"
        if facts.frauds
        else f"{rows}, none a fraud"
    )


def summary(facts: Facts) -> str:
    """The dataset in two sentences."""
    survey = facts.survey
    payments, chained, withdrawals, abroad = survey.kinds.tolist()
    what = [text for number, text in ((payments + chained, "payments"), (withdrawals + abroad, "cash withdrawals")) if number]
    who = count(facts.histories.cards.count, "card")
    made = "Synthetic data made by fastgen" if facts.known else "Data whose files do not say how they were made"
    text = f"{made}: {listed(what)} with {who}, {period(survey.first, survey.last)}."
    if not facts.labelled:
        return f"{text} There is no column {LABEL}, so the frauds are unknown."
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
    """The key figures: for each its name, its number and a remark."""
    survey = facts.survey
    payments, chained, withdrawals, abroad = survey.kinds.tolist()
    places = survey.places.table()
    cards = facts.rows.get("credit_cards") or facts.rows.get("profiles")
    with_rows = facts.histories.cards.count
    days = (survey.last - survey.first) / DAY
    half = quantile(survey.by_label["amount"].sum(axis=0), 0.5) or 0
    return [
        ("transactions", f"{survey.rows:,}", f"{survey.rows / days:,.0f} a day" if days >= 1 else "in all"),
        (
            "frauds",
            f"{facts.frauds:,}" if facts.labelled else "–",
            percent(facts.frauds / survey.rows) if facts.labelled else "no labels",
        ),
        ("payments", f"{payments + chained:,}", f"{chained:,} of them frauds"),
        ("withdrawals", f"{withdrawals + abroad:,}", f"{abroad:,} of them frauds"),
        ("cards", f"{cards or with_rows:,}", f"{with_rows:,} with rows"),
        ("time", duration(survey.last - survey.first + 1), period(survey.first, survey.last).removeprefix("from ")),
        ("median amount", money(half), "of all rows"),
        ("places", f"{places.height:,}", count(places["country"].n_unique(), "country")),
    ]


def settings(config: Config) -> Table:
    """The configuration in short."""
    sizes, fraud, atm = config.sizes, config.fraud, config.atm
    size = count(sizes.rows, "row") if sizes.rows is not None else count(sizes.payments or 0, "payment")
    amounts = f"{config.amounts[0].low:,.2f} to {config.amounts[-1].high:,.2f}, in {count(len(config.amounts), 'range')}"
    gaps, steps = fraud.chain_gap_seconds, atm.step_hours
    changed = differences(config)
    rows = [
        ("size", f"{size}, {count(sizes.cards, 'card')}"),
        ("period", f"{config.start} up to, not including, {config.end}"),
        ("holders", f"{config.ages.low} to {config.ages.high} years old"),
        ("amounts", amounts),
        ("categories", f"{len(config.categories):,}, the largest {max(config.categories, key=lambda c: c.share).name}"),
        ("frauds", f"{percent(fraud.ratio)} of the payments, and of the sequences of withdrawals"),
        ("chains", f"{fraud.chain_lengths.low} to {fraud.chain_lengths.high} payments, {gaps.low} to {gaps.high} seconds apart"),
        ("cash cards", f"{sizes.cash_cards:,} at most"),
        ("sequences", f"{atm.lengths.low} to {atm.lengths.high} withdrawals, {steps.low} to {steps.high} hours apart"),
        ("not the default", listed(changed) if changed else "nothing"),
    ]
    return Table(["setting", "value"], rows, numeric=False)


def differences(config: Config) -> list[str]:
    """The settings that differ from their defaults.

    Example:
        >>> differences(Config(seed=7, fraud={"ratio": 0.01}))
        ['seed', 'fraud.ratio']
    """
    given, default = (_flat(each.model_dump(mode="json")) for each in (config, Config()))
    return [name for name, value in given.items() if value != default[name]]


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by their dotted names."""
    flat = {}
    for name, value in settings.items():
        flat.update({f"{name}.{inner}": deep for inner, deep in value.items()} if isinstance(value, dict) else {name: value})
    return flat


def provenance(facts: Facts) -> Table:
    """Files, format, seed, versions and fingerprint."""

    def recorded(*path: str) -> str:
        """A value of the manifest, as text."""
        value = facts.stored.description.get(*path)
        return UNKNOWN if value is None else str(value)

    rows = [("files", f"{facts.stored.path.name}, {facts.stored.format}")]
    if facts.known:
        rows += [
            ("seed", recorded("seed")),
            ("fastgen", f"{recorded('fastgen')}, data version {recorded('data_version')}"),
            ("word lists", f"Faker {recorded('vocabularies', 'faker')}"),
            ("fingerprint", recorded("fingerprint")),
        ]
    return Table(["what", "value"], rows, numeric=False)


def tables(facts: Facts) -> Table:
    """Rows, files and digests of the tables."""
    rows = []
    for table, number in facts.rows.items():
        files = len(facts.stored.tables[table])
        rows.append((table, f"{number:,}", f"{files:,}", str(facts.stored.description.table(table).get("digest", UNKNOWN))))
    return Table(["table", "rows", "files", "digest in the manifest"], rows)
