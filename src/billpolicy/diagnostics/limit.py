"""How many mistakes are told at once: nobody reads more than a thousand, and a million of them is an attack.

Whoever looks for mistakes stops there, so that a file that is wrong everywhere takes no longer than any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused

MAX_PROBLEMS = 1_000


def first_of(found: Iterable[Diagnostic], at: Position) -> list[Diagnostic]:
    """The first mistakes, and one more that says so where there are others; those are not even looked for."""
    told = list(islice(found, MAX_PROBLEMS + 1))
    if len(told) > MAX_PROBLEMS:
        told[MAX_PROBLEMS:] = [_more(at)]
    return told


def stop_at_limit(problems: list[Diagnostic], at: Position) -> None:
    """Raise `Refused` with what was found so far if that is enough."""
    if len(problems) >= MAX_PROBLEMS:
        raise Refused([*problems[:MAX_PROBLEMS], _more(at)])


def _more(at: Position) -> Diagnostic:
    message = f"there may be more mistakes than the first {MAX_PROBLEMS:,}, which are told; nothing more was looked at"
    return Diagnostic("problems-more", message, at, "mend those first, then do it again")
