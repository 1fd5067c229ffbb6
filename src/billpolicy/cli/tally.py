"""What became of a whole file of operations: a table to read, and a CSV report of what was refused."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from billpolicy.plan import Plan
from billpolicy.planning.request import Asked
from billpolicy.running.limits import Totals
from billpolicy.source.diagnostic import Diagnostic

MANY = 50
"""Operations; more are told as a table, unless `--details` asks for each."""
_SHOWN = 20
"""Refused operations that the table lists; the report has all of them."""


@dataclass
class Tally:
    """Counts and amounts by operation, and everything that was refused."""

    done: Totals = field(default_factory=Totals)
    asked_for: set[str] = field(default_factory=set)
    """Operations that were asked for; all others in `done` followed them."""
    repeated: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[Asked, Sequence[Diagnostic]]] = field(default_factory=list)
    given_up: int = 0
    """Operations of an `--atomic` batch with which nothing was wrong."""
    accepted: int = 0
    """Operations that were asked for and are done; `repeated` ones were done before."""

    @property
    def count(self) -> int:
        """How many operations were looked at."""
        return self.accepted + self.repeated.total() + len(self.refused) + self.given_up

    def add(self, asked: Asked, plan: Plan | None, problems: Sequence[Diagnostic], *, repeated: bool = False) -> None:
        """Count what came of one operation."""
        self.asked_for.add(asked.request.operation)
        if plan is None and problems:
            self.refused.append((asked, problems))
        elif plan is None:
            self.given_up += 1
        elif repeated:
            self.repeated[asked.request.operation] += 1
        else:
            self.accepted += 1
            self.done.add(plan)

    def table(self, verb: str) -> str:
        """One line for each operation; `verb` is what was done: `planned` or `posted`."""
        refused = Counter(asked.request.operation for asked, _ in self.refused)
        names = sorted(self.asked_for) + sorted(self.done.counts.keys() - self.asked_for - {"every_operation"})
        lines = [f"{'operation':<28}{verb:>8}{'before':>8}{'refused':>9}  amount"]
        for name in names:
            counts = f"{self.done.counts[name]:>8,}{self.repeated[name]:>8,}{refused[name]:>9,}"
            follows = "" if name in self.asked_for else "+ "
            lines.append(f"{follows + name:<28}{counts}  {self._amount(name)}".rstrip())
        if len(names) > len(self.asked_for):
            lines.append("+ followed by rules of the policy")
        if self.refused:
            lines += ["", f"refused: {len(self.refused):,}"]
            for asked, problems in self.refused[:_SHOWN]:
                lines.append(f"  {asked.request.id}: {problems[0].message} [{problems[0].code}]")
            if len(self.refused) > _SHOWN:
                lines.append(f"  ... and {len(self.refused) - _SHOWN:,} more: --report FILE.csv lists all")
        return "\n".join(lines) + "\n"

    def _amount(self, name: str) -> str:
        return ", ".join(f"{total:,} {currency}" for currency, total in sorted(self.done.amounts.get(name, {}).items()))

    def write_report(self, path: Path) -> None:
        """Every reason for every refused operation as CSV: id, operation, file, line, code, message, hint."""
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("id", "operation", "file", "line", "code", "message", "hint"))
            for asked, problems in self.refused:
                for problem in problems:
                    at = problem.position
                    place = (at.file, at.line) if at else ("", "")
                    row = (asked.request.id, asked.request.operation, *place, problem.code, problem.message)
                    rows.writerow(_harmless(str(cell)) for cell in (*row, problem.hint or ""))


def _harmless(cell: str) -> str:
    """A spreadsheet takes what begins like this for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
