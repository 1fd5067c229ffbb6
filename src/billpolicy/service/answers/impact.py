"""What a change of the policy does to the operations that the service knows: those that were loaded with a book, or the
last that its ledger has posted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.service.asked.asked import Asked
from billpolicy.source.today import today

if TYPE_CHECKING:
    from billpolicy import Impact, Versions

MOST_POSTED = 10_000
"""Of what a ledger has posted, a change is tried on the last so many, steps counted."""
MOST_PLANNED = 300
"""Operations that are planned under either policy, each time; of more it is decided again what decided them."""
_PLANNING = threading.Lock()
"""Who types on while they are planned asks again, and must not have them planned again."""


def impact_of(asked: Asked, old: Versions, new: Versions, only: str | None = None) -> Impact:
    """What comes out otherwise of the operations that are loaded, or of what a ledger has posted. Many are planned
    once, and then decided again on the facts that they were decided by: that is quick.

    `only`: what is about this operation or decision alone.
    """
    on = asked.serving.on
    if isinstance(on, billpolicy.Book):
        loaded = asked.serving.operations
        if len(loaded) > MOST_PLANNED:
            return billpolicy.impact(old, new, [], only=only, recordings=[("loaded", _recorded(asked, on))])
        samples = [billpolicy.Sample("loaded", on, loaded)] if loaded else []
        return billpolicy.impact(old, new, samples, today=asked.today, only=only)
    return billpolicy.impact(old, new, [], only=only, recordings=[("posted", _posted(asked, on))])


def prepare(asked: Asked) -> None:
    """Begin to plan the loaded operations where they are many: until somebody has typed a change, it may be done. Where
    it is under way, nothing more is begun."""
    on, loaded = asked.serving.on, asked.serving.operations
    is_to_do = not asked.in_force.recorded and not _PLANNING.locked()
    if isinstance(on, billpolicy.Book) and len(loaded) > MOST_PLANNED and is_to_do:
        threading.Thread(target=_recorded, args=(asked, on), name="loaded operations", daemon=True).start()


def _recorded(asked: Asked, book: billpolicy.Book) -> list[billpolicy.Recorded]:
    """The loaded operations as the policy in force decides them on a day: planned when that is first asked for."""
    kept, day = asked.in_force.recorded, asked.today or today()
    with _PLANNING:
        if day not in kept:
            recorder = billpolicy.Recorder(asked.versions, day)
            outcomes = billpolicy.plan_all(asked.versions, book, asked.serving.operations, today=day)
            kept.clear()
            kept[day] = [one for outcome in outcomes for one in recorder.recorded(outcome)]
        return kept[day]


def _posted(asked: Asked, ledger: billpolicy.Ledger) -> list[billpolicy.Recorded]:
    """The last operations that the ledger has posted: what was read of it before never changes, and is kept."""
    kept = asked.serving.posted
    with _PLANNING, ledger.reading() as reader:
        kept += list(reader.recorded(without={one.operation.id for one in kept}, most=MOST_POSTED))
        del kept[:-MOST_POSTED]
        while kept and kept[0].operation.step_of is not None:  # its operation is no more among them
            del kept[0]
        return list(kept)


def has_operations(asked: Asked) -> bool:
    """Whether there is anything that a change can be tried on."""
    return bool(asked.serving.operations) or asked.serving.ledger is not None
