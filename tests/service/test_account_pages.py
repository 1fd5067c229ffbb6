"""Accounts, documents, trails, plans and what waits, as a billing admin goes from one to the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.browsing import listening, visited, wrong_with
from tests.service.conftest import ACTOR, HERE, STORY

WRITE_OFF = "write_off_invoice id=moser-is-gone invoice=AR-INV00000001 date=2026-03-03"
DEBIT = (
    "debit_memo_from_invoice id=a-dog invoice=AR-INV00000001 date=2026-03-04 items.1.item=nights items.1.amount=15.00"
)
LARGE = "write_off_invoice id=hayes-is-gone invoice=SQ-INV00000001 date=2026-03-03"


def plain(page: str) -> str:
    """What is read of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.partition("<main")[2])).replace("\xa0", " ")


def test_accounts_are_found_as_one_types(client: TestClient) -> None:
    page = client.get("/pages/accounts").text
    assert re.findall(r'href="/pages/accounts/([^"?]+)"', page) == sorted(
        billpolicy.load_book(STORY / "book.yaml").accounts
    )
    part = client.get("/pages/accounts", params={"called": "mos"}, headers={"hx-request": "true"}).text
    assert part.startswith('<div id="accounts">')
    assert re.findall(r'href="/pages/accounts/([^"?]+)"', part) == ["moser"]
    assert "No account is called so" in client.get("/pages/accounts", params={"called": "zzz"}).text


def test_nobody_is_told_that_there_is_an_account_that_is_none(client: TestClient) -> None:
    answer = client.get("/pages/accounts/nobody", headers={"accept": "text/html"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "there is no account" in answer.text


def test_an_account_shows_what_it_owes_and_its_documents(client: TestClient) -> None:
    page = client.get("/pages/accounts/moser").text
    assert 'href="/pages/documents/AR-INV00000001"' in page
    assert "80.00" in plain(page)  # the one invoice of Moser, of which nothing is paid


def test_amounts_and_days_are_written_as_the_reader_does(client: TestClient) -> None:
    german = client.get("/pages/documents/SQ-INV00000001", headers={"accept-language": "de-DE,de;q=0.9,en;q=0.5"}).text
    assert '<data value="7000.00" class="amount">7.000,00</data>' in german
    english = client.get("/pages/documents/SQ-INV00000001", headers={"accept-language": "xx,en-US;q=0.5"}).text
    assert '<data value="7000.00" class="amount">7,000.00</data>' in english


def shown_in(page: str) -> dict[str, str]:
    """What the form that posts has in it."""
    form = page.rpartition('<form method="post"')[2]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def test_an_operation_is_planned_shown_and_posted_so(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    page = posting.get("/pages/plan", params={"text": WRITE_OFF}).text
    assert "AR-CM00000001" in plain(page)
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 80
    form = shown_in(page)
    done = posting.post("/pages/plan", data=form)
    assert done.status_code == 201
    assert "It is posted, by ines" in done.text
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 0
    again = posting.post("/pages/plan", data=form)
    assert "It was posted before, by ines" in again.text
    audit = billpolicy.document(ledger, "AR-CM00000001").operation.audit  # type: ignore[union-attr]
    assert (audit.who, audit.request) == ("ines", done.headers["x-request-id"])
    assert ledger.check() == []


def test_what_has_changed_since_it_was_shown_is_shown_again(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    form = shown_in(posting.get("/pages/plan", params={"text": WRITE_OFF}).text)
    other = shown_in(posting.get("/pages/plan", params={"text": DEBIT}).text)
    assert posting.post("/pages/plan", data=other).status_code == 201
    form["shown"] = "0" * 64
    answer = posting.post("/pages/plan", data=form)
    assert answer.status_code == 409
    assert "This is not what was shown before" in answer.text
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 80


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("write_off_invoice invoice=AR-INV00000009", "there is no invoice"),
        ("write_off_invoyce invoice=AR-INV00000001", "write_off_invoice"),
        ("write_off_invoice comment='", "a quote has no end"),
        ("operations: [", "ends in the middle of a value"),
        (WRITE_OFF + " actor=olaf", "the actor of"),
        (WRITE_OFF + " approved_by=olaf", "says who approved it"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_posted(posting: TestClient, text: str, says: str) -> None:
    answer = posting.get("/pages/plan", params={"text": text})
    assert answer.status_code in (200, 403, 422)
    assert says in plain(answer.text)
    assert '<form method="post"' not in answer.text


def test_what_a_second_person_must_see_waits_for_them(policy: billpolicy.Versions, ledger: billpolicy.Ledger) -> None:
    ines, olaf = (
        TestClient(app_of(Serving(InForce(policy), ledger, OnThisMachine(who))), HERE) for who in ("ines", "olaf")
    )
    form = shown_in(ines.get("/pages/plan", params={"text": LARGE}).text)
    assert form.keys() == {"text", "wait"}
    assert "It waits for approvals" in ines.post("/pages/plan", data=form).text
    theirs = ines.get("/pages/waiting").text
    assert "Waiting for others" in theirs
    assert "Waiting for you" not in theirs
    own = ines.post("/pages/waiting", data={"id": "hayes-is-gone", "do": "approve"})
    assert own.status_code == 422
    assert "cannot approve an operation of their own" in plain(own.text)
    assert "Waiting for you" in olaf.get("/pages/waiting").text
    approved = olaf.post("/pages/waiting", data={"id": "hayes-is-gone", "do": "approve", "comment": "seen"})
    assert "has all the approvals that it needs" in plain(approved.text)
    assert "is posted: SQ-CM00000001" in plain(ines.post("/pages/waiting/post", data={"id": "hayes-is-gone"}).text)
    assert billpolicy.document(ledger, "SQ-INV00000001").balance == 0
    assert ledger.check() == []


@pytest.fixture(scope="module")
def ledger_address(policy: billpolicy.Versions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("pages") / "ledger.db"
    with billpolicy.create_ledger(f"sqlite:///{path}") as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        operations = billpolicy.load_operations(STORY / "operations.yaml")
        list(billpolicy.post_all(policy, ledger, operations, who=ACTOR))
        with listening(Serving(InForce(policy), ledger, OnThisMachine("olaf"))) as at:
            yield at


def test_somebody_goes_from_an_account_to_what_became_of_a_line(browser: Any, ledger_address: str) -> None:
    page = visited(browser, f"{ledger_address}/pages/accounts")
    page.get_by_label("Find").fill("mos")
    page.get_by_text("One account.").wait_for()
    page.get_by_role("link", name="moser").click()
    page.get_by_role("link", name="AR-INV00000001").click()
    page.get_by_role("link", name="What became of its lines").click()
    assert page.get_by_role("heading", level=1).inner_text() == "History of AR-INV00000001"
    assert page.wrong == []


PAGES = (
    "accounts",
    "accounts/moser",
    "documents/AR-INV00000001",
    "documents/AR-CM00000001",
    "history/AR-INV00000001",
    f"plan?text={LARGE.replace(' ', '+')}",
    "waiting",
)


@pytest.mark.parametrize("path", PAGES, ids=[path.partition("?")[0] for path in PAGES])
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_everybody_can_read_them(browser: Any, ledger_address: str, path: str, width: int, scheme: str) -> None:
    page = visited(browser, f"{ledger_address}/pages/{path}", width=width, scheme=scheme)
    assert wrong_with(page) == []
