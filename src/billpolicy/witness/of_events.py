"""What brings an event about, so that the policy is asked whether something follows it.

Conditions of follow-ups ask about what is there after the operation: the document that it makes has just that amount,
the invoice that is left open has just that balance. `operation` says which of its causes it is; the first is usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from billpolicy.book.kinds import KINDS
from billpolicy.policy.condition import Fact
from billpolicy.witness import of_billing, of_documents, of_money, of_subscriptions
from billpolicy.witness.documents import (
    another_number,
    credit_balance,
    document,
    lines_of,
    open_invoice,
    owed,
    payment,
    settle,
)
from billpolicy.witness.scene import Scene
from billpolicy.witness.sizes import USUAL, Size, apart, size_of
from billpolicy.witness.wanted import Wanted, amount, moved

Build = Callable[[Wanted], Scene]
_DRAFT = {kind: f"{KINDS[kind].draft_prefix}00000001" for kind in ("invoice", "credit_memo")}
_BEFORE = 60


def builders(wanted: Wanted) -> Iterator[Callable[[], Scene]]:
    """How to build a scene of the event, by each operation that the facts let bring it about, the usual one first."""
    causes = EVENTS[wanted.event or ""]
    for operation in causes if "operation" not in wanted.facts else (wanted.text("operation") or "",):
        if operation in causes:
            cause = replace(wanted, operation=operation, follows=wanted.operation, levels={}, attribute=None)
            yield partial(causes[operation], cause)


def _with(wanted: Wanted, facts: Mapping[str, Fact | None]) -> Wanted:
    """The facts of the operation that brings it about, in place of those of the event."""
    kept = {name: value for name, value in wanted.facts.items() if name.partition(".")[0] in _KEPT}
    names = frozenset(str(value) for value in wanted.facts.values() if value is not None)
    return replace(wanted, facts=kept | dict(facts), avoid=names)


_KEPT = ("account", "subscription", "actor")


# -- money for what follows, and documents that ask for it -----------------------------------------------------------


def _means(scene: Scene, follows: str, account: str, currency: str) -> None:
    """What an operation that uses money needs: something unapplied, or a credit balance."""
    if follows == "apply_credits":
        number, day = another_number(scene, "payment"), scene.wanted.before(1)
        fields = {"number": number, "account": account, "date": day, "currency": currency}
        scene.add("payments", **fields, amount=amount(USUAL, currency))
    if follows == "apply_credit_balance":
        credit_balance(scene, account, USUAL, currency)


def _has_a_use(wanted: Wanted, size: Size) -> bool:
    """Whether there is something to do: a negative invoice is transferred, all else is owed or unapplied."""
    return size.balance < 0 if wanted.follows == "transfer_negative_invoice" else size.balance > 0


def _account(scene: Scene) -> str:
    return str(scene.book["accounts"][0]["id"])


# -- subscriptions -------------------------------------------------------------------------------------------------


def _canceled(wanted: Wanted, build: Callable[..., Scene]) -> Scene:
    """A subscription is canceled that still owes on an invoice, or has paid for time that it does not use."""
    before = {name: value for name, value in wanted.facts.items() if name != "subscription.status"}
    if wanted.follows == "create_refund":
        return _paid_for(replace(wanted, facts=before), build)
    scene = build(replace(wanted, facts=before))
    size = size_of(wanted, "invoice", lambda one: one.balance > 0)
    currency = wanted.currency("invoice")
    subscriptions = [one["id"] for one in scene.book["subscriptions"]]
    owed(scene, "invoice", _account(scene), size, subscriptions, currency)
    if wanted.is_true("write_off"):
        scene.operations[-1]["write_off"] = True
    return scene


def _paid_for(wanted: Wanted, build: Callable[..., Scene]) -> Scene:
    """A subscription has paid for time from now on, and what is credited of it goes nowhere else."""
    currency, first = wanted.currency("credit_memo"), wanted.date
    through = moved(first, 3 * _BEFORE)
    charge = {**of_billing.rated(USUAL, currency, first), "period": "year", "charged_through": through}
    scene = build(wanted, charges=[charge])
    (subscription,) = scene.book["subscriptions"]
    (line,) = lines_of([subscription["id"]], [USUAL], currency)
    line |= {"subscribed_charge": of_billing.CHARGE, "service_start": first, "service_end": moved(through, -1)}
    number = document(scene, "invoice", _account(scene), [line], currency)
    settle(scene, "invoice", number, _account(scene), [USUAL], [0], currency)
    return scene


def _due(wanted: Wanted, build: Callable[..., Scene], facts: Mapping[str, Fact | None] | None = None) -> Scene:
    """A subscription is changed, or its service goes on, and a charge of it is due."""
    charge = of_billing.rated(USUAL, wanted.currency(), wanted.before(_BEFORE))
    return build(_with(wanted, facts or {}), charges=[charge])


def _longer(wanted: Wanted) -> Scene:
    """A pending cancellation is moved to a later day."""
    scene = _due(wanted, of_subscriptions.change_cancellation)
    scene.operations[-1]["effective_date"] = moved(wanted.date, 2 * _BEFORE).isoformat()
    scene.operations[-1]["final_bill"] = False
    return scene


def _billed_time(wanted: Wanted) -> Scene:
    """An invoice goes by which a bill run has billed time: that time is to be billed again."""
    scene = Scene(wanted)
    currency = wanted.currency()
    account = scene.account(currency=currency)
    size = Size(USUAL, USUAL, USUAL)
    number, _ = of_billing.billed(scene, account, size, currency, most=1, rate=amount(USUAL, currency))
    scene.ask(invoice=number)
    return scene


def _credit_and_time(wanted: Wanted) -> Scene:
    """A credit memo of a bill run goes, and with it the invoice that the same run made of the same charge."""
    scene = _billed_time(wanted)
    (invoice,) = scene.book["invoices"]
    invoice["bill_run"] = "run"
    (line,) = invoice["items"]
    memo = {name: value for name, value in invoice.items() if name in ("account", "date", "currency", "bill_run")}
    number = another_number(scene, "credit_memo")
    scene.add("credit_memos", number=number, **memo, items=[{**line, "amount": amount(USUAL, wanted.currency())}])
    scene.operations[-1] |= {"credit_memo": number}
    del scene.operations[-1]["invoice"]
    return scene


def _draft_of_time(wanted: Wanted) -> Scene:
    """A draft goes by which a bill run would bill time."""
    scene = _billed_time(wanted)
    (draft,) = scene.book["invoices"]
    draft |= {"number": _DRAFT["invoice"], "status": "draft", "bill_run": "run"}
    scene.operations[-1] |= {"draft": _DRAFT["invoice"]}
    del scene.operations[-1]["invoice"]
    return scene


# -- documents that are posted ---------------------------------------------------------------------------------------


def _posted_draft(wanted: Wanted, kind: str) -> Scene:
    """A draft of a bill run is posted, as it is asked about; nothing is settled of it yet."""
    scene, currency = Scene(wanted), wanted.currency(kind)
    size = size_of(wanted, kind, lambda one: one.balance == one.amount and _has_a_use(wanted, one))
    account = scene.account(currency=currency)
    subscriptions = scene.subscriptions(account)
    lines = lines_of(subscriptions, apart(size.amount, len(subscriptions)), currency)
    more: dict[str, Any] = {"number": _DRAFT[kind], "status": "draft", "bill_run": "run"}
    document(scene, kind, account, lines, currency, **more, attributes=_numbered(scene, kind))
    _follows(scene, wanted, kind, account, currency)
    scene.ask(draft=_DRAFT[kind])
    return scene


def _follows(scene: Scene, wanted: Wanted, kind: str, account: str, currency: str) -> None:
    """What else is there, for an operation to follow that uses money."""
    if kind in ("credit_memo", "payment"):
        open_invoice(scene, account, USUAL, currency)
    else:
        _means(scene, wanted.follows, account, currency)


def _numbered(scene: Scene, kind: str) -> dict[str, str]:
    """The sequence set that gives a new document the number that is asked for, drawn that far; or any."""
    policy, number = scene.wanted.policy, scene.wanted.text(f"{kind}.number")
    for name, one in policy.sequence_sets.items():
        series = one.series.get(kind)  # type: ignore[call-overload]
        found = series and re.fullmatch(re.escape(series.prefix) + r"(\d{8,})", number or "")
        before = f"{series.prefix}{int(found[1]) - 1:08d}" if series and found else ""
        if found and int(found[1]) > 1 and not scene.has(before):
            _draw(scene, kind, before)
        if found:
            return {"sequence_set": name}
    return {"sequence_set": next(iter(policy.sequence_sets), "DEFAULT")}


def _draw(scene: Scene, kind: str, number: str) -> None:
    """The number before was drawn by a document of another account."""
    currency = scene.wanted.currency(kind)
    other = scene.another_account(currency)
    fields = {"number": number, "account": other, "date": scene.wanted.before(_BEFORE), "currency": currency}
    if kind == "payment":
        scene.add("payments", **fields, amount=amount(USUAL, currency))
    else:
        scene.add(f"{kind}s", **fields, items=lines_of((), [USUAL], currency))


def _issued(wanted: Wanted, build: Build, kind: str, more: Mapping[str, Fact | None] | None = None) -> Scene:
    """A memo is made from something else, of the amount that is asked about."""
    currency = wanted.currency(kind)
    size = size_of(wanted, kind, lambda one: one.balance == one.amount > 0)
    facts: dict[str, Fact | None] = {"amount": size.amount, "amount.currency": currency, **(more or {})}
    if f"{kind}.reason" in wanted.facts:
        facts["reason"] = wanted.facts[f"{kind}.reason"]
    scene = build(_with(wanted, facts))
    due = wanted.day(f"{kind}.due_date") if kind == "debit_memo" else None
    if due is not None:
        scene.operations[-1]["due_date"] = due.isoformat()
    _number_next(scene, wanted, kind)
    _follows(scene, wanted, kind, _account(scene), currency)
    return scene


def _billed_at_nothing(wanted: Wanted) -> Scene:
    """What was billed and paid is billed again at nothing, so that all of the credit is unapplied."""
    scene = _issued(wanted, of_billing.correction, "credit_memo", _PAID)
    line = scene.book["invoices"][0]["items"][0]
    line |= {"quantity": "1", "unit_price": line["amount"]}
    scene.operations[-1]["correct"] = [{"line": "1", "rate": "0.00"}]
    return scene


def _number_next(scene: Scene, wanted: Wanted, kind: str) -> None:
    """Let the account number the new document as it is asked for."""
    if wanted.text(f"{kind}.number") is None:
        return
    scene.wanted = wanted
    (account, *_) = scene.book["accounts"]
    account["attributes"] = {**account.get("attributes", {}), **_numbered(scene, kind)}


def _run(wanted: Wanted, kind: str) -> Scene:
    """A bill run bills a subscription, or gives back what is below zero of it."""
    currency = wanted.currency(kind)
    size = size_of(wanted, kind, lambda one: one.balance == one.amount and _has_a_use(wanted, one))
    scene = Scene(_with(wanted, {}))
    account = scene.account(currency=currency)
    own = None if scene.account_fields(currency)["currency"] == currency else currency
    minor = size.amount if kind == "invoice" else -size.amount
    charge = of_billing.rated(minor, currency, wanted.date)
    pending = of_billing.pending(wanted)
    found = scene.subscriptions(account, at_least=1, most=1, currency=own, charges=[charge], **pending)
    _number_next(scene, wanted, kind)
    _follows(scene, wanted, kind, account, currency)
    scene.ask(subscriptions=found)
    return scene


# -- payments ------------------------------------------------------------------------------------------------------


def _paid(wanted: Wanted) -> Scene:
    """A payment comes, and what is applied of it at once leaves as much as is asked about."""
    scene, currency = Scene(_with(wanted, {})), wanted.currency("payment")
    size = size_of(wanted, "payment", lambda one: one.balance > 0)
    account = scene.account(currency=currency)
    used = size.amount - size.balance
    apply = [{"document": open_invoice(scene, account, used, currency)}] if used else []
    open_invoice(scene, account, USUAL, currency)
    _number_next(scene, wanted, "payment")
    own = None if scene.account_fields(currency)["currency"] == currency else currency
    type_ = wanted.text("payment.type")
    scene.ask(account=account, amount=amount(size.amount, currency), currency=own, type=type_, apply=apply)
    return scene


def _transferred(wanted: Wanted) -> Scene:
    """A payment comes from another account."""
    currency = wanted.currency("payment")
    size = size_of(wanted, "payment", lambda one: one.balance == one.amount > 0)
    facts: dict[str, Fact | None] = {"amount": size.amount, "amount.currency": currency}
    type_ = {"payment.type": wanted.facts["payment.type"]} if "payment.type" in wanted.facts else {}
    scene = of_money.transfer_payment(_with(wanted, facts | type_))
    _number_next(scene, wanted, "payment")
    open_invoice(scene, _account(scene), USUAL, currency)
    return scene


def _bounced(wanted: Wanted) -> Scene:
    """A payment bounces, and what it had paid is open again; nothing is left of it."""
    scene, currency = Scene(wanted), wanted.currency("payment")
    size = size_of(wanted, "payment", lambda one: one.balance == 0 < one.amount)
    account = scene.account(currency=currency)
    number = payment(scene, account, size, currency)
    _means(scene, wanted.follows, account, currency)
    scene.ask(payment=number)
    return scene


# -- invoices that are left open -------------------------------------------------------------------------------------


def _left_open(wanted: Wanted) -> Scene:
    """Money is put on an invoice and does not settle all of it."""
    scene, currency = Scene(_with(wanted, {})), wanted.currency("invoice")
    size = size_of(wanted, "invoice", lambda one: 0 < one.balance < one.amount)
    account = scene.account(currency=currency)
    subscriptions = scene.subscriptions(account)
    used = size.amount - size.balance
    about = replace(wanted, levels={})
    scene.wanted = about
    lines = lines_of(subscriptions, apart(size.amount, len(subscriptions)), currency)
    invoice = document(scene, "invoice", account, lines, currency)
    apply = [{"document": invoice}]
    money = amount(used, currency)
    own = None if scene.account_fields(currency)["currency"] == currency else currency
    day = scene.wanted.before(1)
    if wanted.operation == "create_payment":
        scene.ask(account=account, amount=money, currency=own, apply=apply)
    elif wanted.operation == "apply_credit_balance":
        credit_balance(scene, account, used, currency)
        scene.ask(account=account, currency=own, apply=apply)
    elif wanted.operation == "apply_credit_memo":
        fields = {"number": another_number(scene, "credit_memo"), "account": account, "date": day}
        scene.add("credit_memos", **fields, currency=currency, items=lines_of((), [used], currency))
        scene.ask(credit_memo=fields["number"], apply=apply)
    else:
        fields = {"number": another_number(scene, "payment"), "account": account, "date": day}
        scene.add("payments", **fields, currency=currency, amount=money)
        if wanted.operation == "apply_credits":
            scene.ask(account=account)
        else:
            scene.ask(payment=fields["number"], apply=apply)
    return scene


# -- credit balances -------------------------------------------------------------------------------------------------


def _increased(wanted: Wanted, build: Build, facts: Mapping[str, Fact | None]) -> Scene:
    """A credit balance is raised."""
    scene = build(_with(wanted, facts))
    open_invoice(scene, _account(scene), USUAL, wanted.currency())
    return scene


_PAID: Mapping[str, Fact | None] = {"invoice.balance_is": "zero"}
_SEPARATELY: Mapping[str, Fact | None] = {"changes.invoice_separately": True}
EVENTS: Mapping[str, Mapping[str, Build]] = {
    "subscription_canceled": {
        "cancel_subscription": partial(_canceled, build=of_subscriptions.cancel),
        "change_cancellation": partial(_canceled, build=of_subscriptions.change_cancellation),
    },
    "charges_reopened": {
        "undo_cancellation": partial(_due, build=of_subscriptions.undo_cancellation),
        "change_cancellation": _longer,
        "reverse_invoice": _billed_time,
        "reverse_credit_memo": _credit_and_time,
        "write_off_invoice": _billed_time,
        "cancel_draft": _draft_of_time,
    },
    "subscription_changed": {
        "change_subscription": partial(_due, build=of_subscriptions.change, facts=_SEPARATELY),
        "renew_subscription": partial(_due, build=of_subscriptions.renew),
        "add_subscribed_charge": of_subscriptions.add_charge,
        "change_subscribed_charge": of_subscriptions.change_charge,
        "end_subscribed_charge": of_subscriptions.end_charge,
    },
    "invoice_posted": {
        "post_draft": partial(_posted_draft, kind="invoice"),
        "bill_run": partial(_run, kind="invoice"),
    },
    "credit_memo_posted": {
        "credit_memo_from_invoice": partial(_issued, build=of_documents.memo, kind="credit_memo"),
        "credit_memo_from_charge": partial(_issued, build=of_money.from_charge, kind="credit_memo"),
        "post_draft": partial(_posted_draft, kind="credit_memo"),
        "bill_run": partial(_run, kind="credit_memo"),
        "credit_only": partial(_issued, build=of_billing.correction, kind="credit_memo", more=_PAID),
        "credit_rebill": _billed_at_nothing,
    },
    "debit_memo_posted": {
        "debit_memo_from_charge": partial(_issued, build=of_money.from_charge, kind="debit_memo"),
        "debit_memo_from_invoice": partial(_issued, build=of_documents.memo, kind="debit_memo"),
        "undo_write_off": partial(_issued, build=of_documents.undo, kind="debit_memo"),
    },
    "payment_posted": {"create_payment": _paid, "transfer_payment": _transferred},
    "payment_reversed": {"reverse_payment": _bounced},
    "invoice_left_open": {
        "create_payment": _left_open,
        "apply_payment": _left_open,
        "apply_credit_memo": _left_open,
        "apply_credits": _left_open,
        "apply_credit_balance": _left_open,
    },
    "credit_increased": {
        "adjust_credit_balance": partial(_increased, build=of_money.adjust, facts={"type": "increase"}),
        "undo_credit_adjustment": partial(_increased, build=of_money.undo_adjustment, facts={"type": "increase"}),
        "transfer_negative_invoice": partial(_increased, build=of_documents.transfer, facts={}),
    },
}
"""Event -> operations that bring it about -> their scenes; the first is usual."""
