"""A proven policy from a path: read, every check passed, and nothing in it that the rules engine would misread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from billpolicy.deciding.verdicts import is_proven, keep_proven
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, refuse_errors
from billpolicy.diagnostics.limit import first_of
from billpolicy.policy.checks import Check
from billpolicy.policy.model import LayerText, Policy
from billpolicy.source.files import DISK, SHIPPED, Files, Place, place
from billpolicy.vocabulary.spec import Vocabulary


def validate(path: str | Path | Place) -> Policy:
    """The policy at a path, a folder or a file, if every check passes; to look at, not yet ready to decide.

    A `Place` is one that is not on the disk, such as in a revision of git. Raises `Refused` with every mistake.
    """
    at = place(path)
    return prove(at.path, at.files)


def load_proven(path: Path, files: Files = DISK) -> Policy:
    """The policy at `path`, every check passed. That it has no conflicts is not proven again where the verdict on one
    on the disk is kept. Raises `Refused`."""
    from billpolicy.analysis.proofs import WARNINGS, no_circles

    if files not in (DISK, SHIPPED):
        return prove(path, files)
    return _checked(path, files, (no_circles, _no_conflicts(path), *WARNINGS))


def prove(path: Path, files: Files = DISK, *, proofs: bool = True) -> Policy:
    """The policy at `path`: sound in itself, and nothing in it that the rules engine would misread.

    Without `proofs` it may have conflicts and circles, to be looked at. Raises `Refused` with every mistake, sorted.
    """
    from billpolicy.analysis.proofs import PROOFS, WARNINGS

    return _checked(path, files, (*PROOFS, *WARNINGS) if proofs else ())


def prove_texts(layers: Sequence[LayerText]) -> Policy:
    """The policy of layers that were kept, as `prove` gives it: nothing is read from the disk. Raises `Refused`."""
    from billpolicy.policy.layers import place_of_texts

    at = place_of_texts(layers)
    return prove(at.path, at.files)


def _checked(path: Path, files: Files, proofs: Sequence[Check]) -> Policy:
    # What reads is loaded here only: a command that reads no policy needs none of it.
    from billpolicy.policy.load import load_policy
    from billpolicy.vocabulary.operations import VOCABULARY

    policy = load_policy(path, VOCABULARY, proofs, files)
    if policy.conditional:
        from billpolicy.deciding.matching.guard import guard

        refuse_errors(first_of(guard(policy, VOCABULARY), Position(policy.position.file)))
    return policy


def _no_conflicts(path: Path) -> Check:
    """The proof that no two exceptions conflict, of the policy at `path`; made once for the same text."""

    def found(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
        from billpolicy.analysis.proofs import no_conflicts

        if is_proven(path, policy.digest):
            return
        conflicts = list(no_conflicts(policy, vocabulary))
        if not conflicts:
            keep_proven(path, policy.digest)
        yield from conflicts

    return found
