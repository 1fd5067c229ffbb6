"""What a policy decides for each operation when no exception holds: `every_operation` and `operations`.

A decision is the chain of an attribute or the value of a setting (docs/policy-language.md rules 1, 3 and 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.diagnostics.sentences import quoted
from billpolicy.policy.approval import APPROVAL, Approval
from billpolicy.policy.declarations import Declarations, again
from billpolicy.policy.forms import Decided
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import BaseRule, Chain, Outcome, Setting
from billpolicy.source.scalars import read_boolean, read_integer, read_prose, read_text
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.settings import PERMISSION
from billpolicy.vocabulary.spec import LEVELS, OperationSpec, SettingSpec

_BECAUSE = "because"
_GONE = {"write_off_reason": "remove this line: the memo of a write-off says itself that it is one (`write_off: true`)"}
"""What older policies may still say -> what to do."""


def base_rules(declared: Declarations, layer: Layer) -> list[BaseRule]:
    """The base rules that one layer says. Of two for the same operation and key the later one holds."""
    return [*_every_operation(declared, layer), *_operations(declared, layer)]


def _every_operation(declared: Declarations, layer: Layer) -> Iterator[BaseRule]:
    """Decisions of every operation that has them; they replace what base layers say of any."""
    for key, decided, tree in entries(layer, lambda file: file.every_operation):
        at = tree.at("every_operation", key, key=True)
        specs = [spec for spec in declared.vocabulary.values() if _decides(declared, spec, key)]
        if not specs:
            known = {setting.name for spec in declared.vocabulary.values() for setting in spec.settings}
            hint = _GONE.get(key) or did_you_mean(key, known | declared.attributes.keys())
            declared.problem("decision-unknown", f"no operation has anything called `{key}` to decide", at, hint)
        can = [spec for spec in specs if _has_value(spec, key, decided.value)]
        silent = [spec for spec in specs if spec not in can and not _says(layer, spec, key)]
        if can and silent:
            declared.problems.append(_not_everywhere(key, decided, silent, at))
        for spec in can or specs:
            outcome = outcome_of(declared, spec, decided, tree, "every_operation", key)
            if outcome is not None:
                yield BaseRule(spec.name, key, outcome, at, decided.because)


def _has_value(spec: OperationSpec, key: str, value: object) -> bool:
    """Whether an operation's own list of a setting has this value; settings of one name have not always the same."""
    setting = next((setting for setting in spec.settings if setting.name == key), None)
    return setting is None or not setting.choices or value in setting.choices


def _says(layer: Layer, spec: OperationSpec, key: str) -> bool:
    """Whether a layer says it of the operation itself."""
    return any(key in file.operations.get(spec.name, {}) for file, _ in layer.files)


def _not_everywhere(key: str, decided: Decided, without: Sequence[OperationSpec], at: Position) -> Diagnostic:
    """A value that only some operations have: it holds for those, and the others keep what else is said of them."""
    names = ", ".join(quoted(spec.name for spec in without))
    message = f"`{key}: {decided.value}` is no value of {names}: what was said of them before holds there"
    settings = [setting for spec in without for setting in spec.settings if setting.name == key]
    everywhere = [value for value in settings[0].choices if all(value in one.choices for one in settings)]
    known = f" ({', '.join(quoted(map(str, everywhere)))} are known to all of them)" if everywhere else ""
    hint = f"say `{key}` of them under `operations`{known}, or say `{decided.value}` only of those that have it"
    return Diagnostic("value-not-everywhere", message, at, hint, "warning")


def _operations(declared: Declarations, layer: Layer) -> Iterator[BaseRule]:
    first: dict[tuple[str, str], Position] = {}
    for file, tree in layer.files:
        for operation, decisions in file.operations.items():
            spec = declared.operation(operation, tree.at("operations", operation, key=True))
            if spec is None:
                continue
            shared = _shared_because(declared, decisions.get(_BECAUSE), tree.at("operations", operation, _BECAUSE))
            for key, decided in decisions.items():
                if key == _BECAUSE:
                    continue
                at = tree.at("operations", operation, key, key=True)
                if (operation, key) in first:
                    message = f"`{operation}` says `{key}` twice (first at {first[operation, key]})"
                    declared.problem("said-twice", message, at, "keep one of the two")
                    continue
                first[operation, key] = at
                outcome = outcome_of(declared, spec, decided, tree, "operations", operation, key)
                if outcome is not None:
                    yield BaseRule(operation, key, outcome, at, decided.because or shared)


def _shared_because(declared: Declarations, said: Decided | None, at: Position) -> str | None:
    """The reason that an operation gives for all that it decides in this place."""
    if said is None:
        return None
    if said.value is None or said.because is not None:
        message = "`because` is one text, the reason for all that this operation says"
        declared.problem("because-wrong", message, at, "write it like `because: FIN-212`")
        return None
    try:
        return read_prose(said.value)
    except ValueError as error:
        declared.problem("value-wrong", str(error), at)
        return None


def _decides(declared: Declarations, spec: OperationSpec, key: str) -> bool:
    attribute = declared.attributes.get(key)
    if attribute is not None:
        return not set(spec.produces).isdisjoint(attribute.documents)
    return any(setting.name == key for setting in spec.settings)


def outcome_of(
    declared: Declarations, spec: OperationSpec, decided: Decided, tree: Tree, *path: str | int
) -> Outcome | None:
    """What is decided at `path`, whose last step is its key; None if it cannot be, which is a problem at its place."""
    key, at = str(path[-1]), tree.at(*path, key=True)
    setting = next((setting for setting in spec.settings if setting.name == key), None)
    attribute = declared.attributes.get(key)
    if attribute is not None and set(spec.produces).isdisjoint(attribute.documents):
        message = f"`{spec.name}` makes {_made(spec)} no {_words(key)}"
        declared.problem("attribute-not-on-document", message, at, "remove this line")
    elif attribute is not None:
        return _chain(declared, spec, decided, tree, *path)
    elif setting is not None:
        return _setting(declared, setting, decided, tree, *path)
    else:
        known = [a.name for a in declared.attributes.values() if not set(spec.produces).isdisjoint(a.documents)]
        known += [s.name for s in spec.settings]
        message = f"`{spec.name}` has nothing called `{key}` to decide"
        declared.problem("decision-unknown", message, at, _GONE.get(key) or did_you_mean(key, known))
    return None


def _chain(declared: Declarations, spec: OperationSpec, decided: Decided, tree: Tree, *path: str | int) -> Chain | None:
    key, at = str(path[-1]), tree.at(*path, "from")
    if decided.chain is None:
        message = f"`{key}` is inherited: say from which levels"
        declared.problem("chain-wanted", message, at, "write it as a list, like `[invoice, account]`")
        return None
    found = len(declared.problems)
    for index, level in enumerate(decided.chain):
        level_at = tree.at(*path, "from", index)
        if level not in LEVELS:
            hint = did_you_mean(level, spec.levels)
            declared.problem("level-unknown", f"`{level}` is not a level", level_at, hint)
        elif level not in spec.levels:
            message = f"`{spec.name}` has no level `{level}`"
            declared.problem("level-not-here", message, level_at, f"levels here: {', '.join(spec.levels)}")
    if not decided.chain:
        declared.problem("chain-empty", f"the chain of `{key}` is empty", at, f"levels: {', '.join(spec.levels)}")
    for index in again(decided.chain):
        level_at = tree.at(*path, "from", index)
        declared.problem("level-repeated", f"the chain of `{key}` names a level twice", level_at, "name it once")
    return Chain(decided.chain) if len(declared.problems) == found else None  # type: ignore[arg-type]


def _setting(
    declared: Declarations, setting: SettingSpec, decided: Decided, tree: Tree, *path: str | int
) -> Setting | None:
    at = tree.at(*path, "is")
    if decided.approval is not None and setting.name == PERMISSION.name:
        return _approval(declared, decided.approval, tree, *path, "is", APPROVAL, "by")
    if decided.value is None or decided.approval is not None:
        message = f"`{setting.name}` is one value, not a list of levels"
        declared.problem("value-wanted", message, at, setting.doc)
        return None
    choices = declared.reason_codes.get(setting.codes, ()) if setting.codes else setting.choices
    try:
        value: str | int | bool
        if setting.type == "boolean":
            value = read_boolean(decided.value)
        elif setting.type == "integer":
            value = read_integer(decided.value)
        else:
            value = read_text(decided.value)
    except ValueError as error:
        declared.problem("value-wrong", str(error), at, setting.doc)
        return None
    if setting.type == "integer" and int(value) < 1:
        declared.problem("value-wrong", f"`{setting.name}` is {value}, but must be 1 or above", at, setting.doc)
        return None
    if setting.type == "choice" and value not in choices:
        message = f"`{value}` is not a value of `{setting.name}`"
        declared.problem("value-not-allowed", message, at, did_you_mean(str(value), choices))
        return None
    return Setting(value)


def _approval(declared: Declarations, approval: Approval, tree: Tree, *path: str | int) -> Setting | None:
    """The approval whose roles stand at `path`, if they are declared."""
    known = [declared.role(role, tree.at(*path)) for role in approval.by]
    return Setting(str(approval)) if all(known) else None


def _made(spec: OperationSpec) -> str:
    made = " and ".join(f"{_words(kind)}s" for kind in spec.produces)
    return f"{made}, which have" if made else "no document, so there is"


def _words(name: str) -> str:
    return name.replace("_", " ")
