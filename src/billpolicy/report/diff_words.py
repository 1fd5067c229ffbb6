"""What every format of a diff says in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from billpolicy.diagnostics.sentences import counted
from billpolicy.report.diff import (
    BEHIND,
    ApartTold,
    ChangedTold,
    DeclaredTold,
    DiffReport,
    GroupTold,
    ImpactTold,
    RuleTold,
    Unlike,
)
from billpolicy.report.explanation import Decision, Explanation, Rule
from billpolicy.report.explanation_text import place_text
from billpolicy.report.texts import origin

NOUNS = {
    "effective": "in force",
    "attributes": "attribute",
    "fields": "field",
    "defaults": "default of",
    "reason_codes": "reason code",
    "roles": "role of",
    "sequence_sets": "sequence set",
    "fiscal_year": "fiscal year",
    "payment_terms": "payment term",
    "cash_steps": "cash step of",
    "tax_rates": "tax code",
    "accounts": "journal accounts of",
    "batch_limits": "batch limit of",
    "limits": "limit",
    "assumptions": "assumption",
    "recording": "mask of",
}
KINDS = {
    "value": "another value",
    "level": "the same value from elsewhere",
    "series": "another number series",
    "due_date": "another due date",
    "amount": "another amount",
    "documents": "other documents",
    "placed": "money put elsewhere",
    "follows": "follows, or no longer does",
    "refused": "refused now",
    "no_longer_refused": "no longer refused",
    "refused_otherwise": "refused for another reason",
    "other": "recorded otherwise",
}
"""Kind of a difference -> how it is called."""
EFFECTS = {
    "outcomes": "changes outcomes",
    "decisions": "changes outcomes only where a decision above shows it",
    "names": "changes outcomes only of what names it",
    "none": "changes no outcome by itself",
}


_OF_THE_CHANGE = ("not-equivalent", "change-not-allowed")
"""Codes that say something of the change, and nothing of either policy by itself."""


def headline(report: DiffReport) -> str:
    """The whole of it in a sentence: `3 rules changed; 14 of 2,000 operations come out differently`."""
    wrong = [one for one in report.diagnostics if one.severity == "error" and one.code not in _OF_THE_CHANGE]
    said = [f"not valid: {counted(len(wrong), 'mistake')}"] if wrong else []
    said += [counted(len(report.beyond), "change") + " not allowed"] if report.beyond else []
    said += [_rules(report.rules), _proof(report)]
    impact = report.impact
    if impact is not None:
        said.append(differing(impact, "operations "))
    return "; ".join(said)


def differing(impact: ImpactTold, what: str = "") -> str:
    """`14 of 2,000 operations come out differently`."""
    if not impact.operations:
        return "there are no operations to compare"
    count = f"{impact.differing:,}" if impact.differing else "none"
    verb = "come" if impact.differing > 1 else "comes"
    return f"{count} of {impact.operations:,} {what}{verb} out differently"


def amounts_text(impact: ImpactTold) -> Iterator[str]:
    """What comes out differently, in money: `1,952.00 EUR, as before`, for each currency."""
    for currency in sorted(impact.old_amounts.keys() | impact.new_amounts.keys()):
        now, before = impact.new_amounts.get(currency), impact.old_amounts.get(currency)
        said = f"{now:,} {currency}" if now is not None else f"nothing in {currency}"
        was = f"{before:,} {currency}" if before is not None else "nothing"
        yield said + (", as before" if now == before else f", before {was}")


def _rules(rules: Sequence[RuleTold]) -> str:
    said = [
        f"{count} {how}"
        for how, count in ((how, sum(one.how == how for one in rules)) for how in ("renamed", "reworded"))
        if count
    ]
    deciding = sum(one.how in ("added", "removed", "changed") for one in rules)
    if not deciding:
        return "no rule changed" + (f" ({', '.join(said)})" if said else "")
    return f"{counted(deciding, 'rule')} changed" + (f" ({', '.join(said)})" if said else "")


def _proof(report: DiffReport) -> str:
    if report.equivalent:
        return "every outcome is proven the same"
    decided = len({(operation, one.key) for one in report.changed if not one.follows for operation in one.operations})
    following = len({(operation, one.key) for one in report.changed if one.follows for operation in one.operations})
    if report.only is not None:
        about = f"{counted(report.differing, 'decision')} differ{'s' if report.differing == 1 else ''}"
        return f"{about}, {decided + following:,} about {report.only}"
    said = [counted(decided, "decision")] if decided else []
    said += [counted(following, "follow-up")] if following else []
    if said:
        return f"{' and '.join(said)} differ{'s' if decided + following == 1 else ''}"
    if report.unproven:
        return f"of {counted(len(report.unproven), 'decision')} it is not proven that they are the same"
    return "every decision is proven the same, but what is declared changes outcomes"


def compared_text(report: DiffReport) -> str:
    """How many decisions were compared with proof."""
    proven = report.decisions - len(report.unproven)
    return f"{proven:,} of {counted(report.decisions, 'decision')} compared with proof, over all facts there can be."


def rule_text(rule: RuleTold) -> str:
    """A rule that changed: `exception german-disputes is new`."""
    kind = {"base_rule": "base rule", "exception": "exception", "follow_up": "follow-up"}[rule.kind]
    now = {
        "added": "is new",
        "removed": "is gone",
        "changed": "says something else",
        "renamed": f"was called {rule.was}",
        "reworded": "gives another reason",
    }[rule.how]
    place = rule.new or rule.old
    return f"{kind} {rule.id} {now}" + (f", {place.file}:{place.line}" if place else "")


def declared_text(one: DeclaredTold) -> str:
    """What is declared otherwise: `payment term Net 30: due in 45 days instead of due in 30 days`."""
    noun = NOUNS[one.section]
    what = noun if one.section == "effective" else f"{noun} {one.name}"
    if one.section == "reason_codes":
        return f"{what} is {'new' if one.how == 'added' else 'gone'}"
    if one.how == "added":
        return f"{what} is new: {one.after}"
    if one.how == "removed":
        return f"{what} is gone: {one.before}"
    if not one.before or not one.after:
        return f"{what}: also {one.after}" if one.after else f"{what}: no longer {one.before}"
    return f"{what}: {one.after} instead of {one.before}"


def operations_text(operations: Sequence[str], most: int = 3) -> str:
    """The operations that a change is about; of many the first ones, and how many more there are."""
    shown = operations if len(operations) <= most + 1 else operations[:most]
    more = len(operations) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def rules_text(rules: Sequence[Rule], base: str = "base rule") -> str:
    """Where it is said: `exception x, file:line`."""
    named = [f"{base if '.' in rule.id else rule.id}, {place_text(rule)}" for rule in rules]
    return "; ".join(named[:3]) + (f"; and {len(named) - 3} more" if len(named) > 3 else "")


def reasons(rules: Sequence[Rule]) -> str:
    """Why, as the rules say; each reason once."""
    return "; ".join(dict.fromkeys(rule.because for rule in rules if rule.because))


def sentence(one: ChangedTold) -> str:
    """A change in one sentence that begins with the operation, without where."""
    if one.follows:
        return f"{one.after} after {one.name} (before: {one.before})"
    if one.after.startswith("from ") and one.before.startswith("from "):
        takes = "takes" if len(one.operations) == 1 else "take"
        return f"{takes} the {one.name} {one.after}, instead of {one.before}"
    if one.after.startswith("from ") or one.before.startswith("from "):
        return f"{one.name}: now {one.after}; before {one.before}"
    return f"{one.name} is {one.after} instead of {one.before}"


def group_text(group: GroupTold | ApartTold) -> str:
    """What a difference is about: an attribute, a setting, a kind of document."""
    key = group.key or ""
    return key.replace("_", " ") if group.kind in ("series", "due_date", "amount", "documents") else key


def apart_text(one: ApartTold) -> str:
    """One thing that comes out otherwise: `bill_to_contact: jonas instead of birgit`."""
    what = group_text(one)
    changed = f"{one.new or 'nothing'} instead of {one.old or 'nothing'}"
    return {
        "value": f"{what}: {changed}",
        "level": f"{what}: from the {one.new} instead of the {one.old}",
        "series": f"number series of the {what}: {changed}",
        "due_date": f"due date of the {what}: {changed}",
        "amount": f"amount of the {what}: {changed}",
        "documents": f"documents of kind {what}: {changed}",
        "placed": f"money: {changed}",
        "follows": f"{one.operation} {'follows now' if one.new else 'no longer follows'}",
        "refused": f"refused now: {one.new}",
        "no_longer_refused": f"no longer refused: {one.old}",
        "refused_otherwise": f"refused: {changed}",
        "other": "what it records is another one",
    }[one.kind]


class Why(NamedTuple):
    """How one side decided something."""

    label: str
    """`now`, `before` or `both`."""
    text: str
    because: str | None


def whys(example: Unlike, one: ApartTold) -> list[Why]:
    """How either side decided what differs, the new one first; once where both decided the same."""
    found = [*_recorded(one), *_explained(example, one)]
    if len(found) == 2 and found[0][1:] == found[1][1:]:
        return [found[0]._replace(label="both")]
    return found


def _recorded(one: ApartTold) -> Iterator[Why]:
    for label, value, rule in (("now", one.new, one.new_rule), ("before", one.old, one.old_rule)):
        if rule is not None:
            yield Why(label, f"{value}, by {rules_text([rule])}" if value else f"by {rules_text([rule])}", rule.because)


def _explained(example: Unlike, one: ApartTold) -> Iterator[Why]:
    for label, explanations, refused in (
        ("now", example.new, example.new_refused),
        ("before", example.old, example.old_refused),
    ):
        if one.kind in ("refused", "no_longer_refused", "refused_otherwise"):
            for finding in refused[:2]:
                yield Why(label, finding.message, None)
        elif one.kind == "follows":
            for each in explanations:
                if each.operation == one.operation and each.step_rule is not None:
                    text = f"after {each.after}, by {rules_text([each.step_rule])}"
                    yield Why(label, text, each.step_rule.because)
        else:
            key = BEHIND.get(one.kind, one.key)
            is_told = one.kind in BEHIND and any(other.key == key for other in example.apart)
            found = None if is_told else _decision(explanations, one.operation, key)
            if found is not None:
                by = f"by {rules_text([found.rule])}"
                from_ = f"from {_origin(found)}, " if found.tried else ""
                yield Why(label, f"{found.value}, {from_}{by}", found.rule.because)


def _decision(explanations: Sequence[Explanation], operation: str, key: str | None) -> Decision | None:
    found = (
        decision
        for each in explanations
        if each.operation == operation
        for decision in each.decisions
        if decision.key == key
    )
    return next(found, None)


def _origin(decision: Decision) -> str:
    source = decision.tried[-1]
    return origin(source.label, source.since, source.operation)
