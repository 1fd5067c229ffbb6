"""What is told of recorded decisions is held against planning under both policies, on random walks of all operations.

Of the first operation of a walk that planning tells apart, the book is the same under both: nothing but the policy
makes the difference. What came before has left another book for those behind it, which no recording follows
(docs/recording.md; so it is of a final bill that had nothing to bill, which these walks do not meet).
"""

from __future__ import annotations

import pytest

import billpolicy as api
from billpolicy.comparing.impact import cases
from billpolicy.comparing.recorded import recorded_cases
from tests.helpers.scenes import versions
from tests.helpers.walks import POLICIES, TODAY, asked_for, read, walk

OF_A_GROUP = 15


@pytest.mark.parametrize("first", range(0, 45, OF_A_GROUP))
def test_nothing_that_comes_out_differently_is_told_as_the_same(first: int) -> None:
    by_text = {text: versions(text) for text in POLICIES}
    told_apart = 0
    for seed in range(first, first + OF_A_GROUP):
        found = walk(seed)
        old, book, operations = by_text[found.policy], read(found.book), asked_for(*found.operations)
        recorder = api.Recorder(old, TODAY)
        outcomes = api.plan_all(old, book, operations, today=TODAY)
        recorded = [one for outcome in outcomes for one in recorder.recorded(outcome)]
        of = [one.operation.id for one in recorded if one.operation.step_of is None]
        for text, new in by_text.items():
            if text == found.policy:
                continue
            planned = (case for case in cases(old, new, api.Sample("walk", book, tuple(operations)), TODAY))
            apart = next((case.id for case in planned if case is not None), None)
            for id, told in zip(of, recorded_cases(old, new, recorded, "walk"), strict=True):
                if id == apart:
                    assert told.case or told.untold, (seed, id)
                    told_apart += told.case is not None
                    break
                assert told.case is None, (seed, id)
    assert told_apart > 5
