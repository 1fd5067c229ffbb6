"""Planning one operation: number documents, move money, and collect the plan with all that follows it.

A `Planning` is the one mutable thing of a planner, alive for one operation. It never touches the book it was given:
it works on a book that grows with what it plans, so that every check sees what was planned so far.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from typing import Protocol, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.changes import (
    Applied,
    Change,
    ChargedThrough,
    DraftCanceled,
    DraftPosted,
    Issued,
    Reversed,
    SubscriptionCanceled,
)
from billpolicy.book.model import (
    Account,
    Application,
    BillingDocument,
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Invoice,
    Numbered,
    Part,
    Payment,
    Refund,
    Subscription,
)
from billpolicy.book.numbers import NumberDraw
from billpolicy.deciding.resolver import Resolved
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Position, Refused
from billpolicy.planning.deciding import Deciding
from billpolicy.planning.event import Event
from billpolicy.planning.numbering import CREDIT_PREFIX, DRAFT_PREFIXES, draw_from, series_of
from billpolicy.planning.plan import BalanceChange, FollowedBy, PassedOver, Plan
from billpolicy.planning.request import Instruction, Request

_B = TypeVar("_B", Invoice, CreditMemo)
_N = TypeVar("_N", Invoice, CreditMemo, DebitMemo, Payment, Refund)


class Run(Protocol):
    """Plans what a planning was asked for, and what follows it."""

    def __call__(self, planning: Planning, *, follow: bool) -> tuple[Event, ...]:
        """Without `follow`, what it brought about is given back to be followed later. Raises `Refused`."""


class Planning(Deciding):
    """One operation being planned on one book."""

    def __init__(
        self, versions: Versions, book: Book, instruction: Instruction, today: datetime.date, run: Run
    ) -> None:
        """`run` plans the steps that follow. Raises `Refused` when no policy is in force on the date."""
        super().__init__(versions, book, instruction, today)
        self._run = run
        self._changes: list[Change] = []
        self._resolved: list[Resolved] = []
        self._reasons: dict[str, int] = {}
        self._touched: list[str] = []
        self._credits: list[tuple[str, str]] = []
        self._notes: list[str] = []
        self._follow_ups: list[FollowedBy] = []
        self.postponed: list[Event] = []
        """What steps of this operation brought about, to be followed after all of them."""
        self.passed_over: list[PassedOver] = []
        self._own: Plan | None = None

    # -- documents ---------------------------------------------------------------------------------------------

    def issue(self, draft: _N, resolved: Resolved) -> _N:
        """Number a document and put it in the plan, with the attributes that it stores.

        A draft gets a number of its own kind, and its real one when it is posted (domain section 8).
        """
        kind = draft.kind
        if draft.status == "draft":
            draw = self._draw(kind, DRAFT_PREFIXES[kind], 1)
        else:
            series = series_of(self.policy, resolved.text("sequence_set"), kind)  # type: ignore[arg-type]
            draw = self._draw(kind, series.prefix, series.start)
        live = resolved.resolutions.get("attribute_binding")
        kept_live = live is not None and live.value == "live"
        # A set numbers payments and refunds, but they do not store it (domain section 1.1).
        left_out = {"sequence_set"} if kind in ("payment", "refund") else set()
        if kept_live:
            # What was asked for is no value of the account's, so nobody would find it there later.
            inherited = (name for name, found in resolved.resolutions.items() if found.level in ("account", "default"))
            left_out.update(name for name in inherited if name != "sequence_set")
        stored: dict[str, str | None] = {
            name: str(resolution.value)
            for name, resolution in resolved.resolutions.items()
            if name in self.policy.attributes
            and kind in self.policy.attributes[name].documents
            and name not in left_out
        }
        document = replace(draft, number=draw.number, attributes=stored)
        self._put(document, draw, resolved)
        return document

    def post_draft(self, draft: _B, resolved: Resolved) -> _B:
        """Number a draft from the sequence set that it names, and put it in the plan as a posted document."""
        sequence_set = draft.attributes.get("sequence_set")
        if sequence_set not in self.policy.sequence_sets:
            named = f"names the sequence set `{sequence_set}`, which the policy does not have"
            message = f"{draft.number} {named if sequence_set else 'does not say which sequence set numbers it'}"
            hint = "cancel the draft and bill again"
            self.refuse("sequence-set-unknown", message, "draft", hint=hint)
        series = series_of(self.policy, str(sequence_set), draft.kind)  # type: ignore[arg-type]
        draw = self._draw(draft.kind, series.prefix, series.start)
        posted = replace(draft, number=draw.number, status="posted")
        self.rely_on(draft.number)
        self._change(DraftPosted(draft.number, posted.number))
        self._put(posted, draw, resolved)
        return posted

    def cancel_draft(self, draft: BillingDocument) -> None:
        """Cancel a draft; it keeps its number and is never posted."""
        self.rely_on(draft.number)
        self._change(DraftCanceled(draft.number))

    def adjust(
        self,
        account: Account,
        type: str,
        amount: Decimal,
        currency: str,
        date: datetime.date,
        resolved: Resolved,
        *,
        reason: str | None,
        document: str | None = None,
        comment: str | None = None,
    ) -> CreditAdjustment:
        """Raise (`increase`) or lower (`decrease`) the credit balance of an account from a day on.

        `document`: the negative invoice that it comes from, what it is used on, or the refund that pays it out.
        """
        draw = self._draw("credit_adjustment", CREDIT_PREFIX, 1)
        adjustment = CreditAdjustment(
            number=draw.number,
            account=account.id,
            date=date,
            currency=currency,
            amount=amount,
            type="increase" if type == "increase" else "decrease",
            reason=reason,
            document=document,
            comment=comment,
        )
        if (account.id, currency) not in self._credits:
            self._credits.append((account.id, currency))
        self.rely_on(f"account:{account.id}")
        self._put(adjustment, draw, resolved)
        return adjustment

    def _draw(self, kind: str, prefix: str, start: int) -> NumberDraw:
        draw = draw_from(self.book, prefix, start, kind)
        if draw is None:
            message = f"the numbers of prefix `{prefix}` are used up: no higher one can be counted"
            self.refuse("numbers-used-up", message, hint="give the series another prefix")
        if draw.number in self.book.numbered:
            message = f"the next number of prefix `{draw.prefix}` is {draw.number}, which is already in use"
            self.refuse("number-taken", message, hint="give the series another prefix or a higher start")
        return draw

    def _put(self, document: Numbered, draw: NumberDraw, resolved: Resolved) -> None:
        self._change(Issued(document, draw))
        self._reasons[document.number] = self._place_of(resolved)
        self.touch(document.number)

    def _change(self, change: Change) -> None:
        """Put a change in the plan, and go on with the book that it leaves."""
        self._changes.append(change)
        self.book = change.on(self.book)

    def _place_of(self, resolved: Resolved) -> int:
        """Where a decision stands among those of the plan; several documents may share one."""
        for place, known in enumerate(self._resolved):
            if known is resolved:
                return place
        self._resolved.append(resolved)
        return len(self._resolved) - 1

    # -- money -------------------------------------------------------------------------------------------------

    def apply(self, source: Numbered, target: Numbered, day: datetime.date, parts: tuple[Part, ...]) -> None:
        """Put money of a source on a target, of the same currency (domain section 9.5)."""
        if source.currency != target.currency:
            message = f"{source.number} is in {source.currency} and {target.number} in {target.currency}"
            self.refuse("currency-mismatch", message, hint="money is never applied across currencies")
        amount = sum((part.amount for part in parts), Decimal(0))
        application = Application(from_=source.number, to=target.number, date=day, amount=amount, parts=parts)
        self._change(Applied(application))
        self.touch(source.number)
        self.touch(target.number)

    def reverse(self, document: BillingDocument) -> None:
        """Flag a document, old or planned, as reversed; it stays posted (domain section 4.1)."""
        self._change(Reversed(document.number))
        self.touch(document.number)

    # -- subscriptions -----------------------------------------------------------------------------------------

    def cancel(self, subscription: Subscription, on: datetime.date) -> None:
        """Cancel a subscription; `on` is the first day without service."""
        self.rely_on(f"subscription:{subscription.id}")
        self._change(SubscriptionCanceled(subscription.id, on))

    def charge_through(self, subscription: str, charge: str, day: datetime.date) -> ChargedThrough:
        """Move the charged-through date of a charge: `day` is the first one that is not billed."""
        found = self.book.subscriptions[subscription]
        (before,) = (each.charged_through for each in found.charges if each.id == charge)
        moved = ChargedThrough(subscription, charge, before, day)
        self.rely_on(f"subscription:{subscription}")
        self._change(moved)
        return moved

    # -- the plan ----------------------------------------------------------------------------------------------

    def note(self, sentence: str) -> None:
        """Say something that the reader of the plan would ask about."""
        self._notes.append(sentence)

    def decide(self, resolved: Resolved) -> None:
        """Keep how an operation that makes no document was decided."""
        self._place_of(resolved)

    def numbered(self, number: str) -> Numbered:
        """A document that the book is known to have, as it stands now; the plan relies on it."""
        self.rely_on(number)
        return self.book.numbered[number]

    @property
    def applications(self) -> tuple[Application, ...]:
        """What was applied so far."""
        return tuple(one.application for one in self._changes if isinstance(one, Applied))

    def touch(self, number: str) -> None:
        """Show the balance of this document in the plan, and rely on it as it is."""
        document = self.book.numbered[number]
        # A draft is owed by nobody, and of an adjustment the credit balance is shown.
        shown = document.status == "posted" and not isinstance(document, CreditAdjustment)
        if shown and number not in self._touched:
            self._touched.append(number)
        if number in self._before.numbered:
            self.rely_on(number)

    def then(
        self,
        request: Request,
        *,
        after: str,
        rule: str,
        position: Position,
        because: str | None,
        postpone: bool = False,
    ) -> Plan:
        """Plan a step that follows, on what this operation and the steps before leave. Raises `Refused`.

        This operation itself is finished with its first step: it can plan nothing more of its own. What the step
        brings about is followed at once, or with `postpone` after all steps that this operation takes itself.
        """
        self.finish()
        own = self.instruction.request
        request = replace(request, actor=own.actor, approved_by=own.approved_by)
        step = Planning(self.versions, self.book, replace(self.instruction, request=request), self.today, self._run)
        self.postponed += self._run(step, follow=not postpone)
        plan = step.plan()
        self._follow_ups.append(FollowedBy(after, rule, position, because, plan))
        self.book = step.book
        return plan

    def finish(self) -> Plan:
        """What this operation itself does, without what follows it. Raises `Refused` if anything was found wrong."""
        if self._own is None:
            self.stop_if_refused()
            request = self.instruction.request
            self._own = Plan(
                id=request.id,
                operation=request.operation,
                date=self.date,
                request=self.instruction.data,
                policy=self.policy.name,
                policy_digest=self.policy.digest,
                engine=self.resolver.engine,
                basis=dict(sorted(self._basis.items())),
                changes=tuple(self._changes),
                resolved=tuple(self._resolved),
                reasons=self._reasons,
                balances=(*map(self._balance, self._touched), *map(self._credit, self._credits)),
                actor=request.actor,
                approved_by=request.approved_by,
                comment=request.comment,
            )
            self.book = self.book.with_changed(self._own.touched)
        return self._own

    def plan(self) -> Plan:
        """The finished plan with all that follows. Raises `Refused` if anything was found wrong on the way."""
        own = self.finish()
        if not (self._warnings or self._notes or self._follow_ups or self.passed_over):
            return own
        warnings, notes = tuple(self._warnings), tuple(self._notes)
        passed_over = tuple(self.passed_over)
        return replace(own, warnings=warnings, notes=notes, follow_ups=tuple(self._follow_ups), passed_over=passed_over)

    def _balance(self, number: str) -> BalanceChange:
        before, after = self._before.numbered.get(number), self.book.numbered[number]
        return BalanceChange(
            after.kind,
            number,
            after.currency,
            None if before is None else self._before.balance(before),
            self.book.balance(after),
        )

    def _credit(self, of: tuple[str, str]) -> BalanceChange:
        account, currency = of
        before, after = (book.credit_balance(account, currency) for book in (self._before, self.book))
        return BalanceChange("credit_balance", account, currency, before, after)


def in_step(refused: Refused, request: Request, rule: str, position: Position) -> Refused:
    """The same refusal, saying in which step of a chain it is."""
    step = f"in the step `{request.operation}`, by `{rule}`, {position.file}:{position.line}"
    return Refused(problem._replace(message=f"{problem.message} ({step})") for problem in refused.diagnostics)
