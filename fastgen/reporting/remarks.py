"""What a reader must know before reading on: what is missing, what is odd, what was left out."""

from collections.abc import Iterator

from fastgen.reporting.facts import Facts
from fastgen.reporting.words import count, listed
from fastgen.schema import TABLES


def remarks(facts: Facts) -> list[str]:
    """All remarks."""
    return [*_about_files(facts), *_about_rows(facts)]


def _about_files(facts: Facts) -> Iterator[str]:
    stored = facts.stored
    if not facts.known:
        yield "No manifest says how the data were made: they are compared with the default configuration."
    if stored.parts is not None:
        yield f"Only some parts of the dataset are present: {', '.join(map(str, stored.parts))}."
    if note := stored.unread_files_note():
        yield f"{note}."
    missing = [table for table in TABLES if table not in stored.tables]
    if missing:
        silent = "; without profiles the holders' ages are unknown" if "profiles" in missing else ""
        yield f"Missing: {listed(missing)}{silent}."
    for table, rows in facts.rows.items():
        recorded = stored.description.table(table).get("rows", rows)
        if recorded != rows:
            yield f"The manifest gives {recorded} rows of {table}, but there are {rows}: these are not the data that were written."


def _about_rows(facts: Facts) -> Iterator[str]:
    survey = facts.survey
    if survey.incomplete:
        yield f"Left out of everything below: {count(survey.incomplete, 'row')} in which values are missing or cannot be read."
    if facts.holders and facts.holders.incomplete:
        yield f"Left out of the holders' ages: {count(facts.holders.incomplete, 'row')} of profiles without a card or a birthdate."
    if not survey.in_order and facts.with_histories:
        yield "Rows are not in order of time; they were sorted for what depends on it."
    if not survey.in_order and not facts.with_histories:
        yield "Rows are not in order of time, and too many to sort: no row is compared with the last one of its card."
    if survey.places.rows_elsewhere:
        yield f"There are too many places to keep: {count(survey.places.rows_elsewhere, 'row')} are on no map and in no list."
