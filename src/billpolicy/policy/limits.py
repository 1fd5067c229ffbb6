"""Limits over time: what may be posted of some operations in a day or a month, and by whom.

A later layer that says the name of a limit anew replaces the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.money import AmountError, to_minor
from billpolicy.policy.declarations import Declarations
from billpolicy.policy.language import LimitText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import Limit
from billpolicy.source.tree import Tree


def limits_of(declared: Declarations, layer: Layer) -> Iterator[Limit]:
    """The limits of one layer; what is wrong with their words is noted among the declarations."""
    for name, text, tree in entries(layer, lambda file: file.limits):
        _check_whom(declared, name, text, tree)
        _check_how_much(declared, name, text, tree)
        yield Limit(
            id=name,
            operations=tuple(sorted(text.operations)),
            per=text.per,
            by=text.by,
            position=tree.at("limits", name, key=True),
            roles=tuple(sorted(text.roles)),
            count=text.count,
            amounts=dict(sorted(text.amounts.items())),
            other_currencies=text.other_currencies,
            beyond=text.beyond,
            because=text.because,
        )


def _check_whom(declared: Declarations, name: str, text: LimitText, tree: Tree) -> None:
    """Which operations, and of which roles."""
    for index, operation in enumerate(text.operations):
        declared.operation(operation, tree.at("limits", name, "operations", index))
    if not text.operations:
        at = tree.at("limits", name, "operations")
        declared.problem("operations-empty", f"`{name}` names no operation", at, "list the operations that it limits")
    if len(set(text.operations)) < len(text.operations):
        at = tree.at("limits", name, "operations")
        declared.problem("operation-repeated", f"`{name}` names an operation twice", at, "name it once")
    for index, role in enumerate(text.roles):
        if role not in declared.roles:
            at = tree.at("limits", name, "roles", index)
            hint = did_you_mean(role, declared.roles) or "declare it under `roles`, with the people who have it"
            declared.problem("limit-wrong", f"there is no role `{role}`", at, hint)


def _check_how_much(declared: Declarations, name: str, text: LimitText, tree: Tree) -> None:
    at = tree.at("limits", name, key=True)
    if text.count is None and not text.amounts:
        hint = "add `count: 20`, or `amounts: {EUR: 500.00}`"
        declared.problem("limit-wrong", f"`{name}` limits nothing", at, hint)
    if text.count is not None and text.count < 1:
        here = tree.at("limits", name, "count")
        hint = "write 1 or above; to forbid it altogether say `permission: refused` of the operation"
        declared.problem("limit-wrong", f"there cannot be {text.count} operations at most", here, hint)
    for currency, amount in text.amounts.items():
        try:
            if to_minor(amount, currency) <= 0:
                raise AmountError("a limit is above zero")
        except AmountError as error:
            here = tree.at("limits", name, "amounts", currency)
            declared.problem("limit-wrong", str(error), here, "write it like `EUR: 500.00`")
    if text.other_currencies == "unlimited" and not text.amounts:
        here = tree.at("limits", name, "other_currencies")
        hint = "remove it, or add `amounts`"
        declared.problem("limit-wrong", f"`{name}` limits no amounts, so none is another one", here, hint)
