"""What people met as they tried it, message by message: each is one sentence that says what to write instead."""

from __future__ import annotations

import datetime
import itertools
import json
import time
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy import validate
from billpolicy.book.load import book_of, load_book
from billpolicy.cli.options import day_or_today
from billpolicy.diagnostics.diagnostic import Refused, did_you_mean
from billpolicy.diagnostics.meaning import OTHER_WORDS, opposite
from billpolicy.exchange.operations_file import load_with_book
from billpolicy.money import Money, from_minor
from billpolicy.operations.registry import OPERATIONS
from billpolicy.policy.forms import OPERATORS
from billpolicy.policy.language import PolicyFile
from billpolicy.report.columns import use_terminal
from billpolicy.report.findings.text import texts
from billpolicy.source.mended import amounts_meant
from billpolicy.source.scalars import read_date, read_money
from billpolicy.source.today import today
from billpolicy.source.tree import parse_text
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import LEVELS
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD

# -- did you mean: by meaning as well as by letters ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("writeoff", "`write_off_invoice`"),
        ("write-off", "`write_off_invoice`"),
        ("WriteOffInvoice", "`write_off_invoice`"),
        ("undo_writeoff", "`undo_write_off`"),
        ("payment", "`create_payment` or `apply_payment`"),
        ("payments", "`create_payment` or `apply_payment`"),
        ("refund", "`create_refund` or `refund_credit_balance`"),
        ("credit note", "`credit_memo_from_invoice` or `credit_memo_from_charge`"),
        ("memo_from_invoice", "`debit_memo_from_invoice` or `credit_memo_from_invoice`"),
        ("delete", "`reverse_invoice`, `reverse_credit_memo` or `reverse_payment`"),
        ("delete_invoice", "`reverse_invoice`"),
        ("void_payment", "`reverse_payment`"),
        ("create_customer", "`create_account`"),
        ("cancel", "`cancel_subscription`"),
        ("aply_payment", "`apply_payment`"),
        ("unaply_payment", "`unapply_payment`"),
    ],
)
def test_an_operation_is_suggested_by_its_meaning(word: str, meant: str) -> None:
    assert did_you_mean(word, OPERATIONS) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        (">=", OPERATORS, None),
        ("gte", OPERATORS, "at_least"),
        ("more_than", OPERATORS, "above"),
        ("not_in", OPERATORS, "none_of"),
        ("customers", ["accounts", "contacts"], "accounts"),
        ("credit_notes", ["credit_memos", "debit_memos"], "credit_memos"),
        ("unapply", ["apply"], None),
        ("debit_memo", ["credit_memo"], None),
        ("increase", ["decrease"], None),
    ],
)
def test_a_word_is_suggested_by_its_meaning_and_never_its_opposite(
    word: str, known: list[str], meant: str | None
) -> None:
    hint = did_you_mean(word, known) or ""
    assert hint.startswith("did you mean") == (meant is not None)
    assert meant is None or hint == f"did you mean `{meant}`?"


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_slip_of_the_pen_leads_to_the_opposite(name: str) -> None:
    """A letter left out, or two changed about: the same operation, or none, but never what undoes it."""
    slips = {name[:at] + name[at + 1 :] for at in range(len(name))}
    slips |= {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)}
    for slip in sorted(slips - set(OPERATIONS)):
        hint = did_you_mean(slip, OPERATIONS) or ""
        assert hint in ("", f"did you mean `{name}`?"), slip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("write_off_invoice", "undo_write_off"),
        ("apply_payment", "unapply_payment"),
        ("debit_memo_from_charge", "credit_memo_from_charge"),
        ("create_payment", "reverse_payment"),
        ("close_accounting_period", "reopen_accounting_period"),
        ("create_contact", "retire_contact"),
    ],
)
def test_what_undoes_is_the_opposite_and_nothing_is_that_of_itself(one: str, other: str) -> None:
    assert all(opposite(a, b) == (a != b) for a, b in itertools.product((one, other), repeat=2))


def test_what_other_systems_words_mean_is_there() -> None:
    known = {*VOCABULARY, *OPERATORS, *LEVELS, *(field.name for field in fields(PolicyFile))}
    assert {name for names in OTHER_WORDS.values() for name in names.split()} <= known


# -- amounts, dates and comparisons as others write them -----------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("500,00 EUR", ["500.00 EUR"]),
        ("1.000,00 EUR", ["1000.00 EUR"]),
        ("1,000.00 EUR", ["1000.00 EUR"]),
        ("1,00,000.00 INR", ["100000.00 INR"]),
        ("1 000,00 EUR", ["1000.00 EUR"]),
        ("1'000.00 CHF", ["1000.00 CHF"]),
        ("EUR 500.00", ["500.00 EUR"]),
        ("EUR 1.000", ["1000.00 EUR", "1.00 EUR"]),
        ("CHF 500.-", ["500.00 CHF"]),
        ("500.00EUR", ["500.00 EUR"]),
        ("500 €", ["500.00 EUR"]),
        ("500.00 eur", ["500.00 EUR"]),
        ("$500", ["500.00 USD"]),
        ("12.50 dollars", ["12.50 USD"]),
        ("₹ 500", ["500.00 INR"]),
        ("(500.00) EUR", ["-500.00 EUR"]),
        ("500.00- EUR", ["-500.00 EUR"]),
        ("12,500 KWD", ["12500.000 KWD", "12.500 KWD"]),  # a dinar has three decimals
    ],
)
def test_an_amount_is_told_as_it_is_to_be_written(written: str, meant: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^`.*` is not an amount with its currency; write ") as refused:
        read_money(written)
    assert str(refused.value).endswith("; write " + " or ".join(f"`{one}`" for one in meant))


@pytest.mark.parametrize("written", ["ten EUR", "1,00,00 EUR", "12.34.56 EUR", "1,2.3.4 EUR", "5 XYZ"])
def test_nothing_is_guessed_of_what_is_no_number(written: str) -> None:
    assert amounts_meant(written.replace("XYZ", "EURO PLUS")) == []


@pytest.mark.parametrize(
    ("written", "one", "other"), [("1.000 EUR", "1.00", "1000.00"), ("12.500 USD", "12.50", "12500.00")]
)
def test_a_point_that_may_group_thousands_is_refused(written: str, one: str, other: str) -> None:
    with pytest.raises(ValueError, match=f"^`{written}` can be read in two ways: it is `{one}` or `{other}`$"):
        read_money(written)


def test_a_third_decimal_is_no_thousand() -> None:
    with pytest.raises(ValueError, match=r"^`10.001` has more decimals than EUR has \(2\)$"):
        read_money("10.001 EUR")


@pytest.mark.parametrize("written", ["1.000 KWD", "0.500 EUR", "1000.000 EUR", "1.00 EUR"])
def test_a_point_that_can_only_be_one_thing_is_taken(written: str) -> None:
    assert read_money(written).amount == Decimal(written.split()[0])


@given(minor=st.integers(-(10**14), 10**14), currency=st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_that_is_written_in_any_way_is_meant(minor: int, currency: str) -> None:
    """The amount in the writing of several countries: it is among those that are meant."""
    right = str(Money(from_minor(minor, currency), currency))
    number = right.split()[0]
    english = f"{Decimal(number):,f}"
    for grouped in (english, english.translate(str.maketrans(",.", ".,")), english.replace(",", "'")):
        for written in (f"{grouped} {currency}", f"{currency} {grouped}", f"{grouped}{currency.lower()}"):
            assert right in amounts_meant(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("01.01.2026", "write `2026-01-01`"),
        ("1.7.2026", "write `2026-07-01`"),
        ("2026-1-1", "write `2026-01-01`"),
        ("2026/01/02", "write `2026-01-02`"),
        ("20260102", "write `2026-01-02`"),
        ("13/02/2026", "write `2026-02-13`"),
        ("01/02/2026", "write `2026-02-01` or `2026-01-02`"),
        ("January 1, 2026", "write `2026-01-01`"),
        ("1. März 2026", "write `2026-03-01`"),
        ("2026-01-01T10:00:00Z", "write `2026-01-01`"),
        ("31.02.2026", "write it as YYYY-MM-DD"),
        ("tomorrow", "write it as YYYY-MM-DD"),
    ],
)
def test_a_date_is_told_as_it_is_to_be_written(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"^`{written}` is not a date; {meant}$"):
        read_date(written)


@pytest.mark.parametrize(("written", "last"), [("2026-02-30", 28), ("2028-02-30", 29), ("2026-04-31", 30)])
def test_the_last_day_of_a_month_is_told_that_has_not_so_many(written: str, last: int) -> None:
    with pytest.raises(ValueError, match=f"the last of that month is `{written[:7]}-{last}`"):
        read_date(written)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{above: 500,00 EUR}", "the comma in `500,00 EUR` ends a value here: write `500.00 EUR`"),
        ("{above: 1.000,00 EUR}", "the comma in `1.000,00 EUR` ends a value here: write `1000.00 EUR`"),
        ("{above: 1,000,000.00 EUR}", "the comma in `1,000,000.00 EUR` ends a value here: write `1000000.00 EUR`"),
        ("[500,00 EUR, 600.00 EUR]", "the comma in `500,00 EUR` ends a value here; write `500.00 EUR`"),
        ("{above: EUR 500.00}", "`EUR 500.00` is not an amount with its currency; write `500.00 EUR`"),
        ("'> 500.00 EUR'", "`> 500.00 EUR` compares by a sign; write `{above: 500.00 EUR}`"),
        ("'>= EUR 500,00'", "`>= EUR 500,00` compares by a sign; write `{at_least: 500.00 EUR}`"),
        ("'≤ 500.00 EUR'", "`≤ 500.00 EUR` compares by a sign; write `{at_most: 500.00 EUR}`"),
        ("'!= 500.00 EUR'", "`!= 500.00 EUR` compares by a sign; write `{none_of: [500.00 EUR]}`"),
        ("'= 500.00 EUR'", "`= 500.00 EUR` compares by a sign; write `500.00 EUR`"),
        ("{'>=': 500.00 EUR}", "`>=` is not a comparison; write `at_least`"),
        ("{gt: 500.00 EUR}", "`gt` is not a comparison; write `above`"),
        ("{at_leest: 500.00 EUR}", "`at_leest` is not a comparison; write `at_least`"),
        (
            "{above: {EUR: 500.00}}",
            "one value is wanted here, not a mapping; of several currencies write `{above: [500.00 EUR, 600.00 USD]}`",
        ),
        (
            "[{above: 500.00 EUR}, {above: 600.00 USD}]",
            "one value is wanted here, not a mapping; of several currencies write `{above: [500.00 EUR, 600.00 USD]}`",
        ),
        (
            "\n      > 500.00 EUR",
            "a text cannot begin with `>`: put it in quotes; comparisons are words here, like `{above: 500.00 EUR}`",
        ),
    ],
)
def test_a_comparison_is_told_as_it_is_to_be_written(when: str, told: str, tmp_path: Path) -> None:
    field = f"invoice.balance: {when.strip()}"
    holds = f"\n      {field}" if when.startswith("\n") else f"{{{field}}}"
    rule = f"  - id: one\n    operations: [write_off_invoice]\n    when: {holds}\n    then: {{permission: approval}}"
    assert policy_findings(tmp_path, f"exceptions:\n{rule}") == [told]


def policy_findings(folder: Path, text: str) -> list[str]:
    """What is wrong with a policy that says this: message and hint."""
    (folder / "policy.yaml").write_text(f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n{text}\n")
    with pytest.raises(Refused) as refused:
        validate(folder)
    return [f"{one.message}{f': {one.hint}' if one.hint else ''}" for one in refused.value.diagnostics]


@pytest.mark.parametrize(("amount", "meant"), [("1.000,00", "1000.00"), ("1,000.00", "1000.00"), ("12,50", "12.50")])
def test_an_amount_of_a_book_is_told_as_it_is_to_be_written(amount: str, meant: str) -> None:
    for items in (f"[{{id: x, amount: {amount}}}]", f"\n  - id: x\n    amount: {amount}"):
        text = f"""
accounts: [{{id: a, currency: EUR}}]
invoices:
- number: INV00000001
  account: a
  date: 2026-01-01
  currency: EUR
  items: {items}
"""
        with pytest.raises(Refused) as refused:
            book_of(parse_text(text, "book.yaml"))
        (one,) = refused.value.diagnostics
        assert f"`{amount}`" in one.message
        assert f"write `{meant}`" in f"{one.message} {one.hint}"


# -- a file of another kind ----------------------------------------------------------------------------------------

FILES = {
    "policy.yaml": f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n",
    "book.yaml": "accounts: [{id: a, currency: EUR}]\n",
    "operations.yaml": "operations: [{id: o, operation: create_payment, account: a, amount: 1.00}]\n",
    "acme.test.yaml": "book: book.yaml\ntests: [{name: one, operation: o, expect: {}}]\n",
    "table.csv": "id,currency\na,EUR\n",
    "settings.toml": 'fail-level = "hint"\n',
    "schema.json": '{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {}}\n',
}
IS = {
    "policy.yaml": "this is a policy",
    "book.yaml": "this is a book",
    "operations.yaml": "this is an operations file",
    "acme.test.yaml": "this is a file of policy tests",
    "table.csv": "this is a CSV file",
    "table.xlsx": "this is an Excel workbook or a ZIP file",
    "settings.toml": "this is a file of settings",
    "schema.json": "this is a JSON Schema",
}


@pytest.fixture(name="files")
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "table.xlsx").write_bytes(b"PK\x03\x04\x14\x00\xff")
    return tmp_path


@pytest.mark.parametrize("file", IS)
@pytest.mark.parametrize("wanted", ["policy", "book", "operations"])
def test_a_file_of_another_kind_is_told_in_one_sentence(wanted: str, file: str, files: Path) -> None:
    if file.startswith(wanted):
        return
    with pytest.raises(Refused) as refused:
        {"policy": validate, "book": load_book, "operations": load_with_book}[wanted](files / file)
    (one,) = refused.value.diagnostics
    assert (one.code, one.message.partition(",")[0].partition(";")[0]) == (
        "policy-file-foreign" if wanted == "policy" and one.code != "file-kind" else "file-kind",
        IS[file],
    )
    assert one.hint


def test_of_a_folder_with_a_policy_and_other_files_the_policy_is_named(files: Path) -> None:
    for name in ("acme.test.yaml", "schema.json", "table.csv", "table.xlsx"):
        (files / name).unlink()
    (files / "expected.yaml").write_text("operations: {o: {by: {permission: x}}}\n")  # of nobody's kind
    with pytest.raises(Refused) as refused:
        validate(files)
    told = [(str(one.position), one.message) for one in refused.value.diagnostics]
    assert told == [
        (f"{files}/book.yaml:1:1", "this is a book, and no file of a policy"),
        (f"{files}/operations.yaml:1:1", "this is an operations file, and no file of a policy"),
    ]
    assert {one.hint for one in refused.value.diagnostics} == {
        f"name the policy's file alone: `{files}/policy.yaml`; or move this one into a subfolder"
    }
    assert validate(files / "policy.yaml").name == "acme"


# -- what a policy and a book were to say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        (
            "[all]",
            "there is no operation `all`: list the operations; what holds for every operation stands under `every_operation`",  # noqa: E501
        ),
        ("[writeoff]", "there is no operation `writeoff`: did you mean `write_off_invoice`?"),
        (
            "[dispute]",
            "there is no operation `dispute`: did you mean `credit_memo_from_invoice` or `reverse_payment`?",
        ),
    ],
)
def test_an_unknown_operation_is_never_told_without_a_hint(operations: str, told: str, tmp_path: Path) -> None:
    rule = f"exceptions: [{{id: one, operations: {operations}, then: {{permission: approval}}}}]"
    assert policy_findings(tmp_path, rule) == [told]


def test_where_nothing_is_like_it_all_operations_are_listed(tmp_path: Path) -> None:
    (told,) = policy_findings(tmp_path, "exceptions: [{id: one, operations: [xyzzy], then: {permission: approval}}]")
    assert all(name in told for name in OPERATIONS)


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u00a0", "U+00A0 NO-BREAK SPACE"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u2009", "U+2009 THIN SPACE"),
        ("\u00ad", "U+00AD SOFT HYPHEN"),
    ],
)
def test_a_character_that_nobody_sees_is_named(character: str, name: str, tmp_path: Path) -> None:
    for text in (f"roles{character}: {{}}", f"{character} roles: {{}}"):
        (told,) = policy_findings(tmp_path, text)
        assert told.endswith(f": did you mean `roles`? ({name} stands in it, which cannot be seen)")
    (indented,) = policy_findings(tmp_path, f"exceptions:\n  - id: x\n  {character} operations: []")
    assert indented.endswith(
        f": {name} stands here or on the line above, which cannot be seen: write a plain space, or nothing"
    )


def test_a_field_of_ones_own_is_told_as_a_book_has_it() -> None:
    with pytest.raises(Refused) as refused:
        book_of(parse_text("accounts: [{id: a, currency: EUR, segment: x}]", "book.yaml"))
    (one,) = refused.value.diagnostics
    assert (one.hint or "").startswith("a field of your own stands under `custom`, like `custom: {segment: ...}`; ")


@pytest.mark.parametrize("name", ["bill_to_contact", "payment_term", "sequence_set", "sold_to_contact"])
@pytest.mark.parametrize("what", ["accounts: [{id: a, currency: EUR, %s}]", "invoices: [{number: INV00000001, %s}]"])
def test_an_attribute_is_told_as_a_book_has_it(what: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        book_of(parse_text(what.replace("%s", f"{name}: x"), "book.yaml"))
    hints = [one.hint for one in refused.value.diagnostics if one.code == "key-unknown"]
    assert hints == [f"an attribute stands under `attributes`, like `attributes: {{{name}: ...}}`"]


@pytest.mark.parametrize(("written", "meant"), [("30 days", "30"), ("007", "7"), ("-030", "-30")])
def test_a_whole_number_is_told_as_it_is_to_be_written(written: str, meant: str, tmp_path: Path) -> None:
    found = policy_findings(tmp_path, f"payment_terms: {{Mine: {{net: {written}}}}}")
    assert found == [f"`{written}` is not a whole number; write `{meant}`"]


def test_the_name_of_a_field_in_a_policy_is_told_as_a_book_has_it(files: Path) -> None:
    policy = FILES["policy.yaml"] + "fields: {account.segment: {type: text}}\n"
    (files / "own.yaml").write_text(policy)
    (files / "book.yaml").write_text("accounts: [{id: a, currency: EUR, custom: {account.segment: x}}]\n")
    ran = billpolicy("plan", "operations.yaml", "--policy", "own.yaml", "--book", "book.yaml")
    assert "`account.segment` (account `a`) is what conditions call it, and no name in a book" in ran.err
    assert "hint: write `segment`: in a book it stands without `account.`" in ran.err


# -- the command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"), [("validat", "validate"), ("dif", "diff"), ("check", "validate"), ("show", "ledger show")]
)
def test_the_command_that_was_meant_is_told(typed: str, meant: str) -> None:
    ran = billpolicy(typed)
    assert ran.code == 2
    assert ran.err.endswith(f"No such command '{typed}'. Did you mean '{meant}'?\n")


@pytest.mark.parametrize(
    ("typed", "meant"), [("shw", "ledger show"), ("waiting", "billpolicy waiting"), ("numebrs", "ledger numbers")]
)
def test_the_command_of_a_ledger_that_was_meant_is_told(typed: str, meant: str) -> None:
    ran = billpolicy("ledger", typed)
    assert ran.code == 2
    assert ran.err.endswith(f"No such command '{typed}'. Did you mean '{meant}'?\n")


def test_what_came_out_and_what_was_refused_is_in_order_on_stdout(files: Path) -> None:
    one = "{{id: {}, operation: create_payment, account: {}, amount: 1.00, date: 2026-02-01}}"
    (files / "operations.yaml").write_text(
        f"operations: [{one.format('first', 'a')}, {one.format('second', 'b')}, {one.format('third', 'a')}]\n"
    )
    for command in ("plan", "explain", "post"):
        where = ("--book", "book.yaml") if command != "post" else ("--ledger", "sqlite:///ledger.db")
        if command == "post":
            made = billpolicy("ledger", "init", "sqlite:///ledger.db")
            assert made.out == "sqlite:///ledger.db: a new ledger was made\n"
            imported = billpolicy("ledger", "import", "sqlite:///ledger.db", "book.yaml")
            assert imported.out == "imported 1 account\n"
        ran = billpolicy(command, "operations.yaml", "--policy", "policy.yaml", *where)
        assert (ran.code, ran.err) == (1, "")
        places = [ran.out.index(f"{id}: create_payment") for id in ("first", "second", "third")]
        assert places == sorted(places)
        assert ran.out.index("[account-unknown]") < places[2]
        if command != "explain":
            assert "2 posted, 1 refused" in ran.out or "2 planned, 1 refused; nothing was posted" in ran.out


def test_a_name_of_a_ledger_is_suggested(files: Path) -> None:
    billpolicy("ledger", "init", "sqlite:///ledger.db")
    (files / "book.yaml").write_text(
        "accounts: [{id: acme, currency: EUR}]\n"
        "invoices:\n"
        "- {number: A-RE00000001, account: acme, date: 2026-01-01, currency: EUR, items: [{id: x, amount: 1}]}\n"
    )
    assert billpolicy("ledger", "import", "sqlite:///ledger.db", "book.yaml").out == "imported 1 account, 1 invoice\n"
    for typed, meant in (("A-RE0000001", "A-RE00000001"), ("acne", "acme")):
        assert f"did you mean `{meant}`?" in billpolicy("ledger", "show", "sqlite:///ledger.db", typed).err
    kinds = json.loads(billpolicy("ledger", "show", "sqlite:///ledger.db", "acme", "--format", "json").out)["kinds"]
    assert kinds == {"A-RE00000001": "invoice"}


@pytest.mark.parametrize("columns", [60, 80, 100, 140, 200])
def test_a_terminal_is_used_as_wide_as_it_is_and_no_word_is_broken(columns: int, files: Path) -> None:
    text = FILES["policy.yaml"] + "exceptions: [{id: one, operations: [xyzzy], then: {permission: approval}}]\n"
    (files / "policy.yaml").write_text(text)
    with pytest.raises(Refused) as refused:
        validate(files / "policy.yaml")
    try:
        use_terminal(columns)
        shown = "".join(texts(refused.value.diagnostics))
    finally:
        use_terminal(None)
    lines = shown.splitlines()
    wide = min(columns, 140)
    assert max(map(len, lines)) <= wide + len(str(files))  # a place is not broken
    assert max(map(len, lines)) > wide - 30
    assert set(" ".join(OPERATIONS).split()) <= set(shown.replace(",", " ").replace(";", " ").split())


def test_the_day_where_nobody_says_one_is_that_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kiritimati is fourteen hours ahead: there it is another day for more than half of the time."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        before, found, after = (datetime.datetime.now(datetime.UTC).date(), day_or_today(None), today())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert before <= found <= after
