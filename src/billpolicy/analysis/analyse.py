"""All that can be proven of a policy: what is wrong or odd, each with facts that show it; and what holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.circles import circles
from billpolicy.analysis.conflicts import shown_conflicts
from billpolicy.analysis.dates import holes
from billpolicy.analysis.finding import Finding, Look, Shown
from billpolicy.analysis.gaps import gaps, open_chains
from billpolicy.analysis.idle import idle
from billpolicy.analysis.limits import strangers, unchecked_currencies
from billpolicy.diagnostics.sentences import counted
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Vocabulary

LOOKS: tuple[Look, ...] = (idle, gaps, holes, unchecked_currencies, strangers)
"""What is looked for beside what must be proven of every policy (`proofs.py`). Adding one is one line."""


class Analysis(NamedTuple):
    """What came of the analysis of one policy."""

    policy: Policy
    findings: tuple[Finding, ...]
    """In the order of their places."""
    proven: tuple[str, ...]
    """What holds over all facts and days, a sentence each."""


def analyse(policy: Policy, vocabulary: Vocabulary = VOCABULARY) -> Analysis:
    """Everything that is found of a policy whose words are understood; it may have conflicts. What it was warned of
    when it was read is told again, so that whoever asks for proofs misses nothing that `validate` tells."""
    analysed = Analysed(policy, vocabulary)
    conflicting = [
        Finding(one, conflict and Shown(conflict.operation, conflict.facts or {}))
        for one, conflict in shown_conflicts(policy, vocabulary)
    ]
    circling = [Finding(one) for one in circles(policy, vocabulary)]
    found = [*conflicting, *circling, *(one for look in LOOKS for one in look(analysed))]
    told = {one.diagnostic for one in found}
    found += [Finding(one) for one in policy.warnings if one not in told]
    return Analysis(policy, tuple(sorted(found, key=_order)), tuple(_proven(analysed, found)))


def _order(finding: Finding) -> tuple[object, ...]:
    one = finding.diagnostic
    return (one.position or ("",))[:3], one.code, one.message


def _proven(analysed: Analysed, found: list[Finding]) -> Iterator[str]:
    policy = analysed.policy
    codes = {one.diagnostic.code for one in found}
    operations = len({operation for operation, _ in policy.base})
    yield f"{len(policy.base)} decisions of {operations} operations, over all facts and every day {policy.effective}"
    count = len(policy.exceptions)
    if count > 1 and not codes & {"exceptions-conflict", "exceptions-conflict-more", "exceptions-conflict-unproven"}:
        yield f"no two of {count} exceptions can ever disagree"
    if count and not codes & {"exception-dead", "exception-redundant", "exception-unproven"}:
        yield "each exception decides something that would come out otherwise without it"
    if policy.follow_ups and not codes & {"follow-up-cycle", "follow-up-cycle-more"}:
        follow_ups = len(policy.follow_ups)
        yield (
            "1 follow-up, which comes to an end"
            if follow_ups == 1
            else f"{follow_ups} follow-ups, which come to an end"
        )
    meant = [key for _, key, *_ in open_chains(analysed) if policy.attributes[key].exhausted]
    if meant:
        names = ", ".join(f"`{name}`" for name in sorted(set(meant)))
        yield f"{counted(len(meant), 'chain')} of {names} that may find no value, and are meant to be refused then"
    if "chain-open" not in codes:
        yield "every other chain always finds a value" if meant else "every chain always finds a value"
    if policy.assumptions:
        yield f"all of it where {counted(len(policy.assumptions), 'assumption')} hold, which are checked on every book"
