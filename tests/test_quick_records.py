"""Operations and policies made into records without pydantic: it would have made the same, or refused what was."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from typing import Any

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.operations.registry import OPERATIONS
from billpolicy.policy.language import PolicyFile
from billpolicy.source.quick.records import Readers
from billpolicy.source.quick.unsure import Unsure
from billpolicy.source.read import read_carefully
from tests.helpers.mutations import SHAPES, VALUES, data, mutations, tree_of
from tests.helpers.paths import ROOT, STANDARD

READERS = Readers(remember=False)


def both_make(kind: Any, node: Any) -> bool:
    """Whether the data is accepted: by both, with the same record, or by neither."""
    tree = tree_of(node)
    try:
        careful = read_carefully(kind, tree)
    except Refused:
        with pytest.raises(Unsure):
            READERS.of(kind)(tree.data)
        return False
    assert repr(READERS.of(kind)(tree.data)) == repr(careful)
    return True


@pytest.mark.parametrize("operation", data("operations.yaml")["operations"], ids=lambda operation: operation["id"])
def test_a_mutated_operation_is_accepted_by_both_or_by_neither(operation: Any) -> None:
    kind = OPERATIONS[operation["operation"]].request
    assert {both_make(kind, node) for node in mutations(operation, *SHAPES, *VALUES)} == {True, False}


def test_a_mutated_policy_is_accepted_by_both_or_by_neither() -> None:
    # Every fifth: over all nodes, each change comes up many times, as five does not divide their number.
    nodes = islice(mutations(data("policy.yaml"), *SHAPES, *VALUES), 0, None, 5)
    assert {both_make(PolicyFile, node) for node in nodes} == {True, False}


def test_files_that_are_right_are_read_without_pydantic() -> None:
    story = ROOT / "examples" / "credits-before-cash"
    code = (
        "import sys; from pathlib import Path\n"
        "from billpolicy.book.load import load_book\n"
        "from billpolicy.deciding.proven import prove\n"
        "from billpolicy.exchange.operations_file import load_operations\n"
        f"prove(Path({str(STANDARD)!r})); load_book(Path({str(story / 'book.yaml')!r}))\n"
        f"load_operations(Path({str(story / 'operations.yaml')!r}))\n"
        "assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
