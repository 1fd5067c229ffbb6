"""`ledger sync` as it is typed: what is shown, what is posted, what is refused at which line, and the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from tests.helpers.command_line import Ran
from tests.helpers.command_line import billpolicy as command
from tests.helpers.ledgers import dump
from tests.helpers.paths import STANDARD

LEDGER = "sqlite:///ledger.db"
OLD = """\
accounts:
  - {id: acme, currency: EUR, name: Acme, attributes: {bill_to_contact: ann}}
contacts:
  - {id: ann, account: acme, name: Ann}
accounting_periods:
  - {from: 2026-05-01, until: 2026-06-01, status: closed}
"""
TERM = "bill_to_contact: ann, payment_term: Net 60"
UNKNOWN = "bill_to_contact: ann, payment_term: Net 45"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_file: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_file, "ledger.db")
    with billpolicy.open_ledger(LEDGER) as ledger:
        ledger.import_book(billpolicy.load_book(written("old.yaml")))


def written(name: str, *replaced: tuple[str, str], more: str = "") -> Path:
    text = OLD
    for there, here in replaced:
        assert text.count(there) == 1
        text = text.replace(there, here)
    path = Path(name)
    path.write_text(text + more, encoding="utf-8")
    return path


def sync(book: Path, *options: str) -> Ran:
    how = ("--policy", str(STANDARD), "--engine", "python", "--today", "2026-07-01", "--actor", "ines")
    return command("ledger", "sync", LEDGER, book, *how, *options)


def rows() -> list[str]:
    with billpolicy.open_ledger(LEDGER) as ledger:
        return dump(ledger)


def test_a_dry_run_changes_nothing_and_posting_does_what_it_showed() -> None:
    newer, before = written("new.yaml", ("bill_to_contact: ann", TERM)), rows()
    shown = sync(newer)
    assert (shown.code, rows()) == (0, before)
    assert "~ account acme\n    payment_term  none -> Net 60\n" in shown.out
    assert shown.err == "reading new.yaml\ncomparing 3 records with sqlite:///ledger.db\n"
    assert shown.out.endswith("\n1 to post; --post posts them\n")
    posted = sync(newer, "--post")
    assert (posted.code, posted.out) == (0, shown.out.replace("1 to post; --post posts them", "1 posted"))
    assert posted.out.endswith("\n1 posted\n")
    after = rows()
    again = sync(newer, "--post")
    assert (again.code, rows()) == (0, after)
    assert again.out.endswith("\n0 posted\n")
    assert "~" not in again.out


def test_a_summary_is_the_counts() -> None:
    newer = written("new.yaml", ("bill_to_contact: ann", TERM))
    assert sync(newer, "--summary").out.removesuffix("1 to post; --post posts them\n") == (
        "                       new   changed   the same   not followed   not in the book\n"
        "accounting periods       -         -          1              -                 -\n"
        "accounts                 -         1          -              -                 -\n"
        "contacts                 -         -          1              -                 -\n"
    )
    empty = "accounts: []\n"
    Path("empty.yaml").write_text(empty, encoding="utf-8")
    assert sync(Path("empty.yaml")).code == 0  # nothing of the book differs; all of the ledger stays


def test_what_is_refused_is_told_at_its_record_and_the_others_are_posted() -> None:
    newer = written("new.yaml", ("bill_to_contact: ann", UNKNOWN), ("name: Ann", "name: Ann B."))
    ran = sync(newer, "--post")
    assert ran.code == 1
    assert "new.yaml:2:10: error: `payment_term` is `Net 45`, but the policy declares no such" in ran.out
    assert ran.out.endswith("1 posted, 1 refused\n")
    assert "change_account is refused, as told below" in ran.out
    assert "1 to post" not in sync(newer).out


def test_atomic_posts_nothing_where_something_is_refused() -> None:
    newer, before = written("new.yaml", ("bill_to_contact: ann", UNKNOWN), ("name: Ann", "name: Ann B.")), rows()
    ran = sync(newer, "--post", "--atomic")
    assert (ran.code, rows()) == (1, before)
    assert ran.out.endswith("0 posted, 1 refused, 1 not posted\n")


def test_reopening_a_period_wants_a_second_person_whom_a_sync_has_not() -> None:
    ran = sync(written("new.yaml", (", status: closed", "")), "--post")
    assert ran.code == 1
    assert "new.yaml:6:12: error: this needs the approval of a second person" in ran.out


PAYMENT = "payments:\n  - {number: P-1, account: acme, date: 2026-06-01, currency: EUR, amount: 1.00}\n"


def found_in(ran: Ran) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(ran.out)["runs"][0]["results"]
    return results


def test_the_answer_as_json_is_by_its_schema() -> None:
    newer = written("new.yaml", ("bill_to_contact: ann", UNKNOWN), ("name: Ann", "name: Ann B."), more=PAYMENT)
    ran = sync(newer, "--format", "json")
    assert ran.code == 1
    Path("answer.json").write_text(ran.out, encoding="utf-8")
    assert billpolicy.violations("ledger-sync", "answer.json") == []
    answer = json.loads(ran.out)
    assert (answer["date"], answer["posted"]) == ("2026-07-01", False)
    assert [(step["operation"], step["record"], step["became"]) for step in answer["steps"]] == [
        ("change_contact", "ann", "planned"),
        ("change_account", "acme", "refused"),
    ]
    assert answer["steps"][0]["fields"] == [{"name": "name", "before": "Ann", "after": "Ann B."}]
    assert answer["steps"][1]["diagnostics"][0]["position"]["line"] == 2
    assert [(one["code"], one["position"]["line"]) for one in answer["not_followed"]] == [("sync-money", 8)]
    assert {"section": "accounts", "new": 0, "changed": 1, "same": 0, "not_followed": 0, "left": 0} in answer["counts"]


def test_in_a_format_of_findings_each_stands_once() -> None:
    colour = UNKNOWN + ", colour: red"
    ran = sync(written("new.yaml", ("bill_to_contact: ann", colour), more=PAYMENT), "--format", "sarif")
    found = sorted(
        (one["ruleId"], one["locations"][0]["physicalLocation"].get("region", {}).get("startLine"))
        for one in found_in(ran)
        if "locations" in one and one["ruleId"] != "attribute-unused"
    )
    # The book holds the value, and the operation that would bring it in is refused.
    assert (ran.code, found) == (1, [("payment-term-unknown", 2), ("sync-money", 8), ("value-unusable", 2)])
    assert [one["ruleId"] for one in found_in(ran)].count("attribute-unused") == 1


def test_a_warning_of_a_plan_is_shown() -> None:
    ran = sync(written("new.yaml", ("name: Ann", "name: Ann, retired_on: 2026-07-01")))
    assert "! account acme still names `ann` as `bill_to_contact`" in ran.out
    assert ran.code == 0


def test_it_says_who_takes_another_value_with_a_change() -> None:
    subscribed = "subscriptions:\n  - {id: S-1, account: acme, start: 2026-01-01, charges: [{id: seat, rate: 10.00}]}\n"
    with billpolicy.open_ledger(LEDGER) as ledger:
        ledger.import_book(billpolicy.load_book(written("subscribed.yaml", more=subscribed)))
    newer = written("new.yaml", ("bill_to_contact: ann", TERM), more=subscribed)
    told = "> from 2026-07-01 on 1 subscription takes `payment_term` from account acme: Net 60 (was Due Upon Receipt"
    assert told in " ".join(sync(newer).out.split())
    (step,) = json.loads(sync(newer, "--format", "json").out)["steps"]
    assert [(one["count"], one["before"], one["after"]) for one in step["inheriting"]] == [
        (1, "Due Upon Receipt", "Net 60")
    ]
