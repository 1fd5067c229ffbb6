"""What a policy can say that the rules engine would misread is refused, and the engine is not called to find out."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.deciding.matching import durable
from billpolicy.deciding.matching.guard import RESERVED, fnv1a32, guard
from billpolicy.deciding.matching.terms import LARGEST_NUMBER, LONGEST_TEXT
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.money import MAX_MINOR
from billpolicy.policy.model import Clause, ExceptionRule
from billpolicy.source.scalars import MAX_INTEGER, MAX_TEXT
from billpolicy.vocabulary.operations import VOCABULARY as OPERATIONS
from billpolicy.vocabulary.spec import CUSTOM_SCOPES, FieldSpec, OperationSpec, Vocabulary, events_of
from tests.helpers.conditions import between, exception, policy, words

HERE = Position("acme.yaml", 12, 5)
NAME = "credit_memo_from_invoice"


@pytest.fixture(autouse=True)
def _the_engine_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def called() -> durable.EngineFunctions:
        raise AssertionError("the guard must not call the engine")

    monkeypatch.setattr(durable, "load", called)


def vocabulary(*fields: FieldSpec) -> Vocabulary:
    return {NAME: OperationSpec(NAME, "", ("credit_memo",), ("invoice", "account"), fields)}


def problems(*clauses: Clause, fields: tuple[FieldSpec, ...] = (), known: Vocabulary | None = None) -> list[Diagnostic]:
    rule = exception("rule", *clauses, position=HERE)
    return guard(policy(rule, fields=fields), known if known is not None else vocabulary())


def test_an_ordinary_condition_passes() -> None:
    assert problems(words("account.country", "x" * 255), between("amount", -(2**63) + 2, 2**63 - 2, "EUR")) == []


def test_what_a_policy_can_write_is_within_what_the_engine_holds() -> None:
    """`above` asks for one more than is written."""
    assert MAX_TEXT <= LONGEST_TEXT
    assert max(MAX_INTEGER, MAX_MINOR, datetime.date.max.toordinal()) + 1 < LARGEST_NUMBER
    assert not [name for name in RESERVED if name.startswith(tuple(f"{scope}." for scope in CUSTOM_SCOPES))]


def test_currencies_and_lists_add_up() -> None:
    """Of an amount in several currencies each box expands by itself: 3 x 400 is too many, where 400 is not."""
    boxes = (between("amount", n, None, code).boxes[0] for n, code in enumerate(("EUR", "USD", "GBP")))
    amount = Clause("amount", "amount", tuple(boxes))
    many = words("account.country", *(f"w{n}" for n in range(400)))
    assert problems(many) == []
    (problem,) = problems(many, amount)
    assert problem.code == "condition-too-wide"
    assert problem.message.endswith("multiply to 1,200 combinations; 1,000 can be matched")


def test_lists_that_multiply() -> None:
    def lists(length: int) -> tuple[Clause, ...]:
        return tuple(words(field, *(f"w{n}" for n in range(length))) for field in ("one", "two", "three"))

    assert problems(*lists(10)) == [], "10 x 10 x 10 is just allowed"
    (problem,) = problems(*lists(11))
    assert problem.code == "condition-too-wide"
    assert problem.message.endswith("has lists that multiply to 1,331 combinations; 1,000 can be matched")


def test_too_many_exclusions() -> None:
    assert problems(words("account.country", *(f"w{n}" for n in range(1000)), complement=True)) == []
    (problem,) = problems(words("account.country", *(f"w{n}" for n in range(1001)), complement=True))
    assert problem.code == "condition-too-wide"
    assert problem.message.endswith("excludes 1,001 values; 1,000 can be matched")


def test_too_many_fields() -> None:
    assert problems(*(words(f"field{n}", "x") for n in range(200))) == []
    (problem,) = problems(*(words(f"field{n}", "x") for n in range(201)))
    assert problem.code == "condition-too-wide"
    assert problem.message.endswith("asks for 201 fields; 200 can be matched")


def test_names_with_the_same_hash() -> None:
    """`costarring` and `liquid` are the textbook collision of FNV-1a with 32 bits."""
    assert fnv1a32("costarring") == fnv1a32("liquid")
    fields = (FieldSpec("costarring", "text"), FieldSpec("liquid", "text"))
    (problem,) = problems(words("liquid", "x"), known=vocabulary(*fields))
    assert problem.code == "field-names-alike"
    assert problem.message == "`rule` asks for `liquid`, which the rules engine cannot tell from `costarring`"
    assert problems(words("liquid", "x"), known=vocabulary(fields[1])) == []
    (custom,) = problems(words("liquid", "x"), known=vocabulary(fields[1]), fields=fields[:1])
    assert custom.message == problem.message
    assert problems(words("account.country", "x"), known=vocabulary(*fields)) == [], "nothing asks for them"


def test_the_currency_of_an_amount_has_a_name_too() -> None:
    """A hash is carried on letter by letter, so names that collide do so with the same ending as well."""
    fields = (FieldSpec("costarring", "money"), FieldSpec("liquid.currency", "text"))
    (problem,) = problems(words("liquid.currency", "x"), known=vocabulary(*fields))
    assert "cannot tell from `costarring.currency`" in problem.message


def test_the_hash_is_the_one_of_the_engine() -> None:
    """Published FNV-1a test vectors."""
    assert fnv1a32("") == 0x811C9DC5
    assert fnv1a32("a") == 0xE40C292C
    assert fnv1a32("foobar") == 0xBF9CF968


def test_the_fields_of_billpolicy_are_all_told_apart() -> None:
    fields = {field for spec in OPERATIONS.values() for field in spec.fields}
    fields |= {field for event in events_of(OPERATIONS).values() for field in event.fields}
    names = {field.name for field in fields} | {f"{field.name}.currency" for field in fields if field.type == "money"}
    assert len({fnv1a32(name) for name in (*names, *RESERVED)}) == len(names) + len(RESERVED)


def test_everything_is_reported_at_once_and_once() -> None:
    def rule(id: str, line: int) -> ExceptionRule:
        many = words("account.country", *(f"w{n}" for n in range(1001)))
        clauses = (many, words("liquid", "x"))
        return exception(id, *clauses, operations=(NAME,), position=Position("acme.yaml", line, 1))

    fields = (FieldSpec("costarring", "text"), FieldSpec("liquid", "text"))
    found = guard(policy(rule("first", 9), rule("second", 3)), vocabulary(*fields))
    assert [(p.position.line, p.code) for p in found if p.position] == [
        (3, "condition-too-wide"),
        (3, "field-names-alike"),
        (9, "condition-too-wide"),
        (9, "field-names-alike"),
    ]
