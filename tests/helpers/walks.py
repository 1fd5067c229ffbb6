"""Random walks: a book with subscriptions and a past, and operations of every kind on it, one after the other.

Amounts, dates and documents are drawn from what is there when an operation is asked for, so that most are possible;
some are nonsense and must be refused. Dates lie before, on and after each other and today. A seed gives the same walk
for ever; of a walk on which something does not hold, `hold` shows as little as it takes.
"""

from __future__ import annotations

import datetime
import json
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from random import Random
from typing import Any, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.book.model import CreditAdjustment, CreditMemo, DebitMemo, Document, Invoice, Numbered, Payment
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.money import from_minor
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.source.tree import parse_text
from billpolicy.source.write import to_json
from tests.helpers.books import file_of
from tests.helpers.planning import plan_on
from tests.helpers.scenes import versions

T = TypeVar("T")
Record = dict[str, Any]
TODAY = datetime.date(2026, 6, 15)
CURRENCIES = ("JPY", "USD", "KWD")
STANDARD = ""
NO_FOLLOW_UPS = """
operations:
  bill_run: {negative_totals: by_charge_below_zero, proration_basis: by_month_first, month_length: thirty_360}
  write_off_invoice: {zero_balance_items: leave_out}
  apply_credits: {source_order: cash_first}
follow_ups:
- {id: write-off-on-cancellation, then: nothing, because: test}
"""
CREDIT_AT_ONCE = """
operations:
  bill_run: {negative_totals: negative_invoice}
  apply_payment: {allocation: fifo}
  write_off_invoice: {charged_through: keep}
follow_ups:
- {id: keep, after: invoice_posted, when: {invoice.balance_is: below_zero}, then: transfer_negative_invoice,
   because: test}
- {id: use, after: credit_increased, then: apply_credit_balance, because: test}
- {id: use-on-invoices, after: invoice_posted, then: apply_credit_balance, because: test}
- {id: use-on-memos, after: debit_memo_posted, then: apply_credit_balance, because: test}
- {id: drop-cents, after: invoice_left_open, when: {invoice.balance: {at_most: 5.00 USD}}, then: write_off_invoice,
   because: test}
- {id: drop-yen, after: invoice_left_open, when: {invoice.balance: {at_most: 500 JPY}}, then: write_off_invoice,
   because: test}
- {id: spend-on-invoices, after: invoice_posted, then: apply_credits, because: test}
- {id: spend-memos, after: credit_memo_posted, then: apply_credits, because: test}
- {id: spend-payments, after: payment_posted, when: {payment.type: electronic}, then: apply_credits, because: test}
- {id: pay-otherwise, after: payment_reversed, then: apply_credits, because: test}
- {id: use-what-is-kept, after: payment_reversed, then: apply_credit_balance, because: test}
"""
CREDIT_PAID_BACK = """
operations:
  bill_run: {negative_totals: negative_charges, bill_as: draft, partial_charges: full, partial_credits: whole_months,
             credit_one_time: true}
  create_payment: {allocation: by_component}
  apply_credit_balance: {allocation: by_component, document_order: largest_balance_first}
follow_ups:
- {id: keep, after: invoice_posted, then: transfer_negative_invoice, because: test}
- {id: pay-back, after: credit_increased, then: refund_credit_balance, because: test}
- {id: spend, after: debit_memo_posted, then: apply_credits, because: test}
- {id: bill-again, after: charges_reopened, then: bill_run, because: test}
"""
TAXES = """
tax_rates: {standard: [{country: EE, name: VAT, rate: 24%, from: 2020-01-01}]}
"""
POLICIES = (STANDARD + TAXES, NO_FOLLOW_UPS + TAXES, CREDIT_AT_ONCE + TAXES, CREDIT_PAID_BACK + TAXES)
"""What is said on top of the standard policy."""


# -- walks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One operation: the book before and after it, and the plan, or why there is none."""

    asked: Instruction
    before: Book
    plan: Plan | None
    problems: tuple[Diagnostic, ...]
    after: Book


@dataclass(frozen=True)
class Walk:
    """What a walk is made of: a policy, a book as it is written, and operations."""

    policy: str
    book: Record
    operations: tuple[Record, ...]

    def __str__(self) -> str:
        """All that it takes to do it again; JSON is YAML, too."""
        return "\n".join((self.policy, json.dumps(self.book), *map(json.dumps, self.operations)))

    @cached_property
    def steps(self) -> list[Step]:
        """Each operation, planned on what the ones before it leave."""
        found: list[Step] = []
        for asked in asked_for(*self.operations):
            found.append(step(self.policy, found[-1].after if found else read(self.book), asked))
        return found

    def shorter(self) -> Iterator[Walk]:
        """The same without one operation, or without one record of the book."""
        for n in reversed(range(len(self.operations))):
            yield Walk(self.policy, self.book, (*self.operations[:n], *self.operations[n + 1 :]))
        for section, records in self.book.items():
            for n in range(len(records)):
                left = [*records[:n], *records[n + 1 :]]
                yield Walk(self.policy, {**self.book, section: left}, self.operations)


@cache
def walk(seed: int, policies: tuple[str, ...] = POLICIES, kinds: tuple[str, ...] = ()) -> Walk:
    """The walk of a seed: by one of these policies, with operations of these kinds or of all."""
    chance = Chance(seed)
    policy = chance.one_of(policies)
    written = _book(chance)
    book, operations = read(written), []
    for n in range(chance.whole(1, 12)):
        operations.append({"id": f"op-{n}", **_operation(chance, book, kinds or (*BILLING, *FIELDS))})
        try:
            book = step(policy, book, *asked_for(operations[-1])).after
        except Exception:  # a mistake of the program: whoever takes this walk finds it again
            break
    return Walk(policy, written, tuple(operations))


def hold(check: Callable[[Walk], None], walks: Iterator[Walk]) -> None:
    """The check holds on all of these walks. Else it fails with the shortest walk that is found to break it."""
    for found in walks:
        error = _error(check, found)
        if error is None:
            continue
        shortest, last = found, error
        while (less := next(((w, e) for w in shortest.shorter() if (e := _error(check, w, error))), None)) is not None:
            shortest, last = less
        raise AssertionError(f"{last!r}\n\n{shortest}") from last


def _error(check: Callable[[Walk], None], found: Walk, like: Exception | None = None) -> Exception | None:
    """What a check ends in; where that is another failure than `like`, it counts for nothing."""
    try:
        check(found)
    except Exception as error:
        return error if like is None or _where(error) == _where(like) else None
    return None


def _where(error: Exception) -> tuple[str, int | None]:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return place.filename, place.lineno


def step(policy: str, book: Book, asked: Instruction) -> Step:
    """Plan one operation; nothing but a refusal may come instead of a plan."""
    those = versions(policy)
    try:
        plan, after = plan_on(those, book, asked, TODAY)
    except Refused as refused:
        return Step(asked, book, None, tuple(refused.diagnostics), book)
    return Step(asked, book, plan, (), after)


def read(written: Record) -> Book:
    """A book as a program would read it: checked."""
    return book_of(parse_text(json.dumps(written), "book.json"))


def asked_for(*operations: Record) -> list[Instruction]:
    """The operations of a file."""
    return operations_of(parse_text(json.dumps({"operations": operations}), "operations.json")) if operations else []


def text_of(book: Book) -> str:
    """All that a book holds, as text."""
    return to_json(file_of(book)) + to_json({"counters": dict(book.counters), "revisions": dict(book.revisions)})


# -- chance --------------------------------------------------------------------------------------------------------


class Chance:
    """What is drawn, always the same of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def whole(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def maybe(self) -> bool:
        return self.random.random() < 0.5

    def seldom(self) -> bool:
        return self.random.random() < 0.1

    def one_of(self, these: Sequence[T]) -> T:
        return self.random.choice(these)

    def day(self, first: int, last: int) -> str:
        """A day so many days after today."""
        return str(TODAY + datetime.timedelta(self.whole(first, last)))

    def money(self, least: int, most: int, currency: str) -> str:
        """An amount of so many minor units."""
        return str(from_minor(self.whole(least, most), currency))


# -- books ---------------------------------------------------------------------------------------------------------


def _book(chance: Chance) -> Record:
    """Two accounts, often of one currency, with subscriptions that were never billed and documents that came before,
    some of them in other currencies than the account's."""
    currency = chance.one_of(CURRENCIES)
    currencies = {"a": currency, "b": chance.one_of((currency, currency, *CURRENCIES))}
    book: Record = defaultdict(list)
    book["charges"] = [{"id": "setup", "name": "Setup"}]
    for account, own in currencies.items():
        attributes = {"bill_to_contact": f"{account}1", "payment_term": "Net 30"}
        book["accounts"].append({"id": account, "currency": own, "country": "EE", "attributes": attributes})
        book["contacts"] += [{"id": f"{account}{n}", "account": account} for n in (1, 2)]
        names = [f"{account}-s{n}" for n in range(chance.whole(0, 2))]
        subscriptions = [any_subscription(chance, name, account) for name in names]
        book["subscriptions"] += [_with_items(chance, one) for one in subscriptions]
        book["charge_periods"] += [_reopened(chance, one, own) for one in subscriptions if chance.seldom()]
        held = (own, chance.one_of(CURRENCIES))
        for section, letter, most in (("invoices", "I", 2), ("credit_memos", "C", 1), ("debit_memos", "D", 1)):
            for n in range(chance.whole(0, most)):
                common: Record = {"account": account, "currency": chance.one_of(held)}
                document = _document(chance, common["currency"], names, may_be_negative=section == "invoices")
                book[section].append({"number": f"{account}-{letter}{n}", **common, **document})
        for section, letter, last, more in (
            ("payments", "P", -5, {}),
            ("credit_adjustments", "K", 20, {"type": "increase"}),
        ):
            if chance.maybe():
                currency = chance.one_of(held)
                money = {"currency": currency, "amount": chance.money(1, 9000, currency)}
                record = {"number": f"{account}-{letter}", "account": account, "date": chance.day(-40, last)}
                book[section].append(record | money | more)
    if chance.seldom():
        book["accounting_periods"] = [{"from": "2026-01-01", "until": chance.day(-60, -5), "status": "closed"}]
    return dict(book)


def any_subscription(chance: Chance, name: str, account: str) -> Record:
    """One to three charges, and one that is not billed any more; of any price, period and timing, half of them on one
    line."""
    found: Record = {"id": name, "account": account, "start": chance.day(-150, 10), "charges": [{"id": "old"}]}
    for n in range(chance.whole(1, 3)):
        charge = {"id": f"c{n}", "charge": "setup", "rate": str(Decimal(chance.whole(-2000, 9999)) / 100)}
        if chance.maybe():
            charge["timing"] = "in_arrears"
        if chance.maybe():
            charge["period"] = chance.one_of(("one_time", "quarter", "half_year", "year"))
        if n and chance.maybe():
            charge |= {"discounts": "c0", "rate": str(Decimal(chance.whole(-3000, -1)) / 100)}
        if chance.seldom():
            charge["quantity"] = chance.one_of(("0", "2.5", "3"))
        if chance.seldom():
            charge["start"] = chance.day(-30, 30)
        if chance.seldom():
            charge["until"] = chance.day(31, 60)
        found["charges"].append(charge)
    if chance.maybe():
        used: Record = {"id": "calls", "usage": True, "rate": str(Decimal(chance.whole(-200, 999)) / 1000)}
        if chance.maybe():
            used["included"] = str(chance.whole(0, 60))
        if chance.seldom():
            used["period"] = "quarter"
        if chance.seldom():
            used["until"] = chance.day(11, 60)
        found["charges"].append(used)
    for charge in found["charges"]:
        if "discounts" not in charge and charge.get("rate", "1")[-1] in "02468":
            charge["profile"] = "all"
    if chance.maybe():
        found["bill_day"] = chance.whole(1, 31)
    if chance.maybe():
        found["term_end"] = chance.day(11, 200)
    if chance.seldom():
        found["currency"] = chance.one_of(CURRENCIES)
    if chance.seldom():
        found["invoice_separately"] = True
    if chance.seldom():
        found["attributes"] = {"bill_to_contact": f"{account}2"}
    return found


def _with_items(chance: Chance, subscription: Record) -> Record:
    """The subscription with a limit of what others come to, a charge that usage draws from, and tax codes."""
    charges = subscription["charges"]
    first = next(one for one in charges if one["id"] == "c0")
    if first.get("period") != "one_time" and chance.seldom():
        bills = chance.one_of(("minimum", "maximum"))
        rate = str(Decimal(chance.whole(0, 9999)) / 100)
        charges.append({"id": "limit", "item": "c0", "bills": bills, "rate": rate, "timing": "in_arrears"})
    if charges[-1].get("usage") and chance.maybe():
        charges.append({"id": "pool", "rate": str(chance.whole(0, 9)), "drawn_by": ["calls"]})
    for one in charges:
        if chance.maybe():
            one["tax_code"] = "standard"
    return subscription


def _reopened(chance: Chance, subscription: Record, currency: str) -> Record:
    """Some days of a charge, before the subscription begins here, that another system has billed and taken back."""
    until = datetime.date.fromisoformat(subscription["start"])
    first = str(until - datetime.timedelta(chance.whole(1, 40)))
    return {
        "id": f"{subscription['id']}/old/{first}",
        "subscription": subscription["id"],
        "charge": "old",
        "from": first,
        "until": str(until),
        "currency": subscription.get("currency", currency),
        "status": "reopened",
        "rate": str(chance.whole(1, 99)),
    }


def _document(chance: Chance, currency: str, subscriptions: Sequence[str], *, may_be_negative: bool) -> Record:
    """A document with items of several subscriptions or of none, with taxes and discounts."""
    found: Record = {"date": chance.day(-40, 0), "items": []}
    least = -9000 if may_be_negative and chance.maybe() else 1
    for n in range(chance.whole(1, 3)):
        amount = chance.whole(least, 9000)
        item: Record = {"id": f"i{n}", "line": n, "amount": str(from_minor(amount, currency))}
        if subscriptions and chance.maybe():
            day = chance.day(-60, 0)
            item |= {"subscription": chance.one_of(subscriptions), "subscribed_charge": "old"}
            item |= {"service_start": day, "service_end": day}
        if chance.maybe():
            tax = chance.whole(0, abs(amount) // 4)
            item["taxes"] = [{"id": "t", "amount": str(from_minor(tax if amount > 0 else -tax, currency))}]
        found["items"].append(item)
        if amount > 1 and chance.seldom():
            less = {"amount": chance.money(-amount, -1, currency), "discounts": f"i{n}"}
            found["items"].append({"id": f"d{n}", "line": n, **less})
    if may_be_negative and chance.maybe():
        found["due_date"] = chance.day(-10, 60)
    if chance.seldom():
        found["auto_apply"] = False
    return found


# -- operations ----------------------------------------------------------------------------------------------------


class NothingThere(Exception):
    """There is nothing in the book that such an operation could be done to."""


class Drawing:
    """One operation to be drawn on a book."""

    def __init__(self, chance: Chance, book: Book) -> None:
        self.chance = chance
        self.maybe, self.seldom, self.whole = chance.maybe, chance.seldom, chance.whole
        self.book = book
        self.nonsense = chance.seldom()

    def one_of(self, names: Sequence[str]) -> str:
        if self.nonsense:
            names = [*self.book.numbered, *self.book.accounts, *self.book.subscriptions, "nowhere"]
        if not names:
            raise NothingThere
        return self.chance.one_of(sorted(names))

    def account(self) -> str:
        return self.one_of(list(self.book.accounts))

    def subscription(self, *, canceled: bool = False) -> str:
        found = self.book.subscriptions.values()
        return self.one_of([one.id for one in found if one.canceled_on is not None or not canceled])

    def number(self, *kinds: type, wanted: Callable[[Any], bool] = lambda _: True) -> str:
        """A document of these kinds; more often one that has something open."""
        found: list[Numbered] = [one for one in self.book.numbered.values() if isinstance(one, kinds) and wanted(one)]
        if self.maybe():
            found = [one for one in found if one.status == "posted" and self.book.balance(one) > 0] or found
        return self.one_of([one.number for one in found])

    def currency(self, account: str) -> Record:
        """A currency of an account, seldom another one."""
        if account not in self.book.accounts:
            return {"currency": "USD"}
        mine = sorted({one.currency for one in self.book.numbered.values() if one.account == account})
        own = self.book.accounts[account].currency
        return {"currency": self.chance.one_of(CURRENCIES if self.seldom() else (own, *mine))}

    def amount(self, currency: str, most: Decimal | None = None) -> str:
        """Up to `most`, all of it, or a little more."""
        if self.nonsense:
            return self.chance.one_of(("0", "-1", "0.0001", "99999999"))
        whole = 9000 if most is None else max(int(most / from_minor(1, currency)), 1)
        return str(
            from_minor(self.chance.one_of((self.whole(1, whole), self.whole(1, whole), whole, whole + 1)), currency)
        )

    def amount_of(self, number: str) -> str:
        """An amount that is open of a document."""
        document = self.book.numbered.get(number)
        return self.amount("USD") if document is None else self.amount(document.currency, self.book.balance(document))

    def from_account(self) -> Record:
        asked = {"account": self.account()}
        asked |= self.currency(asked["account"])
        return asked | {"amount": self.amount(asked["currency"])}

    def from_credit(self) -> Record:
        asked = {"account": self.account()}
        asked |= self.currency(asked["account"])
        most = self.book.credit_balance(asked["account"], asked["currency"])
        return asked | {"amount": self.amount(asked["currency"], most)}

    def apply(self, account: str | None, currency: str | None) -> Record:
        """Nothing, which means all that is open, or some documents with or without amounts; seldom in any currency."""
        if self.maybe():
            return {}
        of = {currency} if not self.seldom() else {*CURRENCIES}
        mine = {
            self.number(Invoice, DebitMemo, wanted=lambda one: one.account == account and one.currency in of)
            for _ in range(self.whole(1, 2))
        }
        named = [{"document": number} for number in sorted(mine)]
        return {"apply": [one | ({"amount": self.amount_of(one["document"])} if self.maybe() else {}) for one in named]}

    def items(self, number: str) -> Record:
        """Some items of a document, each with an amount or not."""
        document = self.book.numbered.get(number)
        if not isinstance(document, Document):
            return {"items": [{"item": "i0", "amount": "1"}]}
        chosen = self.chance.random.sample(document.items, self.whole(1, len(document.items)))
        named = [({"item": item.id}, item.amount) for item in chosen]
        return {
            "items": [
                one | ({"amount": self.amount(document.currency, whole)} if self.maybe() else {})
                for one, whole in named
            ]
        }

    def line(self, number: str) -> str:
        """An item of a document; seldom one that bills no time."""
        document = self.book.numbered.get(number)
        items = document.items if isinstance(document, Document) else ()
        of_time = [item.id for item in items if item.service_end is not None]
        return self.one_of(of_time if of_time and not self.seldom() else [item.id for item in items])

    def owner(self, number: str) -> str | None:
        return self.book.numbered[number].account if number in self.book.numbered else None

    def not_said(self, asked: Record) -> Record:
        """The same without `currency` where that means the same, not always."""
        own = self.book.accounts.get(asked["account"])
        same = asked.get("apply") or (own is not None and own.currency == asked["currency"])
        return {key: value for key, value in asked.items() if key != "currency"} if same and self.maybe() else asked


def _credit_memo_from_invoice(d: Drawing) -> Record:
    number = d.number(Invoice)
    return {"invoice": number, **(d.items(number) if d.maybe() else {})}


def _debit_memo_from_invoice(d: Drawing) -> Record:
    number = d.number(Invoice)
    return {"invoice": number, **d.items(number)}


def _credit_only(d: Drawing) -> Record:
    number = d.number(Invoice, wanted=lambda one: one.status == "posted")
    return {"invoice": number, **({"lines": [d.line(number)]} if d.maybe() else {})}


def _credit_rebill(d: Drawing) -> Record:
    asked = _credit_only(d)
    if d.maybe():
        correction = {"line": asked["lines"][0] if "lines" in asked else d.line(asked["invoice"])}
        if d.maybe():
            correction["rate"] = d.amount("JPY")
        if d.maybe():
            correction["quantity"] = str(d.whole(0, 9))
        asked["correct"] = [correction]
    return asked | ({"current": [d.chance.one_of(("rate", "quantity"))]} if d.seldom() else {})


def _from_charge(d: Drawing) -> Record:
    asked = d.from_account()
    charges = [{"charge": "setup", "amount": asked.pop("amount")}]
    return d.not_said(asked) | {"charges": charges}


def _create_payment(d: Drawing) -> Record:
    asked = d.from_account() | {"type": d.chance.one_of(("electronic", "external"))}
    if d.maybe():
        known = [one for one in d.book.numbered.values() if isinstance(one, Payment) and one.reference]
        again = d.chance.one_of(known) if known and d.maybe() else None
        asked["reference"] = again.reference if again else f"BANK-{d.whole(0, 99)}"
        if again and d.maybe():
            asked |= {"account": again.account, "amount": str(again.amount), "type": again.type}
    return d.not_said(asked | (d.apply(asked["account"], asked["currency"]) or {"apply_to_open": d.maybe()}))


def _create_refund(d: Drawing) -> Record:
    number = d.number(Payment, CreditMemo)
    return {"of": number, "amount": d.amount_of(number)}


def _apply(d: Drawing, key: str, kind: type) -> Record:
    number = d.number(kind)
    asked: Record = {key: number}
    if d.maybe():
        asked["amount"] = d.amount_of(number)
    if kind is CreditMemo and d.book.subscriptions and d.maybe():
        return asked | {"subscription": d.subscription()}
    source = d.book.numbered.get(number)
    return asked | d.apply(d.owner(number), source.currency if source else None)


def _unapply(d: Drawing, key: str, kind: type) -> Record:
    applied = d.book.applications_from
    number = d.number(kind, wanted=lambda one: one.number in applied)
    if number not in applied or d.maybe():
        return {key: number}
    wanted: Record = {"document": d.one_of([made.to for made in applied[number]])}
    if d.maybe():
        net = sum((made.amount for made in applied[number] if made.to == wanted["document"]), Decimal(0))
        wanted["amount"] = d.amount(d.book.numbered[number].currency, net)
    return {key: number, "unapply": [wanted]}


def _apply_credits(d: Drawing) -> Record:
    account = d.account()
    return {"account": account} | (d.currency(account) if d.maybe() else {})


def _transfer_payment(d: Drawing) -> Record:
    number = d.number(Payment)
    to = d.one_of([account for account in d.book.accounts if account != d.owner(number)])
    return {"payment": number, "to_account": to, **({"amount": d.amount_of(number)} if d.maybe() else {})}


def _bill_run(d: Drawing) -> Record:
    asked: Record = {"target_date": d.chance.day(-60, 60)} if d.maybe() else {}
    if d.maybe():
        asked["bill_as"] = d.chance.one_of(("draft", "posted"))
    if d.maybe():
        asked |= {"accounts": [d.account()]} if d.maybe() else {"subscriptions": [d.subscription()]}
    return asked


def _record_usage(d: Drawing) -> Record:
    subscribed = [one.id for one in d.book.subscriptions.values() if any(charge.usage for charge in one.charges)]
    name = d.one_of(subscribed)
    start = d.book.subscriptions[name].start if name in d.book.subscriptions else None
    records = [
        {
            "id": f"u-{d.whole(1, 10**6)}",
            "subscription": name,
            "charge": "old" if d.nonsense else "calls",
            "date": str((start or TODAY) + datetime.timedelta(d.whole(0, 120))),
            "quantity": str(Decimal(d.whole(-300, 900)) / 10),
        }
        for _ in range(d.whole(1, 4))
    ]
    return {"records": records}


def _draft(d: Drawing) -> Record:
    return {"draft": d.number(Invoice, CreditMemo, wanted=lambda one: one.status == "draft" and not one.posted_as)}


def _part_of(d: Drawing, key: str, number: str) -> Record:
    """All of a document, or an amount up to all of it."""
    document = d.book.numbered.get(number)
    if document is None or d.maybe():
        return {key: number}
    return {key: number, "amount": d.amount(document.currency, document.amount)}


def _cancel_subscription(d: Drawing, *, canceled: bool = False) -> Record:
    asked: Record = {"subscription": d.subscription(canceled=canceled), "write_off": d.maybe()}
    asked["at"] = d.chance.one_of(("date", "date", "end_of_term", "end_of_invoiced_period"))
    if asked["at"] == "date":
        known = d.book.subscriptions.get(asked["subscription"])
        start = known.start if known is not None and known.start is not None else TODAY
        asked["effective_date"] = str(start + datetime.timedelta(d.whole(0, 150)))
    if d.seldom():
        asked["final_bill"] = d.maybe()
    if d.seldom():
        asked["target_date"] = d.chance.day(-60, 60)
    return asked


def _apply_credit_balance(d: Drawing) -> Record:
    asked = d.from_credit()
    if d.maybe():
        del asked["amount"]
    if d.seldom():
        asked["negative_invoice"] = d.number(Invoice, wanted=lambda invoice: invoice.amount < 0)
    return d.not_said(asked | d.apply(asked["account"], asked["currency"]))


def _adjust_credit_balance(d: Drawing) -> Record:
    return d.not_said(d.from_credit()) | {"type": d.chance.one_of(("increase", "decrease"))}


def _attributes(d: Drawing, account: str | None) -> Record:
    """Some attributes that an account or a subscription is given, or holds no more."""
    contact: Any = d.one_of([one.id for one in d.book.contacts.values() if one.account == account])
    term: Any = d.chance.one_of(("Net 30", "Due Upon Receipt"))
    found = {"bill_to_contact": None if d.seldom() else contact, "payment_term": None if d.seldom() else term}
    return {"attributes": {name: value for name, value in found.items() if d.maybe()}}


def _from(d: Drawing) -> Record:
    return {"from": d.chance.day(-40, 40)} if d.maybe() else {}


def _new(d: Drawing, names: Iterable[str]) -> str:
    """A name that is not there yet; as nonsense, one that is."""
    known = sorted(names)
    return d.chance.one_of(known) if known and d.seldom() else f"new-{len(known)}"


def _change_account(d: Drawing) -> Record:
    account = d.account()
    return {"account": account, **_attributes(d, account), **({"country": "DE"} if d.maybe() else {}), **_from(d)}


def _change_contact(d: Drawing) -> Record:
    named: Record = {"name": d.chance.one_of(("Ann", "Ben"))} if d.maybe() else {"clear": ["name"]}
    return {"contact": d.one_of(list(d.book.contacts)), **named, **_from(d)}


def _retire_contact(d: Drawing) -> Record:
    # Most contacts stay, so that something is left to be addressed.
    back: Record = {"clear": ["retired_on"]} if d.maybe() else {"from": d.chance.day(20, 60)}
    return {"contact": d.one_of(list(d.book.contacts)), **back}


def _new_charge(d: Drawing, taken: Iterable[str]) -> Record:
    start = {"start": d.chance.day(-60, 30)} if d.maybe() else {}
    return {"id": _new(d, taken), "charge": "setup", "rate": str(Decimal(d.whole(-2000, 9999)) / 100), **start}


def _create_subscription(d: Drawing) -> Record:
    account = d.account()
    asked: Record = {"subscription": _new(d, d.book.subscriptions), "account": account, **_attributes(d, account)}
    return {**asked, "start": d.chance.day(-60, 20), "charges": [_new_charge(d, ())]}


def _change_subscription(d: Drawing) -> Record:
    name = d.subscription()
    known = d.book.subscriptions.get(name)
    asked: Record = {"subscription": name, **_attributes(d, None if known is None else known.account), **_from(d)}
    if d.maybe():
        asked["bill_day"] = d.whole(1, 31)
    if d.seldom():
        asked["invoice_separately"] = d.maybe()
    return asked


def _subscribed(d: Drawing) -> tuple[str, list[str]]:
    name = d.subscription()
    known = d.book.subscriptions.get(name)
    return name, ["old"] if known is None else [charge.id for charge in known.charges]


def _add_subscribed_charge(d: Drawing) -> Record:
    name, taken = _subscribed(d)
    return {"subscription": name, "charge": _new_charge(d, taken)}


def _change_subscribed_charge(d: Drawing) -> Record:
    name, taken = _subscribed(d)
    charge = d.chance.one_of(taken)
    found = {charge.id: charge for charge in d.book.subscriptions[name].charges} if name in d.book.subscriptions else {}
    # Days are given back at their price: a charge stays one, and a discount a discount.
    sign = -1 if charge in found and (found[charge].rate or 0) < 0 else 1
    asked: Record = {"subscription": name, "charge": charge, **_from(d)}
    if d.maybe():
        return asked | {"quantity": str(d.whole(0, 4))}
    return asked | {"rate": str(Decimal(sign * d.whole(1, 9999)) / 100)}


def _end_subscribed_charge(d: Drawing) -> Record:
    name, taken = _subscribed(d)
    until = {"until": d.chance.day(-60, 60)} if d.maybe() else {}
    return {"subscription": name, "charge": d.chance.one_of(taken), **until}


def _change_charge(d: Drawing) -> Record:
    return {"charge": d.one_of(list(d.book.charges)), "name": d.chance.one_of(("Setup", "Installation")), **_from(d)}


def _create_accounting_period(d: Drawing) -> Record:
    last = max((period.until for period in d.book.periods), default=datetime.date(2025, 12, 1))
    first = last - datetime.timedelta(3 if d.book.periods and d.maybe() else 0)
    return {"from": str(first), "until": str(first + datetime.timedelta(d.whole(1, 40)))}


def _accounting_period(d: Drawing, status: str) -> Record:
    """One that can be closed or reopened, if there is one."""
    found = [str(one.from_) for one in d.book.periods if one.status == status]
    if d.nonsense or not found:
        return {"from": str(TODAY)}
    return {"from": found[0] if status == "open" else found[-1]}


FIELDS: dict[str, Callable[[Drawing], Record]] = {
    "credit_memo_from_invoice": _credit_memo_from_invoice,
    "debit_memo_from_invoice": _debit_memo_from_invoice,
    "write_off_invoice": lambda d: _part_of(d, "invoice", d.number(Invoice)),
    "write_off_debit_memo": lambda d: _part_of(d, "debit_memo", d.number(DebitMemo)),
    "reverse_invoice": lambda d: {"invoice": d.number(Invoice)},
    "reverse_credit_memo": lambda d: {"credit_memo": d.number(CreditMemo)},
    "credit_memo_from_charge": _from_charge,
    "debit_memo_from_charge": _from_charge,
    "create_payment": _create_payment,
    "create_refund": _create_refund,
    "apply_payment": lambda d: _apply(d, "payment", Payment),
    "unapply_payment": lambda d: _unapply(d, "payment", Payment),
    "apply_credit_memo": lambda d: _apply(d, "credit_memo", CreditMemo),
    "unapply_credit_memo": lambda d: _unapply(d, "credit_memo", CreditMemo),
    "apply_credits": _apply_credits,
    "transfer_payment": _transfer_payment,
    "reverse_payment": lambda d: {"payment": d.number(Payment)},
    "bill_run": _bill_run,
    "credit_only": _credit_only,
    "credit_rebill": _credit_rebill,
    "record_usage": _record_usage,
    "post_draft": _draft,
    "cancel_draft": _draft,
    "cancel_subscription": _cancel_subscription,
    "change_cancellation": lambda d: _cancel_subscription(d, canceled=True),
    "undo_cancellation": lambda d: {"subscription": d.subscription(canceled=True)},
    "undo_write_off": lambda d: _part_of(d, "credit_memo", d.number(CreditMemo, wanted=lambda memo: memo.write_off)),
    "transfer_negative_invoice": lambda d: {"invoice": d.number(Invoice, wanted=lambda one: d.book.balance(one) < 0)},
    "apply_credit_balance": _apply_credit_balance,
    "refund_credit_balance": lambda d: d.not_said(d.from_credit()),
    "adjust_credit_balance": _adjust_credit_balance,
    "undo_credit_adjustment": lambda d: {"adjustment": d.number(CreditAdjustment)},
    "create_account": lambda d: {"account": _new(d, d.book.accounts), "currency": d.chance.one_of(CURRENCIES)},
    "change_account": _change_account,
    "create_contact": lambda d: {"contact": _new(d, d.book.contacts), "account": d.account()},
    "change_contact": _change_contact,
    "retire_contact": _retire_contact,
    "create_subscription": _create_subscription,
    "change_subscription": _change_subscription,
    "renew_subscription": lambda d: {"subscription": d.subscription(), "term_end": d.chance.day(100, 400)},
    "add_subscribed_charge": _add_subscribed_charge,
    "change_subscribed_charge": _change_subscribed_charge,
    "end_subscribed_charge": _end_subscribed_charge,
    "create_charge": lambda d: {"charge": _new(d, d.book.charges), "name": "New"},
    "change_charge": _change_charge,
    "create_accounting_period": _create_accounting_period,
    "close_accounting_period": lambda d: _accounting_period(d, "open"),
    "reopen_accounting_period": lambda d: {**_accounting_period(d, "closed"), "actor": "ann", "approved_by": "ben"},
}
"""Operation -> what is asked of it beside its date."""
BILLING = (
    "bill_run",
    "bill_run",
    "bill_run",
    "record_usage",
    "record_usage",
    "cancel_subscription",
    "cancel_subscription",
    "post_draft",
    "cancel_draft",
)
"""What gives the others something to do is drawn more often."""
CASH = (
    "debit_memo_from_charge",
    "create_payment",
    "create_payment",
    "apply_payment",
    "unapply_payment",
    "create_refund",
    "transfer_payment",
    "transfer_payment",
    "reverse_payment",
    "apply_credits",
)
"""Payments on their way through accounts, until some of them bounce."""


def _operation(chance: Chance, book: Book, kinds: tuple[str, ...]) -> Record:
    """One operation on what there is in a book."""
    while True:
        name = chance.one_of(kinds)
        try:
            asked = {"operation": name, **FIELDS[name](Drawing(chance, book))}
        except NothingThere:
            continue
        return asked | ({"date": chance.day(-25, 30)} if chance.maybe() else {})
