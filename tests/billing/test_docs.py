"""Every table of docs/billing.md is run: what stands there is what comes out."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from billpolicy.billing.proration import Counting
from billpolicy.billing.rating import Rules
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.money import from_minor
from tests.helpers.books import book_from
from tests.helpers.paths import ROOT
from tests.helpers.rating import lines, subscription
from tests.helpers.steps import run, told

PAGE = (ROOT / "docs" / "billing.md").read_text(encoding="utf-8")


def table(heading: str) -> list[dict[str, str]]:
    """The rows of the one table below a heading."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    names, _, *rows = [
        [cell.strip() for cell in line[1:-1].split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.parametrize("row", table("Part of a period"), ids=lambda row: row["because"])
def test_part_of_a_period(row: dict[str, str]) -> None:
    rules = Rules(
        Counting(row["proration_basis"], row["month_length"]),  # type: ignore[arg-type]
        partial_credits=row["partial_credits"],  # type: ignore[arg-type]
    )
    quarter = subscription(
        "300", start="2025-10-01", period="quarter", charged_through="2026-01-01", canceled_on="2025-10-15"
    )
    credited = -sum(line.amount for line in lines(quarter, "2025-10-15", rules))
    assert str(from_minor(credited, "USD")) == row["credited"]


def test_which_invoice() -> None:
    rows = table("Which invoice")
    text = "accounts: [{id: a, currency: USD, attributes: {bill_to_contact: tom, payment_term: Due Upon Receipt}}]\n"
    text += "contacts: [{id: tom, account: a}, {id: ray, account: a}, {id: steve, account: a}]\nsubscriptions:\n"
    for row in rows:
        held = {name: row[name] for name in ("bill_to_contact", "payment_term") if row[name]}
        attributes = ", ".join(f"{name}: {value}" for name, value in held.items())
        charge = "{id: c, rate: 1.00}"
        text += f"- {{id: {row['subscription']}, account: a, start: 2026-04-01, attributes: {{{attributes}}}, "
        text += f"charges: [{charge}]}}\n"
    plan, _ = run(book_from(text), "operation: bill_run, date: 2026-04-01")
    found = {
        name: str(count)
        for count, planned in enumerate(plan.documents, start=1)
        if isinstance(planned.document, Invoice)
        for name in planned.document.subscriptions
    }
    assert found == {row["subscription"]: row["invoice"] for row in rows}


@pytest.mark.parametrize("row", table("Totals below zero"), ids=lambda row: row["negative_totals"])
def test_totals_below_zero(row: dict[str, str]) -> None:
    """docs/domain.md G12 and G13."""
    text = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- {id: s, account: a, start: 2026-01-01, charges: [{id: off, rate: -15.00}, {id: on, rate: 10.00}]}
"""
    own = f"operations: {{bill_run: {{negative_totals: {row['negative_totals']}}}}}"
    plan, _ = run(book_from(text), "operation: bill_run, date: 2026-03-01", own)
    made = {type(one.document): one.document.amount for one in plan.documents}
    expected = {Invoice: row["invoice"], CreditMemo: row["credit memo"]}
    assert made == {kind: Decimal(amount) for kind, amount in expected.items() if amount}


@pytest.mark.parametrize("row", table("Minimum and maximum"), ids=lambda row: row["because"])
def test_minimum_and_maximum(row: dict[str, str]) -> None:
    ends = f", term_end: {row['ends']}" if row["ends"] else ""
    limits = "".join(
        f", {{id: {bills}, item: line, bills: {bills}, rate: {row[bills]}}}"
        for bills in ("minimum", "maximum")
        if row[bills]
    )
    book = book_from(f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions:
- id: s
  account: a
  start: 2026-01-01{ends.replace(", ", chr(10) + "  ")}
  charges: [{{id: calls, item: line, rate: 1.00, usage: true}}{limits}]
""")
    own = "operations: {bill_run: {negative_totals: negative_invoice}}"
    for day, when, column in (("2026-02-01", "in time", "1 February"), ("2026-02-02", "late", "2 February")):
        if row[when]:
            used = f"{{id: {when}, subscription: s, charge: calls, date: 2026-01-10, quantity: {row[when]}}}"
            _, book = run(book, f"operation: record_usage, records: [{used}]", own)
            plan, book = run(book, f"operation: bill_run, date: {day}", own)
            (planned,) = plan.documents
            assert isinstance(planned.document, Invoice)
            assert str(planned.document.amount) == row[column]
        else:
            assert row[column] == ""


@pytest.mark.parametrize("row", table("Zero amounts and quantities"), ids=str)
def test_zero_amounts_and_quantities(row: dict[str, str]) -> None:
    book = book_from("""
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- id: s
  account: a
  start: 2026-01-01
  charges: [{id: free, rate: 0.00}, {id: none, rate: 5.00, quantity: 0}, {id: paid, rate: 5.00}]
""")
    own = f"zero_amounts: {row['zero_amounts']}, zero_quantities: {row['zero_quantities']}"
    plan, after = run(book, "operation: bill_run, date: 2026-01-01", f"operations: {{bill_run: {{{own}}}}}")
    (planned,) = plan.documents
    assert isinstance(planned.document, Invoice)
    found = {"on the invoice": [item.subscribed_charge for item in planned.document.items]}
    for status in ("excluded_zero_amount", "excluded_zero_quantity"):
        found[status] = [one.charge for one in after.charge_periods.values() if one.status == status]
    assert {column: ", ".join(map(str, names)) for column, names in found.items()} == {
        column: row[column] for column in found
    }
    assert {str(charge.charged_through) for charge in after.subscriptions["s"].charges} == {"2026-02-01"}


@pytest.mark.parametrize("row", table("What a credit takes"), ids=lambda row: row["because"])
def test_what_a_credit_takes(row: dict[str, str]) -> None:
    september = "subscription: s, service_start: 2026-09-01, service_end: 2026-09-30"
    book = book_from(f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions:
- id: s
  account: a
  start: 2026-09-01
  charges:
  - {{id: base, rate: 30.00, charged_through: 2026-10-01}}
  - {{id: off, rate: -6.00, discounts: base, charged_through: 2026-10-01}}
invoices:
- number: I1
  account: a
  date: 2026-09-01
  currency: USD
  items:
  - {{id: base, {september}, subscribed_charge: base, amount: 30.00, taxes: [{{id: t, amount: 6.00}}]}}
  - {{id: off, {september}, subscribed_charge: off, discounts: base, amount: -6.00, taxes: [{{id: t, amount: -1.20}}]}}
""")
    if row["memo"] != "0.00":
        items = f"items: [{{item: base, amount: {row['memo']}}}]"
        book = run(book, f"operation: credit_memo_from_invoice, invoice: I1, date: 2026-09-10, {items}", id="memo")[1]
    cancel = "operation: cancel_subscription, subscription: s, date: 2026-09-16, effective_date: 2026-09-16"
    own = f"operations: {{bill_run: {{over_credit: {row['over_credit']}}}}}"
    if not row["credited"]:
        assert told(book, cancel, own).split(":")[0] == "available-to-credit"
        return
    left = run(book, cancel, own)[1]
    memos = [one for one in left.numbered.values() if isinstance(one, CreditMemo) and one.source is None]
    items_of = [item for memo in memos for item in memo.items]
    assert sum((item.amount for item in items_of), Decimal(0)) == Decimal(row["credited"])
    assert sum((tax.amount for item in items_of for tax in item.taxes), Decimal(0)) == Decimal(row["tax"])
    assert {str(one.charged_through) for one in left.subscriptions["s"].charges} == {"2026-09-16"}


@pytest.mark.parametrize("row", table("Usage"), ids=lambda row: row["because"])
def test_usage(row: dict[str, str]) -> None:
    ends = f", term_end: {row['ends']}" if row["ends"] else ""
    book = book_from(f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions:
- {{id: s, account: a, start: 2026-01-01{ends}, charges: [{{id: calls, rate: 0.10, usage: true, included: 100}}]}}
""")
    own = (
        f"operations: {{bill_run: {{partial_included: {row['partial_included']}, negative_totals: negative_invoice}}}}"
    )
    for day, when in (("2026-02-01", "in time"), ("2026-03-01", "late")):
        quantities = row[when].split(" + ") if row[when] else []
        for n, quantity in enumerate(quantities):
            used = f"{{id: {when}-{n}, subscription: s, charge: calls, date: 2026-01-10, quantity: {quantity}}}"
            _, book = run(book, f"operation: record_usage, records: [{used}]", own)
        if quantities:
            plan, book = run(book, f"operation: bill_run, date: {day}", own)
            (planned,) = plan.documents
            assert isinstance(planned.document, Invoice)
            assert str(planned.document.amount) == row["1 February" if when == "in time" else "1 March"]
        else:
            assert row["1 March"] == ""


@pytest.mark.parametrize("row", table("Prepaid"), ids=lambda row: row["because"])
def test_prepaid(row: dict[str, str]) -> None:
    book = book_from("""
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- id: s
  account: a
  start: 2026-01-01
  charges: [{id: prepaid, rate: 50.00, drawn_by: [calls]}, {id: calls, rate: 0.50, usage: true}]
""")
    own = f"operations: {{bill_run: {{prepaid_unused: {row['prepaid_unused']}}}}}"
    _, book = run(book, "operation: bill_run, date: 2026-01-01", own)
    for day, used_on, used in (("2026-02-01", "2026-01-10", "January"), ("2026-03-01", "2026-02-10", "February")):
        if not row[used]:
            continue
        record = f"{{id: {used}, subscription: s, charge: calls, date: {used_on}, quantity: {row[used]}}}"
        _, book = run(book, f"operation: record_usage, records: [{record}]", own)
        plan, book = run(book, f"operation: bill_run, date: {day}", own)
        (planned,) = plan.documents
        assert isinstance(planned.document, Invoice)
        (calls,) = (item.amount for item in planned.document.items if item.subscribed_charge == "calls")
        assert str(calls) == row["1 February" if used == "January" else "1 March"]


@pytest.mark.parametrize("row", table("Billing profiles"), ids=lambda row: row["because"])
def test_billing_profiles(row: dict[str, str]) -> None:
    third = {"rate": "0.02", "profile": "Platform", "tax_code": "standard"}
    if row["charge c"]:
        name, value = row["charge c"].split(": ")
        third[name] = value
    book = book_from(f"""
accounts: [{{id: a, currency: EUR, country: EE, attributes: {{bill_to_contact: t}}}}]
contacts: [{{id: t, account: a}}]
subscriptions:
- id: s
  account: a
  start: 2026-01-01
  charges:
  - {{id: a, rate: 0.02, profile: Platform, tax_code: standard}}
  - {{id: b, rate: 0.02, profile: Platform, tax_code: standard}}
  - {{id: c, {", ".join(f"{name}: {value}" for name, value in third.items())}}}
""")
    rates = "tax_rates:\n" + "".join(
        f"  {code}: [{{country: EE, name: VAT, rate: {rate}, from: 2020-01-01}}]\n"
        for code, rate in (("standard", "24%"), ("exempt", "0%"))
    )
    plan, _ = run(book, "operation: bill_run, date: 2026-01-01", rates)
    (planned,) = plan.documents
    assert isinstance(planned.document, Invoice)
    items = planned.document.items
    names = [", ".join(one.subscribed_charge or "" for one in item.by_charge) for item in items]
    told = [f"{item.name}: {name}" if item.combines else name for item, name in zip(items, names, strict=True)]
    assert "; ".join(told) == row["lines"]
    assert "; ".join(str(abs(tax.amount)) for item in items for tax in item.taxes) == row["tax"]


AGAIN = {
    "nothing": (),
    "write off January": ("write_off_invoice, invoice: INV00000001",),
    "write off February": ("write_off_invoice, invoice: INV00000002",),
    "write off 40.00 of January": ("write_off_invoice, invoice: INV00000001, amount: 40.00",),
    "undo that": ("undo_write_off, credit_memo: CM00000001",),
    "draft a bill run": ("bill_run, bill_as: draft",),
    "cancel the draft": ("cancel_draft, draft: TMP-INV-00000001",),
    "bill": ("bill_run",),
    "reverse that invoice": ("reverse_invoice, invoice: INV00000003",),
    "reverse February": ("reverse_invoice, invoice: INV00000002",),
    "end service on 16 January": ("cancel_subscription, subscription: s, effective_date: 2026-01-16",),
}
"""What the cells of the table say -> operations."""


@pytest.mark.parametrize("row", table("Billed again"), ids=lambda row: row["on 2 March"])
def test_billed_again(row: dict[str, str]) -> None:
    book = book_from("""
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- {id: s, account: a, start: 2026-01-01, charges: [{id: c, rate: 100.00}]}
""")
    steps = [f"bill_run, date: {day}" for day in ("2026-01-01", "2026-02-01")]
    steps += [f"{one}, date: 2026-03-02" for said in row["on 2 March"].split("; ") for one in AGAIN[said]]
    for count, step in enumerate(steps):
        # What was due on 2 March is due on 3 March: the run on that day bills it.
        _, book = run(book, f"operation: {step}", id=f"op-{count}")
    found = {"charged through": str(book.subscriptions["s"].charges[0].charged_through)}
    recorded = sorted(book.charge_periods.values(), key=lambda one: one.from_)
    found["on record"] = "; ".join(f"{one.from_:%B} {one.status}" for one in recorded)
    third = "operation: bill_run, date: 2026-03-03"
    if row["3 March"]:
        plan, _ = run(book, third)
        (planned,) = plan.documents
        assert isinstance(planned.document, Invoice)
        found["3 March"] = ", ".join(f"{item.service_start:%B}" for item in planned.document.items)
    else:
        assert told(book, third).startswith("nothing-due: ")
    assert found == {column: row[column] for column in found}
