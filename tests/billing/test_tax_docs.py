"""Every table of docs/tax.md is run, by the rates that the page shows."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from billpolicy.book.model import CreditMemo, Invoice, Item
from billpolicy.planning.plan import Plan
from tests.helpers.paths import ROOT
from tests.helpers.plan_views import documents
from tests.helpers.scenes import plan, refused

PAGE = (ROOT / "docs" / "tax.md").read_text(encoding="utf-8")
(RATES,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def table(heading: str) -> list[dict[str, str]]:
    """The rows of the one table below a heading."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    names, _, *rows = [
        [cell.strip() for cell in line[1:-1].split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    return [dict(zip(names, row, strict=True)) for row in rows]


def book(start: str, *charges: str, country: str = "EE", region: str = "") -> str:
    """An account with one subscription that starts on this day; empty values are left out."""
    where = "".join(f"{name}: {value}, " for name, value in (("country", country), ("region", region)) if value)
    return f"""
accounts: [{{id: a, {where}currency: EUR, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions: [{{id: s, account: a, start: {start}, charges: [{", ".join(f"{{{one}}}" for one in charges)}]}}]
"""


def coded(text: str, code: str) -> str:
    """A charge with its tax code, if it has one."""
    return f"{text}, tax_code: {code}" if code else text


def items(found: Plan) -> dict[str, Item]:
    """Charge -> its one item, of the one document, with the sign of an invoice."""
    (document,) = documents(found)
    assert isinstance(document, Invoice | CreditMemo)
    return {item.subscribed_charge or "": item for item in document.items}


@pytest.mark.parametrize("row", table("Which taxes"), ids=lambda row: row["because"] or row["taxes"])
def test_which_taxes(row: dict[str, str]) -> None:
    charge = coded("id: x, rate: 100.00", row["tax_code"])
    one = book(row["from"], charge, country=row["country"], region=row["region"])
    run = f"operation: bill_run\ndate: {row['from']}"
    if row["taxes"].startswith("`"):
        assert refused(one, run, policy=RATES) == [row["taxes"].strip("`")]
        return
    taxes = items(plan(one, run, policy=RATES))["x"].taxes
    assert ", ".join(f"{tax.name} {tax.amount}" for tax in taxes) == row["taxes"]


@pytest.mark.parametrize("row", table("Which day"), ids=lambda row: row["tax_date"])
def test_which_day(row: dict[str, str]) -> None:
    charges = ("timing: in_arrears, id: june", "start: 2025-07-01, id: july")
    one = book("2025-06-01", *(coded(f"{charge}, rate: 100.00", "standard") for charge in charges))
    own = RATES + f"operations: {{bill_run: {{tax_date: {row['tax_date']}}}}}\n"
    found = items(plan(one, "operation: bill_run\ndate: 2025-07-01", policy=own))
    assert [str(found[charge].taxes[0].amount) for charge in ("june", "july")] == [
        row["June, in arrears"],
        row["July, in advance"],
    ]


@pytest.mark.parametrize("row", table("Rounding"), ids=lambda row: f"{row['tax_rounding']} {row['items']}")
def test_rounding(row: dict[str, str]) -> None:
    charges = (f"id: c{n}, rate: {rate}" for n, rate in enumerate(row["items"].split(", ")))
    one = book("2025-07-01", *(coded(charge, "standard") for charge in charges))
    own = f"operations: {{bill_run: {{tax_rounding: {row['tax_rounding']}, negative_totals: negative_invoice}}}}\n"
    found = items(plan(one, "operation: bill_run\ndate: 2025-07-01", policy=RATES + own))
    taxes = [item.taxes[0].amount for item in found.values()]
    assert ", ".join(map(str, taxes)) == row["taxes"]
    assert sum(taxes) == Decimal(row["together"])


@pytest.mark.parametrize("row", table("Discounts"), ids=lambda row: f"{row['charge']} {row['discount']}")
def test_discounts(row: dict[str, str]) -> None:
    charges = coded("id: x, rate: 100.00", row["charge"]), coded("id: off, rate: -10.00, discounts: x", row["discount"])
    found = items(plan(book("2025-07-01", *charges), "operation: bill_run\ndate: 2025-07-01", policy=RATES))
    told = {charge: ", ".join(str(tax.amount) for tax in item.taxes) for charge, item in found.items()}
    assert told == {"x": row["tax"], "off": row["tax of the discount"]}
