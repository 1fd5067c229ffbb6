"""Operations that wait for approvals in a ledger."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from billpolicy.api.arguments import (
    Operation,
    day_of,
    expect_ledger,
    expect_to_post,
    known_by,
    moment_of,
    person,
    remark,
    request_of,
)
from billpolicy.api.jobs import as_asked
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.exchange.operations_file import operation_from
from billpolicy.planning.request import Instruction
from billpolicy.posting import approving
from billpolicy.posting.approving import ForApproval
from billpolicy.posting.store import Store, Waiting


def wait(
    policy: Versions,
    ledger: Store,
    operation: Operation,
    *,
    who: str,
    request: str | None = None,
    now: datetime.datetime | None = None,
    today: datetime.date | None = None,
) -> ForApproval:
    """Let an operation that lacks nothing but approvals wait for them in the ledger: what would be done is what is
    approved, and its date is fixed.

    The same again changes nothing; where something else would be done by now it waits anew. `request` is as in `post`.
    Raises `Refused` where it lacks anything else, or no approval at all.
    """
    expect_to_post(policy, ledger)
    who, request_id = person(who, does="asks"), request_of(request)
    with ledger.writing() as writer:
        return approving.let_wait(
            writer, policy, operation_from(operation), day_of(today), who, moment_of(now), request_id
        )


def waiting(ledger: Store) -> list[Waiting]:
    """What waits for approvals, in the order in which it began to."""
    expect_ledger(ledger)
    with ledger.reading() as reader:
        return list(reader.waiting().values())


def people_asked(policy: Versions, waits: Waiting) -> list[str]:
    """Whose approval something that waits was still waiting for when it began to, as far as they have not approved it:
    people of the policy's roles. Whether one of them may, is told when they approve it."""
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect(waits, Waiting, "`waits` must be what `waiting` gives")
    return approving.people_asked(policy.on(waits.date).policy, waits.awaited, waits)


def asked_waiting(ledger: Store, ids: Iterable[str]) -> list[Instruction]:
    """What waits under these ids, as it was asked for: to be posted with `post_all`. Raises `Refused` where nothing
    does."""
    expect_ledger(ledger)
    ids = [known_by(id) for id in expect_each(ids, str, "`ids` must be several of them, like a list")]
    with ledger.reading() as reader:
        return [as_asked(approving.standing_in(reader, id)) for id in ids]


def approve(
    policy: Versions,
    ledger: Store,
    id: str,
    *,
    actor: str,
    comment: str | None = None,
    request: str | None = None,
    now: datetime.datetime | None = None,
    today: datetime.date | None = None,
) -> ForApproval:
    """Approve what waits, as `actor`: checked by the policy, and recorded with what was approved. `request` is as in
    `post`.

    Gives what waits with the approvals that it has now, and the plan. Raises `Refused`, and records nothing, where they
    may not approve it, or where something else would be done by now.
    """
    expect_to_post(policy, ledger)
    id = known_by(id)
    actor, comment = person(actor, "actor", "approves"), remark(comment, "comment")
    request_id = request_of(request)
    with ledger.writing() as writer:
        return approving.approve(
            writer, policy, id, as_asked, actor, comment, day_of(today), moment_of(now), request_id
        )


def withdraw(
    ledger: Store,
    id: str,
    *,
    who: str,
    why: str | None = None,
    request: str | None = None,
    now: datetime.datetime | None = None,
) -> Waiting:
    """What waits for approvals does so no more; that it did stays on record. `request` is as in `post`.

    Raises `Refused` where nothing does.
    """
    expect_ledger(ledger)
    id = known_by(id)
    who, why, request_id = person(who, does="withdraws"), remark(why, "why"), request_of(request)
    with ledger.writing() as writer:
        return approving.withdraw(writer, id, who, why, moment_of(now), request_id)
