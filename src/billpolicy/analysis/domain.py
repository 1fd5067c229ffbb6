"""Which facts there can be: what the vocabulary and a policy's own words say of the fields that conditions ask about.

Some facts are told by others: the sign of a balance by the balance, the role of a person by who it is, the currency of
a balance by that of its document. Such conditions are said of the telling fact instead, so that they meet those that
are said of it: the box is `canonical`. What is left of dependence (`settled` by amount and balance, `back_dated` by
two dates, the assumptions of the policy) is looked at where a point of a box is wanted: `possible`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from billpolicy.analysis import together
from billpolicy.analysis.refunds import REFUND_OF, facts_of_refund, refund_point
from billpolicy.analysis.together import USUAL_DAY
from billpolicy.countries.codes import CODES
from billpolicy.policy.boxes import meetings, outside
from billpolicy.policy.condition import ALL_NUMBERS, Box, Fact, Facts, Numbers, Values, Words, difference
from billpolicy.policy.model import Effective, Policy, boxes_of
from billpolicy.vocabulary.fields import changes_of
from billpolicy.vocabulary.spec import DAYS_SINCE, FieldSpec, OperationSpec, object_of, objects_of, scopes_of

SIGNS = {"below_zero": Numbers(((None, -1),)), "zero": Numbers.only(0), "above_zero": Numbers(((1, None),))}
"""Word of `balance_is` -> the balances that it stands for."""
_DOCUMENTS = ("invoice", "credit_memo", "debit_memo", "payment")
_CALENDAR = Numbers(((datetime.date.min.toordinal(), datetime.date.max.toordinal()),))
_USUAL_AMOUNT = 10_000
"""Minor units of an amount in an example, where any will do: 100.00 of most currencies."""
_USUAL_DAY = USUAL_DAY.toordinal()
_COUNTRIES = ("DE", "FR", *sorted(CODES))


Case = Mapping[str, Fact | None]
"""Facts of which some may be known to be unset, None; those that are not named may be anything."""


class Relation(NamedTuple):
    """Facts of which not all values go together."""

    facts: tuple[str, ...]
    point: Callable[..., tuple[Fact | None, ...] | None]
    """Of a usual amount and what each may be (`Values`): one value of each that go together, or None as the proof that
    none do."""
    telling: bool = True
    """Whether a point that names some of them tells the others, too."""


class Domain:
    """The facts of one operation, or of an event and the operation that follows it, as far as a policy knows them."""

    def __init__(self, policy: Policy, fields: Sequence[FieldSpec], uncertain: Iterable[str] = ()) -> None:
        """`fields`: all that conditions can ask about. `uncertain`: objects that there may be none of."""
        self._policy = policy
        self.fields = {field.name: field for field in fields}
        self.uncertain = frozenset(uncertain)
        documents = [scope for scope in _DOCUMENTS if f"{scope}.currency" in self.fields]
        self._alone = documents[0] if len(documents) == 1 else None
        """The one document that the operation is about: the amount of the operation is in its currency."""
        self._universes: dict[str, Values] = {}

    @classmethod
    def of_operation(cls, policy: Policy, spec: OperationSpec) -> Domain:
        """What an operation is decided by."""
        own = (*spec.fields, *changes_of(spec.changes, policy.attributes, _custom(policy)))
        return cls(policy, _with_custom(policy, own), spec.uncertain)

    @classmethod
    def of_follow_up(cls, policy: Policy, spec: OperationSpec, event: str) -> Domain:
        """What is asked before an operation follows an event."""
        return cls(policy, _with_custom(policy, spec.fields_after(event)), spec.uncertain)

    # -- one name for what is one fact -----------------------------------------------------------------------------

    def canonical(self, box: Box) -> Box | None:
        """The same condition, said of the facts that tell the others; None where no facts there can be satisfy it."""
        found: dict[str, Values] = {}
        for fact, values in box.items():
            name, told = self._told_by(fact, values)
            if self.knows(name):
                told = told & self.universe(name)
            if name in found:
                told = found[name] & told
            if told.empty:
                return None
            found[name] = told
        return found

    def all_canonical(self, boxes: Iterable[Box]) -> Iterator[Box]:
        """Of each of some boxes the same; those that no facts can satisfy are left out."""
        return (box for box in map(self.canonical, boxes) if box is not None)

    def _told_by(self, fact: str, values: Values) -> tuple[str, Values]:
        scope, _, name = fact.rpartition(".")
        if name == "balance_is" and scope in _DOCUMENTS:
            members = Numbers(())
            for word, numbers in SIGNS.items():
                if word in values.members:
                    members = members | numbers
            return f"{scope}.balance", Values(members, values.unset)
        if fact == "actor.role":
            return "actor.id", self._people(values)
        return self.same(fact), values

    def same(self, fact: str) -> str:
        """The name under which a currency goes: a document has one, and what is done to it is in it, too."""
        field = fact.removesuffix(".currency")
        if field == fact:
            return fact
        scope, _, name = field.rpartition(".")
        if scope in _DOCUMENTS and name in ("amount", "balance"):
            return f"{scope}.currency"
        if field == "amount" and self._alone is not None and self._alone not in self.uncertain:
            return f"{self._alone}.currency"
        return fact

    def said(self, box: Box) -> Box:
        """A canonical box by the names of its fields: an amount with its currency. Where there may be no amount, its
        document still has the currency."""
        found = dict(box)
        for name, field in self.fields.items():
            if field.type == "money" and name in box:
                currency = self.same(f"{name}.currency")
                if currency in box:
                    if not box[name].unset:
                        found.pop(currency, None)
                    found[f"{name}.currency"] = Values(box[currency].members, box[currency].unset or box[name].unset)
        return found

    def _people(self, roles: Values) -> Values:
        """Those whose role is one of these."""
        role_of = self._policy.roles
        if roles.unset:
            others = frozenset(who for who, role in role_of.items() if role not in roles.members)
            return Values(Words(others, complement=True), unset=True)
        return Values(Words(frozenset(who for who, role in role_of.items() if role in roles.members)))

    # -- what each can be ------------------------------------------------------------------------------------------

    def knows(self, fact: str) -> bool:
        """Whether it is a fact of this operation."""
        return fact in self.fields or fact.removesuffix(".currency") in self.fields or fact == "date"

    def universe(self, fact: str) -> Values:
        """All that a fact can be."""
        found = self._universes.get(fact)
        if found is None:
            found = self._universes[fact] = self._universe(fact)
        return found

    def _universe(self, fact: str) -> Values:
        if fact.endswith(".currency") and fact not in self.fields:
            amount = self.fields.get(fact.removesuffix(".currency"))
            return Values(Words(frozenset(), complement=True), unset=amount is None or not self._always(amount))
        if fact == "date":
            return Values(_days(self._policy.effective))
        field = self.fields.get(fact)
        if field is None:
            return Values(Words(frozenset(), complement=True), unset=True)
        unset = not self._always(field)
        if field.type == "date":
            return Values(_CALENDAR, unset)
        if field.type in ("integer", "money", "days"):
            return Values(ALL_NUMBERS if field.at_least is None else Numbers(((field.at_least, None),)), unset)
        return Values(self._words(field), unset)

    def _words(self, field: FieldSpec) -> Words:
        if field.type == "boolean":
            return Words(frozenset((True, False)), universe=frozenset((True, False)))
        if field.type != "choice" and field.name not in self._policy.narrowed:
            return Words(frozenset(), complement=True)
        closed = frozenset(self._policy.choices(field))
        return Words(closed, universe=closed)

    def _always(self, field: FieldSpec) -> bool:
        return field.always and object_of(field.name) not in self.uncertain

    # -- points ----------------------------------------------------------------------------------------------------

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """What goes together of the facts that are left."""
        found = []
        if REFUND_OF in self.fields:
            found.append(Relation(facts_of_refund(self.fields), refund_point(self.fields), telling=False))
        for scope in _DOCUMENTS if not found else ():
            names = tuple(f"{scope}.{name}" for name in ("amount", "balance", "settled"))
            if names[1] not in self.fields:
                continue
            if scope in self.uncertain:
                found.append(self._all_or_nothing(scope))
            else:
                sized = Relation(names, together.settled), Relation(names[:2], together.balanced)
                found.append(sized[0] if names[2] in self.fields else sized[1])
        found += self._ages()
        taken = {fact for relation in found for fact in relation.facts}
        for name, field in self.fields.items():
            currency = f"{name}.currency"
            if field.type == "money" and self.same(currency) == currency and name not in taken:
                found.append(Relation((name, currency), together.with_currency))
        if {"subscription.id", "subscription.status"} <= set(self.fields):
            found.append(Relation(("subscription.id", "subscription.status"), together.known))
        if "back_dated" in self.fields:
            found.append(Relation(("date", "from", "back_dated"), together.back_dated))
        return tuple(found)

    def _ages(self) -> list[Relation]:
        """How old the documents are that there always are, by their dates and that of the operation."""
        certain = [scope for scope in _DOCUMENTS if scope not in self.uncertain and f"{scope}.date" in self.fields]
        aged = [scope for scope in certain if f"{DAYS_SINCE}.{scope}" in self.fields]
        names = [name for scope in aged for name in (f"{scope}.date", f"{DAYS_SINCE}.{scope}")]
        return [Relation(("date", *names), together.aged)] if aged else []

    def _all_or_nothing(self, scope: str) -> Relation:
        """The facts of a document that there may be none of; where there is one, the operation is in its currency."""
        asked = ("amount", "amount.currency") if scope == self._alone and "amount" in self.fields else ()
        names = ("number", "date", "currency", "amount", "balance", "settled")
        age = f"{DAYS_SINCE}.{scope}"
        its = tuple(f"{scope}.{name}" for name in names if f"{scope}.{name}" in self.fields)
        its = (*its, age, "date") if age in self.fields else its

        def point(usual: int, *values: Values) -> tuple[Fact | None, ...] | None:
            said, own = values[: len(asked)], values[len(asked) :]
            on = own[-1] if age in its else None
            own = own[:-1] if age in its else own
            if all(one.unset for one in own):
                met = together.with_currency(usual, *said) if said else ()
                if met is not None:
                    return *met, *(None for _ in own), *(() if on is None else (together.numbers(on).near(_USUAL_DAY),))
            number, day, currency, *figures = (Values(one.members) for one in own)
            days = figures.pop() if age in its else None
            if number.empty or day.empty:
                return None
            old: tuple[Fact | None, ...] = ()
            date: Fact | None = together.numbers(day).near(_USUAL_DAY)
            if days is not None and on is not None:
                dated = together.aged(usual, on, day, days)
                if dated is None:
                    return None
                then, date, length = dated
                old = length, then
            met = ()
            if said:
                code = Values(said[1].members & currency.members, said[1].unset)  # type: ignore[operator]
                met = together.with_currency(usual, said[0], code)
                if met is None:
                    return None
                currency = currency if met[1] is None else code
            if currency.empty:
                return None
            out = together.settled(usual, *figures) if len(figures) == 3 else together.balanced(usual, *figures)
            return out and (*met, number.sample(), date, together.code(currency), *out, *old)

        return Relation((*asked, *its), point)

    @cached_property
    def impossible(self) -> tuple[Box, ...]:
        """What the assumptions of the policy exclude, as canonical boxes."""
        found: list[Box] = []
        for assumption in (part for one in self._policy.assumptions for part in one.parts):
            scopes = {field.partition(".")[0] for field in assumption.fields}
            if assumption.fields <= set(self.fields) and scopes <= objects_of(self.fields):
                there = Values(Words(frozenset(), complement=True))
                uncertain = sorted(scopes & self.uncertain)
                names = [f"{scope}.id" if scope == "subscription" else f"{scope}.number" for scope in uncertain]
                when = meetings(boxes_of(assumption.when), (dict.fromkeys(names, there),))
                found += self.all_canonical(outside(when, boxes_of(assumption.then)))
        return tuple(found)

    def possible(self, box: Box) -> Facts | None:
        """Facts within a box that there can be together, always the same; None is the proof that there are none.

        Only what a box names is said, and what goes with it; each by its own name, unset facts left out.
        """
        found = self.case(box)
        return None if found is None else {fact: value for fact, value in found.items() if value is not None}

    def case(self, box: Box) -> Case | None:
        """The same, with those that are unset."""
        canonical = self.canonical(box)
        return None if canonical is None else self._within(canonical)

    def _within(self, box: Box) -> Case | None:
        point = self._point(box)
        if point is None:
            return None
        for excluded in self.impossible:
            # A fact that is not named may be anything: what is excluded is left by naming it.
            if all(values.allows(point[fact]) for fact, values in excluded.items() if fact in point):
                pieces = (self._within(piece) for piece in difference(box, excluded) if self._meets(piece))
                return next((piece for piece in pieces if piece is not None), None)
        return self._by_every_name(point)

    def _meets(self, box: Box) -> bool:
        return all(not (values & self.universe(fact)).empty for fact, values in box.items())

    def _point(self, box: Box) -> dict[str, Fact | None] | None:
        box = {fact: values & self.universe(fact) if self.knows(fact) else values for fact, values in box.items()}
        if any(values.empty for values in box.values()):
            return None
        amount = self._sample("amount", box["amount"]) if "amount" in box else None
        usual = max(amount, _USUAL_AMOUNT) if isinstance(amount, int) else _USUAL_AMOUNT
        point = {fact: self._sample(fact, values, usual) for fact, values in box.items()}
        for relation in self.relations:
            if sum(fact in box for fact in relation.facts) > 1:
                met = relation.point(usual, *(box.get(fact, self.universe(fact)) for fact in relation.facts))
                if met is None:
                    return None
                told = zip(relation.facts, met, strict=True)
                point |= {
                    fact: value for fact, value in told if fact in box or (relation.telling and _is_told(fact, box))
                }
        return point

    def _sample(self, fact: str, values: Values, usual: int = _USUAL_AMOUNT) -> Fact | None:
        members = values.members
        if members.empty:
            return None
        if isinstance(members, Numbers):
            field = self.fields.get(fact)
            if field is not None and field.type == "date":
                return members.near(max(self._policy.effective.from_.toordinal(), _USUAL_DAY))
            return members.near(usual if field is not None and field.type == "money" else 1)
        return together.code(values, self._usual(fact)) if self._usual(fact) else members.sample()

    def _usual(self, fact: str) -> Iterable[str]:
        """The codes of a currency or of a country, first those that are best known; of all else nothing."""
        field = self.fields.get(fact)
        if fact.endswith("currency") or (field is not None and field.type == "currency"):
            return together.CURRENCIES
        return _COUNTRIES if field is not None and field.type == "country" else ()

    def _by_every_name(self, point: Mapping[str, Fact | None]) -> Case:
        """The facts as operations have them: those that are told by others too, and money with its currency."""
        facts = {fact: value for fact, value in point.items() if value is not None}
        money = [name for name, field in self.fields.items() if field.type == "money"]
        for name in money:
            currency = self.same(f"{name}.currency")
            if name in facts:
                facts.setdefault(currency, self._sample(currency, self.universe(currency)) or "EUR")
            elif currency in facts and currency not in self.fields:
                facts[name] = _USUAL_AMOUNT  # whatever it is in that currency
        for name in money:
            if name in facts:
                facts[f"{name}.currency"] = facts[self.same(f"{name}.currency")]
        for scope in _DOCUMENTS:
            balance = facts.get(f"{scope}.balance")
            if isinstance(balance, int) and f"{scope}.balance_is" in self.fields:
                facts[f"{scope}.balance_is"] = next(word for word, numbers in SIGNS.items() if balance in numbers)
        role = self._policy.roles.get(str(facts.get("actor.id")))
        if role is not None and "actor.role" in self.fields:
            facts["actor.role"] = role
        named = {*self.fields, *(f"{name}.currency" for name in money if name in facts)}
        return {fact: facts.get(fact) for fact in sorted({*facts, *point}) if fact in named}


def _custom(policy: Policy) -> tuple[str, ...]:
    return tuple(name for name in policy.fields if not name.startswith("changes."))


def _with_custom(policy: Policy, fields: Sequence[FieldSpec]) -> tuple[FieldSpec, ...]:
    scopes = scopes_of(fields)
    return (*fields, *(policy.fields[name] for name in _custom(policy) if name.partition(".")[0] in scopes))


def _days(effective: Effective) -> Numbers:
    last = datetime.date.max if effective.until is None else effective.until - datetime.timedelta(days=1)
    return Numbers(((effective.from_.toordinal(), last.toordinal()),))


def _is_told(fact: str, box: Box) -> bool:
    """Which number and day a document has is not said where nobody asks, nor how old it is; the day of the operation is
    where both the day of a document and how old one is are asked for."""
    if fact == "date":
        return any(each.startswith(f"{DAYS_SINCE}.") for each in box) and any(each.endswith(".date") for each in box)
    return not fact.endswith((".number", ".date")) and not fact.startswith(f"{DAYS_SINCE}.")
