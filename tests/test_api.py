"""The Python API: what it gives, that it costs little to import, and that whatever it is given it answers clearly."""

from __future__ import annotations

import datetime
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from billpolicy import Book, Ledger, Outcome, Plan, Versions
from tests.helpers.engine import needs_engine
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused

NOW = datetime.datetime(2026, 7, 1, 12, 30, tzinfo=datetime.UTC)
TODAY = datetime.date(2026, 6, 15)
BOOK: dict[str, Any] = {
    "accounts": [{"id": "acme", "currency": "USD", "attributes": {"bill_to_contact": "ann", "payment_term": None}}],
    "contacts": [{"id": "ann", "account": "acme"}],
    "invoices": [
        {
            "number": f"INV0000000{n}",
            "account": "acme",
            "date": datetime.date(2026, 6, n),
            "currency": "USD",
            "auto_apply": n == 1,
            "items": [{"id": "a", "line": 1, "amount": Decimal("100.00")}],
        }
        for n in (1, 2, 3)
    ],
}
WRITE_OFF = {"id": "w-1", "operation": "write_off_invoice", "invoice": "INV00000001", "date": TODAY}
PAYMENT = {
    "id": "p-1",
    "operation": "create_payment",
    "account": "acme",
    "amount": Decimal("150.00"),
    "date": TODAY,
    "apply": [{"document": "INV00000002"}, {"document": "INV00000003", "amount": 20}],
}
UNKNOWN = {"id": "w-2", "operation": "write_off_invoice", "invoice": "INV00000009", "date": TODAY}


@pytest.fixture(scope="module", params=["python", pytest.param("both", marks=needs_engine)])
def policy(request: pytest.FixtureRequest) -> Versions:
    """The standard policy, loaded once for all tests: it plans as often as it is asked."""
    return billpolicy.load_policy(STANDARD, engine=request.param)


@pytest.fixture
def book() -> Book:
    return billpolicy.book_from(BOOK)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a ledger with the book; not to be written to."""
    path = tmp_path_factory.mktemp("made") / "ledger.db"
    with billpolicy.create_ledger(f"sqlite:///{path}") as made:
        made.import_book(billpolicy.book_from(BOOK))
    return path


@pytest.fixture
def ledger(tmp_path: Path, imported: Path) -> Iterator[Ledger]:
    shutil.copy(imported, tmp_path / "ledger.db")
    with billpolicy.open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


anything: Any = billpolicy
"""The same, for calls that no type checker would let pass."""


def reasons(what: Callable[[], Any]) -> list[str]:
    """Each place, code and message of the refusal that something ends in."""
    return [f"{one.position and one.position.file} {one.code}: {one.message}" for one in refused(what).diagnostics]


def policy_of(folder: Path, more: str) -> Path:
    """The file of a policy like the standard one, with this beside it."""
    path = folder / "another.yaml"
    path.write_text(
        f"policy: another\neffective: {{from: 2026-01-01}}\nextends: {os.path.relpath(STANDARD, folder)}\n{more}\n",
        encoding="utf-8",
    )
    return path


class TestNames:
    def test_they_are_sorted_and_each_once(self) -> None:
        assert billpolicy.__all__ == sorted(set(billpolicy.__all__))

    @pytest.mark.parametrize("name", billpolicy.__all__)
    def test_each_can_be_imported_and_says_what_it_is(self, name: str) -> None:
        found = getattr(billpolicy, name)
        assert getattr(billpolicy, name) is found
        if inspect.isclass(found) or inspect.isfunction(found):
            assert found.__name__ == name
            assert inspect.getdoc(found)
            assert not inspect.getdoc(found).startswith(f"{name}(")  # type: ignore[union-attr]

    def test_others_there_are_not(self) -> None:
        with pytest.raises(AttributeError, match="billpolicy has no 'nothing'"):
            _ = billpolicy.nothing

    @pytest.mark.parametrize(
        ("program", "left_out"),
        [
            ("import billpolicy", ["billpolicy.api", "sqlalchemy", "pydantic", "yaml", "msgspec", "click", "rich"]),
            (
                "import billpolicy; billpolicy.plan; billpolicy.book_from; billpolicy.load_policy",
                ["sqlalchemy", "alembic", "pydantic", "click", "rich", "jsonschema"],
            ),
            ("import billpolicy; billpolicy.open_ledger", ["alembic", "pydantic", "click", "rich"]),
        ],
    )
    def test_importing_them_costs_little(self, program: str, left_out: list[str]) -> None:
        told = f"{program}\nimport sys; print([name for name in {left_out!r} if name in sys.modules])"
        done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == "[]\n"


class TestPlainData:
    """Dicts and lists in the place of files."""

    def test_decimals_whole_numbers_dates_and_truths_are_taken(self, book: Book) -> None:
        first, second, _ = book.numbered.values()
        assert (first.amount, first.date) == (Decimal("100.00"), datetime.date(2026, 6, 1))
        assert [getattr(one, "auto_apply", None) for one in (first, second)] == [True, False]
        assert book.accounts["acme"].attributes == {"bill_to_contact": "ann", "payment_term": None}

    def test_texts_are_taken_as_in_a_file(self, book: Book) -> None:
        invoices = [
            {**one, "date": str(one["date"]), "items": [{"id": "a", "line": 1, "amount": "100.00"}]}
            for one in BOOK["invoices"]
        ]
        assert billpolicy.book_from({**BOOK, "invoices": invoices}) == book

    def test_what_it_is_given_stays_as_it_is(self) -> None:
        before = repr(BOOK)
        billpolicy.book_from(BOOK)
        assert repr(BOOK) == before

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({"date": "2026-13-01"}, "invoices[0].date value-wrong: `2026-13-01` is not a day of the calendar"),
            (
                {"date": 20260601},
                "invoices[0].date value-wrong: `20260601` is not a date; write `2026-06-01`",
            ),
            (
                {"date": datetime.datetime(2026, 6, 1)},  # noqa: DTZ001
                "invoices[0].date value-wrong: `2026-06-01 00:00:00` is not a date; write `2026-06-01`",
            ),
            ({"due": "2026-06-01"}, "invoices[0].due key-unknown: `due` is not a key that is known here"),
            (
                {"items": [{"id": "a", "amount": 100.0}]},
                "invoices[0].items[0].amount float: 100.0 is a float, which is not exact",
            ),
            (
                {"items": [{"id": "a", "amount": True}]},
                (
                    "invoices[0].items[0].amount value-wrong: `true` is not a decimal amount; "
                    "write digits and a point, like `100.00`"
                ),
            ),
            (
                {"items": [{"id": "a", "amount": Decimal("100.001")}]},
                "invoices[0].items[0].amount amount-inexact: `100.001` has more decimals than USD has (2)",
            ),
            ({"items": [{"amount": 1}]}, "invoices[0].items[0].id key-missing: `id` is missing here"),
            ({"items": [None]}, "invoices[0].items[0] value-wrong: a mapping is wanted here, not nothing"),
            ({"items": {"id": "a"}}, "invoices[0].items value-wrong: a list is wanted here, not a mapping"),
            (
                {"auto_apply": "yes"},
                "invoices[0].auto_apply value-wrong: `yes` is neither `true` nor `false`; write `true`",
            ),
            ({"auto_apply": 1}, "invoices[0].auto_apply value-wrong: `1` is neither `true` nor `false`; write `true`"),
            ({"account": "nobody"}, "invoices[0].account reference-unknown: there is no account `nobody` in this book"),
        ],
    )
    def test_a_mistake_in_a_book_is_told_at_its_path(self, more: dict[str, Any], told: str) -> None:
        first, *others = BOOK["invoices"]
        data = {**BOOK, "invoices": [{**first, **more}, *others]}
        assert reasons(lambda: billpolicy.book_from(data)) == [f"book.{told}"]

    def test_all_mistakes_are_told_at_once(self) -> None:
        invoices = [{**one, "currency": "US", "date": "x"} for one in BOOK["invoices"]]
        told = reasons(lambda: billpolicy.book_from({**BOOK, "invoices": invoices}))
        assert [one.split()[0] for one in told] == [
            f"book.invoices[{n}].{field}" for n in range(3) for field in ("currency", "date")
        ]

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({"invoic": "INV00000001"}, "operation.invoic key-unknown: `invoic` is not a key that is known here"),
            ({"date": "soon"}, "operation.date value-wrong: `soon` is not a date; write it as YYYY-MM-DD"),
            ({"invoice": None}, "operation.invoice value-wrong: a text is wanted here, not nothing"),
            ({"invoice": 1.5}, "operation.invoice float: 1.5 is a float, which is not exact"),
            ({"invoice": ["a"]}, "operation.invoice value-wrong: a text is wanted here, not a list"),
            ({"operation": "write_of"}, "operation.operation operation-unknown: there is no operation `write_of`"),
            ({"operation": None}, "operation.operation operation-unknown: say which `operation` this is"),
        ],
    )
    def test_a_mistake_in_an_operation_is_told_at_its_path(self, more: dict[str, Any], told: str) -> None:
        assert reasons(lambda: billpolicy.operation_from({**WRITE_OFF, **more})) == [told]

    def test_an_operation_that_was_read_is_given_back(self) -> None:
        read = billpolicy.operation_from(WRITE_OFF)
        assert billpolicy.operation_from(read) is read
        assert (read.request.id, read.request.date, read.request.operation) == ("w-1", TODAY, "write_off_invoice")

    @pytest.mark.parametrize("data", [None, "text", 7, ["list"]])
    def test_what_is_no_mapping_is_refused(self, data: Any) -> None:
        (told,) = reasons(lambda: billpolicy.book_from(data))
        assert told.startswith("book value-wrong: a mapping is wanted here, not ")
        assert reasons(lambda: billpolicy.operation_from(data)) == [
            f"operation value-wrong: an operation is a mapping, not `{type(data).__name__}`"
        ]


def numbers_of(plan: Plan | None) -> list[str]:
    assert plan is not None
    return [planned.document.number for planned in plan.documents]


def seen(outcomes: Iterator[Outcome]) -> list[Any]:
    """Plans and refusals, without what only a ledger counts."""
    return [one.plan.changes if one.plan else one.problems for one in outcomes]


class TestPlanning:
    def test_a_policy_that_was_loaded_once_plans_on_any_book(self, policy: Versions, book: Book) -> None:
        plan = billpolicy.plan(policy, book, WRITE_OFF)
        assert numbers_of(plan) == ["CM00000001"]
        assert billpolicy.plan(policy, book, WRITE_OFF) == plan
        other = billpolicy.book_from({**BOOK, "invoices": BOOK["invoices"][:1]})
        assert billpolicy.plan(policy, other, WRITE_OFF).documents == plan.documents

    def test_a_book_and_a_ledger_give_the_same(self, policy: Versions, book: Book, ledger: Ledger) -> None:
        for operation in (WRITE_OFF, PAYMENT):
            on_book, on_ledger = (billpolicy.plan(policy, on, operation) for on in (book, ledger))
            assert (on_book.changes, on_book.resolved) == (on_ledger.changes, on_ledger.resolved)
        asked = [WRITE_OFF, UNKNOWN, PAYMENT, {**WRITE_OFF, "id": "w-3"}]
        told = seen(billpolicy.plan_all(policy, book, asked))
        assert [len(one) for one in told] == [2, 1, 3, 1]
        assert seen(billpolicy.plan_all(policy, ledger, asked)) == told
        assert seen(billpolicy.plan_all(policy, book, map(billpolicy.operation_from, asked))) == told

    def test_what_cannot_be_planned_says_why(self, policy: Versions, book: Book, ledger: Ledger) -> None:
        for on in (book, ledger):
            (told,) = reasons(lambda on=on: billpolicy.plan(policy, on, UNKNOWN))  # type: ignore[misc]
            assert told == "operation.invoice document-unknown: there is no invoice `INV00000009`"

    def test_without_a_date_it_is_the_day_of_planning(self, policy: Versions, book: Book) -> None:
        undated = {key: value for key, value in WRITE_OFF.items() if key != "date"}
        plan = billpolicy.plan(policy, book, undated, today=datetime.date(2026, 6, 20))
        assert plan.documents[0].document.date == datetime.date(2026, 6, 20)

    def test_a_plan_is_explained(self, policy: Versions, book: Book) -> None:
        plan = billpolicy.plan(policy, book, WRITE_OFF)
        assert {one.operation for one in billpolicy.explain(policy, plan)} == {"write_off_invoice"}

    def test_it_tells_of_attributes_that_the_policy_does_not_know(self, policy: Versions) -> None:
        accounts = [{**BOOK["accounts"][0], "attributes": {"bill_to_contakt": "ann", "bill_to_contact": "ann"}}]
        odd = billpolicy.book_from({**BOOK, "accounts": accounts})
        told: list[billpolicy.Diagnostic] = []
        list(billpolicy.plan_all(policy, odd, [WRITE_OFF, PAYMENT], warn=told.append))
        assert ["bill_to_contakt" in one.message for one in told] == [True]


class TestPosting:
    def test_an_operation_is_posted_once(self, policy: Versions, ledger: Ledger) -> None:
        shown = billpolicy.plan(policy, ledger, WRITE_OFF)
        posted = billpolicy.post(policy, ledger, WRITE_OFF, who="ines", now=NOW)
        assert (posted.plan, posted.repeated, posted.audit.who, posted.audit.at) == (shown, False, "ines", NOW)
        again = billpolicy.post(policy, ledger, WRITE_OFF, who="max")
        assert (again.plan, again.repeated, again.audit) == (shown, True, posted.audit)
        assert billpolicy.plan(policy, ledger, WRITE_OFF) == shown
        assert ledger.check() == []

    def test_other_content_under_the_same_id_is_refused(self, policy: Versions, ledger: Ledger) -> None:
        billpolicy.post(policy, ledger, WRITE_OFF, who="ines", now=NOW)
        other = {**WRITE_OFF, "invoice": "INV00000002"}
        told = (
            "None operation-differs: operation `w-1` was posted before with other content: "
            "`invoice` is `INV00000001` there, but `INV00000002` here"
        )
        assert reasons(lambda: billpolicy.post(policy, ledger, other, who="ines")) == [told]
        assert reasons(lambda: billpolicy.plan(policy, ledger, other)) == [told]

    def test_a_plan_that_was_made_before_is_posted_as_it_is(self, policy: Versions, ledger: Ledger) -> None:
        plan = billpolicy.plan(policy, ledger, WRITE_OFF)
        posted = billpolicy.post(policy, ledger, plan, who="ines", now=NOW)
        assert (posted.plan, posted.repeated) == (plan, False)
        assert billpolicy.post(policy, ledger, plan, who="ines").repeated
        assert billpolicy.post(policy, ledger, WRITE_OFF, who="ines").repeated

    def test_so_is_one_that_was_made_on_the_book_of_the_ledger(
        self, policy: Versions, book: Book, ledger: Ledger
    ) -> None:
        plan = billpolicy.plan(policy, book, WRITE_OFF)
        assert billpolicy.post(policy, ledger, plan, who="ines", now=NOW).plan == plan

    def test_a_plan_is_posted_by_the_policy_that_made_it_and_no_other(
        self, policy: Versions, ledger: Ledger, tmp_path: Path
    ) -> None:
        other = billpolicy.load_policy(policy_of(tmp_path, ""), engine="python")
        plan = billpolicy.plan(other, ledger, WRITE_OFF)
        assert reasons(lambda: billpolicy.post(policy, ledger, plan, who="ines")) == [
            (
                "None policy-differs: plan `w-1` was made by the policy `another`, which is another one, "
                "or has changed since"
            )
        ]
        assert not billpolicy.post(other, ledger, plan, who="ines", now=NOW).repeated
        assert billpolicy.post(policy, ledger, plan, who="ines").repeated  # it is there, whoever made it

    def test_a_prefix_stays_with_its_kind_when_the_policy_changes_its_mind(
        self, policy: Versions, ledger: Ledger, tmp_path: Path
    ) -> None:
        """docs/domain.md 8. The payment got PAY-00000001, so no refund can ever have that prefix."""
        asked = [
            PAYMENT,
            {"id": "r-1", "operation": "create_refund", "of": "PAY-00000001", "amount": 1, "date": TODAY},
        ]
        sets = "sequence_sets: {DEFAULT: {invoice: {prefix: INV}, credit_memo: {prefix: CM}, debit_memo: {prefix: DM},"
        before = billpolicy.load_policy(policy_of(tmp_path, f"{sets} payment: {{prefix: PAY-}}}}}}"), engine="python")
        billpolicy.post(before, ledger, asked[0], who="ines", now=NOW, today=TODAY)
        now = billpolicy.load_policy(policy_of(tmp_path, f"{sets} refund: {{prefix: PAY-}}}}}}"), engine="python")
        for how in (billpolicy.plan, partial(billpolicy.post, who="ines")):
            assert reasons(lambda how=how: how(now, ledger, asked[1])) == [  # type: ignore[misc]
                (
                    "operation prefix-bound: the prefix `PAY-` has numbered payments in this ledger, "
                    "so it cannot number a refund"
                )
            ]
        assert ledger.check() == []

    def test_a_plan_on_a_ledger_that_has_moved_on_is_refused(self, policy: Versions, ledger: Ledger) -> None:
        plan = billpolicy.plan(policy, ledger, WRITE_OFF)
        billpolicy.post(policy, ledger, {**WRITE_OFF, "id": "before"}, who="max", now=NOW)
        assert reasons(lambda: billpolicy.post(policy, ledger, plan, who="ines")) == [
            "None plan-stale: INV00000001 has changed since this was planned (revision 0 then, 1 now)"
        ]

    def test_whoever_an_operation_names_has_posted_it(self, policy: Versions, ledger: Ledger) -> None:
        assert billpolicy.post(policy, ledger, {**WRITE_OFF, "actor": "eve"}, who="ines").audit.who == "eve"
        plan = billpolicy.plan(policy, ledger, {**PAYMENT, "actor": "eve"})
        assert billpolicy.post(policy, ledger, plan, who="ines").audit.who == "eve"

    def test_of_a_batch_each_is_told(self, policy: Versions, ledger: Ledger) -> None:
        asked = [WRITE_OFF, UNKNOWN, PAYMENT]
        outcomes = list(billpolicy.post_all(policy, ledger, asked, who="ines", now=lambda: NOW))
        assert [one.job.id for one in outcomes] == ["w-1", "w-2", "p-1"]
        assert [numbers_of(one.plan) if one.posted else one.problems[0].code for one in outcomes] == [
            ["CM00000001"],
            "document-unknown",
            ["P-00000001"],
        ]
        again = list(billpolicy.post_all(policy, ledger, asked, who="max", now=lambda: NOW))
        assert [one.posted and one.posted.repeated for one in again] == [True, None, True]

    def test_an_atomic_one_posts_all_or_nothing(self, policy: Versions, ledger: Ledger) -> None:
        outcomes = list(billpolicy.post_all(policy, ledger, [WRITE_OFF, UNKNOWN], who="ines", atomic=True))
        assert [one.posted for one in outcomes] == [None, None]
        outcomes = list(billpolicy.post_all(policy, ledger, [WRITE_OFF, PAYMENT], who="ines", atomic=True, group=1))
        assert all(one.posted and not one.posted.repeated for one in outcomes)


class TestWhatIsNoSuchThing:
    """A mistake of the calling program is told where it calls, in its words."""

    @pytest.mark.parametrize(
        ("call", "told"),
        [
            (lambda p, b, _: anything.plan("policies", b, WRITE_OFF), "`policy` must be what `load_policy` gives"),
            (lambda p, b, _: anything.explain(None, None), "`policy` must be what `load_policy` gives, not nothing"),
            (lambda p, b, _: anything.explain(p, WRITE_OFF), "`plan` must be a Plan, as `plan` gives it, not `dict`"),
            (lambda p, b, _: anything.plan(p, BOOK, WRITE_OFF), "`on` must be a Book or a ledger, not `dict`"),
            (lambda p, b, _: anything.plan(p, None, WRITE_OFF), "`on` must be a Book or a ledger, not nothing"),
            (
                lambda p, b, _: list(anything.plan_all(p, b, WRITE_OFF)),
                "`operations` must be several of them, like a list, not `dict`",
            ),
            (lambda p, b, _: list(anything.plan_all(p, b, None)), "`operations` must be several of them"),
            (lambda p, b, _: anything.plan(p, b, WRITE_OFF, today="2026-06-15"), "`today` must be a date, not `str`"),
            (lambda p, b, _: anything.plan(p, b, WRITE_OFF, today=NOW), "`today` must be a date, not `datetime`"),
            (lambda p, b, _: anything.post(p, b, WRITE_OFF, who="a"), "`ledger` must be what `open_ledger`"),
            (lambda p, _, led: anything.post(p, led, WRITE_OFF, who=None), "`who` must be a text, not nothing"),
            (lambda p, _, led: anything.post(p, led, WRITE_OFF, who=7), "`who` must be a text, not `int`"),
            (
                lambda p, _, led: anything.post(p, led, WRITE_OFF, who="a", now=TODAY),
                "`now` must be a moment, with a time zone, not `date`",
            ),
            (lambda p, _, led: anything.post_all(None, led, [], who="a"), "`policy` must be what `load_policy`"),
            (lambda p, _, led: anything.post_all(p, led, "w-1", who="a"), "`operations` must be several of them"),
            (lambda p, _, led: led.import_book(BOOK), "a Book is imported, not `dict`; `book_from` makes one"),
            (lambda p, b, _: anything.load_policy(), "`load_policy` needs the path of at least one policy"),
        ],
    )
    def test_a_type_that_is_wrong(
        self, policy: Versions, book: Book, ledger: Ledger, call: Callable[..., Any], told: str
    ) -> None:
        with pytest.raises(TypeError) as caught:
            call(policy, book, ledger)
        assert str(caught.value).startswith(told)
        assert list(anything.post_all(policy, ledger, [], who="a")) == []

    @pytest.mark.parametrize(
        ("call", "told"),
        [
            (
                lambda p, led: anything.post(p, led, WRITE_OFF, who=" "),
                "`who` must name the person who posts: a text",
            ),
            (lambda p, led: anything.post(p, led, WRITE_OFF, who="a\nb"), "`who` must name the person who posts: a"),
            (
                lambda p, led: anything.post(p, led, WRITE_OFF, who="a", now=NOW.replace(tzinfo=None)),
                "`now` needs a time zone",
            ),
            (
                lambda p, led: list(anything.post_all(p, led, [WRITE_OFF], who="a", group=0)),
                "a group has at least one job, not 0",
            ),
            (
                lambda p, led: anything.load_policy(STANDARD, engine="fast"),
                "there is no engine 'fast'; there is python, durable, both",
            ),
        ],
    )
    def test_a_value_that_is_wrong(self, policy: Versions, ledger: Ledger, call: Callable[..., Any], told: str) -> None:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  its words are looked at below
            call(policy, ledger)
        assert str(caught.value).startswith(told)
        assert anything.plan(policy, ledger, WRITE_OFF).basis["INV00000001"] == 0

    def test_what_is_no_operation_is_refused(self, policy: Versions, book: Book) -> None:
        for wrong in (None, "w-1", [WRITE_OFF]):
            assert reasons(partial(anything.plan, policy, book, wrong)) == [
                f"operation value-wrong: an operation is a mapping, not `{type(wrong).__name__}`"
            ]
        assert reasons(partial(anything.plan, policy, book, {})) == [
            "operation.operation operation-unknown: say which `operation` this is"
        ]
        plan = anything.plan(policy, book, WRITE_OFF)
        assert reasons(lambda: anything.operation_from(plan)) == ["operation value-wrong: a Plan cannot stand here"]

    @pytest.mark.parametrize("address", [None, 7, Path("ledger.db"), "ledger.db"])
    def test_what_is_no_address_of_a_ledger_is_refused(self, address: Any) -> None:
        for what in (anything.open_ledger, anything.create_ledger):
            assert reasons(partial(what, address)) == [
                f"None ledger-address: `{address}` is not the address of a ledger"
            ]

    @pytest.mark.parametrize("load", [billpolicy.load_policy, billpolicy.load_book, billpolicy.load_operations])
    def test_a_file_that_is_not_there_is_refused(self, load: Callable[[str], Any], tmp_path: Path) -> None:
        (told,) = reasons(lambda: load(str(tmp_path / "nothing.yaml")))
        assert "there is no" in told
