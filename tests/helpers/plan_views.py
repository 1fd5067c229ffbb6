"""What a plan says, in few words that a test can compare."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from billpolicy.book.model import BillingDocument, CreditMemo, DebitMemo, Numbered, Payment, Refund
from billpolicy.planning.plan import Plan

_T = TypeVar("_T", bound=Numbered)


def documents(found: Plan) -> list[Numbered]:
    """The documents that a plan makes."""
    return [planned.document for planned in found.documents]


def _only(found: Plan, kind: type[_T]) -> _T:
    """The one document of a plan, which is of this kind."""
    (document,) = documents(found)
    assert isinstance(document, kind)
    return document


def credit_memo(found: Plan) -> CreditMemo:
    """The one document of a plan, a credit memo."""
    return _only(found, CreditMemo)


def debit_memo(found: Plan) -> DebitMemo:
    """The one document of a plan, a debit memo."""
    return _only(found, DebitMemo)


def payment(found: Plan) -> Payment:
    """The one document of a plan, a payment."""
    return _only(found, Payment)


def refund(found: Plan) -> Refund:
    """The one document of a plan, a refund."""
    return _only(found, Refund)


def made(found: Plan, document: int = 0) -> CreditMemo | DebitMemo:
    """A memo that a plan makes."""
    memo = found.documents[document].document
    assert isinstance(memo, CreditMemo | DebitMemo)
    return memo


def numbers(found: Plan) -> list[str]:
    """The numbers of the documents that a plan makes."""
    return [planned.document.number for planned in found.documents]


def inherited(found: Plan, document: int = 0) -> dict[str, tuple[str, str]]:
    """Attribute -> its value and the level it came from, of one document of a plan."""
    return {
        key: (str(resolution.value), resolution.level)
        for key, resolution in found.documents[document].resolved.resolutions.items()
        if resolution.level is not None
    }


def stored(found: Plan, document: int = 0) -> Mapping[str, str | None]:
    """The attribute values that one document of a plan carries."""
    return found.documents[document].document.attributes


def amounts(memo: BillingDocument) -> dict[str, str]:
    """What it mirrors -> the amount of each item (`item`) and tax (`item/tax`), as text with its decimals."""
    found = {}
    for item in memo.items:
        found[item.source_item or item.charge or item.id] = str(item.amount)
        for tax in item.taxes:
            found[f"{item.source_item or item.charge or item.id}/{tax.source_tax or tax.id}"] = str(tax.amount)
    return found


def balances(found: Plan) -> dict[str, str]:
    """Number -> the balance (or unapplied amount) that a plan leaves."""
    return {change.number: str(change.after) for change in found.balances}


def parts(found: Plan) -> dict[tuple[str, str], dict[str, str]]:
    """(Source, target) -> how much is put on each item (`item`) and tax (`item/tax`) of the target."""
    return {
        (application.from_, application.to): {
            part.item + (f"/{part.tax}" if part.tax else ""): str(part.amount) for part in application.parts
        }
        for application in found.applications
    }


def put(plan: Plan) -> dict[str, dict[str, str]]:
    """Document -> place -> what was put there, as text: `x`, or `x/t` for a tax. Parts add up to their application."""
    found: dict[str, dict[str, str]] = {}
    for application in plan.applications:
        assert sum(part.amount for part in application.parts) == application.amount
        here = found.setdefault(application.to, {})
        for part in application.parts:
            name = part.item if part.tax is None else f"{part.item}/{part.tax}"
            here[name] = str(Decimal(here.get(name, "0")) + part.amount)
    return found


def totals(plan: Plan) -> dict[str, str]:
    """Document -> how much was put on it."""
    return {application.to: str(application.amount) for application in plan.applications}
