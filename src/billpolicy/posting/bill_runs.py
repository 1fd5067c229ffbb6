"""A bill run over every account is a batch: one bill run for each account, with an id that stays the same.

The id of a part is that of the run and of the account: `BR-1/acme`. So the same command finds what was posted by its
id, and bills what is left or new. An account has a part if its part was posted before, or if any of its subscriptions
has days to bill, to bill again or to credit, or a charge without a start: the very functions that plan a bill run are
asked.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from billpolicy.billing.due import without_start
from billpolicy.book.book import Book
from billpolicy.book.model import Subscription
from billpolicy.book.needs import Needs
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.operations.bill_run import BillRun, check_terms
from billpolicy.operations.billing.bills import may_be_due
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Instruction
from billpolicy.posting import checks
from billpolicy.posting.posting import Job, Parts, refusing
from billpolicy.posting.same_request import ask_the_same
from billpolicy.posting.store import Reader
from billpolicy.source.codec import canonical, decode

_FIRST = 3
"""Subscriptions that say why nothing is due."""


@dataclass(frozen=True)
class _Run:
    """A bill run over every account."""

    job: Job
    """All of it as one operation."""
    request: BillRun
    instruction: Instruction
    versions: Versions
    today: datetime.date
    job_of: Callable[[Instruction], Job]

    @cached_property
    def asked(self) -> Job:
        """The job that is divided."""
        return replace(self.job, divide=self.divide)

    def divide(self, reader: Reader, planned: Book) -> Parts:
        """A job for each account that has a part, by id. Raises `Refused` if there is none, or with other content.

        What is wrong with the run as a whole is told once, beside what was posted before.
        """
        target = self.request.target_date or self.request.document_date(self.today)
        waiting = Book().with_usage(reader.first_unbilled()).with_charge_periods(reader.reopened())
        used = planned.joined(waiting)
        accounts, due, first = _asked(_subscriptions(reader, planned), used, target)
        known = reader.requests([self.id_of(account) for account in accounts])
        posted = {account for account in accounts if self.id_of(account) in known}
        if posted:
            self._check_ids(posted, known)
            self._check_same(min(posted), known)
        elif not due:
            # These say it for all: nothing is due of them either.
            self.job.planner(planned.joined(reader.book(Needs(subscriptions=first))))
        try:
            if due - posted:
                self._check_terms(planned.joined(reader.book(Needs())))
        except Refused as refused:
            return Parts(len(posted) + 1, chain(self._jobs(posted), [refusing(self.job, refused)]))
        return Parts(len(due | posted), self._jobs(due | posted))

    def id_of(self, account: str) -> str:
        """The id of the part of an account."""
        return f"{self.request.id}/{account}"

    def _jobs(self, accounts: Iterable[str]) -> Iterator[Job]:
        return (replace(self.job_of(self._part(account)), part_of=self.asked) for account in sorted(accounts))

    def _part(self, account: str) -> Instruction:
        part = replace(self.request, id=self.id_of(account), part_of=self.request.id, accounts=(account,))
        return Instruction(part, self.instruction.origin, self.instruction.path)

    def _check_ids(self, posted: Iterable[str], known: dict[str, str]) -> None:
        """Refuse a run of which a part would have the id of an operation that is none."""
        for account in sorted(posted):
            id = self.id_of(account)
            if decode(dict, known[id]).get("part_of") != self.request.id:
                raise Refused([checks.part_taken(self.request.id, account, id)])

    def _check_same(self, account: str, known: dict[str, str]) -> None:
        """Refuse a run of which a part was posted with other content; all of them were posted with the same."""
        before, now = decode(dict, known[self.id_of(account)]), self._part(account).data
        if not ask_the_same(before, now):
            raise Refused(checks.differing(self.request.id, before, decode(dict, canonical(now))))

    def _check_terms(self, book: Book) -> None:
        planning = Planning(self.versions, book, self.instruction, self.today)
        check_terms(planning, self.request)
        planning.stop_if_refused()


def divided(
    job: Job, instruction: Instruction, versions: Versions, today: datetime.date, job_of: Callable[[Instruction], Job]
) -> Job:
    """A bill run over every account as a job that is done in parts; `job_of` makes a job of an operation."""
    assert isinstance(instruction.request, BillRun)
    return _Run(job, instruction.request, instruction, versions, today, job_of).asked


def _subscriptions(reader: Reader, planned: Book) -> Iterator[Subscription]:
    """Every subscription, as a dry run leaves it."""
    yield from planned.subscriptions.values()
    yield from (each for each in reader.subscriptions() if each.id not in planned.subscriptions)


def _asked(
    subscriptions: Iterable[Subscription], used: Book, target: datetime.date
) -> tuple[set[str], set[str], frozenset[str]]:
    """The accounts of these subscriptions, those of which something may be due, and the first subscriptions. `used`: a
    book with the first usage of each charge that is not billed, and with what is to be billed again."""
    accounts, due, ids = set(), set(), []
    for each in subscriptions:
        ids.append(each.id)
        accounts.add(each.account)
        if each.account not in due and (without_start(each) or may_be_due(used, each, target)):
            due.add(each.account)
    return accounts, due, frozenset(sorted(ids)[:_FIRST])
