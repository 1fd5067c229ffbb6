"""The analysis of a policy from a place, and the book and operation that show what it has found."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from billpolicy.analysis.analyse import Analysis, analyse
from billpolicy.analysis.dates import holes_between
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.analysis.together import USUAL_DAY
from billpolicy.deciding.proven import prove
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.policy.model import Policy
from billpolicy.source.files import Place, place
from billpolicy.witness.witness import OWN, Witness, witness


def analyze(policy: str | Path | Place) -> Analysis:
    """What can be proven of the policy at a place, a folder or a file: what is wrong or odd, and what holds.

    It may have conflicts and circles, which are among the findings. Raises `Refused` with every other mistake.
    """
    where = place(policy)
    return analyse(prove(where.path, where.files, proofs=False))


def versions_apart(policies: Sequence[Policy]) -> tuple[Finding, ...]:
    """Of versions of one policy: the days between them on which none is in force."""
    return tuple(holes_between(expect_each(policies, Policy, "`policies` must be what `validate` gives, in a list")))


def witness_of(policy: Policy, shown: Shown) -> Witness | None:
    """A book and operations that show what was found; None where none can be made."""
    expect(policy, Policy, "`policy` must be a Policy, as `validate` gives it")
    expect(shown, Shown, "`shown` must be what a finding of `analyze` shows")
    facts = {fact: value for fact, value in shown.facts.items() if fact != "date"}
    day = shown.facts.get("date")
    date = max(policy.effective.from_, USUAL_DAY) if day is None else datetime.date.fromordinal(int(day))
    levels = {level: OWN if held else None for level, held in shown.levels.items()}
    return witness(
        [policy], shown.operation, facts, date=date, levels=levels, attribute=shown.attribute, event=shown.event
    )
