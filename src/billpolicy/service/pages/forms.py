"""Controls of forms, each with its label, what helps and what is wrong with it; and what was filled in."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import parse_qsl

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.report.html.markup import Html, el, said
from billpolicy.service.asked.asked import Asked

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000


def filled_in(asked: Asked) -> dict[str, str]:
    """Name of a control -> what was filled in, in the address or in the body. Raises `Refused` for another body.

    Lines end as they do on this side, whatever ends them in a form.
    """
    if asked.body is None:
        return dict(asked.query)
    try:
        if asked.body.type != FORM:
            raise ValueError
        pairs = parse_qsl(asked.body.raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        hint = "fill it in on its page, and send it from there"
        raise Refused(
            [Diagnostic("value-wrong", "this is no form that was filled in", Position("body"), hint)]
        ) from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def field(
    name: str,
    label: str,
    control: Html,
    *,
    help: str = "",
    problems: Sequence[Diagnostic] = (),
    beside: Html | None = None,
) -> Html:
    """A control below its label; it is made with `about` so that what helps and what is wrong is read out with it."""
    told = [line for one in problems for line in _wrong(one)]
    return el(
        "div",
        el("label", label, for_=name),
        control,
        *([el("div", *told, id=f"{name}-error", role="alert")] if told else []),
        *([el("p", said(help), id=f"{name}-help", class_="help")] if help else []),
        class_="field",
    )


def _wrong(one: Diagnostic) -> Iterator[Html]:
    yield el("p", said(one.message), class_="error")
    if one.hint:
        yield el("p", said(one.hint), class_="help")


def _about(name: str, help: str, problems: Sequence[Diagnostic]) -> dict[str, str | bool | None]:
    ids = [f"{name}-error"] * bool(problems) + [f"{name}-help"] * bool(help)
    return {"aria_describedby": " ".join(ids) or None, "aria_invalid": "true" if problems else None}


def text_field(
    name: str,
    label: str,
    value: str = "",
    *,
    help: str = "",
    problems: Sequence[Diagnostic] = (),
    type: Literal["text", "search", "date", "password"] = "text",
    code: bool = False,
    required: bool = False,
    **attributes: str | int | bool | None,
) -> Html:
    """A line to type. `code`: it is read as written, and no word of it is mended by a browser."""
    as_code = {"class_": "code", "autocapitalize": "off", "autocomplete": "off", "spellcheck": "false"} if code else {}
    box = el(
        "input",
        type=type,
        id=name,
        name=name,
        value=value or None,
        required=required,
        **{**_about(name, help, problems), **as_code, **attributes},
    )
    return field(name, label, box, help=help, problems=problems)


def choice_field(
    name: str,
    label: str,
    choices: Mapping[str, str] | Iterable[str],
    value: str = "",
    *,
    help: str = "",
    problems: Sequence[Diagnostic] = (),
    **attributes: str | int | bool | None,
) -> Html:
    """One of several. `choices`: value -> as it is shown, or the values themselves."""
    shown = choices if isinstance(choices, Mapping) else {one: one for one in choices}
    options = (el("option", text, value=one, selected=one == value) for one, text in shown.items())
    box = el("select", *options, id=name, name=name, **{**_about(name, help, problems), **attributes})
    return field(name, label, box, help=help, problems=problems)


def area_field(
    name: str,
    label: str,
    text: str = "",
    *,
    rows: int = 10,
    help: str = "",
    problems: Sequence[Diagnostic] = (),
    **attributes: str | int | bool | None,
) -> Html:
    """Lines to type, kept as they are."""
    box = text_area(name, text, rows=rows, **{**_about(name, help, problems), **attributes})
    return field(name, label, box, help=help, problems=problems)


def text_area(name: str, text: str, *, rows: int, **attributes: str | int | bool | None) -> Html:
    """The control alone. A browser leaves out a line break that it begins with, so one is put before every text."""
    shown = Html("\n" + html.escape(text))
    return el(
        "textarea",
        shown,
        id=name,
        name=name,
        rows=rows,
        wrap="off",
        spellcheck="false",
        autocapitalize="off",
        autocomplete="off",
        **attributes,
    )


def hidden(name: str, value: str) -> Html:
    """A control that nobody sees, of one line."""
    return el("input", type="hidden", name=name, value=value)


def hidden_text(name: str, text: str) -> Html:
    """The same of several lines."""
    return el("textarea", Html("\n" + html.escape(text)), name=name, hidden=True)


def buttons(*shown: Html) -> Html:
    """What to press, side by side, and beside it that something is on its way."""
    return el("div", *shown, el("span", "One moment …", class_="htmx-indicator"), class_="buttons")


def press(text: str, *, main: bool = False, **attributes: str | int | bool | None) -> Html:
    """Something to press, which sends the form that it is in."""
    return el("button", text, **{"type": "submit", "class_": "main" if main else None, **attributes})
