"""What waits for approvals, on its page: for whom, what it would do, and who may do what about it."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import Caller, OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import HAYES_IS_GONE, asking
from tests.service.browsing import listening, visited, wrong_with
from tests.service.conftest import HERE
from tests.service.pages import form_in, links_in, plain, rows_in

WAITING = "/pages/waiting"
ASKED = HAYES_IS_GONE | {"actor": "ines"}


@pytest.fixture
def waiting(policy: billpolicy.Versions, ledger: billpolicy.Ledger) -> billpolicy.Ledger:
    billpolicy.wait(policy, ledger, ASKED, who="ines")
    return ledger


@contextmanager
def somebody(
    policy: billpolicy.Versions, ledger: billpolicy.Ledger, actor: str | None, scopes: Set[str]
) -> Iterator[TestClient]:
    """Asks as a caller with these scopes alone."""

    class Known(OnThisMachine):
        def caller(self, client: str, headers: Any) -> Caller:
            return Caller(actor or "somebody", frozenset(scopes), actor)  # type: ignore[arg-type]

    with TestClient(app_of(Serving(InForce(policy), ledger, Known())), HERE) as client:
        yield client


def press(client: TestClient, do: str, comment: str = "") -> Any:
    form = form_in(client.get(WAITING).text, WAITING)
    return client.post(WAITING, data={**form, "comment": comment, "do": do})


def test_what_waits_for_me_is_approved_and_then_posted(policy: billpolicy.Versions, waiting: billpolicy.Ledger) -> None:
    with asking(policy, waiting, "ines") as ines, asking(policy, waiting, "olaf") as olaf:
        theirs = plain(ines.get(WAITING).text)
        assert "For others: 1 operation" in theirs
        assert "You asked for it yourself, so somebody else approves it." in theirs
        page = olaf.get(WAITING).text
        assert "For you: 1 operation" in plain(page)
        assert ["SQ-INV00000001", "balance", "7,000.00 USD", "0.00 USD"] in rows_in(page)
        assert "approval by 1 of cfo" in plain(page)
        answer = press(olaf, "approve", "seen, and true")
        assert "has all the approvals that it needs" in plain(answer.text)
        assert "olaf, " in plain(answer.text)
        assert ": seen, and true" in plain(answer.text)
        (given,) = billpolicy.waiting(waiting)[0].approvals
        assert (given.person, given.comment, given.request) == (
            "olaf",
            "seen, and true",
            answer.headers["x-request-id"],
        )
        assert billpolicy.document(waiting, "SQ-INV00000001").balance == 7000
        done = press(ines, "post")
        assert links_in(done.text, "/pages/documents/") == ["/pages/documents/SQ-CM00000001"]
        assert "Nothing waits." in plain(done.text)
    assert billpolicy.document(waiting, "SQ-INV00000001").balance == 0
    assert waiting.check() == []


def test_what_is_withdrawn_waits_no_more(policy: billpolicy.Versions, waiting: billpolicy.Ledger) -> None:
    with asking(policy, waiting, "olaf") as olaf:
        form = form_in(olaf.get(WAITING).text, WAITING)
        assert "hayes-is-gone is withdrawn" in plain(press(olaf, "withdraw", "not now").text)
        assert billpolicy.waiting(waiting) == []
        again = olaf.post(WAITING, data={**form, "do": "approve"})
        assert again.status_code == 422
        assert "nothing waits for approvals as hayes-is-gone" in plain(again.text)


@pytest.mark.parametrize(
    ("scopes", "status"), [({"read", "post"}, 200), ({"read", "approve"}, 200), ({"read", "plan"}, 403)]
)
@pytest.mark.parametrize("on_a_page", [True, False])
def test_who_asked_and_who_approves_may_withdraw(
    policy: billpolicy.Versions, waiting: billpolicy.Ledger, scopes: set[str], status: int, on_a_page: bool
) -> None:
    with somebody(policy, waiting, "olaf", scopes) as olaf:
        if on_a_page:
            digest = billpolicy.waiting(waiting)[0].digest
            answer = olaf.post(WAITING, data={"id": "hayes-is-gone", "digest": digest, "do": "withdraw"})
        else:
            answer = olaf.post("/withdraw", json={"id": "hayes-is-gone"})
        assert answer.status_code == status
        assert bool(billpolicy.waiting(waiting)) == (status == 403)


@pytest.mark.parametrize(
    ("actor", "scopes", "says"),
    [
        ("olaf", {"read"}, "may look but not approve: that takes the scope approve"),
        ("olaf", {"read", "plan", "post"}, "may look but not approve: that takes the scope approve"),
        (None, {"read", "approve"}, "is nobody to the policy"),
        ("mia", {"read", "approve"}, "It is not for you to approve: olaf can."),
        ("ines", {"read", "approve"}, "You asked for it yourself, so somebody else approves it."),
    ],
)
def test_who_may_not_approve_is_told_why_and_cannot(
    policy: billpolicy.Versions, waiting: billpolicy.Ledger, actor: str | None, scopes: set[str], says: str
) -> None:
    (one,) = billpolicy.waiting(waiting)
    with somebody(policy, waiting, actor, scopes) as client:
        page = client.get(WAITING).text
        assert says in plain(page)
        assert 'value="approve"' not in page
        forged = client.post(WAITING, data={"id": one.id, "digest": one.digest, "do": "approve"})
        assert forged.status_code in (403, 422)
        if scopes.isdisjoint({"post", "approve"}) or actor is None:
            assert client.post(WAITING, data={"id": one.id, "digest": one.digest, "do": "withdraw"}).status_code == 403
            assert 'value="withdraw"' not in page
    assert billpolicy.waiting(waiting) == [one]


def test_nobody_approves_what_they_have_not_seen(policy: billpolicy.Versions, waiting: billpolicy.Ledger) -> None:
    with asking(policy, waiting, "olaf") as olaf:
        form = form_in(olaf.get(WAITING).text, WAITING)
        billpolicy.withdraw(waiting, "hayes-is-gone", who="ines")
        billpolicy.wait(policy, waiting, ASKED | {"comment": "another one"}, who="ines")
        answer = olaf.post(WAITING, data={**form, "do": "approve"})
        assert answer.status_code == 422
        assert "is something else by now than what you looked at" in plain(answer.text)
    assert billpolicy.waiting(waiting)[0].approvals == ()


def test_what_would_be_done_otherwise_by_now_is_said(policy: billpolicy.Versions, waiting: billpolicy.Ledger) -> None:
    credit = {
        "id": "credit",
        "operation": "credit_memo_from_invoice",
        "date": "2026-03-02",
        "actor": "ines",
        "invoice": "SQ-INV00000001",
        "reason": "Charge Dispute",
        "items": [{"item": "nights", "amount": "5.00"}],
    }
    apply = {"id": "a", "operation": "apply_credit_memo", "date": "2026-03-02", "actor": "ines"}
    list(billpolicy.post_all(policy, waiting, [credit, apply | {"credit_memo": "SQ-CM00000001"}], who="ines"))
    assert billpolicy.document(waiting, "SQ-INV00000001").balance == 6995
    with asking(policy, waiting, "olaf") as olaf:
        answer = press(olaf, "approve")
        assert answer.status_code == 422
        assert "was 7000.00, is 6995.00 now" in plain(answer.text)
    assert billpolicy.waiting(waiting)[0].approvals == ()


def test_what_no_version_of_the_policy_is_for_is_told_and_can_be_withdrawn(
    waiting: billpolicy.Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "later.yaml"
    path.write_text("policy: later\nextends: standard\neffective: {from: 2030-01-01}\n", encoding="utf-8")
    with asking(billpolicy.load_policy(path, engine="python"), waiting, "olaf") as olaf:
        page = olaf.get(WAITING)
        assert page.status_code == 200
        assert "2026-03-03" in plain(page.text)
        assert "is withdrawn" in plain(press(olaf, "withdraw").text)


@pytest.mark.parametrize("sent", [{}, {"do": "approve"}, {"do": "delete", "id": "hayes-is-gone"}])
def test_what_is_sent_by_hand_changes_nothing(
    policy: billpolicy.Versions, waiting: billpolicy.Ledger, sent: dict[str, str]
) -> None:
    with asking(policy, waiting, "olaf") as olaf:
        assert olaf.post(WAITING, data=sent).status_code == 422
    assert len(billpolicy.waiting(waiting)) == 1


@pytest.mark.parametrize("comment", ["a\0b", "\u202eabc"])
def test_a_comment_that_would_steer_whoever_reads_it_is_refused(
    policy: billpolicy.Versions, waiting: billpolicy.Ledger, comment: str
) -> None:
    with asking(policy, waiting, "olaf") as olaf:
        answer = press(olaf, "approve", comment)
        assert (answer.status_code, "without control characters" in plain(answer.text)) == (422, True)
    (one,) = billpolicy.waiting(waiting)
    assert one.approvals == ()


def test_one_of_many_has_a_page_of_its_own(policy: billpolicy.Versions, waiting: billpolicy.Ledger) -> None:
    for number in range(24):
        billpolicy.wait(policy, waiting, ASKED | {"id": f"again-{number:02}"}, who="ines")
    with asking(policy, waiting, "olaf") as olaf:
        page = olaf.get(WAITING).text
        assert "For you: 25 operations" in plain(page)
        assert page.count("<article") - page.count('<article class="card">') == 20  # the others in brief
        assert "/pages/waiting?id=again-23" in links_in(page, WAITING)
        alone = olaf.get(f"{WAITING}?id=again-23").text
        assert form_in(alone, WAITING)["id"] == "again-23"
        assert olaf.get(f"{WAITING}?id=nothing").status_code == 404


def test_in_a_book_nothing_waits(client: TestClient) -> None:
    assert "Nothing waits in a book" in plain(client.get(WAITING).text)


@pytest.mark.parametrize("script", [True, False])
def test_somebody_approves_in_a_browser(
    policy: billpolicy.Versions, waiting: billpolicy.Ledger, browser: Any, script: bool
) -> None:
    with listening(Serving(InForce(policy), waiting, OnThisMachine("olaf"))) as at:
        page = visited(browser, f"{at}{WAITING}", script=script)
        page.get_by_text("What it would do").click()
        assert page.get_by_text("SQ-CM00000001").first.is_visible()
        page.get_by_label("Comment").fill("seen")
        page.get_by_role("button", name="Approve").click()
        assert page.get_by_role("status").filter(has_text="has all the approvals").is_visible()
        page.get_by_role("button", name="Post").click()
        page.get_by_role("link", name="SQ-CM00000001").click()
        assert page.get_by_text("approved by").count() >= 1


@pytest.mark.parametrize(("width", "scheme"), [(1400, "dark"), (800, "light"), (390, "light")])
def test_everybody_can_read_it(
    policy: billpolicy.Versions, waiting: billpolicy.Ledger, browser: Any, width: int, scheme: str
) -> None:
    billpolicy.wait(policy, waiting, ASKED | {"id": "twice", "comment": "once more"}, who="ines")
    with listening(Serving(InForce(policy), waiting, OnThisMachine("olaf"))) as at:
        page = visited(browser, f"{at}{WAITING}", width=width, scheme=scheme)
        for one in page.locator("details").all():
            one.evaluate("(details) => { details.open = true; }")
        assert wrong_with(page) == []
