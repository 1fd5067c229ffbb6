"""Operations that wait for approvals, made by hand, without any planner."""

from __future__ import annotations

import datetime

from billpolicy.deciding.approvals import Awaited
from billpolicy.posting.store import Approved, Waiting, Writer
from billpolicy.source.codec import canonical
from tests.helpers.sample import NOW

_REQUEST = {"operation": "write_off_invoice", "invoice": "INV00000001"}
_ASKED = {"operation": "write_off_invoice", "date": "2026-03-01", "actor": "ines"}


def waits(id: str) -> Waiting:
    """An operation that waits for one approval."""
    return Waiting(
        id=id,
        operation="write_off_invoice",
        date=datetime.date(2026, 3, 1),
        request=_REQUEST,
        actor="ines",
        who="root",
        at=NOW,
        policy="acme",
        policy_digest="a-digest",
        content=canonical({"id": id, **_ASKED, "request": _REQUEST, "policy": "a-digest", "does": []}),
        awaited=(Awaited("write_off_invoice", "approval", "limit", "FIN-1"),),
        request_id=f"put-{id}",
    )


def put_waiting(writer: Writer) -> None:
    """One that waits and is approved, and one that was withdrawn."""
    for id in ("waits", "waited"):
        writer.wait(waits(id))
    writer.approve(waits("waits"), Approved("maria", NOW, "seen", "req-1"))
    writer.withdraw("waited", "ines", NOW, "by mistake", "req-2")
