"""People by their names. Nobody is authenticated here: a person is who is written, however it is spelt."""

from __future__ import annotations

import unicodedata

from billpolicy.diagnostics.visible import IGNORABLE


def same_name(written: str) -> str:
    """The one form in which names of people are compared: `Ines`, `ines` and ` ines ` are one name.

    Compatibility forms, capitals, white space and what nobody sees make no other person (Unicode's NFKC and case
    folding, without what it lists as ignorable), so that no spelling escapes a rule on somebody. Letters of other
    scripts that only look alike are other letters: such a name is in no role.
    """
    folded = unicodedata.normalize("NFKC", IGNORABLE.sub("", written)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
