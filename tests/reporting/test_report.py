"""What `report` accepts and refuses, what it says of data that are not as expected, and how it leaves files."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from markupsafe import Markup

import fastgen
from fastgen import Config, Dataset, FastgenError, InputError, OptionError, OutputError, OutputExistsError, cli
from fastgen.finding import open_stored
from fastgen.reporting import facts, making
from fastgen.reporting.charts import drawing
from fastgen.reporting.making import rows_to_read
from fastgen.sinks.formats import FORMATS

Edit = Callable[[pl.DataFrame], pl.DataFrame]


def words_of(page: Path) -> str:
    """The text of a page in one line: no drawings, no style, plain spaces."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"<(style|svg|pre)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


Reported = Callable[[Path], str]


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reported:
    """The text of the report on some data, made without drawing, which takes most of the time."""
    monkeypatch.setattr(drawing, "drawn", lambda *_: Markup("<svg></svg>"))

    def words(path: Path) -> str:
        page = tmp_path / "page.html"
        fastgen.report(path, page, overwrite=True)
        return words_of(page)

    return words


@pytest.fixture(scope="module")
def small() -> Dataset:
    return Dataset(Config(rows=4_000, fraud={"ratio": 0.02}, seed=11))


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("category", "city", "country").cast(pl.String))


# What it says


def test_the_default_dataset_in_words(default_page: Path) -> None:
    """Figures that docs/data.md promises."""
    text = words_of(default_page)
    for words in (
        "payments and cash withdrawals with 2,000 cards",
        "155 rows, 0.15 %, are labelled as fraud: 135 payments in 20 attack chains and 20 withdrawals.",
        "Amounts follow the configured densities, in every category as closely as chance allows.",
        "No ordinary payment lies outside the prices of its category.",
        "135 fraudulent payments come in 20 chains of",
        "161 places in the US",
        "20 rows outside the US, in 19 countries: every one is a fraud.",
        "“country is not US” flags 20 rows, all of them frauds.",
        "This is no hard benchmark",
    ):
        assert words in text


def test_where_it_comes_from(default_folder: Path, default_page: Path) -> None:
    manifest = json.loads((default_folder / "manifest.json").read_text())
    text = words_of(default_page)
    for words in (
        str(manifest["seed"]),
        manifest["fastgen"],
        f"data version {manifest['data_version']}",
        f"Faker {manifest['vocabularies']['faker']}",
        manifest["fingerprint"],
        *(table["digest"] for table in manifest["tables"].values()),
    ):
        assert words in text


def test_the_same_data_make_the_same_page(default_folder: Path, default_page: Path, tmp_path: Path) -> None:
    fastgen.report(default_folder, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == default_page.read_bytes()


@pytest.mark.parametrize("format", ["csv", "ndjson", "ipc"])
def test_the_format_makes_no_difference(reported: Reported, small: Dataset, tmp_path: Path, format: str) -> None:
    """Except for its name."""
    texts = {}
    for each in ("parquet", format):
        fastgen.write(small, tmp_path / each / "data", format=each)  # type: ignore[arg-type]
        texts[each] = reported(tmp_path / each / "data").replace(f"data, {each}", "data")
    assert texts[format] == texts["parquet"]


def test_parts_make_no_difference(reported: Reported, tmp_path: Path) -> None:
    data = Dataset(Config(rows=200_000))
    fastgen.write(data, tmp_path / "whole" / "data")
    fastgen.write(data, tmp_path / "parts" / "data", parts=3)
    whole, parts = (reported(tmp_path / name / "data") for name in ("whole", "parts"))
    assert re.sub(r"(transactions|credit_cards|profiles) ([\d,]+) 3 ", r"\1 \2 1 ", parts) == whole


def test_parts_that_are_not_there_are_said(reported: Reported, tmp_path: Path) -> None:
    fastgen.write(Dataset(Config(rows=200_000)), tmp_path / "data", parts=3, part=2)
    assert "Only some parts of the dataset are present: 2." in reported(tmp_path / "data")


@pytest.mark.parametrize(("label", "rows"), [(0, "No row"), (1, "Every row")])
def test_rows_of_one_label(reported: Reported, small: Dataset, tmp_path: Path, label: int, rows: str) -> None:
    plain(small.transactions()).with_columns(fraud_label=pl.lit(label, pl.Int8)).write_parquet(tmp_path / "data.parquet")
    assert f"{rows} is labelled as fraud, so there is nothing to find." in reported(tmp_path / "data.parquet")


def test_a_few_hours(reported: Reported, tmp_path: Path) -> None:
    fastgen.write(Config(rows=500, end="2022-01-01 06:00:00", atm={"cards": 0}), tmp_path / "data.csv")
    assert "transactions 500 in all" in reported(tmp_path / "data.csv")


@pytest.mark.parametrize("format", FORMATS)
def test_a_name_that_is_not_utf_8(reported: Reported, small: Dataset, tmp_path: Path, format: Any) -> None:
    folder = tmp_path / os.fsdecode(b"nu\xff")
    fastgen.write(small, folder, format=format)
    assert f"nu\ufffd, {format}" in reported(folder)


def test_files_that_are_not_looked_at_are_said(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data")
    assert "not looked at" not in reported(tmp_path / "data")
    (tmp_path / "data" / "transactions-old.csv").touch()
    assert "transactions-old.csv is not named in the manifest, and was not looked at." in reported(tmp_path / "data")


def test_transactions_alone(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "payments.ndjson.gz")
    text = reported(tmp_path / "payments.ndjson.gz")
    assert "No manifest says how the data were made" in text
    assert "Missing: credit_cards and profiles; without profiles the holders' ages are unknown." in text
    assert "as the default configuration would have it" in text
    assert "Holders are" not in text


@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
def test_a_card_table_without_card_numbers(reported: Reported, small: Dataset, tmp_path: Path, table: str) -> None:
    fastgen.write(small, tmp_path / "data", format="csv")
    path = tmp_path / "data" / f"{table}.csv"
    pl.read_csv(path, infer_schema=False).drop("cc_num").write_csv(path)
    assert "these are not the data" not in reported(tmp_path / "data")


def test_holders_without_a_birthdate(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data", format="csv")
    path = tmp_path / "data" / "profiles.csv"
    frame = pl.read_csv(path, infer_schema=False)
    frame.with_columns(pl.when(pl.int_range(pl.len()) >= 5).then(pl.col("birthdate")).alias("birthdate")).write_csv(path)
    text = reported(tmp_path / "data")
    assert "Left out of the holders' ages: 5 rows of profiles without a card or a birthdate." in text
    assert "these are not the data" not in text


def test_a_directory_without_a_manifest(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data", format="csv")
    (tmp_path / "data" / "manifest.json").unlink()
    text = reported(tmp_path / "data")
    assert "No manifest says how the data were made" in text
    assert "Holders are" in text
    assert "Holders by age in whole years on 1 January 2022." in text  # the day of the first row


def test_a_file_that_says_how_it_was_made(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "transactions.parquet")
    text = reported(tmp_path / "transactions.parquet")
    assert "No manifest says how the data were made" not in text
    assert small.fingerprint in text


def test_without_labels(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    names = [name for name in small.columns() if name != "fraud_label"]
    fastgen.write(small, tmp_path / "payments.csv", columns=names)
    text = reported(tmp_path / "payments.csv")
    assert text.startswith("4,000 card transactions, without labels")
    assert "Rows have no labels, so there is nothing to find." in text


def test_rows_in_any_order_make_the_same_findings(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    frame = plain(small.transactions())
    frame.write_parquet(tmp_path / "transactions.parquet")
    sorted_ = reported(tmp_path / "transactions.parquet")
    frame.sample(fraction=1, shuffle=True, seed=1).write_parquet(tmp_path / "transactions.parquet")
    shuffled = reported(tmp_path / "transactions.parquet")
    assert "Rows are not in order of time; they were sorted" in shuffled
    for chapter in ("How hard is it? The best single rule", "Places 161 places", "Cards and holders A card"):
        # Only the beginning: which rows are shown as examples depends on the order.
        excerpt = sorted_[sorted_.index(chapter) :][:200]
        assert excerpt in shuffled


def test_rows_that_are_too_many_to_sort(
    reported: Reported, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "SORTED_IN_MEMORY", 1_000)
    plain(small.transactions()).reverse().write_parquet(tmp_path / "transactions.parquet")
    text = reported(tmp_path / "transactions.parquet")
    assert "too many to sort: no row is compared with the last one of its card" in text
    assert "since the card's last row" not in text
    assert "“country is not US”" in text


def test_values_that_are_missing(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    frame = plain(small.transactions()).with_row_index()
    holes = frame.with_columns(amount=pl.when(pl.col("index") >= 10).then("amount")).drop("index")
    holes.write_csv(tmp_path / "payments.csv")
    assert "Left out of everything below: 10 rows in which values are missing" in reported(tmp_path / "payments.csv")


ODD = {
    "amount": (1e300, -1e300, 1e18, -5.0, 5e-324),
    "latitude": (1e300, -1e300, 91.0, -91.0),
    "longitude": (1e300, -1e300, 181.0, -181.0),
    "datetime": (datetime(1, 1, 1), datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59, 59)),
    "fraud_label": (-1, 127),
}
"""Values that are impossible in such data but can still be counted."""


@pytest.mark.parametrize(("column", "value"), [(column, value) for column, values in ODD.items() for value in values])
@pytest.mark.parametrize("rows", ["frauds", "all"])
def test_odd_values_are_reported_on(
    reported: Reported, small: Dataset, tmp_path: Path, column: str, value: object, rows: str
) -> None:
    """They are counted like any other rows."""
    frame = plain(small.transactions())
    odd = pl.when((pl.col("fraud_label") == 1) | (rows == "all")).then(pl.lit(value, frame.schema[column])).otherwise(column)
    frame.with_columns(odd.alias(column)).write_parquet(tmp_path / "payments.parquet")
    text = reported(tmp_path / "payments.parquet")
    assert text.startswith("4,000 card transactions")
    assert "Left out" not in text


@pytest.mark.parametrize("column", ["amount", "latitude", "longitude"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_numbers_that_are_none_are_left_out(
    reported: Reported, small: Dataset, tmp_path: Path, column: str, value: float | None
) -> None:
    frame = plain(small.transactions())
    some = pl.when(pl.int_range(pl.len()) < 10).then(pl.lit(value, pl.Float64)).otherwise(column)
    frame.with_columns(some.alias(column)).write_parquet(tmp_path / "payments.parquet")
    assert "Left out of everything below: 10 rows in which values are missing" in reported(tmp_path / "payments.parquet")
    frame.with_columns(pl.lit(value, pl.Float64).alias(column)).write_parquet(tmp_path / "payments.parquet")
    with pytest.raises(InputError, match="has no rows of transactions to report on"):
        reported(tmp_path / "payments.parquet")


def test_a_manifest_that_tells_of_other_rows(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data")
    file = tmp_path / "data" / "transactions.parquet"
    pl.read_parquet(file).head(3_000).write_parquet(file)
    text = reported(tmp_path / "data")
    assert "The manifest gives 4000 rows of transactions, but there are 3000: these are not the data that were written." in text


def test_amounts_that_are_not_those_of_the_configuration(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data")
    file = tmp_path / "data" / "transactions.parquet"
    grown = pl.when(pl.col("category") == "Grocery").then(pl.col("amount") * 1.3).otherwise("amount")
    pl.read_parquet(file).with_columns(amount=grown).write_parquet(file)
    text = reported(tmp_path / "data")
    assert "Amounts do not follow the configured densities: most of all in Grocery" in text
    assert re.search(r"[1-9]\d* of [\d,]+ ordinary payments lie outside the prices", text)


def test_an_amount_outside_the_prices(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    frame = plain(small.transactions()).with_row_index()
    chosen = frame.filter(pl.col("category") == "Grocery", pl.col("fraud_label") == 0)["index"][0]
    frame = frame.with_columns(amount=pl.when(pl.col("index") == chosen).then(29_999.0).otherwise("amount")).drop("index")
    frame.write_parquet(tmp_path / "payments.parquet")
    assert re.search(
        r"1 of [\d,]+ ordinary payments lies outside the prices of the category", reported(tmp_path / "payments.parquet")
    )


def test_a_fraud_without_a_row_before_it(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    """There is no time since the card's last row to show of frauds."""
    frame = plain(small.transactions()).with_columns(fraud_label=(pl.int_range(pl.len()) == 0).cast(pl.Int8))
    frame.write_parquet(tmp_path / "payments.parquet")
    text = reported(tmp_path / "payments.parquet")
    assert "How hard is it? The best single rule" in text
    assert "Time since the card's last row: median" not in text


def test_categories_that_are_not_those_of_the_configuration(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    frame = plain(small.transactions()).with_columns(category=pl.lit("x") + pl.col("category"))
    frame.write_parquet(tmp_path / "payments.parquet")
    text = reported(tmp_path / "payments.parquet")
    assert "No category is in the configuration" in text
    assert "There are no withdrawals." in text


def test_another_country(reported: Reported, small: Dataset, tmp_path: Path) -> None:
    """There is no map of the United States."""
    frame = plain(small.transactions()).with_columns(country=pl.col("country").replace({"US": "FR"}))
    frame.write_parquet(tmp_path / "payments.parquet")
    text = reported(tmp_path / "payments.parquet")
    assert "outside FR" in text
    assert "places in the US" not in text


def test_texts_are_texts(small: Dataset, tmp_path: Path) -> None:
    """Texts in the data are never markup."""
    evil = "<script>alert(1)</script>\"'&"
    frame = plain(small.transactions()).with_columns(city=pl.lit(evil), category=pl.lit(evil), country=pl.lit(evil))
    frame.write_parquet(tmp_path / "payments.parquet")
    fastgen.report(tmp_path / "payments.parquet", tmp_path / "page.html")
    assert "<script" not in (tmp_path / "page.html").read_text()


ODD = "\x00\x01\x0b\x1b\ufffe\uffff"
"""Characters that XML 1.0 does not allow."""


@pytest.mark.parametrize("column", ["city", "category", "country"])
def test_characters_that_drawings_cannot_have_are_replaced(small: Dataset, tmp_path: Path, column: str) -> None:
    """In a process of its own, as one of them in a chart ended the whole process."""
    frame = plain(small.transactions())
    texts = frame[column].unique().sort()
    changed = frame.with_columns(pl.col(column).replace(texts, [f"{text[:1]}{ODD}{text[1:]}" for text in texts]))
    changed.write_csv(tmp_path / "payments.csv")
    command = [sys.executable, "-m", "fastgen", "report", tmp_path / "payments.csv", "-o", tmp_path / "page.html", "--quiet"]
    subprocess.run(command, check=True)
    text = (tmp_path / "page.html").read_text()
    assert "\ufffd" * len(ODD) in text
    assert not set(ODD).intersection(text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "payments.csv"]


# What it takes and refuses


def test_what_it_returns(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data")
    seen: list[int] = []
    made = fastgen.report(str(tmp_path / "data"), str(tmp_path / "page.html"), progress=seen.append)
    assert (made.rows, made.frauds) == (4_000, small.plan.frauds)
    assert made.size == (tmp_path / "page.html").stat().st_size
    assert sum(seen) == 8_000 == rows_to_read(tmp_path / "data")


def test_without_a_manifest_nobody_knows_how_many_rows_there_are(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    assert rows_to_read(tmp_path / "data.csv") is None


def test_a_page_that_is_there(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"page\.html exists already"):
        fastgen.report(tmp_path / "data.csv", page)
    assert page.read_text() == "mine"
    fastgen.report(tmp_path / "data.csv", page, overwrite=True)
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["page.pdf", "page.csv", "page.html.gz", "page/", "."])
def test_a_name_for_something_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError) as caught:
        fastgen.report(tmp_path / "none", name)
    assert str(caught.value) == f"output = {name!r}: must be a file that ends with .html: a report is a page"


@pytest.mark.parametrize("name", ["page.htm", "page", "PAGE.HTML"])
def test_names_of_pages(small: Dataset, tmp_path: Path, name: str) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    fastgen.report(tmp_path / "data.csv", tmp_path / name)
    assert (tmp_path / name).read_text().startswith("<!doctype html>")


def test_nothing_is_left_of_a_run_that_fails(small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    page = tmp_path / "page.html"
    page.write_text("mine")

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fastgen.report(tmp_path / "data.csv", page, overwrite=True, progress=stop)
    assert page.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv", "page.html"]


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("no rows", pl.DataFrame.clear, "has no rows of transactions to report on"),
        ("no column", lambda frame: frame.drop("city"), "its transactions have no column city; a report needs datetime, cc_num,"),
    ],
)
def test_transactions_that_cannot_be_reported_on(small: Dataset, tmp_path: Path, name: str, edit: Edit, message: str) -> None:
    edit(plain(small.transactions())).write_parquet(tmp_path / "transactions.parquet")
    with pytest.raises(InputError, match=message):
        fastgen.report(tmp_path / "transactions.parquet", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_no_transactions(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "profiles.csv", table="profiles")
    with pytest.raises(InputError, match="has no transactions to report on, only profiles"):
        fastgen.report(tmp_path / "profiles.csv", tmp_path / "page.html")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        fastgen.report(tmp_path / "nothing", tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    with pytest.raises(OutputError, match=r"page\.html: cannot be written: there is no directory .*nowhere$"):
        fastgen.report(tmp_path / "data.csv", tmp_path / "nowhere" / "page.html")


def test_without_the_extra(small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "find_spec", lambda name: None if name == "vl_convert" else object())
    with pytest.raises(FastgenError, match=r"vl_convert.*not installed.*extra report"):
        fastgen.report(tmp_path, tmp_path / "page.html")


@pytest.mark.parametrize("files", [12, 16, 20])
def test_too_few_open_files_for_drawing(small: Dataset, tmp_path: Path, files: int) -> None:
    """vl-convert panics, in Python's thread or in one of its own."""
    fastgen.write(small, tmp_path / "data.csv")
    command = f"ulimit -n {files}; exec {sys.executable} -m fastgen report data.csv -o page.html --quiet"
    ended = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert re.findall("^fastgen: .*open files", ended.stderr, re.MULTILINE | re.IGNORECASE)  # threads may print behind it
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_only_panics_are_reported_as_failures_of_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def fail(error: BaseException) -> None:
        def convert(*_: object, **__: object) -> str:
            raise error

        monkeypatch.setattr(drawing.vl_convert, "vegalite_to_svg", convert)
        drawing.converted({}, {})

    for panic in (PanicException("no\nfiles"), ValueError("failed:\noneshot canceled")):
        with pytest.raises(FastgenError, match=r"^charts cannot be drawn: vl-convert failed: .*\(a limit of open files,"):
            fail(panic)
    for other in (ValueError("no such mark"), KeyboardInterrupt()):
        with pytest.raises(type(other)):
            fail(other)


def test_without_docstrings(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    command = [sys.executable, "-OO", "-m", "fastgen", "report", tmp_path / "data.csv", "-o", tmp_path / "page.html"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(r"fastgen: a report cannot be made without docstrings, .*\(leave out -OO .*\)\n", ended.stderr)


# The command


def run(*arguments: object) -> None:
    cli.cli.main(list(map(str, arguments)), prog_name="fastgen", standalone_mode=False)


def test_the_command(small: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fastgen.write(small, tmp_path / "data")
    run("report", tmp_path / "data", "--output", tmp_path / "page.html")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert re.search(
        rf"page\.html shows 4,000 transactions of .*data, {small.plan.frauds} frauds among them: [\d.]+ kB in [\d.]+ s",
        captured.err,
    )
    run("report", tmp_path / "data", "-o", tmp_path / "page.html", "--overwrite", "--quiet")
    assert capfd.readouterr() == ("", "")


def test_to_the_standard_output(small: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fastgen.write(small, tmp_path / "data.csv")
    run("report", tmp_path / "data.csv", "--output", "-", "--quiet")
    captured = capfd.readouterr()
    assert captured.out.startswith("<!doctype html>")
    assert captured.out.endswith("</html>\n")
    assert captured.err == ""


def test_without_the_extra_the_rest_works(tmp_path: Path) -> None:
    """As installed without the extra: none of its packages can be imported."""
    code = "import sys; sys.modules.update(altair=None, vl_convert=None, jinja2=None, markupsafe=None); from fastgen import cli; cli.main()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    made = subprocess.run([*command, "generate", "--rows", "100", "-o", tmp_path / "data"], env=environment, check=False)
    assert made.returncode == 0
    ended = subprocess.run(
        [*command, "report", tmp_path / "data", "-o", tmp_path / "x"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert re.fullmatch(r"fastgen: altair.* is not installed \(.*extra report.*\)\n", ended.stderr)


def test_what_is_shipped() -> None:
    """The template, the style and the outlines are beside the code, as a wheel has them."""
    folder = Path(making.__file__).parent
    assert {"page.html.jinja", "page.css", "outlines.json"} <= {path.name for path in folder.iterdir()}
    outlines = json.loads((folder / "outlines.json").read_text())
    assert "public domain" in outlines["origin"]
    for name in ("world", "home"):
        for [ring] in outlines[name]["coordinates"]:
            assert ring[0] == ring[-1]
            assert all(-180 <= x <= 180 and -60 <= y <= 90 for x, y in ring)


def test_stored_files_are_left_alone(small: Dataset, tmp_path: Path) -> None:
    fastgen.write(small, tmp_path / "data")
    before = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    fastgen.report(tmp_path / "data", tmp_path / "page.html")
    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()} == before
    assert open_stored(tmp_path / "data").description
    shutil.rmtree(tmp_path / "data")
