"""What an outcome comes to, without what has no effect."""

from __future__ import annotations

import pytest

from billpolicy.analysis.decisions import what_comes
from billpolicy.policy.model import Chain
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import Level
from tests.helpers.scenes import policy


@pytest.mark.parametrize(
    ("operation", "levels", "comes"),
    [
        ("undo_write_off", ("account", "default"), ("account", "default=Due Upon Receipt")),
        ("undo_write_off", ("default", "account"), ("default=Due Upon Receipt",)),
        # docs/domain.md 1.1: a credit memo has no term.
        ("undo_write_off", ("credit_memo", "account"), ("account",)),
        # What was written off is an invoice or a debit memo: which of them is named first has no effect.
        ("undo_write_off", ("debit_memo", "invoice", "account"), ("debit_memo", "invoice", "account")),
        ("undo_write_off", ("invoice", "debit_memo", "account"), ("debit_memo", "invoice", "account")),
        ("undo_write_off", ("invoice", "account", "debit_memo"), ("invoice", "account", "debit_memo")),
        ("bill_run", ("subscription", "account"), ("subscription", "account")),
        ("bill_run", ("account", "subscription"), ("account", "subscription")),
    ],
)
def test_levels_without_effect_are_left_out(operation: str, levels: tuple[Level, ...], comes: tuple[str, ...]) -> None:
    assert what_comes(policy(), VOCABULARY[operation], "payment_term", Chain(levels)) == comes
