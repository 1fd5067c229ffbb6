"""Reports come to what the book comes to: on random walks, as of any day; and what they refuse."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import billpolicy as api
from billpolicy.accounting.movements import movements_of
from billpolicy.accounting.tables import Column, Group, Table
from billpolicy.book.book import Book
from billpolicy.book.kinds import kind_of
from billpolicy.book.model import Payment
from billpolicy.diagnostics.spreadsheets import harmless
from billpolicy.report.tables.csv import table_csv
from billpolicy.report.tables.text import table_text
from billpolicy.report.tables.xlsx import table_xlsx
from tests.helpers.books import book_from
from tests.helpers.refusals import messages, refused
from tests.helpers.tools import needs_package
from tests.helpers.walks import TODAY, Walk, hold, walk

OF_BOOKS = ("balances", "aging", "open-items", "unapplied", "credit-balances", "documents", "write-offs")
END = datetime.date(2030, 1, 1)


def _until(book: Book, day: datetime.date) -> Book:
    """The book as it would be if nothing after the day had been posted: an oracle that knows no movements."""
    reversed_on = {one.document: one.date for one in movements_of(book) if one.kind == "payment_reversal"}
    documents = [
        replace(one, reversed_=False) if isinstance(one, Payment) and reversed_on.get(one.number, day) > day else one
        for one in book.numbered.values()
        if one.date <= day
    ]
    applications = [one for made in book.applications_from.values() for one in made if one.date <= day]
    return replace(Book().with_posted(documents, applications), accounts=book.accounts)


def _days(book: Book) -> Iterator[datetime.date]:
    days = sorted({one.date for one in movements_of(book)})
    yield from (*days[:: max(len(days) // 4, 1)], END)


def _totals(table: Table, column: str) -> dict[str, Decimal]:
    """What the groups of each currency come to in a column, row by row."""
    place = [one.name for one in table.columns].index(column)
    found: dict[str, Decimal] = defaultdict(Decimal)
    for group in table.groups:
        assert group.currency is not None
        cells = [row[place] for row in group.rows]
        for cell in cells:
            assert isinstance(cell, Decimal)
            found[group.currency] += cell
        if group.total is not None:
            assert group.total[place] == sum(cells)  # type: ignore[arg-type]
    return {currency: amount for currency, amount in found.items() if amount}


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_as_of_a_day_is_what_a_book_until_that_day_says(first: int) -> None:
    hold(_agrees, (walk(seed) for seed in range(first, first + 20)))


def _agrees(found: Walk) -> None:
    if not found.steps:
        return
    book = found.steps[-1].after
    for day in _days(book):
        then = _until(book, day)
        owed: dict[str, Decimal] = defaultdict(Decimal)
        unapplied: dict[str, Decimal] = defaultdict(Decimal)
        for one in then.numbered.values():
            if one.status == "posted" and kind_of(one).open_word is not None:
                (owed if kind_of(one).is_owed else unapplied)[one.currency] += then.balance(one)
        credit: dict[str, Decimal] = defaultdict(Decimal)
        for account, changes in then.credit_of.items():
            for currency in {one.currency for one in changes}:
                credit[currency] += then.credit_balance(account, currency)
        expected = [{key: amount for key, amount in each.items() if amount} for each in (owed, unapplied, credit)]
        tables = {name: api.accounting_report(book, name, as_of=day) for name in OF_BOOKS}
        assert _totals(tables["aging"], "total") == expected[0]
        assert _totals(tables["open-items"], "open") == expected[0]
        assert _totals(tables["balances"], "open") == expected[0]
        assert _totals(tables["unapplied"], "unapplied") == expected[1]
        assert _totals(tables["credit-balances"], "balance") == expected[2]
        for account in book.accounts:
            statement = api.accounting_report(book, "statement", as_of=day, first=day, account=account)
            for group in statement.groups:
                opening, closing = group.rows[0][-1], (group.total or ())[-1]
                moved = [row[-2] for row in group.rows[1:]]
                assert closing == sum(moved, opening)  # type: ignore[arg-type]
                net = _totals(api.accounting_report(book, "balances", as_of=day, account=account), "owed")
                assert net.get(group.currency or "", 0) == closing


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_as_of_a_day_is_what_was_reported_on_that_day(first: int) -> None:
    """Of operations in the order of their dates, what comes later changes no report of a day before it.

    Save the reversal of a payment, whose day only a ledger knows.
    """
    hold(_reported_then, map(_in_order, map(walk, range(first, first + 20))))


def _in_order(found: Walk) -> Walk:
    operations = [one for one in found.operations if one["operation"] != "reverse_payment"]
    return replace(found, operations=tuple(sorted(operations, key=_date)))


def _date(operation: dict[str, Any]) -> str:
    return str(operation.get("date") or TODAY)


def _reported_then(found: Walk) -> None:
    last = found.steps[-1].after if found.steps else Book()
    for now, later in itertools.pairwise(found.steps):
        day = now.asked.document_date(TODAY)
        known = {one.id for one in movements_of(now.after)}
        dated_back = any(one.date <= day for one in movements_of(last) if one.id not in known)
        if day < later.asked.document_date(TODAY) and not dated_back:
            for name in OF_BOOKS:
                then, since = (api.accounting_report(book, name, as_of=day) for book in (now.after, last))
                assert table_text(then) == table_text(since), (name, day)


BOOK = """
accounts: [{id: "=acme", name: "Acme\\u200b", currency: EUR}, {id: b, currency: JPY}]
invoices:
- {number: I-1, account: "=acme", date: 2026-01-10, due_date: 2026-02-09, currency: EUR,
   items: [{id: i, amount: 1234.50}]}
- {number: I-2, account: "=acme", date: 2026-03-01, currency: EUR, items: [{id: i, amount: 50.00}]}
- {number: I-3, account: b, date: 2026-03-01, due_date: 2026-03-31, currency: JPY, items: [{id: i, amount: 700}]}
credit_memos:
- {number: C-1, account: "=acme", date: 2026-03-05, currency: EUR, source: I-1, write_off: true, reason: Write-off,
   items: [{id: i, amount: 34.50, source_item: i}]}
applications: [{from: C-1, to: I-1, date: 2026-03-05, amount: 34.50, parts: [{item: i, source_item: i, amount: 34.50}]}]
"""


@pytest.mark.parametrize(
    ("day", "line"),
    [
        ("2026-02-09", ("1234.50", "0", "0", "0", "0")),  # due on the day is not past due
        ("2026-02-10", ("0", "1234.50", "0", "0", "0")),  # one day past
        ("2026-03-11", ("0", "1250.00", "0", "0", "0")),  # 30 days past 1200.00; 10 days after its date 50.00
        ("2026-03-12", ("0", "50.00", "1200.00", "0", "0")),
        ("2026-05-11", ("0", "0", "0", "50.00", "1200.00")),  # 71 and 91 days
    ],
)
def test_buckets(day: str, line: tuple[str, ...]) -> None:
    table = api.accounting_report(book_from(BOOK), "aging", as_of=datetime.date.fromisoformat(day), currency="EUR")
    (row,) = table.groups[0].rows
    assert row[1:-1] == tuple(map(Decimal, line))


def test_own_buckets() -> None:
    table = api.accounting_report(book_from(BOOK), "aging", as_of=datetime.date(2026, 4, 20), buckets=(10, 50))
    assert [one.title for one in table.columns] == ["account", "not due", "1-10", "11-50", "over 50", "total"]


def test_write_offs_are_told_by_reason() -> None:
    (group,) = api.accounting_report(book_from(BOOK), "write-offs", as_of=END).groups
    assert (group.title, group.currency) == ("Write-off", "EUR")
    assert group.rows == (("C-1", datetime.date(2026, 3, 5), "=acme", "I-1", Decimal("34.50")),)


def test_text_is_aligned_and_not_wider_than_a_page() -> None:
    for name in OF_BOOKS:
        text = table_text(api.accounting_report(book_from(BOOK), name, as_of=END))
        assert max(map(len, text.splitlines())) <= 80, text
    text = table_text(api.accounting_report(book_from(BOOK), "open-items", as_of=datetime.date(2026, 4, 1)))
    assert text == (
        "open items as of 2026-04-01\n"
        "\n"
        "number  kind     date        due         past due    amount      open\n"
        "------  -------  ----------  ----------  --------  --------  --------\n"
        "=acme  EUR\n"
        "I-1     invoice  2026-01-10  2026-02-09        51  1,234.50  1,200.00\n"
        "I-2     invoice  2026-03-01                    31     50.00     50.00\n"
        "                                                   --------  --------\n"
        "total                                              1,284.50  1,250.00\n"
        "\n"
        "b  JPY\n"
        "I-3     invoice  2026-03-01  2026-03-31         1       700       700\n"
        "                                                   --------  --------\n"
        "total                                                   700       700\n"
    )


def test_no_spreadsheet_takes_a_name_for_a_formula() -> None:
    table = api.accounting_report(book_from(BOOK), "open-items", as_of=END)
    rows = list(csv.DictReader(io.StringIO(table_csv(table))))
    assert [row["group"] for row in rows] == ["'=acme", "'=acme", "b"]
    assert (rows[0]["open"], rows[0]["due"]) == ("1200.00", "2026-02-09")


@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212\u207a")
@pytest.mark.parametrize("before", ["", " ", "  "])
def test_a_cell_that_a_spreadsheet_would_run_is_a_text(sign: str, before: str) -> None:
    """The signs, and their forms of other widths: https://owasp.org/www-community/attacks/CSV_Injection."""
    assert harmless(f"{before}{sign}1+1") == f"'{before}{sign}1+1"


@pytest.mark.parametrize(
    "before", ["\t", "\r", "\n", "\r\n", "\u200b", "\ufeff", "\u2060", "\xad", "\xa0", "\u3000", "\u3164"]
)
def test_what_is_not_seen_before_the_sign_is_shown_and_so_keeps_it_from_running(before: str) -> None:
    assert harmless(f"{before}=1+1").startswith("\\")
    # A plain space between them is no way around it either.
    assert harmless(f" {before}=1+1").startswith(" \\")


@pytest.mark.parametrize("text", ["", "a", "a=1", "1-2", "1+1", "(1)", "M\u00fcller =", "'=1", "\u5c71\u7530"])
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_a_workbook_has_numbers_and_days_and_is_the_same_each_time() -> None:
    for name in ("openpyxl", "xlsxwriter"):
        needs_package(name)
    import openpyxl  # type: ignore[import-untyped]

    table = api.accounting_report(book_from(BOOK), "open-items", as_of=END)
    written = table_xlsx(table)
    assert written == table_xlsx(api.accounting_report(book_from(BOOK), "open-items", as_of=END))
    with zipfile.ZipFile(io.BytesIO(written)) as archive:  # no clock: what is written later is the same too
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")
    sheet = openpyxl.load_workbook(io.BytesIO(written)).active
    issued, due = datetime.date(2026, 1, 10), datetime.date(2026, 2, 9)
    past = (END - due).days
    cells = next(sheet.iter_rows(min_row=2, max_row=2))
    values = [one.value.date() if isinstance(one.value, datetime.datetime) else one.value for one in cells]
    assert values == ["=acme", "EUR", "I-1", "invoice", issued, due, past, 1234.5, 1200]
    assert [one.data_type for one in cells] == ["s", "s", "s", "s", "d", "d", "n", "n", "n"]  # none is a formula, `f`
    # Nor does `=acme` become one when somebody edits the cell: it is marked as the text that it is (ECMA-376 18.8.45).
    assert [one.quotePrefix for one in cells] == [True, *[False] * 8]
    assert (cells[7].number_format, sheet.freeze_panes) == ("#,##0.00", "A2")


def test_an_amount_of_more_digits_than_a_spreadsheet_keeps_is_a_text_there() -> None:
    for name in ("openpyxl", "xlsxwriter"):
        needs_package(name)
    import openpyxl

    exact, too_long = Decimal("9999999999999.99"), Decimal("99999999999999.99")  # 15 and 16 digits
    columns = (Column("amount", "amount", "money"),)
    written = table_xlsx(Table("t", "t", columns, (Group("g", "EUR", ((exact,), (too_long,))),)))
    sheet = openpyxl.load_workbook(io.BytesIO(written)).active
    assert [sheet.cell(row, 3).value for row in (2, 3)] == [9999999999999.99, "99999999999999.99"]


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("statement", {}, "a statement is of one account"),
        ("agin", {}, "there is no report `agin`"),
        ("aging", {"account": "acm"}, "there is no account `acm`"),
        ("aging", {"currency": "USD"}, "nothing here is in the currency `USD`"),
        ("aging", {"buckets": (60, 30)}, "`60,30` are no buckets"),
        ("aging", {"buckets": (0,)}, "`0` are no buckets"),
        ("approvals", {}, "the report `approvals` is of a ledger"),
        ("numbers", {}, "the report `numbers` is of a ledger"),
        (
            "documents",
            {"first": datetime.date(2026, 2, 1), "until": datetime.date(2026, 2, 1)},
            "the period begins on 2026-02-01, after it ends, on 2026-01-31",
        ),
    ],
)
def test_what_cannot_be_told_is_refused(name: str, asked: dict[str, object], message: str) -> None:
    def ask() -> Table:
        return api.accounting_report(book_from(BOOK), name, as_of=END, **asked)  # type: ignore[arg-type]

    assert messages(refused(ask)) == message


def test_a_book_that_contradicts_itself_gives_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "balance", lambda book, document: Decimal("1.00"))
    with pytest.raises(ValueError, match="the movements of I-1 come to"):
        api.accounting_report(book_from(BOOK), "aging", as_of=END)


def test_what_is_owed_by_all_documents_is_told_and_not_what_they_amount_to() -> None:
    table = api.accounting_report(book_from(BOOK), "documents", as_of=END, currency="EUR")
    assert [(group.title, group.total) for group in table.groups] == [
        ("invoices", ("2 invoices", None, None, Decimal("1284.50"), Decimal("1284.50"), None)),
        ("credit memos", ("1 credit memo", None, None, Decimal("34.50"), Decimal("-34.50"), None)),
    ]
    assert [group.total for group in table.totals] == [("total EUR", None, None, None, Decimal("1250.00"), None)]


def test_texts_that_do_not_fit_beside_each_other_stand_below_and_are_broken_between_words() -> None:
    columns = tuple(Column(name, name) for name in ("id", "who", "why"))
    row = ("a" * 40, "b c", "d" * 60)
    assert table_text(Table("any", "title", columns, (Group("", None, (row,)),))) == (
        f"title\n\nid{' ' * 40}who\n{'-' * 40}  ---\n{row[0]}  b c\n    why: {row[2]}\n"
    )
    row = ("a" * 40, "b c", "word " * 12)
    lines = table_text(Table("any", "title", columns, (Group("", None, (row,)),))).splitlines()
    assert lines[4:] == [f"{row[0]}  b c  {'word ' * 5}word", f"{' ' * 47}{'word ' * 5}word"]
