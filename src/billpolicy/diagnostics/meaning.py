"""What a word that is not known here may mean: by what it says, then by its letters, and never the opposite of it.

Other systems have other words for the same thing: a credit note is a credit memo, and who voids reverses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MOST_MEANT = 3
"""Words that are suggested at once."""

OTHER_WORDS = {
    "after": "above",
    "adjustment": "adjust_credit_balance",
    "atleast": "at_least",
    "atmost": "at_most",
    "before": "below",
    "baddebt": "write_off_invoice",
    "bill": "bill_run",
    "billing": "bill_run",
    "cancel": "cancel_subscription",
    "cancellation": "cancel_subscription",
    "chargeback": "reverse_payment",
    "churn": "cancel_subscription",
    "company": "default",
    "correction": "credit_rebill",
    "credit": "credit_memo_from_invoice credit_memo_from_charge",
    "creditmemo": "credit_memo_from_invoice credit_memo_from_charge",
    "debitmemo": "debit_memo_from_invoice debit_memo_from_charge",
    "creditnote": "credit_memo_from_invoice credit_memo_from_charge",
    "debitnote": "debit_memo_from_invoice debit_memo_from_charge",
    "delete": "reverse_invoice reverse_credit_memo reverse_payment",
    "dispute": "credit_memo_from_invoice reverse_payment",
    "equals": "one_of",
    "eq": "one_of",
    "from": "at_least",
    "ge": "at_least",
    "goodwill": "credit_memo_from_charge",
    "greaterorequal": "at_least",
    "greaterthan": "above",
    "gt": "above",
    "gte": "at_least",
    "in": "one_of",
    "inherits": "extends",
    "invoice": "bill_run",
    "invoicing": "bill_run",
    "le": "at_most",
    "lessorequal": "at_most",
    "lessthan": "below",
    "lt": "below",
    "lte": "at_most",
    "max": "at_most",
    "maximum": "at_most",
    "min": "at_least",
    "minimum": "at_least",
    "morethan": "above",
    "name": "policy",
    "not": "none_of",
    "notin": "none_of",
    "numbering": "sequence_sets",
    "order": "order_line_item",
    "over": "above",
    "pay": "create_payment apply_payment",
    "payment": "create_payment apply_payment",
    "rebill": "credit_rebill",
    "refund": "create_refund refund_credit_balance",
    "reverse": "reverse_invoice reverse_credit_memo reverse_payment",
    "rules": "exceptions",
    "termination": "cancel_subscription",
    "since": "at_least",
    "terms": "payment_terms",
    "through": "at_most",
    "under": "below",
    "undopayment": "reverse_payment unapply_payment",
    "until": "below",
    "writeoff": "write_off_invoice",
}
"""A word, without capitals and what stands between its parts -> the names that it may mean, the likeliest first."""
_PARTS = {
    "allocate": "apply",
    "billing": "invoice",
    "bill": "invoice",
    "client": "account",
    "comment": "because",
    "contract": "subscription",
    "customer": "account",
    "debtor": "account",
    "delete": "reverse",
    "edit": "change",
    "issue": "create",
    "modify": "change",
    "new": "create",
    "note": "memo",
    "reason": "because",
    "receipt": "payment",
    "record": "create",
    "remove": "reverse",
    "rollback": "reverse",
    "terminate": "cancel",
    "unallocate": "unapply",
    "update": "change",
    "void": "reverse",
    "why": "because",
    "writeoff": "write_off",
}
"""A part of a word -> the same here."""
_TURNS = ("undo", "reverse", "cancel", "reopen", "retire", "none", "not")
"""Who does not say that something is undone does not mean that."""
_OPPOSITES = tuple(
    frozenset(pair.split())
    for pair in (
        "apply unapply",
        "applied unapplied",
        "debit credit",
        "increase decrease",
        "above below",
        "least most",
        "first last",
        "oldest newest",
        "fifo lifo",
        "true false",
        "set unset",
        "allowed refused",
        "create reverse",
        "create retire",
        "open close",
        "include exclude",
    )
)


def meant(word: str, known: Sequence[str]) -> list[str]:
    """The known words that are most likely meant, the likeliest first; none where nothing is like it.

    `known` is sorted; what it holds is compared letter by letter only where no meaning is found.
    """
    parts = [_PARTS.get(part, part) for part in map(_one, _parts(word))]
    said = _squeezed(word)
    alike = [name for name in known if _squeezed(name) == said != ""]
    if alike:
        return alike[:1]
    there = set(known)
    for one in (said, _one(said), _squeezed("".join(parts))):
        found = [name for name in OTHER_WORDS.get(one, "").split() if name in there]
        if found:
            return found[:_MOST_MEANT]
    translated = "_".join(parts)
    if parts != _parts(word):
        found = [name for name in known if name in (translated, f"{translated}s")]
        found = found or [name for name in known if name.startswith(f"{translated}_")]
        if found:
            return found[:_MOST_MEANT]
    return _close(word, known) or _close(translated, known)


def opposite(word: str, name: str) -> bool:
    """Whether a name says the contrary of a word: one of them undoes, or they are two sides of one thing."""
    asked, offered = _parts(word), _parts(name)
    if any(turn in offered and not _says(asked, turn) for turn in _TURNS):
        return True
    if not {"undo", "not"}.isdisjoint(asked) and not any(part in _TURNS or part.startswith("un") for part in offered):
        return True
    for pair in _OPPOSITES:
        for side in pair & set(offered):
            (other,) = pair - {side}
            if _says(asked, other) and side != _nearest(asked, pair):
                return True
    return False


def _close(word: str, known: Sequence[str]) -> list[str]:
    """The closest by its letters. Who writes `write_off` means what begins so, not what has fewer letters more."""
    import difflib

    begin = [name for name in known if name.startswith((f"{word}_", f"{word}s"))]
    close = difflib.get_close_matches(word, begin or known, n=_MOST_MEANT, cutoff=0.0 if begin else 0.6)
    found = [name for name in close if not opposite(word, name)][:1]
    return found + [twin for name in found for twin in _twins(word, name) if twin in known]


def _twins(word: str, name: str) -> list[str]:
    """The name with the other side in place of one that the word does not say: of `memo` both `debit` and `credit`."""
    asked, offered = _parts(word), set(_parts(name))
    between = [pair for pair in _OPPOSITES if pair & offered and not any(_says(asked, side) for side in pair)]
    twins = []
    for pair in between:
        other, side = sorted(pair, key=name.find)
        twins.append(name.replace(side, other))
    return twins


def _parts(word: str) -> list[str]:
    """`CreditMemo_2` as `credit`, `memo`, `2`; `write off` and `writeoff` are one part."""
    text = re.sub(r"(?i)write[\W_]?off", "writeoff", word)
    return [part.casefold() for part in _PART.findall(text)]


def _one(part: str) -> str:
    """A part without the `s` of many."""
    return part.removesuffix("s") if len(part) > 3 and not part.endswith("ss") else part


def _squeezed(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())


def _says(parts: Iterable[str], word: str) -> bool:
    """Whether one of the parts is that word, or that with a slip of the pen."""
    import difflib

    return bool(difflib.get_close_matches(word, list(parts), n=1, cutoff=0.75))


def _nearest(parts: Iterable[str], words: Iterable[str]) -> str:
    """Which of the words one of the parts is closest to."""
    from difflib import SequenceMatcher

    sides = sorted(words)
    return max(sides, key=lambda side: max((SequenceMatcher(None, side, part).ratio() for part in parts), default=0.0))
