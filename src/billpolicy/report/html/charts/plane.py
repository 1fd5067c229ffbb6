"""A plane on which something is drawn over time: as wide as there is room, and of a height in letters."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from billpolicy.report.html.charts.frame import ABOVE, LINE, em, text
from billpolicy.report.html.markup import Html, el

WIDE, HIGH = Decimal(640), Decimal(192)
"""How many units the plane has. It is stretched to the width of the page, and lines keep their strength."""
TALL = Decimal(12)
"""Its height in letters."""


def plane(shapes: Iterable[Html], top: Decimal) -> Html:
    """Shapes within the plane, which begins `top` letters below the edge of the picture."""
    return el(
        "svg",
        *shapes,
        x="0",
        y=em(top),
        width="100%",
        height=em(TALL),
        viewBox=f"0 0 {WIDE} {HIGH}",
        preserveAspectRatio="none",
    )


def days_below(first: str, last: str, foot: Decimal) -> tuple[Html, ...]:
    """What stands under a plane that ends at `foot`: where it begins and where it ends, once if that is the same."""
    y = foot + LINE - ABOVE
    begin = text(first, "0", y, soft=True)
    return (begin,) if first == last else (begin, text(last, "100%", y, end=True, soft=True))


def units(length: Decimal) -> str:
    """A length on the plane, to a hundredth."""
    return f"{length:.2f}".rstrip("0").rstrip(".")


def level(kind: str, y: Decimal) -> Html:
    """A line across the plane."""
    return el("path", d=f"M0 {units(y)}H{WIDE}", class_=kind)
