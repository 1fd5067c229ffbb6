"""From the words of a decision or a condition to their meaning, looked up in the vocabulary and the declarations.

Design section 2, rules 1, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billpolicy.diagnostics.diagnostic import Position, did_you_mean
from billpolicy.policy.declarations import Declarations
from billpolicy.policy.file import Constraint, Decided
from billpolicy.policy.model import (
    Chain,
    Clause,
    Outcome,
    Setting,
)
from billpolicy.policy.typed import clause
from billpolicy.source.scalars import read_boolean, read_integer, read_text
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.spec import (
    LEVELS,
    ROLES,
    FieldSpec,
    OperationSpec,
    SettingSpec,
    scopes_of,
)


class Decisions(Declarations):
    """Outcomes and clauses, typed; what cannot be is a problem at its place, and None."""

    def _decides(self, spec: OperationSpec, key: str) -> bool:
        attribute = self.attributes.get(key)
        if attribute is not None:
            return not set(spec.produces).isdisjoint(attribute.documents)
        return any(setting.name == key for setting in spec.settings)

    def _operation(self, name: str, at: Position) -> OperationSpec | None:
        spec = self.vocabulary.get(name)
        if spec is None:
            hint = did_you_mean(name, self.vocabulary)
            self.problem("operation-unknown", f"there is no operation `{name}`", at, hint)
        return spec

    def _outcome(self, spec: OperationSpec, key: str, decided: Decided, at: Position) -> Outcome | None:
        setting = next((setting for setting in spec.settings if setting.name == key), None)
        attribute = self.attributes.get(key)
        if attribute is not None and set(spec.produces).isdisjoint(attribute.documents):
            message = f"`{spec.name}` makes {_made(spec)} no {_words(key)}"
            self.problem("attribute-not-on-document", message, at, "remove this line")
        elif attribute is not None:
            return self._chain(spec, key, decided, at)
        elif setting is not None:
            return self._setting(setting, decided, at)
        else:
            known = [a.name for a in self.attributes.values() if not set(spec.produces).isdisjoint(a.documents)]
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

    def _setting(self, setting: SettingSpec, decided: Decided, at: Position) -> Setting | None:
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

    def _field_of(self, fields: Sequence[FieldSpec], name: str) -> FieldSpec | None:
        custom = self.fields.get(name)
        if custom is not None:
            return custom if name.partition(".")[0] in scopes_of(fields) else None
        field = next((field for field in fields if field.name == name), None)
        if field is not None and field.codes:
            roles = tuple(sorted(self.roles))
            return field._replace(choices=roles if field.codes == ROLES else self.reason_codes.get(field.codes, ()))
        return field

    def _clauses(
        self, when: Mapping[str, Constraint], has: Mapping[str, Sequence[FieldSpec]], tree: Tree, *path: str | int
    ) -> tuple[Clause, ...]:
        """The condition that stands under `when`. `has`: whose fields they are; every field must be there of each."""
        read = (self._clause(name, constraint, has, tree, *path, "when", name) for name, constraint in when.items())
        return tuple(clause for clause in read if clause is not None)

    def _clause(
        self, name: str, constraint: Constraint, has: Mapping[str, Sequence[FieldSpec]], tree: Tree, *path: str | int
    ) -> Clause | None:
        read = None
        for who, fields in has.items():
            field = self._field_of(fields, name)
            if field is None:
                known = [f.name for f in fields]
                known += [f for f in self.fields if f.partition(".")[0] in scopes_of(fields)]
                message = f"{who} has no field `{name}`"
                self.problem("field-unknown", message, tree.at(*path, key=True), did_you_mean(name, known))
                return None
            try:
                read = clause(field, constraint)
            except ValueError as error:
                self.problem("condition-wrong", str(error), tree.at(*path))
                return None
        return read


def _made(spec: OperationSpec) -> str:
    made = " and ".join(f"{_words(kind)}s" for kind in spec.produces)
    return f"{made}, which have" if made else "no document, so there is"


def _words(name: str) -> str:
    return name.replace("_", " ")
