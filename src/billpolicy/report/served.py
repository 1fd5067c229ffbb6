"""What is asked and answered over HTTP alone, beside what commands answer as JSON, too."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import field

from billpolicy.posting.shown import ShownAccount
from billpolicy.report.diff import DiffReport
from billpolicy.report.explanation import ExplanationReport, Rule
from billpolicy.report.ledger import PostedReport
from billpolicy.report.plan import PlanReport
from billpolicy.report.problem import ProblemReport
from billpolicy.report.results import Finding, Refusal, Total, Validation, told
from billpolicy.report.waiting import WaitingReport
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Currency, Prose, Single, Text


@record
class WaitingNamed:
    """An operation that waits, and what is to be remembered of what becomes of it: what `/approve` and `/withdraw`
    take."""

    id: Text
    comment: Prose | None = None


@record
class DecideRequest:
    """What `/decide` takes: an operation, and the facts of one document or of several."""

    operation: Text
    facts: dict[str, Single | None] | None = None
    """Name of each fact, as `resolve --columns` tells them -> its value; null where it has none."""
    rows: tuple[dict[str, Single | None], ...] = ()
    """The same of several, each decided by itself."""


@record
class DecidedFact:
    """One decision."""

    value: str | int | bool
    level: str | None = None
    """That which had the value; none had that of a setting."""
    rule: Rule


@record
class DecidedRow:
    """What is decided of the facts of one document."""

    policy: str
    """The version that is in force on its date."""
    decisions: dict[str, DecidedFact]


@record
class DecidedOrNot:
    """What is decided of one of several, or why not."""

    policy: str | None = None
    decisions: dict[str, DecidedFact] = field(default_factory=dict)
    refused: tuple[Finding, ...] = ()


@record
class DecidedRows:
    """What is decided of several, in their order."""

    rows: tuple[DecidedOrNot, ...]


Decided = DecidedRow | DecidedRows
"""What `/decide` answers: of facts that were sent alone, or of rows."""


@record
class Progress:
    """How far a batch is."""

    done: int
    of: int
    """How many there will be, as far as is known: a bill run over every account is divided on the way."""


@record
class BatchEnd:
    """How a batch ended."""

    done: int
    """How many are planned or posted."""
    before: int
    """How many had been posted before."""
    refused: int
    waiting: int
    """How many wait for approvals now."""
    not_posted: int
    """Those of an atomic batch with which nothing was wrong, but others were refused."""
    not_tried: int
    """How many were not begun any more: nobody listened, or the service was to stop."""
    totals: tuple[Total, ...]
    batch_limits: tuple[Finding, ...] = ()
    """Of what was planned: the limits of the policy that these operations together go beyond."""
    head: str | None = None
    """Of a ledger that was posted to: what stands for all that was ever written into it."""


@record
class ResultLine:
    """A line of an answer that is sent line by line: one of these. The last line is `end`, or a `problem` because of
    which nothing more comes; what was told before holds."""

    explained: ExplanationReport | None = None
    planned: PlanReport | None = None
    posted: PostedReport | None = None
    posted_before: str | None = None
    """The id of an operation that the ledger has already, where it was to be planned."""
    waiting: WaitingReport | None = None
    refused: Refusal | None = None
    not_posted: str | None = None
    """The id of an operation with which nothing was wrong, while others of an atomic batch were refused."""
    progress: Progress | None = None
    end: BatchEnd | None = None
    problem: ProblemReport | None = None


@record
class PolicyTexts:
    """A policy that is sent: all of its files, or edits of the one in force."""

    files: dict[str, str] = field(default_factory=dict)
    """Name of each file -> its text. What they extend is among them, or `standard`."""
    edits: dict[str, str | None] = field(default_factory=dict)
    """Name of a file of the policy in force, as seen from its folder -> its text, or null for one that is gone."""
    policy: str | None = None
    """Which of the files, or which folder of them, is the policy; by default the one file, or all of them together."""


@record
class PoliciesCompared:
    """What `/diff` takes."""

    new: PolicyTexts
    old: PolicyTexts | None = None
    """By default the policy in force."""


@record
class PolicyRefused:
    """A changed policy that is not in force, since it is not sound: the one before is."""

    at: datetime.datetime
    """When it was seen, in UTC."""
    diagnostics: tuple[Finding, ...]


@record
class PoliciesReport:
    """The policy in force: all of its versions, the oldest first."""

    digest: str
    """What stands for all of them: the `etag` of every answer."""
    since: datetime.datetime
    """Since when this process has it in force, in UTC."""
    policies: tuple[Validation, ...]
    refused: PolicyRefused | None = None
    """What stands where it is read from, where that is not it."""


@record
class PolicyCheck:
    """Whether a policy that is sent could be put in force, and what that would change."""

    sound: bool
    """Whether nothing is wrong with it: it would be put in force."""
    policy: Validation | None = None
    """What it consists of, where it is sound."""
    diagnostics: tuple[Finding, ...]
    """All that is wrong with it; of one that is sound, what it has of warnings, and what could be better."""
    difference: DiffReport | None = None
    """What it changes of the policy in force, where its words are understood."""


@record
class AccountLine:
    """An account in a list of them."""

    id: str
    name: str | None = None
    currency: Currency
    open: dict[str, Amount]
    """Currency -> what is open of its invoices and debit memos in it; every currency that it has a document in."""
    unapplied: dict[str, Amount]
    """Currency -> what is unapplied of its payments and credit memos in it."""
    credit: dict[str, Amount]
    """Currency -> the credit balance; nothing where it never changed."""
    documents: int


@record
class AccountsReport:
    """Accounts by their ids."""

    accounts: tuple[AccountLine, ...]
    next: str | None = None
    """Where there are more: what `after` has to be for the next ones."""


def accounts_report(shown: Sequence[ShownAccount], most: int) -> AccountsReport:
    """So many accounts of those that are shown; one more is there to tell that it is not all."""
    accounts = tuple(
        told(
            AccountLine,
            one,
            id=one.account.id,
            name=one.account.name,
            currency=one.account.currency,
            documents=len(one.documents),
        )
        for one in shown[:most]
    )
    return AccountsReport(accounts=accounts, next=accounts[-1].id if len(shown) > most else None)
