"""What refuses a plan when it is posted: another book than it was planned on, a taken id or number, money given twice.

Everything is asked of the books before and after, so it is the same for every store.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from billpolicy.book.book import Book
from billpolicy.book.changes import (
    ChargedThrough,
    Created,
    DraftPosted,
    Given,
    Issued,
    PeriodsRecorded,
    SubscriptionCanceled,
    UsageBilled,
    UsageRecorded,
    known_record,
    master_name,
    scope_of,
    subscription_name,
)
from billpolicy.book.history import value_on
from billpolicy.book.model import Document
from billpolicy.book.numbers import MIN_DIGITS, NumberDraw, counter_in, covers, next_counter, pattern
from billpolicy.deciding.approvals import Apart
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.planning.documents import prefix_bound
from billpolicy.planning.plan import Plan
from billpolicy.posting.store import Waiting
from billpolicy.source.differences import differences

_AGAIN = "plan the operation again"


def check_sound(plan: Plan) -> None:
    """A plan that contradicts itself is a fault of its planner, not of its user. Raises `ValueError`."""
    issued = plan.of(Issued)
    billed = {name for one in issued if isinstance(one.document, Document) for name in one.document.subscriptions}
    changed = {one.subscription for one in plan.of(ChargedThrough)}
    changed |= {one.subscription for one in plan.of(SubscriptionCanceled)}
    changed |= {one.subscription for one in plan.of(UsageBilled)}
    changed |= {one.subscription for one in plan.of(PeriodsRecorded)}
    only_billed = {subscription_name(name) for name in billed - changed}
    unseen = sorted(plan.touched - plan.basis.keys() - only_billed)
    if unseen:
        raise ValueError(f"plan {plan.id} changes {unseen} without relying on their revisions")
    for application in plan.applications:
        if sum(part.amount for part in application.parts) != application.amount:
            raise ValueError(f"plan {plan.id}: the parts of {application} do not add up to its amount")
    for one in issued:
        if (one.draw.number, one.draw.kind) != (one.document.number, one.document.kind):
            raise ValueError(f"plan {plan.id}: {one.document.number} does not carry the number drawn for it")
    strange = {one.number for one in plan.of(DraftPosted)}.difference(one.document.number for one in issued)
    if strange:
        raise ValueError(f"plan {plan.id} posts drafts as {sorted(strange)}, which it does not plan")


def check_currencies(plan: Plan, after: Book) -> None:
    """Money that is applied across currencies is a fault of the planner, too. Raises `ValueError`."""
    for made in plan.applications:
        if after.numbered[made.from_].currency != after.numbered[made.to].currency:
            raise ValueError(f"plan {plan.id} applies {made.from_} to {made.to} across currencies")


def stale(plan: Plan, book: Book) -> list[Diagnostic]:
    """What of that which a plan relied on is another now, on the book that the operations before it leave."""
    if plan.awaited:
        message = f"the plan of `{plan.id}` lacks approvals: it shows what they are asked for, and is not to be posted"
        return [Diagnostic("approval-missing", message, hint="post the operation, when it is approved")]
    now = {name: book.revisions.get(name, 0 if name in book.numbered else None) for name in plan.basis}
    found = [_stale(name, relied, now[name]) for name, relied in plan.basis.items() if now[name] != relied]
    return found or [
        *_closed(plan, book),
        *_moved(plan, book),
        *_recorded(plan, book),
        *_other_master(plan, book),
        *_other_numbers(plan, book),
    ]


def _closed(plan: Plan, book: Book) -> Iterator[Diagnostic]:
    """Nothing is dated in an accounting period that was closed since (docs/domain.md 9.4)."""
    days = {one.document.date for one in plan.of(Issued)} | {made.date for made in plan.applications}
    for period in dict.fromkeys(book.period_of(day) for day in sorted(days)):
        if period is not None and period.status == "closed":
            message = (
                f"the accounting period from {period.from_} until {period.until} is closed, and this is dated in it"
            )
            yield Diagnostic("plan-stale", message, hint=f"{_AGAIN}, with a date in an open period")


def _other_master(plan: Plan, book: Book) -> Iterator[Diagnostic]:
    """Records that came since, and values that are others now, of what has no revision: charges of the catalogue,
    accounting periods and what is new."""
    for one in plan.of(Created):
        scope, id = scope_of(master_name(one.record))
        if known_record(book, scope, id) is not None:
            message = f"there is {scope.replace('_', ' ')} `{id}` now, which there was not when this was planned"
            yield Diagnostic("plan-stale", message, hint=_AGAIN)
    created = {master_name(one.record) for one in plan.of(Created)}
    for change in plan.of(Given):
        record = known_record(book, change.scope, change.id)
        held = change.held
        if record is not None and value_on(record, held.field, held.since or datetime.date.min) != change.before:
            what = f"`{held.field}` of {change.scope.replace('_', ' ')} `{change.id}`"
            message = f"{what} is no longer {change.before or 'unset'}, as it was when this was planned"
            yield Diagnostic("plan-stale", message, hint=_AGAIN)
        elif record is None and f"{change.scope}:{change.id}" not in created:
            message = f"{change.scope.replace('_', ' ')} `{change.id}` is not in this ledger"
            yield Diagnostic("plan-stale", message, hint="import it first, or plan on this ledger")


def _moved(plan: Plan, book: Book) -> Iterator[Diagnostic]:
    through = {
        (subscription, charge.id): charge.charged_through
        for subscription in {move.subscription for move in plan.of(ChargedThrough)}
        for charge in book.subscriptions[subscription].charges
    }
    for move in plan.of(ChargedThrough):
        key = move.subscription, move.charge
        if key not in through or through[key] != move.before:
            where = f"charge `{move.charge}` of subscription `{move.subscription}`"
            was = f"charged through {move.before}" if move.before else "without a charged-through date"
            message = f"{where} is no longer {was}, as it was when this was planned"
            yield Diagnostic("plan-stale", message, hint=_AGAIN)
        through[key] = move.after


def _recorded(plan: Plan, book: Book) -> Iterator[Diagnostic]:
    """A usage record is recorded once; other usage of its subscription changes nothing for a plan."""
    for record in (record for one in plan.of(UsageRecorded) for record in one.records):
        if record.id in book.usage:
            message = f"usage `{record.id}` has been recorded since this was planned"
            yield Diagnostic("plan-stale", message, hint=_AGAIN)


def _other_numbers(plan: Plan, book: Book) -> Iterator[Diagnostic]:
    """Numbers have no gaps: each is the next of its prefix, which is bound to one kind of document."""
    counters = dict(book.counters)
    for draw in (one.draw for one in plan.of(Issued)):
        kind = book.prefixes.get(draw.prefix, draw.kind)
        counter = counters[draw.prefix] = next_counter(counters, draw.prefix, draw.start)
        if kind != draw.kind:
            yield prefix_bound(draw.prefix, draw.kind, kind)
            return
        if counter != draw.counter:
            yield _other_number(draw, counter)
            return


def approvals_gone(given: Mapping[str, Apart], standing: Mapping[str, Waiting]) -> Iterator[Diagnostic]:
    """Operations that are posted with approvals given apart (id -> these) and were withdrawn since these were read. If
    the same waits anew, it has none of them."""
    for id, apart in given.items():
        now = standing.get(id)
        if now is None or now.digest != apart.digest or not {*apart.people} <= {one.person for one in now.approvals}:
            message = f"the approvals of `{id}` do not stand any more: it was withdrawn, or waits anew"
            yield Diagnostic("approval-stale", message, hint="post it again when it is approved")


def taken_ids(ids: Sequence[str], known: Collection[str]) -> Iterator[Diagnostic]:
    """An id is used once. Whatever was asked for before has been answered before it comes here; steps have not."""
    seen = set(known)
    for id in ids:
        if id in seen:
            message = f"`{id}` is the id of an operation already, so no step that follows another one can have it"
            hint = "give the operation that this step follows another id"
            yield Diagnostic("operation-id-taken", message, hint=hint)
        seen.add(id)


def taken_runs(plans: Iterable[Plan], parts: Mapping[str, Mapping[str, object]]) -> Iterator[Diagnostic]:
    """Plans under the id of a bill run that was posted in parts, other than that run as a whole. `parts`: what a part
    of each such run asked for."""
    for plan in plans:
        part = parts.get(plan.id)
        if part is None or dict(plan.request) == {k: v for k, v in part.items() if k not in ("accounts", "part_of")}:
            continue
        message = f"`{plan.id}` is the id of a bill run that was posted account by account, so nothing else can have it"
        yield Diagnostic("bill-run-id-taken", message, hint="give this operation an id of its own")


def part_taken(run: str, account: str, id: str) -> Diagnostic:
    """The part of an account would have the id of another operation."""
    message = f"`{id}` is the id of another operation, so bill run `{run}` cannot bill account `{account}` under it"
    hint = "give the bill run another id: it bills what is due and not billed yet"
    return Diagnostic("bill-run-id-taken", message, hint=hint)


def taken_numbers(plans: Iterable[Plan], known: Collection[str]) -> Iterator[Diagnostic]:
    """Numbers that other documents have already."""
    seen = set(known)
    for number in (one.document.number for plan in plans for one in plan.changes if isinstance(one, Issued)):
        if number in seen:
            message = f"the number {number} is already in use in this ledger, by a document of another series"
            hint = "give the series another prefix or a higher start number in the policy"
            yield Diagnostic("number-taken", message, hint=hint)
        seen.add(number)


def uncounted_numbers(
    plans: Iterable[Plan], counters: Collection[str], given: Callable[[str, str], Collection[str]]
) -> Iterator[Diagnostic]:
    """A counter that begins, though numbers of it were imported: without the policy, by whose format they are told.

    `counters`: those that there are. `given`: the numbers of imported documents of a kind that begin with a text.
    """
    for draw in (one.draw for plan in plans for one in plan.of(Issued)):
        begins = pattern(draw.prefix).match(draw.number)
        # Eight digits are counted without a policy.
        if draw.prefix in counters or begins is None or len(draw.number) - begins.end() == MIN_DIGITS:
            continue
        counted = [name for name in counters if covers(draw.prefix, name)]
        later = [
            (counter, number)
            for number in given(draw.kind, draw.prefix.split("{")[0])
            if (counter := counter_in(number, draw.prefix) or 0) >= draw.start
            and all(counter_in(number, name) is None for name in counted)
        ]
        if later:
            _, highest = max(later)
            message = (
                f"{draw.number} would come next for `{draw.prefix}`, but {highest} was imported, without the policy "
                "whose format tells that it is one of them"
            )
            hint = "import the same book once more with `--policy`: numbers go on after it then"
            yield Diagnostic("numbers-uncounted", message, hint=hint)


def differing(id: str, posted: Mapping[str, object], given: Mapping[str, object]) -> Iterator[Diagnostic]:
    """Each field in which an operation differs from the one of the same id that was posted before."""
    hint = "give the new operation an id of its own; to repeat the posted one, leave it as it was"
    for found in differences(posted, given):
        message = f"operation `{id}` was posted before with other content: {found}"
        yield Diagnostic("operation-differs", message, hint=hint)


def _other_number(draw: NumberDraw, counter: int) -> Diagnostic:
    message = (
        f"{draw.number} was planned, but number {counter} comes next for the prefix `{draw.prefix}`: "
        "other documents were posted since"
    )
    return Diagnostic("plan-stale", message, hint=_AGAIN)


def _stale(name: str, planned: int, found: int | None) -> Diagnostic:
    scope, id = scope_of(name)
    what = name if scope == "document" else f"{scope} `{id}`"
    if found is None:
        message = f"this was planned with {what}, which is not in this ledger"
        return Diagnostic("plan-stale", message, hint="import it first, or plan on this ledger")
    message = f"{what} has changed since this was planned (revision {planned} then, {found} now)"
    return Diagnostic("plan-stale", message, hint=_AGAIN)
