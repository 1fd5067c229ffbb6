"""What operations bring about that a follow-up of the policy can come after.

An event is about something that is left to do, so that a chain comes to its end: a memo that is spent as it is posted,
or an invoice that is settled, is none.
"""

from __future__ import annotations

from billpolicy.vocabulary.fields import DATE, fields_of, reason_of
from billpolicy.vocabulary.spec import EventSpec, FieldSpec

EVENTS: dict[str, EventSpec] = {
    event.name: event
    for event in (
        EventSpec(
            "subscription_canceled",
            "a subscription is canceled or its cancellation moved, and its final bill made and credited",
            (
                reason_of("cancellation"),
                FieldSpec("write_off", "boolean", "whether the request asks to write off what is left unpaid"),
                *fields_of("account", "subscription"),
            ),
        ),
        EventSpec(
            "charges_reopened",
            "time that was billed, or that no service was expected in, is to be billed again",
            fields_of("account"),
        ),
        EventSpec(
            "subscription_changed",
            "a subscription is given other values or another term, or a charge of it is added, changed or ended",
            fields_of("account", "subscription"),
        ),
        EventSpec("invoice_posted", "an invoice is posted", fields_of("account", "subscription", "invoice")),
        EventSpec(
            "invoice_left_open",
            "money is put on an invoice and does not settle all of it",
            fields_of("account", "subscription", "invoice"),
        ),
        EventSpec(
            "credit_memo_posted",
            "a credit memo is posted and some of it is unapplied",
            fields_of("account", "subscription", "credit_memo"),
        ),
        EventSpec(
            "debit_memo_posted",
            "a debit memo is posted and some of it is open",
            fields_of("account", "debit_memo"),
        ),
        EventSpec("payment_posted", "a payment is posted and some of it is unapplied", fields_of("account", "payment")),
        EventSpec(
            "payment_reversed",
            "a payment is reversed, and what it had paid is open again",
            fields_of("account", "payment"),
        ),
        EventSpec("credit_increased", "the credit balance of an account is increased", fields_of("account")),
    )
}
"""Name -> the event; each also has the `date`, and the `operation` that brought it about."""


def event_after(name: str, operations: tuple[str, ...]) -> EventSpec:
    """An event with the fields that all of them have; `operations` are those that bring it about."""
    event = EVENTS[name]
    operation = FieldSpec("operation", "choice", "the operation that brought it about", operations)
    return event._replace(fields=(DATE, operation, *event.fields))
