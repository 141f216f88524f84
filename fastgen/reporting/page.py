"""The page: one self-contained HTML document."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from fastgen import __version__
from fastgen.config_text import to_toml
from fastgen.reporting import provenance
from fastgen.reporting.chapters import amounts, cards, cases, difficulty, over_time, places
from fastgen.reporting.elements import Chapter
from fastgen.reporting.facts import Facts
from fastgen.reporting.remarks import remarks
from fastgen.reporting.words import legal
from fastgen.schema import DATA_VERSION


def chapters(facts: Facts) -> list[Chapter]:
    """The chapters in their order, without empty ones."""
    made = [
        over_time.chapter(facts),
        amounts.chapter(facts),
        cards.chapter(facts),
        cases.chapter(facts),
        places.chapter(facts),
        difficulty.chapter(facts),
    ]
    return [chapter for chapter in made if chapter.findings]


def page(facts: Facts) -> str:
    """The document. It contains no date, so that the same data give the same page."""
    folder = files("fastgen.reporting")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(folder.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    text = template.render(
        style=Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),
        heading=provenance.heading(facts),
        summary=provenance.summary(facts),
        figures=provenance.key_figures(facts),
        remarks=remarks(facts),
        chapters=chapters(facts),
        known=facts.known,
        settings=provenance.settings(facts.config),
        toml=to_toml(facts.config),
        provenance=provenance.provenance(facts),
        tables=provenance.tables(facts),
        version=f"{__version__}, data version {DATA_VERSION}",
    )
    return legal(text)
