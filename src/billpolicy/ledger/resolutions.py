"""How a document's attributes were resolved, as the ledger keeps it: the facts, the levels and every decision."""

from __future__ import annotations

import datetime
from typing import Any

from billpolicy.deciding.resolver import LevelValues, Resolution, Resolved, Several
from billpolicy.ledger.canonical import from_text, to_text


def resolved_text(resolved: Resolved) -> str:
    """As canonical JSON."""
    return to_text(resolved_data(resolved))


def resolved_of(text: str) -> Resolved:
    """What `resolved_text` wrote."""
    return resolved_from(from_text(text))


def resolved_data(resolved: Resolved) -> dict[str, Any]:
    """As plain data."""
    return {
        "operation": resolved.operation,
        "date": resolved.date.isoformat(),
        "facts": resolved.facts,
        "levels": {
            level: {
                "label": values.label,
                "held": {
                    key: {"several": value.values} if isinstance(value, Several) else value
                    for key, value in values.held.items()
                },
            }
            for level, values in resolved.levels.items()
        },
        "matched": resolved.matched,
        "resolutions": {
            key: {"value": found.value, "level": found.level, "rule": found.rule}
            for key, found in resolved.resolutions.items()
        },
    }


def resolved_from(data: dict[str, Any]) -> Resolved:
    """What `resolved_data` gave, read back from JSON."""
    return Resolved(
        operation=data["operation"],
        date=datetime.date.fromisoformat(data["date"]),
        facts=data["facts"],
        levels={
            level: LevelValues(
                values["label"],
                {key: _several(value) if isinstance(value, dict) else value for key, value in values["held"].items()},
            )
            for level, values in data["levels"].items()
        },
        matched=tuple(data["matched"]),
        resolutions={
            key: Resolution(key, found["value"], found["level"], found["rule"])
            for key, found in data["resolutions"].items()
        },
    )


def _several(value: dict[str, Any]) -> Several:
    return Several(tuple((name, held) for name, held in value["several"]))
