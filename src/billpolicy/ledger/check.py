"""Is a ledger whole? Every invariant, asked of everything it holds; answers with a diagnostic for each breach.

Posting keeps all of these. They break when a hand, a faulty disk or a faulty program has been at the file.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, in_order
from billpolicy.ledger import identities, invariants
from billpolicy.ledger.canonical import from_text
from billpolicy.ledger.plan_rest import decisions_of
from billpolicy.ledger.resolutions import resolved_of
from billpolicy.ledger.store import Ledger
from billpolicy.money import from_minor

_Found = Iterator[Diagnostic]
_UNREADABLE = (Refused, ValueError, KeyError, TypeError, AttributeError)
"""What reading stored JSON raises when it has been tampered with."""


def check_ledger(ledger: Ledger) -> list[Diagnostic]:
    """Everything that is wrong with a ledger, nothing when it is whole. Raises `Refused` if it cannot be read."""
    with ledger.reading() as connection:
        damaged = list(_file(connection))
        return in_order(damaged or [problem for check in CHECKS for problem in check(connection)])


def _file(connection: sqlite3.Connection) -> _Found:
    """The file itself, as SQLite sees it. Nothing else means anything if this fails."""
    for (text,) in connection.execute("PRAGMA integrity_check").fetchall():
        if text != "ok":
            yield _breach("file-damaged", f"the file of this ledger is damaged: {text}")


def _references(connection: sqlite3.Connection) -> _Found:
    """No row names another one that is not there."""
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield _breach("orphan", f"a row of `{table}` belongs to a row of `{parent}` that is not there")


def _sums(connection: sqlite3.Connection) -> _Found:
    """A document is the sum of its items and taxes; an application and a memo's refund are the sum of their parts."""
    for what, currency, amount, total in connection.execute(invariants.SUMS):
        shown = f"{from_minor(amount, currency)} {currency}", f"{from_minor(total, currency)} {currency}"
        yield _breach("amount-differs", f"{what} amounts to {shown[0]}, but what it is made of to {shown[1]}")


def _identities(connection: sqlite3.Connection) -> _Found:
    """Nothing is applied or refunded twice."""
    yield from identities.broken(connection, None)


def _offenders(connection: sqlite3.Connection) -> _Found:
    """Invariants that one query can ask."""
    for code, text, message in invariants.OFFENDERS:
        for row in connection.execute(text):
            yield _breach(code, message.format(*row))


def _counters(connection: sqlite3.Connection) -> _Found:
    """What the ledger drew has no gaps: each counter is one more than the last, or the start of its series."""
    counters = {row[0]: row[1:] for row in connection.execute("SELECT prefix, kind, imported, last FROM counters")}
    highest = {prefix: imported for prefix, (_, imported, _) in counters.items()}
    for number, kind, prefix, start, counter in connection.execute(invariants.DRAWN):
        bound = counters[prefix][0] if prefix in counters else kind
        if bound != kind:
            yield _breach("prefix-bound", f"{number} is a {kind}, but its prefix `{prefix}` is bound to {bound}")
        before = highest.get(prefix, 0)
        if counter != max(before + 1, start):
            yield _breach(
                "number-gap", f"{number} does not follow on {before}, the number before it of prefix `{prefix}`"
            )
        digits = number.removeprefix(prefix)
        if not digits.isdecimal() or int(digits) != counter:
            yield _breach("number-differs", f"{number} is not number {counter} of prefix `{prefix}`")
        highest[prefix] = counter
    for prefix, counter in sorted(highest.items()):
        if prefix not in counters or counters[prefix][2] != counter:
            message = f"the counter of prefix `{prefix}` does not stand at its highest number, {counter}"
            yield _breach("number-gap", message)


def _operations(connection: sqlite3.Connection) -> _Found:
    """Each operation has the documents, applications and steps it posted, and what it changed is still so."""
    posted: dict[str, list[str]] = defaultdict(list)
    for operation, number in connection.execute(invariants.POSTED_DOCUMENTS):
        posted[operation].append(number)
    applied = dict(connection.execute(invariants.POSTED_APPLICATIONS).fetchall())
    followed = dict(connection.execute(invariants.FOLLOWED).fetchall())
    flagged = {row[0] for row in connection.execute("SELECT number FROM documents WHERE reversed")}
    drafts = {row[0]: row[1:] for row in connection.execute(invariants.DRAFTS)}
    left = _Left({}, {})
    for id, request, plan, cause in connection.execute(invariants.OPERATIONS):
        try:
            from_text(request)
            if cause is not None:
                from_text(cause)
            data: dict[str, Any] = from_text(plan)
            decisions_of(data)
            same = data["documents"] == posted[id] and data["applications"] == applied.get(id, 0)
            complete = data.get("follow_ups", 0) == followed.get(id, 0)
            lost = [number for number in data["reversed"] if number not in flagged]
            changed = {draft: (number, "draft") for draft, number in data.get("posted_drafts", {}).items()}
            changed |= dict.fromkeys(data.get("canceled_drafts", ()), (None, "canceled"))
            left.note(id, data)
        except _UNREADABLE:
            yield _breach(
                "operation-unreadable", f"what operation `{id}` was asked and planned cannot be read any more"
            )
            continue
        if not same:
            yield _breach(
                "operation-differs", f"operation `{id}` has not the documents and applications that it posted"
            )
        if not complete:
            yield _breach("step-lost", f"operation `{id}` has not all the steps that followed it")
        for number in lost:
            yield _breach("reversal-lost", f"{number} was reversed by operation `{id}`, but is not marked so")
        for draft, state in changed.items():
            if drafts.get(draft) != state:
                yield _breach("draft-differs", f"the draft {draft} is not as operation `{id}` left it")
    yield from left.differences(connection)


class _Left(NamedTuple):
    """What the last operation that changed it left: each with the id of that operation."""

    through: dict[tuple[str, str], tuple[str, str]]
    """Subscription and charge -> charged through."""
    canceled: dict[str, tuple[str, str]]
    """Subscription -> the day it is canceled on."""

    def note(self, id: str, data: dict[str, Any]) -> None:
        self.through.update({(m["subscription"], m["charge"]): (m["after"], id) for m in data["charged_through"]})
        self.canceled.update({one["subscription"]: (one["on"], id) for one in data.get("cancellations", ())})

    def differences(self, connection: sqlite3.Connection) -> _Found:
        now = {row[:2]: row[2] for row in connection.execute(invariants.CHARGED_THROUGH)}
        for (subscription, charge), (after, id) in self.through.items():
            if now.get((subscription, charge)) != after:
                where = f"charge `{charge}` of subscription `{subscription}`"
                message = f"{where} is not charged through {after}, as `{id}` left it"
                yield _breach("charged-through-differs", message)
        canceled = dict(connection.execute(invariants.CANCELED).fetchall())
        for subscription, (on, id) in self.canceled.items():
            if canceled.get(subscription) != on:
                message = f"subscription `{subscription}` is not canceled on {on}, as `{id}` left it"
                yield _breach("cancellation-differs", message)


def _resolutions(connection: sqlite3.Connection) -> _Found:
    """The attributes of a document are those that were resolved for it."""
    for number, attributes, text in connection.execute(invariants.RESOLUTIONS):
        try:
            resolved = resolved_of(text)
            stored: dict[str, str | None] = from_text(attributes)
        except _UNREADABLE:
            yield _breach(
                "resolution-unreadable", f"how the attributes of {number} were resolved cannot be read any more"
            )
            continue
        for name, value in stored.items():
            found = resolved.resolutions.get(name)
            if found is not None and str(found.value) != value:
                message = f"`{name}` of {number} is `{value}`, but was resolved as `{found.value}`"
                yield _breach("attribute-differs", message)


CHECKS: tuple[Callable[[sqlite3.Connection], _Found], ...] = (
    _references,
    _sums,
    _identities,
    _offenders,
    _counters,
    _operations,
    _resolutions,
)


def _breach(code: str, message: str) -> Diagnostic:
    hint = "something other than billpolicy changed this ledger; restore it from a backup"
    return Diagnostic(code, message, hint=hint)
