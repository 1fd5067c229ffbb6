"""Who must approve what somebody asks for: `permission: {approval: {by: [lead, cfo], count: 2}}`.

As the value of a decision it is a text like any other, `approval by 2 of cfo, lead`, and the same text means the same
approval: so it is compared, explained, recorded and tested as other values are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from billpolicy.diagnostics.sentences import any_of
from billpolicy.source.record import value
from billpolicy.source.scalars import read_integer, read_text

APPROVAL = "approval"
"""The value of `permission` that asks for it; alone, any one other person gives it."""
MOST = 9
"""People whom one operation can ask for."""
_WORDS = re.compile(rf"{APPROVAL}(?: by ([1-{MOST}])(?: of (.+))?)?", re.DOTALL)


@value
class Approval:
    """So many people, of these roles; without roles, anybody who may."""

    by: tuple[str, ...] = ()
    """Sorted: their order says nothing."""
    count: int = 1

    def __str__(self) -> str:
        if self.by:
            return f"{APPROVAL} by {self.count} of {', '.join(self.by)}"
        return APPROVAL if self.count == 1 else f"{APPROVAL} by {self.count}"

    @property
    def people(self) -> str:
        """Whom it asks for, in words: `2 people in the roles cfo or lead`."""
        who = "a second person" if self.count == 1 and not self.by else f"{self.count} people"
        if self.count == 1 and self.by:
            who = "one person"
        return f"{who} in the role{'s' if len(self.by) > 1 else ''} {any_of(self.by)}" if self.by else who

    def fewer(self) -> Iterator[Approval]:
        """The approvals that ask for one person less, or take them from one role less."""
        if self.count > 1:
            yield replace(self, count=self.count - 1)
        for role in self.by if len(self.by) > 1 else ():
            yield replace(self, by=tuple(one for one in self.by if one != role))


def approval_of(value: object) -> Approval | None:
    """The approval that a value of `permission` asks for; None if it asks for none."""
    found = _WORDS.fullmatch(str(value))
    if found is None:
        return None
    count, by = found.groups()
    return Approval(tuple(by.split(", ")) if by else (), int(count or 1))


def read_approval(value: Any) -> Approval:
    """`{by: [lead, cfo], count: 2}`, one or both. Raises `ValueError`; whether there are such roles is asked later."""
    if not isinstance(value, dict) or not value or not value.keys() <= {"by", "count"}:
        raise ValueError("of `approval` say `by`, the roles of those who approve, or `count`, how many, or both")
    by = value.get("by", [])
    roles = [read_text(role) for role in (by if isinstance(by, list) else [by])]
    if "by" in value and not roles:
        raise ValueError("`by` lists at least one role, like `{approval: {by: [lead]}}`")
    if len(set(roles)) < len(roles):
        raise ValueError("`by` names a role twice")
    if any("," in role for role in roles):
        raise ValueError("`by` takes roles without a comma in their name: give the role another name")
    count = read_integer(value["count"]) if "count" in value else 1
    if not 1 <= count <= MOST:
        raise ValueError(f"`count` is how many people approve, from 1 to {MOST}")
    return Approval(tuple(sorted(roles)), count)


APPROVAL_SCHEMA = {
    "type": "object",
    "properties": {
        APPROVAL: {
            "type": "object",
            "properties": {
                "by": {
                    "oneOf": [
                        {"type": "string"},
                        {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
                    ]
                },
                "count": {"type": "integer", "minimum": 1, "maximum": MOST},
            },
            "additionalProperties": False,
            "minProperties": 1,
        }
    },
    "required": [APPROVAL],
    "additionalProperties": False,
}
