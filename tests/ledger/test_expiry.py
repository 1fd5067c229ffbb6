"""Money that expires, and its priority, come into a ledger and back, and posting there sees them."""

from __future__ import annotations

import billpolicy
from billpolicy.ledger.store import Ledger
from billpolicy.report.ledger_text import document_text
from tests.helpers.books import book_from
from tests.helpers.ledgers import unkept, whole
from tests.helpers.refusals import codes, refused
from tests.helpers.sample import NOW
from tests.helpers.scenes import operations, versions

BOOK = """
accounts: [{id: a, currency: EUR}, {id: b, currency: EUR}]
invoices: [{number: I1, account: a, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 50.00}]}]
payments:
- {number: P1, account: a, date: 2026-01-02, currency: EUR, amount: 10.00, priority: 2, expires_on: 2026-05-01}
credit_memos:
- {number: C1, account: a, date: 2026-01-02, currency: EUR, priority: 1, expires_on: 2026-03-01,
   items: [{id: x, amount: 10.00}]}
"""


def test_they_come_in_and_back(ledger: Ledger) -> None:
    book = book_from(BOOK)
    ledger.import_book(book)
    assert unkept(whole(ledger)) == book
    assert ledger.import_book(book).added == {}
    with ledger.reading() as reader:
        memo, payment = reader.document("C1"), reader.document("P1")
    assert memo is not None
    assert payment is not None
    assert "  priority         1\n  expires on       2026-03-01\n" in document_text(memo)
    assert "  priority         2\n  expires on       2026-05-01\n" in document_text(payment)


def test_another_day_is_other_content(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    refusal = refused(lambda: ledger.import_book(book_from(BOOK.replace("2026-03-01", "2026-04-01"))))
    assert codes(refusal) == ["import-differs"]


def test_what_is_expired_stays_where_it_is(ledger: Ledger) -> None:
    ledger.import_book(book_from(BOOK))
    use, transfer = operations(
        "id: use\noperation: apply_credits\naccount: a\ndate: 2026-03-01",
        "id: on\noperation: create_payment\naccount: b\namount: 5.00\ndate: 2026-03-01\n"
        "expires_on: 2026-06-01\npriority: 4",
    )
    posted = billpolicy.post(versions(), ledger, use, who="ann", now=NOW)
    assert [(one.from_, one.to) for one in posted.plan.applications] == [("P1", "I1")]
    made = billpolicy.post(versions(), ledger, transfer, who="ann", now=NOW).plan.documents[0].document
    assert whole(ledger).numbered[made.number] == made
    assert ledger.check() == []
