"""`ledger history`: what became of a line, in order, with who did it; as text, for programs, and as a picture."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import billpolicy as api
from billpolicy.ledger.store import create_ledger
from billpolicy.report.history_graph import history_dot, history_mermaid
from billpolicy.report.history_text import history_text
from tests.helpers.billed import billed, invoice
from tests.helpers.billed import line as billed_line
from tests.helpers.books import book_from
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import ROOT, STANDARD
from tests.helpers.trails import CORRECTED, IMPORTED, correct


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('history')}/ledger.db"
    with create_ledger(url) as opened:
        opened.import_book(book_from(IMPORTED))
        correct(opened)
        assert opened.check() == []
    return url


def history(ledger: str, line: str, *options: str) -> Ran:
    return billpolicy("ledger", "history", ledger, line, *options)


TOLD = """
  2026-01-01  INV00000001/1 billed                                    100.00 EUR
              Seats; 2026-01-01 to 2026-01-31; 10 x 10.00; plus 20.00 tax
              imported
  2026-02-10  INV00000001/1 credited by CM00000001/1                   10.00 EUR
              reason Customer Satisfaction
              credit_memo_from_invoice GW-1 by ann, 2026-02-10 08:00 UTC: the
              outage of the third of January
  2026-03-10  INV00000001/1 credited by CM00000002/1                   90.00 EUR
              plus 20.00 tax
              credit_rebill CR-1 by ann, 2026-03-10 09:00 UTC
  2026-03-10  S-1/seats reopened
              2026-01-01 to 2026-01-31; to be billed at 10 x 11.00
  2026-03-10  S-1/seats billed again by INV00000002/1                 110.00 EUR
              Seats; 2026-01-01 to 2026-01-31; 10 x 11.00; plus 22.00 tax
              bill_run CR-1/rebill by ann, 2026-03-10 09:00 UTC

  now                          EUR amount       left
  INV00000001/1                    100.00       0.00  locked, billed again
  CM00000001/1                      10.00
  CM00000002/1                      90.00             locked
  INV00000002/1                    110.00     110.00
"""


@pytest.mark.parametrize("line", ["INV00000001/1", "CM00000001/1", "CM00000002/1", "CM00000002", "INV00000002/1"])
def test_it_tells_what_happened_in_order(ledger: str, line: str) -> None:
    assert history(ledger, line) == Ran(0, f"history of {line}\n{TOLD}", "")


def test_a_document_is_all_its_lines(ledger: str) -> None:
    other = """
  2026-01-01  INV00000001/2 billed                                     30.00 EUR
              Support; 2026-01-01 to 2026-01-31; 1 x 30.00
              imported
"""
    assert history(ledger, "INV00000001").out == f"history of INV00000001\n{TOLD}{other}"


def test_a_book_does_not_know_who_did_it() -> None:
    told = history_text(api.history(book_from(CORRECTED), "INV00000001/1")).splitlines()
    assert [line for line in told if "2026-0" in line[:10]] == [
        line for line in TOLD.splitlines() if "2026-0" in line[:10]
    ]
    assert not any("UTC" in line or "imported" in line for line in told)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("INV00000001/3", "`INV00000001` has no line `3`", "known here: `1`, `2`"),
        ("INV0000001/1", "there is no line, document or charge period `INV0000001/1`", "did you mean `INV00000001/1`?"),
        ("CM0000001", "there is no line, document or charge period `CM0000001`", "did you mean `CM00000001`?"),
    ],
)
def test_what_is_not_there_is_told_with_what_may_be_meant(ledger: str, name: str, message: str, hint: str) -> None:
    assert history(ledger, name) == Ran(1, "", f"error: {message} [unknown]\n    hint: {hint}\n")
    with pytest.raises(api.Refused, match=re.escape(message)):
        api.history(book_from(CORRECTED), name)


def test_a_payment_has_no_lines_and_a_canceled_draft_no_history() -> None:
    book = book_from("""
accounts: [{id: a, currency: EUR}]
payments: [{number: P-1, account: a, date: 2026-01-01, currency: EUR, amount: 1.00}]
invoices:
- {number: T1, account: a, date: 2026-01-01, currency: EUR, status: canceled, items: [{id: x, amount: 1.00}]}
""")
    for name, message in {
        "P-1": "`P-1` is a payment, which has no lines",
        "P-1/transferred": "`P-1` is a payment, which has no lines",
        "T1": "the draft `T1` was canceled: nothing came of it",
        "T1/x": "the draft `T1` was canceled: nothing came of it",
    }.items():
        with pytest.raises(api.Refused) as refused:
            api.history(book, name)
        assert [one.message for one in refused.value.diagnostics] == [message]


def test_an_excluded_period_says_why_once() -> None:
    book = book_from("""
accounts: [{id: a, currency: EUR}]
subscriptions: [{id: s, account: a, start: 2026-01-01, charges: [{id: free, rate: 0.00, charged_through: 2026-02-01}]}]
charge_periods:
- {id: s/free/2026-01-01, subscription: s, charge: free, from: 2026-01-01, until: 2026-02-01, currency: EUR,
   status: excluded_zero_amount}
""")
    told = history_text(api.history(book, "s/free/2026-01-01")).splitlines()
    assert told[2:] == [
        "  2026-01-01  s/free excluded from billing",
        "              2026-01-01 to 2026-01-31; zero amount",
    ]


def test_for_programs(ledger: str) -> None:
    told = json.loads(history(ledger, "CM00000002/1", "--format", "json").out)
    schema = json.loads((ROOT / "schemas" / "ledger-history.schema.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(told)) == []
    (trail,) = told["trails"]
    steps = [(one["what"], one.get("operation"), one.get("audit", {}).get("operation")) for one in trail["steps"]]
    assert steps == [
        ("billed", None, None),
        ("credited", "credit_memo_from_invoice", "GW-1"),
        ("credited", "credit_rebill", "CR-1"),
        ("reopened", "credit_rebill", "CR-1"),
        ("billed_again", "bill_run", "CR-1/rebill"),
    ]
    assert trail["steps"][4]["charge_period"]["memo"] == "CM00000002"
    lines = {
        f"{one['line']['document']}/{one['line']['item']}": (one.get("left"), one["locked"]) for one in trail["lines"]
    }
    assert lines["INV00000001/1"] == ("0.00", True)
    assert lines["INV00000002/1"] == ("110.00", False)


def test_show_tells_the_days_of_each_line(ledger: str) -> None:
    out = billpolicy("ledger", "show", ledger, "INV00000002").out
    assert (
        "  item                             amount         open  days\n"
        "  1 Seats                          110.00       110.00  2026-01-01 to 2026-01-31\n"
        "    + VAT                           22.00        22.00\n"
    ) in out


def test_show_tells_at_what_bill_runs_go_on(ledger: str) -> None:
    """What a correction leaves as it is, and where the next bill run begins."""
    out = billpolicy("ledger", "show", ledger, "acme").out
    assert "  subscriptions\n    S-1\n      seats            10 x 11.00, charged through 2026-02-01\n" in out


def test_show_says_where_lines_and_subscriptions_are_told(ledger: str) -> None:
    for name in ("S-1", "INV00000001/1"):
        told = billpolicy("ledger", "show", ledger, name)
        assert (told.code, told.out) == (1, "")
        assert "a subscription is shown with its account, a line by `ledger history`" in told.err


def test_show_says_it_in_a_line(ledger: str) -> None:
    def became(number: str) -> str:
        out = billpolicy("ledger", "show", ledger, number).out
        return out.partition("what became of its items\n")[2].partition("\n\n")[0]

    assert became("INV00000001") == (
        "    1    locked; credited by CM00000001/1, CM00000002/1; billed again by\n         INV00000002/1"
    )
    assert became("CM00000001") == ""
    assert became("CM00000002") == (
        "    1    locked; reopened S-1/seats 2026-01-01 to 2026-01-31; billed again by\n         INV00000002/1"
    )
    assert became("INV00000002") == "    1    bills again INV00000001/1"
    out = billpolicy("ledger", "show", ledger, "acme").out
    assert "charge periods on record\n    S-1/seats: 1 billed again, 2026-01-01 to 2026-01-31\n" in out


# -- what corrections leave ----------------------------------------------------------------------------------------

TWO = billed(
    *(invoice(number, month, billed_line("seats", "100.00", month)) for number, month in (("I1", "jan"), ("I2", "feb")))
)
"""Two months of seats at 100.00, with a fifth of VAT."""
LOWER: dict[str, Any] = {"id": "CR-1", "operation": "credit_rebill", "date": "2026-04-10", "invoice": "I1"}
LOWER |= {"correct": [{"line": "1", "rate": "80.00"}], "comment": "80.00 was agreed"}
AGAIN = {"id": "CR-2", "operation": "credit_only", "date": "2026-04-11", "invoice": "INV00000001", "lines": ["2"]}
FEBRUARY = """history of I2/1

  2026-02-01  I2/1 billed                                             100.00 EUR
              seats; 2026-02-01 to 2026-02-28; 1 x 100.00; plus 20.00 tax
              imported
  2026-04-10  I2/1 credited by CM00000001/1                           100.00 EUR
              plus 20.00 tax; reason Correcting invoice error
              credit_rebill CR-1 by ann, 2026-04-12 09:00 UTC: 80.00 was agreed
  2026-04-10  s/seats reopened
              2026-02-01 to 2026-02-28; to be billed at 1 x 80.00
  2026-04-10  s/seats billed again by INV00000001/2                    80.00 EUR
              seats; 2026-02-01 to 2026-02-28; 1 x 80.00; plus 16.00 tax
              bill_run CR-1/rebill by ann, 2026-04-12 09:00 UTC
  2026-04-11  INV00000001/2 credited by CM00000003/1                   80.00 EUR
              plus 16.00 tax; reason Correcting invoice error
              credit_only CR-2 by ann, 2026-04-12 09:00 UTC

  now                          EUR amount       left
  I2/1                             100.00       0.00  locked, billed again
  CM00000001/1                     100.00             locked
  INV00000001/2                     80.00       0.00  locked, credited only
  CM00000003/1                      80.00             locked
"""
"""February comes along with January, and is credited first; billed again at 80.00 it is credited once more."""


@pytest.fixture
def corrected(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    policy, now = api.load_policy(STANDARD, engine="python"), datetime.datetime(2026, 4, 12, 9, tzinfo=datetime.UTC)
    with create_ledger(url) as opened:
        opened.import_book(book_from(TWO))
        with pytest.raises(api.Refused, match="closure-unconfirmed"):
            api.post(policy, opened, LOWER, who="ann", now=now)
        api.post(policy, opened, LOWER, who="ann", now=now, yes=True)
        api.post(policy, opened, AGAIN, who="ann", now=now)
        assert opened.check() == []
    return url


def test_what_corrections_have_posted_is_told_from_either_end(corrected: str) -> None:
    assert history(corrected, "I2/1").out == FEBRUARY
    for line in ("CM00000001/1", "INV00000001/2", "CM00000003/1"):
        assert history(corrected, line).out == FEBRUARY.replace("history of I2/1", f"history of {line}")


def test_a_correction_is_told_with_each_line_that_it_took(corrected: str) -> None:
    told = json.loads(history(corrected, "INV00000001", "--format", "json").out)
    steps = [[one["what"] for one in trail["steps"]] for trail in told["trails"]]
    january = ["billed", "credited", "reopened", "billed_again"]
    assert steps == [january, [*january, "credited"]]


# -- as a picture --------------------------------------------------------------------------------------------------

BOX = re.compile(r'    (n\d+)(\["|\("|\{\{")((?:[\w ./,-]|<br/>|#\d+;)+)("\]|"\)|"\}\})')
ARROW = re.compile(r'    (n\d+) -->\|"((?:[\w ./,-]|<br/>|#\d+;)+)"\| (n\d+)')
NODE = re.compile(r'    (n\d+) \[shape=(box|note|hexagon), label="((?:[^"\\]|\\.)*)"\];')
EDGE = re.compile(r'    (n\d+) -> (n\d+) \[label="((?:[^"\\]|\\.)*)"\];')
SHAPES = {'["': '"]', '("': '")', '{{"': '"}}'}
DAYS = "2026-01-01 to 2026-01-31"
BOXES = [
    f"invoice line INV00000001/1|Seats, 100.00 EUR|{DAYS}|billed 2026-01-01|locked, billed again, 0.00 left",
    "credit memo line CM00000001/1|Seats, 10.00 EUR",
    "credit memo line CM00000002/1|Seats, 90.00 EUR|locked",
    f"charge period of S-1/seats|{DAYS}|billed again",
    f"invoice line INV00000002/1|Seats, 110.00 EUR|{DAYS}|110.00 left",
]
ARROWS = [
    ("n1", "n2", "credited|2026-02-10, GW-1"),
    ("n1", "n3", "credited|2026-03-10, CR-1"),
    ("n3", "n4", "reopened|2026-03-10, CR-1"),
    ("n4", "n5", "billed again|2026-03-10, CR-1/rebill"),
]


def from_mermaid(text: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    """The boxes and arrows of a flowchart, each label with bars between its lines; nothing else may be in it."""
    lines = text.splitlines()
    assert lines[:2] == ['%%{init: {"flowchart": {"wrappingWidth": 400}}}%%', "flowchart TD"]
    boxes: list[str] = []
    arrows = []
    for line in lines[2:]:
        box, arrow = BOX.fullmatch(line), ARROW.fullmatch(line)
        if box:
            assert (box[1], SHAPES[box[2]]) == (f"n{len(boxes) + 1}", box[4])
            boxes.append(read(box[3]))
        else:
            assert arrow, line
            arrows.append((arrow[1], arrow[3], read(arrow[2])))
    return boxes, arrows


def read(label: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label.replace("<br/>", "|"))


def from_dot(text: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    """The same of a graph of Graphviz."""
    lines = text.splitlines()
    assert lines[:3] == ["digraph history {", '    node [fontname="sans-serif"];', '    edge [fontname="sans-serif"];']
    assert lines[-1] == "}"
    boxes: list[str] = []
    arrows = []
    for line in lines[3:-1]:
        node, edge = NODE.fullmatch(line), EDGE.fullmatch(line)
        if node:
            assert node[1] == f"n{len(boxes) + 1}"
            boxes.append(unquoted(node[3]))
        else:
            assert edge, line
            arrows.append((edge[1], edge[2], unquoted(edge[3])))
    return boxes, arrows


def unquoted(label: str) -> str:
    """As Graphviz reads a label: an escape is a line break or the letter itself, then entities are read."""
    text = re.sub(r"\\(.)", lambda found: "|" if found[1] == "n" else found[1], label)
    assert "&" not in text.replace("&amp;", "")
    return text.replace("&amp;", "&")


def test_as_a_picture(ledger: str) -> None:
    assert from_mermaid(history(ledger, "INV00000001/1", "--format", "mermaid").out) == (BOXES, ARROWS)
    assert from_dot(history(ledger, "INV00000001/1", "--format", "dot").out) == (BOXES, ARROWS)


@pytest.mark.parametrize(
    "name",
    [
        '"] --> n9["',
        "<script>alert(1)</script>",
        "a#35;b#quot;&lt;&#60;",
        "`code` __bold__ **bold** [link](http://x)",
        "%%{init: {}}%%",
        "style n1 fill:#f9f;",
        "end",
        "1. one",
        "back\\slash \\N \\G",
        "quote\\",
        "ünïcödé イネス 😀",
    ],
)
def test_no_name_is_markup(name: str) -> None:
    told = api.history(
        book_from(CORRECTED.replace("name: Seats,", f"name: {json.dumps(name, ensure_ascii=False)},")), "INV00000001/1"
    )
    for boxes, arrows in (from_mermaid(history_mermaid(told)), from_dot(history_dot(told))):
        assert [box.replace(name, "Seats") for box in boxes] == BOXES
        assert [arrow[:2] for arrow in arrows] == [arrow[:2] for arrow in ARROWS]
