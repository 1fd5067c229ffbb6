"""What a dry run shows is what is posted, whatever the book and the operations: random histories on both ways.

The books here have a past: money applied before, memos made from invoices, drafts, closed periods. The requests are
mixed, possible ones and impossible ones, dated around each other. One way, operations are planned one after the other
on the book; the other way, the same book is imported into a ledger and each operation is planned on the slice it needs.
"""

from __future__ import annotations

import datetime
import json
import random
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, event, given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.book.model import Application, CreditMemo, DebitMemo, Invoice, Payment, Refund
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.operations_file import operations_of
from billpolicy.ledger.store import Ledger
from billpolicy.money import from_minor
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.plan import Plan, left_by
from billpolicy.planning.request import Instruction, request_data
from billpolicy.source.tree import parse_text
from billpolicy.source.write import to_json
from tests.helpers.books import contents
from tests.helpers.ledgers import dump, execute, ledger_of, whole
from tests.helpers.planning import Planned, dry_run, plan_operation
from tests.helpers.properties import examples
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions

TODAY = datetime.date(2026, 6, 15)
FIRST_DAY = datetime.date(2026, 5, 25)
EXCEPTIONS = """
sequence_sets:
  EU: {invoice: {prefix: EU-INV}, credit_memo: {prefix: EU-CM}, debit_memo: {prefix: EU-DM, start: 7}}
payment_terms: {Prox: {proximo: {due_day: 31, cutoff_day: 20}}}
operations:
  credit_memo_from_invoice: {available_to_credit: header_and_item, item_limit: 5}
  reverse_invoice: {zero_balance_items: leave_out}
  create_refund: {allocation: proration}
exceptions:
- id: large-write-offs
  operations: [write_off_invoice]
  when: {amount: {at_least: 1.00 USD}}
  then: {charged_through: keep, bill_to_contact: [subscription, invoice, account]}
- id: disputes
  operations: [credit_memo_from_invoice, debit_memo_from_invoice]
  when: {reason: Charge Dispute}
  then: {bill_to_contact: [request, subscription, account]}
"""
POLICIES = ("", EXCEPTIONS)


TOO_MUCH = (HealthCheck.data_too_large, HealthCheck.filter_too_much)
Record = dict[str, Any]


# -- random histories ----------------------------------------------------------------------------------------------


class History(NamedTuple):
    """A book as it is written, and what is asked of it."""

    policy: str
    book: Record
    operations: list[Record]

    def load(self) -> tuple[Book, list[Instruction]]:
        book = book_of(parse_text(json.dumps(self.book), "book.json"))
        return book, operations_of(parse_text(json.dumps({"operations": self.operations}), "operations.json"))


days = st.integers(0, 30).map(lambda n: (FIRST_DAY + datetime.timedelta(n)).isoformat())
early_days = st.integers(0, 10).map(lambda n: (FIRST_DAY + datetime.timedelta(n)).isoformat())
maybe = st.booleans()


@st.composite
def histories(draw: st.DrawFn, most_operations: int = 6) -> History:
    policy = draw(st.sampled_from(POLICIES))
    book: Record = {"accounts": [], "contacts": [], "subscriptions": [], "charges": [{"id": "setup", "name": "Setup"}]}
    book |= {"invoices": [], "credit_memos": [], "debit_memos": [], "payments": [], "applications": []}
    for name, currency in (("a", "USD"), ("b", "JPY"))[: draw(st.integers(1, 2))]:
        _account(draw, book, name, currency)
    if draw(maybe):
        # What is dated in the book may lie in it; what is asked for may not.
        closed = (FIRST_DAY + datetime.timedelta(draw(st.integers(1, 12)))).isoformat()
        book["accounting_periods"] = [{"from": "2026-01-01", "until": closed, "status": "closed"}]
    asked = [_operation(draw, book, n) for n in range(draw(st.integers(1, most_operations)))]
    return History(policy, book, asked)


def _attributes(draw: st.DrawFn, account: str) -> dict[str, str | None]:
    held = {
        "bill_to_contact": st.sampled_from((f"{account}1", f"{account}2", None)),
        "payment_term": st.sampled_from(("Net 30", "Net 60", "Prox")),
        "sequence_set": st.sampled_from(("DEFAULT", "EU", None)),
    }
    return {key: draw(values) for key, values in held.items() if draw(maybe)}


def _account(draw: st.DrawFn, book: Record, name: str, currency: str) -> None:
    """An account with a contact on most levels, subscriptions, and documents of which some are paid in part."""
    held = _attributes(draw, name)
    if draw(st.integers(0, 5)):
        held |= {"bill_to_contact": f"{name}1"}
    book["accounts"].append({"id": name, "currency": currency, "attributes": held})
    book["contacts"] += [{"id": f"{name}{n}", "account": name} for n in (1, 2)]
    subscriptions = [f"{name}-s{n}" for n in range(draw(st.integers(0, 2)))]
    for subscription in subscriptions:
        charges = [{"id": "c", "charged_through": draw(days)}]
        book["subscriptions"].append(
            {"id": subscription, "account": name, "attributes": _attributes(draw, name), "charges": charges}
        )
    for _ in range(draw(st.integers(1, 3))):
        invoice = _document(draw, book, "invoices", "INV", name, currency, subscriptions)
        if invoice.get("status") is None and draw(maybe):
            _pay(draw, book, invoice)
        if draw(st.integers(0, 2)) == 0:
            memo = _document(draw, book, "credit_memos", "CM", name, currency, [], source=invoice)
            if draw(maybe):
                memo["status"] = draw(st.sampled_from(("draft", "canceled")))
    if draw(maybe):
        _document(draw, book, "credit_memos", "CM", name, currency, subscriptions)
    if draw(maybe):
        _document(draw, book, "debit_memos", "DM", name, currency, [])
    if draw(maybe):
        _payment(draw, book, name, currency, draw(st.integers(1, 300)))


def _number(book: Record, section: str, prefix: str) -> str:
    return f"{prefix}{len(book[section]) + 1:08}"


def _money(minor: int, currency: str) -> str:
    return str(from_minor(minor, currency))


def _document(
    draw: st.DrawFn,
    book: Record,
    section: str,
    prefix: str,
    account: str,
    currency: str,
    subscriptions: list[str],
    source: Record | None = None,
) -> Record:
    held = _attributes(draw, account)
    if section == "credit_memos":
        held.pop("payment_term", None)  # nobody has to pay one
    document: Record = {
        "number": _number(book, section, prefix),
        "account": account,
        "date": draw(early_days),
        "currency": currency,
        "attributes": held,
        "items": [],
    }
    for n in range(draw(st.integers(1, 2 if source is None else 1))):
        amount = draw(st.integers(1, 200))
        item: Record = {"id": f"i{n}", "amount": _money(amount, currency), "taxes": []}
        for t in range(draw(st.integers(0, 2))):
            item["taxes"].append({"id": f"t{t}", "amount": _money(draw(st.integers(0, 40)), currency)})
        if source is not None:
            mirrored = source["items"][0]
            taxes = [tax | {"source_tax": tax["id"]} for tax in item["taxes"]]
            item |= {"source_item": mirrored["id"], "taxes": taxes[: len(mirrored["taxes"])]}
        elif draw(maybe):
            item["service_start"] = draw(days)
        if draw(maybe) and subscriptions:
            item |= {"subscription": draw(st.sampled_from(subscriptions)), "subscribed_charge": "c"}
        document["items"].append(item)
        if source is None and draw(st.integers(0, 3)) == 0:
            off = _money(-draw(st.integers(0, amount)), currency)
            document["items"].append({"id": f"d{n}", "discounts": f"i{n}", "amount": off})
    if source is not None:
        document["source"] = source["number"]
    elif draw(maybe) and subscriptions:
        document["bill_run"] = "run-1"
    if section == "invoices" and draw(st.integers(0, 9)) == 0:
        document["status"] = "draft"
    book[section].append(document)
    return document


def _pay(draw: st.DrawFn, book: Record, invoice: Record) -> None:
    """Some of the first item of an invoice is paid; the discount of it first."""
    currency = invoice["currency"]
    one = from_minor(1, currency)
    net = sum(Decimal(item["amount"]) for item in invoice["items"] if "i0" in (item["id"], item.get("discounts")))
    if net <= 0:
        return
    part = draw(st.integers(1, int(net / one)))
    payment = _payment(draw, book, invoice["account"], currency, part + draw(st.integers(0, 50)))
    amount = _money(part, currency)
    book["applications"].append(
        {
            "from": payment["number"],
            "to": invoice["number"],
            "date": "2026-06-10",
            "amount": amount,
            "parts": [{"item": "i0", "amount": amount}],
        }
    )


def _payment(draw: st.DrawFn, book: Record, account: str, currency: str, amount: int) -> Record:
    payment = {"number": _number(book, "payments", "P-"), "account": account, "date": draw(early_days)}
    payment |= {"currency": currency, "amount": _money(amount, currency)}
    book["payments"].append(payment)
    return payment


USE_CASES = (
    "create_payment",
    "create_refund",
    "credit_memo_from_charge",
    "credit_memo_from_invoice",
    "debit_memo_from_charge",
    "debit_memo_from_invoice",
    "reverse_credit_memo",
    "reverse_invoice",
    "write_off_invoice",
)
"""Settlement has properties of its own: tests/operations/test_settlement_properties.py."""


def _operation(draw: st.DrawFn, book: Record, n: int) -> Record:
    name = draw(st.sampled_from(USE_CASES))
    asked: Record = {"id": f"op-{n}", "operation": name}
    if draw(maybe):
        asked["date"] = draw(days)
    if draw(st.integers(0, 3)) == 0 and name not in ("create_payment", "create_refund"):
        asked["attributes"] = {"bill_to_contact": draw(st.sampled_from(("a1", "a2", None)))}
    if draw(st.integers(0, 3)) == 0 and name != "create_payment":
        asked["reason"] = draw(st.sampled_from(("Charge Dispute", "Write-off", "Other")))
    account = draw(st.sampled_from(book["accounts"]))

    def one_of(*sections: str) -> str:
        """A number of the book, or one that may come."""
        known: list[str] = [document["number"] for section in sections for document in book[section]]
        to_come = {"credit_memos": "CM", "debit_memos": "DM", "payments": "P-", "invoices": "INV"}[sections[-1]]
        later = f"{to_come}{len(book[sections[-1]]) + draw(st.integers(1, 2)):08}"
        return draw(st.sampled_from([*known, *known, *known, later]))

    def amount_for(number: str | None = None) -> str:
        """An amount in the currency of a document or account; more often a small one."""
        sections = ("invoices", "credit_memos", "debit_memos", "payments")
        found = [document for section in sections for document in book[section] if document["number"] == number]
        currency = (found[0] if found else account)["currency"]
        return _money(draw(st.integers(1, 30) | st.integers(0, 400)), currency)

    if name in ("credit_memo_from_invoice", "debit_memo_from_invoice"):
        asked["invoice"] = one_of("invoices")
        if name.startswith("debit") or draw(maybe):
            items = draw(st.lists(st.sampled_from(("i0", "i0", "i1", "d0")), unique=True, min_size=1, max_size=2))
            asked["items"] = [
                {"item": item} | ({"amount": amount_for(asked["invoice"])} if draw(maybe) else {}) for item in items
            ]
    elif name in ("write_off_invoice", "reverse_invoice"):
        asked["invoice"] = one_of("invoices")
    elif name == "reverse_credit_memo":
        asked["credit_memo"] = one_of("credit_memos")
    elif name == "create_refund":
        asked["of"] = one_of("payments", "credit_memos")
        asked["amount"] = amount_for(asked["of"])
    elif name == "create_payment":
        targets = draw(st.lists(st.sampled_from(("invoices", "debit_memos")), max_size=2))
        apply = [{"document": one_of(target)} for target in targets]
        for one in apply:
            one["amount"] = amount_for(one["document"])
        owners = [d["account"] for d in book["invoices"] if d["number"] in [one["document"] for one in apply]]
        asked["account"] = owners[0] if owners else account["id"]
        asked["amount"] = str(sum((Decimal(one["amount"]) for one in apply), Decimal(amount_for())))
        asked |= {"apply": apply} if apply else {}
    else:
        asked |= {"account": account["id"], "charges": [{"charge": "setup", "amount": amount_for()}]}
    return asked


# -- both ways -----------------------------------------------------------------------------------------------------


def post(ledger: Ledger, policy: str, asked: Instruction) -> Plan | tuple[Diagnostic, ...]:
    """The plan that is posted, or the reasons why there is none."""
    request = asked.request
    try:
        return execute(
            ledger,
            request.id,
            request_data(request),
            OPERATIONS[request.operation].needs(request),
            lambda book: plan_operation(versions(policy), book, asked, TODAY),
            who="tester",
            now=NOW,
        ).plan
    except Refused as refused:
        return tuple(refused.diagnostics)


def shown(outcome: Plan | tuple[Diagnostic, ...]) -> object:
    """What must be the same both ways. A ledger counts revisions, and in a slice there are fewer names to suggest."""
    if isinstance(outcome, Plan):
        return replace(outcome, basis={}), sorted(outcome.basis)
    return [problem._replace(hint=None) for problem in outcome]


def outcome_of(planned: Planned) -> Plan | tuple[Diagnostic, ...]:
    return planned.plan or planned.problems


@examples(70, *TOO_MUCH)
@given(history=histories())
def test_what_the_dry_run_shows_is_what_is_posted(empty_file: Path, history: History) -> None:
    book, asked = history.load()
    planned = list(dry_run(versions(history.policy), book, asked, TODAY))
    with ledger_of(book, empty_file) as ledger:
        assert contents(whole(ledger)) == contents(book)
        for one in planned:
            before = dump(ledger)
            outcome = post(ledger, history.policy, one.asked)
            assert shown(outcome) == shown(outcome_of(one))
            if isinstance(outcome, Plan):
                event(f"posted {outcome.operation}")
                book = left_by(outcome, book)
            else:
                assert dump(ledger) == before  # a refused operation changes nothing
        assert contents(whole(ledger)) == contents(book)
        assert ledger.check() == []


# -- what holds afterwards -----------------------------------------------------------------------------------------


def left_by_all(book: Book, planned: list[Planned]) -> Book:
    for one in planned:
        if one.plan is not None:
            book = left_by(one.plan, book)
    return book


@examples(100, *TOO_MUCH)
@given(history=histories())
def test_money_is_conserved(history: History) -> None:
    before, asked = history.load()
    book = left_by_all(before, list(dry_run(versions(history.policy), before, asked, TODAY)))
    applications = [one for made in book.applications_from.values() for one in made]
    for number, document in book.numbered.items():
        # docs/domain.md 9.2, from the records themselves.
        applied = sum((one.amount for one in applications if number in (one.from_, one.to)), Decimal(0))
        refunded = sum(
            (r.amount for r in book.numbered.values() if isinstance(r, Refund) and r.of == number), Decimal(0)
        )
        if not isinstance(document, Refund):
            assert document.amount == applied + refunded + book.balance(document)
            assert 0 <= book.balance(document) <= document.amount
    for account in book.accounts:
        # docs/domain.md 6.2: the account balance is what is open of invoices and debit memos less what is unapplied;
        # that is everything that was asked for less everything that was given.
        posted = [d for d in book.numbered.values() if d.account == account]
        asked_for = sum((d.amount for d in posted if isinstance(d, Invoice | DebitMemo | Refund)), Decimal(0))
        given_ = sum((d.amount for d in posted if isinstance(d, CreditMemo | Payment)), Decimal(0))
        open_ = sum((book.balance(d) for d in posted if isinstance(d, Invoice | DebitMemo)), Decimal(0))
        unapplied = sum((book.balance(d) for d in posted if isinstance(d, CreditMemo | Payment)), Decimal(0))
        assert asked_for - given_ == open_ - unapplied


@examples(100, *TOO_MUCH)
@given(history=histories())
def test_parts_add_up_and_no_place_is_applied_twice(history: History) -> None:
    before, asked = history.load()
    for one in dry_run(versions(history.policy), before, asked, TODAY):
        for application in one.plan.applications if one.plan is not None else ():
            _sound(application, one)
    book = left_by_all(before, list(dry_run(versions(history.policy), before, asked, TODAY)))
    untouched = replace(book, applications_from={}, applications_to={}, refunds_of={})
    for document in book.numbered.values():
        if isinstance(document, Invoice | CreditMemo | DebitMemo):
            whole_ = untouched.open_places(document)
            for place, left in book.open_places(document).items():
                assert min(whole_[place], Decimal(0)) <= left <= max(whole_[place], Decimal(0)), (
                    document.number,
                    place,
                )
            assert sum(book.open_places(document).values()) == book.balance(document)


def _sound(application: Application, one: Planned) -> None:
    assert application.amount > 0
    assert sum(part.amount for part in application.parts) == application.amount
    named = [(part.item, part.tax, part.source_item, part.source_tax) for part in application.parts]
    assert len(set(named)) == len(named)
    # No money meets another before there is one and the other.
    assert one.plan is not None
    dates = {planned.document.number: planned.document.date for planned in one.plan.documents}
    assert all(application.date >= dates[number] for number in (application.from_, application.to) if number in dates)


@examples(100, *TOO_MUCH)
@given(history=histories(most_operations=8))
def test_numbers_are_unique_and_have_no_gaps(history: History) -> None:
    book, asked = history.load()
    starts = {"EU-DM": 7}
    drawn: dict[str, list[int]] = defaultdict(list)
    numbers = Counter(book.numbered.keys())
    for one in dry_run(versions(history.policy), book, asked, TODAY):
        for planned in one.plan.documents if one.plan is not None else ():
            draw = planned.draw
            assert draw.number == planned.document.number == f"{draw.prefix}{draw.counter:08}"
            drawn[draw.prefix].append(draw.counter)
            numbers[draw.number] += 1
    assert set(numbers.values()) <= {1}
    for prefix, counters in drawn.items():
        first = max(book.counters.get(prefix, 0) + 1, starts.get(prefix, 1))
        assert counters == list(range(first, first + len(counters)))


# -- the same input ------------------------------------------------------------------------------------------------


def told(history: History) -> str:
    """All that comes of a history, as the bytes that are written out."""
    book, asked = history.load()
    planned = list(dry_run(versions(history.policy), book, asked, TODAY))
    return to_json([outcome_of(one) for one in planned])


def shuffled(value: Any, order: random.Random, *, keys: bool) -> Any:
    """The same data with every list in another order; with `keys` every mapping too."""
    if isinstance(value, list):
        return order.sample([shuffled(one, order, keys=keys) for one in value], len(value))
    if isinstance(value, dict):
        names = order.sample(list(value), len(value)) if keys else list(value)
        return {name: shuffled(value[name], order, keys=keys) for name in names}
    return value


@examples(60, *TOO_MUCH)
@given(history=histories(most_operations=4), seed=st.integers(0, 1000))
def test_the_same_input_gives_the_same_bytes_in_whatever_order_the_book_lists_it(history: History, seed: int) -> None:
    first = told(history)
    assert told(history) == first
    lists = shuffled(history.book, random.Random(seed), keys=False)
    assert told(history._replace(book=lists)) == first
    # Data is written in the order in which the file has its keys; what it says is the same.
    all_ = shuffled(history.book, random.Random(seed), keys=True)
    assert json.loads(told(history._replace(book=all_))) == json.loads(first)


@examples(50, *TOO_MUCH)
@given(history=histories(most_operations=4))
def test_operations_that_are_refused_change_nothing_for_the_others(history: History) -> None:
    book, asked = history.load()
    planned = list(dry_run(versions(history.policy), book, asked, TODAY))
    kept = [one for one in planned if one.plan is not None]
    again = dry_run(versions(history.policy), book, [one.asked for one in kept], TODAY)
    assert [one.plan for one in again] == [one.plan for one in kept]
