"""One of the two policies that are compared: at a path, or one of the layers that the other one stands on.

A policy that is not sound as a whole, of which two exceptions conflict, is compared all the same, and what is wrong
with it is told beside: who adds a conflict wants to know both. One whose words are not understood is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from billpolicy.analysis.proofs import PROOFS
from billpolicy.deciding.matching.engines import EngineName, default_engine
from billpolicy.deciding.matching.guard import guard
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.policy.layers import Layer, read_layers
from billpolicy.policy.load import judged
from billpolicy.policy.model import Policy
from billpolicy.source.files import DISK, SHIPPED, Place, place
from billpolicy.vocabulary.operations import VOCABULARY

BASE = "base"
"""In the place of the old policy: the one that the new one extends."""


@dataclass(frozen=True)
class Side:
    """A policy as it was named, and everything that is wrong with it as a whole."""

    name: str
    policy: Policy
    problems: tuple[Diagnostic, ...] = ()

    def versions(self, engine: EngineName | None = None) -> Versions:
        """The policy, ready to plan with, whatever is wrong with it; then by plain Python, since the rules engine is
        given nothing that it might misread."""
        return Versions([Resolver(self.policy, "python" if self.problems else engine or default_engine())])


def load_sides(old: str | Path | Place, new: str | Path | Place) -> tuple[Side, Side]:
    """The old policy and the new one, each at a path or another place; the old one may be a layer of the new one.

    Raises `Refused` with every mistake of form or of words in either.
    """
    at = place(new)
    loaders = (partial(_old, old, at), partial(load_side, at))
    sides: list[Side] = []
    problems: list[Diagnostic] = []
    for load in loaders:
        try:
            sides.append(load())
        except Refused as refused:
            problems += refused.diagnostics
    if problems:
        raise Refused(problems)
    return sides[0], sides[1]


def _old(old: str | Path | Place, new: Place) -> Side:
    at = place(old)
    if at.files is SHIPPED and is_base(str(old), new):
        return load_base(str(old), new)
    return load_side(at) if at.files is not DISK or at.files.exists(at.path) else load_base(str(old), new)


def load_side(at: Place) -> Side:
    """The policy at a place. Raises `Refused` where its form or its words are wrong."""
    return _side(str(at), read_layers(at.path, at.files))


def load_base(name: str, of: Place) -> Side:
    """A layer that the policy at `of` stands on, by its name, or `base` for the one right below.

    Raises `Refused` where it stands on none of that name.
    """
    layers = read_layers(of.path, of.files)
    names = [next((file.policy for file, _ in layer.files if file.policy), "") for layer in layers]
    if name == BASE and len(layers) > 1:
        return _side(f"{names[-2]}, which {of} extends", layers[:-1])
    if name in names[:-1]:
        return _side(f"{name}, which {of} extends", layers[: names.index(name) + 1])
    if len(layers) == 1:
        hint = f"`{of}` extends nothing: name the policy to compare it with"
    else:
        hint = did_you_mean(name, [BASE, *names[:-1]]) or f"name a folder or a file, a revision, or `{BASE}`"
    message = f"there is no policy at `{name}`, and `{of}` extends none of that name"
    raise Refused([Diagnostic("policy-missing", message, Position(name), hint)])


def is_base(name: str, of: Place) -> bool:
    """Whether `load_base` finds a layer. Raises `Refused` where the policy cannot be read."""
    expect(name, str, "`name` must be a text")
    expect(of, Place, "`of` must be the Place of a policy")
    layers = read_layers(of.path, of.files)
    names = [file.policy for layer in layers[:-1] for file, _ in layer.files]
    return bool(names) and name in (BASE, *names)


def _side(name: str, layers: Sequence[Layer]) -> Side:
    policy, found = judged(layers, VOCABULARY, PROOFS)
    wrong = [*found, *guard(policy, VOCABULARY)]
    return Side(name, policy, tuple(one for one in wrong if one.severity == "error"))
