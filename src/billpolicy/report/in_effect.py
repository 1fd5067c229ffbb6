"""Which value of each attribute takes effect for a document of a ledger, and where is it from?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal

from billpolicy.book.changes import DraftPosted
from billpolicy.book.history import held_on
from billpolicy.deciding.decisions import Resolution
from billpolicy.posting.shown import ShownDocument
from billpolicy.source.record import record
from billpolicy.source.scalars import Date


@record
class InEffect:
    """An attribute of a document: the value that takes effect, and where it is from."""

    key: str
    value: str | None = None
    """None where it is bound live and nothing holds a value now."""
    binding: Literal["stored", "live", "numbered"]
    """`stored` on the document; `live`: it holds none, and what the account holds now counts; `numbered`: the sequence
    set that numbered a payment or refund, which does not keep it (docs/domain.md 1.1)."""
    level: str | None = None
    """The level that has it; None where nothing resolved it here: it was imported, or stood on the draft."""
    label: str | None = None
    """What it is from: `account acme`, `draft TMP-INV-00000001`; None where it was imported."""
    since: Date | None = None
    """Since when that holds it; None where it always did, or nobody knows."""
    given_by: str | None = None
    """The operation that gave it."""
    rule: str | None = None
    when_posted: str | None = None
    """Of what is bound live: the value that the document was posted with, where that was another one."""


def in_effect(shown: ShownDocument) -> tuple[InEffect, ...]:
    """Every attribute of a document, by name (docs/domain.md 1.4)."""
    return tuple(sorted(_attributes(shown), key=lambda one: one.key))


def _attributes(shown: ShownDocument) -> Iterator[InEffect]:
    stored, resolved = shown.document.attributes, shown.resolved
    found = {} if resolved is None else {k: one for k, one in resolved.resolutions.items() if one.level is not None}
    for key, value in stored.items():
        resolution = found.get(key)
        if value is None:
            yield _live(shown, key, resolution)
        else:
            yield _of(shown, key, value, "stored", resolution)
    others = {key: one for key, one in found.items() if key not in stored}
    binding = None if resolved is None else resolved.resolutions.get("attribute_binding")
    if binding is not None and binding.value == "live":
        yield from (_live(shown, key, resolution) for key, resolution in others.items())
    elif "sequence_set" in others:
        yield _of(shown, "sequence_set", str(others["sequence_set"].value), "numbered", others["sequence_set"])


def _of(
    shown: ShownDocument,
    key: str,
    value: str,
    binding: Literal["stored", "numbered"],
    resolution: Resolution | None,
) -> InEffect:
    """A value as it was resolved, as it stood on the draft, or as it was imported."""
    resolved = shown.resolved
    if resolution is None or resolution.level is None or resolved is None:
        posted = () if shown.operation is None else shown.operation.plan.of(DraftPosted)
        draft = next((f"draft {one.draft}" for one in posted if one.number == shown.document.number), None)
        return InEffect(key=key, value=value, binding=binding, label=draft)
    source = resolved.levels[resolution.level]
    since, given_by = source.since.get(key, (None, None))
    return InEffect(
        key=key,
        value=value,
        binding=binding,
        level=resolution.level,
        label=source.label_of(key),
        since=since,
        given_by=given_by,
        rule=resolution.rule,
    )


def _live(shown: ShownDocument, key: str, resolution: Resolution | None) -> InEffect:
    """What the account holds, with the day from which on if it changed; else the default that it was posted with."""
    account = shown.account
    value, level, label = account.attributes.get(key), "account", f"account {account.id}"
    held = held_on(account, f"attributes.{key}", datetime.date.max)
    then = None if resolution is None else str(resolution.value)
    if value is None and resolution is not None and resolution.level == "default" and shown.resolved is not None:
        value, level, label, held = then, "default", shown.resolved.levels["default"].label_of(key), None
    return InEffect(
        key=key,
        value=value,
        binding="live",
        level=level,
        label=label,
        since=None if held is None else held.since,
        given_by=None if held is None else held.operation,
        rule=None if resolution is None else resolution.rule,
        when_posted=None if then == value else then,
    )
