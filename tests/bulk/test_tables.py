"""Rows are decided together as each of them is by itself: of every row value, level and rule, or why it is refused."""

from __future__ import annotations

import datetime
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.bulk import codes, part, values
from billpolicy.bulk import tables as bulk_tables
from billpolicy.bulk.batch import Batch
from billpolicy.bulk.nobody import NoVersion
from billpolicy.bulk.tables import Bulk
from billpolicy.deciding.columns import fields_of
from billpolicy.deciding.decider import Decider
from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.model import Policy
from tests.bulk.arrow import table
from tests.deciding.test_decider import ASSUMED, HELD, NAMES, POLICY, columns, raw, small
from tests.helpers.plain_policies import DOCUMENTS_OF, SMALL, Drawn, loaded, policies, world
from tests.helpers.properties import examples

DAY = datetime.date(2026, 3, 1)
Row = Mapping[str, Any]
WRONG: Mapping[str, tuple[Any, ...]] = {
    "country": ("Germany", "de", "ZZ", ""),
    "currency": ("EURO", "eur", None),
    "choice": ("no such", "", "é"),
    "text": ("", " a", "a\tb", "a\u200bb", "x" * 256),
    "integer": (2**53, -(2**53)),
    "days": (2**53,),
    "money": (Decimal("0.001"), Decimal("-12.3456"), Decimal("99999999999999.0001")),
    "date": (),
    "boolean": (),
}
"""What fields of a type cannot be."""
AMOUNTS = (Decimal("99999999999999.00"), Decimal("-0.01"), Decimal(0), Decimal("123456789012.34"))


def one_by_one(decider: Decider, row: Row, names: Sequence[str]) -> dict[str, Any] | list[str]:
    """What is decided of a row by itself, by the columns of a result; or the codes of why it is refused."""
    values = [row.get(name) for name in names]
    rows = decider._rows
    wrong = ["row-value-wrong" for held in rows.columns.held if row.get(held.column) in WRONG["text"]]
    try:
        rows.facts(values)  # also what no rule asks about must be right
        choices = () if wrong else decider.decide(values)
    except Refused as refused:
        return [*(problem.code for problem in refused.diagnostics), *wrong]
    if wrong:
        return wrong
    found: dict[str, Any] = {}
    for key, (value, level, rule) in zip(decider.keys, choices, strict=True):
        found |= {key: value, f"{key}.rule": rule} | ({f"{key}.level": level} if level is not None else {})
    return found


def decided(row: dict[str, Any]) -> dict[str, Any] | list[str]:
    """A row of a result in the same form."""
    reasons = row.pop("refused")
    found = {name: value for name, value in row.items() if value is not None}
    if reasons is None:
        return found
    assert found == {}, "a row that is refused has no decision"
    return [reason.partition(":")[0] for reason in reasons.split("; ")]


def compared(bulk: Bulk, rows: pa.Table, expected: Callable[[Row], Any]) -> None:
    asked = rows.to_pylist()
    batches = list(map(bulk.decide, rows.to_batches()))
    found = [row for batch in batches for row in batch.to_pylist()]
    assert len(found) == len(asked)
    refused = 0
    for row, result in zip(asked, found, strict=True):
        assert decided(result) == expected(row), row
        refused += isinstance(expected(row), list)
    assert (bulk.tally.rows, bulk.tally.refused) == (len(asked), refused)
    assert sum(one.rows for one in bulk.tally.refusals) == refused
    for batch in batches:
        batch.validate(full=True)


def drawn_rows(
    policy: Policy, operation: str, drawn: Drawn, names: Sequence[str], chance: random.Random, most: int
) -> list[Row]:
    fields = {field.name: field for field in fields_of(policy, SMALL[operation])}
    points = list(world(drawn.plain, operation, drawn.groups))
    rows: list[Row] = []
    for point in chance.choices(points, k=most):
        row = raw(point)
        row |= {name: name[-9:] for name in names if name.split(".")[-1] in DOCUMENTS_OF and chance.random() < 0.7}
        if chance.random() < 0.2:  # something that it cannot be, or that is rare
            name = chance.choice(names)
            type_ = fields[name].type if name in fields else "text"
            if type_ == "money" and chance.random() < 0.5:
                row |= {name: chance.choice(AMOUNTS), f"{name}.currency": "EUR"}
            elif name.endswith(".currency") and name not in fields and row.get(name.removesuffix(".currency")):
                row[name] = chance.choice(WRONG["currency"])
            elif name in fields or not name.endswith(".currency"):
                row[name] = chance.choice((*WRONG[type_], None))
        rows.append(row)
    return rows


@examples(40)
@given(policies(), st.integers(0, 2**32).map(random.Random), st.sampled_from(("python", "python", "both")))
def test_every_row_is_decided_as_it_is_by_itself(drawn: Drawn, chance: random.Random, engine: EngineName) -> None:
    policy = loaded(drawn.plain)
    resolver, operation = Resolver(policy, engine), drawn.operations[0]
    names = columns(operation)
    decider = Decider(resolver, SMALL[operation], names)
    fields = {field.name: field for field in fields_of(policy, SMALL[operation])}
    rows = table(drawn_rows(policy, operation, drawn, names, chance, 60), names, fields, chance)
    bulk = Bulk(Versions([resolver]), operation, rows.schema, vocabulary=SMALL)
    compared(bulk, rows, lambda row: one_by_one(decider, row, names))


@examples(20)
@given(policies(), st.integers(0, 2**32).map(random.Random))
def test_operations_of_one_table_each_have_their_columns(drawn: Drawn, chance: random.Random) -> None:
    policy = loaded(drawn.plain)
    resolver = Resolver(policy, "python")
    own = {operation: columns(operation) for operation in drawn.operations}
    names = list(dict.fromkeys(name for each in own.values() for name in each))
    deciders = {one: Decider(resolver, SMALL[one], names) for one, names in own.items()}
    fields = {field.name: field for one in own for field in fields_of(policy, SMALL[one])}
    rows: list[Row] = [{"operation": "create_payment"}, {}]
    for operation, its in own.items():
        found = drawn_rows(policy, operation, drawn, its, chance, 20)
        rows += [{**row, "operation": operation} for row in found]
    chance.shuffle(rows)

    def expected(row: Row) -> Any:
        operation = row["operation"]
        if operation not in own:
            return ["operation-unknown"]
        return one_by_one(deciders[operation], row, own[operation])

    together = table(rows, ["operation", *names], fields, chance)
    bulk = Bulk(Versions([resolver]), list(own), together.schema, vocabulary=SMALL)
    compared(bulk, together, expected)


BY_COUNTRY = """
policy: NAME
effective: {from: FROM, until: UNTIL}
attributes: {note: {type: text, documents: [credit_memo]}}
defaults: {note: {by: account.country, values: {DE: german, FR: french}OTHER}}
reason_codes: {credit_memo: [A, B]}
operations: {credit_only: {note: [account, default], permission: allowed}}
exceptions:
  - {id: a, operations: [credit_only], when: {reason: A}, then: {note: [default, account]}}
"""


@pytest.mark.parametrize("seed", range(3))
def test_the_day_of_a_row_selects_the_version_and_the_country_the_default(seed: int) -> None:
    chance = random.Random(seed)
    texts = [
        BY_COUNTRY.replace("NAME", name).replace("FROM", from_).replace("UNTIL", until).replace("OTHER", other)
        for name, from_, until, other in (
            ("one", "2026-01-01", "2026-02-01", ", otherwise: any"),
            ("two", "2026-02-01", "2026-03-01", ", otherwise: rest"),
            ("three", "2026-04-01", "2026-05-01", ""),
        )
    ]
    versions = Versions([Resolver(small(text), "python") for text in texts])
    names = ("date", "account.country", "reason", "account.note")
    deciders = [Decider(one, SMALL["credit_only"], names) for one in versions.resolvers]
    rows = [
        {
            "date": datetime.date(2025, 12, 30) + datetime.timedelta(chance.randrange(130)),
            "account.country": chance.choice(("DE", "FR", "AT", None)),
            "reason": chance.choice(("A", "B", "C", None)),
            "account.note": chance.choice(("n", "m", None)),
        }
        for _ in range(300)
    ]
    rows.append({"reason": "A"})

    def expected(row: Row) -> Any:
        day = row["date"]
        if day is None:
            return ["row-value-wrong"]
        in_force = [one for one in deciders if one._rows.resolver.policy.effective.includes(day)]
        if not in_force:
            return ["policy-not-in-force"]
        return one_by_one(in_force[0], row, names)

    fields = {field.name: field for field in fields_of(versions.policies[0], SMALL["credit_only"])}
    together = table(rows, names, fields, chance)
    bulk = Bulk(versions, "credit_only", together.schema, vocabulary=SMALL)
    compared(bulk, together, expected)
    values = bulk.decide(together.combine_chunks().to_batches()[0]).column("note").to_pylist()
    assert {"german", "french", "any", "rest", "n", "m", None} == set(values)


def test_a_policy_without_a_rule_or_a_day_that_ends_it_still_chooses_defaults() -> None:
    text = BY_COUNTRY.replace("NAME", "one").replace("FROM, until: UNTIL", "0001-01-01").replace("OTHER", "")
    rows = [{"date": DAY, "account.country": country} for country in ("DE", "FR", "AT")]
    names = ("date", "account.country", "account.note")
    _, found = of(rows, names, text=text.partition("exceptions:")[0])
    assert [row["note"] or row["refused"] for row in found] == ["german", "french", "chain-exhausted: note"]


def test_more_combinations_than_fit_a_number_and_more_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with the numbers of combinations renumbered after each fact, and forgotten after each batch."""
    versions, names = Versions([Resolver(small(), "python")]), (*NAMES, *HELD)
    decider = Decider(versions.resolvers[0], SMALL["credit_only"], names)
    chance = random.Random(5)
    rows: list[Row] = [
        {
            "date": DAY + datetime.timedelta(chance.choice((0, 200, 400))),
            "account.country": chance.choice(("DE", "AT")),
            "amount": Decimal(chance.choice(("9.99", "10.00"))),
            "amount.currency": chance.choice(("EUR", "USD")),
            "reason": chance.choice(("A", "B", None)),
            "account.vip": chance.choice((True, False, None)),
            "account.seats": chance.choice((5, 6, None)),
            "request.note": chance.choice(("asked", None)),
            "account.note": chance.choice(("had", None)),
        }
        for _ in range(400)
    ]
    fields = {field.name: field for field in fields_of(versions.policies[0], SMALL["credit_only"])}
    together = table(rows, names, fields, random.Random(2))
    monkeypatch.setattr(values, "_FEW", 0)
    monkeypatch.setattr(codes, "_MOST", 8)
    monkeypatch.setattr(codes, "_MOST_RENUMBERED", 7)
    monkeypatch.setattr(codes, "SMALL", 6)
    monkeypatch.setattr(part, "MOST_KEPT", 6)
    bulk = Bulk(versions, "credit_only", together.schema, vocabulary=SMALL)
    compared(bulk, together, lambda row: one_by_one(decider, row, names))


def of(
    rows: Sequence[Row], names: Sequence[str] = (*NAMES, *HELD), **options: Any
) -> tuple[Bulk, list[dict[str, Any]]]:
    policy = small(options.pop("text", POLICY))
    versions = Versions([Resolver(policy, "python")])
    fields = {field.name: field for field in fields_of(policy, SMALL["credit_only"])}
    given_table = options.pop("table", None)
    together = table(rows, names, fields, random.Random(2)) if given_table is None else given_table
    bulk = Bulk(versions, options.pop("operation", "credit_only"), together.schema, vocabulary=SMALL, **options)
    return bulk, [row for batch in together.to_batches() for row in bulk.decide(batch).to_pylist()]


FINE = {"date": DAY, "amount": Decimal("10.00"), "amount.currency": "EUR", "request.note": "asked for"}


def test_what_is_refused_is_counted_with_examples_in_words() -> None:
    rows = [
        FINE,
        {**FINE, "request.note": None},
        *[{**FINE, "reason": word} for word in "CCDDE"],
        {**FINE, "request.note": ""},
    ]
    bulk, found = of(rows)
    assert [row["refused"] for row in found] == [
        None,
        "chain-exhausted: note",
        *["row-value-wrong: reason"] * 5,
        "row-value-wrong: request.note",
    ]
    first, *_ = told = list(bulk.tally.refusals)
    assert [(one.reasons, one.rows) for one in told] == [
        ("row-value-wrong: reason", 5),
        ("chain-exhausted: note", 1),
        ("row-value-wrong: request.note", 1),
    ]
    assert [example.row for example in first.examples] == [3, 5, 7]
    assert "`C` is not one of its values" in first.examples[0].objections[0].message
    assert bulk.tally.by_rule == {"note": {"credit_only.note": 1}, "permission": {"credit_only.permission": 1}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "not an empty one"),
        (" ", "not an empty one"),
        ("a ", "begins or ends with a space"),
        ("a\u200bb", "which nobody sees"),
        ("a\nb", "without control characters"),
    ],
)
def test_what_a_level_holds_is_a_text_as_any_other(value: str, said: str) -> None:
    """Also where another level would be asked before it, or a field of the row is wrong, too."""
    rows = [{**FINE, HELD[0]: "fine"}, {**FINE, HELD[0]: value}, {**FINE, HELD[0]: value, "reason": "C"}]
    bulk, found = of(rows)
    assert [row["refused"] for row in found] == [
        None,
        f"row-value-wrong: {HELD[0]}",
        f"row-value-wrong: reason; row-value-wrong: {HELD[0]}",
    ]
    one, other = sorted(bulk.tally.refusals, key=lambda each: each.examples[0].row)
    (problem,) = one.examples[0].objections
    assert problem.message.startswith(f"`{HELD[0]}` of a row: ")
    assert said in problem.message
    assert [each.message for each in other.examples[0].objections][1:] == [problem.message]


def test_a_row_before_every_version_says_its_day() -> None:
    """Also a day that Python does not know."""
    days = pa.array([-1, 2**31 - 1], pa.int32()).cast(pa.date32())
    batch = Batch(pa.RecordBatch.from_arrays([days], ["date"]))
    said = [NoVersion("date").objections(batch, row)[0].message for row in (0, 1)]
    assert [each.rpartition(" is in force on ")[2] for each in said] == ["1969-12-31", "2147483647 days since 1970"]


def test_a_row_that_contradicts_an_assumption_is_refused() -> None:
    rows = [{**FINE, "account.vip": True, "account.country": country} for country in ("DE", "AT")]
    _, found = of(rows, text=ASSUMED)
    assert found[0]["refused"] is None
    assert found[1]["refused"].startswith("assumption-broken: this row contradicts the assumption `vips-are-german`")


def test_columns_are_kept_and_pass_through() -> None:
    rows = [{**FINE, "id": "a", "account.country": "DE"}, {**FINE, "id": "b"}]
    _, found = of(rows, (*NAMES, *HELD, "id"), keep=["id", "account.country"])
    assert [(row["id"], row["account.country"]) for row in found] == [("a", "DE"), ("b", None)]


@pytest.mark.parametrize(
    ("type_", "said"),
    [
        ({"amount": pa.float64()}, "`amount` is of type double; it must be of exact amounts (decimal128)"),
        ({"date": pa.timestamp("us")}, "`date` is of type timestamp[us]; it must be of dates (date32)"),
        ({"date": pa.date64()}, "`date` is of type date64[ms]"),
        ({"reason": pa.binary()}, "`reason` is of type binary; it must be of texts (string)"),
        ({"account.vip": pa.int8()}, "`account.vip` is of type int8; it must be of true or false (bool)"),
        ({"account.seats": pa.float64()}, "it must be of whole numbers (int64)"),
        ({"request.note": pa.int32()}, "`request.note` is of type int32"),
        ({"amount.currency": pa.int32()}, "`amount.currency` is of type int32"),
    ],
)
def test_a_column_of_another_type_is_refused_whole(type_: dict[str, pa.DataType], said: str) -> None:
    schema = pa.schema([(name, type_.get(name, pa.null())) for name in (*NAMES, *HELD)])
    with pytest.raises(Refused) as raised:
        of([], table=schema.empty_table())
    (problem,) = raised.value.diagnostics
    assert problem.code == "row-column-type"
    assert said in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("options", "codes_"),
    [
        ({"keep": ["nothing"]}, ["row-column-missing"]),
        ({"unset": ["date"]}, ["row-column-missing"]),
        ({"operation": ["credit_only"]}, ["row-column-missing"]),
        ({"operation": "credit_onyl"}, ["operation-unknown"]),
    ],
)
def test_what_cannot_be_decided_by(options: dict[str, Any], codes_: list[str]) -> None:
    names = [name for name in (*NAMES, *HELD) if name not in options.get("unset", ())]
    schema = pa.schema([(name, pa.null()) for name in names])
    with pytest.raises(Refused) as raised:
        of([], table=schema.empty_table(), **options)
    assert [problem.code for problem in raised.value.diagnostics] == codes_


def test_a_kept_column_may_not_be_called_as_one_of_the_result() -> None:
    with pytest.raises(Refused, match="the result has a column `note` of its own"):
        of([FINE], (*NAMES, *HELD, "note"), keep=["note"])


def test_batches_are_made_neither_too_large_nor_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_tables, "MOST_ROWS", 10)
    monkeypatch.setattr(bulk_tables, "_LEAST_ROWS", 4)
    schema = pa.schema([("n", pa.int64())])
    numbers = iter(range(1000))
    batches = [
        pa.record_batch([pa.array([next(numbers) for _ in range(rows)], pa.int64())], schema)
        for rows in (1, 1, 2, 25, 0, 3, 0)
    ]
    made = list(bulk_tables.sized(batches))
    assert [batch.num_rows for batch in made] == [4, 10, 10, 5, 3]
    assert [row["n"] for batch in made for row in batch.to_pylist()] == list(range(32))


def test_a_text_means_the_same_composed_or_not() -> None:
    text = POLICY.replace("when: {account.country: DE}", "when: {account.segment: Größe}")
    forms = [unicodedata.normalize(form, "Größe") for form in ("NFC", "NFD")]
    _, found = of(
        [{**FINE, "account.segment": each, "account.note": each} for each in forms],
        (*NAMES, "account.segment", *HELD),
        text=text,
    )
    assert [row["note.rule"] for row in found] == ["german", "german"]
    assert [row["note"] for row in found] == [forms[0], forms[0]], "what a level holds is told composed, as in books"


@pytest.mark.parametrize("name", ["account.country", "amount.currency", "request.note"])
def test_bytes_that_are_no_text_are_refused(name: str) -> None:
    row = {**FINE, "account.country": "DE"}
    whole = pa.table({column: [row.get(column)] for column in (*NAMES, *HELD)})
    bytes_ = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")]
    )
    with pytest.raises(Refused, match=f"the column `{name}` has a text that is not in UTF-8"):
        of([], table=whole.set_column(whole.schema.get_field_index(name), name, bytes_))


def test_amounts_may_be_written_with_any_scale() -> None:
    whole = pa.table({column: [FINE.get(column)] for column in (*NAMES, *HELD)})
    for scale in (-25, -2, 0, 20, 37):
        amounts = pa.array([Decimal(0)], pa.decimal128(38, scale))
        _, found = of([], table=whole.set_column(NAMES.index("amount"), "amount", amounts))
        assert found[0]["refused"] is None, scale
