"""What of a plan would come out otherwise by now: documents to come, and what is open of others, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import table
from billpolicy.report.html.writing import Writing


def plan_changes(shown: Any, now: Any, writing: Writing) -> Html:
    """The table; nothing where neither is otherwise. `shown` and `now`: a plan as it was told, and as it would be told
    now, both as plain data. What has not the form of one says nothing."""
    try:
        rows = [*_documents(shown, now, writing), *_balances(shown, now, writing)]
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError):
        return Html("")
    return table(("what", "as it was shown", "now"), rows) if rows else Html("")


def _in_turn(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for step in plan.get("steps", ()):
        yield from _in_turn(step["plan"])


def _documents(shown: Any, now: Any, writing: Writing) -> Iterator[tuple[str, str, str]]:
    before, after = ([one for step in _in_turn(plan) for one in step["documents"]] for plan in (shown, now))
    for one, other in zip_longest(before, after):
        told = _document(one, writing), _document(other, writing)
        if told[0] != told[1]:
            yield ("document to come", *told)


def _document(one: Mapping[str, Any] | None, writing: Writing) -> Html:
    if one is None:
        return el("span", "none", class_="soft")
    kind = str(one["kind"]).replace("_", " ")
    return joined((f"{kind} {one['number']}, ", writing.amount(Decimal(one["amount"]), str(one["currency"]))))


def _balances(shown: Any, now: Any, writing: Writing) -> Iterator[tuple[str, str, str]]:
    """Of documents that are there already: one to come is told as such."""
    before, after = (_open(plan, writing) for plan in (shown, now))
    for number in sorted(before | after):
        one, other = (found.get(number, el("span", "not changed", class_="soft")) for found in (before, after))
        if one != other:
            yield f"open of {number}", one, other


def _open(plan: Any, writing: Writing) -> dict[str, Html]:
    found: dict[str, Html] = {}
    for step in _in_turn(plan):
        for one in step["balances"]:
            if one.get("before") is not None:
                currency = str(one["currency"])
                each = (writing.amount(Decimal(one[key]), currency) for key in ("before", "after"))
                found[str(one["number"])] = joined(each, ", then ")
    return found
