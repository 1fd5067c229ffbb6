"""`limits`: what may be posted in a day or a month, its words, and what layers make of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.scenes import layered, layered_refusals

LIMITS = """
roles: {clerk: [ines]}
limits:
  a-day:
    operations: [write_off_invoice, write_off_debit_memo]
    per: day
    by: actor
    roles: [clerk]
    count: 20
    amounts: {USD: 600.00, EUR: 500.00}
    beyond: approval
    because: FIN-301
"""
LEAST = "operations: [bill_run], per: day, by: all"


def test_it_says_what_how_much_and_for_whom(tmp_path: Path) -> None:
    limit = layered(tmp_path, LIMITS).limits["a-day"]
    assert limit.operations == ("write_off_debit_memo", "write_off_invoice")
    assert (limit.per, limit.by, limit.roles, limit.count) == ("day", "actor", ("clerk",), 20)
    assert limit.amounts == {"EUR": Decimal("500.00"), "USD": Decimal("600.00")}
    assert (limit.other_currencies, limit.beyond, limit.because) == ("refused", "approval", "FIN-301")
    assert (limit.position.line, limit.position.column) == (7, 3)


def test_what_is_not_said_is_closed(tmp_path: Path) -> None:
    limit = layered(tmp_path, f"limits: {{x: {{{LEAST}, count: 1}}}}\n").limits["x"]
    assert (limit.roles, limit.amounts, limit.other_currencies, limit.beyond) == ((), {}, "refused", "refused")


def test_a_later_layer_says_a_name_anew_as_a_whole_and_the_others_stay(tmp_path: Path) -> None:
    anew, another = (f"limits: {{{name}: {{{LEAST}, count: {n}}}}}\n" for n, name in ((1, "a-day"), (2, "b")))
    limits = layered(tmp_path, LIMITS, anew, another).limits
    assert [(name, limit.count, limit.roles) for name, limit in limits.items()] == [("a-day", 1, ()), ("b", 2, ())]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("operations: [write_off], per: day, by: all, count: 1", "operation-unknown"),
        ("operations: [], per: day, by: all, count: 1", "operations-empty"),
        ("operations: [bill_run, bill_run], per: day, by: all, count: 1", "operation-repeated"),
        ("operations: [bill_run], per: week, by: all, count: 1", "value-not-allowed"),
        ("operations: [bill_run], per: day, by: role, count: 1", "value-not-allowed"),
        ("operations: [bill_run], by: all, count: 1", "key-missing"),
        ("operations: [bill_run], per: day, count: 1", "key-missing"),
        (LEAST, "limit-wrong"),
        (f"{LEAST}, count: 0", "limit-wrong"),
        (f"{LEAST}, amounts: {{EUR: 0.00}}", "limit-wrong"),
        (f"{LEAST}, amounts: {{JPY: 1.5}}", "limit-wrong"),
        (f"{LEAST}, count: 1, roles: [clerk]", "role-unknown"),
        (f"{LEAST}, amounts: {{EUR: 1.000}}", "limit-wrong"),  # one, or a thousand?
        (f"{LEAST}, count: 1, other_currencies: unlimited", "limit-wrong"),
        (f"{LEAST}, count: 1, beyond: allowed", "value-not-allowed"),
        (f"{LEAST}, count: 1, when: {{actor.role: clerk}}", "key-unknown"),
    ],
)
def test_a_limit_that_is_not_one_is_an_error(text: str, code: str, tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, f"limits: {{x: {{{text}}}}}\n")
    assert problem.code == code
    assert problem.position is not None
    assert problem.position.line == 4


def test_a_role_that_is_misspelt_is_told_with_the_one_that_is_meant(tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, LIMITS.replace("roles: [clerk]", "roles: [clark]"))
    assert (problem.code, problem.hint) == ("role-unknown", "did you mean `clerk`?")


BY_ACTOR = "limits: {x: {operations: [bill_run], per: day, by: actor, count: 1}}\n"


def test_without_roles_each_actor_is_whatever_name_is_thought_of(tmp_path: Path) -> None:
    (warning,) = layered(tmp_path, BY_ACTOR).warnings
    assert (str(warning.code), warning.severity) == ("limit-by-anybody", "warning")
    assert warning.position is not None
    assert (warning.position.line, warning.position.column) == (4, 10)
    assert "`x` holds each actor" in warning.message
    assert "declare them, like `roles: {clerk: [ines]}`" in str(warning.hint)


@pytest.mark.parametrize(
    "closed",
    [
        "roles: {clerk: [ines]}\n" + BY_ACTOR,
        BY_ACTOR.replace("by: actor", "by: all"),
        BY_ACTOR.replace("by: actor", "by: account"),
    ],
)
def test_where_there_are_roles_or_no_names_are_asked_for_nothing_is_warned_of(closed: str, tmp_path: Path) -> None:
    assert layered(tmp_path, closed).warnings == ()


def test_a_later_layer_may_say_who_there_is(tmp_path: Path) -> None:
    """What counts is what holds in the end, not what one layer says alone."""
    assert layered(tmp_path, BY_ACTOR, "roles: {clerk: [ines]}\n").warnings == ()


def test_other_names_of_a_person_do_not_say_who_there_is(tmp_path: Path) -> None:
    (warning,) = layered(tmp_path, "aliases: {ines: [i.meyer]}\n" + BY_ACTOR).warnings
    assert warning.code == "limit-by-anybody"
