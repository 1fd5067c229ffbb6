"""A recording: what was decided and by which facts, as lines of JSON that can be resolved again.

Each line is a record. One of a policy comes before the operations that were decided by it: it says what a condition
could have asked about then, and what was left out on purpose, so that what is not there is never taken for unset. Facts
stand in the primitive form that conditions compare (docs/recording.md): what programs write, programs read.
"""

from __future__ import annotations

import datetime
from dataclasses import field
from decimal import Decimal
from typing import Annotated, NamedTuple

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.condition import Fact
from billpolicy.source.codec import Raw, decode
from billpolicy.source.record import record
from billpolicy.source.scalars import Scalar

FORM = 1
"""The form of recordings that this program writes, and the newest that it reads."""


@record
class RecordedPolicy:
    """A policy that operations were decided by."""

    recording: int = FORM
    """The form of this recording."""
    policy: str
    digest: str
    fields: dict[str, str]
    """The fields that it declares, with their types: only these could its conditions ask about beside those that are
    always there."""
    follow_ups: tuple[str, ...] = ()
    """The operations that it lets follow an event: `invoice_posted > apply_credits`."""
    masked: tuple[str, ...] = ()
    """The fields that were left out of what follows."""


@record
class RecordedOutcome:
    """What came out for one decision."""

    value: str | int | bool
    level: str | None = None
    """Where the value of an attribute is from; a setting has none."""
    rule: str
    """The exception or base rule that decided."""


@record
class RecordedDocument:
    """A document that was decided about."""

    kind: str
    number: str
    series: str | None = None
    """The prefix that its sequence set gave it."""
    date: datetime.date
    due_date: datetime.date | None = None
    by_term: bool = False
    """Whether its payment term says when it is due, and not the request."""
    account: str | None = None
    currency: str | None = None
    amount: Decimal | None = None


Held = str | tuple[str | None, ...] | None
"""The value that a level holds; of several subscriptions that do not agree, what each of them holds."""


RecordedSettings = Annotated[Raw, Scalar(lambda text: text, (("type", "object"),))]


@record
class RecordedDecision:
    """All that was decided together: the facts, what each level held, and what came out."""

    operation: str
    facts: dict[str, Fact]
    """As conditions compare them: amounts in minor units with their currency beside them, days counted from
    0001-01-01, which is 1. What is not there was unset, masked, or not declared."""
    levels: dict[str, dict[str, Held]] = field(default_factory=dict)
    """Level -> attribute -> the value that it held. The policy's own defaults are not among them."""
    matched: tuple[str, ...] = ()
    """The exceptions whose conditions held."""
    attributes: dict[str, RecordedOutcome] = field(default_factory=dict)
    """What came out for each attribute."""
    settings: RecordedSettings
    """What came out for each setting, as it was written: there are many, and few texts of them."""
    requested: tuple[str, ...] = ()
    """Settings of which the request itself said what counts, so that no policy did."""
    documents: tuple[RecordedDocument, ...] = ()


@record
class RecordedFollowUp:
    """What the follow-ups that run one operation after an event were asked, and whether one of them held."""

    after: str
    operation: str
    on: str
    date: datetime.date
    facts: dict[str, Fact]
    held: bool
    rule: str | None = None
    """The one that ran."""


@record
class RecordedOperation:
    """One operation, or one step that followed another: what was decided, or the codes of its refusal."""

    id: str
    operation: str
    date: datetime.date
    digest: str | None = None
    """That of the policy; without it, none was in force."""
    step_of: str | None = None
    """The id of the operation that it follows."""
    actor: str | None = None
    approved_by: tuple[str, ...] | str = ()
    """One name alone, in recordings made before there could be several."""
    decisions: tuple[RecordedDecision, ...] = ()
    follow_ups: tuple[RecordedFollowUp, ...] = ()
    refused: tuple[str, ...] = ()


class Recorded(NamedTuple):
    """An operation as it was recorded, with what is known of the policy that decided it."""

    operation: RecordedOperation
    policy: RecordedPolicy | None
    """None where that is not known any more."""
    at: Position | None = None
    """The line of the recording."""


def settings_of(decision: RecordedDecision) -> dict[str, RecordedOutcome]:
    """What came out for each setting."""
    return decode(dict[str, RecordedOutcome], decision.settings)
