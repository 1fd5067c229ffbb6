"""An operation on its pages: filled in, planned, confirmed and posted exactly so; or refused, and then nothing is
changed."""

from __future__ import annotations

import base64
import datetime
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import Caller, OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import asking
from tests.service.browsing import listening, visited, wrong_with
from tests.service.conftest import ACTOR, HERE, STORY
from tests.service.pages import form_in, heading, links_in, plain, rows_in

POST = "/pages/plan/post"
WRITE_OFF = "write_off_invoice id=moser-is-gone invoice=AR-INV00000001 date=2026-03-03"
LARGE = "write_off_invoice id=hayes-is-gone invoice=SQ-INV00000001 date=2026-03-03"
TWO_MONTHS = {
    # The one of `billpolicy explain closure-unconfirmed`: who credits January to bill it again takes February, too.
    "accounts": [{"id": "acme", "currency": "EUR", "attributes": {"bill_to_contact": "anna"}}],
    "contacts": [{"id": "anna", "account": "acme"}],
    "subscriptions": [
        {
            "id": "crm",
            "account": "acme",
            "start": "2026-01-01",
            "charges": [{"id": "seat", "rate": "100.00", "charged_through": "2026-03-01"}],
        }
    ],
    "invoices": [
        {
            "number": f"INV0000000{month}",
            "account": "acme",
            "date": f"2026-0{month}-01",
            "currency": "EUR",
            "items": [
                {
                    "id": "seat",
                    "subscription": "crm",
                    "subscribed_charge": "seat",
                    "amount": "100.00",
                    "quantity": "1",
                    "unit_price": "100.00",
                    "service_start": f"2026-0{month}-01",
                    "service_end": f"2026-0{month}-{last}",
                }
            ],
        }
        for month, last in ((1, 31), (2, 28))
    ],
}


def typed(client: TestClient, text: str) -> str:
    return client.get("/pages/plan", params={"by": "typed", "typed": text}).text


def pressed(client: TestClient, form: Mapping[str, str], do: str) -> Any:
    return client.post(POST, data={**form, "do": do})


def confirmed(client: TestClient, text: str) -> dict[str, str]:
    """The last form before an operation is posted."""
    page = pressed(client, form_in(typed(client, text), POST), "confirm")
    assert page.status_code == 200, plain(page.text)
    return form_in(page.text, POST)


def test_an_operation_is_planned_confirmed_and_posted_so(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    page = typed(posting, WRITE_OFF)
    assert ["AR-INV00000001", "balance", "80.00 EUR", "0.00 EUR"] in rows_in(page)
    asked = pressed(posting, form_in(page, POST), "confirm")
    assert ["AR-CM00000001", "credit memo", "moser", "80.00 EUR"] in rows_in(asked.text)
    assert ["AR-INV00000001", "80.00 EUR", "0.00 EUR"] in rows_in(asked.text)
    assert "As ines, under the id moser-is-gone" in plain(asked.text)
    assert links_in(asked.text, "/pages/plan?") == [f"/pages/plan?{urlencode({'by': 'typed', 'typed': WRITE_OFF})}"]
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 80
    done = pressed(posting, form_in(asked.text, POST), "post")
    assert done.status_code == 201
    assert links_in(done.text, "/pages/documents/") == ["/pages/documents/AR-CM00000001"]
    memo = billpolicy.document(ledger, "AR-CM00000001")
    audit = memo.operation.audit  # type: ignore[union-attr]
    assert (audit.who, audit.request) == ("ines", done.headers["x-request-id"])
    assert ledger.check() == []


def test_a_double_click_posts_once(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    form = confirmed(posting, WRITE_OFF)
    answers: list[Any] = []
    clicks = [threading.Thread(target=lambda: answers.append(pressed(posting, form, "post"))) for _ in range(4)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert all("moser-is-gone is posted by ines" in plain(one.text) for one in answers)
    assert len(billpolicy.account(ledger, "moser").documents) == 2
    assert ledger.check() == []


def test_the_id_is_set_when_the_form_is_first_shown(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    page = posting.get("/pages/plan").text
    id = page.partition('id="id" name="id" value="')[2].partition('"')[0]
    assert len(id) == len("2026-01-31-01234567")
    fields = {"by": "typed", "typed": "write_off_invoice invoice=AR-INV00000001", "id": id}
    shown = posting.get("/pages/plan", params=fields).text
    assert f'name="id" value="{id}"' in shown
    asked = pressed(posting, form_in(shown, POST), "confirm").text
    assert pressed(posting, form_in(asked, POST), "post").status_code == 201
    assert "It was posted before" in plain(posting.get("/pages/plan", params=fields).text)
    other = posting.get("/pages/plan").text.partition('id="id" name="id" value="')[2].partition('"')[0]
    assert other != id


def test_what_changed_since_it_was_shown_is_said_and_nothing_is_posted(
    policy: billpolicy.Versions, posting: TestClient, ledger: billpolicy.Ledger
) -> None:
    partly = WRITE_OFF.replace("moser-is-gone", "later")
    before, last = form_in(typed(posting, partly), POST), confirmed(posting, partly)
    credit = {
        "id": "first",
        "operation": "credit_memo_from_invoice",
        "date": "2026-03-02",
        "actor": "ines",
        "invoice": "AR-INV00000001",
        "reason": "Charge Dispute",
        "items": [{"item": "nights", "amount": "5.00"}],
    }
    apply = {"id": "then", "operation": "apply_credit_memo", "date": "2026-03-02", "actor": "ines"}
    list(billpolicy.post_all(policy, ledger, [credit, apply | {"credit_memo": "AR-CM00000001"}], who="ines"))
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 75
    head = _head(ledger)
    for form, do in ((before, "confirm"), (last, "post")):
        answer = pressed(posting, form, do)
        assert answer.status_code == 409
        told = plain(answer.text)
        assert "Nothing was posted" in told
        assert "later would be done otherwise by now than this plan says" in told
        assert ["open of AR-INV00000001", "80.00 EUR, then 0.00 EUR", "75.00 EUR, then 0.00 EUR"] in rows_in(
            answer.text
        )
        assert "was 80.00, is 75.00 now" in told  # among every difference
        assert form_in(answer.text, POST)["plan"] != form["plan"]  # as it would be done now, to be posted so
    assert _head(ledger) == head


def _head(ledger: billpolicy.Ledger) -> str:
    with ledger.reading() as reader:
        return reader.head().digest


HUGE = base64.urlsafe_b64encode(zlib.compress(b"0" * 17_000_000)).decode()
"""17 MB in 17 kB."""


@pytest.mark.parametrize("plan", ["", "no plan", "eJwDAAAAAAE=", "é", "A" * 1000, HUGE])
def test_a_plan_that_is_none_posts_nothing(posting: TestClient, ledger: billpolicy.Ledger, plan: str) -> None:
    head = _head(ledger)
    answer = posting.post(POST, data={"plan": plan, "do": "post"}, headers={"accept": "text/html"})
    assert answer.status_code == 422
    assert "plan" in plain(answer.text)
    assert _head(ledger) == head


def test_a_small_plan_that_unpacks_to_a_large_one_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from billpolicy.service.pages import carried

    monkeypatch.setattr(carried, "plan_of", lambda text, path: pytest.fail(f"{len(text)} bytes were read"))
    with pytest.raises(billpolicy.Refused, match="not as the page had it"):
        carried.unpacked(HUGE)


@pytest.mark.parametrize(("letters", "is_carried"), [(8 * 1024 * 1024, True), (8 * 1024 * 1024 + 1, False)])
def test_what_is_carried_can_be_unpacked_again(
    policy: billpolicy.Versions, monkeypatch: pytest.MonkeyPatch, letters: int, is_carried: bool
) -> None:
    """16 MB are bytes, of which an umlaut has two."""
    from billpolicy.service.pages import carried

    one = billpolicy.operation_from({"id": "x", "operation": "write_off_invoice", "invoice": "AR-INV00000001"})
    monkeypatch.setattr(billpolicy, "plan_file", lambda *_: "ü" * letters)
    sizes: list[int] = []

    def plan_of(raw: bytes, path: Path) -> SimpleNamespace:
        sizes.append(len(raw))
        return SimpleNamespace(operations=[1])

    monkeypatch.setattr(carried, "plan_of", plan_of)
    plan = carried.carried(policy, datetime.date(2026, 3, 3), one, [])
    assert (plan is not None) == is_carried
    if plan is not None:
        carried.unpacked(plan)
        assert sizes == [2 * letters]


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text.encode())).decode()


@pytest.mark.parametrize("count", [0, 2])
def test_a_page_posts_one_operation_and_no_other(
    policy: billpolicy.Versions, posting: TestClient, ledger: billpolicy.Ledger, count: int
) -> None:
    told = {"operation": "write_off_invoice", "date": "2026-03-03", "invoice": "AR-INV00000001", "actor": "ines"}
    asked = [billpolicy.operation_from({**told, "id": f"x-{number}"}) for number in range(count)]
    day = datetime.date(2026, 3, 3)
    outcomes = list(billpolicy.plan_all(policy, ledger, asked[:1], today=day))
    plan = packed(billpolicy.plan_file(policy, day, asked, outcomes))
    assert pressed(posting, {"plan": plan}, "post").status_code == 422
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 80


@pytest.mark.parametrize("do", ["", "confirm", "delete"])
def test_nothing_is_posted_but_by_the_last_button(posting: TestClient, ledger: billpolicy.Ledger, do: str) -> None:
    form, head = form_in(typed(posting, WRITE_OFF), POST), _head(ledger)
    assert "Post now" in pressed(posting, form, do).text
    assert _head(ledger) == head


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("actor=olaf", "the actor of"),
        ("approved_by=olaf", "says who approved it"),
    ],
)
def test_nobody_posts_as_somebody_else(
    policy: billpolicy.Versions, ledger: billpolicy.Ledger, more: str, says: str
) -> None:
    from billpolicy.service.pages.carried import carried

    with asking(policy, ledger, ACTOR) as posting:
        refused = posting.get("/pages/plan", params={"by": "typed", "typed": f"{WRITE_OFF} {more}"})
        assert (refused.status_code, says in plain(refused.text)) == (403, True)
        # And not by a plan that no page of this service has given.
        who, _, name = more.partition("=")
        one = billpolicy.operation_from(
            {
                "id": "x",
                "operation": "write_off_invoice",
                "date": "2026-03-03",
                "invoice": "AR-INV00000001",
                "actor": "ines",
                **({who: name} if who == "actor" else {who: [name]}),
            }
        )
        day = datetime.date(2026, 3, 3)
        outcomes = list(billpolicy.plan_all(policy, ledger, [one], today=day))
        forged = carried(policy, day, one, outcomes)
        answer = posting.post(POST, data={"plan": forged, "do": "post"}, headers={"accept": "text/html"})
        assert (answer.status_code, says in plain(answer.text)) == (403, True)
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 80


@pytest.mark.parametrize("do", ["post", "wait"])
def test_nobody_leaves_their_own_name_out(tmp_path: Path, ledger: billpolicy.Ledger, do: str) -> None:
    """A rule about the role of whoever asks would not be about them: what it refuses would be done."""
    from billpolicy.service.pages.carried import carried

    (tmp_path / "policy.yaml").write_text(
        "policy: clerks\nextends: standard\neffective: {from: 2026-01-01}\nroles: {clerk: [ines], lead: [maria]}\n"
        "exceptions:\n  - {id: no-clerk, operations: [write_off_invoice], when: {actor.role: clerk},\n"
        "     then: {permission: refused}, because: SEC-1}\n"
    )
    policy = billpolicy.load_policy(tmp_path / "policy.yaml", engine="python")
    asked = {"id": "x", "operation": "write_off_invoice", "date": "2026-03-03", "invoice": "AR-INV00000001"}
    one, day = billpolicy.operation_from(asked), datetime.date(2026, 3, 3)
    forged = carried(policy, day, one, list(billpolicy.plan_all(policy, ledger, [one], today=day)))
    with asking(policy, ledger, ACTOR) as posting:
        answer = posting.post(POST, data={"plan": forged, "do": do}, headers={"accept": "text/html"})
    assert (answer.status_code, "may not do this" in plain(answer.text)) == (409, True)
    assert billpolicy.document(ledger, "AR-INV00000001").balance == 80
    assert not billpolicy.waiting(ledger)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("write_off_invoice invoice=AR-INV00000009", "there is no invoice"),
        ("write_off_invoyce invoice=AR-INV00000001", "write_off_invoice"),
        ("write_off_invoice comment='", "a quote has no end"),
        ("write_off_invoice", "invoice"),
        ("write_off_invoice invoice=AR-INV00000001 amount=x", "amount"),
        ("   ", "Plan an operation"),
    ],
)
def test_what_is_wrong_stands_at_the_field_with_what_to_do(posting: TestClient, text: str, says: str) -> None:
    answer = posting.get("/pages/plan", params={"by": "typed", "typed": text})
    assert says in plain(answer.text)
    assert f'action="{POST}"' not in answer.text
    if text.strip():
        assert answer.status_code == 422
        assert 'aria-describedby="typed-error typed-help" aria-invalid="true"' in answer.text


def test_a_line_without_an_end_is_not_read(posting: TestClient) -> None:
    """1 MB of it took 8 seconds, and 8 MB the square of that."""
    began = time.monotonic()
    answer = posting.post("/pages/plan", data={"by": "typed", "typed": "write_off_invoice " + "a" * 1_000_000})
    assert (answer.status_code, "longer than the 20,000 letters" in plain(answer.text)) == (422, True)
    assert time.monotonic() - began < 4


def test_in_a_form_it_stands_at_its_own_field(posting: TestClient) -> None:
    fields = {"by": "fields", "operation": "write_off_invoice", "plan": "yes", "field.invoice": "AR-INV00000009"}
    page = posting.get("/pages/plan", params=fields).text
    told = page.partition('<div id="field.invoice-error" role="alert">')[2].partition("</div>")[0]
    assert "there is no invoice" in told
    assert 'value="AR-INV00000009"' in page
    fields["field.invoice"] = "AR-INV00000001"
    assert ["AR-INV00000001", "balance", "80.00 EUR", "0.00 EUR"] in rows_in(
        posting.get("/pages/plan", params=fields).text
    )


@pytest.mark.parametrize("way", ["typed", "fields"])
def test_what_is_wrong_with_the_id_stands_at_the_id(posting: TestClient, way: str) -> None:
    fields = {"by": way, "id": "x" * 300, "operation": "write_off_invoice", "plan": "yes"}
    fields |= {"field.invoice": "AR-INV00000001", "typed": "write_off_invoice invoice=AR-INV00000001"}
    answer = posting.get("/pages/plan", params=fields)
    told = answer.text.partition('<div id="id-error" role="alert">')[2].partition("</div>")[0]
    assert (answer.status_code, "longer than 255 characters" in told) == (422, True)


def test_what_a_form_has_no_control_for_is_told_all_the_same(posting: TestClient) -> None:
    fields = {"by": "fields", "operation": "write_off_invoice", "plan": "yes", "field.invoice": "AR-INV00000001"}
    answer = posting.get("/pages/plan", params={**fields, "field.invoyce": "x"})
    assert answer.status_code == 422
    assert "invoyce" in plain(answer.text)


def test_yaml_is_planned_and_its_mistakes_are_told_by_line(posting: TestClient) -> None:
    text = "operation: write_off_invoice\r\ndate: 2026-03-03\r\ninvoice: AR-INV00000001\r\n"
    sent = {"by": "yaml", "yaml": text, "id": "by-yaml"}
    page = posting.post("/pages/plan", data=sent)
    assert "by-yaml: write_off_invoice on 2026-03-03" in plain(page.text)
    wrong = posting.post("/pages/plan", data={**sent, "yaml": text.replace("invoice:", "invoyce:")})
    assert wrong.status_code == 422
    assert "line 3:" in plain(wrong.text)
    long = posting.post("/pages/plan", data={**sent, "id": "x" * 5000})
    assert long.status_code == 422, "what is wrong with an id that stands beside the text"
    two = "operations:\n" + "".join(f"- {{operation: write_off_invoice, invoice: AR-INV0000000{n}}}\n" for n in (1, 2))
    assert "these are 2 operations, and a page plans one" in plain(
        posting.post("/pages/plan", data={**sent, "yaml": two}).text
    )


def test_more_lines_than_were_selected_are_confirmed_by_hand(tmp_path: Path) -> None:
    policy = billpolicy.load_policy("standard", engine="python")
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.import_book(billpolicy.book_from(TWO_MONTHS))
        with asking(policy, ledger, ACTOR) as client:
            page = typed(client, "credit_rebill id=again date=2026-03-02 invoice=INV00000001")
            assert "INV00000002/seat" in plain(page)  # in the plan, with the rule that takes it
            asked = pressed(client, form_in(page, POST), "confirm")
            assert "Credit also what belongs to what was selected, 1 line: 100.00 EUR" in plain(asked.text)
            form = form_in(asked.text, POST)
            head = _head(ledger)
            refused = pressed(client, form, "post")
            assert refused.status_code == 422
            assert "Nobody has confirmed that yet" in plain(refused.text)
            assert _head(ledger) == head
            box = asked.text.partition('type="checkbox" id="')[2].partition('"')[0]
            assert pressed(client, {**form, box: "yes"}, "post").status_code == 201
            assert ledger.check() == []


def test_what_lacks_approvals_can_wait_for_them(posting: TestClient, ledger: billpolicy.Ledger) -> None:
    page = typed(posting, LARGE)
    assert "this needs the approval of one person in the role cfo" in plain(page)
    assert ["SQ-INV00000001", "balance", "7,000.00 USD", "0.00 USD"] in rows_in(page)
    form = form_in(page, POST)
    answer = pressed(posting, form, "wait")
    assert answer.status_code == 202
    assert "hayes-is-gone waits for approval by olaf" in plain(answer.text)
    (one,) = billpolicy.waiting(ledger)
    assert (one.id, one.actor, one.request_id) == ("hayes-is-gone", "ines", answer.headers["x-request-id"])
    assert pressed(posting, form, "wait").status_code == 202
    assert len(billpolicy.waiting(ledger)) == 1
    # It is not posted by asking for that instead.
    assert pressed(posting, form, "post").status_code == 409
    assert billpolicy.document(ledger, "SQ-INV00000001").balance == 7000


@pytest.mark.parametrize(
    ("scopes", "actor", "says"),
    [
        ({"read", "plan"}, "ines", "may plan but not post: that takes the scope post"),
        ({"read", "plan", "post"}, None, "is nobody to the policy"),
    ],
)
def test_who_may_not_post_is_told_so(
    policy: billpolicy.Versions, ledger: billpolicy.Ledger, scopes: set[str], actor: str | None, says: str
) -> None:
    class Known(OnThisMachine):
        def caller(self, client: str, headers: Any) -> Caller:
            return Caller("somebody", frozenset(scopes), actor)  # type: ignore[arg-type]

    serving = Serving(InForce(policy), ledger, Known())
    with TestClient(app_of(serving), HERE) as client:
        page = typed(client, "change_account id=c account=moser name=Moser" if actor is None else WRITE_OFF)
        assert says in plain(page) or "nobody is named as the actor" in plain(page)
        assert f'action="{POST}"' not in page


def test_to_a_book_nothing_is_posted(client: TestClient) -> None:
    assert "Nothing can be posted to a book" in plain(typed(client, WRITE_OFF))


def test_a_bill_run_over_every_account_is_planned_part_by_part(tmp_path: Path) -> None:
    policy = billpolicy.load_policy("standard", engine="python")
    with billpolicy.create_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        beta = {
            "accounts": [{"id": "beta", "currency": "EUR", "attributes": {"bill_to_contact": "ben"}}],
            "contacts": [{"id": "ben", "account": "beta"}],
            "subscriptions": [
                {"id": "b-1", "account": "beta", "start": "2026-03-01", "charges": [{"id": "seat", "rate": "7.00"}]}
            ],
        }
        ledger.import_book(billpolicy.book_from(TWO_MONTHS))
        ledger.import_book(billpolicy.book_from(beta))
        with asking(policy, ledger, ACTOR) as client:
            page = typed(client, "bill_run id=march date=2026-03-01 target_date=2026-03-31")
            assert "march/acme" in plain(page)
            assert "march/beta" in plain(page)
            asked = pressed(client, form_in(page, POST), "confirm")
            done = pressed(client, form_in(asked.text, POST), "post")
            assert done.status_code == 201, plain(done.text)
            assert len(links_in(done.text, "/pages/documents/")) == 2
            again = typed(client, "bill_run id=again date=2026-03-01 target_date=2026-03-31")
            assert "nothing is due" in plain(again)
            assert f'action="{POST}"' not in again
            assert ledger.check() == []


@pytest.fixture(scope="module")
def at(policy: billpolicy.Versions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("plan") / "ledger.db"
    with billpolicy.create_ledger(f"sqlite:///{path}") as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        with listening(Serving(InForce(policy), ledger, OnThisMachine(ACTOR))) as at:
            yield at


@pytest.mark.parametrize("script", [True, False])
def test_somebody_credits_an_invoice(browser: Any, at: str, script: bool) -> None:
    page = visited(browser, f"{at}/pages/documents/KI-INV00000001", script=script)
    page.get_by_text("Plan an operation on it").click()
    page.get_by_role("link", name="credit memo from invoice").click()
    assert page.get_by_label("invoice", exact=True).input_value() == "KI-INV00000001"
    page.get_by_text("More fields").click()
    page.get_by_label("reason", exact=True).fill("Charge Dispute")
    page.get_by_label("items 1: item", exact=True).fill("nights")
    page.get_by_label("items 1: amount", exact=True).fill("1,5")
    page.get_by_role("button", name="Show what it would do").click()
    assert page.get_by_role("alert").count() == 1
    page.get_by_label("items 1: amount", exact=True).fill("1.50")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("button", name="Post …").click()
    assert heading(page) == "Post “credit memo from invoice”?"
    page.get_by_role("button", name="Post now").dblclick()
    page.get_by_role("heading", name="It is posted").wait_for()
    page.get_by_role("link", name="KI-CM").click()
    assert page.get_by_text("1.50 EUR").first.is_visible()


PATHS = (
    "plan",
    "plan?by=fields&operation=credit_memo_from_invoice",
    "plan?by=yaml",
    f"plan?{urlencode({'typed': WRITE_OFF})}",
    f"plan?{urlencode({'typed': LARGE})}",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("width", "scheme"), [(1400, "dark"), (390, "light")])
def test_everybody_can_read_them(browser: Any, at: str, path: str, width: int, scheme: str) -> None:
    page = visited(browser, f"{at}/pages/{path}", width=width, scheme=scheme)
    assert wrong_with(page) == []
    button = page.get_by_role("button", name="Post …")
    if button.count():
        button.click()
        assert heading(page) == "Post “write off invoice”?"
        assert wrong_with(page) == []
