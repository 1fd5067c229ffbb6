"""What `ledger show` says of each attribute: the value that takes effect, where it is from, and how it is bound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import billpolicy
from tests.helpers.ledgers import by_hand
from tests.helpers.paths import STANDARD

BOOK = """
accounts:
- {id: a, currency: EUR, attributes: {bill_to_contact: tom, payment_term: Net 30}}
- {id: b, currency: EUR, attributes: {bill_to_contact: ben}}
contacts: [{id: tom, account: a}, {id: ann, account: a}, {id: ben, account: b}]
charges: [{id: setup, name: Setup}]
subscriptions:
- {id: s1, account: a, start: 2026-01-01, attributes: {bill_to_contact: tom}, charges: [{id: c, rate: 10.00}]}
- {id: s2, account: a, start: 2026-01-01, charges: [{id: c, rate: 20.00}]}
invoices:
- {number: OLD-1, account: a, date: 2026-01-01, currency: EUR, attributes: {bill_to_contact: ann, payment_term: null},
   items: [{id: x, amount: 5.00}]}
"""
OPERATIONS = """
operations:
- {id: memo, operation: debit_memo_from_charge, account: a, date: 2026-01-02, charges: [{charge: setup, amount: 9.00}]}
- {id: bens, operation: debit_memo_from_charge, account: b, date: 2026-01-02, charges: [{charge: setup, amount: 9.00}]}
- {id: pay, operation: create_payment, account: a, date: 2026-01-02, amount: 9.00}
- {id: bill, operation: bill_run, accounts: [a], date: 2026-01-02, bill_as: draft}
- {id: go, operation: post_draft, draft: TMP-INV-00000001, date: 2026-01-03}
- {id: credit, operation: credit_memo_from_invoice, invoice: INV00000001, date: 2026-01-04}
- {id: back, operation: reverse_credit_memo, credit_memo: CM00000001, date: 2026-01-05}
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    (tmp_path / "book.yaml").write_text(BOOK)
    (tmp_path / "operations.yaml").write_text(OPERATIONS)
    file = tmp_path / "ledger.db"
    url = f"sqlite:///{file}"
    for command in (
        ("ledger", "init", url),
        ("ledger", "import", url, tmp_path / "book.yaml"),
        ("post", "--policy", STANDARD, "--ledger", url, tmp_path / "operations.yaml", "--actor", "ines"),
    ):
        ran = billpolicy(*command)
        assert ran.code == 0, ran
    return file


def shown(file: Path, number: str) -> list[dict[str, Any]]:
    """The attributes of a document, in JSON."""
    answer = json.loads(billpolicy("ledger", "show", f"sqlite:///{file}", number, "--format", "json").out)
    return answer["attributes"]  # type: ignore[no-any-return]


def lines(file: Path, number: str) -> list[str]:
    """The lines of text on its attributes, each in one."""
    text = billpolicy("ledger", "show", f"sqlite:///{file}", number).out.replace("\n                   ", " ")
    named = ("  bill_to_contact", "  payment_term", "  sequence_set")
    return [line for line in text.splitlines() if line.startswith(named)]


def test_what_is_bound_live_is_the_accounts_of_now(ledger: Path) -> None:
    by = "by debit_memo_from_charge."
    assert lines(ledger, "DM00000001") == [
        f"  bill_to_contact  tom  (account a's, live; {by}bill_to_contact)",
        f"  payment_term     Net 30  (account a's, live; {by}payment_term)",
        f"  sequence_set     DEFAULT  (the policy's defaults; {by}sequence_set)",
    ]
    by_hand(ledger, """UPDATE accounts SET attributes = '{"bill_to_contact": "ann"}' WHERE id = 'a'""")
    assert lines(ledger, "DM00000001")[:2] == [
        f"  bill_to_contact  ann  (account a's, live; tom when it was posted; {by}bill_to_contact)",
        f"  payment_term     none  (live, and account a holds none now; Net 30 when it was posted; {by}payment_term)",
    ]
    contact, term, numbered = shown(ledger, "DM00000001")
    assert contact == {
        "key": "bill_to_contact",
        "value": "ann",
        "binding": "live",
        "level": "account",
        "label": "account a",
        "rule": "debit_memo_from_charge.bill_to_contact",
        "when_posted": "tom",
    }
    assert "value" not in term
    assert (numbered["value"], numbered["binding"], numbered["level"]) == ("DEFAULT", "stored", "default")


def test_a_default_that_is_bound_live_gives_way_to_the_account(ledger: Path) -> None:
    (term,) = (line for line in lines(ledger, "DM00000002") if "payment_term" in line)
    assert term == (
        "  payment_term     Due Upon Receipt  (the policy's defaults, live; by debit_memo_from_charge.payment_term)"
    )
    by_hand(ledger, """UPDATE accounts SET attributes = '{"payment_term": "Net 60"}' WHERE id = 'b'""")
    (term,) = (line for line in lines(ledger, "DM00000002") if "payment_term" in line)
    assert term.startswith("  payment_term     Net 60  (account b's, live; Due Upon Receipt when it was posted; ")


def test_what_numbers_a_payment_is_told_though_it_does_not_keep_it(ledger: Path) -> None:
    assert lines(ledger, "P-00000001") == [
        "  sequence_set     DEFAULT  (the policy's defaults; not stored; by create_payment.sequence_set)"
    ]
    (numbered,) = shown(ledger, "P-00000001")
    assert (numbered["binding"], numbered["level"]) == ("numbered", "default")


def test_what_was_imported_is_told_as_it_is(ledger: Path) -> None:
    """A value of its own, and what it holds as null: the account's of now."""
    assert lines(ledger, "OLD-1") == [
        "  bill_to_contact  ann",
        "  payment_term     Net 30  (account a's, live)",
    ]
    contact, term = shown(ledger, "OLD-1")
    assert contact == {"key": "bill_to_contact", "value": "ann", "binding": "stored"}
    assert (term["value"], term["binding"], term["label"]) == ("Net 30", "live", "account a")


def test_what_was_posted_from_a_draft_names_it(ledger: Path) -> None:
    assert lines(ledger, "INV00000001") == [
        "  bill_to_contact  tom  (as on draft TMP-INV-00000001)",
        "  payment_term     Net 30  (as on draft TMP-INV-00000001)",
        "  sequence_set     DEFAULT  (as on draft TMP-INV-00000001)",
    ]


def test_what_subscriptions_agree_on_names_both(ledger: Path) -> None:
    """s1 holds the account's contact, and s2 inherits it."""
    assert lines(ledger, "DM00000003")[0] == (
        "  bill_to_contact  tom  (subscription s1, s2; by reverse_credit_memo.bill_to_contact)"
    )


def test_a_live_value_says_since_when_the_account_holds_it(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "moved.yaml").write_text(
        "operations:\n"
        "- {id: moved, operation: change_account, account: a, date: 2026-02-01, attributes: {bill_to_contact: ann}}\n"
    )
    url = f"sqlite:///{ledger}"
    assert billpolicy("post", "--policy", STANDARD, "--ledger", url, tmp_path / "moved.yaml", "--actor", "i").code == 0
    contact = shown(ledger, "DM00000001")[0]
    assert [contact[key] for key in ("value", "since", "given_by", "when_posted")] == [
        "ann",
        "2026-02-01",
        "moved",
        "tom",
    ]
    assert lines(ledger, "DM00000001")[0] == (
        "  bill_to_contact  ann  (account a's, live, since 2026-02-01, by `moved`; tom when it was posted; "
        "by debit_memo_from_charge.bill_to_contact)"
    )
    assert lines(ledger, "DM00000003")[0].startswith("  bill_to_contact  tom  (subscription s1, s2; ")  # as it was
