"""Follow-ups come to an end: a circle is refused and shown, and what is not refused ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.analysis import circles
from billpolicy.analysis.circles import MOST_FINDINGS, find_circles
from billpolicy.diagnostics.diagnostic import Diagnostic
from tests.helpers.scenes import HEAD, layered, layered_refusals, policy, refusals

WRITE_OFF = "  - {id: write-off, after: invoice_posted, then: write_off_invoice%s}\n"
BILL_AGAIN = "  - {id: bill-again, after: charges_reopened, then: bill_run%s}\n"


def follow_ups(*entries: str) -> str:
    return "follow_ups:\n" + "".join(entries)


def told(*entries: str) -> list[Diagnostic]:
    found = refusals(follow_ups(*entries))
    assert {one.code for one in found} == {"follow-up-cycle"}
    return found


def test_bill_write_off_reopen_bill() -> None:
    """A write-off reopens the time it billed (docs/domain.md 3.3); billed again, it is one more to write off."""
    (found,) = told(WRITE_OFF % "", BILL_AGAIN % "")
    assert found.position is not None
    file, first = found.position.file, HEAD.count("\n") + 2
    assert found.position.line == first + 1, "at the first by name, as the order of lines never matters"
    assert found.message == (
        f"these follow-ups would run without end: `bill-again` ({file}:{first + 1}) runs bill_run, "
        f"`write-off` ({file}:{first}) runs write_off_invoice, and then `bill-again` runs again"
    )
    assert found.hint
    # Each of them alone comes to an end.
    assert policy(follow_ups(WRITE_OFF % "")).follow_ups
    assert policy(follow_ups(BILL_AGAIN % "")).follow_ups


def test_one_that_asks_for_another_operation_breaks_the_circle() -> None:
    # What is billed again is posted by `bill_run`; a draft that somebody posts is not.
    assert policy(follow_ups(WRITE_OFF % ", when: {operation: post_draft}", BILL_AGAIN % "")).follow_ups
    assert policy(follow_ups(WRITE_OFF % "", BILL_AGAIN % ", when: {operation: [reverse_invoice, cancel_draft]}"))
    # An operation that is in the circle does not break it.
    assert len(told(WRITE_OFF % ", when: {operation: [bill_run, post_draft]}", BILL_AGAIN % "")) == 1


@pytest.mark.parametrize(
    ("write_off", "bill", "ends"),
    [
        ("{from: 2026-01-01, until: 2026-07-01}", "{from: 2026-07-01}", True),  # never on one day
        ("{from: 2026-01-01, until: 2026-07-02}", "{from: 2026-07-01}", False),
        ("{from: 2026-07-01}", "{from: 2026-01-01, until: 2026-07-01}", True),
        ("{from: 2026-01-01}", "{from: 2027-01-01}", False),
    ],
)
def test_two_that_are_never_in_force_together_make_no_circle(write_off: str, bill: str, ends: bool) -> None:
    entries = (WRITE_OFF % f", effective: {write_off}", BILL_AGAIN % f", effective: {bill}")
    if ends:
        assert policy(follow_ups(*entries)).follow_ups
    else:
        assert len(told(*entries)) == 1


def test_other_conditions_are_not_weighed() -> None:
    """No invoice is both below and above 100, but the invoice that is billed next is another one."""
    small = ", when: {invoice.balance: {below: 100.00 EUR}}"
    large = ", when: {account.country: FR}"
    assert len(told(WRITE_OFF % small, BILL_AGAIN % large)) == 1


def test_each_circle_is_told_once() -> None:
    others = (
        "  - {id: use-credits, after: invoice_posted, then: apply_credits}\n",
        "  - {id: write-off-rests, after: invoice_left_open, then: write_off_invoice}\n",
        "  - {id: leave-alone, after: payment_posted, then: apply_credits}\n",
    )
    first, second = told(WRITE_OFF % "", BILL_AGAIN % "", *others)
    assert "`use-credits`" in first.message
    assert "`write-off-rests`" in first.message
    assert "`write-off`" in second.message
    assert not any("leave-alone" in one.message for one in (first, second))


def test_a_circle_over_two_layers_names_both_files(tmp_path: Path) -> None:
    """Each layer alone is right."""
    bill, write_off = follow_ups(BILL_AGAIN % ""), follow_ups(WRITE_OFF % "")
    assert layered(tmp_path, bill).follow_ups
    assert layered(tmp_path, write_off).follow_ups
    (found,) = layered_refusals(tmp_path, bill, write_off)
    assert found.code == "follow-up-cycle"
    assert f"`bill-again` ({tmp_path}/layer0.yaml:5) runs bill_run" in found.message
    assert f"`write-off` ({tmp_path}/layer1.yaml:5) runs write_off_invoice" in found.message
    # Switched off, it is in no circle any more.
    assert layered(tmp_path, bill, "follow_ups: [{id: bill-again, then: nothing}]\n", write_off).follow_ups


class Counted(tuple[str, ...]):
    """The follow-ups that one leads to, which count how many of them were looked at in all."""

    looked_at = 0

    def __iter__(self) -> Iterator[str]:
        for name in super().__iter__():
            Counted.looked_at += 1
            yield name


def test_many_circles_are_told_at_once_and_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """400 that each lead to 400 others, and each of these back: 160,000 circles."""
    entries = [f"  - {{id: w{n}, after: invoice_posted, then: write_off_invoice}}\n" for n in range(400)]
    entries += [f"  - {{id: b{n}, after: charges_reopened, then: bill_run}}\n" for n in range(400)]
    monkeypatch.setattr(Counted, "looked_at", 0)
    counted = lambda leads: find_circles({name: Counted(later) for name, later in leads.items()})  # noqa: E731
    monkeypatch.setattr(circles, "find_circles", counted)
    found = refusals(follow_ups(*entries))
    assert [one.code for one in found].count("follow-up-cycle") == MOST_FINDINGS
    assert [one.code for one in found].count("follow-up-cycle-more") == 1
    # The circles that are told, and one to know that there are more, go through one follow-up: it leads to 400, of
    # which each of the first 101 leads to 400. Of the 101st no more than the first is needed.
    assert Counted.looked_at == 400 + 100 * 400 + 1


# -- circles of any kind -------------------------------------------------------------------------------------------

NAMES = "abcdef"
graphs = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(NAMES), unique=True, max_size=4).map(tuple) for name in NAMES}
)


def reachable(leads: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(leads[start])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += leads[name]
    return found


@given(graphs)
def test_circles_are_circles_told_once_and_cover_every_step_that_can_come_back(
    leads: dict[str, tuple[str, ...]],
) -> None:
    circles = list(find_circles(leads))
    assert len(set(circles)) == len(circles)
    steps = set()
    for circle in circles:
        assert circle[0] == min(circle)
        assert len(set(circle)) == len(circle)
        steps |= set(zip(circle, (*circle[1:], circle[0]), strict=True))
    assert all(to in leads[from_] for from_, to in steps)
    # By definition: a step lies on a circle if its end leads back to its beginning.
    back = {(a, b) for a in NAMES for b in leads[a] if a == b or a in reachable(leads, b)}
    assert steps == back
