"""A book that tables gave as the text of a book file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from billpolicy.book.model import BookFile
from billpolicy.source.record import written_name
from billpolicy.source.write import plain_data
from billpolicy.source.yaml_text import yaml_lines

BEGINS = "# Made by `billpolicy import-csv`"


def book_text(file: BookFile, tables: Iterable[str]) -> str:
    """YAML that `load_book` reads as the same book; the same book gives the same text."""
    said = f"{BEGINS} of {', '.join(tables)}: import again, and do not edit it here.\n"
    sections = _stated(file)
    body = []
    for name, records in sections.items():
        body += [f"{name}:", *yaml_lines(records, 2)] if records else [f"{name}: []"]
    return said + "\n".join(body) + "\n"


def _stated(value: Any) -> Any:
    """A record as plain data, without what it has by default."""
    if isinstance(value, tuple):
        return [_stated(one) for one in value]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return plain_data(value)
    return {
        written_name(one.name): _stated(held)
        for one in dataclasses.fields(value)
        for held in [getattr(value, one.name)]
        if held != one.default and held != {}
    }
