"""How amounts and days are written is chosen at the foot of each page that has some, and kept by the browser."""

from __future__ import annotations

from collections.abc import Iterable

from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.forms import filled_in, hidden, press
from billpolicy.service.pages.frame import framed
from billpolicy.service.pages.links import asked_for, way_back
from billpolicy.service.pages.written import CHOICES, COOKIE, is_chosen, written_for

_ADDRESS = "/pages/locale"
_YEAR = 365 * 24 * 60 * 60
_BROWSER = "as my browser says"


def locale_choice(asked: Asked) -> Html:
    """The form, and what is in use; nothing on a page that answers a form, which there is no way back to."""
    if asked.body is not None:
        return Html("")
    written = written_for(asked)
    chosen = written.tag if is_chosen(asked) else ""
    options = [el("option", _BROWSER, value="", selected=not chosen)]
    options += (el("option", name, value=tag, selected=tag == chosen) for tag, name in CHOICES.items())
    label = el("label", "Amounts and days are written ", for_="locale")
    form = el(
        "form",
        label,
        el("select", *options, id="locale", name="locale"),
        hidden("back", asked_for(asked.url_path, str(asked.query))),
        press("Use"),
        action=_ADDRESS,
        method="post",
    )
    return el("footer", form, class_="locale")


def money_page(
    asked: Asked, title: str, *parts: str, styles: Iterable[str] = (), status: int = 200, wide: bool = False
) -> Answer:
    """A page that has amounts and days in it."""
    body = joined((*parts, locale_choice(asked)), LINE)
    return framed(asked, title, body, styles=[*styles, "accounts.css"], status=status, wide=wide)


def _choose(asked: Asked) -> Answer:
    filled = filled_in(asked)
    tag, back = filled.get("locale", ""), way_back(filled.get("back", ""), "/pages/accounts")
    age = f"Max-Age={_YEAR}" if tag in CHOICES else "Max-Age=0"
    cookie = f"{COOKIE}={tag if tag in CHOICES else ''}; Path=/pages; {age}; SameSite=Strict; HttpOnly"
    return Answer(b"", 303, {"location": back, "set-cookie": cookie})


PAGE = Endpoint(
    "POST", _ADDRESS, "Choose how amounts and days are written.", "read", _choose, statuses={303: "It is chosen."}
)
