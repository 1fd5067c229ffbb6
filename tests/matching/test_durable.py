"""The rules engine against the reference, under threads, over time, and in every case that can kill or hang it."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.deciding.matching import durable
from billpolicy.deciding.matching.cells import CellMatcher
from billpolicy.deciding.matching.durable import DurableMatcher
from billpolicy.deciding.matching.protocol import EngineError
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import ExceptionRule
from tests.helpers.conditions import WILD_NUMBERS, WILD_TEXTS, between, exception, exceptions, facts, words
from tests.helpers.engine import needs_engine
from tests.helpers.properties import examples

pytestmark = needs_engine

Known = dict[str, Fact]

# -- it says what the reference says -------------------------------------------------------------------------------


@examples(120)
@given(exceptions(), st.lists(facts(st.sampled_from(("DE", "FR")), st.integers(-1, 4)), max_size=8))
def test_equal_to_the_reference(rules: list[ExceptionRule], operations: list[Known]) -> None:
    matcher, reference = DurableMatcher("test", rules), CellMatcher(rules)
    for known in operations:
        assert matcher.match(known) == reference.match(known)
    matcher.close()


@examples(120)
@given(exceptions(WILD_TEXTS, WILD_NUMBERS), st.lists(facts(), max_size=4))
def test_equal_for_wild_texts_and_numbers(rules: list[ExceptionRule], operations: list[Known]) -> None:
    matcher, reference = DurableMatcher("test", rules), CellMatcher(rules)
    for known in operations:
        assert matcher.match(known) == reference.match(known)
    # Also facts that are exactly what a condition names, which chance rarely draws.
    for rule in rules:
        known = {fact: values.members.sample() for fact, values in rule.boxes[-1].items() if not values.members.empty}
        assert rule.id in matcher.match(known)
        assert matcher.match(known) == reference.match(known)
    matcher.close()


@pytest.mark.parametrize(
    ("named", "told"),
    [
        pytest.param("x" * 255, "x" * 256, id="one character more"),
        pytest.param("x" * 255, "x" * 70_000, id="longer than the engine can count"),
        pytest.param("\U0001f600", "\ud83d\ude00", id="a character and the two halves it is made of"),
        pytest.param("é", "Ã©", id="a character and its bytes"),
        pytest.param("DE", 'DE"', id="a quotation mark"),
        pytest.param("DE\\", "DE", id="a backslash"),
        pytest.param("1", "1.0", id="texts that are equal as numbers"),
        pytest.param("true", "True", id="texts that look like booleans"),
    ],
)
def test_texts_that_are_nearly_equal(named: str, told: str) -> None:
    matcher = DurableMatcher("test", [exception("rule", words("account.name", named))])
    assert matcher.match({"account.name": named}) == ("rule",)
    assert matcher.match({"account.name": told}) == ()


def test_booleans_are_not_numbers_or_texts() -> None:
    rules = [exception("yes", words("account.vip", True)), exception("no", words("account.vip", False))]
    matcher = DurableMatcher("test", rules)
    assert matcher.match({"account.vip": True}) == ("yes",)
    assert matcher.match({"account.vip": False}) == ("no",)
    assert matcher.match({}) == ()


@pytest.mark.parametrize("edge", [2**63 - 2, -(2**63) + 2])
def test_numbers_at_the_edge_of_the_engine(edge: int) -> None:
    matcher = DurableMatcher("test", [exception("rule", between("invoice.lines", edge, edge))])
    assert matcher.match({"invoice.lines": edge}) == ("rule",)
    for other in (edge - 1, edge + 1, edge * 2, -edge):
        assert matcher.match({"invoice.lines": other}) == ()


def test_a_fact_that_no_condition_asks_for_is_not_told() -> None:
    """The engine takes at most 252 fields, and only those that matter can do harm."""
    matcher = DurableMatcher("test", [exception("rule", words("account.country", "DE"))])
    many: Known = {f"field{n}": "x" for n in range(400)}
    assert matcher.match({**many, "account.country": "DE"}) == ("rule",)


def test_one_condition_in_many_exceptions() -> None:
    """The engine dies of the 256th rule with the same condition."""
    rules = [exception(f"r{n:03}", words("account.country", "DE")) for n in range(300)]
    assert DurableMatcher("test", rules).match({"account.country": "DE"}) == tuple(f"r{n:03}" for n in range(300))


def test_more_than_64_conditions_at_once() -> None:
    """The engine refuses a fact for which 65 different conditions hold in one ruleset."""
    rules = [exception(f"r{n:03}", between("invoice.lines", n, None)) for n in range(200)]
    assert DurableMatcher("test", rules).match({"invoice.lines": 500}) == tuple(f"r{n:03}" for n in range(200))


def test_many_fields_are_spread_over_rulesets() -> None:
    rules = [exception(f"r{n}", *(words(f"field{n}x{m}", "x") for m in range(15))) for n in range(30)]
    known: Known = {f"field{n}x{m}": "x" for n in range(30) for m in range(15)}
    assert len(DurableMatcher("test", rules).match(known)) == 30


# -- lifetime ------------------------------------------------------------------------------------------------------


class Counting:
    """The engine, counting what is made and freed; `fails` makes the next call of a function fail once."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.fails: dict[str, BaseException] = {}
        self.engine = durable.load()

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            if name in self.fails:
                raise self.fails.pop(name)
            result = getattr(self.engine, name)(*arguments)
            if name == "create_ruleset":
                self.alive.add(result)
            if name == "delete_ruleset":
                self.alive.remove(arguments[0])
            return result

        return call


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(durable, "load", lambda: counting)
    return counting


RULES = [exception("german", words("account.country", "DE")), exception("always")]
GERMAN: Known = {"account.country": "DE"}


def test_rulesets_are_built_when_they_are_first_needed(engine: Counting) -> None:
    matcher = DurableMatcher("test", RULES)
    assert not engine.alive
    assert matcher.match(GERMAN) == ("always", "german")
    assert len(engine.alive) == 1
    matcher.close()
    assert not engine.alive
    assert matcher.match({}) == ("always",), "closed is not the end"


def test_without_exceptions_there_is_no_ruleset(engine: Counting) -> None:
    matcher = DurableMatcher("test", [])
    assert matcher.match(GERMAN) == ()
    assert not engine.alive
    matcher.close()


def test_a_matcher_that_is_forgotten_frees_its_rulesets(engine: Counting) -> None:
    matcher = DurableMatcher("test", RULES)
    matcher.match(GERMAN)
    del matcher
    assert not engine.alive


@pytest.mark.parametrize(
    "function", ["create_ruleset", "assert_fact", "start_action_for_state", "complete_and_start_action", "retract_fact"]
)
def test_after_an_error_the_ruleset_is_thrown_away_and_built_anew(engine: Counting, function: str) -> None:
    matcher = DurableMatcher("write_off_invoice", RULES)
    matcher.match(GERMAN)
    if function == "create_ruleset":
        matcher.close()
    before = set(engine.alive)
    engine.fails[function] = RuntimeError("error code: 303")
    with pytest.raises(EngineError, match=r"the rules engine failed on `write_off_invoice`: error code: 303"):
        matcher.match(GERMAN)
    assert not engine.alive & before
    assert matcher.match(GERMAN) == ("always", "german")


def test_an_interrupt_leaves_no_fact_behind(engine: Counting) -> None:
    matcher = DurableMatcher("test", RULES)
    engine.fails["start_action_for_state"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        matcher.match(GERMAN)
    assert not engine.alive
    assert matcher.match({}) == ("always",)


class Fake:
    """An engine that answers as it is told."""

    def __init__(self, status: int) -> None:
        self.status = status

    def create_ruleset(self, name: str, rules: str) -> int:
        return 1

    def delete_ruleset(self, handle: int) -> None: ...

    def delete_state(self, handle: int, sid: str) -> None: ...

    def assert_fact(self, handle: int, fact: str) -> tuple[int, int]:
        return self.status, 0

    def retract_fact(self, handle: int, fact: str) -> tuple[int, int]:
        return 0, 0

    def start_action_for_state(self, handle: int, state: int) -> tuple[str, str] | None:
        return None

    def complete_and_start_action(self, handle: int, state: int) -> str | None:
        return None


@pytest.mark.parametrize(
    ("status", "said"), [(0, "it took a fact and named no rule"), (2, "it answered with status 2")]
)
def test_an_answer_that_makes_no_sense_is_an_error(monkeypatch: pytest.MonkeyPatch, status: int, said: str) -> None:
    monkeypatch.setattr(durable, "load", lambda: Fake(status))
    with pytest.raises(EngineError, match=said):
        DurableMatcher("test", RULES).match(GERMAN)


def test_many_threads_share_a_matcher() -> None:
    rules = [
        exception(f"r{n}", words("account.country", f"C{n % 7}"), between("invoice.lines", n, None)) for n in range(60)
    ]
    operations: list[Known] = [{"account.country": f"C{n % 9}", "invoice.lines": n % 70} for n in range(1000)]
    matcher, reference = DurableMatcher("test", rules), CellMatcher(rules)
    expected = [reference.match(known) for known in operations]
    answers: list[list[tuple[str, ...]]] = []
    threads = [
        threading.Thread(target=lambda: answers.append([matcher.match(known) for known in operations]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


# -- in a process of its own: what could hang or crash, and what memory it takes -----------------------------------


def run(script: str) -> str:
    """A hang inside the engine cannot be interrupted, only killed: the process has 20 seconds."""
    preamble = """
from pathlib import Path
from billpolicy.deciding.matching.cells import CellMatcher
from billpolicy.deciding.matching.durable import DurableMatcher
from tests.helpers.conditions import between, exception, words

def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

def forty_rules():
    return [
        exception(f"r{n}", words("account.country", f"C{n % 5}"), between("invoice.lines", n, None)) for n in range(40)
    ]

def same(rules, operations):
    matcher, reference = DurableMatcher("test", rules), CellMatcher(rules)
    for known in operations:
        assert matcher.match(known) == reference.match(known), known
    matcher.close()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", preamble + script],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_canary_a_thousand_exceptions_of_one_operation() -> None:
    """512 different conditions side by side send the engine into an endless loop."""
    run("""
rules = [exception(f"r{n}", words("account.name", f"N{n}"), between("invoice.lines", n % 5, None)) for n in range(1000)]
same(rules, [{"account.name": f"N{n}", "invoice.lines": 3} for n in range(0, 1010, 10)])
""")


def test_canary_a_list_of_400_words() -> None:
    run("""
names = [f"N{n}" for n in range(400)]
one_of, none_of = words("account.name", *names), words("account.name", *names, complement=True)
rules = [exception("one-of", one_of), exception("none-of", none_of)]
same(rules, [{}, *({"account.name": f"N{n}"} for n in range(0, 420, 5))])
""")


def test_canary_300_conditions_that_are_the_same() -> None:
    run("""
rules = [exception(f"r{n}", words("account.name", "N")) for n in range(300)]
same(rules, [{"account.name": "N"}, {"account.name": "M"}, {}])
""")


def test_canary_200_conditions_that_ask_for_nothing() -> None:
    """128 rules that are all true because something is missing are more than the engine takes."""
    run("""
from billpolicy.policy.condition import Values, Words
unset = Values(Words(frozenset()), unset=True)
from tests.helpers.conditions import clause
rules = [exception(f"r{n}", clause("c", {f"field{n}": unset})) for n in range(200)]
same(rules, [{}, {"field7": "x"}])
""")


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")


@linux_only
def test_memory_does_not_grow_with_evaluations() -> None:
    grown = run("""
matcher = DurableMatcher("test", forty_rules())
def some():
    for n in range(20_000):
        matcher.match({"account.country": f"C{n % 7}", "invoice.lines": n % 50, "account.name": f"name {n}"})
some()
before = megabytes()
some()
print(megabytes() - before)
""")
    assert float(grown) < 5


@linux_only
@pytest.mark.parametrize("end", ["matcher.close()", "del matcher"])
def test_memory_does_not_grow_with_matchers(end: str) -> None:
    """A ruleset that is not freed with its state leaves some 0.3 MB behind: 300 of them would be 90 MB."""
    grown = run(f"""
rules = forty_rules()
def some():
    for n in range(300):
        matcher = DurableMatcher("test", rules)
        matcher.match({{"account.country": f"C{{n % 7}}"}})
        {end}
some()
before = megabytes()
some()
print(megabytes() - before)
""")
    assert float(grown) < 5
