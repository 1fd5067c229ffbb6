"""The rules engine never decides alone."""

from __future__ import annotations

import platform

import pytest

from billpolicy.deciding.matching import durable, engines
from billpolicy.deciding.matching.cells import CellMatcher
from billpolicy.deciding.matching.durable import DurableMatcher
from billpolicy.deciding.matching.engines import BothMatcher, default_engine, engine_matcher
from billpolicy.deciding.matching.protocol import EngineError
from billpolicy.policy.condition import Fact, Facts
from tests.helpers.conditions import between, exception, words
from tests.helpers.engine import needs_engine
from tests.helpers.scenes import versions


class Says:
    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.asked: list[Facts] = []

    def match(self, facts: Facts) -> tuple[str, ...]:
        self.asked.append(facts)
        return self.ids


ALWAYS = CellMatcher([exception("a"), exception("b")])
"""`a` and `b` hold of everything."""


def test_agreement_is_the_answer() -> None:
    assert BothMatcher("write_off_invoice", ALWAYS, Says("a", "b")).match({}) == ("a", "b")


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (Says("a"), "it missed `b`;"),
        (Says("a", "b", "c"), "it matched `c`, which does not hold;"),
        (Says(), "it missed `a`, `b`;"),
        (Says("a", "c"), "it missed `b` and matched `c`, which does not hold;"),
    ],
)
def test_disagreement_names_the_difference_and_the_facts(engine: Says, said: str) -> None:
    both = BothMatcher("write_off_invoice", ALWAYS, engine)
    with pytest.raises(EngineError) as raised:
        both.match({"amount": 5, "account.country": "DE"})
    assert str(raised.value) == (
        f"the rules engine is wrong about `write_off_invoice`: {said.removesuffix(';')}; "
        "the facts are account.country: 'DE', amount: 5"
    )


def test_an_error_of_the_engine_is_not_hidden() -> None:
    class Broken:
        def match(self, facts: Facts) -> tuple[str, ...]:
            raise EngineError("it is broken")

    with pytest.raises(EngineError, match="it is broken"):
        BothMatcher("write_off_invoice", ALWAYS, Broken()).match({})


def test_the_engine_is_asked_once_for_all_facts_that_no_condition_tells_apart() -> None:
    rule = exception("large", between("amount", 100_00, 200_00, "EUR"))
    engine = Says("large")
    both = BothMatcher("write_off_invoice", CellMatcher([rule]), engine)
    euros: dict[str, Fact] = {"amount.currency": "EUR"}
    known = [{**euros, "amount": cents, "account.name": f"Customer {cents}"} for cents in range(100_00, 105_00)]
    assert {both.match(facts) for facts in known} == {("large",)}
    assert engine.asked == known[:1]
    engine.ids = ()
    for facts in ({**euros, "amount": 99_99}, {**euros, "amount": 200_01}, euros):
        assert both.match(facts) == ()  # below, above, and without an amount: each is asked
    assert len(engine.asked) == 4


def test_what_they_did_not_agree_on_is_asked_again() -> None:
    engine = Says()
    both = BothMatcher("write_off_invoice", ALWAYS, engine)
    for _ in range(2):
        with pytest.raises(EngineError):
            both.match({})
    engine.ids = ("a", "b")
    assert both.match({}) == ("a", "b")


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MOST_KEPT", 3)
    rules = [exception(f"r{n}", words("account.name", f"name {n}")) for n in range(9)]
    both = BothMatcher("write_off_invoice", CellMatcher(rules), CellMatcher(rules))
    for n in range(9):
        assert both.match({"account.name": f"name {n}"}) == (f"r{n}",)
        assert len(both._agreed) <= 3


# -- by name -------------------------------------------------------------------------------------------------------

RULES = [exception("german", words("account.country", "DE"))]


def test_python_needs_no_engine() -> None:
    matcher = engine_matcher("python", "write_off_invoice", RULES)
    assert isinstance(matcher, CellMatcher)
    assert matcher.match({"account.country": "DE"}) == ("german",)


@needs_engine
def test_the_engine_by_name() -> None:
    assert isinstance(engine_matcher("durable", "write_off_invoice", RULES), DurableMatcher)
    both = engine_matcher("both", "write_off_invoice", RULES)
    assert isinstance(both, BothMatcher)
    assert both.match({"account.country": "DE"}) == ("german",)
    assert default_engine() == "both"


def test_where_it_does_not_load_python_is_the_default_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> durable.EngineFunctions:
        raise ImportError("undefined symbol: PyEval_CallObject")

    durable.unavailable.cache_clear()
    monkeypatch.setattr(durable, "load", fails)
    try:
        assert not durable.available()
        assert engines.default_engine() == "python"
        with pytest.raises(EngineError, match=r"does not load on Python .*PyEval_CallObject") as raised:
            engine_matcher("both", "write_off_invoice", RULES)
        assert durable.INSTALL in str(raised.value)
    finally:
        durable.unavailable.cache_clear()


@pytest.mark.parametrize("error", [ImportError("undefined symbol"), RuntimeError("no"), SystemExit(7)], ids=repr)
def test_one_that_does_not_load_for_any_reason_leaves_plain_python_to_decide(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> durable.EngineFunctions:
        raise error

    durable.unavailable.cache_clear()
    monkeypatch.setattr(durable, "load", fails)
    try:
        assert f"does not load on Python {platform.python_version()} ({error})" in str(durable.unavailable())
    finally:
        durable.unavailable.cache_clear()


def test_where_it_is_not_installed_it_says_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> durable.EngineFunctions:
        raise ModuleNotFoundError("No module named 'durable_rules_engine'")

    durable.unavailable.cache_clear()
    monkeypatch.setattr(durable, "load", fails)
    try:
        reason = str(durable.unavailable())
        assert reason.startswith("the rules engine is not installed here, and plain Python decides the same without it")
        assert durable.INSTALL in reason
        assert versions().without_engine() == durable.unavailable()
        monkeypatch.setattr(durable, "find_spec", lambda name: None)
        assert versions().broken_engine() is None  # an extra that was left out is no trouble
        monkeypatch.setattr(durable, "find_spec", lambda name: name)
        assert versions().broken_engine() == durable.unavailable()
    finally:
        durable.unavailable.cache_clear()
