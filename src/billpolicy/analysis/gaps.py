"""Chains that can be exhausted: facts for which no level may hold a value, so that the operation is refused."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.cells import Diagram, NotProven
from billpolicy.analysis.decisions import always_comes, what_comes
from billpolicy.analysis.domain import Case
from billpolicy.analysis.finding import Finding, Shown
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.diagnostics.sentences import counted
from billpolicy.policy.model import Chain


def gaps(analysed: Analysed) -> Iterator[Finding]:
    """Of each attribute the chains that end without a sure value, unless that is meant (`exhausted: refuse` of the
    attribute). A chain that several rules have is told once: it has one cause, and one mend."""
    told: dict[tuple[str, tuple[str, ...]], list[tuple[str, str, Case, Position]]] = {}
    for rule, key, operation, facts, at, chain in open_chains(analysed):
        if not analysed.policy.attributes[key].exhausted:
            told.setdefault((key, chain), []).append((rule, operation, facts, at))
    for (key, chain), ((rule, operation, facts, at), *others) in told.items():
        levels = [level for level in chain if not level.startswith("default")]
        message = f"`{key}` of `{operation}` may find no value by `{rule}`: {_none(levels)}, and it is refused"
        message += f"; so it is by {counted(len(others), 'other rule')} with this chain" if others else ""
        hint = f"{_default(analysed, key, chain)}, or say of the attribute `exhausted: refuse`"
        shown = Shown(operation, facts, dict.fromkeys(levels, False), key)  # type: ignore[arg-type]
        yield Finding(Diagnostic("chain-open", message, at, hint, "hint"), shown)


def open_chains(analysed: Analysed) -> Iterator[tuple[str, str, str, Case, Position, tuple[str, ...]]]:
    """Rule, attribute, operation, facts for which it decides, where it stands, and the levels it comes to."""
    policy = analysed.policy
    for (operation, key), base in policy.base.items():
        if not isinstance(base.outcome, Chain):
            continue
        decision, domain = analysed.decision(operation, key), analysed.domain(operation)
        if all(map(always_comes, (decision.base_comes, *decision.comes))):
            continue
        deciding: dict[str, Case] = {}
        try:
            found = Diagram(domain, decision.boxes, decision.rule_of)
        except NotProven:
            deciding[base.id] = {}
        else:
            for rule, box in found.examples().items():
                facts = domain.case(box)
                if facts is not None:
                    deciding[str(rule)] = facts
        for rule, facts in sorted(deciding.items()):
            exception = analysed.rules.get(rule)
            outcome = base.outcome if exception is None else exception.then[key]
            at = base.position if exception is None else exception.then_at.get(key, exception.position)
            comes = what_comes(policy, analysed.vocabulary[operation], key, outcome)
            if not always_comes(comes):
                yield rule, key, operation, facts, at, comes


def _default(analysed: Analysed, key: str, chain: tuple[str, ...]) -> str:
    """How the chain gets a sure value: it may end with a default that some accounts do not choose."""
    if key in analysed.policy.defaults_by and any(level.startswith("default") for level in chain):
        return f"add `otherwise` to the default of `{key}`, which some accounts do not choose"
    return f"add `default` with a default for `{key}`"


def _none(levels: list[str]) -> str:
    if not levels:
        return "no level of its chain can hold one"
    words = [level.replace("_", " ") for level in levels]
    if len(words) == 1:
        return f"the {words[0]} may have none"
    return f"{', '.join(words[:-1])} and {words[-1]} may have none"
