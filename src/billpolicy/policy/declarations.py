"""What a policy declares and its rules may name: attributes and their defaults, fields, reason codes, people.

What it decides is looked up among these, and in the vocabulary: `decisions.py` and `rules.py`. What else it declares
has files of its own: `sequences.py`, `payment_terms.py`, `tax_rates.py`, `accounts.py` and `limits.py`; only cash steps
and what recordings leave out, a line each, stand here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.diagnostics.limit import stop_at_limit
from billpolicy.diagnostics.sentences import quoted
from billpolicy.money import AmountError, exact
from billpolicy.policy.condition import Lists
from billpolicy.policy.forms import DefaultText
from billpolicy.policy.language import AttributeText, EffectiveText, FieldText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import ALWAYS, Attribute, DefaultBy, Effective
from billpolicy.policy.people import same_name
from billpolicy.policy.typed import typed
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.fields import NARROWED, SCOPES, changes_of, fields_of
from billpolicy.vocabulary.spec import (
    CUSTOM_SCOPES,
    NAME,
    ROLES,
    FieldSpec,
    OperationSpec,
    Vocabulary,
    events_of,
)

_EVERY_ONE = ("all", "any", "every", "every_operation", "*")
"""What is written by who means each operation."""
_NEVER_MASKED = {"date"}


class Declarations:
    """What has been declared so far, base layers first; a later one replaces what an earlier said.

    Every problem of the policy's words is noted here, at its place; what is broken is left out, the rest is read on.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Diagnostic] = []
        self.attributes: dict[str, Attribute] = {}
        self.fields: dict[str, FieldSpec] = {}
        self.narrowed: dict[str, tuple[str, ...]] = {}
        """Field of the vocabulary -> the only values that it has here."""
        self.defaults: dict[str, str] = {}
        self.defaults_by: dict[str, DefaultBy] = {}
        self.defaults_at: dict[str, Position] = {}
        self.reason_codes: dict[str, tuple[str, ...]] = {}
        self.roles: dict[str, tuple[str, ...]] = {}
        """Role -> the people who have it."""
        self.role_of: dict[str, str] = {}
        """Person, as names are compared -> their role."""
        self.aliases: dict[str, tuple[str, ...]] = {}
        """Person -> their other names, all as names are compared."""
        self.aliases_at: dict[str, Position] = {}
        self.cash_steps: dict[str, Decimal] = {}
        self.masked: set[str] = set()
        """Fields that recordings leave out: a layer adds to those of its base, and takes none away."""

    def add(self, layer: Layer) -> None:
        """All that one more layer declares."""
        for name, attribute, tree in entries(layer, lambda file: file.attributes):
            self._attribute(name, attribute, tree)
        declared_before = set(self.fields)
        for name, field, tree in entries(layer, lambda file: file.fields):
            self._field(name, field, tree, declared_before)
        for name, value, tree in entries(layer, lambda file: file.defaults):
            self._default(name, value, tree)
        for name, codes, tree in entries(layer, lambda file: file.reason_codes):
            self._reason_codes(name, codes, tree)
        for name, _, _ in entries(layer, lambda file: file.roles):
            self.roles.pop(name, None)  # first, so that a layer can move somebody from one role to another
        self.role_of = {same_name(person): role for role, members in self.roles.items() for person in members}
        for name, members, tree in entries(layer, lambda file: file.roles):
            self._role(name, members, tree)
        for name, _, _ in entries(layer, lambda file: file.aliases):
            self.aliases.pop(same_name(name), None)
        for name, others, tree in entries(layer, lambda file: file.aliases):
            self._aliases(name, others, tree)
        for name, step, tree in entries(layer, lambda file: file.cash_steps):
            self._cash_step(name, step, tree)
        for file, tree in layer.files:
            for index, name in enumerate(file.recording.mask if file.recording else ()):
                self._mask(name, tree.at("recording", "mask", index))

    def problem(self, code: Code, message: str, position: Position, hint: str | None = None) -> None:
        """Note what is wrong with the words of the policy. Raises `Refused` when there are too many."""
        self.problems.append(Diagnostic(code, message, position, hint))
        stop_at_limit(self.problems, Position(position.file))

    def above_zero(self, code: Code, what: str, amount: Decimal, currency: str, at: Position, hint: str) -> None:
        """Ask of an amount that it is exact and above zero; that it is not is a problem."""
        try:
            if exact(amount, currency) <= 0:
                raise AmountError(f"{what} is above zero")
        except AmountError as error:
            self.problem(code, str(error), at, hint)

    def role(self, name: str, at: Position) -> bool:
        """Whether there is a role of this name; that there is none is a problem."""
        if name not in self.roles:
            hint = did_you_mean(name, self.roles) or "declare it under `roles`, with the people who have it"
            self.problem("role-unknown", f"there is no role `{name}`", at, hint)
        return name in self.roles

    def operation(self, name: str, at: Position) -> OperationSpec | None:
        """The operation of this name; that there is none is a problem."""
        spec = self.vocabulary.get(name)
        if spec is None:
            self.problem("operation-unknown", f"there is no operation `{name}`", at, self._operation_meant(name))
        return spec

    def _operation_meant(self, name: str) -> str:
        """Which operation was meant, or all that there are."""
        every = "what holds for every operation stands under `every_operation`"
        if name.casefold() in _EVERY_ONE:
            return f"list the operations; {every}"
        meant = did_you_mean(name, self.vocabulary)
        return meant or f"there are: {', '.join(sorted(self.vocabulary))}; {every}"

    def fields_of(self, spec: OperationSpec) -> tuple[FieldSpec, ...]:
        """What conditions can ask about an operation; what it changes is called as the policy declares it."""
        return (*spec.fields, *changes_of(spec.changes, self.attributes, self.fields))

    def choices(self, field: FieldSpec) -> tuple[str, ...]:
        """The closed list of a field; that of roles, reason codes and what is narrowed is what the policy declares by
        now."""
        if field.name in self.narrowed:
            return self.narrowed[field.name]
        if field.codes == ROLES:
            return tuple(sorted(self.roles))
        return self.reason_codes.get(field.codes, ()) if field.codes else field.choices

    def lists_of(self, spec: OperationSpec) -> Lists:
        """What an operation's facts can be that are one of the policy's roles or reason codes, or narrowed by it."""
        listed = (field for field in spec.fields if field.codes or field.name in self.narrowed)
        return {field.name: frozenset(self.choices(field)) for field in listed}

    def every_field(self) -> dict[str, FieldSpec]:
        """The fields that are there because the policy declares something: its own, and those for what is changed."""
        changes = (changes_of(scope, self.attributes, self.fields) for scope in CUSTOM_SCOPES)
        return {**self.fields, **{field.name: field for fields in changes for field in fields}}

    def effective(self, text: EffectiveText | None, tree: Tree, *path: str | int) -> Effective:
        """The days that stand at this place; always, if nothing does."""
        if text is None:
            return ALWAYS
        if text.until is not None and text.until <= text.from_:
            hint = "`until` is the first day on which it no longer holds"
            self.problem("effective-empty", "this ends before it begins", tree.at(*path, "until"), hint)
        return Effective(text.from_, text.until)

    def _attribute(self, name: str, text: AttributeText, tree: Tree) -> None:
        on_invoices = "invoice" in text.documents
        if text.splits_invoices is not None and not on_invoices:
            message = f"invoices have no `{name}`, so it cannot say whether it splits them"
            here = tree.at("attributes", name, "splits_invoices", key=True)
            self.problem("attribute-splits", message, here, "remove this line, or add `invoice` to its `documents`")
        splits = on_invoices and text.splits_invoices is not False
        at = tree.at("attributes", name, key=True)
        exhausted = text.exhausted == "refuse"
        self.attributes[name] = Attribute(name, text.type, text.documents, at, text.zuora, splits, exhausted)

    def _default(self, name: str, text: DefaultText, tree: Tree) -> None:
        """A default; one that is said again replaces that of the base, also with all that it said by a field."""
        self.defaults_at[name] = tree.at("defaults", name)
        self.defaults.pop(name, None)
        self.defaults_by.pop(name, None)
        if text.otherwise is not None:
            self.defaults[name] = text.otherwise
        if text.by:
            by_at, otherwise_at = (tree.at("defaults", name, key) for key in ("by", "otherwise"))
            path = ("defaults", name, "values")
            values_at = {one: (tree.at(*path, one, key=True), tree.at(*path, one)) for one, _ in text.values}
            self.defaults_by[name] = DefaultBy(text.by, dict(sorted(text.values)), by_at, otherwise_at, values_at)

    def _field(self, name: str, text: FieldText, tree: Tree, declared_before: Collection[str]) -> None:
        at = tree.at("fields", name, key=True)
        known = {field.name for spec in self.vocabulary.values() for field in spec.fields}
        scope, _, own_name = name.partition(".")
        if name in NARROWED and text.type is None:
            self._narrow(name, text, tree)
        elif scope not in CUSTOM_SCOPES:
            message = f"`{name}` is no field of an account or a subscription; only those can have more fields"
            hint = f"begin it with {' or '.join(f'`{scope}.`' for scope in CUSTOM_SCOPES)}"
            self.problem("field-scope", message, at, hint)
        elif not NAME.fullmatch(own_name):
            message = f"`{name}` cannot be the name of a field"
            self.problem("field-name", message, at, f"after `{scope}.` write small letters, digits and underscores")
        elif own_name in self.attributes:
            message = f"`{own_name}` is an attribute, which a field `{name}` would never have the value of"
            self.problem("field-known", message, at, f"call the field otherwise, like `{scope}.entity`")
        elif name in known:
            instead = "leave out its `type`, to say only which `values` it has"
            hint = instead if name in NARROWED else "choose another name"
            self.problem("field-known", f"`{name}` is already a field of billpolicy", at, hint)
        elif name in declared_before:
            self.problem("field-known", f"`{name}` is already declared by a base policy", at, "remove it here")
        elif text.type is None:
            hint = f"add `type: {'choice' if text.values else 'text'}`"
            self.problem("key-missing", f"`{name}` does not say its `type`", at, hint)
        elif text.type == "choice" and not text.values:
            message = f"`{name}` is a choice, but lists no values"
            self.problem("field-values", message, at, "add `values: [...]`")
        elif text.type != "choice" and text.values:
            message = f"`{name}` lists values, but its type is {text.type}"
            self.problem("field-values", message, at, "make it `type: choice`, or remove `values`")
        else:
            self.fields[name] = FieldSpec(name, text.type, choices=text.values)

    def _narrow(self, name: str, text: FieldText, tree: Tree) -> None:
        """Only these values of a field of billpolicy; a layer may leave out some of its base's, and add none."""
        at = tree.at("fields", name, key=True)
        if not text.values:
            message = f"`{name}` is a field of billpolicy already, and this says nothing of it"
            self.problem("field-values", message, at, "add `values: [...]`, those that it can have, or remove it")
            return
        field = next(one for one in fields_of(*SCOPES) if one.name == name)
        allowed = self.narrowed.get(name)
        for index, value in enumerate(text.values):
            here = tree.at("fields", name, "values", index)
            try:
                typed(field, value)
            except ValueError as error:
                self.problem("field-values", str(error), here, f"`{name}` has no such value")
            if allowed is not None and value not in allowed:
                values = ", ".join(quoted(allowed))
                message = f"the base policy says that `{name}` has only {values}; here is `{value}`, too"
                self.problem("field-values", message, here, "a layer can leave values out, and add none")
        self.narrowed[name] = tuple(dict.fromkeys(text.values))

    def _reason_codes(self, category: str, codes: tuple[str, ...], tree: Tree) -> None:
        specs = self.vocabulary.values()
        asked = [*(spec.fields for spec in specs), *(event.fields for event in events_of(self.vocabulary).values())]
        categories = {field.codes for fields in asked for field in fields} - {"", ROLES}
        categories |= {setting.codes for spec in specs for setting in spec.settings if setting.codes}
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

    def _role(self, name: str, members: tuple[str, ...], tree: Tree) -> None:
        for index, person in enumerate(members):
            role = self.role_of.setdefault(same_name(person), name)
            if role != name or same_name(person) in map(same_name, members[:index]):
                message = f"`{person}` has the role `{role}` already"
                at = tree.at("roles", name, index)
                self.problem("role-twice", message, at, "give each person one role")
        self.roles[name] = members

    def _aliases(self, name: str, others: tuple[str, ...], tree: Tree) -> None:
        """Other names of a person. That no name is one of two people, also over layers, is a check of the whole."""
        person = same_name(name)
        at = tree.at("aliases", name, key=True)
        if person in self.aliases:
            message = f"the other names of `{name}` stand here twice: names differ by more than their spelling"
            self.problem("alias-taken", message, at, "list all of them in one place")
        self.aliases[person] = tuple(map(same_name, others))
        self.aliases_at[person] = at

    def _cash_step(self, currency: str, step: Decimal, tree: Tree) -> None:
        at = tree.at("cash_steps", currency)
        self.above_zero("cash-step", "a cash step", step, currency, at, "write it like `CHF: 0.05`")
        self.cash_steps[currency] = step

    def _mask(self, name: str, at: Position) -> None:
        specs = self.vocabulary.values()
        asked = [*(spec.fields for spec in specs), *(event.fields for event in events_of(self.vocabulary).values())]
        known = {field.name for fields in asked for field in fields}.union(self.every_field()) - _NEVER_MASKED
        if name in _NEVER_MASKED:
            message = f"`{name}` cannot be left out of recordings: the version of the policy depends on it"
            self.problem("mask-wrong", message, at, "remove it here")
        elif name not in known:
            hint = did_you_mean(name, known) or "name fields that conditions can ask for, like `account.name`"
            self.problem("mask-wrong", f"there is no field `{name}` that recordings could leave out", at, hint)
        self.masked.add(name)


def again(names: Sequence[str]) -> list[int]:
    """Where the first name stands that stands in the list already; nothing where each is there once."""
    return [index for index, name in enumerate(names) if name in names[:index]][:1]
