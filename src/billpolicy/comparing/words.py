"""A change in the words of the domain: what is decided, from where, and for which operations.

Regions are told as a policy would ask for them, by the exception whose `when` they are where there is one.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

from billpolicy.analysis.decisions import DATE, in_force
from billpolicy.analysis.domain import Domain
from billpolicy.comparing.decisions import Changed
from billpolicy.comparing.regions import Region, confined, covers, order, simplified
from billpolicy.diagnostics.sentences import any_of
from billpolicy.money import from_minor
from billpolicy.policy.boxes import hull, outside
from billpolicy.policy.condition import Box, Numbers, Values, Words
from billpolicy.policy.example import in_words
from billpolicy.policy.model import ALWAYS, Chain, Outcome, Policy
from billpolicy.vocabulary.spec import FieldType

MOST_BOXES = 4
"""Of a region that is in more pieces, these are told, and how many more there are."""
MOST_NAMES = 6
_LAST = datetime.date.max.toordinal()
_SIGNS = {(None, -1): "below zero", (0, 0): "zero", (1, None): "above zero", (0, None): "zero or above"}
_SIGNS[None, 0] = "zero or below"


def spoken(name: str) -> str:
    """A name of the policy language as it is said: `bill_to_contact` is the bill-to contact."""
    return name.replace("_to_", "-to ").replace("_", " ")


def before_words(change: Changed, old: Policy) -> str:
    """What the old policy decides."""
    return _REFUSED if change.old_conflict else _outcome(change, change.old, old)


def after_words(change: Changed, new: Policy) -> str:
    """What the new policy decides."""
    return _REFUSED if change.new_conflict else _outcome(change, change.new, new)


_REFUSED = "refused, since two exceptions conflict"


def _outcome(change: Changed, outcome: Outcome | None, policy: Policy) -> str:
    """What one side decides: where the value is from, the value itself, or whether a step follows."""
    if change.event:
        if outcome is None:
            return "does not follow"
        return "follows" if str(outcome) == "refuse" else "follows, and is left out where it is refused"
    if outcome is None:
        return "not decided"
    return _levels(change.key, outcome, policy) if isinstance(outcome, Chain) else str(outcome)


def _levels(key: str, chain: Chain, policy: Policy) -> str:
    said = []
    for level in chain.levels:
        if level == "default":
            value = policy.default_words(key)
            said.append("the policy's default" + (f" ({value})" if value is not None else ""))
        else:
            said.append(f"the {spoken(level)}")
    return f"from {', else '.join(said)}"


def where(change: Changed, old: Policy, new: Policy) -> tuple[str, ...]:
    """The region in words, one text a box; nothing where it is everywhere."""
    if change.region == ({},):
        return ()
    whole = _as_a_whole(change, old, new)
    found = (whole,) if whole is not None else region_words(change.region, change.domain)
    return (*found, "in more regions than can be listed") if change.more else found


def _as_a_whole(change: Changed, old: Policy, new: Policy) -> str | None:
    """The region as the `when` of an exception that decides in it, or everywhere, but for a part: where that is less
    to say than its boxes."""
    domain = change.domain
    candidates: list[tuple[Region, list[str]]] = [(({},), [])]
    for policy, ids in ((new, change.new_rules), (old, change.old_rules)):
        for rule in policy.conditional:
            held = domain.all_canonical(in_force(rule, ALWAYS)) if rule.id in ids and rule.clauses else ()
            boxes = tuple(box for box in (confined(one, domain) for one in held) if box is not None)
            if boxes:
                said = [clause.text for clause in rule.clauses if clause.field != DATE]
                days = [box_words({DATE: boxes[0][DATE]}, domain)] if DATE in boxes[0] else []
                candidates.append((boxes, [*said, *days]))
    found = []
    for place, (boxes, said) in enumerate(candidates):
        if covers(boxes, change.region, domain):
            but = _left_out(boxes, change.region, domain)
            if not but or len(but) < len(change.region):
                no = "not where" if said else "it is not so that"
                left_out = [f"{no} {any_of(box_words(one, domain) for one in but)}"] if but else []
                found.append((len(but), -place, ", but ".join(filter(None, (" and ".join(said), *left_out)))))
    return min(found)[2] if found else None


def _left_out(boxes: Region, region: Region, domain: Domain) -> Region:
    """What of some boxes is not in the region, by what more it says than all of them."""
    rest, around = simplified(outside(boxes, region), domain), hull(boxes)
    return tuple({fact: one[fact] for fact in _said(around, one, domain)} for one in rest)


def _said(box: Box, within: Box, domain: Domain) -> Iterator[str]:
    """The facts of which one box says more than another; an amount with its currency."""
    more = {fact for fact, values in within.items() if box.get(fact) != values}
    money = {domain.same(f"{fact}.currency") for fact in more}
    return (fact for fact in within if fact in more or fact in money)


def region_words(region: Region, domain: Domain) -> tuple[str, ...]:
    """A region, a text for each of its boxes: at most `MOST_BOXES`."""
    said = [box_words(box, domain) for box in sorted(_by_currency(region, domain), key=order)]
    if len(said) > MOST_BOXES:
        said[MOST_BOXES:] = [f"{len(said) - MOST_BOXES} more such regions"]
    return tuple(said)


def _by_currency(region: Region, domain: Domain) -> Region:
    """The same region, told apart by the currencies that it names: bounds of an amount have words in one currency only,
    and a box that is not in euro has left over what is at least 500.00 of anything else."""
    pieces = list(region)
    for fact in (name for name, field in domain.fields.items() if field.type == "money"):
        currency = domain.same(f"{fact}.currency")
        named = sorted({name for box in pieces for name in _currencies(box.get(currency))})
        if named and any(_unspeakable(box, fact, currency) for box in pieces):
            rest = Values(Words(frozenset(named), complement=True), unset=True)
            apart = [*(Values(Words(frozenset((name,)))) for name in named), rest]
            split = [
                {**box, currency: here}
                for box in pieces
                for one in apart
                if not (here := box.get(currency, rest.everything) & one).empty
            ]
            pieces = list(simplified(split, domain))
    return tuple(pieces)


def _unspeakable(box: Box, fact: str, currency: str) -> bool:
    """Whether a box bounds an amount otherwise than by its sign, and in more currencies than can be named."""
    members = box[fact].members if fact in box else None
    return (
        isinstance(members, Numbers)
        and not members.empty
        and not all(both in _SIGNS for both in members.ranges)
        and _of_any(box.get(currency))
    )


def _of_any(currency: Values | None) -> bool:
    """Whether it may be any currency, or any but some."""
    return currency is None or not isinstance(currency.members, Words) or currency.members.complement


def _currencies(values: Values | None) -> frozenset[str]:
    """Those that are named, be it as those that it is not."""
    members = None if values is None else values.members
    return frozenset(map(str, members.names)) if isinstance(members, Words) else frozenset()


def box_words(box: Box, domain: Domain) -> str:
    """The conditions of a box, as a policy asks for them: `reason` is Charge Dispute and `account.country` is DE."""
    box = domain.said(box)
    told_with = {f"{fact}.currency" for fact in box if _type(fact, domain) == "money"}
    said = []
    for fact in sorted(box, key=lambda fact: (fact == DATE, fact)):
        if fact in domain.fields or fact == DATE:
            said.append(f"`{fact}` is {_fact(box, fact, domain)}")
        elif fact not in told_with:
            said.append(f"`{fact.removesuffix('.currency')}` is {_words(box[fact], 'an amount in ')}")
    return " and ".join(said) or "always"


def _type(fact: str, domain: Domain) -> FieldType | None:
    spec = domain.fields.get(fact)
    return None if spec is None else spec.type


def _fact(box: Box, fact: str, domain: Domain) -> str:
    values = box[fact]
    if isinstance(values.members, Words):
        return _words(values)
    if values.members.empty:
        return "unset"
    universe = domain.universe(fact).members
    ends = [end for both in universe.ranges for end in both] if isinstance(universe, Numbers) else []
    if _type(fact, domain) == "money":
        return _money(values, box.get(f"{fact}.currency"), ends)
    type_ = _type(fact, domain)
    return _numbers(values, in_words(type_), ends, within=type_ == "days")


def _money(values: Values, currency: Values | None, ends: list[int | None]) -> str:
    """Bounds of an amount in the currency that the box names. Without one, only its sign can be said."""
    if currency is None or _of_any(currency):
        assert isinstance(values.members, Numbers)
        unset = ["unset"] if values.unset else []
        others = [f"in a currency other than {any_of(sorted(_currencies(currency)))}"] if _currencies(currency) else []
        if others and all(end in ends for both in values.members.ranges for end in both):
            return " or ".join([*others, *unset])
        signs = [_SIGNS.get(both) for both in values.members.ranges]
        if all(signs):
            return " or ".join([" ".join([" or ".join(map(str, signs)), *others]), *unset])
        return _numbers(values, lambda minor: f"{minor} minor units", ends)
    assert isinstance(currency.members, Words)
    codes = sorted(map(str, currency.members.names))
    said = [_numbers(Values(values.members), _in(code), ends) for code in codes]
    return " or ".join(said) + (" or unset" if values.unset else "")


def _in(currency: str) -> Callable[[int], str]:
    return lambda minor: f"{from_minor(minor, currency)} {currency}"


def _numbers(values: Values, text: Callable[[int], str], ends: list[int | None], *, within: bool = False) -> str:
    """Ranges in words; an end beyond which there is nothing is none. `ends`: those of what there is; `within`: whether
    policies say so of what is between zero and a bound."""
    assert isinstance(values.members, Numbers)
    said = []
    for low, high in values.members.ranges:
        low, high = (None if low in ends else low), (None if high in (*ends, _LAST) else high)
        if low is None and high is None:
            said.append("set")
        elif low is None:
            said.append(f"at most {text(high)}")  # type: ignore[arg-type]
        elif high is None:
            said.append(f"at least {text(low)}")
        elif within and low == 0 < high:
            said.append(f"within {text(high)}")
        else:
            said.append(text(low) if low == high else f"{text(low)} to {text(high)}")
    return " or ".join([*said, *(["unset"] if values.unset else [])])


def _words(values: Values, before: str = "") -> str:
    members = values.members
    assert isinstance(members, Words)
    if members.empty:
        return "unset"
    if members == members.everything:
        return "set"
    names = sorted(str(name).lower() if isinstance(name, bool) else str(name) for name in members.names)
    if len(names) > MOST_NAMES:
        names[MOST_NAMES - 1 :] = [f"{len(names) - MOST_NAMES + 1} more"]
    listed = before + any_of(names)
    if members.complement:
        return f"not {listed}" if values.unset else f"set and not {listed}"
    return listed + (" or unset" if values.unset else "")
