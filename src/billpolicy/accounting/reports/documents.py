"""`documents`: what was posted in a period, by currency and kind of document."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import replace
from itertools import groupby

from billpolicy.accounting.asked import Asked
from billpolicy.accounting.movements import PAYMENT_REVERSAL, Movement
from billpolicy.accounting.tables import Column, Table, group, totals_of
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import CreditMemo, DebitMemo, Document

AMOUNT = Column("amount", "amount", "money")
COLUMNS = (
    Column("number", "number"),
    Column("date", "date", "date"),
    Column("account", "account"),
    AMOUNT,
    Column("owed", "owed by it", "money"),
    Column("status", "status"),
)


def documents(asked: Asked) -> Table:
    """Every posted document of the period, with its amount and what its account owes more by it; the reversal of a
    payment on the day on which it was reversed."""
    wanted = [
        one
        for one in asked.movements
        if one.document is not None and asked.within(one.date) and asked.wants(one.account, one.currency)
    ]
    reversed_on = _reversed_on(asked)

    def status(movement: Movement) -> str | None:
        since = reversed_on.get(movement.document or "")
        return None if since is None or since > asked.day or movement.kind == PAYMENT_REVERSAL else "reversed"

    wanted.sort(key=lambda one: (one.currency, _ORDER.index(one.kind)))
    groups = []
    for (currency, kind), those in groupby(wanted, key=lambda one: (one.currency, one.kind)):
        rows = [(one.document, one.date, one.account, one.amount, one.owed, status(one)) for one in those]
        words = _WORDS.get(kind) or KINDS[kind].words
        groups.append(group(COLUMNS, f"{words}s", currency, rows, f"{len(rows)} {words}{'s' if len(rows) > 1 else ''}"))
    # What invoices, memos and payments amount to together means nothing; what is owed by all of them does.
    place = COLUMNS.index(AMOUNT)
    totals = (
        replace(one, total=(*one.total[:place], None, *one.total[place + 1 :]))
        for one in totals_of(COLUMNS, groups)
        if one.total is not None
    )
    return Table("documents", f"documents, {asked.period}", COLUMNS, tuple(groups), tuple(totals))


def _reversed_on(asked: Asked) -> dict[str, datetime.date]:
    """Number of each reversed document -> the day since which it is: that of the memo over all of it, or its own day,
    where it is that memo, or is about nothing and has none. Of a payment, that of its reversal."""
    found = {one.document or "": one.date for one in asked.movements if one.kind == PAYMENT_REVERSAL}
    memos = defaultdict(list)
    for one in asked.book.numbered.values():
        if isinstance(one, CreditMemo | DebitMemo) and one.reversed_:
            memos[one.source].append(one)
    for document in asked.book.numbered.values():
        if isinstance(document, Document) and document.reversed_:
            days = [one.date for one in memos[document.number] if one.amount == document.amount]
            found[document.number] = max(days, default=document.date)
    return found


_ORDER = (*KINDS, PAYMENT_REVERSAL)
_WORDS = {PAYMENT_REVERSAL: "reversal of payment", "credit_adjustment": "change of credit balance"}
