"""Boxes that meet are never passed over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.analysis.meeting import Meeting
from billpolicy.policy.condition import Box, Numbers, Values, Words, intersection
from billpolicy.policy.inclusion import bits
from tests.policy.test_inclusion import BOXES


@given(BOXES, st.data())
def test_whatever_meets_a_box_is_found(boxes: list[Box], data: st.DataObject) -> None:
    box = data.draw(st.sampled_from([{}, *boxes]))
    meeting = {number for number, other in enumerate(boxes) if intersection(box, other) is not None}
    assert meeting <= set(bits(Meeting(boxes).of(box)))


def test_what_lists_other_words_or_ends_before_is_passed_over() -> None:
    germany, france = ({"country": Values(Words(frozenset((code,))))} for code in ("DE", "FR"))
    small, large = ({"amount": Values(Numbers((both,)))} for both in ((1, 9), (10, None)))
    meeting = Meeting([germany, france, small, large])
    assert list(bits(meeting.of({**germany, **small}))) == [0, 2]
    assert list(bits(meeting.of({"amount": Values(Numbers(((9, 10),)))}))) == [0, 1, 2, 3]
