"""A tree with changes laid over it, and where each value of it stands."""

from __future__ import annotations

from billpolicy.source.overlaid import Overlaid
from billpolicy.source.tree import parse_text

BASE = """\
accounts:
  - {id: acme, country: DE, attributes: {term: Net 30, contact: ann}}
  - {id: bolt, country: AT}
notes: [one, two]
"""
CHANGES = """\
accounts:
  - {id: cord, country: CH}
  - {id: acme, attributes: {term: null}}
notes: [three]
"""


def laid(base: str = BASE, changes: str = CHANGES) -> Overlaid:
    return Overlaid(parse_text(base, "book.yaml"), parse_text(changes, "changes.yaml"))


def test_records_of_one_name_are_changed_key_by_key_and_others_added() -> None:
    assert laid().data == {
        "accounts": [
            {"id": "acme", "country": "DE", "attributes": {"term": None, "contact": "ann"}},
            {"id": "bolt", "country": "AT"},
            {"id": "cord", "country": "CH"},
        ],
        "notes": ["three"],
    }


def test_each_value_stands_where_it_is_said() -> None:
    tree = laid()
    places = {
        ("accounts", 0, "country"): "book.yaml:2:25",
        ("accounts", 0, "attributes", "term"): "changes.yaml:3:35",
        ("accounts", 0, "attributes", "contact"): "book.yaml:2:65",
        ("accounts", 1): "book.yaml:3:5",
        ("accounts", 1, "country"): "book.yaml:3:25",
        ("accounts", 2, "country"): "changes.yaml:2:25",
        ("notes", 0): "changes.yaml:4:9",
    }
    assert {path: str(tree.at(*path)) for path in places} == places
    assert str(tree.at("accounts", 0, "country", key=True)) == "book.yaml:2:16"
    assert str(tree.at("accounts", 0, "attributes", "nothing")) == str(tree.at("accounts", 0, "attributes"))


def test_two_changes_of_one_name_are_both_there_to_be_refused() -> None:
    tree = laid(changes="accounts: [{id: acme, country: CH}, {id: acme, country: FR}]\n")
    assert [one["country"] for one in tree.data["accounts"] if one["id"] == "acme"] == ["CH", "FR"]
