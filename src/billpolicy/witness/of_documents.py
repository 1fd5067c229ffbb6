"""Operations on an invoice, a debit memo or a credit memo: memos, write-offs and reversals of it."""

from __future__ import annotations

from billpolicy.witness.documents import (
    credit_memo,
    date_of,
    document,
    lines_of,
    number_of,
    owed,
    settle,
)
from billpolicy.witness.scene import Scene
from billpolicy.witness.sizes import Size, asked_apart, open_apart, size_of, sizes
from billpolicy.witness.wanted import Impossible, Wanted, amount


def memo(wanted: Wanted) -> Scene:
    """A memo over lines of an invoice: so much of each, whatever the rest of the invoice is."""
    scene, currency = Scene(wanted), wanted.currency("invoice")
    size = size_of(wanted, "invoice", lambda one: 0 < one.asked <= one.amount, lambda one: one.asked > 0)
    account = scene.account(currency=currency)
    subscriptions = scene.subscriptions(account)
    parts, asked = asked_apart(size, len(subscriptions))
    lines = lines_of(subscriptions, parts, currency, others=len(parts) - len(asked))
    number = document(scene, "invoice", account, lines, currency)
    settle(scene, "invoice", number, account, parts, open_apart(parts, size.balance), currency)
    items = [{"item": str(place), "amount": amount(one, currency)} for place, one in enumerate(asked, start=1)]
    scene.ask(invoice=number, items=items, reason=wanted.text("reason"))
    return scene


def write_off(wanted: Wanted, kind: str) -> Scene:
    """What is open of an invoice or debit memo is written off, or a part of it.

    Of what a subscription has on an invoice, conditions see the whole amount, less what was put on any of its lines.
    """
    scene, currency = Scene(wanted), wanted.currency(kind)
    partial = wanted.facts.get("partial")

    def whole_or_part(one: Size) -> bool:
        return 0 < one.asked <= one.balance and partial in (None, one.asked < one.balance)

    def of_subscription(one: Size) -> bool:
        return kind == "invoice" and partial is not True and 0 < one.asked <= one.amount

    size = size_of(wanted, kind, whole_or_part, of_subscription)
    account = scene.account(currency=currency)
    if whole_or_part(size):
        number = owed(scene, kind, account, size, scene.subscriptions(account), currency)
        part = amount(size.asked, currency) if size.asked < size.balance else None
        scene.ask(**{kind: number}, amount=part, reason=wanted.text("reason"))
        return scene
    (subscription,) = scene.subscriptions(account, at_least=1, most=1)
    others = [part for part in (size.amount - size.balance, size.asked - size.amount) if part]
    parts = [size.amount, *others]
    number = document(scene, kind, account, lines_of([subscription], parts, currency, others=len(others)), currency)
    settle(scene, kind, number, account, parts, [size.amount, *(min(part, 0) for part in others)], currency)
    scene.ask(invoice=number, subscription=subscription, reason=wanted.text("reason"))
    return scene


def reversal(wanted: Wanted, kind: str) -> Scene:
    """A whole invoice or credit memo is reversed, of which nothing was used."""
    scene, currency = Scene(wanted), wanted.currency(kind)
    size = size_of(wanted, kind, lambda one: one.asked == one.amount == one.balance)
    account = scene.account(currency=currency)
    subscriptions = scene.subscriptions(account)
    if kind == "invoice":
        number = owed(scene, kind, account, size, subscriptions, currency)
    else:
        number = credit_memo(scene, account, size, subscriptions, currency)
        if scene.level_holds("invoice"):
            _made_from_an_invoice(scene, account, currency)
    scene.ask(**{kind: number}, reason=wanted.text("reason"))
    return scene


def _made_from_an_invoice(scene: Scene, account: str, currency: str) -> None:
    """The last credit memo was made from an invoice with the same lines."""
    memo = scene.book["credit_memos"][-1]
    lines = [dict(line) for line in memo["items"]]
    memo["source"] = document(scene, "invoice", account, lines, currency, date=date_of(scene, "credit_memo"))
    for line in memo["items"]:
        line["source_item"] = line["id"]


def transfer(wanted: Wanted) -> Scene:
    """All that is below zero of an invoice becomes credit balance."""
    scene, currency = Scene(wanted), wanted.currency("invoice")
    size = size_of(wanted, "invoice", lambda one: one.balance < 0 and one.asked == -one.balance)
    account = scene.account(currency=currency)
    number = owed(scene, "invoice", account, size, scene.subscriptions(account), currency)
    scene.ask(invoice=number, reason=wanted.text("reason"))
    return scene


def undo(wanted: Wanted) -> Scene:
    """What was written off of an invoice or debit memo is asked for again, or a part of it."""
    scene = Scene(wanted)
    kind = "debit_memo" if wanted.sets("debit_memo") or wanted.lacks("invoice") else "invoice"
    if wanted.sets("debit_memo") and wanted.sets("invoice"):
        raise Impossible
    currency = wanted.currency("credit_memo", kind)
    of, memo_size = _written_off(wanted, kind)
    written_off, asked = memo_size.amount, memo_size.asked
    account = scene.account(currency=currency)
    subscriptions = scene.subscriptions(account)
    parts, on_memo = asked_apart(Size(of.amount, of.balance, written_off), len(subscriptions))
    lines = lines_of(subscriptions, parts, currency, others=len(parts) - len(on_memo))
    number = document(scene, kind, account, lines, currency, date=date_of(scene, kind, 40))
    paid = of.amount - of.balance - written_off
    if paid:
        unsettled = [part - one for part, one in zip(parts, [*on_memo, *[0] * len(parts)], strict=False)]
        left = [one - take for one, take in zip(unsettled, _taken(unsettled, paid), strict=True)]
        settle(scene, kind, number, account, unsettled, left, currency)
    mirrored = lines_of(subscriptions, on_memo, currency)
    for line in mirrored:
        line["source_item"] = line["id"]
    written = document(scene, "credit_memo", account, mirrored, currency, source=number, write_off=True)
    put = [{"item": line["id"], "source_item": line["id"], "amount": line["amount"]} for line in mirrored]
    day = max(date_of(scene, "credit_memo"), date_of(scene, kind, 40))
    scene.add("applications", from_=written, to=number, date=day, amount=amount(written_off, currency), parts=put)
    part = amount(asked, currency) if asked < written_off else None
    scene.ask(credit_memo=number_of(scene, "credit_memo"), amount=part, reason=wanted.text("reason"))
    return scene


def _written_off(wanted: Wanted, kind: str) -> tuple[Size, Size]:
    """The size of what was written off, and of the memo that did it. Raises `Impossible`."""
    settled = (wanted.minor(f"{kind}.amount") or 0) - (wanted.minor(f"{kind}.balance") or 0)
    memos = sizes(wanted, "credit_memo", lambda one: one.balance == 0 and 0 < one.asked <= one.amount, like=settled)
    for memo in memos:
        written_off = memo.amount

        def fits(one: Size, least: int = written_off) -> bool:
            return one.amount - one.balance >= least

        for of in sizes(wanted, kind, fits, asked=memo.asked, like=written_off):
            return of, memo
    raise Impossible


def _taken(parts: list[int], paid: int) -> list[int]:
    """How much of each is paid, from the first on."""
    taken = []
    for part in parts:
        taken.append(min(part, paid) if part > 0 else 0)
        paid -= taken[-1]
    return taken
