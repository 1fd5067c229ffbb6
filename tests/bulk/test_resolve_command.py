"""`billpolicy resolve`: files of rows in, files of decisions out, whole or not at all."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from billpolicy import load_policy
from billpolicy.bulk import files
from billpolicy.bulk.csv_cells import read_cells
from tests.helpers.command_line import Ran, billpolicy

POLICY = """
policy: acme
extends: standard
effective: {from: 2026-01-01}
exceptions:
  - id: german-money
    operations: [create_payment]
    when: {account.country: DE, amount: {at_least: 1000.00 EUR}}
    then: {sequence_set: [default]}
    because: FIN-1
"""
TEXT = """\
id,date,account.country,amount,amount.currency,reference_is,account.sequence_set
1,2026-03-01,DE,1000.00,EUR,new,EU
2,2026-03-01,DE,999.99,EUR,,EU
3,2026-03-01,FR,1000.00,EUR,,
4,2026-03-01,Germany,1000.00,EUR,,EU
5,2026-03-01,DE,1000.001,EUR,,EU
6,2025-12-31,DE,1000.00,EUR,,EU
"""
FOUND = [
    ("1", "DEFAULT", "default", "german-money", None),
    ("2", "EU", "account", "create_payment.sequence_set", None),
    ("3", "DEFAULT", "default", "create_payment.sequence_set", None),
    ("4", None, None, None, "row-value-wrong: account.country"),
    ("5", None, None, None, "row-value-wrong: amount"),
    ("6", None, None, None, "policy-not-in-force"),
]
COLUMNS = ("id", "sequence_set", "sequence_set.level", "sequence_set.rule", "refused")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "rows.csv").write_text(TEXT)
    types: Mapping[str, Any] = {"date": pa.date32(), "amount": pa.decimal128(18, 3)}
    read = csv.read_csv(
        "rows.csv",
        convert_options=csv.ConvertOptions(
            strings_can_be_null=True,
            column_types={name: types.get(name, pa.string()) for name in TEXT.split("\n")[0].split(",")},
        ),
    )
    parquet.write_table(read, "rows.parquet")
    return tmp_path


def resolve(data: str, out: str, *more: str) -> Ran:
    asked = ("--policy", "policy.yaml", "--operation", "create_payment", "--keep", "id")
    return billpolicy("resolve", *asked, "--data", data, "--out", out, *more)


def written(name: str) -> list[tuple[Any, ...]]:
    if name.endswith(".csv"):
        texts = csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(COLUMNS, pa.string()))
        table = csv.read_csv(name, convert_options=texts)
    else:
        table = parquet.read_table(name)
    return list(zip(*(table.column(column).to_pylist() for column in COLUMNS), strict=True))


@pytest.mark.parametrize("data", ["rows.csv", "rows.parquet"])
@pytest.mark.parametrize("out", ["decided.csv", "decided.parquet"])
def test_each_row_is_decided_in_its_place(data: str, out: str) -> None:
    ran = resolve(data, out)
    assert ran.code == 1, ran.err
    assert written(out) == FOUND
    assert ran.out.startswith("6 rows: 3 decided, 3 refused\n")
    assert "sequence_set:\n               2  create_payment.sequence_set\n               1  german-money\n" in ran.out
    assert f"{data}: error: row 4: `account.country` of a row: `Germany` is not a country code" in ran.out
    assert ran.out.endswith(f"{out} is written\n")


def test_all_rows_decided_is_no_finding() -> None:
    Path("right.csv").write_text("\n".join(TEXT.splitlines()[:3]))
    assert resolve("right.csv", "decided.csv").code == 0


def test_what_it_comes_to_as_json() -> None:
    result = json.loads(resolve("rows.csv", "decided.csv", "--format", "json").out)
    assert (result["rows"], result["decided"], result["refused"]) == (6, 3, 3)
    assert {one["reasons"]: (one["codes"], one["rows"], one["examples"][0]["row"]) for one in result["refusals"]} == {
        "policy-not-in-force": (["policy-not-in-force"], 1, 6),
        "row-value-wrong: account.country": (["row-value-wrong"], 1, 4),
        "row-value-wrong: amount": (["row-value-wrong"], 1, 5),
    }
    assert result["by_rule"]["sequence_set"] == {"create_payment.sequence_set": 2, "german-money": 1}


def test_several_operations_by_a_column() -> None:
    rows = ("create_payment,2026-03-01,EU", "unapply_payment,2026-03-01,", "create_paymnt,2026-03-01,", ",2026-03-01,")
    Path("mixed.csv").write_text("\n".join(("operation,date,account.sequence_set", *rows)))
    asked = ("--policy", "standard", "--operation", "create_payment", "--operation", "unapply_payment")
    ran = billpolicy(
        "resolve",
        *asked,
        "--data",
        "mixed.csv",
        "--out",
        "out.parquet",
        "--unset",
        "reference_is",
        "--keep",
        "operation",
    )
    assert ran.code == 1, ran.err
    found = parquet.read_table("out.parquet").select(["operation", "sequence_set", "allocation.rule", "refused"])
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("create_payment", "EU", "create_payment.allocation", None),
        ("unapply_payment", None, "unapply_payment.allocation", None),
        ("create_paymnt", None, None, "operation-unknown"),
        (None, None, None, "operation-unknown"),
    ]
    assert ran.out.startswith("4 rows: 2 decided, 2 refused\n1")
    assert "keys by base rules alone: `" in ran.out.splitlines()[1]
    said = "2 rows, first in row 3: `operation` of a row: `create_paymnt` is none of those asked for"
    assert f"mixed.csv: error: {said} [operation-unknown]\n    hint: did you mean `create_payment`?" in ran.out
    assert "error: row 4: `operation` of a row: there is none [operation-unknown]" in ran.out


@pytest.mark.parametrize(
    ("data", "out", "said"),
    [
        ("rows.csv", "rows.csv", "this is the data; a table of decisions would destroy it [file-in-use]"),
        ("rows.csv", "policy.yaml", "does not say that it is Parquet or CSV [file-kind]"),
        ("rows.csv", "there.csv", "this file is there already, and a table of decisions replaces none [file-foreign]"),
        ("rows.txt", "out.csv", "does not say that it is Parquet or CSV [file-kind]"),
        ("nowhere.csv", "out.csv", "there is no such file [file-missing]"),
        ("nowhere.parquet", "out.csv", "there is no such file [file-missing]"),
        ("no.parquet", "out.csv", "this file cannot be read: Parquet"),
        ("short.csv", "out.csv", "row 7 has 2 cells, and there are 7 columns [file-unreadable]"),
        ("latin.csv", "out.csv", "the column `account.country` has a text that is not in UTF-8 [file-unreadable]"),
        ("column.csv", "out.csv", "did you mean `account.country`"),
        ("column.csv", "out.csv", "column.csv: error: `create_payment` has no field"),
        ("semicolons.csv", "out.csv", "the columns of this file are separated by `;`, and not by commas"),
        ("tabs.csv", "out.csv", "the columns of this file are separated by tabs, and not by commas"),
        ("twice.csv", "out.csv", "there are several columns `id`, one of which is to be kept [row-column-twice]"),
        ("names.csv", "out.csv", "the names of the columns are not in UTF-8 [file-unreadable]"),
    ],
)
def test_what_cannot_be_done_leaves_everything_as_it_was(
    data: str, out: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BLOCK", 1000)
    Path("there.csv").write_text("a,b\n")
    Path("no.parquet").write_text("id,date")
    Path("latin.csv").write_bytes(TEXT.replace("FR", "Österreich").encode("latin-1"))
    Path("short.csv").write_text(TEXT + "7,2026-03-01\n")
    Path("semicolons.csv").write_text(TEXT.replace(",", ";"))
    Path("tabs.csv").write_text(TEXT.replace(",", "\t").replace("999.99", "999,99"))
    Path("column.csv").write_text(TEXT.replace("account.country", "acount.country"))
    Path("twice.csv").write_text(TEXT.replace("\n", ",1\n").replace("sequence_set,1", "sequence_set,id"))
    Path("names.csv").write_bytes(TEXT.replace("reference_is", "é").encode("latin-1"))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    ran = resolve(data, out)
    assert ran.code == 1, ran.out
    assert said in ran.out + ran.err
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_cell_that_cannot_be_read_refuses_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_BLOCK", 1000)  # so that some are in a later batch
    monkeypatch.setattr("billpolicy.bulk.tables._LEAST_ROWS", 10)
    fine = "0,2026-03-01,DE, 999.99 ,EUR,,EU"
    wrong = [
        (fine.replace(" 999.99 ", '"1,000.00"'), "amount", "`1,000.00` is not an amount", "a point for decimals"),
        (fine.replace(" 999.99 ", '"999,99"'), "amount", "`999,99` is not an amount", "a point for decimals"),
        (fine.replace(" 999.99 ", "12.34.56"), "amount", "`12.34.56` is not an amount", "a point for decimals"),
        (fine.replace("2026-03-01", "03.03.2026"), "date", "`03.03.2026` is not a day", "like `2026-03-03`, not"),
        (fine.replace("2026-03-01", "2026-02-30"), "date", "`2026-02-30` is not a day", "like `2026-03-03`, not"),
    ]
    rows = [*[fine] * 50, *(each[0] for each in wrong), *[fine] * 50]
    Path("cells.csv").write_text("\n".join((TEXT.splitlines()[0], *rows)))
    ran = resolve("cells.csv", "out.csv", "--format", "json")
    assert ran.code == 1, ran.err
    found = [row[-1] for row in written("out.csv")]
    assert found == [None] * 50 + [f"row-value-wrong: {each[1]}" for each in wrong] + [None] * 50
    examples = [example for one in json.loads(ran.out)["refusals"] for example in one["examples"]]
    assert sorted((one["row"], one["because"][0]) for one in examples) == [
        (place, f"`{name}` of a row: {said}") for place, (_, name, said, _) in enumerate(wrong, 51)
    ]
    told = resolve("cells.csv", "again.csv").out
    for _, _, _, hint in wrong:
        assert hint in told


@pytest.mark.parametrize(
    ("type_", "texts", "values"),
    [
        (pa.bool_(), ["true", "false", "TRUE", "1", None], [True, False, None, None, None]),
        (pa.int64(), ["30", " 30", "30.0", "thirty", "9" * 30], [30, 30, None, None, None]),
        (pa.decimal128(38, 6), ["1.5", "0.0000001", "1 000", "-2"], [Decimal("1.5"), None, None, Decimal(-2)]),
    ],
)
def test_what_cells_are(type_: pa.DataType, texts: list[str | None], values: list[Any]) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(texts, pa.string())], ["a"])
    read, unread = read_cells(batch, pa.schema([("a", type_)]))
    assert read.column("a").to_pylist() == values
    assert unread["a"].wrong.tolist() == [
        text is not None and value is None for text, value in zip(texts, values, strict=True)
    ]


def test_a_key_that_one_exception_decides_in_each_row_is_told() -> None:
    Path("one.csv").write_text("\n".join(TEXT.splitlines()[:2]))
    ran = resolve("one.csv", "out.csv")
    assert ran.out.startswith("1 row: 1 decided, 0 refused\nsequence_set:\n               1  german-money\n")
    (policy,) = load_policy("policy.yaml").policies
    keys = [key for operation, key in policy.base if operation == "create_payment"]
    assert f"\n{len(keys) - 1} keys by base rules alone: " in ran.out


def test_each_option_names_one_column_that_is_not_there() -> None:
    ran = resolve("rows.csv", "out.csv", "--unset", "amount", "--keep", "amount,date")
    assert "rows.csv: error: `amount` is said to be unset in every row, and there is a column of that name" in ran.err
    Path("rows.csv").write_text("\n".join(line.rpartition(",")[0].rpartition(",")[0] for line in TEXT.splitlines()))
    ran = resolve(
        "rows.csv", "out.csv", "--unset", "reference_is", "--unset", "account.sequence_set", "--keep", "id,date"
    )
    assert "name each column by itself: `--keep id --keep date`" in ran.err


def test_without_arrow_one_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")

    monkeypatch.setattr("billpolicy.__getattr__", missing)
    monkeypatch.delattr("billpolicy.table_kind", raising=False)
    ran = resolve("rows.csv", "decided.csv")
    assert ran.code == 2
    assert "what reads and writes such tables is not installed: pip install 'billpolicy[bulk]'" in ran.err


def test_batches_of_any_size_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(str(number), Decimal(number), datetime.date(2026, 3, 1)) for number in range(5000)]
    names, values = ["id", "amount", "date"], list(zip(*rows, strict=True))
    table = pa.table([pa.array(values[0]), pa.array(values[1], pa.decimal128(18, 2)), pa.array(values[2])], names)
    for name, text in (("account.country", "DE"), ("amount.currency", "EUR"), ("account.sequence_set", "EU")):
        table = table.append_column(name, pa.array([text] * len(rows)))
    parquet.write_table(table, "many.parquet", row_group_size=700)
    for most, least in ((1 << 19, 1 << 16), (300, 100)):
        monkeypatch.setattr(files, "MOST_ROWS", most)
        monkeypatch.setattr("billpolicy.bulk.tables.MOST_ROWS", most)
        monkeypatch.setattr("billpolicy.bulk.tables._LEAST_ROWS", least)
        assert resolve("many.parquet", f"many-{most}.parquet", "--unset", "reference_is").code == 0
    one, other = (parquet.read_table(f"many-{most}.parquet").to_pylist() for most in (1 << 19, 300))
    assert one == other
    assert [row["sequence_set"] for row in one] == ["EU"] * 1000 + ["DEFAULT"] * 4000


def test_a_csv_file_that_is_written_runs_nothing_in_a_spreadsheet() -> None:
    """Ids that are kept, and what levels hold: plain, behind a space, by a sign of full width, and beside what nobody
    sees. In Parquet they stand as they are."""
    ids = ["=1+1", " @x", "\uff1d1", "-5", "a\u200bb", "ok=1", None]
    read = parquet.read_table("rows.parquet").slice(1, 1)
    rows = pa.concat_tables([read] * len(ids)).set_column(0, "id", pa.array(ids, pa.string()))
    rows = rows.set_column(
        rows.schema.names.index("account.sequence_set"), "account.sequence_set", pa.array(["+EU"] * 7)
    )
    parquet.write_table(rows, "odd.parquet")
    assert resolve("odd.parquet", "out.csv").code == 0
    shown = [line.split(",")[0].strip('"') for line in Path("out.csv").read_text().splitlines()[1:]]
    assert shown == ["'=1+1", "' @x", "'\uff1d1", "'-5", "a\\u200bb", "ok=1", ""]
    assert Path("out.csv").read_text().count("'+EU") == len(ids)
    assert resolve("odd.parquet", "out.parquet").code == 0
    kept = parquet.read_table("out.parquet")
    assert kept.column("id").to_pylist() == ids
    assert set(kept.column("sequence_set").to_pylist()) == {"+EU"}


def test_the_columns_can_be_asked_for_alone() -> None:
    asked = ("resolve", "--policy", "policy.yaml", "--operation", "create_payment")
    ran = billpolicy(*asked, "--columns", "--format", "json")
    columns = json.loads(ran.out)["columns"]["create_payment"]
    assert {column["name"] for column in columns} <= set(TEXT.split("\n")[0].split(","))
    assert columns[0] == {"name": "date", "type": "date", "because": "by which the rules in force are chosen"}
    ran = billpolicy(*asked)
    assert ran.code == 2
    assert "say which rows, --data FILE, and where decisions go, --out FILE; or ask for --columns" in ran.err
