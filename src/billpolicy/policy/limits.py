"""Limits of a policy: how much one batch may be, and how much may be posted in a day or a month.

A later layer that says the name of a limit anew replaces the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.policy.declarations import Declarations, again
from billpolicy.policy.language import BatchLimitText, LimitText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import BatchLimit, Limit
from billpolicy.source.tree import Tree


def batch_limits_of(declared: Declarations, layer: Layer) -> Iterator[tuple[str, BatchLimit]]:
    """The batch limits of one layer by operation, or `every_operation`; what is wrong with their words is noted among
    the declarations."""
    for name, text, tree in entries(layer, lambda file: file.batch_limits):
        at = tree.at("batch_limits", name, key=True)
        known = ("every_operation", *declared.vocabulary)
        if name not in known:
            declared.problem("operation-unknown", f"there is no operation `{name}`", at, did_you_mean(name, known))
        if text.count is None and not text.amounts:
            hint = "add `count: 500`, or `amounts: {EUR: 25000.00}`"
            declared.problem("batch-limit-wrong", f"`{name}` has no limit here", at, hint)
        if text.count is not None and text.count < 1:
            here = tree.at("batch_limits", name, "count")
            message = f"a batch cannot be limited to {text.count} operations"
            declared.problem("batch-limit-wrong", message, here, "write 1 or above")
        _check_amounts(declared, "batch-limit-wrong", text, "write it like `EUR: 25000.00`", tree, "batch_limits", name)
        yield name, BatchLimit(text.count, dict(sorted(text.amounts.items())), at, text.other_currencies)


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
    for index in again(text.operations):
        at = tree.at("limits", name, "operations", index)
        declared.problem("operation-repeated", f"`{name}` names an operation twice", at, "name it once")
    for index, role in enumerate(text.roles):
        declared.role(role, tree.at("limits", name, "roles", index))


def _check_how_much(declared: Declarations, name: str, text: LimitText, tree: Tree) -> None:
    at = tree.at("limits", name, key=True)
    if text.count is None and not text.amounts:
        hint = "add `count: 20`, or `amounts: {EUR: 500.00}`"
        declared.problem("limit-wrong", f"`{name}` limits nothing", at, hint)
    if text.count is not None and text.count < 1:
        here = tree.at("limits", name, "count")
        hint = "write 1 or above; to forbid it altogether say `permission: refused` of the operation"
        declared.problem("limit-wrong", f"there cannot be {text.count} operations at most", here, hint)
    _check_amounts(declared, "limit-wrong", text, "write it like `EUR: 500.00`", tree, "limits", name)


def _check_amounts(
    declared: Declarations, code: Code, text: BatchLimitText | LimitText, hint: str, tree: Tree, *path: str
) -> None:
    """What either kind of limit says of money."""
    for currency, amount in text.amounts.items():
        declared.above_zero(code, "a limit", amount, currency, tree.at(*path, "amounts", currency), hint)
    if text.other_currencies == "unlimited" and not text.amounts:
        message = f"`{path[-1]}` limits no amounts, so none is another one"
        declared.problem(code, message, tree.at(*path, "other_currencies"), "remove it, or add `amounts`")
