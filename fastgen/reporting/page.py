"""The page: one self-contained HTML document."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from fastgen import __version__
from fastgen.config_text import to_toml
from fastgen.reporting import fraud_parts, provenance, whole_parts
from fastgen.reporting.facts import Facts
from fastgen.reporting.parts import Chapter
from fastgen.reporting.remarks import remarks
from fastgen.schema import DATA_VERSION


def chapters(facts: Facts) -> list[Chapter]:
    """The chapters in their order, without empty ones."""
    made = [
        whole_parts.over_time(facts),
        whole_parts.amounts(facts),
        whole_parts.cards(facts),
        fraud_parts.cases(facts),
        fraud_parts.places(facts),
        fraud_parts.difficulty(facts),
    ]
    return [chapter for chapter in made if chapter.parts]


def page(facts: Facts) -> str:
    """The document. It contains no date, so that the same data give the same page."""
    folder = files("fastgen.reporting")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(folder.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    return template.render(
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
