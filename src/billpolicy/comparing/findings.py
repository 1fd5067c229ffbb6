"""What of a change is a finding, at the rule that a reviewer looks at."""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.comparing.decisions import Changed
from billpolicy.comparing.declared import Declared
from billpolicy.comparing.difference import A_DIFFERENCE, PolicyDifference
from billpolicy.comparing.regions import Region
from billpolicy.comparing.words import after_words, before_words, region_words, spoken
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.policy.model import Policy

_PROVEN = "only what changes no outcome passes --equivalent: diff without it tells all that this changes"


def not_equivalent(difference: PolicyDifference) -> list[Diagnostic]:
    """Everything for which it is not proven that the same comes out."""
    expect(difference, PolicyDifference, A_DIFFERENCE)
    changing = [one for one in difference.declared if one.effect in ("outcomes", "names")]
    found = [declared_finding("not-equivalent", one, _PROVEN) for one in changing]
    for change in difference.decisions.changed:
        found.append(decision_finding("not-equivalent", change, change.operations, change.region, difference, _PROVEN))
    for operation, key in difference.decisions.unproven:
        message = f"it is not proven that `{operation}` decides `{key}` as before: too many conditions overlap"
        found.append(Diagnostic("not-equivalent", message, difference.new.position, _PROVEN))
    return found


def declared_finding(code: Code, one: Declared, hint: str) -> Diagnostic:
    """Something is declared otherwise."""
    what = "the days on which the policy is in force are" if one.section == "effective" else f"`{one.name}` is"
    at = "" if one.section == "effective" else f" in `{one.section}`"
    said = f": {one.after or 'nothing'} instead of {one.before or 'nothing'}" if one.how == "changed" else ""
    return Diagnostic(code, f"{what} {one.how}{at}{said}", one.new or one.old, hint)


def decision_finding(
    code: Code, change: Changed, operations: Sequence[str], region: Region, difference: PolicyDifference, hint: str
) -> Diagnostic:
    """A decision comes out otherwise in a region."""
    old, new = difference.old, difference.new
    names = ", ".join(f"`{name}`" for name in operations[:3])
    names += f" and {len(operations) - 3} more" if len(operations) > 3 else ""
    after, before = after_words(change, new), before_words(change, old)
    where = "always" if region == ({},) else f"where {'; or '.join(region_words(region, change.domain))}"
    what = f"after {spoken(change.key)} it {after}" if change.event else f"the {spoken(change.key)} is {after}"
    return Diagnostic(code, f"{names}: {what}, and was {before}; {where}", _place(change, old, new), hint)


def _place(change: Changed, old: Policy, new: Policy) -> Position:
    """An exception that decides now or a follow-up that runs, the base rule that does, or what is gone."""
    for policy, ids in ((new, change.new_rules), (old, change.old_rules)):
        conditional = {one.id: one for one in policy.conditional}
        for id in ids:
            if id in conditional and (policy is new or all(one.id != id for one in new.conditional)):
                return conditional[id].position
    found = next((rule for id in change.new_rules if (rule := new.rules.get(id)) is not None), new)
    return found.position
