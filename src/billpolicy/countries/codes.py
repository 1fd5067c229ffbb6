"""The country codes that policies and books may use, and the one that somebody means who writes something else.

ISO 3166-1 alpha-2, and `XK` for Kosovo: ISO leaves it to its users, and the European Union uses it so.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from billpolicy.countries.names import ISO_3166

_KOSOVO = "XK XKX Kosovo"
_LINES = tuple(line.split(" ", 2) for line in (*ISO_3166.strip().splitlines(), _KOSOVO))
CODES = frozenset(code for code, _, _ in _LINES)
_ALSO = """
AE Emirates; UAE
BA Bosnia
BN Brunei
CD Congo-Kinshasa; DR Congo; DRC
CG Congo-Brazzaville
CI Ivory Coast
CV Cape Verde
FK Falklands
FM Micronesia
GB Britain; England; Great Britain; Northern Ireland; Scotland; UK; Wales
GR EL; Hellas
KR Korea
MK Macedonia
MM Burma
MO Macau
NL Holland
PS Palestine
RU Russia
SZ Swaziland
TL East Timor
TR Turkey
US America
VA Vatican; Vatican City
"""
"""Names that ISO 3166 does not have, and codes of others: the European Union writes `EL` and `UK`."""
_CLOSE = 0.8


def check_country(text: str) -> None:
    """Raises `ValueError` for what is no code of a country, with the one that is meant where that can be told."""
    if text not in CODES:
        meant = meant_by(text)
        hint = f"use the two-letter code `{meant}`" if meant else "use its two letters, like `DE`"
        raise ValueError(f"`{text[:40]}` is not a country code of ISO 3166; {hint}")


def meant_by(text: str) -> str | None:
    """The code of the country that a text names: by a code in small letters, three letters, or a name or one close to
    it. None where it names none."""
    import difflib

    known, wanted = _known(), _plain(text)
    exact = known.get(text.strip().casefold(), known.get(wanted))
    if exact is not None:
        return exact
    close = difflib.get_close_matches(wanted, known, n=1, cutoff=_CLOSE) if len(wanted) > 3 else []
    return known[close[0]] if close else None


@cache
def _known() -> dict[str, str]:
    """All that is said for a country -> its code; a code of two letters is nothing else."""
    found: dict[str, str] = {}
    for code, letters, names in _LINES:
        found |= {_plain(name): code for whole in names.split("; ") for name in _forms(whole)}
        found[letters.casefold()] = code
    for line in _ALSO.strip().splitlines():
        code, names = line.split(" ", 1)
        found |= {_plain(name): code for name in names.split("; ")}
    return found | {code.casefold(): code for code in CODES}


def _forms(name: str) -> tuple[str, ...]:
    """A name as lists have it and as people say it: `Korea, Republic of`, `Falkland Islands (Malvinas)`."""
    short = name.partition(" (")[0]
    return name, short, " ".join(reversed(short.split(", ")))


def _plain(name: str) -> str:
    """A name without capitals, accents, points and articles; `Saint` is `st`."""
    letters = unicodedata.normalize("NFKD", name.casefold().replace(".", ""))
    words = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split()
    return " ".join("st" if word == "saint" else word for word in words if word not in ("the", "of", "and"))
