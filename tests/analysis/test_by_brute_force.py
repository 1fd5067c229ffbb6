"""What is proven of a policy, against all facts of a small world and a plain reading of docs/policy-language.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from billpolicy.analysis.analyse import analyse
from billpolicy.analysis.analysed import Analysed
from billpolicy.analysis.compare import Comparer
from billpolicy.analysis.conflicts import find_conflicts
from billpolicy.analysis.finding import Finding
from billpolicy.analysis.gaps import open_chains
from billpolicy.policy.condition import Box, Fact, Facts
from tests.helpers.plain_policies import (
    ABOUT,
    FIELDS,
    OTHERS,
    SMALL,
    Drawn,
    Meaning,
    Outcome,
    Plain,
    Point,
    Rule,
    as_point,
    conditions,
    currencies_of,
    flat,
    frames,
    holding,
    holds,
    in_force,
    keys_of,
    loaded,
    policies,
    rules,
    text_of,
    world,
)
from tests.helpers.properties import examples


class Seen(NamedTuple):
    """A policy with all that its rules make of the world."""

    meaning: Meaning
    sets: Mapping[str, frozenset[frozenset[str]]]
    """Of each operation the sets of rules that hold together."""


def seen(drawn: Drawn) -> Seen:
    sets = {
        operation: frozenset(
            holding(drawn.plain.rules, operation, point) for point in world(drawn.plain, operation, drawn.groups)
        )
        for operation in drawn.operations
    }
    return Seen(Meaning(drawn.plain), sets)


# -- facts that are told -----------------------------------------------------------------------------------------------


def completed(plain: Plain, operation: str, facts: Mapping[str, Fact | None]) -> Point:
    """What is not said may be anything: what must be there is put there. What is said goes together."""
    point: dict[str, Any] = {"date": plain.from_, **as_point(facts)}
    spec = SMALL[operation]
    names = {field.name for field in spec.fields}
    assert set(point) <= names, "facts of the operation, by their own names"
    if "from" in names:
        point.setdefault("from", point["date"])
        point.setdefault("back_dated", point["from"] < point["date"])
        assert point["back_dated"] or point["from"] >= point["date"]
    for scope in ("account", "invoice", "payment"):
        its = [name for name in names if name.startswith(f"{scope}.")]
        if not its or (scope in spec.uncertain and not any(name in point for name in its)):
            continue
        if scope != "account":
            whole, rest = f"{scope}.amount", f"{scope}.balance"
            currency = point.setdefault(f"{scope}.currency", "JPY")
            settled = point.get(f"{scope}.settled")
            if whole not in point and rest not in point:
                point[whole] = (2, currency)
                point[rest] = ({"part": 1, "all": 0}.get(str(settled), 2), currency)
            point.setdefault(whole, point.get(rest))
            point.setdefault(rest, point[whole])
            (amount, of_amount), (balance, of_balance) = point[whole], point[rest]
            assert of_amount == of_balance == currency == point.get("amount", (0, currency))[1]
            assert min(amount, 0) <= balance <= max(amount, 0), "no more is open than it is over"
            sign = "below_zero" if balance < 0 else "above_zero" if balance else "zero"
            assert point.setdefault(f"{scope}.balance_is", sign) == sign
            if f"{scope}.settled" in names:
                how = "nothing" if balance == amount else "part" if balance else "all"
                assert point.setdefault(f"{scope}.settled", how) == how
            point.setdefault(f"{scope}.number", "D-9")
            point.setdefault(f"{scope}.date", plain.from_)
        else:
            point.setdefault("account.id", "A-9")
            point.setdefault("account.currency", "JPY")
    who = point.get("actor.id")
    assert all(point.get(fact) is None for fact, value in facts.items() if value is None)
    assert point.get("actor.role") == dict(plain.roles).get(str(who)), "a role is that of a person"
    return point


# -- what is found of one policy ---------------------------------------------------------------------------------------


@examples(40)
@given(policies(6))
def test_conflicts(drawn: Drawn) -> None:
    policy = loaded(drawn.plain)
    meaning, sets = seen(drawn)
    expected = {
        (first, second, operation, key)
        for operation in drawn.operations
        for key in keys_of(operation)
        for those in sets[operation]
        for first, second in combinations(meaning.survivors(operation, key, those), 2)
        if len(meaning.said(key, (first, second))) > 1
    }
    found = list(find_conflicts(policy, SMALL))
    assert {(one.first, one.second, one.operation, one.key) for one in found} == expected, text_of(drawn.plain)
    for one in found:
        assert one.facts is not None
        point = completed(drawn.plain, one.operation, one.facts)
        those = holding(drawn.plain.rules, one.operation, point)
        assert {one.first, one.second} <= set(meaning.survivors(one.operation, one.key, those))


def by_code(found: tuple[Finding, ...], code: str) -> dict[str, Finding]:
    """The findings of a code, by the rule that each is about."""
    return {one.diagnostic.message.split("`")[1]: one for one in found if one.diagnostic.code == code}


@examples(40)
@given(policies(5))
def test_what_never_decides_and_what_changes_nothing(drawn: Drawn) -> None:
    policy = loaded(drawn.plain)
    meaning, sets = seen(drawn)
    found = analyse(policy, SMALL).findings
    dead, redundant = by_code(found, "exception-dead"), by_code(found, "exception-redundant")
    for rule in drawn.plain.rules:
        without = meaning.without(rule.id)
        cases = [
            (operation, key, those)
            for operation in drawn.operations
            for key in keys_of(operation)
            for those in sets[operation]
        ]
        matters = any(meaning.comes(*one) != without.comes(*one[:2], one[2] - {rule.id}) for one in cases)
        decides = any(rule.id in meaning.survivors(*one) for one in cases)
        expected = (not matters and not decides, not matters and decides)
        assert (rule.id in dead, rule.id in redundant) == expected, (rule.id, text_of(drawn.plain))
        shown = (dead.get(rule.id) or redundant.get(rule.id) or Finding(None)).shown  # type: ignore[arg-type]
        if shown is not None:
            those = holding(drawn.plain.rules, shown.operation, completed(drawn.plain, shown.operation, shown.facts))
            keys = [key for key, _ in rule.then]
            assert rule.id in those
            decided = [rule.id in meaning.survivors(shown.operation, key, those) for key in keys]
            assert any(decided) if rule.id in redundant else not any(decided)
        assert rule.id not in dead or (shown is not None) == any(rule.id in those for _, _, those in cases)


@examples(25)
@given(policies(5))
def test_chains_that_may_find_nothing(drawn: Drawn) -> None:
    policy = loaded(drawn.plain)
    meaning, sets = seen(drawn)
    expected = set()
    for operation in drawn.operations:
        for key in keys_of(operation):
            for those in sets[operation] if key != "permission" else ():
                decider = meaning.decider(operation, key, those)
                rule = meaning.by_id.get(decider)
                outcome = dict(rule.then)[key] if rule else dict(drawn.plain.base)[operation, key]
                if "default" not in outcome or key != "note":
                    expected.add((decider, key, operation))
    found = list(open_chains(Analysed(policy, SMALL)))
    assert {one[:3] for one in found} == expected, text_of(drawn.plain)
    for rule_id, key, operation, facts, *_ in found:
        those = holding(drawn.plain.rules, operation, completed(drawn.plain, operation, facts))
        assert meaning.decider(operation, key, those) == rule_id


@examples(40)
@given(policies(4))
def test_limits_that_a_person_in_no_role_passes(drawn: Drawn) -> None:
    """Somebody whom neither a role nor a rule names does what a rule stops others from. Of each operation the first by
    its place is told."""
    meaning, sets = seen(drawn)
    expected, told = set[tuple[str, str]](), set[str]()
    for rule in drawn.plain.rules:
        asks = [field for field, _ in rule.when if field.startswith("actor.")]
        if not asks or dict(rule.then).get("permission", "allowed") == "allowed":
            continue
        rest = tuple((field, said) for field, said in rule.when if field not in asks)
        for operation in rule.operations:
            lively = any(rule.id in those for those in sets[operation])
            for point in world(drawn.plain, operation, drawn.groups) if lively and operation not in told else ():
                if point.get("actor.id") == "somebody else" and in_force(rule, day_of(point)) and holds(rest, point):
                    those = holding(drawn.plain.rules, operation, point)
                    if "allowed" in meaning.comes(operation, "permission", those):
                        expected.add((rule.id, operation))
        told |= {operation for id, operation in expected if id == rule.id}
    found = by_code(analyse(loaded(drawn.plain), SMALL).findings, "limit-passed")
    assert set(found) == {id for id, _ in expected}, text_of(drawn.plain)
    for finding in found.values():
        assert finding.shown is not None
        point = completed(drawn.plain, finding.shown.operation, finding.shown.facts)
        assert point["actor.id"] not in dict(drawn.plain.roles)
        those = holding(drawn.plain.rules, finding.shown.operation, point)
        assert "allowed" in meaning.comes(finding.shown.operation, "permission", those)


def day_of(point: Point) -> int:
    """The document date."""
    day = point["date"]
    assert isinstance(day, int)
    return day


@examples(40)
@given(policies(4))
def test_amounts_in_currencies_that_nothing_asks_about(drawn: Drawn) -> None:
    """No condition names the third currency. Where all but the amounts of a rule that is silent of others holds in it,
    is less stopped than by the rule, or does nothing decide? Of each decision the first rule by its id is told."""
    meaning, sets = seen(drawn)
    expected, told = dict[str, bool](), set[tuple[str, str, str, bool]]()
    for rule in sorted(drawn.plain.rules, key=lambda rule: rule.id):
        money = [field for field, said in rule.when if currencies_of(said) and OTHERS not in dict(said)]  # type: ignore[arg-type]
        rest = tuple((field, said) for field, said in rule.when if FIELDS[field].type != "money")
        if len([field for field, said in rule.when if FIELDS[field].type == "money"]) > 1:
            assume("credit_only" not in rule.operations)  # amounts may be in two currencies there
        mine = set[tuple[str, str, str, bool]]()
        for operation in rule.operations:
            met = any(rule.id in those for those in sets[operation])
            for point in world(drawn.plain, operation, drawn.groups) if money and met else ():
                if in_force(rule, day_of(point)) and holds(rest, point):
                    those = holding(drawn.plain.rules, operation, point)
                    for field, (key, outcome) in product(money, rule.then):
                        comes = meaning.comes(operation, key, those)
                        if _in_yen(point, field) and key == "permission" and _stops_less(comes, outcome):
                            mine.add((operation, key, field, True))
                        if _in_yen(point, field) and not meaning.survivors(operation, key, those):
                            mine.add((operation, key, field, False))
        # That less is stopped is told in the place of the other.
        mine = {one for one in mine if one[3] or (*one[:3], True) not in mine | told}
        if mine - told:
            expected[rule.id] = any(passed for *_, passed in mine - told)
        told |= mine
    lively = {id for each in sets.values() for those in each for id in those}
    assume(all(rule.id in lively for rule in drawn.plain.rules))
    found = dict[str, bool]()
    for one in analyse(loaded(drawn.plain), SMALL).findings:
        if one.diagnostic.code in ("currency-unchecked", "limit-of-one-currency"):
            id = one.diagnostic.message.split("`")[1]
            found[id] = found.get(id, False) or one.diagnostic.code == "limit-of-one-currency"
    assert found == expected, text_of(drawn.plain)


def _stops_less(comes: frozenset[Outcome], outcome: Outcome) -> bool:
    """Whether something is let through that a limit stops."""
    return outcome != "allowed" and ("allowed" in comes or (outcome == "refused" and comes != {"refused"}))


def _in_yen(point: Point, field: str) -> bool:
    value = point.get(field)
    return isinstance(value, tuple) and value[1] == "JPY"


@examples(30)
@given(policies(5))
def test_days_on_which_nothing_carries_on(drawn: Drawn) -> None:
    meaning, plain = Meaning(drawn.plain), drawn.plain
    points = {operation: list(world(plain, operation, drawn.groups)) for operation in drawn.operations}

    def alike(one: Rule, other: Rule) -> bool:
        keys = {key for key, _ in one.then} & {key for key, _ in other.then}
        shared = set(one.operations) & set(other.operations) if keys else ()
        return one is not other and any(
            holds(one.when, point) and holds(other.when, point) for operation in shared for point in points[operation]
        )

    ends, hole = set[str](), set[str]()
    for one in plain.rules:
        if one.until is None or (plain.until is not None and one.until >= plain.until):
            continue
        others = [other for other in meaning.by_id.values() if alike(one, other)]
        if not any(in_force(other, one.until) for other in others):
            starts = (other.from_ for other in others if other.from_ is not None and other.from_ > one.until)
            later = any(plain.until is None or start < plain.until for start in starts)
            (hole if later else ends).add(one.id)
    found = analyse(loaded(plain), SMALL).findings
    assert set(by_code(found, "ends-without-successor")) == ends, text_of(plain)
    holes = {one.diagnostic.message.split("`")[1] for one in found if one.diagnostic.code == "dated-hole"}
    assert holes == hole, text_of(plain)


# -- two policies ------------------------------------------------------------------------------------------------------


OTHER_ROLES = (
    (("ines", "clerk"), ("maria", "lead")),
    (("ines", "lead"), ("bob", "clerk")),
    (("maria", "lead"), ("bob", "clerk")),
)


class Two(NamedTuple):
    old: Drawn
    new: Drawn


@st.composite
def pairs(draw: st.DrawFn) -> Two:
    """A policy and one that is like it: with other rules, some of them the same, and other roles and reasons."""
    frame = draw(frames())
    old = frame._replace(plain=frame.plain._replace(rules=draw(rules(frame, 4))))
    new = old
    for _ in range(draw(st.integers(0, 3))):
        plain = new.plain
        kind = draw(st.sampled_from(("drop", "add", "then", "roles", "codes", "base", "rename", "days")))
        if kind == "drop" and plain.rules:
            gone = draw(st.sampled_from(plain.rules)).id
            plain = Meaning(plain).without(gone).plain
        elif kind == "add":
            more = draw(rules(new, 2, "xyz"))
            plain = plain._replace(rules=(*(r for r in plain.rules if r.id not in {m.id for m in more}), *more))
            ids = {rule.id for rule in plain.rules}
            rest = (r._replace(overrides=tuple(o for o in r.overrides if o in ids)) for r in plain.rules)
            plain = plain._replace(rules=tuple(rest))
        elif kind == "then" and plain.rules:
            one = draw(st.sampled_from(plain.rules))
            other = draw(rules(new, 1))[0]
            changed = one._replace(when=other.when) if set(one.operations) <= set(other.operations) else one
            plain = plain._replace(rules=tuple(changed if r is one else r for r in plain.rules))
        elif kind == "roles":
            plain = plain._replace(roles=draw(st.sampled_from(OTHER_ROLES)) if plain.roles else ())
        elif kind == "codes":
            plain = plain._replace(codes=("A", "B", "C"))
        elif kind == "base":
            plain = plain._replace(base=draw(frames()).plain.base or plain.base)
            here = dict(frame.plain.base)
            plain = plain._replace(base=tuple((k, v) for k, v in {**here, **dict(plain.base)}.items() if k in here))
        elif kind == "rename":
            plain = plain._replace(
                rules=tuple(
                    r._replace(id=f"r-{r.id}", overrides=tuple(f"r-{o}" for o in r.overrides)) for r in plain.rules
                )
            )
        elif kind == "days":
            plain = plain._replace(from_=plain.from_ + 1) if plain.from_ == old.plain.from_ else plain
        new = new._replace(plain=plain)
    return Two(old, new)


def within(box: Box, facts: Facts) -> bool:
    return all(values.allows(facts.get(fact)) for fact, values in box.items())


def with_role(plain: Plain, point: Point) -> Point:
    """The facts as a policy knows them: whoever asks has the role that it gives them."""
    return {**point, "actor.role": dict(plain.roles).get(str(point.get("actor.id")))} if "actor.id" in point else point


@examples(30)
@given(pairs(), st.data())
def test_what_differs_between_two_policies(two: Two, data: st.DataObject) -> None:
    old, new = two
    comparer = Comparer(loaded(old.plain), loaded(new.plain), SMALL)
    mine, theirs = Meaning(old.plain), Meaning(new.plain)
    both = new.plain._replace(codes=tuple(sorted({*old.plain.codes, *new.plain.codes})))
    allowed = data.draw(st.none() | rules(new, 1).map(lambda drawn: drawn[0]))
    boxes = [] if allowed is None else boxes_of(both, allowed)
    for operation in new.operations:
        points = [
            point
            for point in world(both, operation, new.groups)
            if point["date"] >= old.plain.from_ and (old.plain.until is None or point["date"] < old.plain.until)  # type: ignore[operator]
        ]
        for key in keys_of(operation):
            found = comparer.compare(operation, key, boxes)
            assert found.proven
            some = False
            for point in points:
                before, after = (holding(one.plain.rules, operation, with_role(one.plain, point)) for one in (old, new))
                differs = mine.comes(operation, key, before) != theirs.comes(operation, key, after)
                if allowed is not None and holds(allowed.when, with_role(new.plain, point)):
                    differs = False
                some = some or differs
                inside = [one for one in found.differences if within(one.box, flat(point))]
                assert len(inside) == differs, (operation, key, point, found, text_of(old.plain), text_of(new.plain))
                if differs:
                    assert inside[0].old.rule == mine.decider(operation, key, before)
                    assert inside[0].new.rule == theirs.decider(operation, key, after)
            assert found.equal == (not some)
            for one in found.differences:
                point = completed(new.plain, operation, one.facts)
                before, after = (
                    holding(each.plain.rules, operation, with_role(each.plain, point)) for each in (old, new)
                )
                assert mine.comes(operation, key, before) != theirs.comes(operation, key, after)
                assert within(one.box, flat(point))


def boxes_of(plain: Plain, rule: Rule) -> Sequence[Box]:
    """The condition of a rule as a file of what is allowed has it."""
    policy = loaded(plain._replace(rules=(rule._replace(overrides=()),), base=plain.base))
    return policy.exceptions[0].boxes


@examples(30)
@given(frames(), st.data())
def test_whether_something_follows(drawn: Drawn, data: st.DataObject) -> None:
    """Of several that hold the strictest counts."""
    fields = {field.name for field in SMALL["write_off_invoice"].fields_after("invoice_posted")}
    groups = [group for group in ("invoice", "actor", "country", "subscription") if group in drawn.groups]
    asked = sorted({field for group in ("day", *groups) for field in ABOUT[group]} & fields)

    def follow_ups() -> tuple[Rule, ...]:
        whens = data.draw(st.lists(conditions(drawn.plain, asked), max_size=3))
        refused = st.sampled_from(("refuse", "leave_out"))
        return tuple(
            Rule(f"f{n}", ("write_off_invoice",), when, if_refused=data.draw(refused)) for n, when in enumerate(whens)
        )

    old, new = (drawn.plain._replace(follow_ups=follow_ups(), assumptions=()) for _ in "12")
    found = Comparer(loaded(old), loaded(new), SMALL).compare_follow_ups("invoice_posted", "write_off_invoice")

    def comes(plain: Plain, point: Point) -> tuple[str | None, str]:
        those = [one for one in plain.follow_ups if holds(one.when, point)]
        strict = [one for one in those if one.if_refused == "refuse"]
        return next(((one.if_refused, one.id) for one in (*strict, *those)), (None, "nothing"))

    some = False
    for whole in world(old, "write_off_invoice", groups):
        point = {field: value for field, value in whole.items() if field in fields}
        (before, who), (after, whom) = comes(old, point), comes(new, point)
        inside = [(one.old.rule, one.new.rule) for one in found.differences if within(one.box, flat(point))]
        assert inside == ([(who, whom)] if before != after else []), (text_of(old), text_of(new))
        some = some or before != after
    assert found.proven
    assert found.equal == (not some)
