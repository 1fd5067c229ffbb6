"""A payment or credit memo is paid back, with the invoices that are behind it and the payments on these.

What is used of a payment or of the memo beside that, and what else is settled of an invoice, is so by other documents,
which no condition asks about: then whatever the facts say of amounts and balances, it can be shown.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from billpolicy.vocabulary.fields import own_fields_of
from billpolicy.vocabulary.spec import DAYS_SINCE
from billpolicy.witness.documents import another_number, application, date_of, document, lines_of, number_of, settle
from billpolicy.witness.scene import Scene
from billpolicy.witness.sizes import USUAL, Size, apart, open_apart, size_of
from billpolicy.witness.wanted import Impossible, Wanted, amount

REFERENCE = "BANK-4711"
_PUT = 10
"""So many days before the refund money was put on documents, paid back and taken back."""
_AGE = 20
"""So many days before it are documents that no fact dates."""


def create_refund(wanted: Wanted) -> Scene:
    """What is unapplied of a payment is paid back, or where the facts do not go with that, of a credit memo; the
    reference may be known from another refund."""
    if wanted.text("refund.of", "payment") == "payment":
        try:
            return _refund(wanted, _payment)
        except Impossible:
            if "refund.of" in wanted.facts:
                raise
    return _refund(wanted, _memo)


def _refund(wanted: Wanted, build: Callable[[Scene, str, str], tuple[str, int]]) -> Scene:
    scene, currency = Scene(wanted), wanted.currency("payment", "credit_memo", "invoice")
    account = scene.account(currency=currency)
    known = known_of_refund(wanted)
    of, asked = build(scene, account, currency)
    reference, type_ = None if known is None else REFERENCE, wanted.text("refund.type")
    scene.ask(of=of, amount=amount(asked, currency), type=type_, reference=reference, reason=wanted.text("reason"))
    return scene


def known_of_refund(wanted: Wanted) -> str | None:
    """What is known of the reference of a refund. Raises `Impossible`."""
    known = wanted.text("reference_is")
    if known == "reversed":
        raise Impossible  # a refund is never reversed
    return known


def refunded_before(
    scene: Scene,
    account: str,
    of: str,
    minor: int,
    currency: str,
    reference: str | None = REFERENCE,
    parts: Sequence[int] = (),
) -> None:
    """An earlier refund of a payment or credit memo, of this so much line by line."""
    of_lines = [{"item": str(place), "amount": amount(one, currency)} for place, one in enumerate(parts, 1) if one]
    number = scene.wanted.free(f"R-{len(scene.book.get('refunds', ())) + 1:08d}")
    fields = {"number": number, "account": account, "date": _put(scene), "currency": currency}
    scene.add("refunds", **fields, amount=amount(minor, currency), of=of, reference=reference, parts=of_lines)


def _put(scene: Scene) -> datetime.date:
    """When money was put on documents, paid back and taken back: not before any of these."""
    dates = [one["date"] for section in _DATED for one in scene.book.get(section, ())]
    return max([scene.wanted.before(_PUT), *map(datetime.date.fromisoformat, dates)])


_DATED = ("invoices", "debit_memos", "credit_memos", "payments")


def _how_many(wanted: Wanted, scope: str, *, needed: bool = False) -> int:
    """None, one or two: of several documents conditions see how old the first is, and nothing else."""
    own = [wanted.facts[field.name] for field in own_fields_of(scope) if field.name in wanted.facts]
    age = wanted.facts.get(f"{DAYS_SINCE}.{scope}", 0 if needed else None)
    if any(value is not None for value in own):
        return 1
    lacking = any(wanted.facts.get(field.name, 0) is None for field in own_fields_of(scope) if field.always)
    if age is None:
        return 0
    return 2 if lacking else 1


def _behind(scene: Scene, account: str, number: str, size: Size, currency: str, kind: str = "invoice") -> list[int]:
    """An invoice behind the refund: the one that conditions ask about, or one of several. What is settled of it line by
    line."""
    subscriptions = [one["id"] for one in scene.book.get("subscriptions", ())]
    parts = apart(size.amount, len(subscriptions))
    lines = lines_of(subscriptions, parts, currency)
    document(scene, kind, account, lines, currency, number=number, date=_date(scene, kind))
    return [part - left for part, left in zip(parts, open_apart(parts, size.balance), strict=True)]


def _date(scene: Scene, kind: str) -> datetime.date:
    """Of the one that conditions ask about, or of several others."""
    wanted = scene.wanted
    if kind != "debit_memo" and _how_many(wanted, kind) == 2:
        return wanted.before(wanted.age(kind, _AGE))
    return date_of(scene, kind, _AGE)


def _names(scene: Scene, kind: str, count: int) -> list[str]:
    """The numbers of the one that conditions ask about, or of several others."""
    if count == 1:
        return [number_of(scene, kind)]
    usual = "INV" if kind == "invoice" else "P-"
    return [scene.wanted.free(f"{usual}0000001{place}") for place in range(count)]


# -- of a payment --------------------------------------------------------------------------------------------------


def _payment(scene: Scene, account: str, currency: str) -> tuple[str, int]:
    """A payment that was put on invoices and taken back; what is not there any more of it was paid back. What memos of
    these invoices have paid back of it is what was not paid of the refund."""
    wanted = scene.wanted
    before = wanted.text("reference_is") == "known"
    paid = wanted.text("refund.paid", "all")

    def fits(one: Size) -> bool:
        return 0 < one.asked <= one.balance and (not before or one.asked <= one.amount - one.balance)

    if wanted.levels.get("credit_memo") is not None or wanted.sets("credit_memo") or wanted.lacks("payment"):
        raise Impossible  # it is of a memo
    if date_of(scene, "payment") > wanted.date:
        raise Impossible
    size = size_of(wanted, "payment", fits)
    number = _paid_in(scene, account, number_of(scene, "payment"), size.amount, currency)
    used = size.amount - size.balance
    if before:
        refunded_before(scene, account, number, size.asked, currency)
        used -= size.asked
    if used:
        refunded_before(scene, account, number, used, currency, None)
    subscribed = wanted.sets("subscription") or scene.level_holds("subscription")
    without = wanted.lacks("invoice") and _how_many(wanted, "invoice") == 0
    kind = "debit_memo" if without or scene.level_holds("debit_memo") else "invoice"
    corrected = paid != "all"
    needed = ((subscribed or corrected) and not without) or scene.level_holds("invoice")
    if subscribed or needed or kind == "debit_memo" or _how_many(wanted, "invoice"):
        scene.subscriptions(account)
    names = _names(scene, "invoice", _how_many(wanted, "invoice", needed=needed))
    for name in names:
        _put_and_taken_back(scene, account, number, name, currency)
    if kind == "debit_memo" and (subscribed or corrected or scene.level_holds("debit_memo")):
        names.append(number_of(scene, "debit_memo"))
        _put_and_taken_back(scene, account, number, names[-1], currency, "debit_memo")
    if corrected:
        left = 0 if paid == "nothing" else size.asked - 1
        _paid_back_by_memo(scene, account, names[0], size.balance - left, currency)
    return number, size.asked


def _paid_in(scene: Scene, account: str, number: str, minor: int, currency: str) -> str:
    """A payment, of which nothing is used yet."""
    fields = {"number": number, "account": account, "date": _date(scene, "payment"), "currency": currency}
    type_, attributes = scene.wanted.text("payment.type"), scene.level("payment", account)
    scene.add("payments", **fields, amount=amount(minor, currency), type=type_, attributes=attributes)
    return number


def _put_and_taken_back(
    scene: Scene, account: str, payment: str, number: str, currency: str, kind: str = "invoice"
) -> None:
    several = kind == "invoice" and _how_many(scene.wanted, kind) == 2
    size = Size(USUAL, USUAL, 0) if several else size_of(scene.wanted, kind, lambda one: one.amount >= 0)
    settled = _behind(scene, account, number, size, currency, kind)
    for minor in (1, -1):
        put = application(payment, number, _put(scene), [minor], currency)
        scene.add("applications", **{**put, "parts": [{"item": "1", "amount": amount(minor, currency)}]})
    _settle_otherwise(scene, account, number, settled, currency)


def _settle_otherwise(scene: Scene, account: str, number: str, settled: list[int], currency: str) -> None:
    """So much of each line is settled by a credit memo of its own; what is below zero is credit balance."""
    if sum(settled) < 0:
        settle(scene, "invoice", number, account, settled, [0] * len(settled), currency)
    elif sum(settled):
        _memo_beside(scene, account, currency, settled, put_on=number)


def _memo_beside(
    scene: Scene, account: str, currency: str, parts: list[int], put_on: str = "", source: str | None = None
) -> str:
    """A credit memo beside the one that conditions ask about, put on an invoice, or one that gives back of it."""
    number = scene.wanted.free(f"CM0000002{len(scene.book.get('credit_memos', ()))}")
    lines: list[dict[str, Any]] = lines_of((), parts, currency)
    if source is not None:
        lines[0]["source_item"] = "1"
    day = _put(scene)
    fields = {"number": number, "account": account, "date": day, "currency": currency, "source": source}
    scene.add("credit_memos", **fields, items=lines)
    if put_on:
        put = application(number, put_on, day, parts, currency, of_memo=True)
        scene.add("applications", **put)
    return number


def _paid_back_by_memo(scene: Scene, account: str, source: str, minor: int, currency: str) -> None:
    """A credit memo, beside the one that conditions ask about, that corrects a document, and was paid back."""
    memo = _memo_beside(scene, account, currency, [minor], source=source)
    refunded_before(scene, account, memo, minor, currency, None)


# -- of a credit memo ------------------------------------------------------------------------------------------------


def _memo(scene: Scene, account: str, currency: str) -> tuple[str, int]:
    """A memo whose first lines give back of invoices, as far as facts ask about one; what is not unapplied any more of
    it is on an invoice that it does not correct."""
    wanted = scene.wanted
    before = wanted.text("reference_is") == "known"

    def fits(one: Size) -> bool:
        return 0 < one.asked <= one.balance and (not before or one.asked <= one.amount - one.balance)

    size = size_of(wanted, "credit_memo", fits)
    given_before = size.asked if before else 0
    paid = wanted.text("refund.paid") or ("all" if wanted.sets("payment") and not before else "nothing")
    payments = _how_many(wanted, "payment", needed=paid != "nothing" or scene.level_holds("payment"))
    invoices = _how_many(wanted, "invoice", needed=bool(payments) or scene.level_holds("invoice"))
    scene.subscriptions(account)
    names = _names(scene, "invoice", invoices)
    came_in = _invoices_of_memo(scene, account, names, payments, size.asked, given_before, paid, currency)
    _memo_of(scene, account, size, given_before, names, currency)
    left = came_in - given_before
    too_much = {"nothing": left, "part": left - size.asked + 1, "all": 0}[paid]
    if too_much > 0:
        _paid_back_by_memo(scene, account, names[0], too_much, currency)
    return number_of(scene, "credit_memo"), size.asked


def _invoices_of_memo(
    scene: Scene, account: str, names: list[str], payments: int, asked: int, given: int, paid: str, currency: str
) -> int:
    """The invoices that a memo corrects, with the payments on them; how much came in by these."""
    wanted = scene.wanted
    least = {"nothing": 1, "part": given + 1, "all": given + asked}[paid] if payments else 0
    least = max(least, payments)  # something of each

    def fits(one: Size) -> bool:
        return not payments or one.amount - one.balance >= least

    total = 0
    for place, name in enumerate(names):
        size = size_of(wanted, "invoice", fits) if len(names) == 1 else Size(2 * least + USUAL, USUAL, 0)
        settled = _behind(scene, account, name, size, currency)
        if place or not payments:
            _settle_otherwise(scene, account, name, settled, currency)
            continue
        came_in = sum(settled)
        if payments == 1:
            paying = size_of(wanted, "payment", lambda one: one.amount - one.balance >= least)
            came_in = min(came_in, paying.amount - paying.balance)
            (number,) = _names(scene, "payment", 1)
            _paid_in(scene, account, number, paying.amount, currency)
            if paying.amount - paying.balance > came_in:
                refunded_before(scene, account, number, paying.amount - paying.balance - came_in, currency, None)
            shares = [(number, came_in)]
        else:
            half = came_in // 2
            shares = list(zip(_names(scene, "payment", 2), (came_in - half, half), strict=True))
            for number, share in shares:
                _paid_in(scene, account, number, share, currency)
        left = settled
        for number, share in shares:
            after = open_apart(left, sum(left) - share)
            put = [one - other for one, other in zip(left, after, strict=True)]
            scene.add("applications", **application(number, name, _put(scene), put, currency))
            left = after
        _settle_otherwise(scene, account, name, left, currency)
        total += came_in
    return total


def _memo_of(scene: Scene, account: str, size: Size, given: int, names: list[str], currency: str) -> None:
    """The memo: a cent of each invoice that it corrects, and the rest of none."""
    subscriptions = [one["id"] for one in scene.book.get("subscriptions", ())]
    if size.amount <= len(names):
        parts = [1] * size.amount
    else:
        parts = [*[1] * len(names), *apart(size.amount - len(names), len(subscriptions) if not names else 1)]
    if len(parts) < max(len(names), len(subscriptions)):
        raise Impossible
    lines: list[dict[str, Any]] = lines_of(subscriptions, parts, currency)
    for line, name in zip(lines, names, strict=False):
        line |= {"source": name, "source_item": "1"}
    number = document(scene, "credit_memo", account, lines, currency)
    paid = _of_the_last(parts, given)
    if given:
        refunded_before(scene, account, number, given, currency, parts=paid)
    left = [part - one for part, one in zip(parts, paid, strict=True)]
    used = _of_the_last(left, size.amount - size.balance - given)
    if sum(used):
        invoice = another_number(scene, "invoice")
        day = date_of(scene, "credit_memo")
        fields = {"number": invoice, "account": account, "date": day, "currency": currency}
        scene.add("invoices", **fields, items=lines_of((), used, currency))
        scene.add("applications", **application(number, invoice, day, used, currency, of_memo=True))


def _of_the_last(parts: Sequence[int], minor: int) -> list[int]:
    """So much of an amount, line by line from the last on. Raises `Impossible` where there is not so much."""
    taken: list[int] = []
    for part in reversed(parts):
        taken.append(max(min(part, minor - sum(taken)), 0))
    if sum(taken) != minor:
        raise Impossible
    return taken[::-1]
