"""The service as somebody writes it in an afternoon with FastAPI: types for what comes and goes, and the decider.

`POLICY=policy.yaml uvicorn benchmarks.plain_service:app`. It decides by the same function and answers the same; it
knows no caller, bounds nothing, and has no log, no metrics and no second version of its policy.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel

import billpolicy

READ: dict[str, Callable[[str], Any]] = {
    "date": datetime.date.fromisoformat,
    "money": Decimal,
    "integer": int,
    "boolean": lambda word: word == "true",
}


class Asked(BaseModel):
    operation: str
    facts: dict[str, str | None]


class Rule(BaseModel):
    id: str
    file: str
    line: int
    column: int
    because: str | None = None


class Decision(BaseModel):
    value: str | int | bool
    level: str | None = None
    rule: Rule


class Decided(BaseModel):
    policy: str
    decisions: dict[str, Decision]


class Operation:
    """What decides one operation, and how its facts are read."""

    def __init__(self, name: str) -> None:
        self.columns = billpolicy.row_columns(POLICY, name)
        self.decider = billpolicy.decider(POLICY, name, [one.name for one in self.columns])

    def row(self, facts: dict[str, str | None]) -> list[Any]:
        """The facts in the order of the columns."""
        given = ((READ.get(one.type), facts[one.name]) for one in self.columns)
        return [value if read is None or value is None else read(value) for read, value in given]


POLICY = billpolicy.load_policy(os.environ["POLICY"])
NEWEST = POLICY.policies[-1]
OPERATIONS: dict[str, Operation] = {}
app = FastAPI()


def _rule(id: str, key: str) -> Rule:
    rule = NEWEST.rules[id]
    at = getattr(rule, "then_at", {}).get(key, rule.position)
    return Rule(id=id, file=at.file, line=at.line, column=at.column, because=rule.because)


def _found(asked: Asked) -> Iterator[tuple[str, Any]]:
    """Each key, and what was chosen for it."""
    if asked.operation not in OPERATIONS:
        OPERATIONS[asked.operation] = Operation(asked.operation)
    operation = OPERATIONS[asked.operation]
    try:
        found = operation.decider.decide(operation.row(asked.facts))
    except (billpolicy.Refused, KeyError, ValueError) as refused:
        raise HTTPException(422, str(refused)) from None
    return ((key, one) for key, one in zip(operation.decider.keys, found, strict=True) if one is not None)


@app.post("/decide", response_model_exclude_none=True)
async def decide(asked: Asked) -> Decided:
    """What is decided of these facts, with the level and the rule of each."""
    decisions = {key: Decision(value=one[0], level=one[1], rule=_rule(one[2], key)) for key, one in _found(asked)}
    return Decided(policy=NEWEST.name, decisions=decisions)


@app.post("/unchecked")
async def unchecked(asked: Asked) -> Response:
    """The same by somebody in a hurry: the answer is no model, and nobody checks what is in it."""
    decisions = {key: {"value": one[0], "level": one[1], "rule": _place(one[2], key)} for key, one in _found(asked)}
    return Response(json.dumps({"policy": NEWEST.name, "decisions": decisions}), media_type="application/json")


@cache
def _place(id: str, key: str) -> dict[str, Any]:
    return _rule(id, key).model_dump()
