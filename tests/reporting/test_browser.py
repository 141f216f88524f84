"""The page in a real browser: it requests nothing, logs no errors, fits a phone, follows light and dark, and prints."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fastgen
from fastgen import Config, Dataset

from .chromium import Page

CASES: dict[str, dict[str, Any]] = {
    "one row": {"rows": 1},
    "no fraud": {"rows": 3_000, "fraud": {"ratio": 0}},
    "no withdrawals": {"rows": 3_000, "atm": {"cards": 0}},
    "one category": {
        "rows": 3_000,
        "categories": [{"name": "</svg><script>alert(1)</script>\"'&", "share": 1, "low": 0.01, "high": 99_999.99}],
    },
    "many categories": {
        "rows": 4_000,
        "categories": [{"name": f"{i} {'long ' * 16}name", "share": 1 / 200, "low": 0.01, "high": 99_999.99} for i in range(200)],
    },
    "nothing but fraud": {"rows": 2_000, "fraud": {"ratio": 1}, "atm": {"cards": 0}},
    "a minute": {"payments": 500, "atm": {"cards": 0}, "end": "2022-01-01T00:01:00"},
    "decades": {"rows": 2_000, "atm": {"cards": 0}, "start": "1975-01-01T00:00:00", "end": "2040-01-01T00:00:00"},
    "one card": {"payments": 2_000, "cards": 1, "ages": [20, 22], "atm": {"cards": 1, "withdrawals": 52}},
    "high amounts": {
        "rows": 3_000,
        "amounts": [{"share": 1, "low": 20_000, "high": 99_999.99}],
        "categories": [{"name": "dear", "share": 1, "low": 1, "high": 99_999.99}],
    },
}


@pytest.fixture(scope="module", params=["default", *CASES])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report on each of the datasets."""
    if request.param == "default":
        yield request.getfixturevalue("default_page")
        return
    folder = tmp_path_factory.mktemp("data")
    fastgen.write(Dataset(Config(**CASES[request.param])), folder)
    fastgen.report(folder, folder / "report.html")
    yield folder / "report.html"


def colours(page: Page) -> list[str]:
    """The colours of the paper, of the text, and of the first mark in each chart."""
    return page.evaluate(
        """[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
            ...[...document.querySelectorAll('svg.wide')].map(svg => getComputedStyle(svg.querySelector('path[fill^=var]')).fill)]"""
    )


def test_it_asks_for_nothing_and_complains_of_nothing(page: Page, made: Path) -> None:
    page.open(made)
    assert page.noise() == []
    assert page.evaluate("performance.getEntriesByType('resource').filter(entry => !entry.name.startsWith('data:')).length") == 0
    assert page.evaluate("document.scripts.length") == 0


def test_noise_is_heard(page: Page, tmp_path: Path) -> None:
    """The check above can fail: for a request, a violation of the policy, an error in a script."""
    policy = '<meta http-equiv="Content-Security-Policy" content="img-src \'none\'">'
    loud = {
        "request": '<img src="http://127.0.0.1:9/x.png">',
        "policy": f'{policy}<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
        "script": "<script>undefined.x</script>",
    }
    for name, body in loud.items():
        file = tmp_path / f"{name}.html"
        file.write_text(f"<!doctype html><title>x</title>{body}")
        page.open(file)
        assert page.noise(), name


def test_the_title_and_the_heading_say_what_it_is(page: Page, default_page: Path) -> None:
    page.open(default_page)
    assert page.evaluate("document.title") == "106,020 card transactions, 155 of them frauds"
    assert page.evaluate("document.querySelector('h1').textContent") == "106,020 card transactions, 155 of them frauds"


@pytest.mark.parametrize("width", [360, 719, 720, 1200])
def test_nothing_is_wider_than_the_screen(page: Page, made: Path, width: int) -> None:
    page.open(made, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "shown", "hidden"), [(360, "narrow", "wide"), (1200, "wide", "narrow")])
def test_one_drawing_of_each_chart_is_shown(page: Page, default_page: Path, width: int, shown: str, hidden: str) -> None:
    page.open(default_page, width=width)
    visible = "[...document.querySelectorAll('svg.%s')].filter(svg => svg.getBoundingClientRect().width > 0).length"
    assert page.evaluate(visible % shown) == 12
    assert page.evaluate(visible % hidden) == 0


@pytest.mark.parametrize("width", [360, 1200])
def test_charts_have_alternatives(page: Page, made: Path, width: int) -> None:
    """Each is an image with a unique accessible name, a sentence above it, and no other text in the accessibility tree."""
    page.open(made, width=width)
    names = page.evaluate(
        "[...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width)"
        ".map(svg => [svg.getAttribute('role'), svg.getAttribute('aria-label'), svg.closest('.part').querySelector('h3').textContent])"
    )
    assert names
    assert {role for role, *_ in names} == {"img"}
    assert all(len(label) > 20 and len(finding) > 10 for _, label, finding in names)
    assert len({label for _, label, _ in names}) == len(names)
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    images = [node["name"]["value"] for node in tree if node.get("role", {}).get("value") == "image" and not node["ignored"]]
    assert images == [label for _, label, _ in names]


def test_light_and_dark_differ(page: Page, default_page: Path) -> None:
    page.open(default_page, dark=False)
    light = colours(page)
    page.open(default_page, dark=True)
    dark = colours(page)
    assert len(light) == len(dark) == 14
    assert all(a != b for a, b in zip(light, dark, strict=True))


def brightness(colour: str) -> float:
    """Relative luminance (WCAG 2)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read(page: Page, default_page: Path, dark: bool) -> None:
    """All visible text, including that in charts, has a contrast of at least 4.5 to 1 (WCAG 2, AA) with the paper."""
    page.open(default_page, dark=dark)
    paper = brightness(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    inks = page.evaluate(
        "[...new Set([...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().width && e.childNodes.length)"
        ".map(e => e instanceof SVGTextElement ? getComputedStyle(e).fill : getComputedStyle(e).color))].filter(c => c.startsWith('rgb'))"
    )
    assert len(inks) >= 2
    for ink in inks:
        low, high = sorted((paper, brightness(ink)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, ink


@pytest.mark.parametrize("width", [360, 1200])
def test_labels_do_not_overlap(page: Page, made: Path, width: int) -> None:
    page.open(made, width=width)
    overlapping = page.evaluate(
        """[...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
            const labels = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim() && text.getBBox().width);
            const boxes = labels.map(label => [label.textContent, label.getBoundingClientRect()]);
            const cut = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
            return boxes.flatMap(([name, box], i) => boxes.slice(i + 1).filter(([, other]) => cut(box, other))
                .map(([other]) => `${svg.getAttribute('aria-label')}: ${name} / ${other}`));
        })"""
    )
    assert overlapping == []


CHART = "[...document.querySelectorAll('svg')].find(svg => svg.getBoundingClientRect().width && svg.ariaLabel.startsWith('%s'))"


@pytest.mark.parametrize("width", [360, 1200])
def test_frauds_among_withdrawals_are_seen_and_named(page: Page, default_page: Path, width: int) -> None:
    page.open(default_page, width=width)
    chart = CHART % "Time lines of the withdrawals"
    seen = page.evaluate(
        f"[...{chart}.querySelectorAll('path[fill=\"var(--fraud-withdrawal)\"]')].map(mark => {{"
        "mark.scrollIntoView({block: 'center', behavior: 'instant'}); const box = mark.getBoundingClientRect();"
        "return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === mark; })"
    )
    assert seen
    assert all(seen)
    table = f"[...{chart}.closest('.part').querySelectorAll('tbody td:last-child')].map(cell => cell.textContent)"
    places = [place for cell in page.evaluate(table) for place in re.findall(r"(.+?, [A-Z]{2}), ", cell)]
    texts = page.evaluate(f"[...{chart}.querySelectorAll('text')].map(text => text.textContent)")
    assert len(places) == len(seen)
    assert all(any(text.startswith(place) for text in texts) for place in places)


@pytest.mark.parametrize("width", [360, 1200])
def test_shares_of_amounts_have_figures(page: Page, default_page: Path, width: int) -> None:

    page.open(default_page, width=width)
    texts = page.evaluate(f"[...{CHART % 'Density of amounts'}.querySelectorAll('text')].map(text => text.textContent)")
    assert {"10%", "20%"} <= set(texts)
    assert (
        page.evaluate(f"{CHART % 'Density of amounts'}.closest('figure').textContent").count("Share of a category's ordinary rows")
        == 1
    )


def test_names_of_rows_are_not_broken(page: Page, default_page: Path) -> None:
    page.open(default_page, width=360)
    lines = page.evaluate(
        """[...document.querySelectorAll('tbody th')].filter(head => /^\\w+$/.test(head.textContent)).map(head => {
            const range = document.createRange();
            range.selectNodeContents(head);
            return [head.textContent, new Set([...range.getClientRects()].filter(box => box.width).map(box => box.top)).size];
        }).filter(([, lines]) => lines > 1)"""
    )
    assert lines == []


@pytest.mark.parametrize("width", [360, 600, 720, 768, 1200])
def test_labels_are_large_enough(page: Page, default_page: Path, width: int) -> None:
    """As rendered, all have at least seven pixels, as the scale of amounts on a small tablet, and nine in ten at least nine."""
    page.open(default_page, width=width)
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg text')].filter(text => text.getBoundingClientRect().width)"
        ".map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
    )
    assert min(sizes) >= 7
    assert sorted(sizes)[len(sizes) // 10] >= 9


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_cut_off(page: Page, made: Path, width: int) -> None:
    """All text of a chart is inside the page."""
    page.open(made, width=width)
    outside = page.evaluate(
        "[...document.querySelectorAll('svg text')].filter(text => { const box = text.getBoundingClientRect();"
        f"return box.width && (box.left < 0 || box.right > {width}); }}).map(text => text.textContent)"
    )
    assert outside == []


def test_it_prints_on_white_paper_in_a_few_pages(page: Page, default_page: Path) -> None:
    page.open(default_page, dark=True)
    printed = page.pdf()
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 9
    page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert (
        page.evaluate("[...document.querySelectorAll('details, nav')].filter(each => each.getBoundingClientRect().height).length")
        == 0
    )
