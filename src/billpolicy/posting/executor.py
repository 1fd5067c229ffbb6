"""Posts plans: the only thing that changes a ledger. An operation with all that follows it is posted or not at all.

The operation's id is the idempotency key. What the plan relied on is compared with the ledger again, numbers are
drawn, and the identities of every document it touches are checked, before anything is committed.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger import journal
from billpolicy.ledger.canonical import from_text, to_text
from billpolicy.ledger.differences import differences
from billpolicy.ledger.journal import Audit
from billpolicy.ledger.posting import write_plans
from billpolicy.ledger.slices import read_slice
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan

Planner = Callable[[Book], Plan]


@dataclass(frozen=True, slots=True)
class Posted:
    """An operation that is in the ledger. On a repeat: the plan and the audit entry of the first time."""

    plan: Plan
    audit: Audit
    repeated: bool


def post(ledger: Ledger, plan: Plan, *, who: str, now: datetime.datetime) -> Posted:
    """Post a plan that was made before. Raises `Refused`, and changes nothing, if the ledger has moved on since."""
    with ledger.writing() as connection:
        repeated = posted_before(connection, [(plan.id, plan.request)]).get(plan.id)
        return repeated or write(connection, [(plan, who)], now)[0]


def execute(
    ledger: Ledger,
    id: str,
    request: Mapping[str, Any],
    needs: Needs,
    planner: Planner,
    *,
    who: str,
    now: datetime.datetime,
) -> Posted:
    """Plan and post in one transaction, so that nothing can come between. Raises `Refused` and changes nothing.

    `request` is what the plan will carry as its request. An id that was posted before is answered without planning.
    """
    with ledger.writing() as connection:
        repeated = posted_before(connection, [(id, request)]).get(id)
        if repeated is not None:
            return repeated
        plan = planner(read_slice(connection, needs))
        check_planned(plan, id, request)
        return write(connection, [(plan, who)], now)[0]


def posted_before(connection: sqlite3.Connection, asked: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Posted]:
    """Which operations (id, request) were posted, and what came of them. Raises `Refused` where the content differs."""
    same, differing = answered(connection, asked)
    if differing:
        raise Refused(problem for problems in differing.values() for problem in problems)
    return same


def answered(
    connection: sqlite3.Connection, asked: Iterable[tuple[str, Mapping[str, Any]]]
) -> tuple[dict[str, Posted], dict[str, list[Diagnostic]]]:
    """Of some operations (id, request): what came of those that were posted, and what differs of those whose id was.

    Also a step that followed another operation is answered.
    """
    requests = dict(asked)
    known = journal.requests_of(connection, requests)
    given = {id: to_text(requests[id]) for id in known}
    differing = {id: list(_different(id, text, given[id])) for id, text in known.items() if text != given[id]}
    same = [id for id in given if id in known and id not in differing]
    plans, audits = journal.posted_plans(connection, same), journal.audits_of(connection, same)
    return {id: Posted(plan, audits[id], repeated=True) for id, plan in plans.items()}, differing


def check_planned(plan: Plan, id: str, request: Mapping[str, Any]) -> None:
    """A planner that plans something else than it was asked for is a fault in the program."""
    if plan.id != id or (plan.request != request and to_text(plan.request) != to_text(request)):
        raise ValueError(f"the planner of operation {id} planned something else: {plan.id}")


def write(connection: sqlite3.Connection, plans: Iterable[tuple[Plan, str]], now: datetime.datetime) -> list[Posted]:
    """Write plans with all that follows them, each with who posts it, into the open transaction. Raises `Refused`."""
    if now.tzinfo is None:
        raise ValueError("the moment of posting needs a time zone")
    chains = [list(journal.steps_of(plan, who, now)) for plan, who in plans]
    write_plans(connection, [step for chain in chains for step in chain])
    return [Posted(chain[0].plan, chain[0].audit, repeated=False) for chain in chains]


def _different(id: str, known: str, given: str) -> Iterator[Diagnostic]:
    hint = "give the new operation an id of its own; to repeat the posted one, leave it as it was"
    for found in differences(from_text(known), from_text(given)):
        message = f"operation `{id}` was posted before with other content: {found}"
        yield Diagnostic("operation-differs", message, hint=hint)
