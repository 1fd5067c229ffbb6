"""Random conditions, exceptions and facts over a small vocabulary that has a field of every type."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from itertools import pairwise

from hypothesis import strategies as st

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.condition import Box, Fact, Numbers, Range, Values, Words
from billpolicy.policy.model import ALWAYS, Chain, Clause, Effective, ExceptionRule, Policy
from billpolicy.vocabulary.spec import FieldSpec, OperationSpec, Vocabulary

KINDS = ("regular", "trial")
FIELDS = (
    FieldSpec("account.country", "text"),
    FieldSpec("account.kind", "choice", choices=KINDS),
    FieldSpec("account.vip", "boolean"),
    FieldSpec("amount", "money"),
    FieldSpec("invoice.lines", "integer"),
    FieldSpec("invoice.due", "date"),
)
OPERATIONS = ("credit_memo_from_invoice", "write_off_invoice")
VOCABULARY: Vocabulary = {
    name: OperationSpec(name, "", ("credit_memo",), ("invoice", "account"), FIELDS) for name in OPERATIONS
}
FIRST_DAY = datetime.date(2026, 1, 1)
ROUND_ONE = Chain(("invoice", "account"))
ROUND_TWO = Chain(("account", "invoice"))
ROUND_THREE = Chain(("account",))

SMALL_NUMBERS = st.integers(0, 2)
WILD_NUMBERS = st.one_of(st.integers(-3, 3), st.integers(-(2**63) + 2, 2**63 - 2))
SMALL_TEXTS = st.sampled_from(("DE", "FR"))
TRICKY_TEXTS = (
    "",
    " ",
    '"',
    "\\",
    '\\"',
    "'",
    "{",
    "5",
    "5.0",
    "true",
    "null",
    "é",
    "e\u0301",
    "😀",
    "\ud83d\ude00",
    "\ud800",
    "$s",
    "a\nb",
)
WILD_TEXTS = st.one_of(
    st.sampled_from(TRICKY_TEXTS),
    st.text(max_size=6),
    st.integers(250, 255).map(lambda length: "x" * length),
)


# -- building blocks -----------------------------------------------------------------------------------------------


def clause(field: str, facts: Box) -> Clause:
    return Clause(field, field, (facts,))


def words(field: str, *names: str | bool, complement: bool = False) -> Clause:
    return clause(field, {field: Values(Words(frozenset(names), complement))})


def between(field: str, low: int | None, high: int | None, currency: str | None = None) -> Clause:
    box = {field: Values(Numbers(((low, high),)))}
    if currency is not None:
        box[f"{field}.currency"] = Values(Words(frozenset((currency,))))
    return clause(field, box)


def exception(
    id: str,
    *clauses: Clause,
    then: Mapping[str, Chain] | None = None,
    overrides: Iterable[str] = (),
    effective: Effective = ALWAYS,
    operations: tuple[str, ...] = OPERATIONS[:1],
    position: Position | None = None,
) -> ExceptionRule:
    return ExceptionRule(
        id=id,
        operations=operations,
        clauses=clauses,
        then={"bill_to_contact": ROUND_ONE} if then is None else then,
        position=position or Position("policy.yaml", 1, 1),
        then_at={},
        overrides=tuple(overrides),
        effective=effective,
    )


def policy(*exceptions: ExceptionRule, effective: Effective | None = None, fields: Iterable[FieldSpec] = ()) -> Policy:
    return Policy(
        "acme",
        effective or Effective(FIRST_DAY),
        Position("policy.yaml"),
        "",
        fields={field.name: field for field in fields},
        exceptions=tuple(sorted(exceptions, key=lambda e: e.id)),
    )


# -- sets of values ------------------------------------------------------------------------------------------------


@st.composite
def word_sets(draw: st.DrawFn, texts: st.SearchStrategy[str] = SMALL_TEXTS, *, closed: bool = False) -> Words:
    names: frozenset[str | bool] = draw(st.frozensets(st.sampled_from(KINDS) if closed else texts, max_size=3))
    return Words.of(names, complement=draw(st.booleans()), universe=frozenset(KINDS) if closed else None)


@st.composite
def number_sets(draw: st.DrawFn, numbers: st.SearchStrategy[int] = SMALL_NUMBERS) -> Numbers:
    """The number line is cut in a few places; each part is in or out. Parts in that touch are written as one range."""
    cuts = draw(st.sets(numbers, max_size=3))
    cuts |= {cut + 1 for cut in draw(st.sets(st.sampled_from(sorted(cuts)))) if cut < 2**63 - 2} if cuts else set()
    edges: list[int | None] = [None, *sorted(cuts), None]
    ranges: list[Range] = []
    joined = False
    for low, beyond in pairwise(edges):
        inside = draw(st.booleans())
        if inside:
            high = None if beyond is None else beyond - 1
            ranges.append((ranges.pop()[0] if joined else low, high))
        joined = inside
    return Numbers(tuple(ranges))


# -- clauses as policies can say them ------------------------------------------------------------------------------


@st.composite
def conditions(
    draw: st.DrawFn,
    texts: st.SearchStrategy[str] = SMALL_TEXTS,
    numbers: st.SearchStrategy[int] = SMALL_NUMBERS,
    fields: Iterable[str] = tuple(field.name for field in FIELDS),
) -> tuple[Clause, ...]:
    """The `when` of an exception: some of the fields, each with one constraint that something satisfies."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=3))
    types = {field.name: field.type for field in FIELDS}
    return tuple(draw(_constraints(name, types[name], texts, numbers)) for name in chosen)


@st.composite
def _constraints(
    draw: st.DrawFn, field: str, type_: str, texts: st.SearchStrategy[str], numbers: st.SearchStrategy[int]
) -> Clause:
    ordered = type_ in ("money", "integer", "date")
    if type_ == "boolean":
        some: Words | Numbers = Words.of(frozenset((draw(st.booleans()),)), universe=frozenset((True, False)))
    elif ordered:
        some = draw(number_sets(numbers))
    else:
        some = draw(word_sets(texts, closed=type_ == "choice"))
    presence = draw(st.sampled_from((None, None, None, "set", "unset")))
    if presence == "set":
        return clause(field, {field: Values(some.everything)})
    if presence == "unset" or some.empty:
        return clause(field, {field: Values(some.everything.inverse(), unset=True)})
    if type_ != "money":
        return clause(field, {field: Values(some)})
    # In one currency or in two, and sometimes in all others.
    first, second = draw(st.permutations(("EUR", "USD")))
    boxes = [_amounts(field, some, first)]
    other = draw(st.none() | number_sets(numbers))
    if other is not None and not other.empty:
        boxes.append(_amounts(field, other, second))
    if draw(st.booleans()):
        named = frozenset(code for code in (first, second)[: len(boxes)])
        boxes.append({field: Values(some.everything), f"{field}.currency": Values(Words(named, complement=True))})
    return Clause(field, field, tuple(boxes))


def _amounts(field: str, numbers: Words | Numbers, currency: str) -> Box:
    return {field: Values(numbers), f"{field}.currency": Values(Words(frozenset((currency,))))}


@st.composite
def exceptions(
    draw: st.DrawFn,
    texts: st.SearchStrategy[str] = SMALL_TEXTS,
    numbers: st.SearchStrategy[int] = SMALL_NUMBERS,
    fields: Iterable[str] = tuple(field.name for field in FIELDS),
    most: int = 6,
) -> list[ExceptionRule]:
    """Exceptions that override each other without a circle: each only those that were drawn before it."""
    found: list[ExceptionRule] = []
    for number in range(draw(st.integers(0, most))):
        earlier = [other.id for other in found]
        from_ = FIRST_DAY + datetime.timedelta(draw(st.integers(-1, 2)))
        until = from_ + datetime.timedelta(draw(st.integers(1, 3))) if draw(st.booleans()) else None
        found.append(
            exception(
                # The name says nothing of the order in which they were drawn.
                f"{draw(st.sampled_from('abc'))}{number}",
                *draw(conditions(texts, numbers, fields)),
                then=draw(
                    st.dictionaries(
                        st.sampled_from(("bill_to_contact", "payment_term")),
                        st.sampled_from((ROUND_ONE, ROUND_TWO, ROUND_THREE)),
                        min_size=1,
                    )
                ),
                overrides=draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else (),
                effective=draw(st.sampled_from((ALWAYS, Effective(from_, until)))),
                operations=draw(st.sampled_from((OPERATIONS, OPERATIONS[:1], OPERATIONS[1:]))),
                position=Position("policy.yaml", number + 1, 1),
            )
        )
    return found


@st.composite
def facts(
    draw: st.DrawFn, texts: st.SearchStrategy[str] = WILD_TEXTS, numbers: st.SearchStrategy[int] = WILD_NUMBERS
) -> dict[str, Fact]:
    """What the operation and its book say: any field may be unset, and money is set with its currency."""
    found: dict[str, Fact] = {}
    for field in FIELDS:
        if draw(st.integers(0, 3)) == 0:
            continue
        if field.type == "text":
            found[field.name] = draw(texts | texts.map(lambda text: text + "x"))
        elif field.type == "choice":
            found[field.name] = draw(st.sampled_from(KINDS))
        elif field.type == "boolean":
            found[field.name] = draw(st.booleans())
        else:
            found[field.name] = draw(numbers | st.integers(-(2**70), 2**70))
            if field.type == "money":
                found[f"{field.name}.currency"] = draw(st.sampled_from(("EUR", "USD", "JPY")))
    return found
