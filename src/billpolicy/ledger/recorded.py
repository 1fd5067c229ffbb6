"""What a ledger has posted, as it would have been recorded: with all facts, and by the policies that it keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from billpolicy.deciding.proven import prove_texts
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger import journal
from billpolicy.ledger.policies import policies_of
from billpolicy.ledger.statements import Connection
from billpolicy.policy.model import Policy
from billpolicy.posting.store import PolicyText
from billpolicy.recording.record import Recorded, RecordedPolicy
from billpolicy.recording.recorder import recorded_operation, recorded_policy

_AT_ONCE = 500
"""Operations that are read together."""


def recorded(connection: Connection, without: Collection[str] = (), most: int | None = None) -> Iterator[Recorded]:
    """Everything that was posted, in that order, some operations at a time. Nothing is masked: it is all there.

    `without`: operations that the caller has already, by id. `most`: only the last so many, steps counted; a step whose
    operation is not among them is left out, too. Raises `Refused` where something of it has been damaged.
    """
    policies: dict[str, tuple[Policy | None, RecordedPolicy | None]] = {}
    last = journal.ids_in_order(connection)
    last = last if most is None else last[max(len(last) - most, 0) :]
    there, known_already = set(last), frozenset(without)
    ids = [id for id in last if id not in known_already]
    for first in range(0, len(ids), _AT_ONCE):
        these = list(journal.decided(connection, ids[first : first + _AT_ONCE]))
        new = {one.plan.policy_digest for one in these} - policies.keys()
        kept = policies_of(connection, new)
        for digest in new:
            policy = _policy(kept.get(digest))
            policies[digest] = policy, None if policy is None else recorded_policy(policy, masked=())
        for plan, step_of, steps in these:
            if step_of is not None and step_of not in there:
                there.discard(plan.id)
                continue
            policy, known = policies[plan.policy_digest]
            yield Recorded(recorded_operation(plan, policy, step_of, steps, masked=()), known)


def _policy(text: PolicyText | None) -> Policy | None:
    """The policy that was read from a text; None where there is none, or this program would refuse it."""
    try:
        return None if text is None else prove_texts(text.layers)
    except Refused:
        return None
