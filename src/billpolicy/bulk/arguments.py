"""What a program hands in to have rows decided, of the wrong type: told where it calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each, type_of


def expect_to_decide(
    policy: Versions,
    operation: str | Sequence[str],
    unset: Collection[str],
    keep: Collection[str],
    *,
    named: str = "policy",
) -> None:
    """Raises `TypeError` for what rows cannot be decided by. `named`: what the policy is called there."""
    expect(policy, Versions, f"`{named}` must be what `load_policy` gives")
    if not isinstance(operation, str):
        expect_each(operation, str, "`operation` must be a name, or several")
    for what, names in (("unset", unset), ("keep", keep)):
        if isinstance(names, str):
            raise TypeError(f"`{what}` must be several names, like a list, not {type_of(names)}")
        expect_each(names, str, f"`{what}` must be several names, like a list")
