"""What must be true of a policy as a whole, once its words are understood. One function per check: see `CHECKS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.diagnostics.limit import first_of
from billpolicy.diagnostics.sentences import all_of, any_of, quoted
from billpolicy.policy.accounts import ACCOUNT_CHECKS
from billpolicy.policy.authority import AUTHORITY
from billpolicy.policy.condition import Words
from billpolicy.policy.model import BaseRule, Chain, ExceptionRule, Outcome, Policy, Setting
from billpolicy.policy.sequences import SEQUENCE_CHECKS
from billpolicy.policy.typed import typed
from billpolicy.vocabulary.spec import DOCUMENT_KINDS, NAME, Vocabulary

_Found = Iterator[Diagnostic]
Check = Callable[[Policy, Vocabulary], Iterator[Diagnostic]]


def check(policy: Policy, vocabulary: Vocabulary, more: Sequence[Check] = ()) -> list[Diagnostic]:
    """Everything that is wrong with the policy as a whole; `more` checks come after those that stand here."""
    return first_of(
        (problem for run in (*CHECKS, *more) for problem in run(policy, vocabulary)), Position(policy.position.file)
    )


def _nothing_below(policy: Policy, vocabulary: Vocabulary) -> Diagnostic | None:
    """A policy without a base that leaves more open than it says: one sentence, and not one for each operation."""
    settings = [(spec.name, setting.name) for spec in vocabulary.values() for setting in spec.settings]
    missing = sum(key not in policy.base for key in settings)
    if 2 * missing <= len(settings) or len(policy.layers) > 1:
        return None
    message = f"this policy extends none, and does not say {missing} of the {len(settings)} decisions that it must"
    hint = "begin with `extends: standard`, which is the standard policy that comes with billpolicy"
    at = Position(policy.position.file, 1, 1)  # so that it is told first
    return Diagnostic("decision-missing", message, at, hint)


def _everything_decided(policy: Policy, vocabulary: Vocabulary) -> _Found:
    bare = _nothing_below(policy, vocabulary)
    if bare is not None:
        yield bare
        return
    for attribute in policy.attributes.values():
        for spec in vocabulary.values():
            made = set(spec.produces).intersection(attribute.documents)
            if made and (spec.name, attribute.name) not in policy.base:
                message = f"`{attribute.name}` is not decided for `{spec.name}`, which makes {_listed(made)}"
                hint = f"say under `operations: {spec.name}:` from which levels, like `{attribute.name}: [account]`"
                yield Diagnostic("decision-missing", message, attribute.position, hint)
    for spec in vocabulary.values():
        missing = [setting.name for setting in spec.settings if (spec.name, setting.name) not in policy.base]
        if missing:
            message = f"this policy does not say {', '.join(f'`{name}`' for name in missing)} of `{spec.name}`"
            hint = f"add it under `operations: {spec.name}:`, or extend the standard policy"
            yield Diagnostic("decision-missing", message, policy.position, hint)


def _attributes(policy: Policy, vocabulary: Vocabulary) -> _Found:
    settings = {setting.name for spec in vocabulary.values() for setting in spec.settings}
    for attribute in policy.attributes.values():
        if attribute.name in settings or attribute.name == "because":
            message = f"`{attribute.name}` already means something else in an operation"
            yield Diagnostic("attribute-name", message, attribute.position, "choose another name")
        if not NAME.fullmatch(attribute.name):
            message = f"`{attribute.name}` cannot be the name of an attribute"
            hint = "write small letters, digits and underscores, a letter first"
            yield Diagnostic("attribute-name", message, attribute.position, hint)
        if not attribute.documents or len(set(attribute.documents)) < len(attribute.documents):
            message = f"`documents` of `{attribute.name}` must name at least one kind of document, and each once"
            hint = f"kinds: {', '.join(DOCUMENT_KINDS)}"
            yield Diagnostic("attribute-documents", message, attribute.position, hint)
    said = []
    for name, value in policy.defaults.items():
        chosen = policy.defaults_by.get(name)
        said.append((name, value, policy.defaults_at[name] if chosen is None else chosen.otherwise_at))
    for name, by in policy.defaults_by.items():
        said += [(name, value, by.values_at[one][1]) for one, value in by.values.items()]
    for name, value, at in said:
        declared = policy.attributes.get(name)
        if declared is None:
            message = f"there is no attribute `{name}`"
            yield Diagnostic("attribute-unknown", message, at, did_you_mean(name, policy.attributes))
            continue
        known = _named_values(policy, declared.type)
        if known is not None and value not in known:
            what = declared.type.replace("_", " ")
            message = f"the default {what} `{value}` is not declared"
            yield Diagnostic("default-unknown", message, at, did_you_mean(value, known))


def _needed_attributes(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """Numbers and due dates are made from two attributes, so no policy can do without them."""
    for name, purpose in (("sequence_set", "numbers"), ("payment_term", "due dates")):
        with_it = {kind for spec in vocabulary.values() for kind in spec.produces}
        if name == "payment_term":
            with_it &= {"invoice", "debit_memo"}
        attribute = policy.attributes.get(name)
        if attribute is None:
            message = f"the attribute `{name}` is missing; documents get their {purpose} from it"
            hint = "declare it under `attributes`, or extend the standard policy"
            yield Diagnostic("attribute-missing", message, policy.position, hint)
        elif attribute.type != name:
            message = f"the type of the attribute `{name}` is {attribute.type}, so documents get no {purpose} from it"
            yield Diagnostic("attribute-type", message, attribute.position, f"write `type: {name}`")
        elif not with_it <= set(attribute.documents):
            kinds = _listed(with_it - set(attribute.documents))
            message = f"{kinds} need the attribute `{name}` for their {purpose}"
            yield Diagnostic("attribute-documents", message, attribute.position, "add them to its `documents`")
        elif name == "payment_term" and not set(attribute.documents) <= with_it:
            kinds = _listed(set(attribute.documents) - with_it)
            message = f"{kinds} have no payment term: nobody has to pay one"
            yield Diagnostic("attribute-documents", message, attribute.position, "remove them from its `documents`")


def _listed(kinds: Iterable[str]) -> str:
    return " and ".join(f"{kind.replace('_', ' ')}s" for kind in sorted(kinds))


def _outcomes_still_mean_something(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """What a base policy decides was checked against its own words; a layer may have said those anew since."""
    rules = [(rule.operation, rule.key, rule.outcome, rule.position) for rule in policy.base.values()]
    for exception in policy.exceptions:
        for key, outcome in exception.then.items():
            rules += [(operation, key, outcome, exception.then_at[key]) for operation in exception.operations]
    for operation, key, outcome, at in rules:
        spec = vocabulary[operation]
        attribute = policy.attributes.get(key)
        codes = next((setting.codes for setting in spec.settings if setting.name == key), "")
        if isinstance(outcome, Chain) and attribute is not None and set(spec.produces).isdisjoint(attribute.documents):
            message = (
                f"`{operation}` still decides `{key}`, which {_listed(spec.produces or ['nothing'])} no longer have"
            )
            hint = f"add `{'`, `'.join(spec.produces)}` to the `documents` of `{key}` ({attribute.position})"
            yield Diagnostic("attribute-not-on-document", message, at, hint)
        if isinstance(outcome, Setting) and codes and outcome.value not in policy.reason_codes.get(codes, ()):
            message = f"`{outcome}` is no longer one of the reason codes of {codes.replace('_', ' ')}s"
            hint = f"add it to `reason_codes`, or say another `{key}` of `{operation}`"
            yield Diagnostic("value-not-allowed", message, at, hint)


def _conditions_still_mean_something(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """As outcomes: a layer may have said the reason codes anew that a condition of its base asks about."""
    asking = [(rule, [vocabulary[name].fields for name in rule.operations]) for rule in policy.exceptions]
    asking += [(one.rule, [vocabulary[one.operation].fields_after(one.after)]) for one in policy.follow_ups]
    for rule, fields in asking:
        for field in dict.fromkeys(chain.from_iterable(fields)):
            asked = rule.boxes[0].get(field.name)
            if asked is None or field.codes not in policy.reason_codes or not isinstance(asked.members, Words):
                continue
            for gone in sorted(map(str, asked.members.names - set(policy.reason_codes[field.codes]))):
                category = f"{field.codes.replace('_', ' ')}s"
                message = f"`{rule.id}` asks about `{gone}`, which is no longer a reason code of {category}"
                hint = "add it to `reason_codes`, or take it out of the condition"
                yield Diagnostic("value-not-allowed", message, rule.position, hint)


def _named_values(policy: Policy, type_: str) -> set[str] | None:
    if type_ == "payment_term":
        return set(policy.payment_terms)
    return set(policy.sequence_sets) if type_ == "sequence_set" else None


def _default_level(policy: Policy, vocabulary: Vocabulary) -> _Found:
    for rule, key, outcome in _outcomes(policy):
        if isinstance(outcome, Chain) and "default" in outcome.levels and policy.default_words(key) is None:
            at = rule.position if isinstance(rule, BaseRule) else rule.then_at[key]
            message = f"this chain ends in `default`, but there is no default for `{key}`"
            yield Diagnostic("default-missing", message, at, f"add `defaults: {{{key}: ...}}`")


def _defaults_by_fields(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """A field that chooses a default is one of accounts, with values to choose by, and every operation knows it."""
    for name, default in policy.defaults_by.items():
        known = {field.name: field for spec in vocabulary.values() for field in spec.fields} | dict(policy.fields)
        ours = {each for each, field in known.items() if each.startswith("account.") and field.type in _CHOOSING}
        if default.by not in ours:
            what = "there is no field" if default.by not in known else "no default can be chosen by"
            hint = did_you_mean(default.by, ours) or "name a text, a choice or a code of theirs, like `account.country`"
            yield Diagnostic("default-by", f"{what} `{default.by}`", default.by_at, hint)
            continue
        choices = policy.choices(known[default.by])
        for value in default.values:
            at, _ = default.values_at[value]
            if choices and value not in choices:
                message = f"`{value}` is not a value of `{default.by}`, so it chooses no `{name}`"
                yield Diagnostic("default-by", message, at, did_you_mean(value, choices))
                continue
            try:
                typed(known[default.by], value)
            except ValueError as error:
                message = f"`{value}` chooses no `{name}`: {error}"
                yield Diagnostic("default-by", message, at, f"write values that `{default.by}` can have")

        left_out = [value for value in choices or () if value not in default.values]
        if left_out and name not in policy.defaults and set(default.values) <= set(choices):
            chooses = "chooses" if len(left_out) == 1 else "choose"
            message = f"{all_of(quoted(left_out))} of `{default.by}` {chooses} no `{name}`, and there is no `otherwise`"
            hint = f"add `{left_out[0]}: ...` to `values`, or `otherwise: ...` for all that are not there"
            yield Diagnostic("default-left-out", message, default.by_at, hint, "warning")


_CHOOSING = ("text", "choice", "country", "currency")


def _levels_without_effect(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """docs/policy-language.md rule 4: the first level that has a value wins, and these can never be it."""
    for rule, key, outcome in _outcomes(policy):
        attribute = policy.attributes.get(key)
        if not isinstance(outcome, Chain) or attribute is None:
            continue
        at = rule.position if isinstance(rule, BaseRule) else rule.then_at[key]
        after = outcome.levels[outcome.levels.index("default") + 1 :] if "default" in outcome.levels else ()
        if after and key in policy.defaults:
            message = f"`{key}` never comes from {any_of(quoted(after))} here: `default` before it always has a value"
            hint = "write `default` last, or remove what comes after it"
            yield Diagnostic("level-without-effect", message, at, hint, "warning")
        without = [level for level in outcome.levels if not attribute.is_held_by(level)]
        if without:
            message = f"`{key}` never comes from {any_of(quoted(without))} here: {_listed(without)} do not have it"
            hint = f"remove it, or add it to the `documents` of `{key}`"
            yield Diagnostic("level-without-effect", message, at, hint, "warning")


def _outcomes(policy: Policy) -> Iterator[tuple[BaseRule | ExceptionRule, str, Outcome]]:
    """Everything that is decided: the rule, what it decides and how."""
    for base in policy.base.values():
        yield base, base.key, base.outcome
    for exception in policy.exceptions:
        for key, outcome in exception.then.items():
            yield exception, key, outcome


def _overrides(policy: Policy, vocabulary: Vocabulary) -> _Found:
    by_id = {exception.id: exception for exception in policy.exceptions}
    for exception in policy.exceptions:
        for other in exception.overrides:
            if other not in by_id:
                message = f"`{exception.id}` overrides `{other}`, which does not exist"
                hint = did_you_mean(other, set(by_id) - {exception.id})
                yield Diagnostic("override-unknown", message, exception.position, hint)
    if not _has_cycles(by_id):
        return
    for exception in policy.exceptions:
        cycle = _cycle_from(exception.id, by_id)
        if cycle and exception.id == min(cycle):
            message = f"these exceptions override each other in a circle: {' > '.join((*cycle, cycle[0]))}"
            yield Diagnostic("override-cycle", message, exception.position, "remove one of the `overrides`")


def _has_cycles(by_id: dict[str, ExceptionRule]) -> bool:
    """Whether some override each other in a circle: found in one walk, where a long chain has no short one."""
    try:
        TopologicalSorter({id: exception.overrides for id, exception in by_id.items()}).prepare()
    except CycleError:
        return True
    return False


def _cycle_from(start: str, by_id: dict[str, ExceptionRule]) -> tuple[str, ...]:
    """The shortest circle of overrides through `start`, or nothing."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while paths:
        longer = []
        for path in paths:
            for other in by_id[path[-1]].overrides:
                if other == start:
                    return path
                if other in by_id and other not in seen:
                    seen.add(other)
                    longer.append((*path, other))
        paths = longer
    return ()


def _dates(policy: Policy, vocabulary: Vocabulary) -> _Found:
    for rule in policy.conditional:
        if not rule.effective.meets(policy.effective):
            message = f"`{rule.id}` is in force {rule.effective}, the policy only {policy.effective}"
            hint = "change its dates, or remove it"
            yield Diagnostic("never-in-force", message, rule.position, hint)


def _excluded_zeros(policy: Policy, vocabulary: Vocabulary) -> _Found:
    """docs/domain.md 7: what was excluded for a zero amount or quantity makes rebilling impossible."""
    for key, left_out, billed in (
        ("zero_amounts", "exclude", "bill"),
        ("zero_quantities", "exclude", "bill"),
        ("empty_documents", "skip", "issue"),
    ):
        base = policy.base.get(("bill_run", key))
        said = [] if base is None else [(base.outcome, base.position)]
        said += [
            (exception.then[key], exception.then_at[key])
            for exception in policy.exceptions_for("bill_run")
            if key in exception.then
        ]
        for outcome, at in said:
            if str(outcome) == left_out:
                message = f"what `{key}: {left_out}` leaves out of documents cannot be billed again by a correction"
                hint = f"write `{billed}`, or expect that such days, and those billed before them, can only be credited"
                yield Diagnostic("excluded-blocks-rebill", message, at, hint, "warning")


CHECKS: tuple[Check, ...] = (
    _everything_decided,
    _attributes,
    _needed_attributes,
    _outcomes_still_mean_something,
    _conditions_still_mean_something,
    _default_level,
    _defaults_by_fields,
    _levels_without_effect,
    _overrides,
    _dates,
    *SEQUENCE_CHECKS,
    _excluded_zeros,
    *AUTHORITY,
    *ACCOUNT_CHECKS,
)
