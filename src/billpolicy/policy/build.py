"""From layers of files to one Policy: names are looked up, values typed, a later layer replaces what an earlier said.

Design section 2, rules 1, 3 and 8. Everything that is wrong is collected; a broken part is left out and the rest is
still looked at, so that all mistakes are reported at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billpolicy.money import AmountError, to_minor
from billpolicy.policy.file import Constraint, Decided, EffectiveText, ExceptionText
from billpolicy.policy.layers import Layer, digest, entries
from billpolicy.policy.model import (
    ALWAYS,
    Attribute,
    BaseRule,
    Chain,
    Clause,
    Effective,
    ExceptionRule,
    Outcome,
    PaymentTerm,
    Policy,
    SequenceSet,
    Series,
    Setting,
)
from billpolicy.policy.typed import clause
from billpolicy.policy.vocabulary import (
    CUSTOM_SCOPES,
    LEVELS,
    NAME,
    ROLES,
    FieldSpec,
    OperationSpec,
    SettingSpec,
    Vocabulary,
)
from billpolicy.source.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.source.scalars import read_boolean, read_integer, read_prose, read_text
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
    "every_operation",
)
"""Sections in which each name is said once in a layer."""


def build(layers: list[Layer], vocabulary: Vocabulary) -> tuple[Policy, list[Diagnostic]]:
    """The policy that the layers make together, and everything that is wrong with their words."""
    builder = _Builder(vocabulary)
    for layer in layers:
        builder.add(layer)
    return builder.policy(layers), builder.problems


class _Builder:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Diagnostic] = []
        self.attributes: dict[str, Attribute] = {}
        self.fields: dict[str, FieldSpec] = {}
        self.defaults: dict[str, str] = {}
        self.defaults_at: dict[str, Position] = {}
        self.reason_codes: dict[str, tuple[str, ...]] = {}
        self.roles: dict[str, tuple[str, ...]] = {}
        self.base: dict[tuple[str, str], BaseRule] = {}
        self.exceptions: dict[str, ExceptionRule] = {}
        self.sequence_sets: dict[str, SequenceSet] = {}
        self.payment_terms: dict[str, PaymentTerm] = {}
        self.cash_steps: dict[str, Decimal] = {}
        self.header = Policy("", ALWAYS, Position(""), "")

    def problem(self, code: str, message: str, position: Position, hint: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, position, hint))

    def add(self, layer: Layer) -> None:
        self._header(layer)
        for section in (
            "attributes",
            "fields",
            "defaults",
            "reason_codes",
            "roles",
            "sequence_sets",
            "payment_terms",
            "cash_steps",
        ):
            self._said_once(section, [(name, tree) for name, _, tree in entries(layer, section)])
        for name, text, tree in entries(layer, "attributes"):
            at = tree.at("attributes", name, key=True)
            self.attributes[name] = Attribute(name, text.type, text.documents, at, text.zuora)  # type: ignore[attr-defined]
        declared_before = set(self.fields)
        for name, text, tree in entries(layer, "fields"):
            self._field(name, text, tree, declared_before)
        for name, value, tree in entries(layer, "defaults"):
            self.defaults[name], self.defaults_at[name] = str(value), tree.at("defaults", name)
        for name, codes, tree in entries(layer, "reason_codes"):
            self._reason_codes(name, codes, tree)
        for name, _, _ in entries(layer, "roles"):
            self.roles.pop(name, None)  # first, so that a layer can move somebody from one role to another
        for name, members, tree in entries(layer, "roles"):
            self._role(name, members, tree)
        for name, text, tree in entries(layer, "sequence_sets"):
            self._sequence_set(name, text, tree)
        for name, text, tree in entries(layer, "payment_terms"):
            self._payment_term(name, text, tree)
        for name, step, tree in entries(layer, "cash_steps"):
            self._cash_step(name, step, tree)
        self._every_operation(layer)
        self._operations(layer)
        for file, tree in layer.files:
            for index, exception in enumerate(file.exceptions):
                self._exception(exception, tree, index)

    def policy(self, layers: list[Layer]) -> Policy:
        return replace(
            self.header,
            digest=digest(layers),
            files=tuple(tree.file for layer in layers for _, tree in layer.files),
            # By name, so that the order of files and lines shows nowhere.
            attributes=dict(sorted(self.attributes.items())),
            fields=dict(sorted(self.fields.items())),
            defaults=dict(sorted(self.defaults.items())),
            defaults_at=dict(sorted(self.defaults_at.items())),
            reason_codes=dict(sorted(self.reason_codes.items())),
            roles={person: role for role in sorted(self.roles) for person in sorted(self.roles[role])},
            base=dict(sorted(self.base.items())),
            exceptions=tuple(self.exceptions[name] for name in sorted(self.exceptions)),
            sequence_sets=dict(sorted(self.sequence_sets.items())),
            cash_steps=dict(sorted(self.cash_steps.items())),
            payment_terms=dict(sorted(self.payment_terms.items())),
        )

    # -- the header --------------------------------------------------------------------------------------------

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

    def _effective(self, text: EffectiveText | None, tree: Tree, *path: str | int) -> Effective:
        if text is None:
            return ALWAYS
        if text.until is not None and text.until <= text.from_:
            hint = "`until` is the first day on which it no longer holds"
            self.problem("effective-empty", "this ends before it begins", tree.at(*path, "until"), hint)
        return Effective(text.from_, text.until)

    def _said_once(self, section: str, names: Iterable[tuple[str, Tree]]) -> None:
        first: dict[str, Position] = {}
        for name, tree in names:
            at = tree.at(section, name, key=True)
            if name in first:
                message = f"`{name}` is said twice in this policy (first at {first[name]})"
                self.problem("said-twice", message, at, "keep one of the two")
            first.setdefault(name, at)

    # -- declarations ------------------------------------------------------------------------------------------

    def _field(self, name: str, text: Any, tree: Tree, declared_before: Collection[str]) -> None:
        at = tree.at("fields", name, key=True)
        known = {field.name for spec in self.vocabulary.values() for field in spec.fields}
        scope, _, own_name = name.partition(".")
        if scope not in CUSTOM_SCOPES:
            message = f"`{name}` is no field of an account or a subscription; only those can have more fields"
            hint = f"begin it with {' or '.join(f'`{scope}.`' for scope in CUSTOM_SCOPES)}"
            self.problem("field-scope", message, at, hint)
        elif not NAME.fullmatch(own_name):
            message = f"`{name}` cannot be the name of a field"
            self.problem("field-name", message, at, f"after `{scope}.` write small letters, digits and underscores")
        elif name in known:
            self.problem("field-known", f"`{name}` is already a field of billpolicy", at, "choose another name")
        elif name in declared_before:
            self.problem("field-known", f"`{name}` is already declared by a base policy", at, "remove it here")
        elif text.type == "choice" and not text.values:
            message = f"`{name}` is a choice, but lists no values"
            self.problem("field-values", message, at, "add `values: [...]`")
        elif text.type != "choice" and text.values:
            message = f"`{name}` lists values, but its type is {text.type}"
            self.problem("field-values", message, at, "make it `type: choice`, or remove `values`")
        else:
            self.fields[name] = FieldSpec(name, text.type, choices=text.values)

    def _reason_codes(self, category: str, codes: Any, tree: Tree) -> None:
        categories = {setting.codes for spec in self.vocabulary.values() for setting in spec.settings if setting.codes}
        if category not in categories:
            at = tree.at("reason_codes", category, key=True)
            hint = did_you_mean(category, categories)
            self.problem("reason-category-unknown", f"nothing here has reason codes of `{category}`", at, hint)
        for index, code in enumerate(codes):
            if len(code) > 25:
                hint = "shorten it to at most 25 characters"
                at = tree.at("reason_codes", category, index)
                self.problem("reason-code-long", f"the reason code `{code}` is too long", at, hint)
        self.reason_codes[category] = codes

    def _role(self, name: str, members: Any, tree: Tree) -> None:
        for index, person in enumerate(members):
            others = (*self.roles.items(), (name, members[:index]))
            other = next((role for role, people in others if person in people), None)
            if other is not None:
                message = f"`{person}` has the role `{other}` already"
                at = tree.at("roles", name, index)
                self.problem("role-twice", message, at, "give each person one role")
        self.roles[name] = members

    def _sequence_set(self, name: str, text: Any, tree: Tree) -> None:
        series = {
            kind: Series(one.prefix, one.start, tree.at("sequence_sets", name, kind, "prefix"))
            for kind, one in text.items()
        }
        self.sequence_sets[name] = SequenceSet(name, series, tree.at("sequence_sets", name, key=True))

    def _cash_step(self, currency: str, step: Any, tree: Tree) -> None:
        try:
            if to_minor(step, currency) <= 0:
                raise AmountError("a cash step is above zero")
        except AmountError as error:
            self.problem("cash-step", str(error), tree.at("cash_steps", currency), "write it like `CHF: 0.05`")
        self.cash_steps[currency] = step

    def _payment_term(self, name: str, text: Any, tree: Tree) -> None:
        at = tree.at("payment_terms", name, key=True)
        if (text.net is None) == (text.proximo is None):
            message = f"`{name}` must say either `net` or `proximo`"
            self.problem("payment-term-kind", message, at, "write `{net: 30}` or `{proximo: {due_day: 15}}`")
            return
        due = text.proximo
        if text.net is not None and not 0 <= text.net <= 3660:
            message = f"`{name}` is due {text.net} days after the document"
            here = tree.at("payment_terms", name, "net")
            self.problem("payment-term-range", message, here, "`net` is a number of days from 0 to 3660")
        for key in ("due_day", "cutoff_day") if due else ():
            day = getattr(due, key)
            if day is not None and not 1 <= day <= 31:
                here = tree.at("payment_terms", name, "proximo", key)
                hint = "write 1 to 31; a shorter month has its last day instead"
                self.problem("payment-term-range", f"{day} is not a day of a month", here, hint)
        self.payment_terms[name] = PaymentTerm(
            name, at, text.net, due.due_day if due else None, due.cutoff_day if due else None
        )

    # -- decisions ---------------------------------------------------------------------------------------------

    def _every_operation(self, layer: Layer) -> None:
        """Decisions of every operation that has them; they replace what base layers say of any."""
        self._said_once("every_operation", [(key, tree) for key, _, tree in entries(layer, "every_operation")])
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

    def _decides(self, spec: OperationSpec, key: str) -> bool:
        attribute = self.attributes.get(key)
        if attribute is not None:
            return spec.produces in attribute.documents
        return any(setting.name == key for setting in spec.settings)

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

    def _operation(self, name: str, at: Position) -> OperationSpec | None:
        spec = self.vocabulary.get(name)
        if spec is None:
            hint = did_you_mean(name, self.vocabulary)
            self.problem("operation-unknown", f"there is no operation `{name}`", at, hint)
        return spec

    def _outcome(self, spec: OperationSpec, key: str, decided: Decided, at: Position) -> Outcome | None:
        setting = next((setting for setting in spec.settings if setting.name == key), None)
        attribute = self.attributes.get(key)
        if attribute is not None and spec.produces not in attribute.documents:
            message = f"`{spec.name}` makes {_made(spec)}, which has no {_words(key)}"
            self.problem("attribute-not-on-document", message, at, "remove this line")
        elif attribute is not None:
            return self._chain(spec, key, decided, at)
        elif setting is not None:
            return self._setting(spec, setting, decided, at)
        else:
            known = [a.name for a in self.attributes.values() if spec.produces in a.documents]
            known += [s.name for s in spec.settings]
            message = f"`{spec.name}` has nothing called `{key}` to decide"
            self.problem("decision-unknown", message, at, did_you_mean(key, known))
        return None

    def _chain(self, spec: OperationSpec, key: str, decided: Decided, at: Position) -> Chain | None:
        if decided.chain is None:
            message = f"`{key}` is inherited: say from which levels"
            self.problem("chain-wanted", message, at, "write it as a list, like `[invoice, account]`")
            return None
        found = len(self.problems)
        for level in decided.chain:
            if level not in LEVELS:
                hint = did_you_mean(level, spec.levels)
                self.problem("level-unknown", f"`{level}` is not a level", at, hint)
            elif level not in spec.levels:
                message = f"`{spec.name}` has no level `{level}`"
                self.problem("level-not-here", message, at, f"levels here: {', '.join(spec.levels)}")
        if not decided.chain:
            self.problem("chain-empty", f"the chain of `{key}` is empty", at, f"levels: {', '.join(spec.levels)}")
        if len(set(decided.chain)) < len(decided.chain):
            self.problem("level-repeated", f"the chain of `{key}` names a level twice", at, "name it once")
        return Chain(decided.chain) if len(self.problems) == found else None  # type: ignore[arg-type]

    def _setting(self, spec: OperationSpec, setting: SettingSpec, decided: Decided, at: Position) -> Setting | None:
        if decided.value is None:
            message = f"`{setting.name}` is one value, not a list of levels"
            self.problem("value-wanted", message, at, setting.doc)
            return None
        choices = self.reason_codes.get(setting.codes, ()) if setting.codes else setting.choices
        try:
            value: str | int | bool
            if setting.type == "boolean":
                value = read_boolean(decided.value)
            elif setting.type == "integer":
                value = read_integer(decided.value)
            else:
                value = read_text(decided.value)
        except ValueError as error:
            self.problem("value-wrong", str(error), at, setting.doc)
            return None
        if setting.type == "integer" and int(value) < 1:
            self.problem("value-wrong", f"`{setting.name}` is {value}, but must be 1 or above", at, setting.doc)
            return None
        if setting.type == "choice" and value not in choices:
            message = f"`{value}` is not a value of `{setting.name}`"
            self.problem("value-not-allowed", message, at, did_you_mean(str(value), choices))
            return None
        return Setting(value)

    # -- exceptions --------------------------------------------------------------------------------------------

    def _exception(self, text: ExceptionText, tree: Tree, index: int) -> None:
        path = ("exceptions", index)
        at = tree.at(*path, "id")
        if text.id in self.exceptions:
            message = f"there are two exceptions `{text.id}` (first at {self.exceptions[text.id].position})"
            self.problem("said-twice", message, at, "give each its own id")
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
        clauses = [self._clause(name, constraint, specs, tree, path) for name, constraint in text.when.items()]
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
            clauses=tuple(c for c in clauses if c is not None),
            then=then,
            position=at,
            then_at=then_at,
            overrides=tuple(sorted(text.overrides)),
            effective=self._effective(text.effective, tree, *path, "effective"),
            because=text.because,
        )

    def _clause(
        self, name: str, constraint: Constraint, specs: list[OperationSpec], tree: Tree, path: tuple[str | int, ...]
    ) -> Clause | None:
        at = tree.at(*path, "when", name, key=True)
        field: FieldSpec | None = None
        for spec in specs:
            field = self._field_of(spec, name)
            if field is None:
                known = [f.name for f in spec.fields]
                known += [f for f in self.fields if f.partition(".")[0] in spec.scopes]
                message = f"`{spec.name}` has no field `{name}`"
                self.problem("field-unknown", message, at, did_you_mean(name, known))
                return None
            try:
                read = clause(field, constraint)
            except ValueError as error:
                self.problem("condition-wrong", str(error), tree.at(*path, "when", name))
                return None
        return read if field is not None else None

    def _field_of(self, spec: OperationSpec, name: str) -> FieldSpec | None:
        custom = self.fields.get(name)
        if custom is not None:
            return custom if name.partition(".")[0] in spec.scopes else None
        field = next((field for field in spec.fields if field.name == name), None)
        if field is not None and field.codes:
            roles = tuple(sorted(self.roles))
            return field._replace(choices=roles if field.codes == ROLES else self.reason_codes.get(field.codes, ()))
        return field


def _covers(base: Effective, layer: Effective) -> bool:
    ends_in_time = base.until is None or (layer.until is not None and layer.until <= base.until)
    return base.from_ <= layer.from_ and ends_in_time


def _made(spec: OperationSpec) -> str:
    return f"a {_words(spec.produces)}" if spec.produces else "no document"


def _words(name: str) -> str:
    return name.replace("_", " ")
