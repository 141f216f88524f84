"""What can be validated: files of any format, parts, single files, tables of other programs, and hostile data."""

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastgen
from fastgen import Config, ConfigError, Dataset, FastgenError, InputError, OptionError, ValidationReport, validate, verify, write
from fastgen.finding import open_stored
from fastgen.validation.report import Check

from .frames import Frames, cash, judge, made, names, ordinary, save

SMALL = Config(rows=6_000, seed=3, fraud={"ratio": 0.05})


def comparable(report: ValidationReport) -> list[Check]:
    return [check for check in report.checks if check.verdict != "skipped"]


@pytest.fixture(scope="module")
def expected() -> list[Check]:
    """The checks of the dataset itself."""
    report = validate(Dataset(SMALL))
    assert report.passed
    assert (report.source, report.configuration, report.rows) == ("a dataset", "of the data", 6_000)
    return comparable(report)


@pytest.mark.parametrize(("format", "compression"), [("csv", "gzip"), ("ndjson", "zstd"), ("parquet", "zstd"), ("ipc", "lz4")])
def test_files_are_judged_as_the_dataset_is(tmp_path: Path, expected: list[Check], format: Any, compression: str) -> None:
    write(Dataset(SMALL), tmp_path, format=format, compression=compression)
    report = validate(tmp_path)
    assert comparable(report) == expected
    assert (report.source, report.configuration) == (str(tmp_path), "of the data")
    assert comparable(validate(open_stored(tmp_path))) == expected


def test_parts_are_judged_as_the_dataset_is(tmp_path: Path) -> None:
    data = Dataset(Config(rows=150_000, cards=2_000))
    write(data, tmp_path / "whole")
    write(data, tmp_path / "parts", parts=3)
    assert comparable(validate(tmp_path / "parts")) == comparable(validate(tmp_path / "whole"))


def test_some_parts_are_too_few(tmp_path: Path) -> None:
    data = Dataset(Config(rows=150_000, cards=2_000))
    for part in (1, 2):
        write(data, tmp_path, parts=3, part=part)
    message = "only 2 of 3 parts are there, and the statistics of a part are not those that are configured (verify compares parts)"
    with pytest.raises(InputError) as caught:
        validate(tmp_path)
    assert str(caught.value) == f"{tmp_path}: {message}"
    with pytest.raises(InputError, match="only 1 of 3 parts is there"):
        validate(tmp_path / "transactions" / "part-00002-of-00003.parquet")
    write(data, tmp_path, parts=3)
    (tmp_path / "manifest.json").unlink()
    assert validate(tmp_path).passed


def test_a_part_that_the_manifest_names_must_be_there(tmp_path: Path) -> None:
    data = Dataset(Config(rows=150_000, cards=2_000))
    write(data, tmp_path, parts=3)
    part = "transactions/part-00002-of-00003.parquet"
    (tmp_path / part).unlink()
    message = f"{part}, which the manifest names, is not there, and the statistics of a part are not those that are configured"
    with pytest.raises(InputError) as caught:
        validate(tmp_path)
    assert str(caught.value) == f"{tmp_path}: {message} (verify compares parts)"


def test_a_table_that_the_manifest_names_is_missed(tmp_path: Path) -> None:
    """The others are judged, also in another format than the manifest's."""
    data = Dataset(Config(rows=5_000))
    write(data, tmp_path)
    (tmp_path / "profiles.parquet").unlink()
    assert "profiles.parquet, which the manifest names, is not there" in validate(tmp_path).notes
    (tmp_path / "transactions.parquet").unlink()
    write(data, tmp_path / "transactions.csv")
    report = validate(tmp_path)
    assert report.passed
    assert sum("is not there" in note for note in report.notes) == 1


def test_no_manifest_means_the_default(tmp_path: Path) -> None:
    save(tmp_path, made(SMALL))
    assert validate(tmp_path).configuration == "the default"
    assert "counts: rows" in names(validate(tmp_path))
    report = validate(tmp_path, SMALL)
    assert (report.passed, report.configuration) == (True, "given")


@pytest.mark.parametrize("size", [{"rows": 6_000}, {"scale": 0.05}])
@pytest.mark.parametrize("lacking", ["tid", "datetime", "cc_num", "category", "amount", "latitude", "longitude", "city", "country"])
def test_what_depends_on_missing_columns_is_skipped(tmp_path: Path, size: dict[str, Any], lacking: str) -> None:
    """Without birthdates, counts depend on the cards that withdraw cash."""
    config = Config(**size)
    Dataset(config).transactions().drop(lacking).write_parquet(tmp_path / "transactions.parquet")
    assert names(validate(tmp_path / "transactions.parquet", config)) == {"tables: columns of transactions"}


def test_a_given_configuration_takes_the_manifests_place(tmp_path: Path) -> None:
    write(Dataset(SMALL), tmp_path)
    report = validate(tmp_path, Config(rows=7_000))
    assert report.configuration == "given"
    assert {"counts: rows", "counts: payments"} <= names(report)


def test_the_seed_does_not_matter(tmp_path: Path) -> None:
    write(Dataset(SMALL), tmp_path)
    assert validate(tmp_path, SMALL.model_copy(update={"seed": 99})).passed


@pytest.mark.parametrize("words", ["x", {"digest": 3}, {"digest": "0" * 64, "faker": None}])
def test_word_lists_that_are_told_in_another_way(tmp_path: Path, words: object) -> None:
    write(Dataset(SMALL), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vocabularies": words}))
    [note] = validate(tmp_path).notes
    assert note.endswith("the data have those of another one")
    with pytest.raises(InputError, match=r"was made with the word lists of another Faker, which are not those of Faker [0-9.]+$"):
        verify(tmp_path)


def test_other_word_lists_are_said(tmp_path: Path) -> None:
    write(Dataset(SMALL), tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"faker": "', '"faker": "1.2.3+').replace('"digest": "', '"digest": "0', 1))
    [note] = validate(tmp_path).notes
    assert note.startswith("names and places are judged by the lists of Faker")
    assert "1.2.3+" in note


def test_files_that_are_not_looked_at_are_said(tmp_path: Path) -> None:
    write(Dataset(SMALL), tmp_path)
    (tmp_path / "transactions-old.csv").touch()
    [note] = validate(tmp_path).notes
    assert note == "transactions-old.csv is not named in the manifest, and was not looked at"


# Some of the tables


def test_transactions_alone(tmp_path: Path) -> None:
    write(Dataset(SMALL), tmp_path / "rows.csv")
    report = validate(tmp_path / "rows.csv", SMALL)
    assert report.passed
    assert report.notes == ("there are no birthdates: the cards that withdraw cash are taken to be all that can",)
    assert "withdrawals: steps" in names(report, "passed")
    assert {"cards: card numbers", "holders: birthdates", "cash cards: ages"} <= names(report, "skipped")
    assert "rows: cards known" not in names(report, "passed") | names(report, "skipped")
    assert {check.note for check in report.checks if check.group == "cards"} == {"there is no table credit_cards"}


def test_transactions_alone_with_many_payments_a_card(tmp_path: Path) -> None:
    """No table of cards is needed if there are enough payments per card."""
    config = Config(rows=6_000, cards=200)
    write(Dataset(config), tmp_path / "rows.parquet")
    assert "payments: cards" in names(validate(tmp_path / "rows.parquet", config), "passed")
    few = pl.read_parquet(tmp_path / "rows.parquet").with_columns(
        cc_num=pl.when(ordinary).then(pl.col("cc_num").first()).otherwise("cc_num")
    )
    few.write_parquet(tmp_path / "few.parquet")
    assert "payments: cards" in names(validate(tmp_path / "few.parquet", config))


@pytest.mark.parametrize("table", ["credit_cards", "profiles"])
def test_a_table_of_cards_alone(tmp_path: Path, table: Any) -> None:
    write(Dataset(SMALL), tmp_path / f"{table}.ndjson", table=table)
    report = validate(tmp_path / f"{table}.ndjson", SMALL)
    assert report.passed
    assert report.rows == 0
    assert "cards: unique" in names(report, "passed")
    assert "rows: tid" in names(report, "skipped")


@pytest.mark.parametrize(
    "column", ["tid", "datetime", "cc_num", "category", "amount", "latitude", "city", "country", "fraud_label"]
)
def test_a_column_is_missing(tmp_path: Path, column: str) -> None:
    """What can be judged is judged."""
    frames = made(SMALL)
    report = judge(tmp_path, {**frames, "transactions": frames["transactions"].drop(column)}, SMALL)
    assert names(report) == {"tables: columns of transactions"}
    assert {check.note for check in report.checks if check.verdict == "skipped"} >= {f"transactions has no {column}"}


@pytest.mark.parametrize(
    ("table", "column"), [("credit_cards", "cc_num"), ("profiles", "cc_num"), ("profiles", "birthdate"), ("profiles", "name")]
)
def test_a_column_of_cards_is_missing(tmp_path: Path, table: str, column: str) -> None:
    frames = made(SMALL)
    report = judge(tmp_path, {**frames, table: frames[table].drop(column)}, SMALL)
    assert names(report) == {f"tables: columns of {table}"}


# Hostile data


def hostile(**columns: Any) -> pl.DataFrame:
    """Transactions with changed columns."""
    return made(SMALL)["transactions"].with_columns(**columns)


EVERY_SECOND = pl.int_range(pl.len()) % 2 == 0
HOSTILE: dict[str, pl.DataFrame] = {
    "no rows": hostile().head(0),
    "one row": hostile().head(1),
    "no amounts": hostile(amount=pl.lit(math.nan)),
    "endless amounts": hostile(amount=pl.lit(math.inf)),
    "negative amounts": hostile(amount=-pl.col("amount")),
    "huge amounts": hostile(amount=pl.col("amount") * 1e12),
    "all of them withdrawals": hostile(category=pl.lit("Cash Withdrawal")),
    "none of them withdrawals": hostile(category=pl.lit("Grocery")),
    "all of them fraud": hostile(fraud_label=pl.lit(1, pl.Int8)),
    "labels without sense": hostile(fraud_label=pl.lit(-7, pl.Int8)),
    "one time": hostile(datetime=pl.lit(datetime(2022, 1, 5))),
    "far times": hostile(datetime=pl.when(EVERY_SECOND).then(pl.datetime(9_999, 12, 31)).otherwise(pl.datetime(1, 1, 1))),
    "one card": hostile(cc_num=pl.col("cc_num").first()),
    "no card numbers": hostile(cc_num=pl.format("card {}", pl.int_range(pl.len()))),
    "no places": hostile(latitude=pl.lit(1e300), longitude=pl.lit(-math.inf), city=pl.lit(""), country=pl.lit("")),
    "nothing but nulls": hostile(**{name: pl.lit(None, kind) for name, kind in made(SMALL)["transactions"].schema.items()}),
    "short tids": hostile(tid=pl.lit("x")),
    "backwards": hostile().reverse(),
    "twice": pl.concat([hostile(), hostile()]),
    "withdrawals each second": hostile(
        category=pl.lit("Cash Withdrawal"), city=pl.lit("Norco"), fraud_label=pl.lit(0, pl.Int8), cc_num=pl.col("cc_num").first(),
        datetime=pl.lit(datetime(2022, 1, 1)) + pl.duration(hours=pl.int_range(pl.len()) % 190),
    ),
    "attacks each second": hostile(
        category=pl.lit("Grocery"), fraud_label=pl.lit(1, pl.Int8), cc_num=pl.col("cc_num").first(),
        datetime=pl.lit(datetime(2022, 1, 1)) + pl.duration(seconds=pl.int_range(pl.len())),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rows_fail_in_good_order(tmp_path: Path, name: str) -> None:
    report = judge(tmp_path, {**made(SMALL), "transactions": HOSTILE[name]}, SMALL)
    assert not report.passed
    assert report.rows == HOSTILE[name].height
    assert report.as_dict()["checks"]


@pytest.mark.parametrize("seed", range(12))
def test_any_mixture_of_rows_is_judged(tmp_path: Path, seed: int) -> None:
    """Columns of good and of hostile rows, combined at random."""
    random = np.random.default_rng(seed)
    good = made(SMALL)["transactions"]
    others = [frame for frame in HOSTILE.values() if frame.height == good.height]
    columns = [
        others[random.integers(len(others))][name].shuffle(seed) if random.random() < 0.4 else good[name] for name in good.columns
    ]
    mixed = pl.DataFrame([pl.Series(name, column) for name, column in zip(good.columns, columns, strict=True)])
    chosen = pl.Series(random.random(good.height) < 0.5)
    some = mixed.select(pl.when(chosen).then(pl.col(name)).otherwise(good[name]).alias(name) for name in good.columns)
    assert judge(tmp_path, {**made(SMALL), "transactions": some}, SMALL).checks


def hostile_cards(frames: Frames) -> dict[str, Frames]:
    cards, holders = frames["credit_cards"], frames["profiles"]
    return {
        "no cards": {"credit_cards": cards.head(0), "profiles": holders.head(0)},
        "one card": {"credit_cards": cards.with_columns(pl.col("cc_num").first())},
        "no numbers": {"credit_cards": cards.with_columns(cc_num=pl.lit("?"))},
        "letters": {"credit_cards": cards.with_columns(cc_num=pl.lit("4abcdefabcdefabc"))},
        "expired": {"credit_cards": cards.with_columns(expires=pl.lit("00/00"))},
        "no names": {"profiles": holders.with_columns(name=pl.lit(""), mail=pl.lit(""), sex=pl.lit(""))},
        "one name": {"profiles": holders.with_columns(name=pl.lit("Cher"), mail=pl.lit("@"))},
        "unborn": {"profiles": holders.with_columns(birthdate=pl.date(9_999, 1, 1))},
        "old": {"profiles": holders.with_columns(birthdate=pl.date(1, 1, 1))},
        "nulls": {"profiles": holders.with_columns(pl.lit(None, pl.String).alias("name"), pl.lit(None, pl.String).alias("cc_num"))},
    }


@pytest.mark.parametrize("name", hostile_cards(made(SMALL)))
def test_hostile_cards_fail_in_good_order(tmp_path: Path, name: str) -> None:
    report = judge(tmp_path, {**made(SMALL), **hostile_cards(made(SMALL))[name]}, SMALL)
    assert not report.passed


def test_rows_in_any_order_tell_the_same_stories(tmp_path: Path) -> None:
    frames = made(SMALL)
    report = judge(tmp_path, {**frames, "transactions": frames["transactions"].sample(fraction=1.0, shuffle=True, seed=1)}, SMALL)
    assert names(report) == {"rows: order"}


def test_what_cannot_be_hashed_is_said(tmp_path: Path) -> None:
    frames = made(SMALL)
    half = frames["transactions"].with_columns(amount=pl.when(cash).then(pl.col("amount") + 0.001).otherwise("amount"))
    report = judge(tmp_path, {**frames, "transactions": half}, SMALL)
    [tid] = [check for check in report.checks if check.name == "tid"]
    number = half.filter(cash).height
    assert (tid.verdict, tid.of) == ("passed", half.height - number)
    assert tid.note == f"{number:,} of the rows could not be hashed, as their time, card or amount is not of the usual form"
    large = frames["transactions"].with_columns(amount=pl.when(pl.int_range(pl.len()) < 3).then(100_000.0).otherwise("amount"))
    report = judge(tmp_path, {**frames, "transactions": large}, SMALL)
    [tid] = [check for check in report.checks if check.name == "tid"]
    assert (tid.verdict, tid.of) == ("passed", large.height - 3)


# What is not allowed


@pytest.mark.parametrize("alpha", [0, 1, -0.1, math.nan, "0.05", None, True])
def test_alpha_is_a_probability(alpha: Any) -> None:
    with pytest.raises(OptionError, match=r"^alpha = .*: must be a number above 0 and below 1, such as 0\.001$"):
        validate(Dataset(SMALL), alpha=alpha)


@pytest.mark.parametrize("config", [{"rows": 5}, "fastgen.toml"])
def test_a_configuration_is_a_config(config: Any) -> None:
    with pytest.raises(ConfigError, match=r"^data = .*: must be a Dataset or a Config"):
        validate(Dataset(SMALL), config)


def test_what_data_should_be_may_be_a_dataset(tmp_path: Path) -> None:
    write(Dataset(SMALL), tmp_path)
    report = validate(tmp_path, Dataset(SMALL))
    assert (report.passed, report.configuration) == (True, "given")


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_judge_alike(threads: int, expected: list[Check]) -> None:
    assert comparable(validate(Dataset(SMALL), threads=threads)) == expected


def test_no_threads() -> None:
    with pytest.raises(OptionError, match=r"^threads = 0: must be a whole number of at least 1$"):
        validate(Dataset(SMALL), threads=0)


def test_what_is_no_path() -> None:
    with pytest.raises(OptionError, match=r"^source = .*: must be a directory, a file, a Dataset or a Config$"):
        validate(5)  # type: ignore[arg-type]


def test_a_configuration_is_judged_like_its_dataset(expected: list[Check]) -> None:
    assert comparable(validate(SMALL)) == expected


def test_the_verdict_is_that_of_alpha() -> None:
    data = Dataset(Config(seed=4))
    least = min(check.adjusted for check in validate(data).checks if check.adjusted is not None)
    assert 0.001 < least < 1
    assert validate(data, alpha=least * 0.999).passed
    [failed] = validate(data, alpha=least).failed
    assert failed.adjusted == least
    assert failed.example


def test_a_part_is_no_dataset() -> None:
    with pytest.raises(OptionError, match="must be a whole dataset"):
        validate(Dataset(Config(rows=200_000)).part(1, of=2))
    with pytest.raises(OptionError, match=r"^data: must be a whole dataset"):
        validate(Dataset(SMALL), Dataset(Config(rows=200_000)).part(1, of=2))


def test_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        validate(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no transactions"):
        validate(tmp_path)


def test_scipy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastgen.validation.validating, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(FastgenError) as error:
        validate(Dataset(SMALL))
    assert str(error.value) == (
        "scipy, which judging data needs, is not installed (it is in the extra validate: pip install 'fastgen-payments[validate]')"
    )


def test_no_room_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(FastgenError, match=r"^a temporary file: cannot be written: no such file or directory$"):
        validate(Dataset(SMALL))


def test_progress() -> None:
    done: list[int] = []
    validate(Dataset(SMALL), progress=done.append)
    assert sum(done) == 6_000


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    validate(Dataset(SMALL))
    assert list(tmp_path.iterdir()) == []
