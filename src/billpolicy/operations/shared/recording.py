"""Charge periods are put on record, as an operation leaves them. docs/domain.md 7."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from billpolicy.book.changes import PeriodsRecorded, subscription_name
from billpolicy.book.model import ChargePeriod
from billpolicy.planning.planning import Planning


def put_on_record(planning: Planning, periods: Iterable[ChargePeriod]) -> None:
    """Put charge periods on record, subscription by subscription, by id. The plan relies on what had billed them."""
    of: dict[str, list[ChargePeriod]] = defaultdict(list)
    id = planning.request.id
    for one in periods:
        of[one.subscription].append(one if one.operation == id else replace(one, operation=id))
        if one.document is not None and one.document in planning.before.numbered:
            planning.rely_on(one.document)
    for subscription, those in sorted(of.items()):
        planning.rely_on(subscription_name(subscription))
        planning.change(PeriodsRecorded(subscription, tuple(sorted(those, key=lambda one: one.id))))
