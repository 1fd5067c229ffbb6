"""Which subscriptions share an invoice: docs/domain.md 1.5; G17 and G18."""

from __future__ import annotations

from billpolicy.book.model import Invoice
from tests.helpers.bill_runs import MONTHLY, RUN, SETS, subscribed, summary
from tests.helpers.levels import changed
from tests.helpers.plan_views import documents
from tests.helpers.scenes import plan, run


def with_values(name: str, attributes: str) -> str:
    return f"id: {name}, attributes: {attributes}, {MONTHLY}"


def test_subscriptions_with_the_same_values_share_an_invoice() -> None:
    # Vector G17: S1 and S2 with Ray and Net 60, S3 with Steve and Net 30, S4 with nothing of its own.
    book = subscribed(
        with_values("S1", "{bill_to_contact: ray, payment_term: Net 60}"),
        with_values("S2", "{bill_to_contact: ray, payment_term: Net 60}"),
        with_values("S3", "{bill_to_contact: steve, payment_term: Net 30}"),
        with_values("S4", "{}"),
    )
    found = plan(book, RUN)
    assert summary(found) == [
        "INV00000001 ray 200.00 S1+S2",
        "INV00000002 steve 100.00 S3",
        "INV00000003 tom 100.00 S4",
    ]
    # 60 days: 28 of February, 31 of March, 1 of April. 30 days: 28 of February, 2 of March.
    invoices = [document for document in documents(found) if isinstance(document, Invoice)]
    assert [str(invoice.due_date) for invoice in invoices] == ["2026-04-01", "2026-03-02", "2026-01-31"]
    assert [invoice.attributes["payment_term"] for invoice in invoices] == ["Net 60", "Net 30", "Due Upon Receipt"]
    # The second subscription of an invoice was decided, too.
    (other,) = found.decisions
    assert other.levels["subscription"].label == "subscription S2"


def test_the_value_of_the_account_and_the_same_one_named_are_one() -> None:
    # Vector G18: S1 names the account's own contact, S2 none.
    book = subscribed(with_values("S1", "{bill_to_contact: tom}"), with_values("S2", "{}"))
    assert summary(plan(book, RUN)) == ["INV00000001 tom 200.00 S1+S2"]


def test_each_splitting_attribute_splits() -> None:
    for attributes in ("{bill_to_contact: ray}", "{payment_term: Net 30}", "{sequence_set: FR}"):
        book = subscribed(with_values("S1", "{}"), with_values("S2", attributes))
        assert len(documents(plan(book, RUN, policy=SETS))) == 2


def test_a_currency_of_its_own_splits() -> None:
    book = subscribed(f"id: S1, {MONTHLY}", f"id: S2, currency: EUR, {MONTHLY}", f"id: S3, currency: USD, {MONTHLY}")
    assert summary(plan(book, RUN)) == ["INV00000001 tom 200.00 S1+S3", "INV00000002 tom 100.00 S2"]


def test_a_subscription_can_be_invoiced_separately() -> None:
    book = subscribed(*(f"id: S{n}, invoice_separately: {n in (1, 2)}, {MONTHLY}".lower() for n in (1, 2, 3, 4)))
    assert summary(plan(book, RUN)) == [
        "INV00000001 tom 100.00 s1",
        "INV00000002 tom 100.00 s2",
        "INV00000003 tom 200.00 s3+s4",
    ]


def test_settings_that_an_exception_decides_split_too() -> None:
    own = (
        "exceptions:\n- {id: pilots-as-drafts, operations: [bill_run], when: {subscription.plan: pilot}, "
        "then: {bill_as: draft}}\n"
    )
    book = subscribed(f"id: S1, {MONTHLY}", f"id: S2, plan: pilot, {MONTHLY}")
    assert summary(plan(book, RUN, policy=own)) == ["INV00000001 tom 100.00 S1", "TMP-INV-00000001 tom 100.00 S2"]
    assert summary(plan(book, RUN + "bill_as: posted", policy=own)) == ["INV00000001 tom 200.00 S1+S2"]


def test_an_attribute_that_does_not_split_is_that_of_the_first_subscription_and_told() -> None:
    own = changed(
        "bill_run",
        "cost_center: [subscription, default]",
        "attributes: {cost_center: {documents: [invoice], splits_invoices: false}}\ndefaults: {cost_center: none}\n",
    )
    book = subscribed(with_values("S1", "{cost_center: north}"), with_values("S2", "{cost_center: south}"))
    (planned,) = run(book, RUN, policy=own)
    assert planned.plan is not None, planned.problems
    (invoice,) = documents(planned.plan)
    assert invoice.attributes["cost_center"] == "north"
    (warning,) = planned.plan.warnings
    assert (warning.code, warning.severity) == ("attribute-not-split", "warning")
    assert "`north` by subscription `S1`" in warning.message
    assert "`S2`, which has `south`" in warning.message
    splitting = own.replace("splits_invoices: false", "splits_invoices: true")
    assert len(documents(plan(book, RUN, policy=splitting))) == 2
