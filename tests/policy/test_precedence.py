"""docs/policy-language.md rule 5, against a naive reading of it and in examples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.policy.boxes import narrower
from billpolicy.policy.model import ExceptionRule
from billpolicy.policy.precedence import NO_EXCEPTION, Dropped, Precedence
from tests.helpers.conditions import ROUND_ONE, ROUND_TWO, between, exception, exceptions, words

GERMANY = words("account.country", "DE")
LARGE = between("amount", 100_00, None, "EUR")


def overrides(a: str, b: str, by_id: dict[str, ExceptionRule]) -> bool:
    direct = by_id[a].overrides
    return b in direct or any(overrides(between, b, by_id) for between in direct)


@given(exceptions(), st.data())
def test_it_is_the_rule_as_written(drawn: list[ExceptionRule], data: st.DataObject) -> None:
    by_id = {e.id: e for e in drawn}
    matching = [e.id for e in drawn if data.draw(st.booleans())]
    verdict = Precedence(drawn).decide(data.draw(st.permutations(matching)), "bill_to_contact")

    candidates = [id for id in matching if "bill_to_contact" in by_id[id].then]
    remaining = [b for b in candidates if not any(overrides(a, b, by_id) for a in candidates)]
    left = [b for b in remaining if not any(narrower(by_id[a].boxes, by_id[b].boxes) for a in remaining)]
    assert verdict.survivors == tuple(sorted(left))
    assert set(verdict.outcomes) == {by_id[id].then["bill_to_contact"] for id in left}
    assert verdict.conflict == (len(set(verdict.outcomes)) > 1)

    assert sorted((*verdict.survivors, *(dropped.id for dropped in verdict.dropped))) == sorted(candidates)
    for dropped in verdict.dropped:
        assert dropped.by in candidates
        if dropped.why == "overridden":
            assert overrides(dropped.by, dropped.id, by_id)
        else:
            assert narrower(by_id[dropped.by].boxes, by_id[dropped.id].boxes)
            assert dropped.by in verdict.survivors


@given(exceptions(), st.data())
def test_no_order_matters(drawn: list[ExceptionRule], data: st.DataObject) -> None:
    ids = [e.id for e in drawn]
    forwards = Precedence(drawn).decide(ids, "payment_term")
    shuffled = Precedence(data.draw(st.permutations(drawn)))
    assert shuffled.decide(data.draw(st.permutations(ids)), "payment_term") == forwards


def test_the_narrower_one_wins() -> None:
    wide, narrow = exception("wide", GERMANY), exception("narrow", GERMANY, LARGE, then={"bill_to_contact": ROUND_TWO})
    verdict = Precedence([wide, narrow]).decide(["wide", "narrow"], "bill_to_contact")
    assert verdict == (("narrow",), (Dropped("wide", "less_specific", "narrow"),), (ROUND_TWO,))


def test_overrides_go_before_narrower() -> None:
    wide = exception("wide", GERMANY, overrides=["narrow"])
    narrow = exception("narrow", GERMANY, LARGE, then={"bill_to_contact": ROUND_TWO})
    verdict = Precedence([wide, narrow]).decide(["wide", "narrow"], "bill_to_contact")
    assert verdict == (("wide",), (Dropped("narrow", "overridden", "wide"),), (ROUND_ONE,))


def test_overrides_reach_through_one_that_does_not_match() -> None:
    chain = [exception("a", GERMANY, overrides=["b"]), exception("b", LARGE, overrides=["c"]), exception("c")]
    assert Precedence(chain).decide(["a", "c"], "bill_to_contact").dropped == (Dropped("c", "overridden", "a"),)


def test_the_head_of_a_chain_of_overrides_is_named() -> None:
    chain = [exception("z", overrides=["b"]), exception("b", overrides=["c"]), exception("c")]
    assert Precedence(chain).decide(["z", "b", "c"], "bill_to_contact").dropped == (
        Dropped("b", "overridden", "z"),
        Dropped("c", "overridden", "z"),
    )


def test_one_that_does_not_speak_of_the_key_takes_no_part() -> None:
    silent = exception("silent", GERMANY, then={"payment_term": ROUND_ONE}, overrides=["other"])
    other = exception("other", GERMANY)
    precedence = Precedence([silent, other])
    assert precedence.decide(["silent", "other"], "bill_to_contact") == (("other",), (), (ROUND_ONE,))
    assert precedence.decide(["other"], "payment_term") is NO_EXCEPTION
    assert precedence.decide(["other"], "write_off_limit") is NO_EXCEPTION


def test_equal_outcomes_agree_and_different_ones_conflict() -> None:
    a, b = exception("a", GERMANY), exception("b", LARGE)
    c = exception("c", between("invoice.lines", 3, None), then={"bill_to_contact": ROUND_TWO})
    precedence = Precedence([a, b, c])
    assert precedence.decide(["b", "a"], "bill_to_contact") == (("a", "b"), (), (ROUND_ONE,))
    verdict = precedence.decide(["c", "b", "a"], "bill_to_contact")
    assert verdict.survivors == ("a", "b", "c")
    assert verdict.outcomes == (ROUND_ONE, ROUND_TWO)
    assert verdict.conflict


def test_a_circle_of_overrides_ends() -> None:
    """It is refused when the policy is checked; until then nothing may hang on it."""
    circle = [exception("a", overrides=["b"]), exception("b", overrides=["a", "nobody"])]
    assert Precedence(circle).decide(["a", "b"], "bill_to_contact").survivors == ()


@given(exceptions(), st.data())
def test_who_overrides_whom_without_an_exception_is_as_if_it_had_never_been_there(
    drawn: list[ExceptionRule], data: st.DataObject
) -> None:
    ids = [e.id for e in drawn]
    gone = data.draw(st.sampled_from(ids)) if ids else None
    if gone is not None:
        whole, rest = Precedence(drawn), Precedence([e for e in drawn if e.id != gone])
        changed = whole.overriders_without(gone)
        assert changed.keys() == {id for id in ids if gone in whole.overriders(id)}
        for id in ids:
            if id != gone:
                assert changed.get(id, whole.overriders(id)) == rest.overriders(id)
