"""Memos: made from charges or from another document, item by item and tax by tax, and settled with it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from billpolicy.book.book import ZERO, Place, in_item_order, in_tax_order, mirrored
from billpolicy.book.model import BillingDocument, CombinedCharge, CreditMemo, DebitMemo, Document, Item, Part
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.money import Money, exact, from_minor, in_parts, to_minor
from billpolicy.operations.shared.amounts import items_of_charges
from billpolicy.operations.shared.currencies import check_allowed
from billpolicy.planning.deciding import resolve
from billpolicy.planning.documents import issue
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ChargeAmount, Request
from billpolicy.policy.condition import Fact
from billpolicy.policy.payment_terms import due_on
from billpolicy.source.record import record
from billpolicy.source.scalars import Currency, Text

_M = TypeVar("_M", CreditMemo, DebitMemo)


# -- from charges --------------------------------------------------------------------------------------------------


@record
class FromCharge(Request):
    """A memo of an account over charges, without an invoice."""

    account: Text
    charges: tuple[ChargeAmount, ...]
    currency: Currency | None = None
    """Of all amounts; by default the account's."""
    reason: Text | None = None


def needs_of_charges(request: FromCharge) -> Needs:
    """The account and the charges."""
    return Needs(accounts=frozenset({request.account}), charges=frozenset(each.charge for each in request.charges))


def memo_from_charges(planning: Planning, kind: type[_M], request: FromCharge) -> tuple[_M, Resolved]:
    """The memo of this kind over the charges that are named, not numbered yet, and how it was decided."""
    account = planning.account(request.account, "account")
    planning.check_date()
    reason = checked_reason(planning, request.reason, kind.kind)
    currency = request.currency or account.currency
    items = items_of_charges(planning, currency, request.charges)
    memo = kind(
        number="",
        account=account.id,
        date=planning.date,
        currency=currency,
        items=items,
        comment=request.comment,
    )
    resolved = resolve(planning, account, amount=Money(memo.amount, currency), reason=reason)
    check_allowed(planning, account, currency, resolved, "currency")
    check_item_limit(planning, items, resolved)
    return replace(memo, reason=reason or resolved.text("reason_code")), resolved


# -- from a document -----------------------------------------------------------------------------------------------


def issue_memo(
    planning: Planning,
    kind: type[_M],
    origin: BillingDocument,
    items: tuple[Item, ...],
    resolved: Resolved,
    *,
    reason: str | None,
    due: datetime.date | None = None,
    write_off: bool = False,
) -> _M:
    """Make the memo of this kind with these items of a document. A debit memo without `due` has its payment term's;
    `write_off` is said of credit memos."""
    of_kind: dict[str, Any] = {"write_off": write_off}
    if kind is DebitMemo:
        of_kind = {"due_date": due or due_date(planning, resolved)}
    memo = kind(
        number="",
        account=origin.account,
        date=planning.date,
        currency=origin.currency,
        items=items,
        reason=reason or resolved.text("reason_code"),
        source=origin.number,
        comment=planning.request.comment,
        **of_kind,
    )
    return issue(planning, memo, resolved)


def resolve_on(
    planning: Planning,
    document: BillingDocument,
    amounts: Mapping[Place, Decimal],
    reason: str | None,
    operation: str = "",
    *,
    total: Decimal | None = None,
    more: Mapping[str, Fact] | None = None,
    behind: Sequence[BillingDocument] = (),
) -> Resolved:
    """All decisions for a memo over these amounts of a document: from it, the subscriptions of the items that get
    something, and its account. `total`: what the memo amounts to, if it is less. `more`, `behind`: as `resolve` has
    them."""
    account = planning.account(document.account, document.kind)
    used = {place.item for place, amount in amounts.items() if amount}
    subscriptions = planning.subscriptions_of(item for item in document.items if item.id in used)
    amount = Money(sum(amounts.values(), ZERO) if total is None else total, document.currency)
    return resolve(
        planning,
        account,
        document,
        subscriptions=subscriptions,
        behind=behind,
        amount=amount,
        reason=reason,
        more=more,
        operation=operation,
    )


def whole_amounts(document: Document) -> dict[Place, Decimal]:
    """Every item and tax at its full amount, in item order."""
    return {
        place: amount
        for item in in_item_order(document.items)
        for place, amount in (
            (Place(item.id), item.amount),
            *((Place(item.id, tax.id), tax.amount) for tax in item.taxes),
        )
    }


def mirror(
    document: Document, amounts: Mapping[Place, Decimal], *, keep_zero: bool = False, negate_price: bool = True
) -> tuple[Item, ...]:
    """Memo items for the items of a document, with these amounts.

    Quantity and unit price are copied as they are, the price negated, also where the amount is smaller than their
    product; tax rate and jurisdiction are copied and no tax is calculated (docs/domain.md 3.2). What an item gives back
    of another invoice is left to that item: the memo's is of the item itself.
    """
    zero = exact(ZERO, document.currency)

    def some(item: Item) -> bool:
        return bool(amounts.get(Place(item.id)) or any(amounts.get(Place(item.id, t.id)) for t in item.taxes))

    # A discount is settled with the item that it reduces, so it takes that one along.
    reduced = {item.discounts for item in document.items if some(item)}
    kept = [item for item in in_item_order(document.items) if keep_zero or some(item) or item.id in reduced]
    ids = {item.id: str(line) for line, item in enumerate(kept, start=1)}
    return tuple(
        replace(
            item,
            id=ids[item.id],
            line=int(ids[item.id]),
            amount=amounts.get(Place(item.id)) or zero,
            unit_price=_price(item.unit_price, negate_price=negate_price),
            discounts=ids.get(item.discounts or ""),
            source=None,
            source_item=item.id,
            combines=_combined(item, amounts.get(Place(item.id)) or zero, document.currency, negate_price=negate_price),
            taxes=tuple(
                replace(tax, amount=amounts.get(Place(item.id, tax.id)) or zero, source_tax=tax.id)
                for tax in in_tax_order(item.taxes)
                if keep_zero or amounts.get(Place(item.id, tax.id))
            ),
        )
        for item in kept
    )


def _combined(item: Item, amount: Decimal, currency: str, *, negate_price: bool) -> tuple[CombinedCharge, ...]:
    """The charges that an item combines, each with its part of another amount."""
    parts = in_parts(to_minor(amount, currency), [to_minor(one.amount, currency) for one in item.combines])
    return tuple(
        replace(one, amount=from_minor(part, currency), unit_price=_price(one.unit_price, negate_price=negate_price))
        for one, part in zip(item.combines, parts, strict=True)
    )


def _price(price: Decimal | None, *, negate_price: bool) -> Decimal | None:
    return price.copy_negate() if price is not None and negate_price else price


def settle(
    planning: Planning,
    memo: BillingDocument,
    origin: BillingDocument,
    day: datetime.date,
    amounts: Mapping[Place, Decimal] | None = None,
) -> None:
    """Apply a credit memo and the document it mirrors to each other, place by place: these amounts, or all that is open
    of the origin.

    The memo is the source, unless the origin is a credit memo: then its money goes on the (debit) memo.
    """
    on_memo = {place: own for place, own, _ in mirrored(memo)}
    memo_is_source = origin.kind != "credit_memo"
    parts = []
    for place, amount in (planning.book.open_places(origin) if amounts is None else amounts).items():
        if amount:
            from_, to = (on_memo[place], place) if memo_is_source else (place, on_memo[place])
            parts.append(Part(item=to.item, tax=to.tax, amount=amount, source_item=from_.item, source_tax=from_.tax))
    if parts:  # not so of a document on which every item is zero
        source, target = (memo, origin) if memo_is_source else (origin, memo)
        planning.apply(source, target, day, tuple(parts))


# -- what every memo has -------------------------------------------------------------------------------------------


def check_item_limit(planning: Planning, items: tuple[Item, ...], resolved: Resolved, number: str = "") -> None:
    """Refuse a document, or a memo to be, with more items and taxes than the policy's `item_limit` (inclusive;
    docs/domain.md 2.3), and with it what was found wrong before."""
    count = sum(1 + len(item.taxes) for item in items)
    limit = resolved.integer("item_limit")
    if count > limit:
        what = f"{number} has" if number else "the memo would have"
        message = f"{what} {count} items and taxes; the policy allows {limit}"
        planning.problem("item-limit", message, hint="split the work, or raise `item_limit` in the policy")
    planning.stop_if_refused()


def checked_reason(planning: Planning, asked: str | None, category: str) -> str | None:
    """The reason of the request, if it is one of the policy's codes (docs/domain.md 9.6)."""
    codes = planning.policy.reason_codes.get(category, ())
    if asked is not None and asked not in codes:
        hint = f"reason codes of {category.replace('_', ' ')}s: {', '.join(codes)}"
        planning.problem("reason-unknown", f"`{asked}` is not a reason code of the policy", "reason", hint=hint)
    return asked


def due_date(planning: Planning, resolved: Resolved) -> datetime.date:
    """The due date that the resolved payment term gives a document of this date (docs/domain.md 1.7)."""
    term = planning.policy.payment_terms[resolved.text("payment_term")]
    try:
        return due_on(term, planning.date)
    except (OverflowError, ValueError):
        message = f"`{term.name}` after {planning.date} is past the last day of the calendar"
        planning.refuse("date-too-late", message, "date", hint="check the date")
