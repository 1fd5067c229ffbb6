"""A record: what it is to those who make, change, ask about and read one."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import ClassVar

import pytest

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.source.read import read_carefully, read_record
from billpolicy.source.record import record, value
from billpolicy.source.tree import parse_text


@record
class Part:
    """One of what a whole is made of."""

    id: str
    parts: tuple[Part, ...] = ()


@record
class Base:
    """What others have, too."""

    kind: ClassVar[str] = "base"
    name: str
    marks: dict[str, str] = field(default_factory=dict)


@record
class Whole(Base):
    """One that has another for a base: its required field comes after one with a default."""

    kind = "whole"
    from_: str
    parts: tuple[Part, ...] = ()
    name: str = "unnamed"

    @property
    def count(self) -> int:
        """How many parts there are."""
        return len(self.parts)


def test_the_fields_are_those_of_the_base_and_then_its_own() -> None:
    assert [one.name for one in dataclasses.fields(Whole)] == ["name", "marks", "from_", "parts"]
    assert Whole.__struct_fields__ == ("name", "marks", "from_", "parts")  # type: ignore[attr-defined]


def test_defaults_are_taken_and_each_record_has_its_own_dict() -> None:
    one, other = Whole(from_="here"), Whole(from_="here")
    assert (one.name, one.parts, one.count, Whole.kind) == ("unnamed", (), 0, "whole")
    assert one == other
    assert one.marks is not other.marks


def test_a_copy_with_other_values_leaves_the_first_as_it_was() -> None:
    one = Whole(from_="here")
    other = dataclasses.replace(one, name="named")
    assert (one.name, other.name, other.from_, type(other)) == ("unnamed", "named", "here", Whole)


def test_nothing_of_it_is_changed_and_nothing_is_added() -> None:
    one = Part(id="a")
    with pytest.raises(AttributeError):
        one.id = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        one.other = "b"  # type: ignore[attr-defined]


@pytest.mark.parametrize("given", [{}, {"id": "a", "other": 1}])
def test_what_is_missing_or_not_known_is_a_type_error(given: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        Part(**given)  # type: ignore[arg-type]


def test_it_is_equal_to_its_like_alone_and_can_be_a_key() -> None:
    assert Part(id="a") == Part(id="a") != Part(id="b")
    assert len({Part(id="a"), Part(id="a"), Part(id="b")}) == 2
    assert Base(name="a") != Whole(name="a", from_="")


def test_it_is_copied_and_pickled_as_it_is() -> None:
    one = Whole(from_="here", parts=(Part(id="a"),))
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))


@pytest.mark.parametrize("read", [read_record, read_carefully])
def test_files_are_read_as_it_is_declared_also_where_it_holds_its_own_kind(read: object) -> None:
    tree = parse_text("from: here\nmarks: {a: b}\nparts: [{id: a, parts: [{id: b}]}]\n", "whole.yaml")
    parts = (Part(id="a", parts=(Part(id="b"),)),)
    assert read(Whole, tree) == Whole(from_="here", marks={"a": "b"}, parts=parts)  # type: ignore[operator]


def test_every_mistake_has_its_place() -> None:
    with pytest.raises(Refused) as refused:
        read_record(Whole, parse_text("name: x\nparts: [{id: a, part: []}, 1]\n", "whole.yaml"))
    found = {(one.code, str(one.position)) for one in refused.value.diagnostics}
    assert found == {
        ("key-missing", "whole.yaml:1:1"),
        ("key-unknown", "whole.yaml:2:17"),
        ("value-wrong", "whole.yaml:2:28"),
    }


@value
class Pair:
    """Two of something."""

    one: int
    other: int = 0


def test_a_value_is_a_record_that_is_made_by_position_too() -> None:
    assert Pair(1, 2) == Pair(one=1, other=2) == dataclasses.replace(Pair(1), other=2)
    with pytest.raises(AttributeError):
        Pair(1).one = 2  # type: ignore[misc]
