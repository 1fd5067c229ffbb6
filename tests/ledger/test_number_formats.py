"""Numbers with the year, the month or the fiscal year in them: the document's date decides, and none is left out."""

from __future__ import annotations

import datetime
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import billpolicy
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.books import book_from
from tests.helpers.ledgers import url_of
from tests.helpers.refusals import codes, refused
from tests.helpers.scenes import versions

BOOK = "accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]\ncontacts: [{id: c, account: a}]\n"
CHARGES = "charges: [{id: setup, name: Setup}]\n"
YEAR_ONLY = 'prefix: D, format: "{prefix}{year}{number}", width: 5, reset: yearly'
NEVER = 'prefix: D-, format: "{prefix}{year}-{number}", width: 4, reset: never'
YEARLY = 'prefix: D-, format: "{prefix}{year}-{number}", width: 4, reset: yearly'


def numbering(debit_memo: str, more: str = "") -> Versions:
    """A policy that numbers debit memos like this."""
    others = "invoice: {prefix: INV}, credit_memo: {prefix: CM}"
    return versions(f"sequence_sets: {{DEFAULT: {{{others}, debit_memo: {{{debit_memo}}}{more}}}}}\n{FISCAL}")


FISCAL = "fiscal_year: {begins: 04-01, named_by: last}\n"


def debited(n: int, day: datetime.date | str) -> dict[str, Any]:
    charges = [{"charge": "setup", "amount": "1.00"}]
    return {"id": f"o{n}", "operation": "debit_memo_from_charge", "date": str(day), "account": "a", "charges": charges}


def drawn(policy: Versions, ledger: Ledger, operations: Iterable[dict[str, Any]]) -> list[str]:
    """The numbers that operations draw, one by one."""
    return [billpolicy.post(policy, ledger, one, who="ines").plan.documents[0].document.number for one in operations]


@contextmanager
def ledger(book: str = "") -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        path.write_bytes(empty())
        with open_ledger(f"sqlite:///{path}") as opened:
            opened.import_book(book_from(BOOK + CHARGES + book))
            yield opened


@cache
def empty() -> bytes:
    """The file of a ledger without anything: made once, since that takes long."""
    with tempfile.TemporaryDirectory() as folder:
        create_ledger(f"sqlite:///{folder}/ledger.db").close()
        return (Path(folder) / "ledger.db").read_bytes()


def test_the_turn_of_the_year_is_that_of_the_documents_date() -> None:
    """In whatever order they are posted: what is posted back-dated in January goes on with December's numbers."""
    days = ("2026-12-30", "2027-01-02", "2026-12-31", "2027-01-01", "2026-01-01", "2027-12-31")
    with ledger() as opened:
        found = drawn(numbering(YEARLY), opened, (debited(n, day) for n, day in enumerate(days)))
        assert found == ["D-2026-0001", "D-2027-0001", "D-2026-0002", "D-2027-0002", "D-2026-0003", "D-2027-0003"]
        assert opened.check() == []


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("{prefix}{year}-{number}, reset: never", ["D-2026-1", "D-2027-2", "D-2026-3"]),
        ("{prefix}{year}/{month}/{number}, reset: monthly", ["D-2026/03/1", "D-2027/01/1", "D-2026/04/1"]),
        ("{prefix}{year}/{month}/{number}, reset: yearly", ["D-2026/03/1", "D-2027/01/1", "D-2026/04/2"]),
        # From April on it is the year that ends in the next March.
        ("{prefix}{fiscal_year}.{number}, reset: fiscal_year", ["D-2026.1", "D-2027.1", "D-2027.2"]),
        (
            "{prefix}{year}.{fiscal_year}.{number}, reset: fiscal_year",
            ["D-2026.2026.1", "D-2027.2027.1", "D-2026.2027.2"],
        ),
    ],
)
def test_what_begins_anew(format: str, expected: list[str]) -> None:
    text, reset = format.split(", ")
    policy = numbering(f'prefix: D-, width: 1, format: "{text}", {reset}')
    days = ("2026-03-31", "2027-01-01", "2026-04-01")
    with ledger() as opened:
        assert drawn(policy, opened, (debited(n, day) for n, day in enumerate(days))) == expected
        assert opened.check() == []


def test_a_start_is_that_of_each_period() -> None:
    with ledger() as opened:
        days = ("2026-05-01", "2026-05-01", "2027-05-01")
        found = drawn(numbering(YEARLY + ", start: 100"), opened, (debited(n, day) for n, day in enumerate(days)))
        assert found == ["D-2026-0100", "D-2026-0101", "D-2027-0100"]
        assert opened.check() == []


def test_beyond_its_width_a_number_grows() -> None:
    with ledger() as opened:
        found = drawn(numbering(YEARLY + ", start: 9999"), opened, (debited(n, "2026-05-01") for n in range(2)))
        assert found == ["D-2026-9999", "D-2026-10000"]
        assert opened.check() == []


# -- those that continue the number of their source ----------------------------------------------------------------

CONTINUED = "prefix: CM, from_source: '{source}-C{number}'"
BILLS = """invoices:
  - {number: INV00000007, account: a, date: 2026-01-01, due_date: 2026-01-31, currency: EUR,
     attributes: {bill_to_contact: c}, items: [{id: "1", name: Seats, amount: 90.00}]}
  - {number: INV00000008, account: a, date: 2026-01-01, due_date: 2026-01-31, currency: EUR,
     attributes: {bill_to_contact: c}, items: [{id: "1", name: Seats, amount: 90.00}]}
"""


def credited(n: int, invoice: str) -> dict[str, Any]:
    items = [{"item": "1", "amount": "1.00"}]
    return {
        "id": f"c{n}",
        "operation": "credit_memo_from_invoice",
        "date": "2026-02-01",
        "invoice": invoice,
        "reason": "Charge Dispute",
        "items": items,
    }


def continuing() -> Versions:
    others = "invoice: {prefix: INV}, debit_memo: {prefix: DM}"
    return versions(f"sequence_sets: {{DEFAULT: {{{others}, credit_memo: {{{CONTINUED}}}}}}}\n")


def test_a_memo_continues_the_number_of_its_invoice() -> None:
    charge = {
        "id": "free",
        "operation": "credit_memo_from_charge",
        "date": "2026-02-01",
        "account": "a",
        "charges": [{"charge": "setup", "amount": "1.00"}],
    }
    with ledger(BILLS) as opened:
        asked = [credited(n, f"INV0000000{7 + n % 2}") for n in range(3)]
        found = drawn(continuing(), opened, [*asked, charge])  # which is made from no document
        assert found == ["INV00000007-C1", "INV00000008-C1", "INV00000007-C2", "CM00000001"]
        assert opened.check() == []


def test_so_do_those_that_were_imported() -> None:
    memo = "{number: INV00000007-C4, account: a, date: 2026-01-02, currency: EUR, source: INV00000007,"
    memo += ' items: [{id: "1", amount: 1.00, source_item: "1"}]}'
    with ledger() as opened:
        opened.import_book(book_from(BOOK + CHARGES + BILLS + f"credit_memos:\n  - {memo}\n"), continuing())
        assert drawn(continuing(), opened, [credited(1, "INV00000007")]) == ["INV00000007-C5"]
        assert opened.check() == []


# -- after numbers that were given elsewhere -----------------------------------------------------------------------


def memos(*numbers: str) -> str:
    fields = 'account: a, date: 2026-02-01, currency: EUR, items: [{id: "1", amount: 1.00}]'
    return "debit_memos:\n" + "".join(f"  - {{number: {number}, {fields}}}\n" for number in numbers)


@pytest.mark.parametrize(
    ("series", "imported", "expected"),
    [
        (YEARLY, ("D-2026-0041", "D-2025-0907"), "D-2026-0042"),
        (
            'prefix: D, format: "{prefix}{year}{number}", width: 5, reset: yearly',
            ("D202600041", "D202500907"),
            "D202600042",
        ),
        (
            'prefix: D-, format: "{prefix}{year}-{number}", width: 4, reset: never',
            ("D-2026-0041", "D-2025-0907"),
            "D-2026-0908",
        ),
        ("prefix: D-, width: 3", ("D-007", "D-0041"), "D-008"),  # of this series is no number with a needless zero
        ("prefix: D-, width: 3", ("D-007", "D-1041"), "D-1042"),
    ],
)
def test_they_go_on_after_imported_ones_by_the_format(series: str, imported: tuple[str, ...], expected: str) -> None:
    policy = numbering(series)
    book = book_from(BOOK + CHARGES + memos(*imported))
    with ledger() as opened:
        opened.import_book(book, policy)
        assert drawn(policy, opened, [debited(1, "2026-06-01")]) == [expected]
        assert opened.check() == []
    # A book, which is read without the policy, gives the same.
    assert billpolicy.plan(policy, book, debited(1, "2026-06-01")).documents[0].document.number == expected


def test_a_number_that_goes_on_over_the_years_goes_on_after_what_was_counted_without_a_policy() -> None:
    policy = numbering('prefix: D-, format: "{prefix}{year}-{number}", reset: never')
    with ledger(memos("D-2026-00000041", "D-2025-00000907")) as opened:
        assert drawn(policy, opened, [debited(1, "2026-06-01")]) == ["D-2026-00000908"]
        assert opened.check() == []
        more = book_from(BOOK + CHARGES + memos("D-2024-00000001"))
        assert codes(refused(lambda: opened.import_book(more))) == ["prefix-drawn"]


def test_what_was_imported_without_the_policy_is_counted_when_it_is_imported_with_it() -> None:
    policy, text = numbering(YEARLY), memos("D-2026-0041")
    with ledger(text) as opened:
        opened.import_book(book_from(BOOK + CHARGES + text), policy)
        assert drawn(policy, opened, [debited(1, "2026-06-01")]) == ["D-2026-0042"]
        opened.import_book(book_from(BOOK + CHARGES + text), policy)  # and once more is nothing new
        assert opened.check() == []


def test_another_reset_in_a_later_policy_is_no_gap() -> None:
    """Numbers that went on over the years go on after those of a year that were drawn by another policy in between."""
    with ledger() as opened:
        assert drawn(numbering(NEVER), opened, [debited(1, "2025-12-01")]) == ["D-2025-0001"]
        assert drawn(numbering(YEARLY), opened, [debited(2, "2026-01-01"), debited(3, "2026-01-02")]) == [
            "D-2026-0001",
            "D-2026-0002",
        ]
        assert drawn(numbering(NEVER), opened, [debited(4, "2026-01-03")]) == ["D-2026-0003"]
        assert opened.check() == []


@pytest.mark.parametrize("series", [YEARLY, NEVER])
def test_what_was_imported_without_it_is_never_passed_over(series: str) -> None:
    policy = numbering(series)
    with ledger(memos("D-2026-0041")) as opened:
        asked = debited(1, "2026-06-01")
        assert codes(refused(lambda: drawn(policy, opened, [asked]))) == ["numbers-uncounted"]
        assert codes(refused(lambda: billpolicy.plan(policy, opened, asked))) == ["numbers-uncounted"]
        opened.import_book(book_from(BOOK + CHARGES + memos("D-2026-0041")), policy)
        assert drawn(policy, opened, [asked]) == ["D-2026-0042"]


NUMBERED = "{account: a, date: 2026-01-02, currency: EUR, source: INV00000007, number: "
FROM_SEVENTH = NUMBERED + '%s, items: [{id: "1", amount: 1.00, source_item: "1"}]}'


@pytest.mark.parametrize(
    ("series", "number", "expected"),
    [
        (CONTINUED, "INV00000007-C4", "INV00000007-C5"),
        ('prefix: CM-, format: "{prefix}{year}-{number}", width: 3, reset: yearly', "CM-2026-004", "CM-2026-005"),
    ],
)
def test_nor_where_the_operation_itself_comes_by_it(series: str, number: str, expected: str) -> None:
    """A memo of the invoice that is credited once more is read with it, but counted it is when it is imported."""
    others = "invoice: {prefix: INV}, debit_memo: {prefix: DM}"
    policy = versions(f"sequence_sets: {{DEFAULT: {{{others}, credit_memo: {{{series}}}}}}}\n")
    text = BILLS + f"credit_memos:\n  - {FROM_SEVENTH % number}\n"
    with ledger(text) as opened:
        asked = credited(1, "INV00000007")
        assert codes(refused(lambda: drawn(policy, opened, [asked]))) == ["numbers-uncounted"]
        opened.import_book(book_from(BOOK + CHARGES + text), policy)
        assert drawn(policy, opened, [asked]) == [expected]
        assert opened.check() == []


def test_a_void_number_that_continues_one_is_never_drawn() -> None:
    text = BILLS + "void_numbers:\n  - {number: INV00000007-C1, kind: credit_memo, reason: torn up}\n"
    book, asked = book_from(BOOK + CHARGES + text), credited(1, "INV00000007")
    assert billpolicy.plan(continuing(), book, asked).documents[0].document.number == "INV00000007-C2"
    with ledger(text) as opened:
        assert codes(refused(lambda: drawn(continuing(), opened, [asked]))) == ["numbers-uncounted"]
        opened.import_book(book, continuing())
        assert drawn(continuing(), opened, [asked]) == ["INV00000007-C2"]
        assert [gap.what for one in opened.numbering() for gap in one.missing] == ["void"]
        assert opened.check() == []


def test_of_what_was_imported_without_it_the_highest_is_told() -> None:
    with ledger(memos("D-9", "D-10")) as opened:
        found = refused(lambda: drawn(numbering("prefix: D-, width: 1"), opened, [debited(1, "2026-06-01")]))
        (problem,) = found.diagnostics
        assert problem.message.startswith("D-1 would come next for `D-`, but D-10 was imported")


# -- whatever happens ----------------------------------------------------------------------------------------------

FORMATS = st.sampled_from(
    [
        (YEARLY, lambda day: f"D-{day.year}-", 4),
        ('prefix: D-, format: "{prefix}{year}{month}/{number}", reset: monthly', lambda day: f"D-{day:%Y%m}/", 8),
        (
            'prefix: D-, format: "{prefix}{fiscal_year}-{number}", width: 2, reset: fiscal_year',
            lambda day: f"D-{day.year + (day.month >= 4)}-",
            2,
        ),
        ("prefix: D-, width: 1", lambda day: "D-", 1),
    ]
)
DAYS = st.dates(datetime.date(2025, 11, 1), datetime.date(2027, 5, 1))


@settings(max_examples=25)
@given(FORMATS, st.lists(st.tuples(DAYS, st.sampled_from(["go on", "restart", "refused"])), max_size=12))
def test_numbers_follow_their_format_without_gaps(form: Any, steps: list[tuple[datetime.date, str]]) -> None:
    """Over years, restarts and refusals: of each period from 1 on, in the order of posting."""
    text, before, width = form
    policy = numbering(text)
    last: dict[str, int] = defaultdict(int)
    with ledger() as opened:
        for n, (day, what) in enumerate(steps):
            asked = debited(n, day)
            if what == "refused":
                refused(lambda asked=asked: drawn(policy, opened, [{**asked, "account": "nobody"}]))  # type: ignore[misc]
                continue
            last[before(day)] += 1
            expected = f"{before(day)}{last[before(day)]:0{width}d}"
            if what == "restart":
                with open_ledger(url_of(opened)) as another:
                    assert drawn(policy, another, [asked]) == [expected]
            else:
                assert drawn(policy, opened, [asked]) == [expected]
        assert opened.check() == []


def test_many_at_once_over_the_turn_of_the_year(tmp_path: Path) -> None:
    """Threads on connections of their own, on days of three years in turn: each year's numbers are without gaps."""
    policy = numbering(YEARLY)
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with create_ledger(url) as created:
        created.import_book(book_from(BOOK + CHARGES))

    def post(thread: int) -> list[str]:
        with open_ledger(url) as own:
            asked = (debited(100 * thread + n, f"{2025 + n % 3}-12-31") for n in range(15))
            return drawn(policy, own, asked)

    with ThreadPoolExecutor(4) as threads:
        found = [number for numbers in threads.map(post, range(4)) for number in numbers]
    assert sorted(found) == [f"D-{year}-{n:04d}" for year in (2025, 2026, 2027) for n in range(1, 21)]
    with open_ledger(url) as opened:
        assert opened.check() == []
