"""What came of an operation, in the words in which tests expect it: mappings, lists and exact values."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from billpolicy.book.changes import (
    SCOPES,
    ChargeAdded,
    ChargedThrough,
    Created,
    DraftCanceled,
    DraftPosted,
    Given,
    PeriodsRecorded,
    Reversed,
    SubscriptionCanceled,
    UsageBilled,
    UsageRecorded,
    master_id,
)
from billpolicy.book.model import (
    Application,
    ChargePeriod,
    CreditAdjustment,
    Document,
    Item,
    Numbered,
    Part,
    Refund,
)
from billpolicy.periods.charge_periods import line_name
from billpolicy.planning.plan import Plan, PlannedDocument


def came_out(plan: Plan) -> dict[str, Any]:
    """All that can be expected of a plan but its decisions. Of its only document, each key stands here as well."""
    documents = [_document(one) for one in plan.documents]
    adjusted = {one.document.number for one in plan.documents if isinstance(one.document, CreditAdjustment)}
    return {
        **(documents[0] if len(documents) == 1 else {}),
        "documents": documents,
        "applications": [
            _application(application, made=bool(plan.documents) and application.to not in adjusted)
            for application in plan.applications
        ],
        "reversed": [one.number for one in plan.of(Reversed)],
        "balances": {change.number: change.after for change in plan.balances if change.kind != "refund"},
        "canceled": {one.subscription: one.day or "not any more" for one in plan.of(SubscriptionCanceled)},
        "posted_drafts": {one.draft: one.number for one in plan.of(DraftPosted)},
        "canceled_drafts": [one.draft for one in plan.of(DraftCanceled)],
        "created": [f"{SCOPES[type(one.record)]} {master_id(one.record)}" for one in plan.of(Created)],
        "given": _given(plan.of(Given)),
        "added": {
            f"{one.subscription}/{one.charge.id}": f"{one.charge.quantity} x {one.charge.rate} from {one.charge.start}"
            for one in plan.of(ChargeAdded)
        },
        "inheriting": [
            {
                "attribute": one.attribute,
                "who": one.who,
                "count": one.count,
                "since": one.since,
                "before": {"value": one.before.value, "label": one.before.label},
                "after": {"value": one.after.value, "label": one.after.label},
            }
            for one in plan.inheriting
        ],
        "notes": list(plan.notes),
        "charged_through": {f"{move.subscription}/{move.charge}": move.after for move in plan.of(ChargedThrough)},
        "recorded_usage": [record.id for one in plan.of(UsageRecorded) for record in one.records],
        "billed_usage": _billed_usage(plan),
        "closure": _closure(plan),
        "charge_periods": {one.id: _period(one) for change in plan.of(PeriodsRecorded) for one in change.periods},
        "warnings": sorted(warning.code for warning in plan.warnings),
    }


def _billed_usage(plan: Plan) -> dict[str, dict[str, Decimal]]:
    billed: dict[str, dict[str, Decimal]] = {}
    for one in plan.of(UsageBilled):
        shares = {each.id: Decimal(0) if each.amount is None else each.amount for each in one.records}
        billed.setdefault(one.after or "nothing", {}).update(shares)
    return billed


def _closure(plan: Plan) -> dict[str, str]:
    lines = () if plan.closure is None else plan.closure.lines
    return {
        line_name(*one.line): (one.left_out or str(one.amount))
        + (f", {one.rule} by {line_name(*one.by)}" if one.by is not None else "")
        for one in lines
    }


def _period(one: ChargePeriod) -> str:
    by = (one.rebilled_by, one.rebilled_item) if one.status == "rebilled" else (one.memo, one.memo_item)
    terms = f" at {one.quantity} x {one.rate}" if one.status == "reopened" else ""
    return f"{one.status}{terms}" + (f" by {line_name(by[0], by[1])}" if by[0] and by[1] else "")


def _given(changes: Iterable[Given]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in changes:
        held = one.held
        found.setdefault(f"{one.scope} {one.id}", {})[held.field] = f"{held.value or 'none'} from {held.since}"
    return found


def _document(planned: PlannedDocument) -> dict[str, Any]:
    document: Numbered = planned.document
    return {
        "kind": document.kind,
        "number": document.number,
        "account": document.account,
        "of": document.related,
        "type": getattr(document, "type", None),
        "draft": document.status == "draft",
        "date": document.date,
        "due_date": getattr(document, "due_date", None),
        "amount": document.amount,
        "currency": document.currency,
        "reason": getattr(document, "reason", None),
        "items": [_item(item) for item in document.items] if isinstance(document, Document) else [],
        "parts": _parts(document.parts, made=True) if isinstance(document, Refund) else {},
    }


def _item(item: Item) -> dict[str, Any]:
    charges = [each.subscribed_charge for each in item.by_charge if each.subscribed_charge]
    billed = f"{item.subscription}/{'+'.join(charges)}" if charges else None
    mirrored = item.source_item if item.source is None else None
    return {
        "of": mirrored or billed or item.charge,
        "name": item.name,
        "service": f"{item.service_start} to {item.service_end}" if item.service_start else None,
        "amount": item.amount,
        "taxes": [tax.amount for tax in item.taxes],
        "quantity": item.quantity,
        "unit_price": item.unit_price,
        "combines": {one.subscribed_charge: one.amount for one in item.combines},
    }


def _application(application: Application, *, made: bool) -> dict[str, Any]:
    return {
        "from": application.from_,
        "to": application.to,
        "date": application.date,
        "amount": application.amount,
        "parts": _parts(application.parts, made=made),
    }


def _parts(parts: Iterable[Part], *, made: bool) -> dict[str, Decimal]:
    """Item, or item/tax -> its share; of a credit memo that was there before, `item/tax from item/tax` of its own."""
    return {
        _place(part.item, part.tax)
        + (f" from {_place(part.source_item, part.source_tax)}" if part.source_item and not made else ""): part.amount
        for part in parts
    }


def _place(item: str, tax: str | None) -> str:
    return item + (f"/{tax}" if tax else "")
