"""A journal as JSON, by the schema `ledger-journal`."""

from __future__ import annotations

import datetime
from decimal import Decimal

from billpolicy.accounting.journal import JournalExport
from billpolicy.money import minor_digits
from billpolicy.report.journal.words import description
from billpolicy.source.record import record


@record
class JournalLine:
    """A line: above zero it is a debit, below zero a credit."""

    account: str
    amount: Decimal
    customer: str
    """The account of the ledger whose money it is."""
    document: str
    item: str | None = None
    charge: str | None = None
    subscription: str | None = None
    tax: str | None = None
    due_date: datetime.date | None = None


@record
class JournalEntryReport:
    """What one movement of money is; its lines add up to nothing."""

    id: str
    """The same in every export."""
    kind: str
    date: datetime.date
    description: str
    customer: str
    customer_name: str | None = None
    currency: str
    lines: tuple[JournalLine, ...]
    reason: str | None = None
    operation: str | None = None
    posted_at: str | None = None


@record
class JournalReport:
    """Entries in the order of posting, and every account that the policy has."""

    accounts: tuple[str, ...]
    entries: tuple[JournalEntryReport, ...]
    last_operation: str | None = None
    """The next export goes on `--after` it."""


def journal_report(export: JournalExport) -> JournalReport:
    """As data."""
    entries = tuple(
        JournalEntryReport(
            id=one.id,
            kind=one.kind,
            date=one.date,
            description=description(one),
            customer=one.customer,
            customer_name=one.name,
            currency=one.currency,
            lines=tuple(
                JournalLine(
                    account=line.account,
                    amount=line.amount.quantize(Decimal(1).scaleb(-minor_digits(one.currency))),
                    customer=line.customer,
                    document=line.document,
                    item=line.item,
                    charge=line.charge,
                    subscription=line.subscription,
                    tax=line.tax,
                    due_date=line.due_date,
                )
                for line in one.lines
            ),
            reason=one.reason,
            operation=one.operation,
            posted_at=f"{one.posted_at:%Y-%m-%dT%H:%M:%SZ}" if one.posted_at is not None else None,
        )
        for one in export.entries
    )
    return JournalReport(accounts=export.accounts, entries=entries, last_operation=export.last_operation)
