"""Reversal of invoices and credit memos. docs/domain.md 4.1 and 4.2: one atomic operation that pulls in its siblings.

Reversing an invoice also reverses the credit memos of the same bill run on the same subscription charges, and reversing
such a credit memo also reverses that invoice; so the two directions live together here.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal

from billpolicy.book.book import Place
from billpolicy.book.changes import Reversed, subscription_name
from billpolicy.book.model import CreditMemo, DebitMemo, Document, Invoice
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.codes import Code
from billpolicy.operations.billing.billed_usage import free_usage
from billpolicy.operations.billing.rebilled import bill_no_more
from billpolicy.operations.corrections.locks import refuse_locked
from billpolicy.operations.shared.billed_time import reopen
from billpolicy.operations.shared.memos import (
    check_item_limit,
    issue_memo,
    mirror,
    resolve_on,
    settle,
    whole_amounts,
)
from billpolicy.operations.shared.over_credit import given_by_bill_runs, left_to_give
from billpolicy.operations.shared.refunded import corrected
from billpolicy.operations.shared.what_is_open import documents_on, in_force, invoices_on
from billpolicy.operations.shared.writing_off import refuse_write_off
from billpolicy.planning.planning import Planning


class Reversal:
    """One reversal with everything it pulls in. `apply_date` is when the money of each pair meets."""

    def __init__(self, planning: Planning, apply_date: datetime.date | None, reason: str | None) -> None:
        self.planning = planning
        self.apply_date = apply_date or planning.date
        self.reason = reason
        self._done: set[str] = set()
        planning.check_not_before(self.apply_date, planning.date, "the memo", "apply_date")
        if apply_date is not None and apply_date != planning.date:
            planning.check_open(apply_date, "apply_date")

    def reverse(self, document: Invoice | CreditMemo, pulled_in_by: str | None = None) -> None:
        """Reverse a document by a memo over all of it, the two settled with each other; then its siblings.

        Of an invoice that is a credit memo, spent on it; of a credit memo it is a debit memo, on which that is spent.
        """
        self._done.add(document.number)
        planning = self.planning
        self._check_reversible(document, pulled_in_by)
        planning.stop_if_refused()
        is_invoice = isinstance(document, Invoice)
        operation = "reverse_invoice" if is_invoice else "reverse_credit_memo"
        # The reason that was asked for is that of the document asked about, not of what is pulled in.
        reason = self.reason if pulled_in_by is None else None
        amounts = whole_amounts(document)
        behind = corrected(planning.book, document) if isinstance(document, CreditMemo) else ()
        resolved = resolve_on(planning, document, amounts, reason, operation, behind=behind)
        if isinstance(document, Invoice):
            self._check_given_back(document, resolved, pulled_in_by)
        check_item_limit(planning, document.items, resolved, document.number)
        memo = self._memo(document, amounts, resolved, reason)
        for reversed_ in (document, memo):
            if reversed_ is not None:
                planning.change(Reversed(reversed_.number))
                planning.touch(reversed_.number)
        if (is_invoice or document.bill_run is not None) and resolved.text("charged_through") == "revert":
            reopen(planning, document, memo)
            free_usage(planning, [(document, None)])
        else:
            bill_no_more(planning, document)
        for sibling in self._siblings(document):
            self.reverse(sibling, pulled_in_by=document.number)

    def _memo(
        self, document: Invoice | CreditMemo, amounts: Mapping[Place, Decimal], resolved: Resolved, reason: str | None
    ) -> CreditMemo | DebitMemo | None:
        """The memo over all of a document, settled with it; None of a document about nothing, if the policy says so."""
        planning = self.planning
        if not any(amounts.values()):
            zero = f"every item of {document.number} is zero"
            if resolved.text("empty_documents") == "refuse":
                message = f"{zero}, so a memo would have nothing in it (`empty_documents: refuse`)"
                hint = "let the policy say `empty_documents: skip`, which reverses it without a memo"
                planning.refuse("nothing-to-mirror", message, hint=hint)
            planning.note(f"{zero}, so it is reversed without a memo (`empty_documents: skip`)")
            planning.decide(resolved)
            return None
        items = mirror(document, amounts, keep_zero=resolved.text("zero_balance_items") == "mirror")
        memo: CreditMemo | DebitMemo
        if isinstance(document, Invoice):
            memo = issue_memo(planning, CreditMemo, document, items, resolved, reason=reason)
        else:
            memo = issue_memo(planning, DebitMemo, document, items, resolved, reason=reason)
        settle(planning, memo, document, self.apply_date)
        return memo

    def _siblings(self, document: Invoice | CreditMemo) -> list[Invoice | CreditMemo]:
        """The documents of the other kind of the same bill run that share a subscription charge, by number."""
        if document.bill_run is None:
            return []
        charges = _subscribed_charges(document)
        other_kind = CreditMemo if isinstance(document, Invoice) else Invoice
        return [
            other
            for other in documents_on(self.planning.book, document.subscriptions)
            if isinstance(other, other_kind)
            and other.bill_run == document.bill_run
            and in_force(other)
            and other.number not in self._done
            and charges & _subscribed_charges(other)
        ]

    # -- what forbids it ---------------------------------------------------------------------------------------

    def _check_reversible(self, document: Invoice | CreditMemo, pulled_in_by: str | None) -> None:
        planning = self.planning
        field = "invoice" if planning.request.operation == "reverse_invoice" else "credit_memo"
        with_a_memo = "correct it with a memo instead"
        together = f" (together with {pulled_in_by})" if pulled_in_by else ""

        def problem(code: Code, why: str, hint: str = with_a_memo) -> None:
            planning.problem(code, f"{document.number} cannot be reversed{together}: {why}", field, hint=hint)

        refuse_write_off(planning, document, f"reversed{together}", field)
        if refuse_locked(planning, document, f"reversed{together}", field):
            return  # for ever, so what to do about anything else would lead nowhere
        planning.check_date(document)
        book, number = planning.book, document.number
        used = book.applied_to(number) if isinstance(document, Invoice) else book.applied_from(number)
        if used:
            written_off = any(
                isinstance(memo, CreditMemo) and memo.write_off for memo in book.created_from.get(number, ())
            )
            hint = with_a_memo if written_off else "unapply it first, or correct with a memo instead"
            problem("already-applied", f"{used} {document.currency} of it has been applied", hint)
        refunded = book.refunded(number)
        if refunded:
            problem("already-refunded", f"{refunded} {document.currency} of it has been refunded")
        if document.amount < 0:
            # A memo made from a document is above zero, with items of the same signs: from this one there is none.
            hint = "correct it with a memo from charges instead"
            problem("negative-total", f"it is negative ({document.amount} {document.currency})", hint)
        for memo in book.created_from.get(number, ()):
            undone = memo.status == "canceled" or memo.reversed_
            if not undone and memo.number not in self._done:
                hint = f"cancel {memo.number} first" if memo.status == "draft" else with_a_memo
                problem("has-memos", f"{memo.number} was created from it", hint)
        if isinstance(document, Invoice):
            if document.split:
                problem("split-invoice", "it has been split")
            newer = self._newer_invoice(document)
            if newer is not None:
                hint = f"reverse the newest first: {newer.number}"
                shared = min(set(document.subscriptions) & set(newer.subscriptions))
                message = f"subscription `{shared}` has a newer invoice, {newer.number} of {newer.date}"
                problem("newer-invoice", message, hint)

    def _check_given_back(self, invoice: Invoice, resolved: Resolved, pulled_in_by: str | None) -> None:
        """Days of it that a bill run has credited would be given back again with all of it."""
        planning = self.planning
        given = given_by_bill_runs(left_to_give(planning, invoice))
        together = self._done | {sibling.number for sibling in self._siblings(invoice)}
        for number, amount in given.items():
            if number in together:
                continue
            credit = planning.book.numbered[number]
            what = f"{number} has given {amount} {invoice.currency} of {invoice.number} back"
            if resolved.text("over_credit") == "warn":
                message = f"{what}, and it is given back again with all of it (`over_credit: warn`)"
                planning.warn("over-credited", message)
            else:
                field = "invoice" if planning.request.operation == "reverse_invoice" else "credit_memo"
                also = f" (together with {pulled_in_by})" if pulled_in_by else ""
                message = f"{invoice.number} cannot be reversed{also}: {what}"
                first = f"cancel {number} first" if credit.status == "draft" else f"reverse {number} first"
                planning.problem("given-back", message, field, hint=f"{first}, or correct it with a memo instead")

    def _newer_invoice(self, invoice: Invoice) -> Invoice | None:
        """A posted invoice on one of its subscriptions that is newer by date, then number; the newest of them."""
        for name in invoice.subscriptions:
            # A newer invoice may come between planning and posting; the ledger counts it as a change of these.
            self.planning.rely_on(subscription_name(name))
        others = invoices_on(self.planning.book, invoice.subscriptions)
        newer = [other for other in others if (other.date, other.number) > (invoice.date, invoice.number)]
        return max(newer, key=lambda other: (other.date, other.number), default=None)


def _subscribed_charges(document: Document) -> set[tuple[str, str]]:
    items = (each for item in document.items for each in item.by_charge)
    return {(i.subscription, i.subscribed_charge) for i in items if i.subscription and i.subscribed_charge}
