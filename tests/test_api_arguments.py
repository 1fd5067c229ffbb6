"""Every function of the API, with what is of the wrong type for each of its arguments: a TypeError or a refusal.

Which functions and arguments there are is asked of the package: a new one is tried, or fails here for want of a value.
"""

from __future__ import annotations

import datetime
import inspect
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

import billpolicy
from billpolicy import Refused
from tests.helpers.ledgers import by_hand
from tests.helpers.paths import STANDARD

TODAY = datetime.date(2026, 6, 15)
NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
BOOK: dict[str, Any] = {
    "accounts": [{"id": "acme", "currency": "EUR", "attributes": {"bill_to_contact": "ann", "payment_term": None}}],
    "contacts": [{"id": "ann", "account": "acme"}],
    "invoices": [
        {
            "number": "INV00000001",
            "account": "acme",
            "date": "2026-06-01",
            "currency": "EUR",
            "items": [{"id": "a", "amount": "100.00"}],
        }
    ],
}
ASKED = {"id": "w-1", "operation": "write_off_invoice", "invoice": "INV00000001", "date": "2026-06-15"}
WRONG: tuple[Any, ...] = (5, None, object(), b"x", [5])
anything: Any = billpolicy
"""The same, called as no type checker would let it."""
ON_ROWS = ("resolve_table", "resolve_frame", "resolve_file", "compare_tables")
FUNCTIONS = {name: found for name in billpolicy.__all__ if inspect.isfunction(found := getattr(billpolicy, name, None))}
ARGUMENTS = [
    (name, argument) for name, function in FUNCTIONS.items() for argument in inspect.signature(function).parameters
]


TESTS = """\
tests:
- {name: one, book: {accounts: []}, operation: {id: a, operation: bill_run, date: 2026-06-01}, expect: {refused: []}}
"""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """By the name of an argument, or of a function and its argument, a value of the right type."""
    folder = tmp_path_factory.mktemp("right")
    policy = billpolicy.load_policy(STANDARD, engine="python")
    book = billpolicy.book_from(BOOK)
    (newest,) = policy.policies
    (outcome,) = billpolicy.plan_all(policy, book, [ASKED], today=TODAY)
    asked = [billpolicy.operation_from(ASKED)]
    difference = billpolicy.diff(newest, newest)
    url = f"sqlite:///{folder / 'ledger.db'}"
    plan, usage, tests = folder / "plan.json", folder / "usage.csv", folder / "one.test.yaml"
    plan.write_text(billpolicy.plan_file(policy, TODAY, asked, [outcome]))
    usage.write_text("id,charge\n")
    tests.write_text(TESTS)
    (folder / "book.yaml").write_text("accounts: []\n")
    with billpolicy.create_ledger(url) as ledger:
        ledger.import_book(book, policy)
        yield {
            "policy": policy,
            "on": book,
            "ledger": ledger,
            "operation": ASKED,
            "operations": [],
            "book": book,
            "who": "ines",
            "actor": "max",
            "url": url,
            "today": TODAY,
            "plan": outcome.plan,
            "outcome": outcome,
            "asked": asked,
            "outcomes": [outcome],
            "run": billpolicy.run_tests([]),
            "rule": "write-off-on-cancellation",
            "id": "w-1",
            "ids": [],
            "changed": [],
            "data": BOOK,
            "columns": [],
            "decider.operation": "create_payment",
            "old": newest,
            "new": newest,
            "name": "INV00000001",
            "number": "INV00000001",
            "account.id": "acme",
            "path": folder / "book.yaml",
            "file": folder / "copy.db",
            "files": [usage],
            "mapping": folder / "mapping.yaml",
            "kept": "0" * 64,
            "difference": difference,
            "allowed": [],
            "found": [],
            "samples": [],
            "of": STANDARD,
            "texts": {},
            "paths": [],
            "recorded": [],
            "records": [],
            "policies": [newest],
            "themes": (),
            "settings": billpolicy.Settings(),
            "versions": policy,
            "shown": None,
            "waits": billpolicy.Waiting("w", "bill_run", TODAY, {}, "ines", "ines", NOW, "p", "d", "c", ()),
            "change": None,
            "analyze.policy": STANDARD,
            "settings_for.policy": STANDARD,
            "accounting_report.name": "balances",
            "violations.name": "book",
            "validate.path": STANDARD,
            "lint.path": STANDARD,
            "load_sides.old": STANDARD,
            "load_sides.new": STANDARD,
            "impact.old": policy,
            "impact.new": policy,
            "compare_tables.old": policy,
            "compare_tables.new": policy,
            **{f"{name}.operation": "create_payment" for name in ON_ROWS},
            "resolve_file.data": usage,
            "into": io.BytesIO(),
            "format": "csv",
            "table": pa.table({}),
            "frame": SimpleNamespace(mapInArrow=None),
            "post_planned.plan": billpolicy.load_plan_file(plan),
            "first_test.policy": newest,
            "run_tests.files": [],
            "settle.files": (),
            "usage_operations.file": None,
        }


def called(function: str, arguments: dict[str, Any]) -> None:
    """Call it, and go through all that it gives bit by bit."""
    positional = [
        one.name
        for one in inspect.signature(FUNCTIONS[function]).parameters.values()
        if one.kind is inspect.Parameter.VAR_POSITIONAL
    ]
    first = [arguments.pop(name) for name in positional if name in arguments]
    found = FUNCTIONS[function](*first, **arguments)
    if isinstance(found, Iterator):
        list(found)


def ready(function: str, right: dict[str, Any]) -> dict[str, Any]:
    """What a function needs at least, of the right types."""
    needed = [
        one.name
        for one in inspect.signature(FUNCTIONS[function]).parameters.values()
        if one.default is inspect.Parameter.empty and one.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    return {one: right[f"{function}.{one}"] if f"{function}.{one}" in right else right[one] for one in needed}


@pytest.mark.parametrize(("function", "argument"), ARGUMENTS)
def test_what_is_of_the_wrong_type_is_told(function: str, argument: str, right: dict[str, Any]) -> None:
    """Nothing else is raised than what says so. Some values are right all the same: no comment, or anything for yes."""
    for wrong in WRONG:
        with suppress(TypeError, Refused):
            called(function, ready(function, right) | {argument: wrong})


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda right: anything.resolve_table(5, "a", right["table"]), "`policy` must be what `load_policy` gives"),
        (lambda right: anything.resolve_table(right["policy"], "a", [{}]), "`table` must be a Table or a RecordBatchR"),
        (
            lambda right: anything.compare_tables(5, right["policy"], "a", right["table"]),
            "`old` must be what `load_policy` gives",
        ),
        (
            lambda right: anything.compare_tables(right["policy"], 5, "a", right["table"]),
            "`new` must be what `load_policy` gives",
        ),
        (
            lambda right: anything.resolve_table(right["policy"], "a", right["table"], keep="id"),
            "`keep` must be several",
        ),
        (lambda right: anything.waiting(5), "`ledger` must be what `open_ledger` or `create_ledger` gives, not `int`"),
        (lambda right: anything.withdraw(5, "w-1", who="ines"), "`ledger` must be what `open_ledger`"),
        (lambda right: anything.withdraw(right["ledger"], 5, who="ines"), "`id` must be a text, not `int`"),
        (lambda right: anything.approve(right["policy"], right["ledger"], None, actor="max"), "`id` must be a text"),
        (lambda right: anything.asked_waiting(right["ledger"], ["a", 5]), "`ids` must be several of them"),
        (lambda right: anything.explain_posted(right["on"], "CM00000001"), "`ledger` must be what `open_ledger`"),
        (lambda right: anything.load_head(b"x"), "`kept` must be a text"),
        (lambda right: anything.diff(right["policy"], right["new"]), "`old` must be a Policy, as `validate` gives it"),
        (lambda right: anything.coverage([]), "`run` must be what `run_tests` gives, not `list`"),
        (lambda right: anything.fix(["x"]), "`found` must be diagnostics, in a list, and one of them is `str`"),
        (lambda right: anything.left_by(right["plan"], None), "`book` must be a Book"),
        (lambda right: anything.journal(right["policy"], right["on"], until=NOW), "`until` must be a date, not `date"),
        (lambda right: right["ledger"].check(5), "`head` must be what `load_head` gives, not `int`"),
        (lambda right: right["ledger"].import_book(right["on"], 5), "`policy` must be what `load_policy` gives"),
    ],
)
def test_what_is_wrong_is_told_in_the_words_of_the_caller(
    call: Callable[[dict[str, Any]], Any], told: str, right: dict[str, Any]
) -> None:
    with pytest.raises(TypeError) as caught:
        call(right)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("kept", "code"), [("a" * 300, "file-unreadable"), ("a\0b", "head-wrong"), ("no/such/file", "head-wrong")]
)
def test_what_no_file_can_be_called_is_refused(kept: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        billpolicy.load_head(kept)
    assert [one.code for one in refused.value.diagnostics] == [code]


def test_what_cannot_be_read_of_a_ledger_is_damage(right: dict[str, Any], tmp_path: Path) -> None:
    """Its head and its counts look at the last operation only, at the moment when that was posted."""
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(right["on"])
        billpolicy.post(right["policy"], ledger, ASKED, who="ines")
        by_hand(ledger, "UPDATE audit SET at = 'yesterday'")
        with ledger.reading() as reader:
            for ask in (reader.head, reader.stats, reader.stamps, reader.journal):
                with pytest.raises(Refused) as refused:
                    ask()
                (told,) = refused.value.diagnostics
                assert told.code == "ledger-damaged"
                assert told.message == "when operation `w-1` was posted cannot be read any more"
