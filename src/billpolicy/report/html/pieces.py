"""What pages have in common: terms, tables, places of rules, and what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from billpolicy.report.explanation import Rule
from billpolicy.report.explanation_text import place_text
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.results import Finding, Place, Refusal

LINE = Html("\n")


def place(rule: Rule) -> Html:
    """Where a rule stands."""
    return path(place_text(rule))


def spot(at: Place) -> Html:
    """A place in a file, or the file."""
    return path(at.file if at.line is None else f"{at.file}:{at.line}")


def path(text: str) -> Html:
    """The path of a file, which is broken into lines at its folders where it can be."""
    return el("code", joined(re.findall("/*[^/]+/*", text), Html("<wbr>")), class_="soft")


def terms(told: Mapping[str, str]) -> Html:
    """What is said of something, by label; nothing of what is empty."""
    shown = [joined((el("dt", label), el("dd", text))) for label, text in told.items() if text]
    return el("dl", *shown) if shown else Html("")


def listed(texts: Iterable[str]) -> Html:
    """Sentences in which names stand between backticks, as a list; nothing where there are none."""
    told = [el("li", text if isinstance(text, Html) else said(text)) for text in texts]
    return el("ul", *told) if told else Html("")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str | None = None, numbers: Iterable[str] = ()
) -> Html:
    """A table whose first column heads its rows. A column that is empty in each of them is left out; `numbers` are
    those that are set to the right. On a phone, a row is a card with its columns one below the other."""
    rows = list(rows)
    shown = [at for at, _ in enumerate(columns) if at == 0 or any(row[at] for row in rows)]
    aligned = ["number" if name in numbers else None for name in columns]
    head = el("tr", *(el("th", columns[at], scope="col", class_=aligned[at]) for at in shown))
    body = [
        el(
            "tr",
            el("th", row[0], scope="row"),
            *(el("td", row[at], data_label=columns[at], class_=aligned[at]) for at in shown[1:]),
        )
        for row in rows
    ]
    above = [el("caption", caption)] if caption else []
    return el("table", *above, el("thead", head), el("tbody", joined(body, LINE)), class_="stack")


class Part(NamedTuple):
    """A part of a page, below a heading."""

    title: str
    content: Html
    brief: str = ""
    """What it comes to, beside the link to it."""


def section(
    level: int, title: str, content: Iterable[str], anchor: str | None = None, class_: str | None = None
) -> Html:
    """A part of a page below its heading, which can be led to by its anchor."""
    shown = joined((one for one in content if one), LINE)
    return el("section", el(f"h{level}", title, id=anchor), shown, aria_labelledby=anchor, class_=class_)


def sections(parts: Iterable[Part]) -> Html:
    """The parts of a page one after the other, where there are several with links to them before them."""
    parts = list(parts)
    links = (
        el("li", el("a", one.title, href=f"#part-{at}"), *([el("div", one.brief, class_="soft")] if one.brief else ()))
        for at, one in enumerate(parts, 1)
    )
    nav = el("nav", el("ul", *links), aria_label="Parts of this page") if len(parts) > 1 else Html("")
    return joined((nav, *(section(2, one.title, [one.content], f"part-{at}") for at, one in enumerate(parts, 1))), LINE)


def finding(one: Finding) -> Html:
    """Something that is wrong or odd, where it is, and what to do next."""
    parts = [el("strong", f"{one.severity}:"), said(one.message), el("code", f"[{one.code}]")]
    if one.position is not None:
        parts.append(spot(one.position))
    hint = el("div", said(one.hint), class_="soft") if one.hint else ""
    return el("div", joined(parts, " "), hint, class_="card wrong" if one.severity == "error" else "card odd")


def refused(one: Refusal) -> Part:
    """An operation that was refused, with every reason."""
    codes = ", ".join(dict.fromkeys(each.code for each in one.diagnostics))
    return Part(f"{one.id} is refused", joined(map(finding, one.diagnostics), LINE), codes)
