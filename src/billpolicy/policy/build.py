"""From layers of files to one Policy: names are looked up, values typed, a later layer replaces what an earlier said.

Design section 2, rules 1, 3 and 8. Everything that is wrong is collected; a broken part is left out and the rest is
still looked at, so that all mistakes are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from billpolicy.policy.declarations import Taken
from billpolicy.policy.file import Decided, ExceptionText
from billpolicy.policy.follow_ups import FollowUps
from billpolicy.policy.layers import Layer, digest, entries
from billpolicy.policy.model import BaseRule, Effective, ExceptionRule, Outcome, Policy
from billpolicy.policy.vocabulary import Vocabulary
from billpolicy.source.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.source.scalars import read_prose
from billpolicy.source.tree import Tree

_BECAUSE = "because"
_ONCE = (
    "attributes",
    "fields",
    "defaults",
    "reason_codes",
    "roles",
    "sequence_sets",
    "payment_terms",
    "cash_steps",
    "batch_limits",
    "every_operation",
)
"""Sections in which each name is said once in a layer."""


def build(layers: list[Layer], vocabulary: Vocabulary) -> tuple[Policy, list[Diagnostic]]:
    """The policy that the layers make together, and everything that is wrong with their words."""
    builder = _Builder(vocabulary)
    for layer in layers:
        builder.add(layer)
    return builder.policy(layers), builder.problems


class _Builder(FollowUps):
    """The layers, one after the other, and what they make together."""

    def add(self, layer: Layer) -> None:
        self._header(layer)
        for section in _ONCE:
            self._said_once(section, [(name, tree) for name, _, tree in entries(layer, section)])
        for name, text, tree in entries(layer, "attributes"):
            self._attribute(name, text, tree)
        declared_before = set(self.fields)
        for name, text, tree in entries(layer, "fields"):
            self._field(name, text, tree, declared_before)
        for name, value, tree in entries(layer, "defaults"):
            self.defaults[name], self.defaults_at[name] = str(value), tree.at("defaults", name)
        for name, codes, tree in entries(layer, "reason_codes"):
            self._reason_codes(name, codes, tree)
        for name, _, _ in entries(layer, "roles"):
            self.roles.pop(name, None)  # first, so that a layer can move somebody from one role to another
        self.role_of = {person: role for role, members in self.roles.items() for person in members}
        for name, members, tree in entries(layer, "roles"):
            self._role(name, members, tree)
        for name, text, tree in entries(layer, "sequence_sets"):
            self._sequence_set(name, text, tree)
        for name, text, tree in entries(layer, "payment_terms"):
            self._payment_term(name, text, tree)
        for name, step, tree in entries(layer, "cash_steps"):
            self._cash_step(name, step, tree)
        for name, text, tree in entries(layer, "batch_limits"):
            self._batch_limit(name, text, tree)
        self._every_operation(layer)
        self._operations(layer)
        self._exceptions(layer)
        self._follow_ups(layer)

    def policy(self, layers: list[Layer]) -> Policy:
        return replace(
            self.header,
            digest=digest(layers),
            files=tuple(tree.file for layer in layers for _, tree in layer.files),
            file_digests=tuple(tree.digest for layer in layers for _, tree in layer.files),
            # By name, so that the order of files and lines shows nowhere.
            attributes=dict(sorted(self.attributes.items())),
            fields=dict(sorted(self.fields.items())),
            defaults=dict(sorted(self.defaults.items())),
            defaults_at=dict(sorted(self.defaults_at.items())),
            reason_codes=dict(sorted(self.reason_codes.items())),
            roles={person: role for role in sorted(self.roles) for person in sorted(self.roles[role])},
            base=dict(sorted(self.base.items())),
            exceptions=tuple(self.exceptions[name] for name in sorted(self.exceptions)),
            follow_ups=tuple(self.follow_ups[name] for name in sorted(self.follow_ups)),
            sequence_sets=dict(sorted(self.sequence_sets.items())),
            cash_steps=dict(sorted(self.cash_steps.items())),
            payment_terms=dict(sorted(self.payment_terms.items())),
            batch_limits=dict(sorted(self.batch_limits.items())),
        )

    def _header(self, layer: Layer) -> None:
        for key in ("policy", "effective"):
            said = [tree.at(key) for file, tree in layer.files if getattr(file, key) is not None]
            for position in said[1:]:
                self.problem("said-twice", f"`{key}` is said twice (first at {said[0]})", position, "keep one of them")
            if not said:
                hint = {"policy": "add `policy: a-name`", "effective": "add `effective: {from: 2026-01-01}`"}[key]
                where = layer.files[0][1].file if layer.files else str(layer.path)
                if not layer.path.is_dir():
                    hint += ", or name the whole folder if this is one file of a policy"
                self.problem("key-missing", f"no file of this policy says `{key}`", Position(where), hint)
        for file, tree in layer.files:
            if file.effective is not None:
                effective = self._effective(file.effective, tree, "effective")
                if not _covers(self.header.effective, effective):
                    base = f"its base `{self.header.name}` is in force only {self.header.effective}"
                    message = f"this policy is in force {effective}, but {base}"
                    hint = "a policy cannot be in force when its base is not: write `from` and `until` within those"
                    self.problem("base-not-in-force", message, tree.at("effective"), hint)
                self.header = replace(self.header, effective=effective)
            if file.policy is not None:
                self.header = replace(self.header, name=file.policy, position=tree.at("policy"))

    def _said_once(self, section: str, names: Iterable[tuple[str, Tree]]) -> None:
        first: dict[str, Position] = {}
        for name, tree in names:
            at = tree.at(section, name, key=True)
            if name in first:
                message = f"`{name}` is said twice in this policy (first at {first[name]})"
                self.problem("said-twice", message, at, "keep one of the two")
            first.setdefault(name, at)

    def _every_operation(self, layer: Layer) -> None:
        """Decisions of every operation that has them; they replace what base layers say of any."""
        for key, decided, tree in entries(layer, "every_operation"):
            at = tree.at("every_operation", key, key=True)
            specs = [spec for spec in self.vocabulary.values() if self._decides(spec, key)]
            if not specs:
                known = {setting.name for spec in self.vocabulary.values() for setting in spec.settings}
                hint = did_you_mean(key, known | self.attributes.keys())
                self.problem("decision-unknown", f"no operation has anything called `{key}` to decide", at, hint)
            for spec in specs:
                outcome = self._outcome(spec, key, decided, at)  # type: ignore[arg-type]
                if outcome is not None:
                    self.base[spec.name, key] = BaseRule(spec.name, key, outcome, at, decided.because)  # type: ignore[attr-defined]

    def _operations(self, layer: Layer) -> None:
        first: dict[tuple[str, str], Position] = {}
        for file, tree in layer.files:
            for operation, decisions in file.operations.items():
                spec = self._operation(operation, tree.at("operations", operation, key=True))
                if spec is None:
                    continue
                shared = self._shared_because(decisions.get(_BECAUSE), tree.at("operations", operation, _BECAUSE))
                for key, decided in decisions.items():
                    if key == _BECAUSE:
                        continue
                    at = tree.at("operations", operation, key, key=True)
                    if (operation, key) in first:
                        message = f"`{operation}` says `{key}` twice (first at {first[operation, key]})"
                        self.problem("said-twice", message, at, "keep one of the two")
                        continue
                    first[operation, key] = at
                    outcome = self._outcome(spec, key, decided, at)
                    if outcome is not None:
                        self.base[operation, key] = BaseRule(operation, key, outcome, at, decided.because or shared)

    def _shared_because(self, said: Decided | None, at: Position) -> str | None:
        """The reason that an operation gives for all that it decides in this place."""
        if said is None:
            return None
        if said.value is None or said.because is not None:
            hint = "write one text, like `because: FIN-212`"
            self.problem("because-wrong", "`because` is the reason for all that this operation says", at, hint)
            return None
        try:
            return read_prose(said.value)
        except ValueError as error:
            self.problem("value-wrong", str(error), at)
            return None

    def _exceptions(self, layer: Layer) -> None:
        """They add up; those of base policies stay as they are."""
        rules = (*self.exceptions.values(), *(follow_up.rule for follow_up in self.follow_ups.values()))
        taken = {rule.id: rule.position for rule in rules}
        for file, tree in layer.files:
            for index, exception in enumerate(file.exceptions):
                self._exception(exception, tree, index, taken)

    def _exception(self, text: ExceptionText, tree: Tree, index: int, taken: Taken) -> None:
        path = ("exceptions", index)
        at = tree.at(*path, "id")
        if not self._rule_id("exception", text.id, at, taken):
            return
        found = [self._operation(name, tree.at(*path, "operations", i)) for i, name in enumerate(text.operations)]
        specs = [spec for spec in found if spec is not None]
        if not text.operations:
            hint = "list the operations it is for"
            self.problem("operations-empty", f"`{text.id}` names no operation", at, hint)
        if len(set(text.operations)) < len(text.operations):
            message = f"`{text.id}` names an operation twice"
            self.problem("operation-repeated", message, tree.at(*path, "operations"), "name it once")
        if not text.then:
            self.problem("then-empty", f"`{text.id}` changes nothing", tree.at(*path, "then"), "say what is different")
        has = {f"`{spec.name}`": spec.fields for spec in specs}
        then: dict[str, Outcome] = {}
        then_at: dict[str, Position] = {}
        for key, decided in text.then.items():
            then_at[key] = tree.at(*path, "then", key, key=True)
            outcomes = [self._outcome(spec, key, decided, then_at[key]) for spec in specs]
            if outcomes and all(outcome is not None for outcome in outcomes):
                then[key] = outcomes[0]  # type: ignore[assignment]
        self.exceptions[text.id] = ExceptionRule(
            id=text.id,
            operations=tuple(sorted(text.operations)),
            clauses=self._clauses(text.when, has, tree, *path),
            then=then,
            position=at,
            then_at=then_at,
            overrides=tuple(sorted(text.overrides)),
            effective=self._effective(text.effective, tree, *path, "effective"),
            because=text.because,
        )


def _covers(base: Effective, layer: Effective) -> bool:
    ends_in_time = base.until is None or (layer.until is not None and layer.until <= base.until)
    return base.from_ <= layer.from_ and ends_in_time
