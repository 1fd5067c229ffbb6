"""Operations on money: payments, refunds and credit memos put on documents and taken back, and credit balances."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.witness.documents import (
    another_number,
    credit_balance,
    credit_memo,
    lines_of,
    open_invoice,
    owed,
    payment,
    transferred,
)
from billpolicy.witness.of_refunds import REFERENCE, known_of_refund, refunded_before
from billpolicy.witness.scene import Scene
from billpolicy.witness.sizes import USUAL, Size, size_of
from billpolicy.witness.wanted import Impossible, Wanted, amount

_RAISED = 30
"""So many days before a credit balance was raised."""


def _asked(wanted: Wanted) -> int:
    """The amount of an operation that is not about a document, above zero."""
    if "amount" in wanted.facts and not (wanted.minor("amount") or 0) > 0:
        raise Impossible
    return wanted.minor("amount") or USUAL


def from_charge(wanted: Wanted) -> Scene:
    """A memo of an account over a charge of the catalogue."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    scene.add("charges", id="setup", name="Setup")
    charges = [{"charge": "setup", "amount": amount(asked, currency)}]
    scene.ask(account=account, charges=charges, currency=_other(scene, currency), reason=wanted.text("reason"))
    return scene


def _other(scene: Scene, currency: str) -> str | None:
    """The currency of the money, where it is not that of the account."""
    return None if scene.account_fields(currency)["currency"] == currency else currency


# -- payments ------------------------------------------------------------------------------------------------------


def create_payment(wanted: Wanted) -> Scene:
    """A payment comes; its reference may be known from another one."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    known = wanted.text("reference_is")
    if known in ("known", "reversed"):
        fields = {"number": another_number(scene, "payment"), "account": account, "date": wanted.before(30)}
        reversed_ = True if known == "reversed" else None
        scene.add(
            "payments",
            **fields,
            currency=currency,
            amount=amount(asked, currency),
            reference=REFERENCE,
            reversed=reversed_,
        )
    scene.ask(
        account=account,
        amount=amount(asked, currency),
        currency=_other(scene, currency),
        reference=None if known is None else REFERENCE,
        type=wanted.text("payment.type"),
        apply=[{"document": number} for number in _paid(scene, account, asked, currency)],
    )
    return scene


def _paid(scene: Scene, account: str, asked: int, currency: str) -> Iterator[str]:
    """The documents that a payment is put on, as far as levels of these are to hold something."""
    subscribed = scene.level_holds("subscription")
    share = max(asked // 2, 1)
    size = Size(share, share, share)
    for kind in ("invoice", "debit_memo"):
        if scene.level_holds(kind) or (kind == "invoice" and subscribed):
            yield owed(scene, kind, account, size, scene.subscriptions(account) if subscribed else (), currency)
            subscribed = False


def transfer_payment(wanted: Wanted) -> Scene:
    """What is unapplied of a payment of another account comes to the account."""
    scene, currency = Scene(wanted), wanted.currency("payment")
    size = size_of(wanted, "payment", lambda one: 0 < one.asked <= one.balance)
    account = scene.account(currency=currency)
    number = payment(scene, scene.another_account(currency), size, currency)
    part = amount(size.asked, currency) if size.asked < size.balance else None
    scene.ask(payment=number, to_account=account, amount=part)
    return scene


def reverse_payment(wanted: Wanted) -> Scene:
    """A payment bounces, wherever its money is."""
    scene, currency = Scene(wanted), wanted.currency("payment")
    size = size_of(wanted, "payment", lambda one: one.asked == one.amount > 0)
    account = scene.account(currency=currency)
    scene.ask(payment=payment(scene, account, size, currency), reason=wanted.text("reason"))
    return scene


# -- sources that are put on documents, and taken back ---------------------------------------------------------------


def apply(wanted: Wanted, kind: str) -> Scene:
    """What is unapplied of a payment or credit memo, or a part of it, is put on an invoice."""
    scene, currency = Scene(wanted), wanted.currency(kind)
    size = size_of(wanted, kind, lambda one: 0 < one.asked <= one.balance)
    account = scene.account(currency=currency)
    number = _source(scene, kind, account, size, currency)
    invoice = open_invoice(scene, account, size.asked, currency)
    part = amount(size.asked, currency) if size.asked < size.balance else None
    scene.ask(**{kind: number}, amount=part, apply=[{"document": invoice}])
    return scene


def unapply(wanted: Wanted, kind: str) -> Scene:
    """What is applied of a payment or credit memo, or a part of it, is taken back."""
    scene, currency = Scene(wanted), wanted.currency(kind)
    size = size_of(wanted, kind, lambda one: 0 < one.asked <= one.amount - one.balance)
    account = scene.account(currency=currency)
    number = _source(scene, kind, account, size, currency)
    (on,) = (one["number"] for one in scene.book["invoices"])
    whole = size.asked == size.amount - size.balance
    unapply = [] if whole else [{"document": on, "amount": amount(size.asked, currency)}]
    scene.ask(**{kind: number}, unapply=unapply)
    return scene


def _source(scene: Scene, kind: str, account: str, size: Size, currency: str) -> str:
    if kind == "payment":
        return payment(scene, account, size, currency)
    return credit_memo(scene, account, size, (), currency)


def apply_credits(wanted: Wanted) -> Scene:
    """All that an account has unapplied is put on what it owes."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    payment(scene, account, Size(asked, asked, asked), currency)
    open_invoice(scene, account, asked, currency)
    scene.ask(account=account)
    return scene


# -- credit balances -------------------------------------------------------------------------------------------------


def apply_credit_balance(wanted: Wanted) -> Scene:
    """Credit balance is used on an open invoice."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    credit_balance(scene, account, asked, currency)
    open_invoice(scene, account, asked, currency)
    scene.ask(account=account, currency=_other(scene, currency), reason=wanted.text("reason"))
    return scene


def refund_credit_balance(wanted: Wanted) -> Scene:
    """Credit balance is paid back, that came by hand or from a negative invoice; the reference may be known from
    another refund."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    known = known_of_refund(wanted)
    came_from, day = wanted.text("refund.came_from", "by_hand"), wanted.before(wanted.age("increase", _RAISED))
    if came_from is None or day > wanted.date or (came_from == "both" and asked < 2):
        raise Impossible
    by_hand = {"by_hand": asked, "both": 1}.get(came_from, 0)
    if by_hand:
        credit_balance(scene, account, by_hand, currency, date=day)
    if by_hand < asked:
        invoice = another_number(scene, "invoice")
        below = [by_hand - asked]
        fields = {"number": invoice, "account": account, "date": day, "currency": currency}
        scene.add("invoices", **fields, items=lines_of((), below, currency))
        transferred(scene, invoice, account, below, currency, day)
    if known == "known":
        refunded_before(scene, account, payment(scene, account, Size(asked, asked, asked), currency), asked, currency)
    scene.ask(
        account=account,
        amount=amount(asked, currency),
        currency=_other(scene, currency),
        reference=None if known is None else REFERENCE,
        reason=wanted.text("reason"),
        type=wanted.text("refund.type"),
    )
    return scene


def adjust(wanted: Wanted) -> Scene:
    """A credit balance is raised or lowered by hand."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    type_ = wanted.text("type", "increase")
    if type_ == "decrease":
        credit_balance(scene, account, asked, currency)
    scene.ask(
        account=account,
        type=type_,
        amount=amount(asked, currency),
        currency=_other(scene, currency),
        reason=wanted.text("reason"),
    )
    return scene


def undo_adjustment(wanted: Wanted) -> Scene:
    """What was done to a credit balance by hand is taken back: `type` is what is done now."""
    scene, currency, asked = Scene(wanted), wanted.currency(), _asked(wanted)
    account = scene.account(currency=currency)
    done = credit_balance(scene, account, asked, currency)
    if wanted.text("type", "decrease") == "increase":
        done = credit_balance(scene, account, asked, currency, type="decrease")
    scene.ask(adjustment=done, reason=wanted.text("reason"))
    return scene
