"""The rules with a condition: exceptions (then these decisions are different) and follow-ups (then run this, too).

Exceptions add up over the layers. So do follow-ups, but a later layer that says an id of its base anew replaces that
follow-up, and `then: nothing` switches it off. Conditions are looked up here, their words typed in `typed.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Literal

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Position, did_you_mean
from billpolicy.diagnostics.sentences import quoted
from billpolicy.policy.boxes import MOST_BOXES
from billpolicy.policy.decisions import outcome_of
from billpolicy.policy.declarations import Declarations, again
from billpolicy.policy.forms import Constraint
from billpolicy.policy.language import NOTHING, AssumptionText, ExceptionText, FollowUpText
from billpolicy.policy.layers import Layer
from billpolicy.policy.model import Assumption, Clause, ExceptionRule, FollowUp, Outcome
from billpolicy.policy.typed import clause
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.fields import SCOPES, own_fields_of
from billpolicy.vocabulary.spec import CUSTOM_SCOPES, FieldSpec, OperationSpec, events_of, scopes_of

_Kind = Literal["exception", "follow-up", "assumption"]


class Rules:
    """The exceptions and follow-ups of one layer after the other; problems are noted among the declarations."""

    def __init__(self, declared: Declarations) -> None:
        self._declared = declared
        self._vocabulary = declared.vocabulary
        self._problem = declared.problem
        self.exceptions: dict[str, ExceptionRule] = {}
        self.follow_ups: dict[str, FollowUp] = {}
        self.assumptions: dict[str, Assumption] = {}

    def add(self, layer: Layer) -> None:
        """The rules of one more layer. What it declares is known by now."""
        below = dict(self.follow_ups)
        taken = _places(*self.exceptions.values(), *(follow_up.rule for follow_up in below.values()))
        for file, tree in layer.files:
            for index, exception in enumerate(file.exceptions):
                if self._free("exception", exception.id, tree.at("exceptions", index, "id"), taken):
                    self._exception(exception, tree, index)
        taken = _places(*self.exceptions.values())
        for file, tree in layer.files:
            for index, follow_up in enumerate(file.follow_ups):
                if self._free("follow-up", follow_up.id, tree.at("follow_ups", index, "id"), taken):
                    self._follow_up(follow_up, tree, index, below)
        taken = {id: assumption.position for id, assumption in self.assumptions.items()}
        for file, tree in layer.files:
            for index, assumption in enumerate(file.assumptions):
                if self._free("assumption", assumption.id, tree.at("assumptions", index, "id"), taken):
                    self._assumption(assumption, tree, index)

    def _free(self, what: _Kind, id: str, at: Position, taken: dict[str, Position]) -> bool:
        """Whether the id is free; now it is taken."""
        operation, _, key = id.partition(".")
        if operation in self._vocabulary and key:
            message = f"`{id}` is how the base rule of `{operation}` is called"
            code: Code = "follow-up-id" if what == "follow-up" else "exception-id"
            self._problem(code, message, at, f"give the {what} another id")
        elif id in taken:
            message = f"there are two rules `{id}` (first at {taken[id]})"
            self._problem("said-twice", message, at, "give each its own id")
        else:
            taken[id] = at
            return True
        return False

    # -- exceptions ----------------------------------------------------------------------------------------------

    def _exception(self, text: ExceptionText, tree: Tree, index: int) -> None:
        path = ("exceptions", index)
        at = tree.at(*path, "id")
        names, has = enumerate(text.operations), self._declared.fields_of
        found = [self._declared.operation(name, tree.at(*path, "operations", i)) for i, name in names]
        specs = [spec for spec in found if spec is not None]
        if not text.operations:
            hint = "list the operations it is for"
            self._problem("operations-empty", f"`{text.id}` names no operation", at, hint)
        for i in again(text.operations):
            message = f"`{text.id}` names an operation twice"
            self._problem("operation-repeated", message, tree.at(*path, "operations", i), "name it once")
        if not text.then:
            self._problem("then-empty", f"`{text.id}` changes nothing", tree.at(*path, "then"), "say what is different")
        then: dict[str, Outcome] = {}
        then_at: dict[str, Position] = {}
        for key, decided in text.then.items():
            then_at[key] = tree.at(*path, "then", key, key=True)
            if decided.because is not None:
                message = f"the reason of `{text.id}` stands inside of `then`, where it would be lost"
                hint = "an exception has one reason for all that it changes: move `because` out, beside `then`"
                self._problem("because-wrong", message, tree.at(*path, "then", key, "because", key=True), hint)
            if any(not one.excepted for spec in specs for one in spec.settings if one.name == key):
                message = f"an exception cannot decide `{key}`: it says which values the conditions ask about"
                hint = "say it under `operations` or `every_operation`"
                self._problem("setting-not-excepted", message, then_at[key], hint)
                continue
            outcomes = [outcome_of(self._declared, spec, decided, tree, *path, "then", key) for spec in specs]
            if outcomes and all(outcome is not None for outcome in outcomes):
                then[key] = outcomes[0]  # type: ignore[assignment]
        self.exceptions[text.id] = ExceptionRule(
            id=text.id,
            operations=tuple(sorted(text.operations)),
            clauses=self._clauses(text.when, {f"`{spec.name}`": has(spec) for spec in specs}, tree, *path, "when"),
            then=then,
            position=at,
            then_at=then_at,
            overrides=tuple(sorted(text.overrides)),
            effective=self._declared.effective(text.effective, tree, *path, "effective"),
            because=text.because,
        )

    # -- follow-ups ----------------------------------------------------------------------------------------------

    def _follow_up(self, text: FollowUpText, tree: Tree, index: int, below: Mapping[str, FollowUp]) -> None:
        path = ("follow_ups", index)
        at = tree.at(*path, "id")
        if text.then == NOTHING:
            self._switched_off(text, at, below)
            return
        then = self._declared.operation(text.then, tree.at(*path, "then"))
        if text.after is None:
            hint = "say the event that it comes after, like `after: invoice_posted`"
            self._problem("key-missing", f"`{text.id}` does not say `after` what it comes", at, hint)
            return
        if not self._event(text.after, tree.at(*path, "after")) or then is None:
            return
        if not self._can_follow(then, text.after, tree.at(*path, "then")):
            return
        has = {f"`{then.name}` after `{text.after}`": then.fields_after(text.after)}
        rule = ExceptionRule(
            id=text.id,
            operations=(then.name,),
            clauses=self._clauses(text.when, has, tree, *path, "when"),
            then={},
            position=at,
            then_at={},
            effective=self._declared.effective(text.effective, tree, *path, "effective"),
            because=text.because,
        )
        self.follow_ups[text.id] = FollowUp(rule, text.after, text.if_refused)

    def _switched_off(self, text: FollowUpText, at: Position, below: Mapping[str, FollowUp]) -> None:
        if text != FollowUpText(id=text.id, then=text.then, because=text.because):
            message = f"`then: {NOTHING}` switches `{text.id}` off, always and everywhere"
            hint = "leave only its `id` and `because`; to let it run less often, say it anew with another `when`"
            self._problem("follow-up-nothing", message, at, hint)
        if text.id not in below:
            message = f"no base policy has a follow-up `{text.id}` to switch off"
            self._problem("follow-up-unknown", message, at, did_you_mean(text.id, below) or "remove it")
        self.follow_ups.pop(text.id, None)

    def _event(self, name: str, at: Position) -> bool:
        known = events_of(self._vocabulary)
        if name not in known:
            self._problem("event-unknown", f"there is no event `{name}`", at, did_you_mean(name, known))
        return name in known

    def _can_follow(self, spec: OperationSpec, event: str, at: Position) -> bool:
        events = [one.name for one in spec.follows]
        if event not in events:
            message = f"`{spec.name}` cannot follow `{event}`"
            can = [one.name for one in self._vocabulary.values() if event in (each.name for each in one.follows)]
            own = f"`{spec.name}` can follow {_listed(events)}" if events else f"`{spec.name}` follows no event"
            self._problem("follow-up-not-here", message, at, f"{own}; after `{event}` can come {_listed(can)}")
        return event in events

    # -- assumptions ---------------------------------------------------------------------------------------------

    def _assumption(self, text: AssumptionText, tree: Tree, index: int) -> None:
        path = ("assumptions", index)
        has = {f"the assumption `{text.id}`": own_fields_of(*SCOPES)}
        if not text.then:
            self._problem("then-empty", f"`{text.id}` assumes nothing", tree.at(*path, "then"), "say what holds")
        self.assumptions[text.id] = Assumption(
            id=text.id,
            when=self._clauses(text.when, has, tree, *path, "when"),
            then=self._clauses(text.then, has, tree, *path, "then"),
            position=tree.at(*path, "id"),
            because=text.because,
        )

    # -- conditions ----------------------------------------------------------------------------------------------

    def _clauses(
        self, when: Mapping[str, Constraint], has: Mapping[str, Sequence[FieldSpec]], tree: Tree, *path: str | int
    ) -> tuple[Clause, ...]:
        """The condition that stands at a place. `has`: whose fields they are; every field must be there of each."""
        read = (self._clause(name, constraint, has, tree, *path, name) for name, constraint in when.items())
        clauses = tuple(clause for clause in read if clause is not None)
        count = prod(len(clause.boxes) for clause in clauses)
        if count > MOST_BOXES:
            message = f"these currencies multiply to {count:,} combinations; {MOST_BOXES:,} can be matched"
            hint = "name fewer currencies, or write several rules"
            self._problem("condition-too-wide", message, tree.at(*path), hint)
            return ()
        return clauses

    def _clause(
        self, name: str, constraint: Constraint, has: Mapping[str, Sequence[FieldSpec]], tree: Tree, *path: str | int
    ) -> Clause | None:
        read = None
        for who, fields in has.items():
            field = self._field_of(fields, name)
            if field is None:
                known = [f.name for f in fields]
                known += [f for f in self._declared.fields if f.partition(".")[0] in scopes_of(fields)]
                message = f"{who} has no field `{name}`"
                self._problem("field-unknown", message, tree.at(*path, key=True), self._instead(name, known))
                return None
            try:
                read = clause(field, constraint)
            except ValueError as error:
                self._problem("condition-wrong", str(error), tree.at(*path))
                return None
        return read

    def _instead(self, name: str, known: Sequence[str]) -> str | None:
        """What to write instead of a field that there is not."""
        scope, _, own = name.partition(".")
        if scope in CUSTOM_SCOPES and own in self._declared.attributes:
            return (
                f"an attribute cannot be asked for: declare a field of your own under `fields`, like `{scope}.entity`"
            )
        return _instead(name, known)

    def _field_of(self, fields: Sequence[FieldSpec], name: str) -> FieldSpec | None:
        custom = self._declared.fields.get(name)
        if custom is not None:
            return custom if name.partition(".")[0] in scopes_of(fields) else None
        field = next((field for field in fields if field.name == name), None)
        return None if field is None else field._replace(choices=self._declared.choices(field))


def _instead(name: str, known: Sequence[str]) -> str | None:
    """What to write instead of a field that there is not. One of an account or a subscription that is not mistyped was
    meant to be a field of the company's own: that the names of all its fields begin alike makes none of them close."""
    import difflib

    scope, _, own = name.partition(".")
    beside = [field.partition(".")[2] for field in known if field.startswith(f"{scope}.")]
    if scope not in CUSTOM_SCOPES or not beside or difflib.get_close_matches(own, beside, n=1):
        return did_you_mean(name, known)
    return f"declare it under `fields`; known here: {_listed(f'{scope}.{field}' for field in beside)}"


def _places(*rules: ExceptionRule) -> dict[str, Position]:
    return {rule.id: rule.position for rule in rules}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(quoted(sorted(names)))
