"""The JSON Schemas (draft-07, which editors understand), generated from the records and the vocabulary."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from billpolicy.book.model import BookFile
from billpolicy.catalogue.entry import entries
from billpolicy.comparing.allow import AllowFile
from billpolicy.exchange.callers_file import CallersFile
from billpolicy.exchange.plan_file import PlanFileText
from billpolicy.exchange.tables.mapping import MappingFile
from billpolicy.exchange.test_file import TestFileText
from billpolicy.linting.baseline import BaselineFile
from billpolicy.linting.lint import Lint
from billpolicy.linting.registry import LINTS
from billpolicy.linting.settings import SettingsFile
from billpolicy.operations.registry import OPERATIONS
from billpolicy.policy.approval import APPROVAL_SCHEMA
from billpolicy.policy.language import NOTHING, PolicyFile
from billpolicy.recording.record import RecordedOperation, RecordedPolicy
from billpolicy.report.analysis import AnalysesReport
from billpolicy.report.backups import BackupReport, RestoreReport
from billpolicy.report.diff import DiffReport
from billpolicy.report.explanation import ExplanationReport
from billpolicy.report.health import HealthReport
from billpolicy.report.history import HistoryReport
from billpolicy.report.imported import ImportedTables
from billpolicy.report.journal.data import JournalReport
from billpolicy.report.ledger import ImportReport, InitReport, LedgerReport, PostingReport, UsageReport
from billpolicy.report.lint import LintReport
from billpolicy.report.log import LogLine
from billpolicy.report.matrix import Matrix
from billpolicy.report.numbering import NumbersReport
from billpolicy.report.plan import PlanningReport
from billpolicy.report.posted_explanation import PostedExplanation
from billpolicy.report.problem import ProblemReport
from billpolicy.report.replay import ReplayReport
from billpolicy.report.resolved import NeededColumns, ResolvedRows
from billpolicy.report.results import Affected, Findings, Validation, Validations
from billpolicy.report.rule import RuleReport
from billpolicy.report.served import (
    AccountsReport,
    Decided,
    DecideRequest,
    PoliciesCompared,
    PoliciesReport,
    PolicyCheck,
    PolicyTexts,
    ResultLine,
    WaitingNamed,
)
from billpolicy.report.started import StartedReport
from billpolicy.report.stats import HeadReport, StatsReport
from billpolicy.report.sync import SyncReport
from billpolicy.report.tables.data import AccountingReport
from billpolicy.report.tests import TestReport
from billpolicy.report.waiting import ApprovalsReport, WaitingsReport
from billpolicy.testing.expected import DECISIONS, Expected
from billpolicy.vocabulary.events import EVENTS
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.settings import PERMISSION
from billpolicy.vocabulary.spec import OperationSpec

_DRAFT = "http://json-schema.org/draft-07/schema#"
Schema = dict[str, Any]


def _of(kind: Any, mode: Literal["validation", "serialization"] = "validation") -> Schema:
    """The schema of what is read; in mode `serialization`, of what is written."""
    from pydantic import TypeAdapter

    schema: Schema = TypeAdapter(kind).json_schema(by_alias=True, ref_template="#/definitions/{model}", mode=mode)
    schema["definitions"] = schema.pop("$defs", {})
    return schema


def _written(kind: Any) -> Callable[[], Schema]:
    return lambda: _of(kind, "serialization")


def _policy() -> Schema:
    """The policy file, with every operation, its settings and levels spelt out for completion in editors."""
    schema = _of(PolicyFile)
    decided = schema["properties"]["operations"]["additionalProperties"]["additionalProperties"]
    schema["definitions"]["Decision"] = decided
    schema["definitions"]["Approval"] = APPROVAL_SCHEMA
    schema["properties"]["operations"] = {
        "type": "object",
        "description": "What each operation decides by default.",
        "properties": {name: _operation(spec) for name, spec in VOCABULARY.items()},
        "additionalProperties": False,
    }
    exception = schema["definitions"]["ExceptionText"]["properties"]
    exception["operations"]["items"] = {"enum": list(VOCABULARY)}
    exception["then"]["additionalProperties"] = {"$ref": "#/definitions/Decision"}
    follow_up = schema["definitions"]["FollowUpText"]["properties"]
    follow_up["after"] = {"enum": list(EVENTS)}
    follow_up["then"] = {"enum": [*(name for name, spec in VOCABULARY.items() if spec.follows), NOTHING]}
    schema["definitions"]["LimitText"]["properties"]["operations"]["items"] = {"enum": list(VOCABULARY)}
    schema["properties"]["batch_limits"]["propertyNames"] = {"enum": ["every_operation", *VOCABULARY]}
    return schema


def _settings() -> Schema:
    """`billpolicy.toml`, with every code that can be taken for more or less, and every lint with its options."""
    schema = _of(SettingsFile)
    mutable = [one.code for one in entries() if one.text.severity != "error"]
    schema["properties"]["severity"]["propertyNames"] = {"enum": mutable}
    number = schema["properties"]["options"]["additionalProperties"]["additionalProperties"]
    schema["properties"]["options"] = {
        "type": "object",
        "description": "Code of a lint -> its options.",
        "properties": {lint.code: _options(lint, number) for lint in LINTS if lint.options},
        "additionalProperties": False,
    }
    return schema


def _options(lint: Lint, number: Schema) -> Schema:
    options = {name: {**number, "minimum": 0, "default": usual} for name, usual in lint.options.items()}
    return {"type": "object", "properties": options, "additionalProperties": False}


def _operation(spec: OperationSpec) -> Schema:
    levels = {"type": "array", "items": {"enum": list(spec.levels)}, "minItems": 1, "uniqueItems": True}
    value = {"type": ["string", "number", "boolean"]}
    chain = {"oneOf": [levels, _long_form("from", levels)]}
    settings = {}
    for setting in spec.settings:
        values: Schema = {"enum": list(setting.choices)} if setting.choices else value
        if setting == PERMISSION:
            values = {"oneOf": [values, {"$ref": "#/definitions/Approval"}]}
        settings[setting.name] = {"oneOf": [values, _long_form("is", values)], "description": setting.doc}
    return {
        "type": "object",
        "description": spec.doc,
        "properties": {"because": {"type": "string"}, **settings},
        "additionalProperties": chain,
    }


def _long_form(key: str, schema: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {key: schema, "because": {"type": "string"}},
        "required": [key],
        "additionalProperties": False,
    }


def _operations() -> Schema:
    """An operations file: each entry has the fields of its own operation."""
    definitions: Schema = {}
    choices = []
    for name, operation in OPERATIONS.items():
        schema = _of(operation.request)
        definitions.update(schema.pop("definitions"))
        schema["properties"]["operation"] = {"const": name}
        definitions[name] = schema
        choices.append(
            {
                "if": {"properties": {"operation": {"const": name}}, "required": ["operation"]},
                "then": {"$ref": f"#/definitions/{name}"},
            }
        )
    return {
        "type": "object",
        "properties": {
            "operations": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {"operation": {"enum": list(OPERATIONS)}},
                    "required": ["id", "operation"],
                    "allOf": choices,
                },
            }
        },
        "required": ["operations"],
        "additionalProperties": False,
        "definitions": definitions,
    }


def _one_operation() -> Schema:
    """One operation by itself, as it is sent over HTTP."""
    definitions = _operations()["definitions"]
    described = "One operation, with the fields of its own kind."
    kinds = [{"$ref": f"#/definitions/{name}"} for name in OPERATIONS]
    return {"description": described, "oneOf": kinds, "definitions": definitions}


def _witness() -> Schema:
    """An operations file that brings the book that they are planned on, and the day of planning."""
    schema, book = _operations(), _of(BookFile)
    schema["definitions"] |= book.pop("definitions")
    schema["definitions"]["Book"] = book
    day = {"type": "string", "format": "date", "description": "The day of planning."}
    schema["properties"] = {"today": day, "book": {"$ref": "#/definitions/Book"}, **schema["properties"]}
    schema["required"] = ["book", "operations"]
    return schema


def _ledger_show() -> Schema:
    """What `ledger show` answers; an operation with what was asked for, by the fields of its own kind."""
    schema = _of(LedgerReport, "serialization")
    asked = []
    for name, operation in OPERATIONS.items():
        request = _of(operation.request, "serialization")
        schema["definitions"].update(request.pop("definitions"))
        request["properties"]["operation"] = {"const": name}
        for left_out in ("id", "actor", "approved_by"):
            del request["properties"][left_out]
        request["required"].remove("id")
        schema["definitions"][name] = request
        asked.append({"$ref": f"#/definitions/{name}"})
    schema["definitions"]["OperationReport"]["properties"]["request"] = {"oneOf": asked}
    return schema


def _test() -> Schema:
    """A file of policy tests: books and operations in place, and decisions beside what else is expected."""
    schema, expected, book, operations = _of(TestFileText), _of(Expected), _of(BookFile), _operations()
    definitions = schema["definitions"]
    for other in (expected, book, operations):
        definitions.update(other.pop("definitions"))
    for name in ("DocumentExpected", "Expected", "StepExpected"):
        found = definitions.get(name, expected)
        definitions[name] = {**found, "additionalProperties": _decision()}
        properties = definitions[name]["properties"] = dict(found["properties"])
        properties[DECISIONS] = {"type": "object", "additionalProperties": _decision()}
        if "refused" in properties:
            properties["refused"] = _one_or_list({"type": "string"}, properties["refused"].get("description"))
    operation = operations["properties"]["operations"]["items"]
    asked = {"oneOf": [{"type": "string"}, {**operation, "required": ["operation"]}]}
    # Changes of a book, and operations whose id is given by the test, say not all that a file of their own must.
    for name in operation["properties"]["operation"]["enum"]:
        definitions[name]["required"] = [key for key in definitions[name]["required"] if key != "id"]
    changes = {"oneOf": [{"type": "string"}, {"type": "object", "properties": _loose(book["properties"])}]}
    case = definitions["CaseText"]["properties"]
    several = {"type": "object", "additionalProperties": {"$ref": "#/definitions/Expected"}}
    for properties, key, said in (
        (case, "book", changes),
        (case, "operation", asked),
        (case, "operations", {"type": "array", "minItems": 1, "items": asked}),
        (case, "expect", {"anyOf": [{"$ref": "#/definitions/Expected"}, several]}),
        (schema["properties"], "book", changes),
        (schema["properties"], "policy", _one_or_list({"type": "string"}, None)),
    ):
        properties[key] = {**said, "description": properties[key].get("description", "")}
    return schema


def _decision() -> Schema:
    return {"oneOf": [{"type": ["string", "number", "boolean"]}, {"$ref": "#/definitions/DecisionExpected"}]}


def _one_or_list(one: Schema, description: str | None) -> Schema:
    either: Schema = {"oneOf": [one, {"type": "array", "minItems": 1, "items": one}]}
    return either if description is None else {**either, "description": description}


def _loose(sections: Schema) -> Schema:
    """The sections of a book, each a list of records that may be told in part."""
    return {name: {"type": "array", "items": {"type": "object"}} for name in sections}


def _recording() -> Schema:
    """A line of a recording."""
    schema = _of(RecordedPolicy | RecordedOperation, "serialization")
    decision = schema["definitions"]["RecordedDecision"]["properties"]
    told = {key: value for key, value in decision["settings"].items() if key != "type"}
    decision["settings"] = {"type": "object", "additionalProperties": _OUTCOME, **told}
    return schema


_OUTCOME = {"$ref": "#/definitions/RecordedOutcome"}
SCHEMAS: dict[str, Callable[[], Schema]] = {
    "policy": _policy,
    "book": lambda: _of(BookFile),
    "operation": _one_operation,
    "operations": _operations,
    "mapping": lambda: _of(MappingFile),
    "allow": lambda: _of(AllowFile),
    "callers": lambda: _of(CallersFile),
    "test": _test,
    "test-report": _written(TestReport),
    "witness": _witness,
    "diff": _written(DiffReport),
    "validate": _written(Validation),
    "affected": _written(Affected),
    "validate-several": _written(Validations),
    "analysis": _written(AnalysesReport),
    "lint": _written(LintReport),
    "baseline": lambda: _of(BaselineFile),
    "settings": _settings,
    "explain": _written(ExplanationReport),
    "plan": _written(PlanningReport),
    "plan-file": _written(PlanFileText),
    "post": _written(PostingReport),
    "matrix": _written(Matrix),
    "ledger-init": _written(InitReport),
    "ledger-import": _written(ImportReport),
    "import-csv": _written(ImportedTables),
    "ledger-sync": _written(SyncReport),
    "ledger-show": _ledger_show,
    "ledger-history": _written(HistoryReport),
    "ledger-journal": _written(JournalReport),
    "waiting": _written(WaitingsReport),
    "approvals": _written(ApprovalsReport),
    "ledger-numbers": _written(NumbersReport),
    "log": _written(LogLine),
    "ledger-stats": _written(StatsReport),
    "ledger-head": _written(HeadReport),
    "ledger-backup": _written(BackupReport),
    "ledger-restore": _written(RestoreReport),
    "report": _written(AccountingReport),
    "ledger-usage": _written(UsageReport),
    "ledger-explain": _written(PostedExplanation),
    "recording": _recording,
    "replay": _written(ReplayReport),
    "resolve": _written(ResolvedRows),
    "resolve-columns": _written(NeededColumns),
    "rule": _written(RuleReport),
    "init": _written(StartedReport),
    "health": _written(HealthReport),
    "diagnostics": _written(Findings),
    "problem": _written(ProblemReport),
    "result-line": _written(ResultLine),
    "waiting-named": lambda: _of(WaitingNamed),
    "policy-texts": lambda: _of(PolicyTexts),
    "policies-compared": lambda: _of(PoliciesCompared),
    "decide-request": lambda: _of(DecideRequest),
    "decide": _written(Decided),
    "policies": _written(PoliciesReport),
    "policy-check": _written(PolicyCheck),
    "accounts": _written(AccountsReport),
}


def schema_of(name: str) -> Schema:
    """One schema."""
    schema = {"$schema": _DRAFT, "title": "", **SCHEMAS[name]()}
    schema["title"] = f"billpolicy {name}"  # it has the name of a class of its own
    return schema


@cache
def schema_text(name: str) -> str:
    """One schema as the text of its file."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"
