"""An operation explained as a billing admin asks for it: chosen, typed, filled in as a form, written as YAML."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.browsing import visited, wrong_with
from tests.service.conftest import OPERATIONS
from tests.service.pages import plain

MOSER = "write_off_invoice date=2026-03-03 invoice=AR-INV00000001"
FORM = "application/x-www-form-urlencoded"


def _article(page: Any, key: str) -> Any:
    return page.locator("article", has=page.locator("code", has_text=key)).first


def test_an_operation_is_found_and_chosen_and_its_levels_light_up(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/explain")
    page.get_by_label("Find by id").press_sequentially("hot water credit")
    page.get_by_text("1 of 4 operations").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "q", "who types goes on typing"
    page.get_by_role("link", name="no-hot-water").click()
    page.locator("#told:focus").wait_for()
    # The story: the dispute of 200.00 EUR goes to Jonas, by the subscription (examples/three-brands/README.md).
    contact = _article(page, "bill_to_contact")
    levels = [one.split("\n")[:2] for one in contact.locator(".chain li").all_inner_texts()]
    assert levels == [["subscription", "jonas"], ["invoice", "not asked"], ["account", "not asked"]]
    assert contact.locator(".found").inner_text().startswith("subscription")
    assert "NP-12, whoever runs the hut knows what happened" in contact.inner_text()
    contact.get_by_text("Its lines").click()
    quoted = contact.locator(".lines li").all_inner_texts()
    assert quoted[0].strip() == "- id: german-disputes-go-to-the-hut"
    assert quoted[-1].strip() == "because: NP-12, whoever runs the hut knows what happened"
    assert contact.locator(".here").inner_text().strip() == "then: {bill_to_contact: [subscription, invoice, account]}"
    numbers = _article(page, "sequence_set")
    assert [one.split("\n")[1] for one in numbers.locator(".chain li").all_inner_texts()] == ["none", "none", "KIEFER"]
    assert wrong_with(page) == []


def test_a_refusal_says_what_to_do_next(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/explain", script=False)
    page.get_by_role("link", name="hayes-is-gone").click()
    page.get_by_role("heading", name="hayes-is-gone is refused").wait_for()
    assert "approval-missing" in page.locator("main").inner_text()


def test_a_typed_operation_is_mended_at_its_word(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/explain?by=typed")
    line = page.get_by_label("Operation", exact=True)
    line.fill("write_off_invoice invoice=AR-INV00000001 amuont=80.00")
    page.keyboard.press("Enter")
    page.locator("[aria-invalid]:focus").wait_for()
    assert "amuont is not a key that is known here" in page.get_by_role("alert").inner_text()
    assert "did you mean amount?" in page.get_by_role("alert").inner_text()
    assert wrong_with(page) == []
    line = page.get_by_label("Operation", exact=True)
    line.fill("write_off_invoice invoice=AR-INV00000001 amount=80.00")
    page.keyboard.press("Enter")
    page.locator("#told:focus").wait_for()
    assert "write_off_invoice" in page.locator("#ask").inner_text()
    assert _article(page, "sequence_set").locator(".found strong").inner_text() == "ARVE"
    assert page.wrong == []


def test_a_form_tells_what_is_wrong_at_its_field(browser: Any, address: str) -> None:
    page = visited(browser, f"{address}/pages/explain?by=fields")
    page.get_by_label("Operation", exact=True).select_option("create_payment")
    page.get_by_role("button", name="Show its fields").click()
    page.get_by_label("account", exact=True).fill("moser")
    page.get_by_label("amount", exact=True).fill("eighty")
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("amount", exact=True).get_attribute("aria-invalid") == "true"
    assert page.get_by_label("account", exact=True).input_value() == "moser", "what was filled in is kept"
    assert wrong_with(page) == []
    page.get_by_label("amount", exact=True).fill("80.00")
    page.get_by_role("button", name="Explain").click()
    page.locator("#told:focus").wait_for()
    assert _article(page, "sequence_set").locator(".found strong").inner_text() == "ARVE"
    assert page.wrong == []


@pytest.mark.parametrize("script", [True, False])
def test_yaml_is_explained_or_mended_at_its_line(browser: Any, address: str, script: bool) -> None:
    page = visited(browser, f"{address}/pages/explain?by=yaml", script=script)
    text = "id: it\noperation: write_off_invoice\ndate: 2026-03-03\ninvoise: AR-INV00000001\n"
    page.get_by_label("Operation", exact=True).fill(text)
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("link", name="line 4").wait_for()
    if script:
        assert page.locator(".gutter .error").all_inner_texts()[-1] == "4"
        page.get_by_role("link", name="line 4").click()
        assert page.evaluate("document.activeElement.selectionStart") == text.index("invoise")
    assert page.get_by_label("Operation", exact=True).input_value() == text
    page.get_by_label("Operation", exact=True).fill(text.replace("invoise", "invoice"))
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("heading", name="it: write_off_invoice on 2026-03-03").wait_for()
    assert page.wrong == []


@pytest.mark.parametrize(("width", "scheme"), [(800, "dark"), (390, "light")])
@pytest.mark.parametrize("asked", ["by=loaded&id=no-hot-water", "by=fields&operation=credit_only&plan=yes"])
def test_everybody_can_read_it(browser: Any, address: str, asked: str, width: int, scheme: str) -> None:
    page = visited(browser, f"{address}/pages/explain?{asked}", width=width, scheme=scheme)
    assert wrong_with(page) == []


def test_a_list_of_a_form_is_filled_in_entry_by_entry(client: TestClient) -> None:
    filled = {
        "by": "fields",
        "operation": "credit_memo_from_invoice",
        "plan": "yes",
        "field.invoice": "KI-INV00000001",
        "field.reason": "Charge Dispute",
        "field.date": "2026-03-02",
        "field.items.1.item": "nights",
        "field.items.1.amount": "200.00",
    }
    page = client.get("/pages/explain", params=filled).text
    assert "german-disputes-go-to-the-hut" in page
    assert '<span class="now">jonas</span>' in page


@pytest.mark.parametrize(
    "typed", ["", "nonsense", "'", "write_off_invoice", "write_off_invoice invoice", "\x00 \u202e <b>"]
)
def test_whatever_is_typed_is_answered_with_a_page(client: TestClient, typed: str) -> None:
    answer = client.get("/pages/explain", params={"by": "typed", "typed": typed})
    assert answer.status_code == 200
    assert "<b>" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("text", [b"%ff", b"%5B" * 5000, b"%26a+%5B*a%5D", b"&x" * 2000])
def test_whatever_is_sent_is_answered(client: TestClient, text: bytes) -> None:
    answer = client.post("/pages/explain", content=b"by=yaml&yaml=" + text, headers={"content-type": FORM})
    assert answer.status_code in (200, 422)
    assert "Traceback" not in answer.text


def test_what_a_ledger_has_posted_is_explained_as_it_was_decided(posting: TestClient) -> None:
    dispute = OPERATIONS.split("  - id: moser")[0]
    assert posting.post("/post", content=dispute, headers={"content-type": "application/yaml"}).status_code == 200
    for name in ("no-hot-water", "KI-CM00000001"):
        page = posting.get("/pages/explain", params={"by": "posted", "posted": name}).text
        assert "german-disputes-go-to-the-hut" in page
        assert '<span class="now">jonas</span>' in page
    page = posting.get("/pages/explain", params={"by": "posted", "posted": "KI-CM0000000X"}).text
    assert 'aria-invalid="true"' in page
    assert "nothing that was posted here goes by" in page


def test_nothing_posted_is_asked_for_without_a_ledger(client: TestClient) -> None:
    assert "What was posted" not in client.get("/pages/explain?by=posted&posted=x").text


WRITE_OFF = "operation: write_off_invoice, date: 2026-03-03, invoice: AR-INV00000001"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"typed": f"{MOSER} actor=maria"}, "you are ines"),
        ({"typed": f"{MOSER} approved_by=maria"}, "which nobody can say for others"),
        ({"typed": f"{MOSER} reason='"}, "a quote has no end"),
        ({"by": "yaml", "yaml": f"{{id: a, {WRITE_OFF}, actor: maria}}"}, "you are ines"),
        ({"by": "yaml", "yaml": f"{{{WRITE_OFF}}}"}, "moritz"),
        ({"by": "yaml", "yaml": f"[{{id: a, {WRITE_OFF}}}]"}, "moritz"),
        ({"by": "yaml", "yaml": f"{{operations: [{{{WRITE_OFF}}}]}}"}, "moritz"),
        ({"by": "yaml", "yaml": "operations: 1"}, "this is not an operations file"),
    ],
)
def test_what_is_said_is_read_as_where_it_is_planned(client: TestClient, said: dict[str, str], told: str) -> None:
    for page in ("/pages/plan", "/pages/explain"):
        answer = client.post(page, data={"by": "typed", **said})
        assert told in plain(answer.text), page
