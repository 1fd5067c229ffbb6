"""What `ledger show` tells to programs of what a ledger has, and what `post` answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billpolicy.book.model import Account, Application, ChargePeriod, Contact, Subscription
from billpolicy.deciding.versions import Versions
from billpolicy.posting.posting import Outcome
from billpolicy.posting.shown import ShownAccount, ShownDocument, ShownOperation, ShownRun
from billpolicy.posting.store import Audit, Cause, Waiting
from billpolicy.report.changes import ApplicationReport, application_report
from billpolicy.report.explanation import Rule, rule_at
from billpolicy.report.history import HistoryTrail, trail_reports
from billpolicy.report.in_effect import InEffect, in_effect
from billpolicy.report.plan import DocumentReport, Kind, PlanReport, document_report, plan_report
from billpolicy.report.results import Refusal, Total, refusals, told
from billpolicy.report.waiting import WaitingReport, waiting_report
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency


@record
class CausedBy:
    """What an operation is a step of."""

    operation: str
    """The id of that other one."""
    step: int
    """Its place among all that directly follow that one, from 0."""
    after: str
    rule: Rule


@record
class OperationReport:
    """An operation that was posted: what was asked for, its plan as it was, and who posted it when and why."""

    plan: PlanReport
    request: dict[str, Any]
    """What was asked for, as in an operations file, without its id and people."""
    audit: Audit
    caused_by: CausedBy | None = None
    """Without it, it was asked for itself."""


@record
class OpenPlaceReport:
    """What is open on an item, or on one tax of it, in the currency of its document."""

    item: str
    tax: str | None = None
    open: Amount


@record
class DocumentHistory:
    """One document and all that hangs on it."""

    document: DocumentReport
    attributes: tuple[InEffect, ...] = ()
    """The value of each that takes effect, and where it is from."""
    revision: int
    open_places: tuple[OpenPlaceReport, ...] = ()
    applications_from: tuple[ApplicationReport, ...] = ()
    """What of it was put on others, and below zero what was taken back, in the order of posting."""
    applications_to: tuple[ApplicationReport, ...] = ()
    """What was put on it: the same from the other side."""
    kinds: dict[str, str]
    """The kinds of it and of the documents on the other side of its applications, by number."""
    refunds: tuple[DocumentReport, ...] = ()
    created: tuple[DocumentReport, ...] = ()
    """The memos that were created from it."""
    operation: OperationReport | None = None
    """The operation that made it; without one it was imported."""
    changed_by: tuple[Audit, ...] = ()
    """The later operations that applied, refunded, reversed or created something from it, oldest first."""
    trails: tuple[HistoryTrail, ...] = ()
    """Where a bill run has given something of its lines back, or a correction has dealt with them: what became of all
    its lines, as `ledger history` tells it."""


@record
class AccountReport:
    """One account with everything that is its own."""

    account: Account
    revision: int
    contacts: tuple[Contact, ...]
    subscriptions: tuple[Subscription, ...]
    documents: tuple[DocumentReport, ...]
    """By date, changes of the credit balance among them."""
    kinds: dict[str, Kind]
    """The kind of each, by number."""
    open: dict[str, Amount]
    """Currency -> what is open of its invoices and debit memos in it; every currency that it has a document in."""
    unapplied: dict[str, Amount]
    """Currency -> what is unapplied of its payments and credit memos in it."""
    credit: dict[str, Amount]
    """Currency -> the credit balance, with every change of it that is known; nothing where it never changed."""
    charge_periods: tuple[ChargePeriod, ...] = ()
    """Those of its subscriptions that are on record: excluded from billing, credited, to be billed again or billed
    again. Of all others the lines of invoices tell."""


@record
class RunTotalReport:
    """What a bill run made of one kind, in one currency, and what became of it."""

    kind: Kind
    status: str
    """Of a draft that was posted, only the posted document counts."""
    currency: Currency
    amount: Amount
    numbers: tuple[str, ...]


@record
class RunReport:
    """A bill run that was done in parts, each an operation of its own: all documents that name it."""

    id: str
    totals: tuple[RunTotalReport, ...]


LedgerReport = DocumentHistory | AccountReport | OperationReport | RunReport


@record
class InitReport:
    """What `ledger init` did: it made the ledger, brought its tables up to date, or found both done."""

    ledger: str
    revision: str
    """Of its tables, as it is now."""
    before: str | None = None
    """Of its tables, as they were found; none where there was no ledger."""


@record
class ImportReport:
    """What `ledger import` did: section of the book -> how many were added, and how many were there before."""

    added: Mapping[str, int]
    known: Mapping[str, int]


@record
class UsageReport:
    """What `ledger usage` did: how many records it recorded, how many were recorded before, and what is refused."""

    recorded: int
    known: int
    refused: tuple[Refusal, ...]
    """The operations that were refused, each with some records of which at least one is wrong."""
    not_recorded: int
    """The records that were not recorded: those of refused operations and, after Ctrl-C or with `--atomic`, others."""


@record
class PostedReport:
    """An operation that is in the ledger. On a repeat: the plan and the audit entry of the first time."""

    repeated: bool
    plan: PlanReport
    audit: Audit


@record
class PostingReport:
    """What `post` answers."""

    posted: tuple[PostedReport, ...]
    refused: tuple[Refusal, ...]
    waiting: tuple[WaitingReport, ...] = ()
    """With `--wait`: those that wait now for approvals."""
    not_posted: tuple[str, ...]
    """The ids of operations of an atomic batch with which nothing was wrong, but others were refused."""
    totals: tuple[Total, ...] = ()
    """Of a bill run over more than 50 accounts the parts are not told one by one, unless they are refused."""
    head: str
    """What stands for all that was ever written into the ledger, as `ledger head` has it."""


def ledger_report(shown: ShownDocument | ShownAccount | ShownOperation | ShownRun) -> LedgerReport:
    """What a ledger has of one document, account, operation or bill run."""
    if isinstance(shown, ShownDocument):
        return _document(shown)
    if isinstance(shown, ShownRun):
        return told(RunReport, shown, totals=tuple(told(RunTotalReport, one) for one in shown.totals))
    return _account(shown) if isinstance(shown, ShownAccount) else _operation(shown)


def _document(shown: ShownDocument) -> DocumentHistory:
    def applications(made: tuple[Application, ...]) -> tuple[ApplicationReport, ...]:
        return tuple(application_report(one, shown.document.currency) for one in made)

    return told(
        DocumentHistory,
        shown,
        document=document_report(
            shown.document, shown.operation.plan if shown.operation else None, shown.resolved, balance=shown.balance
        ),
        attributes=in_effect(shown),
        open_places=tuple(told(OpenPlaceReport, one) for one in shown.open_places),
        applications_from=applications(shown.applications_from),
        applications_to=applications(shown.applications_to),
        refunds=tuple(map(document_report, shown.refunds)),
        created=tuple(map(document_report, shown.created)),
        operation=None if shown.operation is None else _operation(shown.operation),
        trails=() if shown.history is None else trail_reports(shown.history),
    )


def _account(shown: ShownAccount) -> AccountReport:
    documents = tuple(document_report(one, balance=shown.balances[one.number]) for one in shown.documents)
    kinds = {one.number: one.kind for one in shown.documents}
    return told(AccountReport, shown, documents=documents, kinds=kinds)


def _operation(shown: ShownOperation) -> OperationReport:
    return OperationReport(
        plan=plan_report(shown.plan, None),
        request=dict(shown.plan.request),
        audit=shown.audit,
        caused_by=None if shown.caused_by is None else _cause(shown.caused_by),
    )


def _cause(cause: Cause) -> CausedBy:
    return told(CausedBy, cause, rule=rule_at(cause.rule, cause.position, cause.because))


def posting_report(
    outcomes: Sequence[Outcome], versions: Versions, totals: tuple[Total, ...], waiting: Sequence[Waiting], head: str
) -> PostingReport:
    """What became of a batch. What was posted before may have been decided by another policy."""
    return PostingReport(
        posted=tuple(
            told(PostedReport, posted, plan=plan_report(posted.plan, None if posted.repeated else versions))
            for posted in (one.posted for one in outcomes)
            if posted is not None
        ),
        refused=refusals(outcomes),
        waiting=tuple(map(waiting_report, waiting)),
        not_posted=tuple(one.job.id for one in outcomes if one.posted is None and not one.problems),
        totals=totals,
        head=head,
    )
