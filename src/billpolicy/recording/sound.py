"""Whether a line of a recording means something here: recordings are kept for years, joined, cut and mended by hand.

An operation or a kind of document that is not known, and a fact of another type than its field has, are told where they
stand. Compared with conditions, they would say that nothing differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from billpolicy.policy.condition import Fact
from billpolicy.recording.record import RecordedOperation, RecordedPolicy, settings_of
from billpolicy.source.codec import CodecError
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import DOCUMENT_KINDS, LEVELS, FieldSpec, FieldType

_KINDS = (*DOCUMENT_KINDS, "credit_adjustment")
"""Documents, and what is numbered like one."""
_NUMBERS = ("integer", "money", "date", "days")
_TYPES = {name: int if name in _NUMBERS else bool if name == "boolean" else str for name in get_args(FieldType)}


class Sound:
    """The operations of one recording, looked at one by one: what many of them share is looked at once."""

    def __init__(self) -> None:
        self._types: dict[tuple[str, str, str | None], Mapping[str, type]] = {}
        self._settings: set[bytes] = set()

    def why_not(self, operation: RecordedOperation, known: RecordedPolicy | None) -> str | None:
        """What is wrong with an operation; None if nothing is."""
        decisions, follow_ups = operation.decisions, operation.follow_ups
        names = (*(one.operation for one in decisions), *(one.operation for one in follow_ups))
        for name in (operation.operation, *names):
            if name not in VOCABULARY:
                return f"there is no operation `{name}`"
        for decision in decisions:
            why = self._wrong_fact(decision.operation, "", known, decision.facts)
            why = why or _unknown("kind of document", (one.kind for one in decision.documents), _KINDS)
            why = why or _unknown("level", decision.levels, LEVELS)
            text = bytes(decision.settings)
            if why is None and text not in self._settings:
                try:
                    settings_of(decision)
                except CodecError as error:
                    why = f"its settings are not what was decided: {error}"
                self._settings.add(text)
            if why is not None:
                return why
        return next(
            (why for one in follow_ups if (why := self._wrong_fact(one.operation, one.after, known, one.facts))), None
        )

    def _wrong_fact(
        self, operation: str, event: str, known: RecordedPolicy | None, facts: Mapping[str, Fact]
    ) -> str | None:
        name = operation, event, None if known is None else known.digest
        types = self._types.get(name)
        if types is None:
            spec = VOCABULARY[operation]
            types = self._types[name] = _types_of(spec.fields_after(event) if event else spec.fields, known)
        for fact, value in facts.items():
            if type(value) is not types.get(fact, type(value)):
                return f"`{fact}` is no {types[fact].__name__}"
        return None


def _types_of(fields: Iterable[FieldSpec], known: RecordedPolicy | None) -> Mapping[str, type]:
    said = {field.name: field.type for field in fields} | ({} if known is None else known.fields)
    currencies = {f"{name}.currency": str for name, type_ in said.items() if type_ == "money"}
    return {name: _TYPES[type_] for name, type_ in said.items() if type_ in _TYPES} | currencies


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> str | None:
    return next((f"there is no {what} `{name}`" for name in names if name not in known), None)
