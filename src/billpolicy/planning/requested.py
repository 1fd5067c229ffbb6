"""What does a request itself say of what the policy decides? There it counts, and the value of the rule does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from billpolicy.deciding.resolver import Resolved
from billpolicy.planning.plan import Plan


class Requested(NamedTuple):
    """What counts instead of the value of a rule, in words; with `on`, only on these documents."""

    value: str
    on: tuple[str, ...] = ()


def requested(plan: Plan, resolved: Resolved) -> dict[str, Requested]:
    """Settings -> what the request says of them, among all that was decided together."""
    return {key: found for key, found in _said(plan, resolved) if key in resolved.resolutions}


def _said(plan: Plan, resolved: Resolved) -> Iterator[tuple[str, Requested]]:
    request = plan.request
    reason = _reason(plan, resolved)
    if reason is not None:
        yield "reason_code", Requested(reason)
    if "bill_as" in request:
        yield "bill_as", Requested(request["bill_as"])
    if "final_bill" in request:
        yield "final_bill", Requested("bill" if request["final_bill"] else "leave")
    yield from _named(plan, request.get("apply", ()))


def _reason(plan: Plan, resolved: Resolved) -> str | None:
    """The reason that was asked for, where the documents have it: what a reversal pulls in has the policy's own."""
    asked: str | None = plan.request.get("reason")
    made = {getattr(one.document, "reason", None) for one in plan.documents if one.resolved is resolved}
    return asked if not made or asked in made else None


def _named(plan: Plan, apply: Any) -> Iterator[tuple[str, Requested]]:
    """Where documents are named with their amounts there is no order to decide, and where items are, no item rule."""
    settled = dict.fromkeys(one.to for one in plan.applications)
    # The rule still says from which of its own items the money of a credit memo comes.
    of_items = any(part.source_item for one in plan.applications for part in one.parts)
    for key, field, words in (
        ("document_order", "amount", "amounts named"),
        ("allocation", "items", "items named"),
    ):
        these = tuple(one["document"] for one in apply if one.get(field) and one["document"] in settled)
        if these:
            everywhere = len(these) == len(settled) and not (key == "allocation" and of_items)
            yield key, Requested(words, () if everywhere else these)
            if everywhere and key == "document_order":
                yield "corrected_first", Requested(words)
