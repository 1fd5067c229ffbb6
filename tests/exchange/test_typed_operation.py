"""One operation as it is typed: it is read as the same in a file is, closed and typed, each mistake at its word."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.operations_file import load_with_book
from billpolicy.exchange.typed_operation import typed_operation
from billpolicy.operations.registry import OPERATIONS
from billpolicy.source.write import plain_data
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import ROOT

TODAY = datetime.date(2026, 3, 20)
STORIES = sorted((ROOT / "examples").glob("*/operations.yaml"))
DISPUTE = ROOT / "examples" / "dispute-credited-from-the-invoice"

TWICE = "keep one of the two; several names go with a comma between them, like `one,two`"


def told(name: str, *words: str) -> list[tuple[str, str, str | None]]:
    """Place, code and hint of each reason why this is refused."""
    with pytest.raises(Refused) as refused:
        typed_operation(name, words, TODAY)
    return [(str(one.position), one.code, one.hint) for one in refused.value.diagnostics]


def test_it_is_what_the_same_in_a_file_is() -> None:
    """Each operation of every story, typed, is the very request that its file has."""
    tried: set[str] = set()
    for story in STORIES:
        for one in load_with_book(story).operations:
            data = plain_data(one.request)
            words = [f"{path}={value}" for path, value in flat(data) if path != "operation"]
            assert typed_operation(one.request.operation, words, TODAY).request == one.request, words
            tried.add(one.request.operation)
    assert len(tried) > len(OPERATIONS) / 2


def flat(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Plain data as what is typed for it: dots between steps, lists counted from 1, names with commas."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from flat(value, f"{path}.{key}" if path else key)
    elif isinstance(data, list) and all(isinstance(one, str) for one in data):
        yield path, ",".join(data)
    elif isinstance(data, list):
        for number, value in enumerate(data, 1):
            yield from flat(value, f"{path}.{number}")
    elif data is None:
        yield path, "null"
    else:
        yield path, str(data).lower() if isinstance(data, bool) else str(data)


def test_a_name_with_a_comma_is_one_of_a_list_by_its_number() -> None:
    one = typed_operation("bill_run", ["accounts.2=Smith, Jones", "accounts.1=acme"], TODAY).request
    assert plain_data(one)["accounts"] == ["acme", "Smith, Jones"]


def test_values_are_texts_as_written() -> None:
    one = typed_operation("create_account", ["account=NO", "currency=EUR", "name=1.10", "country=NO"], TODAY).request
    data = plain_data(one)
    assert (data["account"], data["name"], data["country"]) == ("NO", "1.10", "NO")


def test_null_says_that_an_account_has_none_of_its_own() -> None:
    one = typed_operation("change_account", ["account=acme", "attributes.payment_term=null"], TODAY).request
    assert one.attributes == {"payment_term": None}


def test_the_id_is_the_day_and_what_is_asked_for() -> None:
    def id_of(*words: str, today: datetime.date = TODAY) -> str:
        return typed_operation("create_payment", ["account=acme", *words], today).request.id

    first = id_of("amount=100.00")
    assert first.startswith("2026-03-20-")
    assert id_of("amount=100.00", "actor=ines", "approved_by=omar") == first, "who asks or approves is no content"
    assert id_of("amount=100.01") != first
    assert id_of("amount=100.00", today=datetime.date(2026, 3, 21)) != first
    assert id_of("amount=100.00", "date=2026-02-01").startswith("2026-02-01-")
    assert id_of("amount=100.00", "id=pay") == "pay"


def test_unknown_fields_are_told_at_their_word() -> None:
    assert told("write_off_invoice", "invoise=INV-1", "amount=1,00") == [
        ("amount=1,00", "value-wrong", None),
        ("invoise=INV-1", "key-unknown", "did you mean `invoice`?"),
        ("write_off_invoice", "key-missing", "add `invoice=...`"),
    ]


def test_what_is_missing_in_a_list_is_told_at_its_word() -> None:
    assert told("credit_memo_from_invoice", "invoice=INV-1", "items.1.item=seat", "items.2.amount=5.00") == [
        ("items.2.amount=5.00", "key-missing", "add `items.2.item=...`")
    ]


def test_an_attribute_says_where_it_stands() -> None:
    ((place, code, hint),) = told("debit_memo_from_charge", "account=a", "charges.1.charge=fee",
                                  "charges.1.amount=1.00", "payment_term=Net 30")  # fmt: skip
    assert (place, code) == ("payment_term=Net 30", "key-unknown")
    assert hint == "an attribute stands under `attributes`, like `attributes.payment_term=...`"


@pytest.mark.parametrize(
    ("words", "place", "hint"),
    [
        (["INV-1"], "INV-1", "write the field before it, like `invoice=INV-1`"),
        (["invoice="], "invoice=", "write the value, or leave the field out; `invoice=null` says that there is none"),
        (["invoice=a", "invoice=b"], "invoice=b", TWICE),
        (["operation=bill_run"], "operation=bill_run", TWICE),
        (["items=seat"], "items=seat", "write each of them, like `items.1.item=...`"),
        (["items.0.item=seat"], "items.0.item=seat", "count from 1: `items.1` is the first of them"),
        (["items.1=seat"], "items.1=seat", "write each of them, like `items.1.item=...`"),
        (["items.2.item=seat"], "items.2.item=seat", "count from 1 on, without a gap"),
        (["attributes=Net 30"], "attributes=Net 30", "write each of them, like `attributes.NAME=...`"),
        (["invoice.number=a"], "invoice.number=a", "write its value: `invoice=...`"),
    ],
)
def test_words_that_can_be_meant_in_several_ways_are_refused(words: list[str], place: str, hint: str) -> None:
    assert told("credit_memo_from_invoice", *words) == [(place, "argument-form", hint)]


def test_a_field_with_fields_of_its_own_that_is_missing() -> None:
    """The hint is one that can be followed."""
    assert told("debit_memo_from_invoice", "invoice=INV-1") == [
        ("debit_memo_from_invoice", "key-missing", "add `items.1.item=...`")
    ]


def test_an_operation_that_nobody_knows() -> None:
    assert told("creditmemo", "invoice=a") == [
        (
            "creditmemo",
            "operation-unknown",
            "did you mean `credit_memo_from_invoice` or `credit_memo_from_charge`?",
        )
    ]


WHERE = ("--policy", DISPUTE / "policy.yaml", "--book", DISPUTE / "book.yaml", "--today", "2026-03-20")


def test_explained_and_planned_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the same in an operations file is, but for the id."""
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(
        "operations: [{id: one, operation: credit_memo_from_invoice, invoice: LYON-INV00000007,\n"
        "  items: [{item: line, amount: 16.13}], reason: Charge Dispute}]\n",
        encoding="utf-8",
    )
    words = ["invoice=LYON-INV00000007", "items.1.item=line", "items.1.amount=16.13", "reason=Charge Dispute", "id=one"]
    for command in ("explain", "plan"):
        typed = billpolicy(command, "credit_memo_from_invoice", *words, *WHERE)
        assert typed.code == 0, typed
        assert typed == billpolicy(command, "one.yaml", *WHERE)


def test_posted_once_however_often_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = "sqlite:///a.db"
    assert billpolicy("ledger", "init", ledger).code == 0
    assert billpolicy("ledger", "import", ledger, DISPUTE / "book.yaml").code == 0
    typed = ("post", "credit_memo_from_invoice", "invoice=LYON-INV00000005", *WHERE[:2], "--ledger", ledger)
    first = billpolicy(*typed, "--today", "2026-03-20", "--actor", "ines")
    assert first.code == 0, first
    assert "1 posted, 0 refused" in first.out
    again = billpolicy(*typed, "--today", "2026-03-20", "--actor", "ines")
    assert again.code == 0, again
    assert "before" in again.out
    assert "1 posted, 0 refused" not in again.out


def test_a_file_of_that_name_is_no_guess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bill_run").write_text("operations: []\n", encoding="utf-8")
    both = billpolicy("plan", "bill_run", *WHERE)
    assert both.code == 2
    assert "'bill_run' is an operation, and a file here" in both.err
    assert "no operation is listed" in billpolicy("plan", tmp_path / "bill_run", *WHERE).err
    file = billpolicy("plan", DISPUTE / "operations.yaml", "invoice=a", *WHERE)
    assert file.code == 2
    assert "is for one operation, in the place of a file" in file.err


def test_a_misspelt_operation_is_no_missing_file() -> None:
    found = billpolicy("explain", "writeoff_invoice", *WHERE)
    assert found.code == 1
    assert "did you mean `write_off_invoice`?" in found.err
    assert "there is no such file" in billpolicy("explain", "operatoins.yaml", *WHERE).err


def test_where_the_documents_are_is_asked() -> None:
    found = billpolicy("explain", "bill_run", *WHERE[:2])
    assert found.code == 2
    assert "either --book FILE or --ledger URL" in found.err
