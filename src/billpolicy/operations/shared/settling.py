"""Putting money on documents: which ones, how much of it, and how it goes to their items. docs/domain.md 2.

The documents are named (each with an amount, or with the amount left to the document order), or all open ones of the
account are taken. Amounts on items are named or follow the item rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.model import Allocation, Rules, Source, Target
from billpolicy.allocation.open_items import place_in_words
from billpolicy.allocation.orders import in_order, total_order, within_reach
from billpolicy.book.book import ZERO, Place
from billpolicy.book.model import Account, CreditMemo, DebitMemo, Invoice, OwedDocument, SourceDocument
from billpolicy.book.needs import Needs
from billpolicy.deciding.due_dates import TERM
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.diagnostics.sentences import few_of
from billpolicy.money import Money, to_minor
from billpolicy.operations.shared.amounts import exact_amount, positive
from billpolicy.operations.shared.billed_time import corrects, may_correct
from billpolicy.operations.shared.currencies import but_in_others, by_currency, check_currency
from billpolicy.operations.shared.targets import Named, OpenTargets, is_never_due, open_targets
from billpolicy.operations.shared.what_is_open import owed_for_rules, owed_of, owed_on, owing_to, refuse_expired
from billpolicy.planning.deciding import resolve
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import DocumentAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount

_ONCE = "name it once, with its amounts added up"


def named_targets(planning: Planning, account: Account, currency: str, asked: Sequence[DocumentAmount]) -> list[Named]:
    """The documents that a request names in `apply`, for money in `currency`; what is wrong with them is noted."""
    times = Counter(wanted.document for wanted in asked)
    for number in sorted(number for number, count in times.items() if count > 1):
        planning.problem("document-repeated", f"{number} is named more than once", "apply", hint=_ONCE)
    found = []
    for index, wanted in enumerate(asked):
        path = ("apply", index)
        target = planning.posted_either(Invoice, DebitMemo, wanted.document, *path, "document")
        check_account(planning, target, account, "a document", *path, "document")
        if not check_currency(planning, target, currency, *path, "document"):
            continue
        amount, balance = None, planning.book.balance(target)
        if wanted.amount is not None:
            amount = positive(planning, wanted.amount, target.currency, *path, "amount")
            if amount > balance:
                message = f"{amount} is more than the {balance} that is open on {target.number}"
                hint = f"apply at most {balance} {target.currency}"
                planning.problem("over-applied", message, *path, "amount", hint=hint)
        elif wanted.items:
            message = f"items of {target.number} are named, but no amount for all of it"
            planning.problem("amount-missing", message, *path, hint="add `amount`, the items added up")
        found.append(Named(target, balance, amount, wanted.items, index))
    return found


def nothing_open(planning: Planning, account: Account, currency: str, to_what_end: str = "") -> str:
    """That the account has nothing open in a currency for rules to use, why, and what is open in others instead."""
    owed = by_currency(owed_for_rules(planning.book, account, planning.date))
    others = but_in_others(owed, currency, "open")
    why = left_alone(planning, account, currency)
    return f"account `{account.id}` has no open document in {currency}{to_what_end}{others}{why}"


def named_or_open(
    planning: Planning, account: Account, currency: str, asked: Sequence[DocumentAmount]
) -> Sequence[Named]:
    """The documents that a request names; where it names none, all that are open."""
    if asked:
        return named_targets(planning, account, currency, asked)
    return open_targets(planning.book, account.id, currency, planning.date)


def check_account(planning: Planning, document: OwedDocument, account: Account, what: str, *path: str | int) -> None:
    """A document that is named belongs to the account."""
    if document.account != account.id:
        message = f"{document.number} belongs to account `{document.account}`, not to `{account.id}`"
        planning.problem("account-mismatch", message, *path, hint=f"name {what} of the same account")


def left_alone(planning: Planning, account: Account, currency: str | None = None) -> str:
    """What an account has open, in this currency or any, and rules leave alone, with the reasons."""
    day = planning.date
    those = [one for one, _ in owed_of(planning.book, account) if currency in (None, one.currency)]
    later = [one for one in those if one.date > day]
    opted_out = [one for one in those if one.date <= day and not one.auto_apply]
    told = [f"{_some(later)} dated after {day}"] if later else []
    told += [f"{_some(opted_out)} not applied to by rules (`auto_apply: false`)"] if opted_out else []
    return f": {'; '.join(told)}" if told else ""


def _some(documents: Sequence[OwedDocument]) -> str:
    """The first of them by number, how many others there are, and the verb."""
    first, others = documents[0].number, len(documents) - 1
    return f"{first} is" if not others else f"{first} and {others} other{'s' if others > 1 else ''} are"


def tell_due_dates(planning: Planning, targets: Sequence[Named], amount: Decimal, resolved: Resolved) -> None:
    """Where due dates decide, since the amount does not come to all: say which were worked out from payment terms, and
    which documents come last since their term gives none."""
    by_due = (
        resolved.text("document_order") == "oldest_due_first"
        or resolved.text("future_documents") != "by_order"
        or resolved.text("component_span") == "aging_bucket"
    )
    if not by_due or not _owe_more_than(targets, amount):
        return
    worked_out, count = _due_by_term(targets)
    if count:
        each = (f"{one.number} {one.due_date} (`{one.document.due_date_from}`)" for one in worked_out)
        dates = few_of(each, count)
        planning.note(f"due dates worked out from payment terms: {dates}")
    for target in _never_due(targets):
        term = target.document.attributes[TERM]
        message = (
            f"{target.number} has no due date, and its payment term `{term}` gives none here, so it comes after "
            f"all that have one: declare the term in the policy, or write the `due_date` in the book"
        )
        planning.warn("due-date-missing", message)


def _left_to_the_order(targets: Sequence[Named]) -> Sequence[Named]:
    """Those for which no amount is asked."""
    return targets if isinstance(targets, OpenTargets) else [one for one in targets if one.amount is None]


def _owe_more_than(targets: Sequence[Named], amount: Decimal) -> bool:
    """Whether the amount does not come to all that are left to the order."""
    if isinstance(targets, OpenTargets):
        return targets.owe_more_than(amount)
    return sum(target.balance for target in _left_to_the_order(targets)) > amount


def _due_by_term(targets: Sequence[Named]) -> tuple[Iterable[Named], int]:
    """Those whose due date was worked out from their payment term, in the order of documents, and how many."""
    if isinstance(targets, OpenTargets):
        return targets.due_by_term()
    found = sorted((one for one in _left_to_the_order(targets) if one.document.due_date_from), key=total_order)
    return found, len(found)


def _never_due(targets: Sequence[Named]) -> Iterable[Named]:
    """Those whose payment term gives no due date, as they stand."""
    if isinstance(targets, OpenTargets):
        return targets.never_due()
    return (one for one in _left_to_the_order(targets) if is_never_due(one.document))


# -- how much ------------------------------------------------------------------------------------------------------


def named_in_all(targets: Sequence[Named]) -> Decimal:
    """What the request names for documents, added up."""
    if isinstance(targets, OpenTargets):
        return ZERO
    return sum((target.amount or ZERO for target in targets), ZERO)


def all_have_amounts(asked: Sequence[DocumentAmount]) -> bool:
    """Whether documents are named, each with an amount."""
    return bool(asked) and all(wanted.amount is not None for wanted in asked)


def check_enough(planning: Planning, named: Decimal, amount: Decimal, is_there: str) -> None:
    """The amounts that are named for documents do not come to more than the amount that is to be used."""
    if named > amount > 0:
        message = f"{named} is put on documents, but only {amount} of {is_there}"
        planning.problem("over-applied", message, "amount", hint="lower the amounts in `apply`, or raise `amount`")


# -- how it goes to them -------------------------------------------------------------------------------------------


def rules_of(planning: Planning, currency: str, resolved: Resolved) -> Rules:
    """How this operation allocates, as its policy decides."""
    first, _, _ = resolved.text("component_order").partition("_")
    step = planning.policy.cash_steps.get(currency)
    return Rules(
        item_rule=resolved.text("allocation"),
        document_order=resolved.text("document_order"),
        residual=resolved.text("residual"),
        step=1 if step is None else to_minor(step, currency),
        components=("tax", "charge") if first == "tax" else ("charge", "tax"),
        span=resolved.text("component_span"),
        bucket_days=resolved.integer("aging_bucket_days"),
        future=resolved.text("future_documents"),
        day=planning.date,
        zuora_compatible=bool(resolved.resolutions["zuora_compatible"].value),
        grid_limit=resolved.integer("grid_limit"),
    )


def allocated(
    planning: Planning, source: Source, targets: Sequence[Named], amount: Decimal, rules: Rules
) -> Allocation:
    """How up to `amount` of a source goes to the targets. Refuses what cannot be asked for."""
    reached = within_reach(amount, targets, rules)
    allocation = allocate(source, [_opened(planning, target) for target in reached], amount, rules)
    position = {target.number: target.position for target in reached}
    for problem in allocation.problems:
        index = position.get(problem.document or "", -1)
        path: tuple[str | int, ...] = ("apply", index) if index >= 0 else ()
        planning.problem(problem.code, problem.message, *path, hint=problem.hint)
    planning.stop_if_refused()
    for warning in allocation.warnings:
        planning.warn("allocation-fallback", warning)
    return allocation


def _opened(planning: Planning, target: Named) -> Target:
    """The document as the allocation rules see it, with its items."""
    parts = _named_parts(planning, target) if target.items else None
    return Target.of(
        planning.book, target.document, target.amount, parts, target.subscription, corrected=target.corrected
    )


def put(
    planning: Planning, source: SourceDocument, targets: Sequence[Named], amount: Decimal, resolved: Resolved
) -> None:
    """Apply up to `amount` of a source to the targets; what finds no place stays unapplied."""
    day, rules = planning.date, rules_of(planning, source.currency, resolved)
    if isinstance(source, CreditMemo) and resolved.resolutions["corrected_first"].value:
        targets = _corrected_first(planning, source, targets, rules)
    allocation = allocated(planning, Source.of(planning.book, source), targets, amount, rules)
    to_put = [(planning.book.numbered[applied.document], applied.parts) for applied in allocation.applied]
    for target, _ in to_put:
        if target.date > day:
            # Of documents that are named with a payment that is dated before them.
            planning.check_open(target.date, "apply")
    planning.apply_each(source, [(target, max(day, target.date), parts) for target, parts in to_put])


def _corrected_first(planning: Planning, memo: CreditMemo, targets: Sequence[Named], rules: Rules) -> Sequence[Named]:
    """The targets, with what a credit memo corrects of each (docs/domain.md 5.2)."""
    if isinstance(targets, OpenTargets):
        those: Sequence[Named] = targets.those_of(may_correct(planning.book, memo))
    else:
        those = _left_to_the_order(targets)
    found = corrects(memo, (one.document for one in those))
    first = {number: amount for number, amount in found.items() if amount}
    note_corrected(planning, memo.number, targets, first, rules)
    return with_corrected(targets, first)


def with_corrected(targets: Sequence[Named], first: Mapping[str, Decimal]) -> Sequence[Named]:
    """The targets, with how much money takes back of what each billed."""
    if isinstance(targets, OpenTargets):
        return replace(targets, corrected=first)
    return [target._replace(corrected=first.get(target.number, ZERO)) for target in targets]


def note_corrected(
    planning: Planning, credit: str, targets: Sequence[Named], first: Collection[str], rules: Rules
) -> None:
    """Say so where what a credit corrects comes before documents that would have been first."""
    free = _left_to_the_order(targets)
    if isinstance(targets, OpenTargets):
        those, ahead = targets.those_of(first), targets.in_order(rules)
    else:
        those, ahead = [target for target in free if target.number in first], iter(in_order(free, rules))
    earlier = [target.number for target in in_order(those, rules)]
    by_order = [target.number for target in islice(ahead, len(earlier))]
    if set(by_order) != set(earlier):
        these = "it" if len(earlier) == 1 else "them"
        planning.note(
            f"{', '.join(earlier)} before all others, since {credit} corrects {these} "
            f"(`corrected_first`); by `{rules.document_order}` alone, {by_order[0]} would have come first"
        )


def check_limits(planning: Planning, named: int, *decided: Resolved) -> None:
    """The most documents, named or settled, and items and taxes that are touched (inclusive; docs/domain.md 2.3).

    Of money in several currencies each is decided by itself; the operation keeps to the lowest limit.
    """
    made = planning.applications
    count = max(named, len({application.to for application in made}))
    limit = min(resolved.integer("document_limit") for resolved in decided)
    if count > limit:
        message = f"{count} documents would be settled at once; the policy allows {limit}"
        planning.problem("document-limit", message, "apply", hint="split the work, or raise `document_limit`")
    limit = min(resolved.integer("touched_limit") for resolved in decided)
    if sum(len(application.parts) for application in made) <= limit:
        return  # each once or more
    touched = len({(application.to, part.item, part.tax) for application in made for part in application.parts})
    if touched > limit:
        message = f"{touched} items and taxes would be touched; the policy allows {limit}"
        planning.problem("touched-limit", message, "apply", hint="split the work, or raise `touched_limit`")


def _named_parts(planning: Planning, target: Named) -> dict[Place, Decimal]:
    document, parts = target.document, dict[Place, Decimal]()
    open_places = planning.book.open_places(document)
    for index, part in enumerate(target.items):
        place = Place(part.item, part.tax)
        here = ("apply", target.position, "items", index)
        what = place_in_words(place)
        if place not in open_places:
            planning.problem("item-unknown", f"{document.number} has no {what}", *here, hint=_meant(place, open_places))
        elif place in parts:
            planning.problem("item-repeated", f"{what} is named twice", *here, hint="name it once")
        elif not 0 < part.amount <= open_places[place]:
            message = f"{part.amount} cannot be put on {what} of {document.number}, where {open_places[place]} is open"
            is_open = open_places[place] > 0
            hint = f"name an amount above zero, at most {open_places[place]}" if is_open else "leave it out"
            planning.problem("over-applied", message, *here, hint=hint)
        else:
            exact = exact_amount(planning, part.amount, document.currency, *here, "amount")
            parts[place] = part.amount if exact is None else exact
    total = sum((part.amount for part in target.items), ZERO)
    if total != target.amount:
        message = f"the items of {document.number} add up to {total}, not to {target.amount}"
        hint = "name amounts that add up, or leave `items` out"
        planning.problem("parts-sum", message, "apply", target.position, "items", hint=hint)
    planning.stop_if_refused()
    return {place: parts[place] for place in open_places if place in parts}


def _meant(place: Place, known: Collection[Place]) -> str | None:
    """The taxes of the item, or the items where it is the item that is unknown."""
    items = {other.item for other in known}
    if place.item not in items:
        return did_you_mean(place.item, items)
    taxes = {other.tax for other in known if other.item == place.item and other.tax is not None}
    return did_you_mean(place.tax or "", taxes) or "leave `tax` out: this item has no tax"


# -- of a payment or a credit memo ---------------------------------------------------------------------------------


@record
class Apply(Request):
    """Without `amount`, all that is unapplied. Without `apply`, all open documents of the account."""

    amount: Amount | None = None
    apply: tuple[DocumentAmount, ...] = ()


def plan_apply(
    planning: Planning,
    request: Apply,
    source: SourceDocument,
    subscription: str | None = None,
) -> None:
    """Put the source's money on documents. `date` is when it takes effect.

    With a subscription: on what that still owes, on each invoice not before its date.
    """
    account = planning.account(source.account)
    if subscription is not None:
        targets: Sequence[Named] = [
            Named(invoice, owed_on(planning.book, invoice, subscription), subscription=subscription)
            for invoice in owing_to(planning.book, subscription, source)
        ]
    else:
        targets = named_or_open(planning, account, source.currency, request.apply)
    planning.check_date(source)
    refuse_expired(planning, source, "applied")
    for target in targets if request.apply else ():
        if target.position >= 0:
            planning.check_not_before(planning.date, target.date, target.number, "apply", target.position)
    amount = _amount(planning, request, source, named_in_all(targets))
    planning.stop_if_refused()
    if not targets and subscription is not None:
        message = f"subscription `{subscription}` owes nothing in {source.currency} that {source.number} could pay"
        hint = "leave `subscription` out to put it on what else is open of the account"
        planning.refuse("nothing-open", message, "subscription", hint=hint)
    if not targets:
        message = nothing_open(planning, account, source.currency, f" to apply {source.number} to")
        hint = f"name one in `apply`: rules take only what is dated {planning.date} or before and has not opted out"
        planning.refuse("nothing-open", message, hint=hint)
    resolved = resolve(planning, account, source, amount=Money(amount, source.currency))
    planning.decide(resolved)
    tell_due_dates(planning, targets, amount - named_in_all(targets), resolved)
    put(planning, source, targets, amount, resolved)
    check_limits(planning, len(request.apply), resolved)


def _amount(planning: Planning, request: Apply, source: SourceDocument, named: Decimal) -> Decimal:
    unapplied = planning.book.balance(source)
    if request.amount is None:
        amount = named if all_have_amounts(request.apply) else unapplied
    else:
        amount = positive(planning, request.amount, source.currency, "amount")
    if unapplied <= 0:
        message = f"nothing of {source.number} is unapplied"
        planning.problem("nothing-unapplied", message, hint="unapply some of it first")
    elif max(amount, named) > unapplied:
        message = f"{max(amount, named)} is more than the {unapplied} that is unapplied of {source.number}"
        planning.problem("over-applied", message, "amount", hint=f"apply at most {unapplied} {source.currency}")
    else:
        check_enough(planning, named, amount, f"{source.number} is to be applied")
    return amount


def needs_of_apply(request: Apply, number: str) -> Needs:
    """The source, the documents that are named, or everything open of its account."""
    return Needs(
        numbers=frozenset({number, *(wanted.document for wanted in request.apply)}),
        open_of_owner=frozenset(() if request.apply else {number}),
    )
