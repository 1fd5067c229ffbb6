"""Answers of a service, held against the schema that is published for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from jsonschema import Draft7Validator
from starlette.testclient import TestClient

import billpolicy
from billpolicy.exchange.schemas import schema_of
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving

YAML = {"content-type": "application/yaml"}
LINES = {"content-type": "application/x-ndjson"}
BY_LINE = {"accept": "application/x-ndjson"}
NO_HOT_WATER = {
    "id": "no-hot-water",
    "operation": "credit_memo_from_invoice",
    "date": "2026-03-02",
    "invoice": "KI-INV00000001",
    "reason": "Charge Dispute",
    "items": [{"item": "nights", "amount": "200.00"}],
}
HAYES_IS_GONE = {
    "id": "hayes-is-gone",
    "operation": "write_off_invoice",
    "date": "2026-03-03",
    "invoice": "SQ-INV00000001",
}
"""7000.00 USD, which take the approval of the chief financial officer."""
MOSER_IS_GONE = {
    "id": "moser-is-gone",
    "operation": "write_off_invoice",
    "date": "2026-03-03",
    "invoice": "AR-INV00000001",
}


@cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator(schema_of(name))


def held(data: Any, schema: str) -> Any:
    """The data, if it is what its schema says."""
    wrong = [f"{error.json_path}: {error.message}" for error in _validator(schema).iter_errors(data)]
    assert wrong == []
    return data


def told(answer: Any, schema: str, status: int = 200) -> Any:
    """What was answered, if it is of this status, and what the schema says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return held(answer.json(), schema)


def problem(answer: Any, status: int, name: str) -> Any:
    """The problem that was answered."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = held(answer.json(), "problem")
    assert (answer.status_code, found["type"]) == (status, f"urn:billpolicy:problem:{name}"), answer.text
    assert (found["status"], found["request"]) == (status, answer.headers["x-request-id"])
    return found


def lines(answer: Any) -> list[Any]:
    """The lines that were answered."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [held(json.loads(line), "result-line") for line in answer.text.splitlines()]


def by_line(*operations: Any) -> str:
    """Operations as they are sent line by line."""
    return "".join(f"{json.dumps(one)}\n" for one in operations)


@contextmanager
def asking(policy: billpolicy.Versions, on: billpolicy.Book | billpolicy.Ledger, actor: str | None) -> Iterator[Any]:
    """Asks a service as somebody."""
    serving = Serving(InForce(policy), on, OnThisMachine(actor))
    with TestClient(app_of(serving), "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
