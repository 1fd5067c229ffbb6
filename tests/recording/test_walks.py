"""Whatever was decided comes out the same by the same policy: on random walks of every operation."""

from __future__ import annotations

from pathlib import Path

import pytest

import billpolicy as api
from billpolicy.recording.lines import line
from billpolicy.recording.record import Recorded
from tests.helpers.scenes import versions
from tests.helpers.walks import TODAY, asked_for, read, walk


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_the_same_policy_decides_the_same(first: int, tmp_path: Path) -> None:
    decisions = follow_ups = 0
    for seed in range(first, first + 20):
        found = walk(seed)
        policy = versions(found.policy)
        recorder = api.Recorder(policy, TODAY)
        lines = [recorder.beginning()]
        for outcome in api.plan_all(policy, read(found.book), asked_for(*found.operations), today=TODAY):
            lines.append(recorder.lines(outcome))
        file = tmp_path / f"{seed}.jsonl"
        file.write_text("".join(lines), encoding="utf-8")
        for one in api.replay(api.load_recording(file), policy):
            assert (one.differences, one.untold, one.other_rules, one.runs) == ((), (), 0, True), one.recorded
            assert _again(one.recorded) in "".join(lines)
            decisions += one.decisions
            follow_ups += len(one.recorded.operation.follow_ups)
    assert decisions > 100
    assert follow_ups > 0


def _again(recorded: Recorded) -> str:
    """What was read is written as it was."""
    return line(recorded.operation)


@pytest.mark.parametrize("seed", [3, 11, 27])
def test_what_is_decided_again_at_once_is_what_would_be_recorded(seed: int, tmp_path: Path) -> None:
    found = walk(seed)
    policy = versions(found.policy)
    recorder = api.Recorder(policy, TODAY)
    outcomes = list(api.plan_all(policy, read(found.book), asked_for(*found.operations), today=TODAY))
    file = tmp_path / "recording.jsonl"
    file.write_text(recorder.beginning() + "".join(map(recorder.lines, outcomes)), encoding="utf-8")
    kept = [one.operation for one in api.load_recording(file)]
    assert [one.operation for outcome in outcomes for one in recorder.recorded(outcome)] == kept
