"""The documents of a witness: what is on them, and how much of them is settled already."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from billpolicy.book.kinds import KINDS
from billpolicy.book.model import TRANSFERRED
from billpolicy.witness.scene import Scene
from billpolicy.witness.sizes import Size, apart, open_apart
from billpolicy.witness.wanted import Impossible, amount

_NUMBER = {
    "invoice": "INV00000001",
    "credit_memo": "CM00000001",
    "debit_memo": "DM00000001",
    "payment": "P-00000001",
    "refund": "R-00000001",
    "credit_adjustment": "CBA-00000001",
}
_AGE = 30
"""Days that a document is older than the operation."""


def number_of(scene: Scene, kind: str) -> str:
    """The number of the document that conditions ask about."""
    found = scene.wanted.text(f"{kind}.number", scene.wanted.free(_NUMBER[kind]))
    if found is None:
        raise Impossible
    return found


def another_number(scene: Scene, kind: str) -> str:
    """The number of a document of this kind beside the one that conditions ask about."""
    usual = _NUMBER[kind]
    return scene.wanted.free(usual if not scene.has(usual) else f"{usual[:-1]}2")


def date_of(scene: Scene, kind: str, age: int = _AGE) -> datetime.date:
    """The date of the document that conditions ask about."""
    day = scene.wanted.day(f"{kind}.date", scene.wanted.before(scene.wanted.age(kind, age)))
    if day is None:
        raise Impossible
    return day


# -- what asks for money, and memos --------------------------------------------------------------------------------


def document(
    scene: Scene,
    kind: str,
    account: str,
    lines: Sequence[dict[str, Any]],
    currency: str,
    **more: Any,
) -> str:
    """A billing document with these lines, its other fields as the facts say; its number."""
    wanted, number = scene.wanted, more.pop("number", None) or number_of(scene, kind)
    due = wanted.day(f"{kind}.due_date") if kind != "credit_memo" else None
    reason = wanted.text(f"{kind}.reason") if kind != "invoice" else None
    fields = {
        "number": number,
        "account": account,
        "date": more.pop("date", None) or date_of(scene, kind),
        "due_date": due,
        "currency": currency,
        "reason": reason,
        "attributes": scene.level(kind, account),  # type: ignore[arg-type]
        **more,
        "items": list(lines),
    }
    scene.add(KINDS[kind].section, **fields)
    return number


def lines_of(
    subscriptions: Sequence[str], parts: Sequence[int], currency: str, *, others: int = 0
) -> list[dict[str, Any]]:
    """Lines of these amounts, one for each subscription; `others`: so many of the last ones are of no subscription."""
    named = len(parts) - others
    last = subscriptions[-1] if subscriptions else None
    of = [*subscriptions, *[last] * named][:named]
    return [
        {"id": str(place), "subscription": of[place - 1] if place <= named else None, "amount": amount(part, currency)}
        for place, part in enumerate(parts, start=1)
    ]


def owed(scene: Scene, kind: str, account: str, size: Size, subscriptions: Sequence[str], currency: str) -> str:
    """An invoice or debit memo of this size: what is not open of it any more was paid, or transferred if it is below
    zero. Its number."""
    parts = apart(size.amount, len(subscriptions))
    number = document(scene, kind, account, lines_of(subscriptions, parts, currency), currency)
    settle(scene, kind, number, account, parts, open_apart(parts, size.balance), currency)
    return number


def settle(
    scene: Scene, kind: str, number: str, account: str, parts: Sequence[int], left: Sequence[int], currency: str
) -> None:
    """Let so much be open of each line of a document."""
    used = [part - open_ for part, open_ in zip(parts, left, strict=True)]
    total, day = sum(used), date_of(scene, kind)
    if not total:
        return
    if total > 0:
        payment = another_number(scene, "payment")
        scene.add(
            "payments", number=payment, account=account, date=day, currency=currency, amount=amount(total, currency)
        )
        scene.add("applications", **application(payment, number, day, used, currency))
        return
    transferred(scene, number, account, used, currency, day)


def transferred(
    scene: Scene, number: str, account: str, used: Sequence[int], currency: str, day: datetime.date
) -> None:
    """So much of each line of a negative invoice became credit balance."""
    total = sum(used)
    increase = another_number(scene, "credit_adjustment")
    given = {"number": increase, "account": account, "date": day, "currency": currency, "type": "increase"}
    scene.add("credit_adjustments", **given, amount=amount(-total, currency), document=number)
    on_it = [
        {"item": TRANSFERRED, "source_item": str(place), "amount": amount(-part, currency)}
        for place, part in enumerate(used, start=1)
        if part
    ]
    scene.add("applications", from_=number, to=increase, date=day, amount=amount(-total, currency), parts=on_it)


def application(
    source: str, target: str, day: datetime.date, used: Sequence[int], currency: str, *, of_memo: bool = False
) -> dict[str, Any]:
    """Money of a source put on the lines of a target; a memo says from which of its own lines."""
    parts = [
        {"item": str(place), "amount": amount(part, currency), "source_item": str(place) if of_memo else None}
        for place, part in enumerate(used, start=1)
        if part
    ]
    needless = len(used) == 1 and not of_memo
    application = {"from_": source, "to": target, "date": day, "amount": amount(sum(used), currency)}
    return {**application, "parts": [] if needless else parts}


# -- sources of money ----------------------------------------------------------------------------------------------


def open_invoice(
    scene: Scene, account: str, minor: int, currency: str, day: datetime.date | None = None, **more: Any
) -> str:
    """An invoice that waits for money, beside what conditions ask about; its number."""
    number = another_number(scene, "invoice")
    fields = {"number": number, "account": account, "date": day or scene.wanted.before(_AGE), "currency": currency}
    scene.add("invoices", **fields, **more, items=lines_of((), [minor], currency))
    return number


def payment(scene: Scene, account: str, size: Size, currency: str, **more: Any) -> str:
    """A payment of this size: what is not unapplied of it is on an invoice. Its number."""
    number, day = number_of(scene, "payment"), date_of(scene, "payment")
    fields = {"number": number, "account": account, "date": day, "currency": currency}
    type_, attributes = scene.wanted.text("payment.type"), scene.level("payment", account)
    scene.add("payments", **fields, amount=amount(size.amount, currency), type=type_, attributes=attributes, **more)
    used = size.amount - size.balance
    if used:
        invoice = open_invoice(scene, account, used, currency, day)
        scene.add("applications", **application(number, invoice, day, [used], currency))
    return number


def credit_memo(scene: Scene, account: str, size: Size, subscriptions: Sequence[str], currency: str) -> str:
    """A credit memo of this size: what is not unapplied of it is on an invoice. Its number."""
    day, parts = date_of(scene, "credit_memo"), apart(size.amount, len(subscriptions))
    number = document(scene, "credit_memo", account, lines_of(subscriptions, parts, currency), currency)
    left = open_apart(parts, size.balance)
    used = [part - open_ for part, open_ in zip(parts, left, strict=True)]
    if sum(used):
        invoice = another_number(scene, "invoice")
        lines = lines_of((), used, currency)
        fields = {"number": invoice, "account": account, "date": day, "currency": currency}
        scene.add("invoices", **fields, items=lines)
        scene.add("applications", **application(number, invoice, day, used, currency, of_memo=True))
    return number


def credit_balance(
    scene: Scene, account: str, minor: int, currency: str, *, type: str = "increase", **more: Any
) -> str:
    """A change of the credit balance of an account by hand; its number."""
    number = another_number(scene, "credit_adjustment")
    day = more.pop("date", None) or scene.wanted.before(_AGE)
    fields = {"number": number, "account": account, "date": day, "currency": currency}
    scene.add("credit_adjustments", **fields, type=type, amount=amount(minor, currency), **more)
    return number
