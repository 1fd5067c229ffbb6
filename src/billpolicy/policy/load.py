"""A policy folder as a proven Policy, or every reason why it is none."""

from __future__ import annotations

from pathlib import Path

from billpolicy.diagnostics.diagnostic import refuse_errors
from billpolicy.policy.build import build
from billpolicy.policy.checks import check
from billpolicy.policy.layers import read_layers
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.spec import Vocabulary


def load_policy(path: Path, vocabulary: Vocabulary) -> Policy:
    """Read, type, layer and prove a policy. Raises `Refused` with every mistake, sorted."""
    policy, problems = build(read_layers(path), vocabulary)
    # A policy whose words are not understood is not judged as a whole: what is missing may just be misspelt.
    refuse_errors(problems or check(policy, vocabulary))
    return policy
