"""`bill_run`: bill what is due of subscriptions, and credit what was billed and is not used.

docs/domain.md 1.2 rows 1 and 2, 5.3 and 6.2.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any, Literal

from billpolicy.billing.documents import Kind, items_of, kind_with_tax, split
from billpolicy.billing.profiles import combined
from billpolicy.billing.rating import Line
from billpolicy.billing.undo import gives_back
from billpolicy.book.model import Charge, CreditMemo, Invoice, Item, Subscription
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.money import to_minor
from billpolicy.operations.billing.bill_taxes import say_who_taxes, tax_code_of, taxed
from billpolicy.operations.billing.billed_usage import bill_usage
from billpolicy.operations.billing.bills import Bill, bills_of, grouped, may_be_due
from billpolicy.operations.billing.exclusion import record_excluded, without_empty
from billpolicy.operations.billing.prepaid import names_of_prepaid
from billpolicy.operations.billing.rebilled import (
    BilledAgain,
    GivenBackBy,
    billed_again_on,
    given_back_on,
    record_again,
)
from billpolicy.operations.corrections.difference import divided
from billpolicy.operations.shared.drafts import Draft, open_drafts_on
from billpolicy.operations.shared.memos import checked_reason, due_date
from billpolicy.operations.shared.what_is_open import documents_on
from billpolicy.periods.billed_lines import with_tax_of_lines
from billpolicy.periods.reopened import reopened_of
from billpolicy.planning.documents import issue
from billpolicy.planning.operation import Event, Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Boolean, Date, Text


@record
class BillRun(Request):
    """Bill these subscriptions and all of these accounts; without any, every account. `date` is the document date."""

    accounts: tuple[Text, ...] = ()
    subscriptions: tuple[Text, ...] = ()
    target_date: Date | None = None
    """Bill what is due on this day; without it, on the document date."""
    bill_as: Literal["draft", "posted"] | None = None
    """Without it the policy decides."""
    reason: Text | None = None
    """The reason of credit memos; without it the policy decides."""
    reopened_only: Boolean = False
    """Bill again what was reopened, as it was billed, and nothing else."""
    part_of: Text | None = None
    """The id of the bill run over every account that this is a part of: its documents are documents of that run."""

    def is_divided(self) -> bool:
        """Over every account, it is done account by account; a part that names no account is refused as it is."""
        return not self.accounts and not self.subscriptions and self.part_of is None


def _plan(planning: Planning, request: BillRun) -> None:
    reason = check_terms(planning, request)
    subscriptions = _asked_for(planning, request)
    planning.stop_if_refused()
    target = request.target_date or planning.date
    bills = bills_of(planning, subscriptions, target, reason, reopened_only=request.reopened_only)
    if not bills:
        message = f"nothing is due on {target} that has not been billed"
        if request.reopened_only:
            message = f"nothing is due on {target} that was reopened"
        hint = _why_nothing(planning, subscriptions, reopened_only=request.reopened_only)
        planning.refuse("nothing-due", message, "target_date", hint=hint)
    _refuse_credit_of_drafts(planning, [line for bill in bills for line in bill.lines])
    say_who_taxes(planning)
    again: BilledAgain = {}
    given_back: GivenBackBy = {}
    for group in grouped(planning, bills, {"bill_as": request.bill_as, "reason_code": reason}):
        _warn_of_others(planning, group)
        lines = without_empty(planning, [line for bill in group for line in bill.lines], group[0].resolved)
        shown = [line for line in lines if line.left_out is None]
        documents = list(_documents(planning, request, group, shown))
        prepaid = names_of_prepaid(planning.book, documents)
        for number, members in documents:
            bill_usage(planning, number, members, prepaid)
            again |= billed_again_on(number, members)
            given_back |= given_back_on(number, members)
        if not shown and any(line.left_out == "nothing_left" for line in lines):
            planning.note("there is no document: all that is to be credited was given back before")
        for bill in group:
            planning.decide(bill.resolved)
        _move(planning, lines)
        record_excluded(planning, lines, group[0].currency)
    record_again(planning, bills, again, given_back)


def check_terms(planning: Planning, request: BillRun) -> str | None:
    """Note what is wrong with a bill run whatever it bills; the reason of its credit memos, if it names one."""
    planning.check_date()
    _check_part(planning, request)
    return checked_reason(planning, request.reason, "credit_memo")


def _check_part(planning: Planning, request: BillRun) -> None:
    """A part is one account of its run, under the id by which the run will find it."""
    run = request.part_of
    if run is None:
        return
    account = request.accounts[0] if len(request.accounts) == 1 else None
    if account is None or request.subscriptions or request.id != f"{run}/{account}":
        message = f"this is no part of bill run `{run}`: a part is one account of it, and has the id `{run}/ACCOUNT`"
        wanted = f"`id: {run}/{account}`" if account else f"`accounts: [ACCOUNT]`, `id: {run}/ACCOUNT`"
        hint = f"leave `part_of` out, or write {wanted} and no `subscriptions`"
        planning.problem("bill-run-part", message, "part_of", hint=hint)


def _asked_for(planning: Planning, request: BillRun) -> list[Subscription]:
    """The subscriptions that the request names, or that belong to an account that it names, or all."""
    book = planning.book
    asked_for: tuple[tuple[Code, str, str, tuple[str, ...], Collection[str]], ...] = (
        ("account-unknown", "accounts", "account", request.accounts, book.accounts),
        ("subscription-unknown", "subscriptions", "subscription", request.subscriptions, book.subscriptions),
    )
    for code, field, kind, names, known in asked_for:
        for index, name in enumerate(names):
            if name not in known:
                hint = did_you_mean(name, known) or f"name {kind}s of the book"
                planning.problem(code, f"there is no {kind} `{name}`", field, index, hint=hint)
    if request.is_divided():
        return list(book.subscriptions.values())
    of_accounts = (id for account in request.accounts for id in book.subscriptions_of.get(account, ()))
    wanted = dict.fromkeys((*of_accounts, *request.subscriptions))
    return [book.subscriptions[id] for id in wanted if id in book.subscriptions]


def _why_nothing(planning: Planning, subscriptions: Sequence[Subscription], *, reopened_only: bool) -> str:
    """What the first few charges are charged through, what is reopened and not due yet, and the drafts that hold what
    would be due."""
    in_order = sorted(subscriptions, key=lambda subscription: subscription.id)
    through = [
        f"`{charge.id}` of `{each.id}` is charged through {charge.charged_through}"
        for each in (() if reopened_only else in_order)
        for charge in sorted(each.charges, key=lambda charge: charge.id)
        if charge.charged_through is not None
    ]
    reopened = [
        f"`{one.charge.id}` of `{each.id}` is reopened from {one.period.from_} to {one.until - _DAY}"
        for each in in_order
        for one in reopened_of(planning.book, each)
    ]
    documents = documents_on(planning.book, (each.id for each in subscriptions))
    waiting = [one.number for one in documents if one.is_open_draft]
    told = [*through[:_TOLD], *reopened[:_TOLD], *([f"{waiting[0]} waits to be posted"] if waiting else [])]
    otherwise = "check the target date, and the rate and the start of each charge"
    if reopened_only:
        otherwise = "no charge period of these subscriptions is reopened; leave `reopened_only` out to bill what is new"
    return "; ".join(told) or otherwise


_DAY = datetime.timedelta(days=1)
_TOLD = 3


def _refuse_credit_of_drafts(planning: Planning, lines: Sequence[Line]) -> None:
    """What is only on a draft was never invoiced, so it cannot be credited."""
    drafts: dict[str, list[Draft]] = {}
    for line in lines:
        name = line.subscription.id
        if line.credit and name not in drafts:
            drafts[name] = open_drafts_on(planning, [name])
        for draft in drafts[name] if line.credit else ():
            if any(_bills(each, line) for item in draft.items for each in item.by_charge):
                what = f"`{line.charge.id}` of `{line.subscription.id}` from {line.start} on"
                message = f"{what} would be credited, but is only on a draft, {draft.number}"
                planning.problem("draft-open", message, hint=f"post or cancel {draft.number} first")
    planning.stop_if_refused()


def _bills(item: Item, line: Line) -> bool:
    """Whether an item bills a day that a line credits."""
    if (item.subscription, item.subscribed_charge) != (line.subscription.id, line.charge.id):
        return False
    if gives_back(item, line.charge):
        return False
    start, last = item.service_start, item.service_end or item.service_start
    return start is not None and last is not None and start < line.end and line.start <= last


def _warn_of_others(planning: Planning, group: Sequence[Bill]) -> None:
    """Of an attribute that does not split invoices, the document has the value of its first subscription."""
    for name, resolution in group[0].resolved.resolutions.items():
        if name not in planning.policy.attributes:
            continue
        others = [bill for bill in group if bill.resolved.resolutions[name].value != resolution.value]
        if others:
            first, other = group[0].subscription.id, others[0]
            theirs = other.resolved.resolutions[name].value
            message = (
                f"`{name}` is `{resolution.value}` by subscription `{first}`, also for what is billed of "
                f"`{other.subscription.id}`, which has `{theirs}`: it does not split invoices"
            )
            planning.warn("attribute-not-split", message)


def _documents(
    planning: Planning, request: BillRun, group: Sequence[Bill], lines: Sequence[Line]
) -> Iterator[tuple[str, list[Line]]]:
    """The documents of bills that go together: the number of each, and the lines on it with their taxes."""
    if any(line.returns for line in lines):
        yield from _of_the_difference(planning, request, group, lines)
        return
    rule: Any = group[0].resolved.text("negative_totals")
    for kind, members in split(lines, rule, group[0].currency):
        members = with_tax_of_lines(planning.book, members, group[0].currency)
        on_it = taxed(planning, group, combined(members, partial(tax_code_of, planning)))
        kind = kind_with_tax(kind, on_it, rule, group[0].currency)
        yield _issue(planning, request, kind, on_it, group[0]), on_it


def _of_the_difference(
    planning: Planning, request: BillRun, group: Sequence[Bill], lines: Sequence[Line]
) -> Iterator[tuple[str, list[Line]]]:
    """An invoice that bills periods again and gives their old lines back; and, where less is due than before, a credit
    memo of the rest, so that what bills the time is a line of an invoice."""
    on_both = taxed(planning, group, combined(lines, partial(tax_code_of, planning)))
    planning.stop_if_refused()
    found = divided(on_both, group[0].currency)
    if found is None:
        message = "what is billed again comes to less than nothing, so no invoice has only the difference"
        planning.refuse("negative-total", message, hint="let the policy say `correction_style: restate`")
    on_invoice, on_memo = found
    yield _issue(planning, request, "invoice", on_invoice, group[0]), on_invoice
    if on_memo:
        yield _issue(planning, request, "credit_memo", on_memo, group[0]), on_memo


def _issue(planning: Planning, request: BillRun, kind: Kind, lines: Sequence[Line], first: Bill) -> str:
    """One document, with the attributes of the first subscription of its group; its number."""
    common: dict[str, Any] = {
        "number": "",
        "account": first.account.id,
        "date": planning.date,
        "currency": first.currency,
        "items": items_of(lines, kind, first.currency, _catalogue(planning, lines)),
        "status": request.bill_as or first.resolved.text("bill_as"),
        "bill_run": request.part_of or request.id,
        "comment": request.comment,
    }
    for line in lines:
        if line.corrects is not None:
            planning.rely_on(line.corrects.document)
    document: Invoice | CreditMemo
    if kind == "invoice":
        document = Invoice(**common, due_date=due_date(planning, first.resolved))
    else:
        document = CreditMemo(**common, reason=request.reason or first.resolved.text("reason_code"))
    to_minor(document.amount, first.currency)  # each item and tax is in range; their sum may not be
    return issue(planning, document, first.resolved).number


def _catalogue(planning: Planning, lines: Sequence[Line]) -> dict[str, Charge]:
    """The charges of the catalogue on these lines, as they are called on the day that counts."""
    known = planning.book.charges
    names = {line.charge.charge for line in lines if line.charge.charge in known}
    return {name: planning.as_held(known[name]) for name in names if name is not None}


def _move(planning: Planning, lines: Sequence[Line]) -> None:
    """Each charge is charged through its last day that was billed, or up to its first one that was credited."""
    through: dict[tuple[str, str], datetime.date] = {}
    for line in lines:
        if line.usage is not None or line.again is not None or line.adjusts:
            continue  # its records, or that of its period, say what bills them; an adjustment is of days billed before
        charge = (line.subscription.id, line.charge.id)
        if line.credit:
            through.setdefault(charge, line.start)
        else:
            through[charge] = line.end
    for (subscription, name), day in through.items():
        planning.charge_through(subscription, name, day)


def _follow(planning: Planning, event: Event) -> Iterator[Request]:
    """After time of a subscription was reopened: bill it again, as it stands now."""
    if isinstance(event.subject, Subscription):
        subscription = planning.book.subscriptions[event.subject.id]
        if may_be_due(planning.book, subscription, event.date):
            yield BillRun(id="", operation="bill_run", date=event.date, subscriptions=(subscription.id,))


OPERATION = Operation(
    "bill_run",
    BillRun,
    needs=lambda request: Needs(
        accounts=frozenset(request.accounts),
        subscriptions=frozenset(request.subscriptions),
        subscriptions_of=frozenset(request.accounts),
        every_subscription=request.is_divided(),
        unbilled_usage=True,
        ended_time=True,
    ),
    plan=_plan,
    follow=_follow,
)
