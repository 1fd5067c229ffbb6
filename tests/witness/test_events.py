"""What a follow-up can come after is brought about by each operation that the vocabulary says, but `CANNOT`."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

import billpolicy
from billpolicy.policy.condition import Fact
from billpolicy.policy.layers import read_layers
from billpolicy.policy.load import build
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.witness.of_events import EVENTS
from billpolicy.witness.witness import witness
from tests.helpers.scenes import HEAD

DAY = datetime.date(2026, 3, 1)
FOLLOWING = [(event.name, spec.name) for spec in VOCABULARY.values() for event in spec.follows]
CANNOT = {
    ("invoice_posted", "transfer_negative_invoice", "bill_run"): (
        "by the standard policy (`negative_totals: one_document`) what is below zero is a credit memo"
    ),
}


def policy(folder: Path, event: str, operation: str, more: str = "") -> Policy:
    """A policy with this one follow-up, whatever circles it makes: its condition never holds."""
    file = folder / "policy.yaml"
    follow_up = (
        f"follow_ups: [{{id: own, after: {event}, then: {operation}, when: {{operation: nothing}}, because: x}}]"
    )
    file.write_text(f"{HEAD}{more}{follow_up}\n".replace("when: {operation: nothing}", "when: {actor.id: nobody}"))
    found, problems = build(read_layers(file), VOCABULARY)
    assert problems == []
    return found


def test_every_event_and_every_cause_has_a_scene() -> None:
    causes = {event: {name for name, spec in VOCABULARY.items() if event in spec.causes} for event in EVENTS}
    assert {event: set(scenes) for event, scenes in EVENTS.items()} == causes


@pytest.mark.parametrize(("event", "operation"), FOLLOWING)
def test_every_cause_of_every_follow_up(event: str, operation: str, tmp_path: Path) -> None:
    of = policy(tmp_path, event, operation)
    for cause in EVENTS[event]:
        found = witness([of], operation, {"operation": cause}, date=DAY, event=event)
        assert (found is None) is ((event, operation, cause) in CANNOT), cause


def test_a_negative_invoice_of_a_bill_run(tmp_path: Path) -> None:
    """Where the policy makes one, it is shown."""
    more = "operations: {bill_run: {negative_totals: negative_invoice}}\n"
    of = policy(tmp_path, "invoice_posted", "transfer_negative_invoice", more)
    facts: dict[str, Fact | None] = {"operation": "bill_run", "invoice.amount": -4200, "invoice.amount.currency": "EUR"}
    assert witness([of], "transfer_negative_invoice", facts, date=DAY, event="invoice_posted") is not None


def test_numbers_of_documents_to_come_are_drawn_that_far(tmp_path: Path) -> None:
    of = policy(tmp_path, "invoice_posted", "write_off_invoice")
    for number in ("INV00000001", "INV00000042"):
        found = witness([of], "write_off_invoice", {"invoice.number": number}, date=DAY, event="invoice_posted")
        assert found is not None
        assert found.operations[-1]["operation"] == "post_draft"
    assert witness([of], "write_off_invoice", {"invoice.number": "X-1"}, date=DAY, event="invoice_posted") is None


def test_a_policy_that_has_no_such_follow_up_is_not_asked(tmp_path: Path) -> None:
    standard = billpolicy.validate(Path("policies/standard"))
    assert witness([standard], "apply_credits", {}, date=DAY, event="payment_posted") is None
    both = [policy(tmp_path, "payment_posted", "apply_credits"), standard]
    assert witness(both, "apply_credits", {}, date=DAY, event="payment_posted") is not None
