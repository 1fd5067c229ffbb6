"""`approvals`: who did what in a ledger, and who approved it."""

from __future__ import annotations

from billpolicy.accounting.asked import Asked, Journal
from billpolicy.accounting.tables import Column, Group, Table
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused

COLUMNS = (
    Column("at", "posted"),
    Column("operation", "operation"),
    Column("what", "what"),
    Column("who", "who"),
    Column("approved_by", "approved by"),
    Column("why", "why"),
)


def approvals(asked: Asked) -> Table:
    """Every operation that was posted on days of the period, in UTC, in that order, with its steps; with an account,
    those that moved money of it."""
    journal = of_ledger(asked, "approvals")
    moved = {
        one.stamp.operation
        for one in asked.movements
        if one.stamp is not None and any(asked.wants(effect.account, one.currency) for effect in one.effects)
    }
    everything = asked.account is None and asked.currency is None
    rows = [
        (
            f"{one.audit.at:%Y-%m-%dT%H:%MZ}",
            id,
            one.operation,
            one.audit.who,
            ", ".join(one.audit.approved_by) or None,
            one.audit.why,
        )
        for id, one in journal.done.items()
        if asked.within(one.audit.at.date()) and (everything or id in moved)
    ]
    groups = (Group("", None, tuple(rows)),) if rows else ()
    return Table("approvals", f"what was posted, by whom, {asked.period}", COLUMNS, groups)


def of_ledger(asked: Asked, name: str) -> Journal:
    """What only a ledger knows. Raises `Refused` where the book is a file."""
    if asked.journal is None:
        hint = "name a ledger; a book does not say who did what, nor by which counters it was numbered"
        raise Refused([Diagnostic("report-unanswerable", f"the report `{name}` is of a ledger", hint=hint)])
    return asked.journal
