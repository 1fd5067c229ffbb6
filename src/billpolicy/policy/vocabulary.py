"""The closed vocabulary a policy is checked against: operations, their levels, fields and settings.

The types stand here; the operations declare themselves in `operations/`, one file each, and hand a `Vocabulary` down.
Nothing here says who inherits what: that is policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DocumentKind = Literal["invoice", "credit_memo", "debit_memo", "payment", "refund"]
DOCUMENT_KINDS: tuple[DocumentKind, ...] = ("invoice", "credit_memo", "debit_memo", "payment", "refund")
FieldType = Literal["text", "choice", "integer", "money", "date", "boolean"]
Level = Literal[
    "request", "invoice", "credit_memo", "debit_memo", "subscription", "order_line_item", "account", "default"
]
LEVELS: tuple[Level, ...] = (
    "request",
    "invoice",
    "credit_memo",
    "debit_memo",
    "subscription",
    "order_line_item",
    "account",
    "default",
)
"""Where a value can come from; `default` is the policy's own default for the attribute (design section 1)."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that conditions can ask about: its dotted name, its one type, and the closed list of a choice."""

    name: str
    type: FieldType
    doc: str = ""
    choices: tuple[str, ...] = ()
    codes: str = ""
    """The category of the policy's `reason_codes` that lists the choices, instead of `choices`."""


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """A decision of an operation that is a plain value: a choice out of a closed list, a text, a number, true/false."""

    name: str
    type: Literal["text", "choice", "integer", "boolean"]
    doc: str
    choices: tuple[str, ...] = ()
    codes: str = ""
    """As in `FieldSpec`."""


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """What a policy can say about one operation."""

    name: str
    doc: str
    produces: DocumentKind
    levels: tuple[Level, ...]
    fields: tuple[FieldSpec, ...]
    settings: tuple[SettingSpec, ...] = ()

    @property
    def scopes(self) -> frozenset[str]:
        """The objects whose fields it has: `account`, `invoice`, ...; also where custom fields may stand."""
        return frozenset(field.name.partition(".")[0] for field in self.fields if "." in field.name)


Vocabulary = Mapping[str, OperationSpec]
"""Operation name -> what a policy can say about it."""
