"""Whatever is undone and billed again, each day is billed once, and nobody is asked for more or less than that, but for
what was given back out of goodwill: that stays given."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import ZERO, Book
from billpolicy.book.load import book_of
from billpolicy.book.model import CreditMemo, DebitMemo, Invoice
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.periods.charge_periods import charge_periods
from billpolicy.source.tree import parse_text
from billpolicy.source.write import to_json
from tests.helpers.books import book_from, file_of
from tests.helpers.properties import examples
from tests.helpers.steps import run

MONTHS = 5
LAST = datetime.date(2026, MONTHS, 28)
GOODWILL = "comment: goodwill, items: [{item: '1', amount: 1.00}]"
Step = tuple[str, int]


def book(seats: int, in_arrears: bool, discount: int, least: int) -> Book:
    charges = [f"{{id: seats, rate: {seats}.00, item: x{', timing: in_arrears' if in_arrears else ''}}}"]
    if discount:
        timing = ", timing: in_arrears" if in_arrears else ""
        charges.append(f"{{id: less, rate: -{discount}.00, discounts: seats{timing}}}")
    if least:
        charges.append(f"{{id: least, rate: {least}.00, item: x, bills: minimum}}")
    return book_from(f"""
accounts: [{{id: ann, currency: USD, attributes: {{bill_to_contact: ann}}}}]
contacts: [{{id: ann, account: ann}}]
subscriptions:
- {{id: S, account: ann, start: 2026-01-01, charges: [{", ".join(charges)}]}}
""")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("bill", "bill", "bill", "draft", "off", "off", "undo", "back", "post", "cancel", "unwind", "goodwill")
        ),
        st.integers(0, 7),
    ),
    max_size=14,
)


def asked(left: Book, step: Step, month: int) -> str | None:
    """An operation of a kind, on one of the documents that there are."""
    kind, place = step
    day = f"date: 2026-{month:02}-05"
    posted = [one for one in left.numbered.values() if isinstance(one, Invoice) and one.status == "posted"]
    drafts = [one for one in left.numbered.values() if isinstance(one, Invoice | CreditMemo) and one.is_open_draft]
    memos = [one for one in left.numbered.values() if isinstance(one, CreditMemo) and one.write_off]
    if kind in ("bill", "draft"):
        return f"operation: bill_run, {day}, bill_as: {'posted' if kind == 'bill' else 'draft'}"
    kinds: dict[str, tuple[str, Sequence[Invoice | CreditMemo]]] = {
        "goodwill": (
            "credit_memo_from_invoice, comment: goodwill, items: [{item: '1', amount: 1.00}], invoice",
            posted,
        ),
        "off": ("write_off_invoice, invoice", posted),
        "back": ("reverse_invoice, invoice", posted),
        "unwind": ("credit_rebill, invoice", posted),
        "undo": ("undo_write_off, credit_memo", memos),
        "post": ("post_draft, draft", drafts),
        "cancel": ("cancel_draft, draft", drafts),
    }
    name, those = kinds[kind]
    return f"operation: {name}: {those[place % len(those)].number}, {day}" if those else None


def lived(left: Book, steps: list[Step]) -> Book:
    """The book after these, one after the other through the months; what is refused changes nothing. In the end drafts
    are posted, and all is billed that is due."""
    for count, step in enumerate(steps):
        text = asked(left, step, 1 + count * MONTHS // max(1, len(steps)))
        if text is not None:
            left = _done(left, text, f"op-{count}")
    for number in [one.number for one in left.numbered.values() if isinstance(one, Invoice | CreditMemo)]:
        document = left.numbered[number]
        if isinstance(document, Invoice | CreditMemo) and document.is_open_draft:
            left = _done(left, f"operation: post_draft, draft: {number}, date: {LAST}", f"post-{number}")
    return _done(left, f"operation: bill_run, date: {LAST}, target_date: 2026-0{MONTHS}-31", "last")


def _done(left: Book, text: str, id: str) -> Book:
    try:
        return run(left, text, id=id)[1]
    except Refused:
        return left


@examples(250)
@given(st.integers(1, 99), st.booleans(), st.integers(0, 20), st.integers(0, 150), STEPS)
def test_each_day_is_billed_once_and_asked_for_once(
    seats: int, in_arrears: bool, discount: int, least: int, steps: list[Step]
) -> None:
    discount = min(discount, seats)
    left = lived(book(seats, in_arrears, discount, least), steps)
    of: dict[str, list[tuple[datetime.date, datetime.date]]] = defaultdict(list)
    for period in charge_periods(left, "S"):
        assert period.status != "reopened"
        if period.status == "billed":
            of[period.charge].append((period.from_, period.until))
    firsts = [datetime.date(2026, month, 1) for month in range(1, MONTHS + 2)]
    months = list(pairwise(firsts))
    for charge in left.subscriptions["S"].charges:
        assert sorted(of[charge.id]) == months, charge.id
    total = ZERO
    for one in left.numbered.values():
        if isinstance(one, Invoice | CreditMemo | DebitMemo) and one.status == "posted":
            is_goodwill = one.comment == "goodwill"
            total += ZERO if is_goodwill else -one.amount if isinstance(one, CreditMemo) else one.amount
    # A book says of all this only what can be.
    assert book_of(parse_text(to_json(file_of(left)), "book.json")).charge_periods == left.charge_periods
    assert total == MONTHS * max(seats - discount, least)
