"""Policies that are sent as texts: nothing on the disk is read for them but the standard policy, if they extend it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.report.served import PolicyTexts
from billpolicy.source.files import SHIPPED, STANDARD_AT, Files, Place, Texts
from billpolicy.source.misnamed import misnamed

if TYPE_CHECKING:
    from billpolicy import Policy


class OnStandard(Texts):
    """Texts that stand on the standard policy of this program, if on any."""

    @property
    def shipped(self) -> Files:
        return SHIPPED


def sent(texts: PolicyTexts, in_force: Policy) -> Place:
    """Where the policy that is sent is read from. Raises `Refused` for names that cannot be those of its files."""
    if bool(texts.files) == bool(texts.edits):
        hint = "send `files`: name of each file and its text; or `edits` of the policy in force"
        message = "this is either all files of a policy or edits, not both and not neither"
        raise Refused([Diagnostic("value-wrong", message, Position("files"), hint)])
    if texts.edits:
        return billpolicy.edited(kept(in_force), texts.edits)
    problems = list(misnamed(texts.files))
    if problems:
        raise Refused(problems)
    files = OnStandard({name: text.encode("utf-8", "surrogatepass") for name, text in texts.files.items()})
    if texts.policy is not None:
        return Place(files, Path(os.path.normpath(texts.policy)))
    return Place(files, Path(os.path.normpath(next(iter(texts.files))) if len(texts.files) == 1 else "."))


def kept(policy: Policy) -> Place:
    """A policy as it was read, by names as seen from its own folder."""
    top = policy.layers[-1]
    texts = {name: text.encode() for name, text in kept_texts(policy).items()}
    return Place(Texts(texts), Path("." if top.is_folder else Path(top.path).name))


def kept_texts(policy: Policy) -> dict[str, str]:
    """The name of each of its files, as seen from its own folder, and its text."""
    return {
        _seen(policy, Path(layer.path, name) if layer.is_folder else Path(layer.path)): text
        for layer in policy.layers
        for name, text in layer.files
    }


def names_of_files(policy: Policy) -> tuple[str, ...]:
    """The names of its files, as seen from its own folder."""
    return tuple(kept_texts(policy))


def _seen(policy: Policy, path: Path) -> str:
    if STANDARD_AT in path.parents:
        return path.as_posix()
    top = policy.layers[-1]
    folder = Path(top.path) if top.is_folder else Path(top.path).parent
    return Path(os.path.relpath(path, folder)).as_posix()
