"""Ids of a book that people take for others: told, since each is a record of its own.

What nobody sees, and accents written in another way, make no other id: `source/scalars.py` sees to that. What is left
are characters that look like others. Two signs of it are sure enough to be told: another form of the same characters
(Unicode's NFKC), and a word in letters of two alphabets. A whole word in look-alike letters is not found, which would
take Unicode's table of confusables and tell of many that are meant (docs/security-names.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator

from billpolicy.book.book import Book
from billpolicy.book.kinds import kind_of
from billpolicy.book.places import Place
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.visible import character

_WORD = re.compile(r"[^\W\d_]+")
_ALIKE = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"))
"""Alphabets that share the look of letters. Others are written beside Latin ones by right: Han, Kana, Hangul."""


def lookalikes(book: Book) -> Iterator[tuple[Diagnostic, Place]]:
    """One warning for each id that looks like another one."""
    for section, what, ids in _ids(book):
        first: dict[str, str] = {}
        for id in ids:
            if id.isascii():
                continue
            form = unicodedata.normalize("NFKC", id)
            other = form if form in ids else first.setdefault(form, id)
            stray = _stray(form)
            if other != id:
                yield _told(f"{what}`{id}` looks like `{other}`, and is another one", section, id)
            elif stray is not None:
                yield _told(f"{what}`{id}` has {character(stray)} among letters of another alphabet", section, id)


def _ids(book: Book) -> Iterator[tuple[str, str, Collection[str]]]:
    """Each section with what its records are called, and their ids."""
    yield "accounts", "account ", book.accounts
    yield "contacts", "contact ", book.contacts
    yield "subscriptions", "subscription ", book.subscriptions
    yield "charges", "charge ", book.charges
    numbers: dict[str, dict[str, None]] = {}
    for number, document in book.numbered.items():
        numbers.setdefault(kind_of(document).section, {})[number] = None
    for section, own in numbers.items():
        yield section, "", own


def _told(message: str, section: str, id: str) -> tuple[Diagnostic, Place]:
    hint = "if both are one, give them one id; if it is meant, leave it"
    return Diagnostic("id-lookalike", message, None, hint, "warning"), (section, id)


def _stray(text: str) -> str | None:
    """The first letter that is of another alphabet than most of the word that it is in."""
    for word in _WORD.findall(text):
        counted = Counter(script for c in word if (script := _script(c)) in _ALIKE)
        if len(counted) > 1:
            ((usual, _),) = counted.most_common(1)
            others = [str(c) for c in word if _script(c) in _ALIKE and _script(c) != usual]
            return others[0]
    return None


def _script(c: str) -> str:
    """The alphabet of a letter, which its name begins with: the standard library has no other word of it."""
    return unicodedata.name(c, "").partition(" ")[0]
