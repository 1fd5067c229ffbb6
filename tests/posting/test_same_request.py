"""The same operation again is the same however its amounts were written; anything else under its id is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from billpolicy.exchange.operations_file import operation_from
from billpolicy.planning.request import request_data
from billpolicy.posting.same_request import ask_the_same
from tests.helpers.command_line import billpolicy

PAID: dict[str, Any] = {
    "id": "o",
    "operation": "create_payment",
    "date": "2026-01-02",
    "account": "a",
    "amount": "1.50",
}


def data(**other: Any) -> dict[str, Any]:
    return request_data(operation_from(PAID | other).request)


@pytest.mark.parametrize("amount", ["1.5", "1.500", "+1.50", "01.50"])
def test_an_amount_is_what_it_comes_to(amount: str) -> None:
    assert ask_the_same(data(), data(amount=amount))


def test_so_it_is_deep_inside() -> None:
    put = {"document": "INV-1", "items": [{"item": "1", "amount": "1.5"}]}
    once, again = data(apply=[put]), data(apply=[{**put, "items": [{"item": "1", "amount": "1.50"}]}])
    assert ask_the_same(once, again)
    assert not ask_the_same(once, data(apply=[{**put, "items": [{"item": "1", "amount": "1.51"}]}]))


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "1.51"},
        {"account": "b"},
        {"account": "1.50"},
        {"date": "2026-01-03"},
        {"reference": "x"},
        {"comment": "x"},
        {"attributes": {"sequence_set": "x"}},
    ],
    ids=str,
)
def test_whatever_else_differs_is_something_else(other: dict[str, Any]) -> None:
    assert not ask_the_same(data(), data(**other))
    assert not ask_the_same(data(**other), data())


def test_an_id_is_no_amount() -> None:
    assert not ask_the_same(data(account="1.0"), data(account="1.00"))


def test_what_this_version_cannot_read_is_told_by_its_text() -> None:
    for one in ({"operation": "gone", "amount": "1.0"}, {"operation": "create_payment", "amount": "1.0", "gone": "x"}):
        assert ask_the_same(one, dict(one))
        assert not ask_the_same(one, {**one, "amount": "1.00"})


@pytest.mark.parametrize("who", ["ines", "maria"])
def test_it_is_answered_by_what_was_posted_whoever_asks_again(
    who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked stays who it was, and is told: docs/security-names.md."""
    monkeypatch.chdir(tmp_path)
    Path("book.yaml").write_text("accounts: [{id: a, currency: EUR}]\n")
    Path("asked.json").write_text(json.dumps({"operations": [PAID]}))
    Path("again.json").write_text(json.dumps({"operations": [PAID | {"amount": "1.5"}]}))
    on = ("--policy", "standard", "--ledger", "sqlite:///l.db", "--engine", "python")
    assert billpolicy("ledger", "init", "sqlite:///l.db").code == 0
    assert billpolicy("ledger", "import", "sqlite:///l.db", "book.yaml").code == 0
    assert billpolicy("post", *on, "asked.json", "--actor", "ines").code == 0
    before = billpolicy("ledger", "show", "sqlite:///l.db", "o").out
    ran = billpolicy("post", *on, "again.json", "--actor", who)
    assert (ran.code, ran.err) == (0, "")
    assert "o: posted before by ines at " in ran.out
    assert "0 posted, 0 refused, 1 had been posted before" in ran.out
    assert billpolicy("ledger", "show", "sqlite:///l.db", "o").out == before
