"""Recorded decisions under another policy: what comes out differently, and what cannot be told.

The facts and levels of each decision are resolved again. Roles, defaults, payment terms and number series are those of
the policy that is asked. A condition that asks for what was masked, or what nobody had declared when it was recorded,
leaves open whether its rule matches: then nothing is said of the decisions that the rule would make.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from billpolicy.deciding.assumptions import broken_by
from billpolicy.deciding.facts import actor_facts
from billpolicy.deciding.objections import not_heard, not_permitted, unknown_value
from billpolicy.deciding.resolver import LevelValues, Resolved, Resolver, Several
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.planning.documents import counter_of, series
from billpolicy.policy.boxes import hold
from billpolicy.policy.condition import Fact, Facts
from billpolicy.policy.model import ExceptionRule, Policy, boxes_of
from billpolicy.recording.record import (
    Recorded,
    RecordedDecision,
    RecordedDocument,
    RecordedFollowUp,
    RecordedOperation,
    RecordedOutcome,
    RecordedPolicy,
    settings_of,
)
from billpolicy.recording.recorder import due_by_term
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level, objects_of

Kind = Literal["value", "level", "added", "removed", "refused", "follows", "follows_not"]
"""How an outcome differs: another value; the same one from another level; a decision that there was not, or is not any
more; a refusal; a follow-up that would run, or would not."""
_MOVING = ("account.", "subscription.")
_FIXED = ("account.id", "account.currency", "subscription.id")
"""Of what can change from day to day, what never does."""


class Came(NamedTuple):
    """What came out for a decision."""

    value: str | int | bool
    level: str | None
    rule: str | None


class Difference(NamedTuple):
    """One outcome that is not what it was."""

    operation: str
    """By which it is decided; of a follow-up the one that would run."""
    key: str
    """The attribute or setting; `series` and `due_date` of a document; `follow_up`; of a refusal the decision that
    cannot be made, or `operation`."""
    kind: Kind
    on: str | None
    """The document that was made, or what the follow-up is about."""
    old: Came | None
    new: Came | None


class Untold(NamedTuple):
    """An outcome of which nobody can tell whether it would be what it was, and why."""

    operation: str
    key: str
    fields: tuple[str, ...]
    """What the policy asks for and the recording does not have."""
    why: str


class Replayed(NamedTuple):
    """What a policy makes of one recorded operation."""

    recorded: Recorded
    differences: tuple[Difference, ...] = ()
    untold: tuple[Untold, ...] = ()
    decisions: int = 0
    """How many decisions were made again."""
    other_rules: int = 0
    """How many of them come out the same by a rule of another id, which is no difference."""
    runs: bool = True
    """Whether it would be done at all: not a step of what is refused or does not follow any more."""


def replay(recorded: Iterable[Recorded], policy: Versions) -> Iterator[Replayed]:
    """Each recorded operation, decided again by a policy, in their order. A step comes after what it follows."""
    replaying = _Replaying(policy)
    return map(replaying.one, recorded)


class _Replaying:
    """A policy that recorded operations are put to."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._under: dict[tuple[str | None, int], _Under] = {}
        self._settings: dict[bytes, Mapping[str, RecordedOutcome]] = {}
        self._gone: set[str] = set()
        """Ids of operations that would not be done, and so nothing that follows them."""

    def one(self, recorded: Recorded) -> Replayed:
        expect(recorded, Recorded, "`recorded` must be what `load_recording` gives")
        operation = recorded.operation
        if operation.step_of in self._gone or operation.id in self._gone:
            self._gone.add(operation.id)
            return Replayed(recorded, runs=False)
        if operation.refused:
            return Replayed(recorded)
        found = _Found()
        try:
            for decision in operation.decisions:
                under = self._on(operation.date, recorded.policy)
                settings = self._settings_of(decision)
                found.decisions += len(settings) + len(decision.attributes)
                _Decided(under, operation, decision, settings, found).compare()
            for asked in operation.follow_ups:
                self._follow_up(operation, asked, self._on(asked.date, recorded.policy), found)
            under = self._on(operation.date, recorded.policy)
            found.untold += under.never_asked(operation)
            _write_off(operation, under, found)
        except Refused as refused:
            found.refuse(operation.operation, "operation", refused.diagnostics[0].code)
        if found.refused:
            self._gone.add(operation.id)
            found.differences = [one for one in found.differences if one.kind == "refused"]
            found.untold = []
        return Replayed(recorded, tuple(found.differences), tuple(found.untold), found.decisions, found.other_rules)

    def _settings_of(self, decision: RecordedDecision) -> Mapping[str, RecordedOutcome]:
        """The settings of a decision: the same ones for the same text."""
        text = bytes(decision.settings)
        settings = self._settings.get(text)
        if settings is None:
            settings = self._settings[text] = settings_of(decision)
        return settings

    def _on(self, day: datetime.date, known: RecordedPolicy | None) -> _Under:
        """The version in force on a day, beside what was known when something was recorded. Raises `Refused`."""
        resolver = self._versions.on(day)
        name = (None if known is None else known.digest, id(resolver))
        under = self._under.get(name)
        if under is None:
            under = self._under[name] = _Under(resolver, known)
        return under

    def _follow_up(self, operation: RecordedOperation, asked: RecordedFollowUp, under: _Under, found: _Found) -> None:
        facts = under.facts(asked.facts)
        holding = {one.id for one in under.resolver.follow_ups(asked.after, asked.operation, asked.date, facts)}
        open_ = under.open_follow_ups(asked, facts)
        if not holding - open_.keys() and open_:
            fields = tuple(sorted({name for names in open_.values() for name in names}))
            found.untold.append(Untold(asked.operation, "follow_up", fields, under.why(fields)))
            return
        holds = bool(holding)
        if holds == asked.held:
            return
        kind: Kind = "follows" if holds else "follows_not"
        new = Came("runs", None, min(holding)) if holds else None
        old = Came("runs", None, asked.rule) if asked.rule else None
        found.differences.append(Difference(asked.operation, "follow_up", kind, asked.on, old, new))
        if asked.rule is not None:
            self._gone.add(f"{operation.id}/{asked.rule}/{asked.on}")


@dataclass(slots=True)
class _Found:
    """What was found of one operation so far."""

    differences: list[Difference] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)
    decisions: int = 0
    other_rules: int = 0
    refused: bool = False

    def refuse(self, operation: str, key: str, code: str, old: Came | None = None, rule: str | None = None) -> None:
        self.refused = True
        self.differences.append(Difference(operation, key, "refused", None, old, Came(code, None, rule)))


class _Under:
    """One version of a policy, and what a recording knows of the facts that it asks for."""

    def __init__(self, resolver: Resolver, known: RecordedPolicy | None) -> None:
        self.resolver = resolver
        self.policy: Policy = resolver.policy
        self.defaults = LevelValues("the policy's defaults", self.policy.defaults)
        self.known = known
        self.nobody_named = known is not None and "actor.id" in known.masked
        self.values_of = {
            operation: str(base.outcome) for (operation, key), base in self.policy.base.items() if key == "values_of"
        }
        """Operation -> of which day the values of accounts and subscriptions count."""
        self.declared = tuple(
            one for one in self.policy.attributes.values() if one.type in ("payment_term", "sequence_set")
        )
        """The attributes whose values the policy itself declares."""
        self._why = dict(_unknown(self.policy, known))
        self.compared: dict[tuple[int, str, tuple[str, ...]], tuple[list[_Setting], int]] = {}
        """Recorded settings (by identity), operation and the exceptions that match now -> how the settings differ, and
        how many are decided by another rule."""
        self.pairs = sorted({(one.after, one.operation) for one in self.policy.follow_ups})
        """The kinds of its follow-ups: event and operation."""
        self._asking: dict[tuple[str, bool], tuple[_Asking, ...]] = {}
        self._follow_ups: dict[tuple[str, str], tuple[_Asking, ...]] = {}

    def facts(self, facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
        """Recorded facts, with who asks as this policy knows them, and the role that it gives them."""
        person = facts.get("actor.id")
        known = actor_facts(self.policy, None if person is None else str(person))
        if all(facts.get(name) == known.get(name) for name in ("actor.id", "actor.role")):
            return facts
        return {name: value for name, value in facts.items() if not name.startswith("actor.")} | known

    def why(self, fields: Iterable[str]) -> str:
        """Why these fields are not known."""
        return next((self._why[name] for name in fields if name in self._why), _OTHER_DAY)

    def open(self, operation: str, date: datetime.date, facts: Facts, *, moved: bool) -> dict[str, tuple[str, ...]]:
        """The exceptions of which nobody knows whether they match -> the fields that are missing. `moved`: the values
        of accounts and subscriptions are those of another day."""
        asking = self._asking.get((operation, moved))
        if asking is None:
            rules = self.policy.exceptions_for(operation)
            asking = self._asking[operation, moved] = tuple(self._those_asking(rules, moved=moved))
        return _open(asking, date, facts) if asking else {}

    def open_follow_ups(self, asked: RecordedFollowUp, facts: Facts) -> dict[str, tuple[str, ...]]:
        """The same of the follow-ups that run an operation after an event."""
        name = asked.after, asked.operation
        asking = self._follow_ups.get(name)
        if asking is None:
            rules = [one.rule for one in self.policy.follow_ups if (one.after, one.operation) == name]
            asking = self._follow_ups[name] = tuple(self._those_asking(rules, moved=False))
        return _open(asking, asked.date, facts) if asking else {}

    def lacks(self, fact: str, *, moved: bool) -> bool:
        """Whether nobody knows what a fact was; what it was on the day that counts, if the values are `moved`."""
        return fact in self._why or (moved and _moves(fact))

    def never_asked(self, operation: RecordedOperation) -> Iterator[Untold]:
        """The follow-ups of kinds that the recorded policy had none of: whether there was anything to do, nobody
        asked."""
        causes = VOCABULARY[operation.operation].causes
        then = () if self.known is None else self.known.follow_ups
        asked = {(one.after, one.operation) for one in operation.follow_ups}
        for after, name in self.pairs:
            if after in causes and (after, name) not in asked and f"{after} > {name}" not in then:
                yield Untold(name, "follow_up", (), f"whether it had anything to do after `{after}` was not recorded")

    def _those_asking(self, rules: Iterable[ExceptionRule], *, moved: bool) -> Iterator[_Asking]:
        for rule in rules:
            missing = {fact for fact in rule.facts if self.lacks(fact, moved=moved)}
            if missing:
                fields = tuple(clause.field for clause in rule.clauses if not missing.isdisjoint(clause.facts))
                yield _Asking(rule, frozenset(missing), fields)


def _write_off(operation: RecordedOperation, under: _Under, found: _Found) -> None:
    """Who cancels may ask that follow-ups write off what is left: it is refused where the policy has none that does."""
    if _WRITE_OFF in under.pairs or _WRITE_OFF[0] not in VOCABULARY[operation.operation].causes:
        return
    if under.known is not None and " > ".join(_WRITE_OFF) not in under.known.follow_ups:
        return  # it would have been refused then
    wanted = [one.facts.get("write_off") for one in operation.follow_ups if (one.after, one.operation) == _WRITE_OFF]
    if True in wanted:
        found.refuse(operation.operation, "operation", "write-off-unknown")
    elif False not in wanted:
        why = "whether it asked to write off what is left was not recorded"
        found.untold.append(Untold(operation.operation, "operation", (), why))


_WRITE_OFF = ("subscription_canceled", "write_off_invoice")
_OTHER_DAY = "the values of accounts and subscriptions on another day count, and those were not recorded"


def _moves(fact: str) -> bool:
    return fact.startswith(_MOVING) and fact not in _FIXED


def _unknown(policy: Policy, known: RecordedPolicy | None) -> Iterator[tuple[str, str]]:
    """The facts that a recording does not have, though a condition of this policy may ask for them, and why."""
    declared = {} if known is None else known.fields
    for name, one in policy.fields.items():
        why = None
        if name not in declared:
            why = f"`{name}` was not recorded, since no policy had declared it"
        elif declared[name] != one.type:
            why = f"`{name}` was recorded as type {declared[name]}, and is {one.type} here"
        for fact in (name, f"{name}.currency") if why else ():
            yield fact, str(why)
    for name in () if known is None else known.masked:
        for fact in (name, f"{name}.currency", *(("actor.role",) if name == "actor.id" else ())):
            yield fact, f"`{name}` was masked"


class _Asking(NamedTuple):
    """A rule that asks for something that a recording does not have."""

    rule: ExceptionRule
    missing: frozenset[str]
    fields: tuple[str, ...]


def _open(asking: Iterable[_Asking], date: datetime.date, facts: Facts) -> dict[str, tuple[str, ...]]:
    """Those of these rules that match if what is missing is as they want it."""
    return {
        rule.id: fields
        for rule, missing, fields in asking
        if rule.effective.includes(date) and hold(rule.boxes, facts, but=missing)
    }


@cache
def _objects(operation: str) -> frozenset[str]:
    """The objects that all is known of in an operation."""
    return objects_of(field.name for field in VOCABULARY[operation].fields)


class _Decided:
    """A recorded decision, made again."""

    def __init__(
        self,
        under: _Under,
        operation: RecordedOperation,
        decision: RecordedDecision,
        settings: Mapping[str, RecordedOutcome],
        found: _Found,
    ) -> None:
        self._under, self._operation, self._decision, self._found = under, operation, decision, found
        self._settings = settings
        self._name = decision.operation
        self._facts = under.facts(decision.facts)
        self._levels = _levels(decision, under.defaults)
        was = settings.get("values_of")
        self._moved = was is not None and was.value != under.values_of.get(self._name, was.value)
        open_ = under.open(self._name, operation.date, self._facts, moved=self._moved)
        self._open = open_
        self._untold: dict[str, tuple[str, ...]] = {
            name: (default.by,)
            for name, default in under.policy.defaults_by.items()
            if under.lacks(default.by, moved=self._moved)
        }
        """Decisions that a rule makes of which nobody knows whether it matches, or by a default that nobody knows."""
        for rule in under.policy.exceptions_for(self._name) if open_ else ():
            for key in rule.then if rule.id in open_ else ():
                self._untold[key] = tuple(sorted({*self._untold.get(key, ()), *open_[rule.id]}))

    def compare(self) -> None:
        """Note every outcome that is not what it was, or of which that cannot be told."""
        resolver, date = self._under.resolver, self._operation.date
        try:
            resolved = resolver.resolve(self._name, date, self._facts, self._levels, without=self._open)
        except Refused as refused:
            resolved = resolver.resolve(self._name, date, self._facts, self._levels, without=self._open, with_gaps=True)
            self._gaps(resolved, refused)
        self._assumed()
        self._objections(resolved)
        self._outcomes(resolved)
        self._documents(resolved)

    def _assumed(self) -> None:
        """What the policy assumes not to be: the operation would be refused, or nobody can tell."""
        under, facts = self._under, self._facts
        if not under.policy.assumptions:
            return
        if under.known is not None and under.known.digest == under.policy.digest:
            return  # it was asked then
        there = {fact.partition(".")[0] for fact in facts}
        objects = there & _objects(self._name)
        names = {f"{scope}.{name}": "" for scope in objects - {"subscription"} for name in ("id", "number")}
        broken = [part for one in broken_by({**names, **facts}, under.policy) for part in one.parts]
        told: set[str] = set()
        for one in (part for assumption in under.policy.assumptions for part in assumption.parts):
            asked = {fact for clause in (*one.when, *one.then) for fact in clause.facts}
            scopes = {fact.partition(".")[0] for fact in asked}
            asked |= {"subscription.id"} if "subscription" in scopes else set()  # several have none
            missing = tuple(sorted(fact for fact in asked if under.lacks(fact, moved=self._moved)))
            if not missing and one in broken and one.id not in told:
                told.add(one.id)
                self._found.refuse(self._name, "operation", "assumption-broken", None, one.id)
            elif missing and scopes <= objects and hold(boxes_of(one.when), facts, but=frozenset(missing)):
                self._found.untold.append(Untold(self._name, "operation", missing, under.why(missing)))

    def _gaps(self, resolved: Resolved, refused: Refused) -> None:
        """Decisions for which no level has a value, or one has several."""
        made = (key for operation, key in self._under.policy.base if operation == self._name)
        missing = (key for key in made if key not in resolved.resolutions)
        for key in missing:
            if self._moved:
                self._untold.setdefault(key, ())
            elif key not in self._untold:
                self._found.refuse(self._name, key, refused.diagnostics[0].code, self._old(key))

    def _objections(self, resolved: Resolved) -> None:
        """What would be refused: it is not permitted, or what is asked for is not heard, or names nothing."""
        resolver, operation, policy = self._under.resolver, self._operation, self._under.policy
        if not self._untold.keys() & {"permission", "actor"}:
            if not self._under.nobody_named:
                given = operation.approved_by
                approvers = (given,) if isinstance(given, str) else given
                for one in not_permitted(resolver, resolved, operation.actor, approvers):
                    self._refuse(resolved, "permission", one.code)
            elif resolved.text("permission") == "refused":
                self._refuse(resolved, "permission", "not-permitted")
        asked_for = self._decision.levels.get("request")
        if asked_for:
            # Of a level that holds one value there is a text.
            wanted = {key: str(value) for key, value in asked_for.items() if key not in self._untold}
            for one in not_heard(resolver, resolved, wanted):
                self._refuse(resolved, str(one.path[-1]), one.code)
        for attribute in self._under.declared:
            if self._tells(resolved, attribute.name):
                value = resolved.text(attribute.name)
                wrong = unknown_value(policy, attribute, value, {}, (), operation.date)
                if wrong is not None:
                    self._refuse(resolved, attribute.name, wrong.code)

    def _refuse(self, resolved: Resolved, key: str, code: str) -> None:
        new = resolved.resolutions.get(key)
        self._found.refuse(self._name, key, code, self._old(key), None if new is None else new.rule)

    def _old(self, key: str) -> Came | None:
        old = self._decision.attributes.get(key) or self._settings.get(key)
        return None if old is None else Came(old.value, old.level, old.rule)

    def _outcomes(self, resolved: Resolved) -> None:
        untold, found = self._untold, self._found
        attributes = self._decision.attributes
        made = {document.kind for document in self._decision.documents}
        for key, attribute in self._under.policy.attributes.items():
            if made and made.isdisjoint(attribute.documents):
                continue  # of what a bill run decides for invoices, the credit memo that it makes has not everything
            new = resolved.resolutions.get(key)
            if new is None or key in untold:
                continue
            old = attributes.get(key)
            if self._moved and new.level not in _OF_THE_OPERATION:
                untold[key] = ()
            elif old is None:
                self._differs(key, "added", None, Came(new.value, new.level, new.rule))
            elif old.value != new.value or old.level != new.level:
                kind: Kind = "value" if old.value != new.value else "level"
                was = Came(old.value, old.level, old.rule)
                self._differs(key, kind, was, Came(new.value, new.level, new.rule))
            elif old.rule != new.rule:
                found.other_rules += 1
        for key in attributes.keys() - resolved.resolutions.keys() - untold.keys():
            self._differs(key, "removed", self._old(key), None)
        name = id(self._settings), self._name, resolved.matched
        compared = self._under.compared.get(name)
        if compared is None:
            compared = self._under.compared[name] = _compared(self._settings, resolved)
        differing, other_rules = compared
        found.other_rules += other_rules
        for one in differing:
            if one.key not in untold and one.key not in self._decision.requested:
                self._differs(*one)
        for key, fields in sorted(untold.items()):
            if key not in self._decision.requested:
                found.untold.append(Untold(self._name, key, fields, self._under.why(fields)))

    def _differs(self, key: str, kind: Kind, old: Came | None, new: Came | None) -> None:
        made = self._decision.documents
        on = made[0].number if len(made) == 1 else None
        self._found.differences.append(Difference(self._name, key, kind, on, old, new))

    def _documents(self, resolved: Resolved) -> None:
        """What follows from the decisions for each document: its series of numbers, and when it is due."""
        if self._found.refused:
            return
        policy = self._under.policy
        for document in self._decision.documents:
            if document.series is not None and self._tells(resolved, "sequence_set"):
                by = series(policy, resolved.text("sequence_set"), document.kind)
                continues = by.from_source is not None and document.series.endswith(by.from_source)
                counter = document.series if continues else counter_of(policy, by, document.date)
                self._follows(resolved, document, "series", "sequence_set", document.series, counter)
            if document.due_date is None or not self._tells(resolved, "payment_term"):
                continue
            due = due_by_term(policy, resolved, document.date)
            if document.by_term:
                now = None if due is None else str(due)
                self._follows(resolved, document, "due_date", "payment_term", str(document.due_date), now)
            elif self._under.known is None and due != document.due_date:
                why = f"whether a payment term made {document.number} due on {document.due_date} is not known any more"
                self._found.untold.append(Untold(self._name, "due_date", (), why))

    def _follows(
        self, resolved: Resolved, document: RecordedDocument, key: str, by: str, old: str, new: str | None
    ) -> None:
        """Note what follows from a decision, if it is not what it was."""
        if old != new:
            was = self._old(by)
            before = Came(old, None, None if was is None else was.rule)
            after = None if new is None else Came(new, None, resolved.resolutions[by].rule)
            self._found.differences.append(Difference(self._name, key, "value", document.number, before, after))

    def _tells(self, resolved: Resolved, key: str) -> bool:
        return key in resolved.resolutions and key not in self._untold


class _Setting(NamedTuple):
    """How a setting differs."""

    key: str
    kind: Kind
    old: Came | None
    new: Came | None


def _compared(settings: Mapping[str, RecordedOutcome], resolved: Resolved) -> tuple[list[_Setting], int]:
    """How settings differ from those that were recorded, and how many come out the same by another rule."""
    differing: list[_Setting] = []
    other_rules = 0
    now = {one.key: Came(one.value, None, one.rule) for one in resolved.resolutions.values() if one.level is None}
    then = {key: Came(one.value, None, one.rule) for key, one in settings.items()}
    for key in sorted(now.keys() | then.keys()):
        old, new = then.get(key), now.get(key)
        if old is None or new is None:
            differing.append(_Setting(key, "added" if old is None else "removed", old, new))
        elif old.value != new.value:
            differing.append(_Setting(key, "value", old, new))
        elif old.rule != new.rule:
            other_rules += 1
    return differing, other_rules


_OF_THE_OPERATION = ("request", "invoice", "credit_memo", "debit_memo")
"""Levels whose values do not depend on a day."""


def _levels(decision: RecordedDecision, defaults: LevelValues) -> dict[Level, LevelValues]:
    levels: dict[Level, LevelValues] = {}
    for level, held in decision.levels.items():
        values: dict[str, str | Several | None] = {}
        for key, value in held.items():
            if type(value) is tuple:
                values[key] = Several(tuple((str(place), one) for place, one in enumerate(value)))
            else:
                values[key] = value  # type: ignore[assignment]
        levels[level] = LevelValues(level, values)  # type: ignore[index]
    levels["default"] = defaults
    return levels
