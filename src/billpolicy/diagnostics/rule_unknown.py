"""A rule that is named and is not there."""

from __future__ import annotations

from collections.abc import Collection

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean

_EVERY = "every_operation."


def rule_unknown(rule: str, known: Collection[str], at: Position | None = None, also: str = "") -> Diagnostic:
    """The finding; `also`: another name that may be written here.

    What a policy says of every operation, and `test --mutate` calls so, is known as a base rule of each operation.
    """
    key = rule.removeprefix(_EVERY)
    one = min((name for name in known if name.partition(".")[2] == key), default=None)
    if rule.startswith(_EVERY) and one is not None:
        hint = f"name one of the operations, like `{one}`"
    else:
        hint = did_you_mean(rule, known) or f"an exception goes by its id, any other rule by `operation.key`{also}"
    return Diagnostic("rule-unknown", f"the policy has no rule `{rule}`", at, hint)
