"""What became of a whole file of operations: a table to read, and a CSV report of what was refused."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.spreadsheets import harmless
from billpolicy.planning.plan import in_turn
from billpolicy.planning.request import Instruction
from billpolicy.posting.limits import EVERY, Totals, beyond
from billpolicy.posting.posting import Outcome
from billpolicy.posting.store import Posted
from billpolicy.report.results import Total
from billpolicy.report.texts import in_lines

MANY = 50
"""Operations; more are told as a table, unless `--details` asks for each."""
_SHOWN = 20
"""Refused operations that the table lists; the report has all of them."""


@dataclass
class Tally:
    """Counts and amounts by operation, and everything that was refused."""

    done: Totals = field(default_factory=Totals)
    """As limits count it, with what followed."""
    asked_for: Totals = field(default_factory=Totals)
    followed: Totals = field(default_factory=Totals)
    names: set[str] = field(default_factory=set)
    """The operations that were asked for."""
    repeated: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[Instruction, Sequence[Diagnostic]]] = field(default_factory=list)
    given_up: int = 0
    """Operations of an `--atomic` batch with which nothing was wrong."""
    accepted: int = 0
    """Operations that were asked for and are done; `repeated` ones were done before."""

    @property
    def count(self) -> int:
        """How many operations were looked at."""
        return self.accepted + self.repeated.total() + len(self.refused) + self.given_up

    def add(self, asked: Instruction, outcome: Outcome) -> None:
        """Count what came of one operation."""
        self.names.add(asked.request.operation)
        if outcome.problems:
            self.refused.append((asked, outcome.problems))
        elif outcome.plan is None:
            self.given_up += 1
        elif outcome.posted is not None and outcome.posted.repeated:
            self.repeated[asked.request.operation] += 1
        else:
            self.accepted += 1
            self.done.add(outcome.plan, outcome.job.asked.id)
            first, *steps = in_turn(outcome.plan)
            self.asked_for.add_one(first, _signed)
            for step in steps:
                self.followed.add_one(step, _signed)

    def beyond(self, versions: Versions) -> list[Diagnostic]:
        """Each of the policy's `batch_limits` that these operations go beyond."""
        return list(beyond(versions.policies, self.done))

    def table(self, verb: str) -> str:
        """One line for each operation; `verb` is what was done: `planned` or `posted`."""
        refused = Counter(asked.request.operation for asked, _ in self.refused)
        lines = [f"{'operation':<28}{verb:>8}{'before':>8}{'refused':>9}  amount"]
        for name in sorted(self.names):
            counts = f"{self.asked_for.counts[name]:>8,}{self.repeated[name]:>8,}{refused[name]:>9,}"
            lines.append(f"{name:<28}{counts}  {_amounts(self.asked_for, name)}".rstrip())
        steps = sorted(self.followed.counts.keys() - {EVERY})
        if steps:
            lines += ["", "what followed them"]
        for name in steps:
            lines.append(
                f"{name:<28}{self.followed.counts[name]:>8,}{'':>17}  {_amounts(self.followed, name)}".rstrip()
            )
        if self.refused:
            lines += ["", f"refused: {len(self.refused):,}"]
            for asked, problems in self.refused[:_SHOWN]:
                lines.append(f"  {asked.request.id}: {problems[0].message} [{problems[0].code}]")
            if len(self.refused) > _SHOWN:
                lines.append(f"  ... and {len(self.refused) - _SHOWN:,} more: --report FILE.csv lists all")
        return in_lines(lines)

    def totals(self, told: int) -> tuple[Total, ...]:
        """What the operations add up to, where only so many of them are told of one by one."""
        if told == self.count:
            return ()
        refused = Counter(asked.request.operation for asked, _ in self.refused)
        return tuple(
            Total(
                operation=name,
                done=self.asked_for.counts[name],
                followed=self.followed.counts[name],
                before=self.repeated[name],
                refused=refused[name],
                amounts=_summed(self.asked_for.amounts.get(name, {}), self.followed.amounts.get(name, {})),
            )
            for name in sorted(self.names | self.followed.counts.keys() - {EVERY})
        )

    def posted_text(self, asked: int) -> str:
        """How many of those that were asked for are posted, and what became of the others."""
        repeated = self.repeated.total()
        others = [
            f", {repeated:,} had been posted before" if repeated else "",
            f", {self.given_up:,} not posted{' because of those' if self.refused else ''}" if self.given_up else "",
            f", {asked - self.count:,} not tried" if asked > self.count else "",
        ]
        return f"{self.accepted:,} posted, {len(self.refused):,} refused{''.join(others)}"

    def planned_text(self) -> str:
        """How many are planned, and what became of the others."""
        repeated = self.repeated.total()
        before = f", {repeated:,} had been posted before" if repeated else ""
        again = f", {self.given_up:,} planned as a step of another one" if self.given_up else ""
        return f"{self.accepted:,} planned, {len(self.refused):,} refused{before}{again}; nothing was posted"

    def report(self) -> str:
        """Every reason for every refused operation as CSV: id, operation, file, line, code, message, hint."""
        file = io.StringIO(newline="")
        rows = csv.writer(file)
        rows.writerow(("id", "operation", "file", "line", "code", "message", "hint"))
        for asked, problems in self.refused:
            for problem in problems:
                at = problem.position
                place = (at.file, at.line) if at else ("", "")
                row = (asked.request.id, asked.request.operation, *place, problem.code, problem.message)
                rows.writerow(harmless(str(cell)) for cell in (*row, problem.hint or ""))
        return file.getvalue()


def before_text(posted: Posted) -> str:
    """An operation that was posted before: by whom, when, and what it made."""
    numbers = ", ".join(one.document.number for plan in in_turn(posted.plan) for one in plan.documents)
    when = f"posted before by {posted.audit.who} at {posted.audit.at:%Y-%m-%d %H:%M} UTC"
    return in_lines([f"{posted.plan.id}: {when}" + (f": {numbers}" if numbers else ""), ""])


def _amounts(totals: Totals, name: str) -> str:
    return ", ".join(f"{total:,} {currency}" for currency, total in sorted(totals.amounts.get(name, {}).items()))


def _summed(*amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    currencies = sorted({currency for each in amounts for currency in each})
    return {currency: sum((each.get(currency, Decimal(0)) for each in amounts), Decimal(0)) for currency in currencies}


def _signed(amount: Decimal) -> Decimal:
    """What is billed less what is credited on negative invoices."""
    return amount
