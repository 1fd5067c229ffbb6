"""Several posters step by step, by a seed, beside a model in plain dicts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.faults.model import Model, Refusing, amount_of, cents_of
from tests.faults.sampling import outlived, tried

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_some_runs(ledger_url: str) -> None:
    tally = outlived("simulation", "--runs", "3", "--steps", "150", "--url", ledger_url)
    assert set(tally.rows) == {
        "simulated: a whole run",
        "simulated: all processes end at once",
        "simulated: a connection is lost before the commit",
        "simulated: a connection is lost after the commit",
        "simulated: a plan is out of date",
        "simulated: an id is used for something else",
        "simulated: the clock goes back",
        "simulated: the same is asked for again",
        "simulated: what cannot be done is asked for",
    }


def test_a_ledger_that_is_no_transaction_is_noticed() -> None:
    tally = tried("simulation", "--runs", "2", "--steps", "300", "--broken", "statement-by-statement")
    assert tally.problems


def test_the_model_by_hand() -> None:
    """100.00 billed; 30.00 of a payment of 50.00 put on it, 5.00 taken back, 20.00 refunded; the rest written off."""
    model = Model(invoices={"INV00000001": 100_00}, counters={"INV": 1})

    def post(**operation: object) -> list[str]:
        return model.post({"id": f"op-{len(model.posted)}", **operation}, "ana", NOON)

    put = [{"document": "INV00000001", "amount": "30.00"}]
    taken_back = [{"document": "INV00000001", "amount": "5.00"}]
    assert post(operation="create_payment", amount="50.00", apply=put) == ["P-00000001"]
    assert post(operation="unapply_payment", payment="P-00000001", unapply=taken_back) == []
    assert post(operation="create_refund", of="P-00000001", amount="20.00") == ["R-00000001"]
    assert model.balances() == {"INV00000001": 75_00, "P-00000001": 5_00, "R-00000001": 0}
    with pytest.raises(Refusing):
        post(operation="create_refund", of="P-00000001", amount="5.01")
    with pytest.raises(Refusing):  # the id of an operation that was posted
        model.post({"id": "op-0", "operation": "write_off_invoice", "invoice": "INV00000001"}, "ana", NOON)
    assert post(operation="write_off_invoice", invoice="INV00000001") == ["CM00000001"]
    assert model.balances() == {"INV00000001": 0, "P-00000001": 5_00, "CM00000001": 0, "R-00000001": 0}
    with pytest.raises(Refusing):  # 75.00 of 100.00 were given back
        post(operation="credit_memo_from_invoice", invoice="INV00000001", items=[{"item": "x", "amount": "25.01"}])


@pytest.mark.parametrize(("amount", "cents"), [("0.01", 1), ("12.30", 1230), ("900.00", 90000)])
def test_amounts(amount: str, cents: int) -> None:
    assert cents_of(amount) == cents
    assert amount_of(cents) == amount
