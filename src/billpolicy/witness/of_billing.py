"""Operations on what subscriptions are billed: bill runs, drafts, corrections of lines, and usage."""

from __future__ import annotations

import datetime
from typing import Any

from billpolicy.book.kinds import KINDS
from billpolicy.witness.documents import another_number, date_of, document, lines_of, settle
from billpolicy.witness.scene import Scene
from billpolicy.witness.sizes import USUAL, Size, apart, open_apart, size_of
from billpolicy.witness.wanted import Wanted, amount, moved

CHARGE = "seats"
_MONTH = 31
"""Days that are a month at least."""


def rated(minor: int, currency: str, start: datetime.date, **more: Any) -> dict[str, Any]:
    """A charge that is billed in advance from a day on, at so much each month."""
    return {"id": CHARGE, "rate": amount(minor, currency), "start": start, **more}


def bill_run(wanted: Wanted) -> Scene:
    """A subscription is billed the first time, or, where an invoice is asked about, what that had billed again."""
    scene, currency = Scene(wanted), wanted.currency("invoice")
    account = scene.account(currency=currency)
    still = pending(wanted)
    if wanted.sets("invoice") or wanted.levels.get("invoice") is not None:
        size = size_of(wanted, "invoice", lambda one: True)
        size = size._replace(asked=size.amount if size.amount > 0 else USUAL)
        number, subscriptions = billed(scene, account, size, currency, most=1, **still)
        _reopen(scene, number, subscriptions[0], currency)
        scene.ask(subscriptions=subscriptions, target_date=max(wanted.date, date_of(scene, "invoice")))
        return scene
    own = None if scene.account_fields(currency)["currency"] == currency else currency
    charges = [rated(USUAL, currency, wanted.date)]
    found = scene.subscriptions(account, at_least=1, most=1, currency=own, charges=charges, **still)
    scene.ask(subscriptions=found)
    return scene


def pending(wanted: Wanted) -> dict[str, Any]:
    """The end of a subscription that is canceled and still has service to bill."""
    canceled = wanted.text("subscription.status") == "canceled"
    return {"canceled_on": moved(wanted.date, _MONTH)} if canceled else {}


def _reopen(scene: Scene, number: str, subscription: str, currency: str) -> None:
    """The first line was credited and its time reopened before, to be billed again as it was."""
    (invoice,) = (one for one in scene.book["invoices"] if one["number"] == number)
    line, start = invoice["items"][0], date_of(scene, "invoice")
    memo = another_number(scene, "credit_memo")
    credited = {"id": "1", "subscription": subscription, "amount": line["amount"], "source_item": "1"}
    of = {"account": invoice["account"], "date": start, "currency": currency, "source": number}
    scene.add("credit_memos", number=memo, **of, items=[credited])
    days = {"from_": start, "until": moved(start, 1)}
    fields = {"subscription": subscription, "charge": CHARGE, **days, "currency": currency, "status": "reopened"}
    price = {"quantity": "1", "rate": line["amount"], "amount": line["amount"]}
    scene.add("charge_periods", id=f"{number}/1", **fields, **price, document=number, item="1", memo=memo)


def billed(
    scene: Scene,
    account: str,
    size: Size,
    currency: str,
    *,
    most: int = 2,
    rate: str | None = None,
    **more: Any,
) -> tuple[str, list[str]]:
    """An invoice with a line of one day for a charge of each subscription, as bill runs make them, that come to what
    is asked; its number, and the subscriptions."""
    day = date_of(scene, "invoice")
    through = {"id": CHARGE, "rate": rate, "start": day, "charged_through": moved(day, 1)}
    subscriptions = scene.subscriptions(account, at_least=1, most=most, charges=[through], **more)
    asked, rest = apart(size.asked, len(subscriptions)), size.amount - size.asked
    parts = [*asked, *([rest] if rest else [])]
    lines = lines_of(subscriptions, parts, currency, others=1 if rest else 0)
    for line in lines[: len(asked)]:
        line |= {"subscribed_charge": CHARGE, "service_start": day, "service_end": day}
    number = document(scene, "invoice", account, lines, currency)
    settle(scene, "invoice", number, account, parts, open_apart(parts, size.balance), currency)
    return number, subscriptions


def correction(wanted: Wanted) -> Scene:
    """Lines of an invoice that a bill run has made are credited, or credited and billed again."""
    scene, currency = Scene(wanted), wanted.currency("invoice")
    size = size_of(wanted, "invoice", lambda one: 0 < one.asked <= one.amount, lambda one: one.asked >= 0)
    account = scene.account(currency=currency)
    number, _ = billed(scene, account, size, currency)
    lines = [line["id"] for line in scene.book["invoices"][-1]["items"] if "service_start" in line]
    scene.ask(invoice=number, lines=lines, reason=wanted.text("reason"))
    return scene


def draft(wanted: Wanted) -> Scene:
    """A draft of a bill run is posted or canceled."""
    scene, currency = Scene(wanted), wanted.currency()
    named = wanted.minor("amount")
    account = scene.account(currency=currency)
    number, first_set = KINDS["invoice"].draft_prefix + "00000001", next(iter(wanted.policy.sequence_sets), None)
    of_run = {"status": "draft", "bill_run": "run", "attributes": {"sequence_set": first_set}}
    lines = lines_of((), [USUAL if named is None else named], currency)
    scene.add("invoices", number=number, account=account, date=wanted.date, currency=currency, **of_run, items=lines)
    scene.ask(draft=number)
    return scene


def usage(wanted: Wanted) -> Scene:
    """What was used of a usage charge is recorded."""
    scene = Scene(wanted)
    account = scene.account()
    charge = {"id": "calls", "usage": True, "rate": "0.10", "start": wanted.before(_MONTH)}
    scene.add("subscriptions", id="crm", account=account, charges=[charge])
    record = {"id": "calls-1", "subscription": "crm", "charge": "calls", "date": wanted.date, "quantity": "5"}
    scene.ask(records=[record])
    return scene
