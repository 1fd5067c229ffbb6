"""A journal as hledger reads it, also with strict checks: `hledger check --strict`.

Texts of users stand in descriptions and in the values of tags, where they end nothing and mean nothing: see `_words`
and `_value`. Commas end a value, semicolons a description, and brackets in a comment would be another date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from billpolicy.accounting.entries import JournalEntry
from billpolicy.accounting.journal import JournalExport
from billpolicy.diagnostics.visible import visible
from billpolicy.money import minor_digits
from billpolicy.report.journal.words import Part, Tag, amount_text, description, entry_tags, line_tags, payee


def hledger(export: JournalExport, part: Part) -> str:
    """Declarations of currencies and accounts, which can be read again and again; then the entries."""
    declared = "".join(f"{line}\n" for line in _declarations(export)) if part != "entries" else ""
    entries = [_entry(one) for one in export.entries] if part != "declarations" else []
    return declared + "".join(f"\n{one}" for one in entries)


def _declarations(export: JournalExport) -> Iterator[str]:
    for currency in export.currencies:
        digits = minor_digits(currency)
        yield f"commodity 1000.{'0' * digits} {currency}"
    for account in export.accounts:
        yield f"account {account}"
    for name in sorted({_words(payee(one)) for one in export.entries}):
        yield f"payee {name}"


def _entry(entry: JournalEntry) -> str:
    amounts = [amount_text(line.amount, entry.currency) for line in entry.lines]
    wide, long = max(len(line.account) for line in entry.lines), max(map(len, amounts))
    head = f"{entry.date} {_words(payee(entry))} | {_words(description(entry))}  ; {_tags(entry_tags(entry))}\n"
    return head + "".join(
        f"    {line.account:<{wide}}  {amount:>{long}} {entry.currency}  ; {_tags(line_tags(line))}\n"
        for line, amount in zip(entry.lines, amounts, strict=True)
    )


def _tags(tags: Iterable[Tag]) -> str:
    return ", ".join(f"{tag.name}:{_value(tag.value)}" for tag in tags)


def _words(text: str) -> str:
    """A text of a description: with commas for semicolons, strokes for bars, and single spaces."""
    return " ".join(visible(text).replace(";", ",").replace("|", "/").split()).lstrip("!*(=~ ") or "-"


def _value(text: str) -> str:
    """A text that is the value of a tag, and can be read back: what would end it is written as in addresses, `%2C`."""
    return _ENDS.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


_ENDS = re.compile(r"[%,;\[\]]|[^\S ]|^ | $| (?= )|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
