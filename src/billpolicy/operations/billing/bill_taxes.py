"""The taxes of the lines of a document that a bill run makes. docs/tax.md, docs/domain.md 6.2 and 9.5.

Lines are taxed by the code of their charge. A line that has its taxes already is left as it is, and so is one that
takes them from the line of an invoice: a credit of days that were billed, and what is billed again without another
tax code.
"""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.billing.documents import in_item_order
from billpolicy.billing.rate_table import RateTable
from billpolicy.billing.rating import Line
from billpolicy.book.model import SubscribedCharge, Subscription, TaxItem
from billpolicy.deciding.tax_engine import Tax, TaxableLine, wrong_with
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.money import exact, from_minor
from billpolicy.operations.billing.bills import Bill
from billpolicy.planning.planning import Planning


def taxed(planning: Planning, bills: Sequence[Bill], lines: Sequence[Line]) -> list[Line]:
    """The lines of one document with their taxes, in the order of its items; what cannot be taxed is a problem.

    *bills*: those that the lines are of. The first one says how taxes are rounded, for all of them.
    """
    ordered = in_item_order(lines)
    by_subscription = {bill.subscription.id: bill for bill in bills}
    asked = {
        number: line
        for number, line in enumerate(_taxable(planning, by_subscription[one.subscription.id], one) for one in ordered)
        if line is not None
    }
    if asked:
        found = _taxes(planning, list(asked.values()), bills[0].resolved.text("tax_rounding"))
        for number, taxes in zip(asked, found, strict=False):
            ordered[number] = ordered[number]._replace(taxes=taxes)
    return ordered


def say_who_taxes(planning: Planning) -> None:
    """Let the plan tell its reader that the rates of the policy were not asked."""
    if planning.versions.tax_engine is not None:
        planning.note("taxes are told by the tax engine of the program, not by the policy's `tax_rates`")


def _taxable(planning: Planning, bill: Bill, line: Line) -> TaxableLine | None:
    """What is asked about a line; None where it has no tax code, or its taxes are none of ours."""
    code = tax_code_of(planning, line)
    if code is None:
        return None
    account = bill.account
    if account.country is None:
        whose = f"charge `{line.charge.id}` of subscription `{line.subscription.id}` has the tax code `{code}`"
        message = f"{whose}, but nothing says the country of account `{account.id}`"
        planning.problem("tax-country-missing", message, hint="give the account a `country`")
        return None
    dated = bill.resolved.text("tax_date") == "document_date"
    return TaxableLine(
        line.subscription.id,
        line.charge.id,
        code,
        account.country,
        account.region,
        planning.date if dated else line.start,
        from_minor(line.amount, bill.currency),
        bill.currency,
    )


def tax_code_of(planning: Planning, line: Line) -> str | None:
    """The tax code that a line is taxed by here: of its charge, or else of the charge that it reduces."""
    if line.corrects is not None or line.taxes:
        return None
    if line.again is not None:
        return line.again.tax_code
    return code_of_charge(planning, line.subscription, line.charge)


def code_of_charge(planning: Planning, subscription: Subscription, charge: SubscribedCharge) -> str | None:
    """The tax code of a charge, or else of the charge that it reduces."""
    own = _code_of(planning, charge)
    reduced = next((one for one in subscription.charges if one.id == charge.discounts), None)
    return own if own is not None or reduced is None else _code_of(planning, reduced)


def _code_of(planning: Planning, charge: SubscribedCharge) -> str | None:
    product = planning.book.charges.get(charge.charge or "")
    if charge.tax_code is not None or product is None:
        return charge.tax_code
    return planning.as_held(product).tax_code


def _taxes(planning: Planning, lines: list[TaxableLine], rounding: str) -> list[tuple[TaxItem, ...]]:
    """What the engine says of these lines; nothing where it is refused."""
    engine = planning.versions.tax_engine or RateTable(planning.policy.tax_rates)
    try:
        answer = engine.taxes(lines, rounding)  # type: ignore[arg-type]
    except Refused as refused:
        for problem in refused.diagnostics:
            planning.add(problem._replace(position=problem.position or planning.instruction.at()))
        return []
    wrong = list(wrong_with(lines, answer))
    for message in wrong:
        planning.problem("tax-engine-wrong", message, hint="docs/tax.md says what an engine is to give back")
    if wrong:
        return []
    return [tuple(_item(line, tax) for tax in taxes) for line, taxes in zip(lines, answer, strict=True)]


def _item(line: TaxableLine, tax: Tax) -> TaxItem:
    return TaxItem(
        id=tax.name,
        amount=exact(tax.amount, line.currency),
        name=tax.name,
        rate=tax.rate,
        jurisdiction=tax.jurisdiction,
        code=line.code,
    )
