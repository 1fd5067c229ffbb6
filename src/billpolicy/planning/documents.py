"""Documents that a plan makes: each gets its number (docs/domain.md 8) and the attributes that it stores."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from billpolicy.book.book import Book
from billpolicy.book.changes import DraftPosted, Issued
from billpolicy.book.kinds import KINDS, kind_of
from billpolicy.book.model import Account, CreditAdjustment, CreditMemo, Document, Invoice, Numbered
from billpolicy.book.numbers import RESETS, NumberDraw, filled, next_counter
from billpolicy.deciding.listed import unlisted
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.money import to_minor
from billpolicy.planning.planning import Planning
from billpolicy.policy.model import DEFAULT_SET, Policy, Series

MAX_COUNTER = 2**63 - 1
"""What a ledger can count to."""
_N = TypeVar("_N", bound=Numbered)


def issue(planning: Planning, draft: _N, resolved: Resolved) -> _N:
    """Number a document and put it in the plan, with the attributes that it stores.

    A draft gets a number of its own kind, and its real one when it is posted.
    """
    if draft.status == "draft":
        draw = _draw(planning, draft.kind, _own(kind_of(draft).draft_prefix), draft)
    else:
        draw = _draw(planning, draft.kind, series(planning.policy, resolved.text("sequence_set"), draft.kind), draft)
    stored: dict[str, str | None] = dict(_stored(planning.policy, draft.kind, resolved))
    document = replace(draft, number=draw.number, attributes=stored)
    for found in unlisted(planning.policy, draft.kind, document):
        planning.refuse("value-not-listed", found.message, hint=found.hint)
    _put(planning, document, draw, resolved)
    return document


def post_draft(planning: Planning, draft: Invoice | CreditMemo, resolved: Resolved) -> Invoice | CreditMemo:
    """The posted document that a draft becomes, numbered from the sequence set that it names, and put in the plan."""
    sequence_set = draft.attributes.get("sequence_set")
    if sequence_set is None or sequence_set not in planning.policy.sequence_sets:
        named = f"names the sequence set `{sequence_set}`, which the policy does not have"
        message = f"{draft.number} {named if sequence_set else 'does not say which sequence set numbers it'}"
        hint = "cancel the draft and bill again"
        planning.refuse("sequence-set-unknown", message, "draft", hint=hint)
    draw = _draw(planning, draft.kind, series(planning.policy, sequence_set, draft.kind), draft)
    planning.rely_on(draft.number)
    planning.change(DraftPosted(draft.number, draw.number))
    posted = replace(draft, number=draw.number, status="posted")
    _put(planning, posted, draw, resolved)
    return posted


def adjust(
    planning: Planning,
    account: Account,
    amount: Decimal,
    resolved: Resolved,
    *,
    type: str,
    reason: str | None,
    currency: str,
    date: datetime.date | None = None,
    document: str | None = None,
) -> CreditAdjustment:
    """Raise (`increase`) or lower (`decrease`) the credit balance of an account from a day on.

    `document`: the negative invoice that it comes from, what it is used on, or the refund that pays it out.
    """
    adjustment = CreditAdjustment(
        number="",
        account=account.id,
        date=date or planning.date,
        currency=currency,
        amount=amount,
        type="increase" if type == "increase" else "decrease",
        reason=reason or resolved.text("reason_code"),
        document=document,
        comment=planning.request.comment,
    )
    draw = _draw(planning, adjustment.kind, _own(KINDS[adjustment.kind].own_prefix), adjustment)
    adjustment = replace(adjustment, number=draw.number)
    planning.touch_credit(account.id, adjustment.currency)
    _put(planning, adjustment, draw, resolved)
    return adjustment


def _stored(policy: Policy, kind: str, resolved: Resolved) -> Iterator[tuple[str, str]]:
    """The attributes that a document of a kind keeps, as they were resolved."""
    binding = resolved.resolutions.get("attribute_binding")
    kept_live = binding is not None and binding.value == "live"
    for name, found in resolved.resolutions.items():
        attribute = policy.attributes.get(name)
        if attribute is None or kind not in attribute.documents:
            continue
        if name == "sequence_set":
            # A set numbers payments and refunds, but they do not store it (docs/domain.md 1.1).
            if KINDS[kind].has_items:
                yield name, str(found.value)
        # What was asked for is no value of the account's, so nobody would find it there later.
        elif not (kept_live and found.level in ("account", "default")):
            yield name, str(found.value)


def series(policy: Policy, sequence_set: str, kind: str) -> Series:
    """The series of a set for a kind of document.

    A payment or refund series that the set does not have is taken from `DEFAULT`, then from the kind's own prefix
    (docs/domain.md 1.3 point 5). Every set has the series of billing documents; validation sees to it.
    """
    for name in (sequence_set, DEFAULT_SET):
        found = policy.sequence_sets[name].series.get(kind)  # type: ignore[call-overload]
        if found is not None:
            return found  # type: ignore[no-any-return]
    return _own(KINDS[kind].own_prefix)


def _own(prefix: str) -> Series:
    """What numbers without a sequence set."""
    return Series(prefix, 1, Position(""), prefix)


def counter_of(policy: Policy, by: Series, day: datetime.date) -> str:
    """What the counter is called that numbers a document of a day, by its series: `INV-2026-`."""
    return filled(by.before, day, policy.fiscal_year, RESETS[by.reset])


def _draw(planning: Planning, kind: str, by: Series, document: Numbered) -> NumberDraw:
    """The number that comes next for a document, as far as the book knows. The document's date decides in which year,
    whenever it is posted; a document that is made from another may continue the number of that one."""
    source = document.related if by.from_source is not None else None
    if source is not None:
        name = before = f"{source}{by.from_source}"
        start, width = 1, 1
    else:
        name = counter_of(planning.policy, by, document.date)
        before, start, width = filled(by.before, document.date, planning.policy.fiscal_year), by.start, by.width
    bound = planning.book.prefixes.get(name, kind)
    if bound != kind:
        problem = prefix_bound(name, kind, bound)
        planning.refuse(problem.code, problem.message, hint=problem.hint)
    counter = next_counter(_counters(planning.book, kind, by, name, source), name, start)
    if counter > MAX_COUNTER:
        message = f"the numbers of prefix `{name}` are used up: no higher one can be counted"
        planning.refuse("numbers-used-up", message, hint="give the series another prefix")
    number = f"{before}{counter:0{width}d}"  # beyond the width it just grows
    if number in planning.book.numbered:
        message = f"the next number of prefix `{name}` is {number}, which is already in use"
        planning.refuse("number-taken", message, hint="give the series another prefix or a higher start")
    return NumberDraw(kind, name, start, counter, number, source)


def _counters(book: Book, kind: str, by: Series, name: str, source: str | None) -> Mapping[str, int]:
    """Those of the book, where it has the one of that name. Else the numbers that the book came with are looked
    through: it was read without the policy, whose format tells which of them are of that counter."""
    if name in book.counters or by.is_plain:
        return book.counters
    made = (*book.created_from.get(source, ()), *book.refunds_of.get(source, ())) if source is not None else ()
    given = (*(book.numbered.values() if source is None else made), *book.void_numbers.values())
    found = (by.counted(one.number, one.related) for one in given if one.kind == kind)
    highest = max((one.counter for one in found if one is not None and one.name == name), default=0)
    return {**book.counters, name: highest}


def prefix_bound(prefix: str, kind: str, bound: str) -> Diagnostic:
    """The refusal to number a kind of document with a prefix that is bound to another one (docs/domain.md 8)."""
    message = (
        f"the prefix `{prefix}` has numbered {bound.replace('_', ' ')}s in this ledger, "
        f"so it cannot number a {kind.replace('_', ' ')}"
    )
    hint = "give this kind of document a prefix of its own in the policy's sequence sets"
    return Diagnostic("prefix-bound", message, hint=hint)


def _check_countable(book: Book, document: Numbered) -> None:
    """What adds up of a document, or of a credit balance, is an amount, too. Raises `AmountError`."""
    if isinstance(document, Document):
        to_minor(document.gross, document.currency)
    elif isinstance(document, CreditAdjustment) and document.type == "increase":
        highest = book.credit_highest(document.account, document.currency, document.date)
        to_minor(highest.balance + document.amount, document.currency)


def _put(planning: Planning, document: Numbered, draw: NumberDraw, resolved: Resolved) -> None:
    _check_countable(planning.book, document)
    planning.change(Issued(document, draw))
    for item in document.items if isinstance(document, CreditMemo) else ():
        if item.source is not None:
            planning.rely_on(item.source)
    planning.decide(resolved, document.number)
    planning.touch(document.number)
