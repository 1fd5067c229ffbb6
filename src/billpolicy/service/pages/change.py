"""A change of the policy that somebody tries: other texts of its files, which stand in a form and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.report.html.markup import Html, joined
from billpolicy.service.asked.asked import Asked
from billpolicy.service.pages.chosen_version import version_from
from billpolicy.service.pages.forms import hidden, hidden_text
from billpolicy.service.pages.policy_text import editable, place_of
from billpolicy.service.problems import Problem

if TYPE_CHECKING:
    from billpolicy import Policy, Versions

_KEPT = "kept."
"""Begins the name of a control that has the text of a file which is not looked at now."""


@dataclass(frozen=True)
class Change:
    """What a form says."""

    policy: Policy
    """The version that is changed."""
    file: str
    """The file that is looked at."""
    texts: Mapping[str, str]
    """Name -> text of each file that is another one than in the policy."""
    outdated: bool = False
    """Whether another policy was in force when it was begun."""

    @property
    def text(self) -> str:
        """Of the file that is looked at."""
        return self.texts.get(self.file, editable(self.policy)[self.file])


def change_in(asked: Asked, filled: Mapping[str, str]) -> Change:
    """The change that was filled in; none of a form that has just been opened. Raises `Problem` for what is no file of
    the policy, and `Refused`."""
    policy = version_from(asked, filled)
    own = editable(policy)
    if not own:
        raise Problem("not-found", "this policy has no file of its own: all of it comes with the program")
    written = {name.removeprefix(_KEPT): text for name, text in filled.items() if name.startswith(_KEPT)}
    looked_at = filled.get("file", next(iter(own)))
    if "text" in filled:
        written[looked_at] = filled["text"]
    file = filled.get("open", looked_at) if "go" in filled else looked_at
    for name in (*written, file):
        if name not in own:
            raise Problem("not-found", f"the policy has no file `{name}` that can be changed")
    ended = {name: _ended(text, own[name]) for name, text in written.items()}
    changed = {name: text for name, text in ended.items() if text != own[name]}
    return Change(policy, file, changed, filled.get("digest", policy.digest) != policy.digest)


def _ended(text: str, before: str) -> str:
    """A form gives all lines one end: those of a file from another system keep theirs."""
    return text.replace("\n", "\r\n") if "\r\n" in before else text


def controls_of(change: Change, *, looked_at: bool = False) -> Html:
    """The change as it is sent on, which is not seen. `looked_at`: also the file that is looked at."""
    kept = (name for name in change.texts if looked_at or name != change.file)
    return joined(
        (
            hidden("on", change.policy.effective.from_.isoformat()),
            hidden("digest", change.policy.digest),
            *(hidden_text(_KEPT + name, change.texts[name]) for name in kept),
        )
    )


def changed_versions(asked: Asked, change: Change) -> Versions:
    """The policy with the change, beside its other versions. Raises `Refused` with every mistake in it."""
    # The engine would have to be made ready anew for each key that is pressed; plain Python decides the same.
    changed = billpolicy.load_policy(place_of(change.policy, change.texts), engine="python")
    others = (one for one in asked.versions.resolvers if one.policy is not change.policy)
    return billpolicy.Versions([*others, *changed.resolvers])
