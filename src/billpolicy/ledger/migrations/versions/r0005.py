"""The journal holds every change of an operation, and the tables how their documents were imported.

Until now the changes of an operation stood in fields of their own and in the tables; how the attributes of a document
were resolved stood in a table of its own. Both are in `operations.plan` now, so that the journal can be replayed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op

from billpolicy.money import from_minor

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MAY_CHANGE = {"documents": ("reversed", "status", "posted_as", "revision"), "operations": ()}
_FLAGS = """
NEW.revision <> OLD.revision + 1 OR NEW.reversed < OLD.reversed
OR NEW.status <> OLD.status AND (OLD.status <> 'draft' OR NEW.status <> 'canceled' OR OLD.posted_as IS NOT NULL)
OR NEW.posted_as IS NOT OLD.posted_as
AND (OLD.posted_as IS NOT NULL OR OLD.status <> 'draft' OR NEW.status <> 'draft')
"""
_Row = dict[str, Any]


def upgrade() -> None:
    """Add the columns, write the journal anew, and put the guards up again."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in ("documents_fixed", "documents_flags", "operations_fixed") if sqlite else ():
        op.execute(f"DROP TRIGGER {trigger}")
    op.add_column("documents", sa.Column("imported_status", sa.Text()))
    op.add_column("documents", sa.Column("imported_reversed", sa.Boolean()))
    op.add_column("documents", sa.Column("imported_posted_as", sa.Text()))
    _write_journal()
    op.drop_table("resolutions")
    for table, may_change in _MAY_CHANGE.items() if sqlite else ():
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        fixed = ", ".join(name for name in columns if name not in may_change)
        _guard(table, "fixed", f"UPDATE OF {fixed}", f"{table} never change")
    if sqlite:
        _guard("documents", "flags", "UPDATE", "documents change one way, their revision by one", _FLAGS)


def _guard(table: str, name: str, event: str, message: str, condition: str | None = None) -> None:
    when = f"WHEN {condition} " if condition else ""
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
    )


def _rows(text: str) -> list[_Row]:
    return [dict(row) for row in op.get_bind().execute(sa.text(text)).mappings()]


def _grouped(text: str, *keys: str) -> dict[Any, list[_Row]]:
    groups: dict[Any, list[_Row]] = defaultdict(list)
    for row in _rows(text):
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


def _write_journal() -> None:
    old = _Old()
    reversed_: set[str] = set()
    posted: set[str] = set()
    canceled: set[str] = set()
    for row in _rows("SELECT id, plan, cause FROM operations"):
        plan: _Row = json.loads(row["plan"])
        reversed_.update(plan["reversed"])
        posted.update(plan.get("posted_drafts", {}))
        canceled.update(plan.get("canceled_drafts", ()))
        cause = None if row["cause"] is None else json.loads(row["cause"])
        values = {
            "plan": _text(old.kept(row["id"], plan)),
            "cause": cause and _text([cause["after"], cause["rule"], cause["position"], cause["because"]]),
            "id": row["id"],
        }
        op.get_bind().execute(sa.text("UPDATE operations SET plan = :plan, cause = :cause WHERE id = :id"), values)
    for row in _rows(
        "SELECT number, status, reversed, posted_as FROM documents "
        "WHERE operation IS NULL AND kind IN ('invoice', 'credit_memo', 'debit_memo')"
    ):
        number = row["number"]
        values = {
            "status": "draft" if number in canceled else row["status"],
            "reversed": bool(row["reversed"]) and number not in reversed_,
            "posted_as": None if number in posted else row["posted_as"],
            "number": number,
        }
        op.get_bind().execute(
            sa.text(
                "UPDATE documents SET imported_status = :status, imported_reversed = :reversed, "
                "imported_posted_as = :posted_as WHERE number = :number"
            ),
            values,
        )


def _text(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


class _Old:
    """What the tables of 0004 have of operations."""

    def __init__(self) -> None:
        documents = "SELECT * FROM documents WHERE operation IS NOT NULL ORDER BY id"
        self.documents = _grouped(documents, "operation")
        self.items = _grouped("SELECT * FROM items ORDER BY document, position", "document")
        self.taxes = _grouped("SELECT * FROM taxes ORDER BY document, position", "document", "item")
        self.refund_parts = _grouped("SELECT * FROM refund_parts ORDER BY refund, position", "refund")
        self.applications = _grouped("SELECT * FROM applications ORDER BY id", "operation")
        self.parts = _grouped("SELECT * FROM application_parts ORDER BY application, position", "application")
        self.resolved = {row["document"]: json.loads(row["resolved"]) for row in _rows("SELECT * FROM resolutions")}

    def kept(self, id: str, plan: _Row) -> _Row:
        documents = self.documents[id,]
        changes = [[f"{row['kind']}_issued", self._issued(row)] for row in documents]
        changes += [["applied", {"application": self._application(row)}] for row in self.applications[id,]]
        changes += [["reversed", {"number": number}] for number in plan["reversed"]]
        for draft, number in plan.get("posted_drafts", {}).items():
            changes.append(["draft_posted", {"draft": draft, "number": number}])
        changes += [["draft_canceled", {"draft": draft}] for draft in plan.get("canceled_drafts", ())]
        for one in plan.get("cancellations", ()):
            changes.append(["subscription_canceled", {"subscription": one["subscription"], "day": one["on"]}])
        changes += [["charged_through", one] for one in plan["charged_through"]]
        resolved: list[Any] = []
        reasons = {}
        for each in (*(self.resolved[row["number"]] for row in documents), *plan.get("decisions", ())):
            if _resolved(each) not in resolved:
                resolved.append(_resolved(each))
        for row in documents:
            reasons[row["number"]] = resolved.index(_resolved(self.resolved[row["number"]]))
        return {
            "basis": plan["basis"],
            "changes": changes,
            "resolved": resolved,
            "reasons": reasons,
            "balances": plan["balances"],
            "notes": plan.get("notes", []),
            "warnings": [[w["code"], w["message"], w["position"], w["hint"], w["severity"]] for w in plan["warnings"]],
            "follow_ups": plan.get("follow_ups", 0),
            "actor": plan["actor"],
            "approved_by": plan.get("approved_by"),
            "comment": plan["comment"],
        }

    def _issued(self, row: _Row) -> _Row:
        draw = {name: row[name] for name in ("kind", "prefix", "start", "counter", "number")}
        return {"document": self._document(row), "draw": draw}

    def _document(self, row: _Row) -> _Row:
        """As it was planned: reversed, posted or canceled it was by a change, of this operation or of a later one."""
        kind, currency = row["kind"], row["currency"]
        found = {name: row[name] for name in ("number", "account", "date", "currency", "comment")}
        found["status"] = "draft" if row["status"] == "canceled" else row["status"]
        found["attributes"] = json.loads(row["attributes"])
        if kind in ("payment", "refund", "credit_adjustment"):
            found |= {"amount": _amount(row, currency), "type": row["type"]}
        else:
            found["items"] = [self._item(row["number"], item, currency) for item in self.items[row["number"],]]
            found |= {"bill_run": row["bill_run"], "priority": row["priority"]}
        if kind not in ("refund", "credit_adjustment"):
            found["auto_apply"] = bool(row["auto_apply"])
        if kind in ("credit_memo", "debit_memo", "refund", "credit_adjustment"):
            found["reason"] = row["reason"]
        if kind in ("invoice", "debit_memo"):
            found["due_date"] = row["due_date"]
        if kind == "invoice":
            found["split"] = bool(row["split"])
        elif kind == "refund":
            found |= {"of": row["refund_of"], "parts": _parts(self.refund_parts[row["number"],], currency)}
        else:
            found["document" if kind == "credit_adjustment" else "source"] = row["source"]
        return found

    def _item(self, number: str, row: _Row, currency: str) -> _Row:
        left_out = ("document", "position", "amount_minor")
        found = {name: value for name, value in row.items() if name not in left_out}
        taxes = [
            {name: tax[name] for name in ("id", "name", "rate", "jurisdiction", "source_tax")}
            | {"amount": _amount(tax, currency)}
            for tax in self.taxes[number, row["id"]]
        ]
        return found | {"amount": _amount(row, currency), "taxes": taxes}

    def _application(self, row: _Row) -> _Row:
        return {
            "from_": row["from_number"],
            "to": row["to_number"],
            "date": row["date"],
            "amount": _amount(row, row["currency"]),
            "parts": _parts(self.parts[row["id"],], row["currency"]),
        }


def _amount(row: _Row, currency: str) -> str:
    return str(from_minor(row["amount_minor"], currency))


def _parts(rows: list[_Row], currency: str) -> list[_Row]:
    names = ("item", "tax", "source_item", "source_tax")
    return [{name: row[name] for name in names} | {"amount": _amount(row, currency)} for row in rows]


def _resolved(data: _Row) -> list[Any]:
    """Named tuples are lists now."""
    levels = {
        level: [values["label"], {key: _held(value) for key, value in values["held"].items()}]
        for level, values in data["levels"].items()
    }
    resolutions = {
        key: [key, found["value"], found["level"], found["rule"]] for key, found in data["resolutions"].items()
    }
    return [data["operation"], data["date"], data["facts"], levels, data["matched"], resolutions]


def _held(value: Any) -> Any:
    return {"values": value["several"]} if isinstance(value, dict) else value
