"""How an account stands in each currency: what is open, what of that is overdue, and what it has to give."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from billpolicy.accounting.reports.aging import days_past_due
from billpolicy.book.kinds import is_owed, kind_of
from billpolicy.book.model import Numbered, OwedDocument
from billpolicy.posting.shown import ShownAccount

_ZERO = Decimal(0)


class Standing(NamedTuple):
    """What counts in one currency; nothing is ever added up across two (docs/domain.md 9.5)."""

    currency: str
    open: Decimal
    """Of its invoices and debit memos."""
    overdue: Decimal
    """What is open of those that are past due: with no due date, since their own day."""
    unapplied: Decimal
    """Of its payments and credit memos."""
    credit: Decimal | None
    """The credit balance; None where it never had one."""


def account_standings(shown: ShownAccount, day: datetime.date) -> list[Standing]:
    """Of each currency that an account has a document in, in their order. `day`: on which something is overdue."""
    overdue = dict.fromkeys(shown.open, _ZERO)
    for one in overdue_of(shown, day):
        overdue[one.currency] += shown.balances[one.number]
    return [
        Standing(
            currency,
            amount,
            overdue[currency] + amount * 0,  # with as many digits as the currency has
            shown.unapplied[currency],
            shown.credit.get(currency),
        )
        for currency, amount in shown.open.items()
    ]


def overdue_of(shown: ShownAccount, day: datetime.date) -> Iterator[OwedDocument]:
    """Its documents of which something is open and past due on a day."""
    for one in shown.documents:
        if is_owed(one) and one.status == "posted" and shown.balances[one.number] and days_past_due(one, day) > 0:
            yield one


def added_up(standings: Iterable[Standing]) -> list[Standing]:
    """What accounts come to together, in each currency by itself."""
    sums: dict[str, Standing] = {}
    for one in standings:
        before = sums.get(one.currency)
        sums[one.currency] = one if before is None else _added(before, one)
    return [sums[currency] for currency in sorted(sums)]


def _added(one: Standing, other: Standing) -> Standing:
    credit = one.credit if other.credit is None else other.credit + (one.credit or 0)
    return Standing(
        one.currency, one.open + other.open, one.overdue + other.overdue, one.unapplied + other.unapplied, credit
    )


def is_open(shown: ShownAccount, document: Numbered) -> bool:
    """Whether something is left of a document of the account: open of it, or unapplied."""
    return document.status == "posted" and bool(kind_of(document).open_word) and bool(shown.balances[document.number])
