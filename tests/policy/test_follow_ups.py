"""Follow-ups: what they mean, what they can ask about, how layers change them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from billpolicy.policy.model import ALWAYS, Effective, FollowUp
from billpolicy.vocabulary.events import EVENTS
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import events_of
from tests.helpers.scenes import HEAD, layered, layered_refusals, policy, refusals, refused_codes

STANDARD_ONE = "write-off-on-cancellation"
NEGATIVE = """
follow_ups:
  - id: negative-invoices-become-credit
    after: invoice_posted
    when: {invoice.balance_is: below_zero, operation: bill_run}
    then: transfer_negative_invoice
    if_refused: leave_out
    effective: {from: 2026-01-01, until: 2027-01-01}
    because: FIN-300
"""


def follow_up(id: str = "one", after: str = "invoice_posted", then: str = "apply_credits", more: str = "") -> str:
    return f"follow_ups: [{{id: {id}, after: {after}, then: {then}{more}}}]\n"


def own(text: str) -> FollowUp:
    (found,) = (one for one in policy(text).follow_ups if one.id != STANDARD_ONE)
    return found


# -- what one says -------------------------------------------------------------------------------------------------


def test_a_follow_up_is_an_operation_after_an_event_with_a_condition_and_a_reason() -> None:
    found = own(NEGATIVE)
    assert (found.id, found.after, found.operation) == (
        "negative-invoices-become-credit",
        "invoice_posted",
        "transfer_negative_invoice",
    )
    assert found.if_refused == "leave_out"
    assert found.rule.effective == Effective(datetime.date(2026, 1, 1), datetime.date(2027, 1, 1))
    assert found.rule.because == "FIN-300"
    assert found.rule.then == {}
    assert [clause.text for clause in found.rule.clauses] == [
        "`invoice.balance_is` is below_zero",
        "`operation` is bill_run",
    ]
    assert (found.rule.position.line, found.rule.position.column) == (HEAD.count("\n") + 3, 9)


def test_most_of_it_can_be_left_out() -> None:
    found = own(follow_up())
    assert found.rule.boxes == ({},)
    assert found.rule.effective == ALWAYS
    assert found.rule.because is None
    assert found.if_refused == "refuse", "what was asked for together is done together, or not at all"


def test_the_standard_policy_writes_off_after_a_cancellation_that_asks_for_it() -> None:
    """docs/domain.md 12 leaves open which invoices; that is for the operation to say."""
    (found,) = policy("").follow_ups
    assert (found.id, found.after, found.operation) == (STANDARD_ONE, "subscription_canceled", "write_off_invoice")
    assert found.rule.boxes[0]["write_off"].allows(True)
    assert not found.rule.boxes[0]["write_off"].allows(False)
    assert not found.rule.boxes[0]["write_off"].allows(None)


def test_they_are_sorted_by_id() -> None:
    text = f"{follow_up('z').rstrip()[:-1]}, {{id: a, after: invoice_posted, then: apply_credits}}]\n"
    assert [one.id for one in policy(text).follow_ups] == ["a", STANDARD_ONE, "z"]


# -- what it can ask about -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "then", "when"),
    [
        # Of every event: its date, and the operation that brought it about.
        ("invoice_posted", "apply_credits", "{date: {at_least: 2026-07-01}, operation: [bill_run, post_draft]}"),
        # Of the event itself.
        ("subscription_canceled", "write_off_invoice", "{reason: Non-payment, write_off: true}"),
        ("subscription_canceled", "write_off_invoice", "{subscription.plan: gold, account.country: DE}"),
        ("payment_posted", "apply_credits", "{payment.type: external, payment.balance: {above: 5.00 EUR}}"),
        # Of the objects of the operation that follows: the invoice that is written off.
        ("subscription_canceled", "write_off_invoice", "{invoice.balance: {at_most: 50.00 EUR}}"),
        ("invoice_posted", "apply_credits", "{actor.role: {is: unset}}"),
        # Fields of the policy's own, where the event or the operation has the object.
        ("invoice_posted", "apply_credits", "{account.segment: business, subscription.region: north}"),
    ],
)
def test_it_can_ask_about_the_event_and_about_the_objects_of_its_operation(after: str, then: str, when: str) -> None:
    fields = "fields: {account.segment: {type: text}, subscription.region: {type: text}}\n"
    assert own(fields + follow_up(after=after, then=then, more=f", when: {when}")).rule.facts


@pytest.mark.parametrize(
    ("after", "then", "when"),
    [
        # A field of the operation's own request: there is none yet.
        ("invoice_posted", "transfer_negative_invoice", "{amount: {above: 5.00 EUR}}"),
        ("invoice_posted", "transfer_negative_invoice", "{reason: Other}"),
        # Neither the event nor the operation is about it.
        ("credit_increased", "apply_credit_balance", "{invoice.balance_is: zero}"),
        ("payment_posted", "apply_credits", "{subscription.region: north}"),
        ("invoice_posted", "apply_credits", "{write_off: true}"),
    ],
)
def test_what_it_cannot_know_is_an_error(after: str, then: str, when: str) -> None:
    text = "fields: {subscription.region: {type: text}}\n" + follow_up(after=after, then=then, more=f", when: {when}")
    (found,) = refusals(text)
    assert found.code == "field-unknown"
    assert found.message.startswith(f"`{then}` after `{after}` has no field `")


@pytest.mark.parametrize(
    "when",
    [
        "{operation: create_refund}",  # posts no invoice
        "{invoice.balance_is: negative}",
        "{invoice.balance: 5.00}",  # names no currency
        "{date: today}",
    ],
)
def test_a_value_that_is_not_of_the_type_of_its_field_is_an_error(when: str) -> None:
    assert refused_codes(follow_up(more=f", when: {when}")) == ["condition-wrong"]


def test_the_operations_of_an_event_are_those_that_can_bring_it_about() -> None:
    for name, event in events_of(VOCABULARY).items():
        (field,) = (field for field in event.fields if field.name == "operation")
        assert field.choices == tuple(spec.name for spec in VOCABULARY.values() if name in spec.causes)
        assert field.choices, f"nothing brings `{name}` about"


def test_every_event_can_be_followed_and_every_cause_is_an_event() -> None:
    assert set(events_of(VOCABULARY)) == set(EVENTS)
    assert {name for spec in VOCABULARY.values() for name in spec.causes} == set(EVENTS)


# -- what cannot be ------------------------------------------------------------------------------------------------


def test_an_unknown_event_or_operation_is_told_with_the_nearest() -> None:
    event, operation = refusals(follow_up(after="invoice_post", then="apply_credit"))
    assert (event.code, event.hint) == ("event-unknown", "did you mean `invoice_posted`?")
    assert (operation.code, operation.hint) == ("operation-unknown", "did you mean `apply_credits`?")


def test_an_operation_that_cannot_follow_is_told_with_what_it_can_follow_and_what_can() -> None:
    (found,) = refusals(follow_up(after="credit_increased", then="bill_run"))
    assert found.code == "follow-up-not-here"
    assert found.hint == (
        "`bill_run` can follow `charges_reopened`, `subscription_changed`; after `credit_increased` can come "
        "`apply_credit_balance`, `refund_credit_balance`"
    )
    (found,) = refusals(follow_up(after="charges_reopened", then="apply_payment"))
    assert found.hint == "`apply_payment` follows no event; after `charges_reopened` can come `bill_run`"


def test_every_pair_of_event_and_operation_is_allowed_or_refused_as_the_vocabulary_says() -> None:
    for event in EVENTS:
        for name, spec in VOCABULARY.items():
            text = follow_up(after=event, then=name)
            if event in {one.name for one in spec.follows}:
                assert own(text).operation == name
            else:
                assert refused_codes(text) == ["follow-up-not-here"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("follow_ups: [{id: a, then: apply_credits}]", "key-missing"),
        ("follow_ups: [{id: a, after: invoice_posted}]", "key-missing"),
        (follow_up(more=", if_refused: ignore"), "value-not-allowed"),
        (follow_up(more=", effective: {from: 2026-02-01, until: 2026-02-01}"), "effective-empty"),
        (follow_up("apply_credits.allocation"), "follow-up-id"),
        (follow_up("a") + "exceptions: [{id: a, operations: [bill_run], then: {bill_as: draft}}]", "said-twice"),
    ],
)
def test_a_follow_up_is_whole_and_has_an_id_of_its_own(text: str, code: str) -> None:
    assert refused_codes(text) == [code]


@pytest.mark.parametrize(
    ("effective", "codes"),
    [
        ("{from: 2025-01-01, until: 2026-01-01}", ["never-in-force"]),  # ends on the day the policy begins
        ("{from: 2025-01-01, until: 2026-01-02}", []),
        ("{from: 2026-12-31}", []),
        ("{from: 2027-01-01}", ["never-in-force"]),  # begins on the day the policy has ended
    ],
)
def test_one_that_is_in_force_on_no_day_of_its_policy_is_an_error(effective: str, codes: list[str]) -> None:
    head = HEAD.replace("{from: 2000-01-01}", "{from: 2026-01-01, until: 2027-01-01}")
    text = follow_up(more=f", effective: {effective}")
    if codes:
        assert refused_codes(text, head) == codes
    else:
        assert policy(text, head)


# -- layers --------------------------------------------------------------------------------------------------------


def test_they_add_up_over_the_layers(tmp_path: Path) -> None:
    found = layered(tmp_path, follow_up("a"), follow_up("b"))
    assert [one.id for one in found.follow_ups] == ["a", "b", STANDARD_ONE]


def test_a_later_layer_says_one_anew_as_a_whole(tmp_path: Path) -> None:
    first = follow_up("a", more=", when: {operation: bill_run}, if_refused: leave_out, because: FIN-1")
    found = layered(tmp_path, first, follow_up("a", after="debit_memo_posted"))
    (one,) = (one for one in found.follow_ups if one.id == "a")
    assert (one.after, one.rule.boxes, one.if_refused, one.rule.because) == ("debit_memo_posted", ({},), "refuse", None)
    assert one.rule.position.file.endswith("layer1.yaml")


def test_a_later_layer_switches_one_off(tmp_path: Path) -> None:
    off = f"follow_ups: [{{id: {STANDARD_ONE}, then: nothing, because: we collect}}]\n"
    assert layered(tmp_path, off).follow_ups == ()
    # And a later one still may have one of that name.
    again = layered(tmp_path, off, follow_up(STANDARD_ONE))
    assert [one.after for one in again.follow_ups] == ["invoice_posted"]


def test_only_one_of_a_base_can_be_switched_off(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, "follow_ups: [{id: write-off-on-cancelation, then: nothing}]\n")
    assert (problem.code, problem.hint) == ("follow-up-unknown", f"did you mean `{STANDARD_ONE}`?")


@pytest.mark.parametrize(
    "more",
    ["when: {account.country: DE}", "effective: {from: 2027-01-01}", "after: invoice_posted", "if_refused: leave_out"],
)
def test_it_is_switched_off_always_and_everywhere(more: str, tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, f"follow_ups: [{{id: {STANDARD_ONE}, then: nothing, {more}}}]\n")
    assert problem.code == "follow-up-nothing"


def test_in_one_layer_an_id_is_said_once(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, f"{follow_up('a').rstrip()[:-1]}, {{id: a, then: nothing}}]\n")
    assert problem.code == "said-twice"
    exception = "exceptions: [{id: a, operations: [bill_run], then: {bill_as: draft}}]"
    (problem,) = layered_refusals(tmp_path, follow_up("a"), exception)
    assert problem.code == "said-twice"
    assert "layer0.yaml" in problem.message
