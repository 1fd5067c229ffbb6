"""Tables as a book, by a mapping file: what is read, and every mistake at its cell."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billpolicy as api
from billpolicy.book.model import Invoice
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.tables.cells import DAYS, Days, Written, as_books_write, fits_day
from billpolicy.exchange.tables.fields import field_at
from tests.helpers.command_line import billpolicy
from tests.helpers.tools import needs_package

CUSTOMERS = "Customer No;Name;Currency;Terms;Phone\nK1;Müller GmbH;EUR;Net 30;030-1\nK2;Mayer;EUR;;\n"
INVOICES = """\
Invoice No;Customer;Date;Status;Text;Net;VAT
RE-1;K1;31.01.2026;paid;"Hosting; one year";1.000,00;190,00
RE-2;K2;01.02.2026;open;Hosting;250,50;47,60
RE-1;K1;31.01.2026;paid;Domain;10,00;
"""
MAPPING = """\
delimiter: semicolon
decimal: comma
thousands: point
dates: DD.MM.YYYY
tables:
  - file: customers.csv
    record: accounts
    columns: {Customer No: id, Name: name, Currency: currency, Terms: attributes.payment_term}
    ignore: [Phone]
  - file: invoices.csv
    record: invoices
    columns:
      Invoice No: number
      Customer: account
      Date: date
      Status: {field: status, values: {paid: posted, open: posted}}
      Text: items.name
      Net: items.amount
      VAT: items.taxes.amount
    constants: {currency: EUR, items.taxes.name: VAT}
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(CUSTOMERS, INVOICES, MAPPING)


def written(customers: str | bytes = CUSTOMERS, invoices: str | bytes = INVOICES, mapping: str = MAPPING) -> None:
    for name, text in (("customers.csv", customers), ("invoices.csv", invoices), ("mapping.yaml", mapping)):
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())


def read() -> api.Book:
    return api.load_tables(["customers.csv", "invoices.csv"], "mapping.yaml").book


def invoice(book: api.Book, number: str) -> Invoice:
    found = book.numbered[number]
    assert isinstance(found, Invoice)
    return found


def refused() -> list[str]:
    """Place, code and message of each finding."""
    with pytest.raises(Refused) as caught:
        read()
    return [f"{one.position} {one.code}: {one.message}" for one in caught.value.diagnostics]


def only(row: str) -> list[str]:
    """What is refused of one more invoice, on line 5."""
    written(invoices=INVOICES + row + "\n")
    return refused()


# -- what is read --------------------------------------------------------------------------------------------------


def test_rows_of_one_number_are_one_document() -> None:
    book = read()
    first, second = invoice(book, "RE-1"), invoice(book, "RE-2")
    assert book.accounts["K1"].name == "Müller GmbH"
    assert book.accounts["K1"].attributes == {"payment_term": "Net 30"}
    assert book.accounts["K2"].attributes == {}
    assert [(item.id, item.name, item.amount) for item in first.items] == [
        ("1", "Hosting; one year", Decimal("1000.00")),
        ("2", "Domain", Decimal("10.00")),
    ]
    assert [(tax.id, tax.name, tax.amount) for tax in first.items[0].taxes] == [("1", "VAT", Decimal("190.00"))]
    assert first.items[1].taxes == ()
    assert (first.date, first.status, first.amount) == (datetime.date(2026, 1, 31), "posted", Decimal("1200.00"))
    assert second.amount == Decimal("298.10")


def test_a_row_without_a_number_goes_on_with_the_record_above() -> None:
    written(invoices=INVOICES.replace("RE-1;K1;31.01.2026;paid;Domain", ";;;;Domain"))
    book = read()
    assert [len(invoice(book, number).items) for number in ("RE-1", "RE-2")] == [1, 2]


def test_the_file_that_is_written_is_read_as_the_same_book() -> None:
    ran = billpolicy("import-csv", "customers.csv", "invoices.csv", "-m", "mapping.yaml", "--into", "book.yaml")
    assert ran.code == 0, ran.err
    assert api.load_book("book.yaml") == read()


@pytest.mark.parametrize(
    ("encoding", "codec"), [("cp1252", "cp1252"), ("latin-1", "latin-1"), ("utf-16", "utf-16"), ("utf-8", "utf-8-sig")]
)
def test_encodings_are_those_that_the_mapping_names(encoding: str, codec: str) -> None:
    written(CUSTOMERS.encode(codec), INVOICES.encode(codec), f"encoding: {encoding}\n{MAPPING}")
    assert read().accounts["K1"].name == "Müller GmbH"


@pytest.mark.parametrize(("delimiter", "mark"), [("comma", ","), ("tab", "\t"), ("pipe", "|")])
def test_delimiters(delimiter: str, mark: str) -> None:
    def of(text: str) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=mark).writerows(csv.reader(text.splitlines(), delimiter=";"))
        return out.getvalue()

    expected = read()
    written(of(CUSTOMERS), of(INVOICES), MAPPING.replace("semicolon", delimiter))
    assert read() == expected


@given(
    amount=st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    thousands=st.sampled_from([("none", ""), ("point", "."), ("space", "\u00a0"), ("apostrophe", "'")]),
)
def test_a_number_is_read_as_it_was_written(amount: Decimal, thousands: tuple[str, str]) -> None:
    name, mark = thousands
    cell = f"{amount:,f}".replace(",", mark or "_").replace(".", ",") if mark != "." else german(amount)
    cell = cell if mark else cell.replace("_", "")
    found = as_books_write(cell, "amount", Written("comma", name))  # type: ignore[arg-type]
    assert Decimal(found) == amount


def german(amount: Decimal) -> str:
    return f"{amount:,f}".translate(str.maketrans(",.", ".,"))


FORMS: dict[Days, str] = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD-MM-YYYY": "%d-%m-%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYYMMDD": "%Y%m%d",
}


@given(day=st.dates(min_value=datetime.date(1000, 1, 1)))
def test_a_day_is_read_as_it_was_written(day: datetime.date) -> None:
    assert list(FORMS) == list(DAYS)
    for form, pattern in FORMS.items():
        assert as_books_write(day.strftime(pattern), "date", Written(dates=form)) == day.isoformat()


@pytest.mark.parametrize("cell", ["1.00", "1,0,0", "1.00,00", "10.000.00", "1e3", "€ 5", "(5,00)", "-", "٣", "1.000.0"])
def test_what_is_written_otherwise_is_no_number(cell: str) -> None:
    with pytest.raises(ValueError, match="is not a number written with a decimal comma"):
        as_books_write(cell, "amount", Written("comma", "point"))


def test_american_and_british_days_are_not_mixed_up() -> None:
    assert as_books_write("01/02/2026", "date", Written(dates="MM/DD/YYYY")) == "2026-01-02"
    assert as_books_write("01/02/2026", "date", Written(dates="DD/MM/YYYY")) == "2026-02-01"
    assert not fits_day("13/02/2026", "MM/DD/YYYY")


def test_fields_are_those_of_a_book() -> None:
    assert str(field_at("invoices", "items.taxes.amount")) == "items.taxes.amount"
    assert str(field_at("accounts", "custom.segment")) == "custom.segment"
    assert str(field_at("applications", "from")) == "from"
    for path in ("items", "items.", "history.field", "attributes", "attributes.", "amount", "number.x", ""):
        assert field_at("invoices", path) is None


# -- what is wrong with cells --------------------------------------------------------------------------------------


def test_a_cell_that_is_not_as_the_mapping_says() -> None:
    number = "`1,000.00` is not a number written with a decimal comma and a point between thousands"
    assert only("RE-3;K1;31.02.2026;open;X;1,000.00;") == [
        "invoices.csv:5:9 cell-wrong: column `Date`: `31.02.2026` is not a day of the calendar, read as DD.MM.YYYY",
        f"invoices.csv:5:27 cell-wrong: column `Net`: {number}",
    ]


def test_a_place_behind_quotes_is_exact() -> None:
    assert only('RE-3;K1;01.02.2026;open;"X; ""Y""";abc;')[0].startswith("invoices.csv:5:36 cell-wrong")


def test_a_cell_that_is_empty_and_needed() -> None:
    assert only("RE-3;;01.02.2026;open;X;;1,00") == [
        "invoices.csv:5:6 cell-wrong: column `Customer`: this cell is empty, but `account` is needed of invoices",
        "invoices.csv:5:25 cell-wrong: column `Net`: this cell is empty, but `items.amount` is needed of items",
    ]


def test_a_document_without_items() -> None:
    assert only("RE-3;K1;01.02.2026;open;;;") == [
        "invoices.csv:5:1 cell-wrong: this row has nothing of `items`, of which invoices need at least one"
    ]


def test_rows_of_one_document_that_differ() -> None:
    assert only("RE-1;K2;31.01.2026;paid;More;1,00;") == [
        "invoices.csv:5:6 rows-differ: column `Customer`: of `RE-1` it is `K2` here, but `K1` on line 2"
    ]


def test_what_the_book_says_is_told_at_its_cell() -> None:
    assert only("RE-3;K9;01.02.2026;lost;X;1,00;") == [
        "invoices.csv:5:20 value-not-allowed: column `Status`: `lost` is not one of the values that are allowed here"
    ]
    assert only("RE-3;K9;01.02.2026;open;X;1,005;0,001") == [
        "invoices.csv:5:6 reference-unknown: column `Customer`: there is no account `K9` in this book",
        "invoices.csv:5:27 amount-inexact: column `Net`: `1.005` has more decimals than EUR has (2)",
        "invoices.csv:5:33 amount-inexact: column `VAT`: `0.001` has more decimals than EUR has (2)",
    ]


def test_ragged_rows() -> None:
    assert only("RE-3;K1;01.02.2026") == [
        "invoices.csv:5:1 table-wrong: this row has 3 cells, but the first line names 7 columns"
    ]


def test_all_mistakes_up_to_the_cap() -> None:
    bad = "".join(f"RE-{number};K1;x;open;X;1,00;\n" for number in range(5_000))
    written(invoices=INVOICES.splitlines()[0] + "\n" + bad)
    found = refused()
    assert len(found) == 1_001
    assert any("there may be more mistakes" in one for one in found)


# -- hostile files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("invoices", "told"),
    [
        (INVOICES.encode("cp1252").replace(b"Domain", b"Dom\xe4n"), "invoices.csv:4:1 file-encoding"),
        (INVOICES.replace("Domain", "Dom\0ain"), "invoices.csv:4:1 table-wrong"),
        (INVOICES.replace("Net;VAT", "VAT;VAT"), "invoices.csv:1:42 table-wrong"),
        (INVOICES + 'RE-3;K1;01.02.2026;open;"never closed;1,00;\n', "invoices.csv:5:1 table-wrong"),
        (INVOICES + f"RE-3;K1;01.02.2026;open;{'x' * 200_000};1,00;\n", "invoices.csv:5:1 table-wrong"),
        (INVOICES + "RE-3;K1;01.02.2026;open;a\u202eb;1,00;\n", "invoices.csv:5:25 value-wrong"),
        ("", "invoices.csv file-empty"),
        ("\n\n", "invoices.csv file-empty"),
    ],
)
def test_hostile_files_are_refused_at_their_line(invoices: str | bytes, told: str) -> None:
    written(invoices=invoices)
    assert any(one.startswith(told) for one in refused())


def test_a_formula_is_a_text_like_any_other() -> None:
    written(CUSTOMERS.replace("Mayer", "=1+1"))
    assert read().accounts["K2"].name == "=1+1"


# -- what is wrong with a mapping ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Net: items.amount", "Net: items.amuont", "`items.amuont` is no field that a column can fill of invoices"),
        ("Net: items.amount", "Net: items.name", "`items.name` is filled by `Text` and by `Net`"),
        ("{currency: EUR, ", "{", "nothing fills `currency`, which invoices need"),
        ("record: accounts", "record: acounts", "a book has no `acounts`"),
        ("ignore: [Phone]", "ignore: [Phone, Name]", "the column `Name` is both read and ignored"),
        ("    ignore: [Phone]\n", "", "the column `Phone` is neither read nor ignored by the mapping"),
        ("ignore: [Phone]", "ignore: [Phone, Fax]", "there is no column `Fax` in `customers.csv`"),
        ("      Customer: account", "      Client: account", "there is no column `Client` in `invoices.csv`"),
        ("dates: DD.MM.YYYY", "dates: TT.MM.JJJJ", "`TT.MM.JJJJ` is not one of the values that are allowed here"),
        ("delimiter: semicolon", "delimeter: semicolon", "`delimeter` is not a key that is known here"),
        ("file: customers.csv", "file: clients.csv", "the mapping reads `clients.csv`, which was not given"),
        ("items.taxes.name: VAT", "items.combines.amount: 1", "no column fills anything of `items.combines`"),
    ],
)
def test_a_mapping_is_closed(before: str, after: str, told: str) -> None:
    assert before in MAPPING
    written(mapping=MAPPING.replace(before, after, 1))
    assert any(told in one for one in refused())


# -- the command ---------------------------------------------------------------------------------------------------


def test_nothing_is_written_when_one_row_is_wrong() -> None:
    written(invoices=INVOICES + "RE-3;K9;01.02.2026;open;X;1,00;\n")
    files = ["import-csv", "customers.csv", "invoices.csv", "--mapping", "mapping.yaml"]
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy(*files, "--into", "book.yaml").code == 1
    assert billpolicy(*files, "--ledger", "sqlite:///l.db").code == 1
    assert not Path("book.yaml").exists()
    assert billpolicy("ledger", "show", "sqlite:///l.db", "K1").code == 1


def test_a_ledger_takes_the_same_tables_twice() -> None:
    files = ["import-csv", "customers.csv", "invoices.csv", "-m", "mapping.yaml", "--ledger", "sqlite:///l.db"]
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert "imported 4 new records" in billpolicy(*files).out
    assert "imported 0 new records into sqlite:///l.db; 4 known already" in billpolicy(*files).out


def test_only_what_it_made_is_replaced() -> None:
    files = ["import-csv", "customers.csv", "invoices.csv", "-m", "mapping.yaml", "--into"]
    Path("mine.yaml").write_text("accounts: []\n", encoding="utf-8")
    assert "[file-foreign]" in billpolicy(*files, "mine.yaml").err
    assert "[file-in-use]" in billpolicy(*files, "invoices.csv").err
    assert "[file-in-use]" in billpolicy(*files, "mapping.yaml").err
    assert billpolicy(*files, "book.yaml").code == 0
    once = Path("book.yaml").read_bytes()
    assert billpolicy(*files, "book.yaml").code == 0
    assert Path("book.yaml").read_bytes() == once


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-m", "mapping.yaml"],
        ["-m", "mapping.yaml", "--into", "a.yaml", "--ledger", "sqlite:///l.db"],
        ["--propose", "--dry-run"],
    ],
)
def test_typed_wrong(options: list[str]) -> None:
    assert billpolicy("import-csv", "customers.csv", "invoices.csv", *options).code == 2


# -- a first mapping -----------------------------------------------------------------------------------------------


def test_what_is_proposed_reads_the_tables_once_it_is_mended() -> None:
    expected = read()
    proposed = billpolicy("import-csv", "customers.csv", "invoices.csv", "--propose").out
    assert "# Needed, and no column looks like it" in proposed
    constants = "    constants: {currency: EUR, items.taxes.name: VAT}"
    mended = proposed.replace("    # constants:\n    #   currency: ...", constants)
    mended = mended.replace("Status: status", "Status: {field: status, values: {paid: posted, open: posted}}")
    written(mapping=mended)
    assert read() == expected


def test_a_proposal_has_no_more_of_a_cell_than_its_line() -> None:
    written(CUSTOMERS.replace("Mayer", '"Mayer\ntables: []"').replace("Müller GmbH", '"a\nb"'))
    proposed = api.propose_mapping(["customers.csv"])
    assert "Name: name  # like `a b`" in proposed


# -- workbooks -----------------------------------------------------------------------------------------------------


def test_a_workbook_is_read_exactly() -> None:
    needs_package("openpyxl")
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Invoice\nNo", "Customer", "Date", "Net", "Paid"])
    sheet.append([1001, "K1", datetime.date(2026, 1, 31), 19.99, True])
    sheet.append(["1001", "K1", datetime.date(2026, 1, 31), 0.1, True])
    sheet.append([])
    book.save("invoices.xlsx")
    tables = MAPPING.partition("  - file: invoices.csv")[0] + (
        "  - file: invoices.xlsx\n    record: invoices\n    constants: {currency: EUR}\n    columns:\n"
        "      {Invoice No: number, Customer: account, Date: date, Net: items.amount, Paid: auto_apply}\n"
    )
    Path("mapping.yaml").write_text(tables, encoding="utf-8")
    read = api.load_tables(["customers.csv", "invoices.xlsx"], "mapping.yaml").book
    found = invoice(read, "1001")
    assert [item.amount for item in found.items] == [Decimal("19.99"), Decimal("0.1")]
    assert (found.date, found.auto_apply) == (datetime.date(2026, 1, 31), True)

    sheet["D2"], sheet["D3"] = "=1+1", "#N/A"
    sheet["D3"].data_type = "e"
    book.save("invoices.xlsx")
    with pytest.raises(Refused) as caught:
        api.load_tables(["customers.csv", "invoices.xlsx"], "mapping.yaml")
    assert [f"{one.position} {one.message}" for one in caught.value.diagnostics] == [
        "invoices.xlsx:2:4 the result of this formula was never saved",
        "invoices.xlsx:3:4 this cell has the error #N/A in place of a value",
    ]


def test_a_damaged_sheet() -> None:
    needs_package("openpyxl")
    from openpyxl import Workbook

    Workbook().save("whole.xlsx")
    with zipfile.ZipFile("whole.xlsx") as whole, zipfile.ZipFile("invoices.xlsx", "w") as damaged:
        for name in whole.namelist():
            raw = whole.read(name)
            damaged.writestr(name, raw[: len(raw) // 2] if "sheet1" in name else raw)
    written(mapping=MAPPING.replace("invoices.csv", "invoices.xlsx"))
    with pytest.raises(Refused, match="this is no Excel workbook, or a damaged one"):
        api.load_tables(["customers.csv", "invoices.xlsx"], "mapping.yaml")


@pytest.mark.parametrize("name", ["invoices.xls", "invoices.xlsm", "invoices.xlsb", "invoices.ods"])
def test_other_workbooks_are_refused(name: str) -> None:
    Path(name).write_bytes(b"\xd0\xcf\x11\xe0")
    written(mapping=MAPPING.replace("invoices.csv", name))
    with pytest.raises(Refused, match=r"save it as `\.xlsx`, without macros, or as CSV"):
        api.load_tables(["customers.csv", name], "mapping.yaml")


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 but no more", b"number,account\n"])
def test_what_is_no_workbook(raw: bytes) -> None:
    needs_package("openpyxl")
    Path("invoices.xlsx").write_bytes(raw)
    written(mapping=MAPPING.replace("invoices.csv", "invoices.xlsx"))
    with pytest.raises(Refused, match="this is no Excel workbook"):
        api.load_tables(["customers.csv", "invoices.xlsx"], "mapping.yaml")


def test_without_what_reads_workbooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    Path("invoices.xlsx").write_bytes(b"PK\x03\x04")
    written(mapping=MAPPING.replace("invoices.csv", "invoices.xlsx"))
    with pytest.raises(Refused, match=r"pip install 'billpolicy\[excel\]'"):
        api.load_tables(["customers.csv", "invoices.xlsx"], "mapping.yaml")
