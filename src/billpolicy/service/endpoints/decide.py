"""What the policy decides of facts that are sent: without a book, and without planning anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.report.results import findings
from billpolicy.report.served import DecidedOrNot, DecideRequest
from billpolicy.service.answers.deciders import ready
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.bodies import record_in
from billpolicy.service.asked.parameters import IF_MATCH
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.writing import json_text, sent
from billpolicy.source.scalars import Plain

MOST_ROWS = 10_000
"""In one request; `billpolicy resolve` decides millions."""
_QUICK_BYTES = 16 * 1024
"""Of a body that is read at once: one of this size takes less than a millisecond."""
_KEYS = {"operation", "facts"}
_NESTED = {dict, list}
"""No fact has such a value."""


def _answer(asked: Asked) -> Answer:
    wanted = record_in(asked.body, DecideRequest)
    if (wanted.facts is None) == (not wanted.rows):
        hint = "send the `facts` of one document, or several as `rows`"
        message = "this is either `facts` or `rows`, not both and not neither"
        raise Refused([Diagnostic("value-wrong", message, Position("body"), hint)])
    if wanted.facts is not None:
        return Answer(sent(f"{_decided_or_counted(asked, wanted.operation, wanted.facts)}\n"))
    if len(wanted.rows) > MOST_ROWS:
        hint = "send them in several requests; `billpolicy resolve` decides tables of millions"
        raise Refused([Diagnostic("value-wrong", f"these are more than {MOST_ROWS:,} rows", Position("rows"), hint)])
    rows = ", ".join(_row(asked, wanted.operation, facts) for facts in wanted.rows)
    return Answer(sent(f'{{"rows": [{rows}]}}\n'))


def _row(asked: Asked, operation: str, facts: Mapping[str, Any]) -> str:
    try:
        return _decided_or_counted(asked, operation, facts)
    except Refused as refused:
        if _is_unknown(refused):
            raise  # then no row can be decided
        asked.noted.codes += (one.code for one in refused.diagnostics)
        return json_text(DecidedOrNot(refused=findings(refused.diagnostics)))


def _decided_or_counted(asked: Asked, operation: str, facts: Mapping[str, Any]) -> str:
    try:
        return _decided(asked, operation, facts)
    except Refused as refused:
        if not _is_unknown(refused):  # else it is a name that somebody made up
            asked.serving.metrics.decided(operation, "refused")
        raise


def _is_unknown(refused: Refused) -> bool:
    return any(one.code == "operation-unknown" for one in refused.diagnostics)


def _decided(asked: Asked, operation: str, facts: Mapping[str, Any]) -> str:
    text = ready(asked.in_force, operation, facts).text(facts)
    asked.serving.metrics.decided(operation, "decided")
    return text


def _at_once(asked: Asked) -> Answer | None:
    """The answer for facts of names that were sent before, if nothing is wrong with them: that takes microseconds."""
    body = asked.body
    if body is None or body.type != "application/json" or len(body.raw) > _QUICK_BYTES:
        return None
    try:
        wanted = _loads(body.raw.decode())
        if type(wanted) is not dict or wanted.keys() != _KEYS or type(wanted["facts"]) is not dict:
            return None
        operation, facts = wanted["operation"], wanted["facts"]
        if (operation, *facts) not in asked.in_force.ready or not _NESTED.isdisjoint(map(type, facts.values())):
            return None
        return Answer(sent(f"{_decided(asked, operation, facts)}\n"))
    except (ValueError, TypeError, RecursionError, Refused):
        return None  # what is wrong is told with its place, which takes longer to find


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


_loads = json.JSONDecoder(object_pairs_hook=_once, parse_float=Plain, parse_int=Plain, parse_constant=_no_number).decode
"""Numbers stay as they are written: the type of what they are the value of decides what they mean."""

ENDPOINT = Endpoint(
    "POST",
    "/decide",
    "What the policy decides of the facts of a document: each value with the level that had it, and the rule with its "
    "place and reason.",
    "plan",
    _answer,
    gives="decide",
    takes=("decide-request",),
    parameters=(IF_MATCH,),
    at_once=_at_once,
)
