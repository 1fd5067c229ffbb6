"""People by their names. Nobody is authenticated here: a person is who is written, however it is spelt."""

from __future__ import annotations

import re
import unicodedata


def same_name(written: str) -> str:
    """The one form in which names of people are compared: `Ines`, `ines` and ` ines ` are one name.

    Compatibility forms, capitals, white space and what nobody sees make no other person (Unicode's NFKC and case
    folding, without what it lists as ignorable), so that no spelling escapes a rule on somebody. Letters of other
    scripts that only look alike are other letters: such a name is in no role.
    """
    folded = unicodedata.normalize("NFKC", _UNSEEN.sub("", written)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): shown as nothing, such as a zero-width space."""
