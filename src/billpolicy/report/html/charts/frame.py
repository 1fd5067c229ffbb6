"""What every chart has: a picture, the same in words for whoever does not see it, and its data as a table.

Widths are parts of the whole, and heights are in letters: so one picture fits a phone and a wide screen, and its words
are as large as the reader's own. Nothing in it has an id, so that a page can show any number of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate
from unicodedata import east_asian_width

from billpolicy.diagnostics.visible import visible
from billpolicy.report.html.markup import Html, el

LEAST = Decimal(20)
"""How many letters' heights a chart is wide on the smallest phone: 320 pixels less the edges, in letters of 14.4."""
LINE = Decimal("1.35")
"""From one line of text to the next, as all lengths here in heights of a letter."""
ABOVE = Decimal("0.35")
"""How far the foot of a text is above a line or a bar."""
SEEN = Decimal("0.005")
"""The part of a whole below which a length or a height would not be seen, and so is drawn as a thin line."""


def chart(title: str, says: str, height: Decimal, drawn: Iterable[Html], data: Html, note: str = "") -> Html:
    """A figure. `title`: what it shows, which stands above it; `says`: what is seen in it, in words; `height` of the
    picture; `data`: a table of all of it; `note`: what must be known to read it."""
    picture = el(
        "svg",
        el("title", title),
        el("desc", says),
        *drawn,
        role="img",
        aria_label=title,
        width="100%",
        height=em(height),
    )
    return el(
        "figure",
        el("figcaption", title),
        el("div", picture, class_="drawn"),
        *([el("p", note, class_="soft")] if note else ()),
        el("details", el("summary", "As a table"), data),
        class_="chart",
    )


def text(said: str, x: str, y: Decimal, *, end: bool = False, soft: bool = False) -> Html:
    """A line of text on a chart; `y` is its foot. With `end`, it ends at `x`."""
    return el("text", said, x=x, y=em(y), text_anchor="end" if end else None, class_="faint" if soft else None)


def em(length: Decimal) -> str:
    """A height as SVG has it."""
    return f"{length:.3f}".rstrip("0").rstrip(".") + "em"


def percent(part: Decimal | int, whole: Decimal | int) -> str:
    """A part of a whole as SVG has it, to a thousandth of a percent; all of nothing is nothing."""
    return f"{Decimal(part) * 100 / Decimal(whole) if whole else 0:.3f}".rstrip("0").rstrip(".") + "%"


def wide(said: str) -> Decimal:
    """How wide a text is, in heights of a letter: as in the widest of the fonts that systems have, or less."""
    return sum(map(_wide, visible(said)), Decimal(0))


def short(said: str, most: Decimal) -> str:
    """A text as far as there is room for it on one line; what is cut off stands in the table."""
    return broken(said, most, 1)[0]


def broken(said: str, most: Decimal, lines: int) -> list[str]:
    """A text in lines that are no wider than that, of which the last one is cut off where there would be more."""
    found: list[str] = []
    rest = visible(said)
    while True:
        fits = _fits(rest, most)
        if fits == len(rest):
            return [*found, rest]
        if len(found) == lines - 1:
            return [*found, rest[: _fits(rest, most - 1)].rstrip() + "…"]
        # Behind a space or a sign, where there is one.
        at = max((place for place in range(1, fits) if not rest[place - 1].isalnum()), default=fits)
        found.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()


def _fits(said: str, most: Decimal) -> int:
    """How many letters of a text there is room for; one at least."""
    reached = accumulate(map(_wide, said))
    return max(1, sum(1 for width in reached if width <= most)) if said else 0


def _wide(letter: str) -> Decimal:
    if not letter.isascii():
        return Decimal("1.4") if east_asian_width(letter) in "WF" else Decimal("0.95")
    if letter in " .,:;'|!()[]il-/":
        return Decimal("0.42")
    return Decimal("1.0") if letter in "MWmw@%" else Decimal("0.72") if letter.isupper() else Decimal("0.64")
