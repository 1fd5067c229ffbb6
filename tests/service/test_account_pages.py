"""Accounts, documents and trails, as a billing admin goes from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import HAYES_IS_GONE, asking
from tests.service.browsing import listening, visited, wrong_with
from tests.service.conftest import ACTOR, STORY
from tests.service.pages import heading, links_in, plain, rows_in

TODAY = "2026-06-01"
HOSTILE = {
    "accounts": [
        {"id": "a/b?c#d%20e", "name": "<script>alert(1)</script> & Söhne", "currency": "JPY"},
        {"id": "فندق", "name": "الجبل (1) abc", "currency": "KWD"},
        {"id": "both", "currency": "EUR"},
        {"id": "many", "name": "x" * 200, "currency": "EUR"},
    ],
    "contacts": [{"id": "kim", "account": "both", "name": "Kim O'Neil", "email": "kim@example.com"}],
    "invoices": [
        {
            "number": "J/1?#",
            "account": "a/b?c#d%20e",
            "date": "2026-01-01",
            "currency": "JPY",
            "items": [{"id": "n/1", "amount": "12345678901"}],
        },
        {
            "number": "K-1",
            "account": "فندق",
            "date": "2026-01-01",
            "currency": "KWD",
            "items": [{"id": "n", "name": "ليالي", "amount": "1234.567", "taxes": [{"id": "vat", "amount": "0.005"}]}],
        },
        {
            "number": "B-1",
            "account": "both",
            "date": "2026-05-20",
            "due_date": "2026-06-19",
            "currency": "EUR",
            "items": [{"id": "n", "amount": "100.00"}],
        },
        {
            "number": "B-2",
            "account": "both",
            "date": "2026-03-01",
            "due_date": "2026-03-31",
            "currency": "EUR",
            "items": [{"id": "n", "amount": "40.00"}],
        },
        {
            "number": "B-3",
            "account": "both",
            "date": "2026-03-01",
            "due_date": "2026-03-31",
            "currency": "USD",
            "items": [{"id": "n", "amount": "7.00"}],
        },
        *(
            {
                "number": f"M-{number:03}",
                "account": "many",
                "date": "2026-01-01",
                "currency": "EUR",
                "items": [{"id": "n", "amount": "1.00"}],
            }
            for number in range(500)
        ),
    ],
    "payments": [
        {"number": "P-1", "account": "both", "date": "2026-05-21", "currency": "EUR", "amount": "30.00"},
        {"number": "P-2", "account": "both", "date": "2026-05-21", "currency": "EUR", "amount": "5.00"},
    ],
    "applications": [
        {"from": "P-1", "to": "B-1", "date": "2026-05-21", "amount": "20.00"},
        {"from": "P-1", "to": "B-2", "date": "2026-05-21", "amount": "10.00"},
    ],
    "credit_adjustments": [
        {
            "number": "C-1",
            "account": "both",
            "date": "2026-05-22",
            "currency": "EUR",
            "amount": "3.00",
            "type": "increase",
        }
    ],
}


@pytest.fixture(scope="module")
def hostile() -> billpolicy.Book:
    return billpolicy.book_from(HOSTILE)


@pytest.fixture(scope="module")
def shown(policy: billpolicy.Versions, hostile: billpolicy.Book) -> Iterator[TestClient]:
    with asking(policy, hostile, ACTOR) as client:
        yield client


def test_accounts_are_found_as_one_types(client: TestClient) -> None:
    page = client.get("/pages/accounts").text
    accounts = sorted(billpolicy.load_book(STORY / "book.yaml").accounts)
    assert links_in(page, "/pages/accounts/") == [f"/pages/accounts/{id}" for id in accounts]
    part = client.get("/pages/accounts", params={"called": "mos"}, headers={"hx-request": "true"}).text
    assert part.startswith('<div id="found">')
    assert links_in(part, "/pages/accounts/") == ["/pages/accounts/moser"]
    by_contact = client.get("/pages/accounts", params={"called": "helen hayes"}).text
    assert links_in(by_contact, "/pages/accounts/") == ["/pages/accounts/hayes"]
    assert "No account is called “zzz”." in client.get("/pages/accounts", params={"called": "zzz"}).text


def test_amounts_are_told_by_currency_and_never_added_up_across_two(shown: TestClient) -> None:
    page = shown.get("/pages/accounts", params={"called": "both", "today": TODAY}).text
    head, both, _, eur, usd = rows_in(page)
    assert head == ["account", "open", "overdue", "unapplied", "credit balance"]
    # Open: 80.00 of B-1, 30.00 of B-2; of these B-2 is past due. Of P-1 nothing is left, of P-2 all.
    amounts = ["110.00 EUR / 7.00 USD", "30.00 EUR / 7.00 USD", "5.00 EUR / 0.00 USD", "3.00 EUR / –"]
    assert both[-4:] == amounts
    assert eur == ["EUR", "110.00 EUR", "30.00 EUR", "5.00 EUR", "3.00 EUR"]
    assert usd == ["USD", "7.00 USD", "7.00 USD", "0.00 USD", "–"]


def test_fifty_accounts_at_once_each_once(policy: billpolicy.Versions) -> None:
    book = billpolicy.book_from({"accounts": [{"id": f"a-{n:03}", "currency": "EUR"} for n in range(120)]})
    seen: list[str] = []
    with asking(policy, book, ACTOR) as client:
        address = "/pages/accounts"
        while address:
            page = client.get(address).text
            found = links_in(page, "/pages/accounts/")
            assert len(found) <= 50
            seen += found
            more = [one for one in links_in(page, "/pages/accounts?") if "after=" in one]
            address = more[0] if more else ""
    assert seen == [f"/pages/accounts/a-{n:03}" for n in range(120)]


def test_nobody_is_told_that_there_is_what_there_is_not(client: TestClient) -> None:
    for path, says in (
        ("accounts/nobody", "there is no account nobody"),
        ("documents/NO-1", "there is no document NO-1"),
        ("history/NO-1", "NO-1"),
    ):
        answer = client.get(f"/pages/{path}", headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert says in plain(answer.text)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_an_account_shows_how_it_stands_and_its_documents(shown: TestClient) -> None:
    page = shown.get("/pages/accounts/both", params={"today": TODAY}).text
    told = plain(page)
    assert "Kim O'Neil kim kim@example.com" in told
    assert "Owed as of Jun 1, 2026, by days past due: 110.00 EUR" in told
    rows = {row[0]: row for row in rows_in(page)}
    assert rows["EUR"] == ["EUR", "110.00 EUR", "30.00 EUR", "5.00 EUR", "3.00 EUR"]
    assert rows["B-2"] == ["B-2", "invoice", "Mar 1, 2026", "Mar 31, 2026", "40.00 EUR", "30.00 EUR"]
    assert rows["C-1"][1] == "credit balance increase"
    opened = shown.get("/pages/accounts/both", params={"today": TODAY, "show": "open"}).text
    documents = [one.rpartition("/")[2] for one in links_in(opened, "/pages/documents/")]
    assert sorted(documents) == ["B-1", "B-2", "B-3", "P-2"]


def test_of_an_account_with_500_documents_each_is_on_one_page(shown: TestClient) -> None:
    seen: list[str] = []
    address = "/pages/accounts/many"
    while address:
        page = shown.get(address.partition("#")[0]).text
        assert len(page) < 100_000
        seen += links_in(page, "/pages/documents/")
        older = [one for one in links_in(page, "/pages/accounts/many?") if "page=" in one]
        address = older[-1] if older and f"page={len(seen) // 50 + 1}" in older[-1] else ""
    assert seen == [f"/pages/documents/M-{n:03}" for n in reversed(range(500))]


def test_a_document_shows_its_items_its_money_and_what_it_inherits(shown: TestClient) -> None:
    page = shown.get("/pages/documents/B-1").text
    rows = rows_in(page)
    assert ["n", "100.00 EUR", "80.00 EUR"] in rows
    assert ["P-1", "payment", "May 21, 2026", "20.00 EUR"] in rows
    payment = shown.get("/pages/documents/P-1").text
    assert "P-1 on 2 documents: 30.00 EUR" in plain(payment)  # the chart of where its money went
    assert ["B-2", "invoice", "May 21, 2026", "10.00 EUR"] in rows_in(payment)
    assert "nothing here decided it" in plain(payment)


def test_a_posted_document_tells_its_rules_and_who_made_it(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    policy = billpolicy.load_policy(STORY / "policy.yaml", engine="python")
    operations = billpolicy.load_operations(STORY / "operations.yaml")
    list(billpolicy.post_all(policy, ledger, operations[1:2], who="ines", request="req-7"))
    page = posting.get("/pages/documents/AR-CM00000001").text
    rows = {row[0]: row for row in rows_in(page)}
    assert rows["bill_to_contact"][1:3] == ["moritz", "invoice AR-INV00000001"]
    assert rows["sequence_set"][3] == "write_off_invoice.sequence_set"
    told = plain(page)
    assert "moser-is-gone req-7" in told
    (decided,) = links_in(page, "/pages/documents/AR-CM00000001?")
    assert "Levels of bill_to_contact" in posting.get(decided).text  # the chain, as it was explained
    history = posting.get("/pages/history/AR-INV00000001").text
    assert 'role="group"' in history  # the trail, drawn
    assert "written off" in plain(history)


@pytest.mark.parametrize(
    ("path", "operations"),
    [
        ("accounts/moser", ["create_payment", "change_account"]),
        ("documents/AR-INV00000001", ["write_off_invoice", "credit_memo_from_invoice"]),
    ],
)
def test_what_is_looked_at_leads_to_the_forms_of_what_can_be_done_to_it(
    client: TestClient, path: str, operations: list[str]
) -> None:
    links = links_in(client.get(f"/pages/{path}").text, "/pages/plan?by=fields")
    field, name = ("account", "moser") if path.startswith("acc") else ("invoice", "AR-INV00000001")
    for operation in operations:
        assert f"/pages/plan?by=fields&operation={operation}&field.{field}={name}" in links
    assert not any("create_account" in one for one in links)


def test_names_turn_nothing_around_and_run_nothing(shown: TestClient) -> None:
    page = shown.get("/pages/accounts").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<bdi>الجبل (1) abc</bdi>" in page
    slashes = shown.get("/pages/documents/" + quote("J/1?#", safe=""))
    assert "12,345,678,901 JPY" in plain(slashes.text)
    assert ["n", "ليالي", "1,234.567 KWD", "1,234.567 KWD"] in rows_in(shown.get("/pages/documents/K-1").text)
    assert "1,234.572 KWD" in plain(shown.get("/pages/documents/K-1").text)


def test_an_account_and_its_documents_tell_what_waits(policy: billpolicy.Versions, ledger: billpolicy.Ledger) -> None:
    billpolicy.wait(policy, ledger, HAYES_IS_GONE | {"actor": "ines"}, who="ines")
    with asking(policy, ledger, "ines") as client:
        for path in ("accounts/hayes", "documents/SQ-INV00000001"):
            page = client.get(f"/pages/{path}").text
            assert links_in(page, "/pages/waiting?") == ["/pages/waiting?id=hayes-is-gone"]
        assert links_in(client.get("/pages/accounts/moser").text, "/pages/waiting?") == []


@pytest.fixture(scope="module")
def at(policy: billpolicy.Versions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service on a ledger with the story posted, and with names that are hard to show."""
    path: Path = tmp_path_factory.mktemp("pages") / "ledger.db"
    with billpolicy.create_ledger(f"sqlite:///{path}") as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        ledger.import_book(billpolicy.book_from(HOSTILE))
        operations = billpolicy.load_operations(STORY / "operations.yaml")
        list(billpolicy.post_all(policy, ledger, operations, who=ACTOR))
        with listening(Serving(InForce(policy), ledger, OnThisMachine(ACTOR))) as at:
            yield at


def test_somebody_goes_from_an_account_to_what_became_of_a_line(browser: Any, at: str) -> None:
    page = visited(browser, f"{at}/pages/accounts")
    page.get_by_label("Name, id or contact").press_sequentially("mos")
    page.get_by_role("link", name="hayes").wait_for(state="detached")
    page.get_by_role("link", name="moser").click()
    page.get_by_role("link", name="AR-INV00000001").click()
    page.get_by_role("link", name="What became of its lines").click()
    assert heading(page) == "History of AR-INV00000001"
    page.get_by_label("Amounts and days are written").select_option("de-DE")
    page.get_by_role("button", name="Use").click()
    assert page.locator("time", has_text="03.03.2026").first.is_visible()
    assert heading(page) == "History of AR-INV00000001"
    assert page.wrong == []


def test_it_works_without_a_script_and_with_any_name(browser: Any, at: str) -> None:
    page = visited(browser, f"{at}/pages/accounts", script=False)
    page.get_by_label("Name, id or contact").fill("SÖHNE")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="a/b?c#d%20e").click()
    assert heading(page) == "Account a/b?c#d%20e"
    page.get_by_role("link", name="J/1?#").click()
    assert heading(page) == "Invoice J/1?#"
    page.get_by_role("link", name="n/1").click()
    assert heading(page) == "History of J/1?#/n/1"


@pytest.mark.parametrize(
    "path",
    [
        "accounts",
        "accounts/both",
        "accounts/many",
        "documents/AR-CM00000001?decided=yes",
        "documents/P-1",
        "history/AR-INV00000001",
    ],
)
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_everybody_can_read_them(browser: Any, at: str, path: str, width: int, scheme: str) -> None:
    page = visited(browser, f"{at}/pages/{path}", width=width, scheme=scheme)
    assert wrong_with(page) == []
