"""The form of what a policy test expects. Whatever is not stated may be as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import field, fields
from typing import Any, Literal, get_args

from billpolicy.diagnostics.codes import Known
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.diagnostics.rule_unknown import rule_unknown
from billpolicy.policy.approval import APPROVAL, read_approval
from billpolicy.policy.model import Policy
from billpolicy.source.read import read_carefully
from billpolicy.source.record import record, written_name
from billpolicy.source.scalars import Amount, Boolean, Date, FreeText, Integer, Text
from billpolicy.source.tree import Block, Items, Mark, Tree
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level

BASE = "base"
"""In place of the id of a rule: the base rule of the decision, whichever operation it is of."""
DECISIONS = "decisions"
"""Where decisions are put that the file writes beside the other keys."""


@record
class DecisionExpected:
    """A decision: its value, the level that had it, and the rule that decided. Alone, the value needs no key."""

    value: Text | None = None
    level: Level | None = None
    rule: Text | None = None


@record
class ItemExpected:
    """A line of a document."""

    of: Text | None = None
    """The item of the source document, the charge of a subscription (`sub/seats`), or the charge of the catalogue."""
    name: FreeText | None = None
    service: Text | None = None
    """The first day to the last: `2026-01-01 to 2026-01-31`."""
    amount: Amount | None = None
    taxes: tuple[Amount, ...] | None = None
    quantity: Amount | None = None
    unit_price: Amount | None = None
    combines: dict[Text, Amount] | None = None
    """Of a line of a billing profile: what it has of each charge."""


@record
class DocumentExpected:
    """A document that is made."""

    kind: Literal["invoice", "credit_memo", "debit_memo", "payment", "refund", "credit_adjustment"] | None = None
    number: Text | None = None
    account: Text | None = None
    of: Text | None = None
    """Of a transferred payment, the payment that it was taken from; of an adjustment, its document."""
    type: Text | None = None
    """Of an adjustment: `increase` or `decrease`; of a payment, its type."""
    draft: Boolean | None = None
    date: Date | None = None
    due_date: Date | None = None
    amount: Amount | None = None
    currency: Text | None = None
    reason: Text | None = None
    items: tuple[ItemExpected, ...] | None = None
    parts: dict[Text, Amount] | None = None
    """Of a refund: item, or item/tax -> its share."""
    decisions: dict[Text, DecisionExpected] = field(default_factory=dict)


@record
class ApplicationExpected:
    """Money that is put somewhere, or taken back where the amount is below zero."""

    from_: Text | None = None
    to: Text | None = None
    date: Date | None = None
    amount: Amount | None = None
    parts: dict[Text, Amount] | None = None
    """Item, or item/tax -> its share; where money has items of its own, `item from item`."""


@record
class TakenExpected:
    """The value of an attribute, and what it is taken from."""

    value: Text | None = None
    label: FreeText | None = None


@record
class InheritingExpected:
    """Who takes another value of an attribute after a change of master data."""

    attribute: Text | None = None
    who: Literal["subscription", "document"] | None = None
    count: Integer | None = None
    since: Date | None = None
    before: TakenExpected | None = None
    after: TakenExpected | None = None


@record
class Expected(DocumentExpected):
    """What is expected of an operation. Keys of a document are of the only one that it makes."""

    refused: tuple[Text, ...] | None = None
    """The codes with which it is refused. Nothing else is expected then."""
    documents: tuple[DocumentExpected, ...] | None = None
    """All of them, in their order; `[]` for none."""
    applications: tuple[ApplicationExpected, ...] | None = None
    """All of them, in their order; `[]` for none."""
    follow_ups: dict[Text, Boolean] | None = None
    """Follow-up, or own step (`cancel_subscription.final_bill`) -> whether it runs."""
    steps: tuple[StepExpected, ...] | None = None
    """All that follows directly, in its order; `[]` for nothing."""
    balances: dict[Text, Amount] | None = None
    """Number, or account -> its balance or what is unapplied of it afterwards."""
    reversed: tuple[Text, ...] | None = None
    canceled: dict[Text, Text] | None = None
    """Subscription -> the first day without service, or `not any more`."""
    charged_through: dict[Text, Date] | None = None
    """Subscription/charge -> the first day that is not billed now, where that is another one than before. The decision
    of the same name is told from it by its form."""
    charge_periods: dict[Text, Text] | None = None
    """Charge period -> what becomes of it: `reopened at 3 x 35.00 by CM00000001/1`."""
    closure: dict[Text, Text] | None = None
    """Line -> what is credited of it, or why it is left out; and the rule and the line that pulled it in."""
    recorded_usage: tuple[Text, ...] | None = None
    billed_usage: dict[Text, dict[Text, Amount]] | None = None
    """Document, or `nothing` -> the usage records that it bills, each at what."""
    posted_drafts: dict[Text, Text] | None = None
    canceled_drafts: tuple[Text, ...] | None = None
    created: tuple[Text, ...] | None = None
    """`account bolt`."""
    given: dict[Text, dict[Text, FreeText]] | None = None
    """Record -> field -> its value, and from which day on: `Net 60 from 2026-02-01`."""
    added: dict[Text, Text] | None = None
    """Subscription/charge -> quantity, price and first day: `3 x 12.00 from 2026-04-16`."""
    inheriting: tuple[InheritingExpected, ...] | None = None
    notes: tuple[FreeText, ...] | None = None
    warnings: tuple[FreeText, ...] | None = None
    """Their codes, all of them; `[]` for none."""


@record
class StepExpected(Expected):
    """What is expected of a step that follows."""

    rule: Text | None = None
    """The follow-up, or the decision, that asks for it."""
    operation: Text | None = None
    step: Text | None = None
    """Its id, without that of the operation before it."""


_MOST = 12
"""Decisions that a hint still lists."""
_BOTH = frozenset({"charged_through"})
"""What is the name of a decision, and of what changes."""
_PARTS = frozenset(one.name for one in fields(DecisionExpected))
_NESTED: dict[str, type[DocumentExpected]] = {"documents": DocumentExpected, "steps": StepExpected}
"""Lists of what has decisions of its own."""
_KNOWN = {kind: [written_name(one.name) for one in fields(kind)] for kind in (DocumentExpected, Expected, StepExpected)}
KEYS = frozenset(_KNOWN[Expected]) - _BOTH
"""A decision that is called so stands under `decisions`."""


def in_form(tree: Tree) -> Tree:
    """What is expected with all decisions under one key, a value alone as such, and one code of refusal as a list.

    Places are those of the file. Raises `Refused` with every mistake of form.
    """
    formed = Tree(tree.file, _formed(tree.data, Expected))
    # It nests, which only the careful reader knows about.
    expected = read_carefully(Expected, formed)
    if expected.refused is not None and len(formed.data) > 1:
        (other, *_) = (key for key in tree.data if key != "refused")
        message = "nothing else can be expected of an operation that is refused"
        raise Refused([Diagnostic("test-wrong", message, tree.at(other, key=True), "expect `refused` alone")])
    return formed


def _formed(data: Any, kind: type[DocumentExpected]) -> Any:
    if not isinstance(data, Block):
        return data
    made, decisions = Block(data.mark), Block(data.mark)
    for key, value in data.items():
        mark = data.values_at[key]
        if key == DECISIONS and isinstance(value, Block):
            for name, decision in value.items():
                _put(decisions, name, _decision(decision, value.values_at[name]), value)
        elif key in _KNOWN[kind] and not (key in _BOTH and _is_decision(value)):
            _put(made, key, _value(key, value, mark), data)
        else:
            _put(decisions, key, _decision(value, mark), data)
    if decisions:
        made[DECISIONS], made.keys_at[DECISIONS], made.values_at[DECISIONS] = decisions, data.mark, data.mark
    return made


def _is_decision(value: Any) -> bool:
    """Whether something is written like a decision: a value alone, or with its level or rule."""
    return isinstance(value, str) or (isinstance(value, Block) and bool(value) and value.keys() <= _PARTS)


def _put(into: Block, key: str, value: Any, of: Block) -> None:
    into[key] = value
    into.keys_at[key], into.values_at[key] = of.keys_at[key], of.values_at[key]


def _decision(value: Any, mark: Mark) -> Any:
    value = _approval(value)
    if isinstance(value, Block) and "value" in value:
        value["value"] = _approval(value["value"])
    if not isinstance(value, str):
        return value
    alone = Block(mark)
    alone["value"], alone.keys_at["value"], alone.values_at["value"] = value, mark, mark
    return alone


def _approval(value: Any) -> Any:
    """An approval, written as in a policy, as the value that it is."""
    if isinstance(value, Block) and list(value) == [APPROVAL]:
        with suppress(ValueError):  # it is refused as what it is, no value
            return str(read_approval(value[APPROVAL]))
    return value


def _value(key: str, value: Any, mark: Mark) -> Any:
    inside = _NESTED.get(key)
    if inside is not None and isinstance(value, Items):
        listed = Items(value.mark)
        listed.extend(_formed(one, inside) for one in value)
        listed.items_at = value.items_at
        return listed
    if key == "refused" and isinstance(value, str):
        alone = Items(mark)
        alone.append(value)
        alone.items_at.append(mark)
        return alone
    return value


# -- what cannot be expected ---------------------------------------------------------------------------------------


def unexpectable(tree: Tree, operation: str, policies: Sequence[Policy]) -> Iterator[Diagnostic]:
    """What is expected, in its form, of an operation that these versions of a policy do not decide, and rules that
    they do not have."""
    yield from _unexpectable(tree, (), operation, policies)


def _unexpectable(
    tree: Tree, path: tuple[str | int, ...], operation: str | None, policies: Sequence[Policy]
) -> Iterator[Diagnostic]:
    data = _at(tree, path)
    decided = {key for policy in policies for of, key in policy.base if operation in (None, of)}
    for key, decision in data.get(DECISIONS, {}).items():
        here = (*path, DECISIONS, key)
        if not decision:
            message, hint = f"nothing is expected of `{key}` here", "write its value, or `{value, level, rule}`"
            yield Diagnostic("expectation-unknown", message, tree.at(*here), hint)
        if key not in decided:
            yield _not_decided(tree.at(*here, key=True), key, operation, path, decided)
        elif "rule" in decision:
            yield from _unknown_rule(tree.at(*here, "rule"), decision["rule"], policies)
    for index, _ in enumerate(data.get("documents") or ()):
        yield from _unexpectable(tree, (*path, "documents", index), operation, policies)
    for key in ("refused", "warnings"):
        for index, code in enumerate(data.get(key) or ()):
            if code not in get_args(Known):
                message = f"there is no code `{code}`"
                at = tree.at(*path, key, index)
                yield Diagnostic("expectation-unknown", message, at, did_you_mean(code, get_args(Known)))
    for rule in data.get("follow_ups") or ():
        yield from _never_follows(tree.at(*path, "follow_ups", rule, key=True), rule, operation, policies)
    for index, step in enumerate(data.get("steps") or ()):
        here = (*path, "steps", index)
        if "rule" in step:
            yield from _unknown_rule(tree.at(*here, "rule"), step["rule"], policies)
        after = step.get("operation") or _operation_of(step.get("rule"), policies)
        yield from _unexpectable(tree, here, after, policies)


def _never_follows(at: Position, rule: str, operation: str | None, policies: Sequence[Policy]) -> Iterator[Diagnostic]:
    """What does not follow an operation whatever it does: to expect that it does not says nothing."""
    unknown = list(_unknown_rule(at, rule, policies))
    yield from unknown
    if unknown or operation is None:
        return
    causes = VOCABULARY[operation].causes
    known = {one.id for policy in policies for one in policy.follow_ups if one.after in causes}
    if rule not in known and not rule.startswith(f"{operation}."):
        hint = did_you_mean(rule, known) or "no follow-up of this policy can come directly after it"
        yield Diagnostic("expectation-unknown", f"`{rule}` never follows `{operation}`", at, hint)


def _at(tree: Tree, path: tuple[str | int, ...]) -> Any:
    data = tree.data
    for step in path:
        data = data[step]
    return data


def _operation_of(rule: str | None, policies: Sequence[Policy]) -> str | None:
    """The operation that a follow-up runs; None of a step that an operation takes itself."""
    runs = (one.operation for policy in policies for one in policy.follow_ups if one.id == rule)
    return next(runs, None)


def _not_decided(
    at: Position, key: str, operation: str | None, path: tuple[str | int, ...], decided: set[str]
) -> Diagnostic:
    kind = _NESTED.get(str(path[-2]), Expected) if path else Expected
    of = f"`{operation}`" if operation else "any operation"
    message = f"`{key}` is no decision of {of}, and no other thing that can be expected here"
    known = {*decided, *_KNOWN[kind]} - {DECISIONS}
    hint = did_you_mean(key, known) or f"decisions of it: {', '.join(sorted(decided)[:_MOST])}"
    return Diagnostic("expectation-unknown", message, at, hint)


def _unknown_rule(at: Position, rule: str, policies: Sequence[Policy]) -> Iterator[Diagnostic]:
    known = {id for policy in policies for id in policy.rules}
    if rule not in known and rule != BASE:
        yield rule_unknown(rule, known, at, also=" or `base`")
