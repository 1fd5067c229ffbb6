"""Markdown and HTML show the texts of a policy as they were written: none formats, links, hides or runs anything."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from billpolicy.report.texts import code, escaped
from tests.helpers.command_line import billpolicy
from tests.helpers.paths import STANDARD

TEXTS = {
    "table": "a | b || c",
    "backslash": r"a\b \| \\",
    "link": "[click here](https://example.com)",
    "link of a reference": "[x][1] and [1](https://example.com) and [1]: https://example.com",
    "image": "![x](https://example.com/x.png)",
    "link in brackets": "<https://example.com>",
    "script": "<script>alert(1)</script>",
    "tag": "<img src=x onerror=alert(1)> & <!-- hidden",
    "entity": "&lt;b&gt; &#60;b&#62; AT&T &amp",
    "code": "`a` ``b`` ` <b>`c d`</b>",
    "strong": "**loud** *soft* ***both*** 2*3*4",
    "underscores": "_soft_ __loud__ snake_case_name _ __init__ _a",
    "strike": "~~gone~~ ~~~",
    "heading": "# big ## # bigger #",
    "list": "- a * b + c 1. d",
    "mention": "@all and ines@example.com, #12 see www.example.com",
    "rule": "--- *** ___",
    "quote": "> said",
    "quotes": "\"double\" 'single'",
    "escape": "a\x1bb",
}
ALLOWED = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "ul", "li"}
ALLOWED_ON_THE_PAGE = ALLOWED | {"a", "article", "body", "button", "details", "dd", "div", "dl", "dt", "form", "h3"}
ALLOWED_ON_THE_PAGE |= {"head", "input", "label", "main", "mark", "nav", "option", "section", "select", "span"}
ALLOWED_ON_THE_PAGE |= {"summary", "svg", "g", "path", "rect", "text", "wbr"}
RULES = """
policy: {name}
extends: {standard}
effective: {{from: 2026-01-01}}
exceptions:
- id: {text}
  operations: [transfer_negative_invoice]
  when: {{account.region: {text}}}
  then: {{reason_code: Standard Adjustment}}
  because: {text}
follow_ups:
- id: {name}
  after: credit_increased
  when: {{account.region: {text}}}
  then: refund_credit_balance
  because: {text}
"""
BOOK = """
accounts: [{{id: a, currency: EUR, attributes: {{bill_to_contact: {text}}}}}]
contacts: [{{id: {text}, account: a}}]
invoices:
- {{number: INV00000001, account: a, date: 2026-01-01, currency: EUR, items: [{{id: x, amount: 1.50}}]}}
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=[text for name, text in TEXTS.items() if name != "escape"])
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def rendered(markdown: str) -> str:
    """Markdown as GitHub shows it: with tables and strikethrough, and raw HTML let through."""
    page = str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))
    return page.replace("<!-- -->", "")  # a comment between `@` and a name


def shown(page: str) -> str:
    """What a reader sees of a page, spaces aside."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def tags(page: str) -> set[str]:
    return set(re.findall(r"</?([a-zA-Z0-9!-]+)", page))


def words(text: str) -> str:
    """A text as it is shown; backticks around a single word are code, and so are not."""
    return " ".join(re.sub(r"(?<!`)`([\w.-]+)`(?!`)", r" \1 ", text, flags=re.ASCII).split())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("around", ["{}", "# Policy {}", "- {}", "**{}**", "in [1] a {} b", "{}: `c`"])
def test_a_text_reads_as_it_was_written(text: str, around: str) -> None:
    page = rendered(around.format("x " + escaped(text) if around == "{}" else escaped(text)))
    wanted = words(text.replace("\x1b", r"\x1b"))
    assert wanted in shown(page)
    assert tags(page) <= ALLOWED


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_in_a_table_stays_in_its_cell(text: str) -> None:
    page = rendered(f"| a | b |\n|---|---|\n| {escaped(text)} | {code(text, in_table=True)} |\n")
    first, second = re.findall(r"<td>(.*?)</td>", page)
    visible = text.replace("\x1b", r"\x1b")
    assert shown(first) == words(visible)
    assert html.unescape(second) == f"<code>{visible}</code>"
    assert tags(first) <= {"code"}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_code_reads_as_it_was_written(text: str) -> None:
    visible = text.replace("\x1b", r"\x1b")
    assert html.unescape(rendered(f"x {code(text)} y")) == f"<p>x <code>{visible}</code> y</p>\n"


def test_plain_words_stay_readable_before_they_are_rendered() -> None:
    plain = "FIN-212: `account.country` is below_zero, 5 > 3 & 1.00 EUR (see [2]); Müller's own #12"
    assert escaped(plain) == plain.replace("#", "\\#<!-- -->")


def test_nobody_is_told_and_nothing_is_linked() -> None:
    """GitHub and GitLab look for these in what is rendered, so that a backslash would not keep them from it."""
    text = "@security-team see https://example.com or www.example.com, #12; ines@example.com"
    written = escaped(text)
    assert not re.search(r"@\w|#\d|://|www\.", written)
    assert shown(rendered(written)).replace(" ", "") == text.replace(" ", "")


def write(text: str) -> Path:
    name = json.dumps(text)
    rules = RULES.format(name=json.dumps(f"own {text}"), standard=STANDARD, text=name)
    Path("policy.yaml").write_text(rules)
    Path("book.yaml").write_text(BOOK.format(text=name))
    Path("operations.yaml").write_text(
        "operations:\n- {id: " + name + ", operation: write_off_invoice, date: 2026-01-02, invoice: INV00000001}\n"
        "- {id: up, operation: adjust_credit_balance, type: increase, amount: 1.00, account: a, date: 2026-01-02}\n"
    )
    return Path("policy.yaml")


def test_the_matrix_in_markdown(text: str) -> None:
    ran = billpolicy("matrix", write(text), "--format", "markdown")
    assert ran.code == 0, ran.err
    page = rendered(ran.out)
    assert tags(page) <= ALLOWED
    # The name; of the exception its id, condition and reason; of the follow-up its id, condition and reason.
    assert shown(page).count(words(text)) == 7
    assert "own" in shown(page).split("In force")[0]


def test_the_matrix_in_html(text: str) -> None:
    ran = billpolicy("matrix", write(text), "--format", "html")
    assert ran.code == 0, ran.err
    page, _, script = ran.out.partition("</style>")[2].partition("<script>")
    assert re.findall(r"</?([a-z]+)", script.partition("</script>")[2]) == ["body", "html"]
    assert tags(page) <= ALLOWED_ON_THE_PAGE
    # The name; of the exception its id, condition and reason; of the follow-up its id, condition and reason. Its id
    # stands also in the picture, where it is broken into lines, and attributes are no text.
    seen = shown(re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))
    assert words(seen).count(words(text)) == 7


def test_an_explanation_in_markdown(text: str) -> None:
    policy = write(text)
    ran = billpolicy(
        *("explain", "--policy", policy, "--book", "book.yaml", "operations.yaml"),
        *("--engine", "python", "--format", "markdown"),
    )
    assert ran.code == 0, ran.err
    page = rendered(ran.out)
    assert tags(page) <= ALLOWED
    heading = re.findall(r"<h2>(.*?)</h2>", page)[0]
    assert shown(heading) == f"{words(text)} : write_off_invoice on 2026-01-02".replace(" :", ":")
    assert shown(page).count(words(text)) >= 4


@pytest.mark.parametrize("command", ["explain", "plan"])
def test_an_explanation_and_a_plan_in_html(text: str, command: str) -> None:
    given = ("--policy", write(text), "--book", "book.yaml", "operations.yaml", "--engine", "python")
    ran = billpolicy(command, *given, "--format", "html")
    assert ran.code == 0, ran.err
    page = ran.out.partition("</style>")[2]
    assert tags(page) <= ALLOWED_ON_THE_PAGE | {"h4", "ol", "html", "caption"}
    (heading, *_) = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    literal = " ".join(text.split())
    assert shown(heading).startswith(f"{literal}: write_off_invoice on 2026-01-02")
    # In the list of parts, in the heading, and as the contact that the memo is for.
    assert shown(page).count(literal) >= 3
