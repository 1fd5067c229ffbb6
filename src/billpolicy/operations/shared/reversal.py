"""Reversal of invoices and credit memos. Domain sections 4.1 and 4.2: one atomic operation that pulls in its siblings.

Reversing an invoice also reverses the credit memos of the same bill run on the same subscription charges, and reversing
such a credit memo also reverses that invoice; so the two directions live together here.
"""

from __future__ import annotations

import datetime

from billpolicy.book.model import BillingDocument, CreditMemo, DebitMemo, Document, Invoice, Item, Numbered
from billpolicy.deciding.resolver import Resolved
from billpolicy.operations.shared.memo import check_item_limit, due_date, mirror, resolve_on, settle, whole_amounts
from billpolicy.operations.shared.reopening import reopen
from billpolicy.planning.planning import Planning
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import OperationSpec

REVERSE_INVOICE = VOCABULARY["reverse_invoice"]
REVERSE_CREDIT_MEMO = VOCABULARY["reverse_credit_memo"]


class Reversal:
    """One reversal with everything it pulls in. `apply_date` is when the money of each pair meets."""

    def __init__(
        self, planning: Planning, apply_date: datetime.date | None, reason: str | None, comment: str | None
    ) -> None:
        self.planning = planning
        self.apply_date = apply_date or planning.date
        self.reason = reason
        self.comment = comment
        self._done: set[str] = set()
        if self.apply_date < planning.date:
            message = f"the apply date {self.apply_date} is before the memo date {planning.date}"
            planning.problem("date-too-early", message, "apply_date", hint=f"use {planning.date} or later")
        if apply_date is not None and apply_date != planning.date:
            planning.check_document_date(apply_date, None, "", "apply_date")

    def invoice(self, invoice: Invoice, pulled_in_by: str | None = None) -> None:
        """Reverse an invoice: a credit memo over all of it, applied; then its sibling credit memos."""
        self._done.add(invoice.number)
        planning = self.planning
        self._check_reversible(invoice, pulled_in_by)
        planning.stop_if_refused()
        resolved = self._resolve(REVERSE_INVOICE, invoice, pulled_in_by)
        memo = planning.issue(
            CreditMemo(
                number="",
                account=invoice.account,
                date=planning.date,
                currency=invoice.currency,
                items=self._mirrored(invoice, resolved),
                reason=self._reason(resolved, pulled_in_by),
                source=invoice.number,
                comment=self.comment,
            ),
            resolved,
        )
        self._finish(memo, invoice, resolved)
        for sibling in self._siblings(invoice):
            if isinstance(sibling, CreditMemo):
                self.credit_memo(sibling, pulled_in_by=invoice.number)

    def credit_memo(self, credit_memo: CreditMemo, pulled_in_by: str | None = None) -> None:
        """Reverse a credit memo: a debit memo over all of it, on which the credit memo is spent; then its invoice."""
        self._done.add(credit_memo.number)
        planning = self.planning
        self._check_reversible(credit_memo, pulled_in_by)
        planning.stop_if_refused()
        resolved = self._resolve(REVERSE_CREDIT_MEMO, credit_memo, pulled_in_by)
        memo = planning.issue(
            DebitMemo(
                number="",
                account=credit_memo.account,
                date=planning.date,
                due_date=due_date(planning, resolved),
                currency=credit_memo.currency,
                items=self._mirrored(credit_memo, resolved),
                reason=self._reason(resolved, pulled_in_by),
                source=credit_memo.number,
                comment=self.comment,
            ),
            resolved,
        )
        self._finish(memo, credit_memo, resolved)
        for sibling in self._siblings(credit_memo):
            if isinstance(sibling, Invoice):
                self.invoice(sibling, pulled_in_by=credit_memo.number)

    def _resolve(self, spec: OperationSpec, document: Invoice | CreditMemo, pulled_in_by: str | None) -> Resolved:
        resolved = resolve_on(self.planning, spec, document, whole_amounts(document), self._asked_reason(pulled_in_by))
        check_item_limit(self.planning, document, resolved)
        self.planning.stop_if_refused()
        return resolved

    def _asked_reason(self, pulled_in_by: str | None) -> str | None:
        """The reason that was asked for is that of the document asked about, not of what is pulled in."""
        return self.reason if pulled_in_by is None else None

    def _reason(self, resolved: Resolved, pulled_in_by: str | None) -> str:
        return self._asked_reason(pulled_in_by) or resolved.text("reason_code")

    def _mirrored(self, document: Document, resolved: Resolved) -> tuple[Item, ...]:
        return mirror(document, whole_amounts(document), keep_zero=resolved.text("zero_balance_items") == "mirror")

    def _finish(self, memo: BillingDocument, origin: Invoice | CreditMemo, resolved: Resolved) -> None:
        settle(self.planning, memo, origin, self.apply_date)
        self.planning.reverse(origin)
        self.planning.reverse(memo)
        from_bill_run = isinstance(origin, Invoice) or origin.bill_run is not None
        if from_bill_run and resolved.text("charged_through") == "revert":
            reopen(self.planning, origin)

    def _siblings(self, document: Invoice | CreditMemo) -> list[BillingDocument]:
        """Posted documents of the same bill run that share a subscription charge, not reversed yet, by number."""
        if document.bill_run is None:
            return []
        charges = _subscribed_charges(document)
        return [
            other
            for other in self._on_the_same(document)
            if isinstance(other, Invoice | CreditMemo)
            and other.bill_run == document.bill_run
            and other.status == "posted"
            and not other.reversed_
            and other.number not in self._done
            and charges & _subscribed_charges(other)
        ]

    def _on_the_same(self, document: Document) -> list[Numbered]:
        """Every document that has items of one of its subscriptions, by number."""
        book = self.planning.book
        numbers = {number for name in document.subscriptions for number in book.numbers_on.get(name, ())}
        return [book.numbered[number] for number in sorted(numbers)]

    # -- what forbids it ---------------------------------------------------------------------------------------

    def _check_reversible(self, document: Invoice | CreditMemo, pulled_in_by: str | None) -> None:
        planning = self.planning
        field = "invoice" if planning.instruction.request.operation == "reverse_invoice" else "credit_memo"
        together = f" (together with {pulled_in_by})" if pulled_in_by else ""

        def problem(code: str, why: str, hint: str = "correct it with a memo instead") -> None:
            planning.problem(code, f"{document.number} cannot be reversed{together}: {why}", field, hint=hint)

        planning.check_document_date(planning.date, document.date, document.number, "date")
        is_invoice = isinstance(document, Invoice)
        used = planning.book.applied_to(document.number) if is_invoice else planning.book.applied_from(document.number)
        if used:
            hint = "unapply it first, or correct with a memo instead"
            problem("already-applied", f"{used} {document.currency} of it has been applied", hint)
        refunded = planning.book.refunded(document.number)
        if refunded:
            problem("already-refunded", f"{refunded} {document.currency} of it has been refunded")
        if document.amount < 0:
            problem("negative-total", f"it is negative ({document.amount} {document.currency})")
        for memo in planning.book.created_from.get(document.number, ()):
            undone = memo.status == "canceled" or memo.reversed_
            if not undone and memo.number not in self._done:
                message = f"{memo.number} was created from it"
                if memo.status == "draft":
                    problem("has-memos", message, f"cancel {memo.number} first")
                else:
                    problem("has-memos", message)
        if isinstance(document, Invoice):
            if document.split:
                problem("split-invoice", "it has been split")
            newer = self._newer_invoice(document)
            if newer is not None:
                hint = f"reverse the newest first: {newer.number}"
                shared = min(set(document.subscriptions) & set(newer.subscriptions))
                message = f"subscription `{shared}` has a newer invoice, {newer.number} of {newer.date}"
                problem("newer-invoice", message, hint)

    def _newer_invoice(self, invoice: Invoice) -> Invoice | None:
        """A posted invoice on one of its subscriptions that is newer by date, then number; the newest of them."""
        mine = set(invoice.subscriptions)
        for name in mine:
            # A newer invoice may come between planning and posting; the ledger counts it as a change of these.
            self.planning.rely_on(f"subscription:{name}")
        newer = [
            other
            for other in self._on_the_same(invoice)
            if isinstance(other, Invoice)
            and other.status == "posted"
            and not other.reversed_
            and (other.date, other.number) > (invoice.date, invoice.number)
        ]
        return max(newer, key=lambda other: (other.date, other.number), default=None)


def _subscribed_charges(document: Document) -> set[tuple[str, str]]:
    return {(i.subscription, i.subscribed_charge) for i in document.items if i.subscription and i.subscribed_charge}
