"""Billing policy as data: what credit memos, write-offs, payments and refunds inherit, decided, explained and posted.

What a program needs of it stands here; `docs/api.md` shows it in use. Each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from billpolicy.accounting.journal import JournalExport
    from billpolicy.accounting.tables import Table
    from billpolicy.analysis.analyse import Analysis
    from billpolicy.api.approvals import approve, asked_waiting, people_asked, wait, waiting, withdraw
    from billpolicy.api.books import check_book, due_dates_missing, with_due_dates
    from billpolicy.api.deciding import RowDecider, decider, row_columns
    from billpolicy.api.following import sync, usage_operations
    from billpolicy.api.planning import effect, explain, plan, plan_all
    from billpolicy.api.posting import post, post_all, post_planned
    from billpolicy.api.records import (
        account,
        account_book,
        accounting_report,
        accounts,
        document,
        explain_posted,
        history,
        journal,
        report_names,
    )
    from billpolicy.book.book import Book
    from billpolicy.book.load import book_from, load_book
    from billpolicy.book.places import places_of
    from billpolicy.bulk.compare import TableDifference, compare_tables
    from billpolicy.bulk.files import resolve_file, table_kind
    from billpolicy.bulk.spark import resolve_frame
    from billpolicy.bulk.tables import resolve_table
    from billpolicy.bulk.tally import Tally
    from billpolicy.comparing.allow import hold, load_allowed
    from billpolicy.comparing.difference import PolicyDifference, diff, names_in
    from billpolicy.comparing.findings import not_equivalent
    from billpolicy.comparing.impact import Sample, impact
    from billpolicy.comparing.propose import proposed
    from billpolicy.comparing.side import Side, is_base, load_sides
    from billpolicy.comparing.tally import Impact
    from billpolicy.comparing.witnesses import WitnessOfChange, witness_of_change
    from billpolicy.deciding.about import About, about
    from billpolicy.deciding.matching.engines import EngineName
    from billpolicy.deciding.matching.protocol import EngineError
    from billpolicy.deciding.proven import validate
    from billpolicy.deciding.tax_engine import Tax, TaxableLine, TaxEngine
    from billpolicy.deciding.versions import Versions, load_policy
    from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
    from billpolicy.exchange.conformity import violations
    from billpolicy.exchange.head_file import load_head
    from billpolicy.exchange.operations_file import WithBook, load_operations, load_with_book, operation_from
    from billpolicy.exchange.plan_file import PlanFile, is_plan_file, load_plan_file, plan_file
    from billpolicy.exchange.samples import load_samples
    from billpolicy.exchange.tables.proposal import propose_mapping
    from billpolicy.exchange.tables.reading import FromTables, load_tables
    from billpolicy.exchange.test_file import find_tests, load_tests
    from billpolicy.exchange.usage_file import UsageFile, load_usage
    from billpolicy.ledger.backups import BackedUp, Restored, backup_ledger, restore_ledger
    from billpolicy.ledger.store import Ledger, create_ledger, ledger_files, ledger_revision, open_ledger
    from billpolicy.linting.baseline import Baseline
    from billpolicy.linting.fixes import Fixed, fix
    from billpolicy.linting.linting import Linted, lint
    from billpolicy.linting.settings import Settings, read_settings, settings_for
    from billpolicy.linting.settling import Settled, settle
    from billpolicy.operations.sync.sync import Sync
    from billpolicy.planning.plan import Plan, left_by
    from billpolicy.planning.request import Instruction
    from billpolicy.policy.affected import affected, find_policies
    from billpolicy.policy.edited import edited
    from billpolicy.policy.model import Policy
    from billpolicy.posting.approving import ForApproval
    from billpolicy.posting.history import History
    from billpolicy.posting.posting import Outcome
    from billpolicy.posting.shown import ShownAccount, ShownDocument
    from billpolicy.posting.stats import Head, KeptHead
    from billpolicy.posting.store import Audit, Posted, Waiting
    from billpolicy.recording.lines import is_recording, load_recording
    from billpolicy.recording.record import Recorded
    from billpolicy.recording.recorder import Recorder
    from billpolicy.recording.replay import Replayed, replay
    from billpolicy.report.effect import Effect
    from billpolicy.report.explanation import Explanation
    from billpolicy.testing.coverage import Coverage, coverage
    from billpolicy.testing.model import Case, TestFile
    from billpolicy.testing.mutation import Mutation, mutate
    from billpolicy.testing.run import TestRun, about_rule, run_tests
    from billpolicy.testing.scaffold import first_test
    from billpolicy.witness.analysed import analyze, versions_apart, witness_of
    from billpolicy.witness.unproven import load_unproven, ways_to_settle

_WHERE = {
    "About": "deciding.about",
    "Analysis": "analysis.analyse",
    "Audit": "posting.store",
    "BackedUp": "ledger.backups",
    "Baseline": "linting.baseline",
    "Book": "book.book",
    "Case": "testing.model",
    "Coverage": "testing.coverage",
    "Diagnostic": "diagnostics.diagnostic",
    "Effect": "report.effect",
    "EngineError": "deciding.matching.protocol",
    "EngineName": "deciding.matching.engines",
    "Explanation": "report.explanation",
    "Fixed": "linting.fixes",
    "ForApproval": "posting.approving",
    "FromTables": "exchange.tables.reading",
    "Head": "posting.stats",
    "History": "posting.history",
    "Impact": "comparing.tally",
    "Instruction": "planning.request",
    "JournalExport": "accounting.journal",
    "KeptHead": "posting.stats",
    "Ledger": "ledger.store",
    "Linted": "linting.linting",
    "Mutation": "testing.mutation",
    "Outcome": "posting.posting",
    "Plan": "planning.plan",
    "PlanFile": "exchange.plan_file",
    "Policy": "policy.model",
    "PolicyDifference": "comparing.difference",
    "Position": "diagnostics.diagnostic",
    "Posted": "posting.store",
    "Recorded": "recording.record",
    "Recorder": "recording.recorder",
    "Restored": "ledger.backups",
    "Refused": "diagnostics.diagnostic",
    "Replayed": "recording.replay",
    "RowDecider": "api.deciding",
    "Sample": "comparing.impact",
    "Settings": "linting.settings",
    "Settled": "linting.settling",
    "ShownAccount": "posting.shown",
    "ShownDocument": "posting.shown",
    "Side": "comparing.side",
    "Sync": "operations.sync.sync",
    "Table": "accounting.tables",
    "TableDifference": "bulk.compare",
    "Tally": "bulk.tally",
    "Tax": "deciding.tax_engine",
    "TaxEngine": "deciding.tax_engine",
    "TaxableLine": "deciding.tax_engine",
    "TestFile": "testing.model",
    "TestRun": "testing.run",
    "UsageFile": "exchange.usage_file",
    "Versions": "deciding.versions",
    "Waiting": "posting.store",
    "WithBook": "exchange.operations_file",
    "WitnessOfChange": "comparing.witnesses",
    "about": "deciding.about",
    "about_rule": "testing.run",
    "account": "api.records",
    "account_book": "api.records",
    "accounting_report": "api.records",
    "accounts": "api.records",
    "affected": "policy.affected",
    "analyze": "witness.analysed",
    "approve": "api.approvals",
    "asked_waiting": "api.approvals",
    "backup_ledger": "ledger.backups",
    "book_from": "book.load",
    "check_book": "api.books",
    "compare_tables": "bulk.compare",
    "coverage": "testing.coverage",
    "create_ledger": "ledger.store",
    "decider": "api.deciding",
    "diff": "comparing.difference",
    "document": "api.records",
    "due_dates_missing": "api.books",
    "edited": "policy.edited",
    "effect": "api.planning",
    "explain": "api.planning",
    "explain_posted": "api.records",
    "find_policies": "policy.affected",
    "find_tests": "exchange.test_file",
    "first_test": "testing.scaffold",
    "fix": "linting.fixes",
    "history": "api.records",
    "hold": "comparing.allow",
    "impact": "comparing.impact",
    "is_base": "comparing.side",
    "is_plan_file": "exchange.plan_file",
    "is_recording": "recording.lines",
    "journal": "api.records",
    "ledger_files": "ledger.store",
    "ledger_revision": "ledger.store",
    "left_by": "planning.plan",
    "lint": "linting.linting",
    "load_allowed": "comparing.allow",
    "load_book": "book.load",
    "load_head": "exchange.head_file",
    "load_operations": "exchange.operations_file",
    "load_plan_file": "exchange.plan_file",
    "load_policy": "deciding.versions",
    "load_recording": "recording.lines",
    "load_samples": "exchange.samples",
    "load_sides": "comparing.side",
    "load_tables": "exchange.tables.reading",
    "load_tests": "exchange.test_file",
    "load_unproven": "witness.unproven",
    "load_usage": "exchange.usage_file",
    "load_with_book": "exchange.operations_file",
    "mutate": "testing.mutation",
    "names_in": "comparing.difference",
    "not_equivalent": "comparing.findings",
    "open_ledger": "ledger.store",
    "operation_from": "exchange.operations_file",
    "people_asked": "api.approvals",
    "places_of": "book.places",
    "plan": "api.planning",
    "plan_all": "api.planning",
    "plan_file": "exchange.plan_file",
    "post": "api.posting",
    "post_all": "api.posting",
    "post_planned": "api.posting",
    "propose_mapping": "exchange.tables.proposal",
    "proposed": "comparing.propose",
    "read_settings": "linting.settings",
    "replay": "recording.replay",
    "report_names": "api.records",
    "resolve_file": "bulk.files",
    "resolve_frame": "bulk.spark",
    "resolve_table": "bulk.tables",
    "restore_ledger": "ledger.backups",
    "row_columns": "api.deciding",
    "run_tests": "testing.run",
    "settings_for": "linting.settings",
    "settle": "linting.settling",
    "sync": "api.following",
    "table_kind": "bulk.files",
    "usage_operations": "api.following",
    "validate": "deciding.proven",
    "versions_apart": "witness.analysed",
    "violations": "exchange.conformity",
    "wait": "api.approvals",
    "waiting": "api.approvals",
    "ways_to_settle": "witness.unproven",
    "with_due_dates": "api.books",
    "withdraw": "api.approvals",
    "witness_of": "witness.analysed",
    "witness_of_change": "comparing.witnesses",
}
"""The file that a name stands in."""

__all__ = [
    "About",
    "Analysis",
    "Audit",
    "BackedUp",
    "Baseline",
    "Book",
    "Case",
    "Coverage",
    "Diagnostic",
    "Effect",
    "EngineError",
    "EngineName",
    "Explanation",
    "Fixed",
    "ForApproval",
    "FromTables",
    "Head",
    "History",
    "Impact",
    "Instruction",
    "JournalExport",
    "KeptHead",
    "Ledger",
    "Linted",
    "Mutation",
    "Outcome",
    "Plan",
    "PlanFile",
    "Policy",
    "PolicyDifference",
    "Position",
    "Posted",
    "Recorded",
    "Recorder",
    "Refused",
    "Replayed",
    "Restored",
    "RowDecider",
    "Sample",
    "Settings",
    "Settled",
    "ShownAccount",
    "ShownDocument",
    "Side",
    "Sync",
    "Table",
    "TableDifference",
    "Tally",
    "Tax",
    "TaxEngine",
    "TaxableLine",
    "TestFile",
    "TestRun",
    "UsageFile",
    "Versions",
    "Waiting",
    "WithBook",
    "WitnessOfChange",
    "about",
    "about_rule",
    "account",
    "account_book",
    "accounting_report",
    "accounts",
    "affected",
    "analyze",
    "approve",
    "asked_waiting",
    "backup_ledger",
    "book_from",
    "check_book",
    "compare_tables",
    "coverage",
    "create_ledger",
    "decider",
    "diff",
    "document",
    "due_dates_missing",
    "edited",
    "effect",
    "explain",
    "explain_posted",
    "find_policies",
    "find_tests",
    "first_test",
    "fix",
    "history",
    "hold",
    "impact",
    "is_base",
    "is_plan_file",
    "is_recording",
    "journal",
    "ledger_files",
    "ledger_revision",
    "left_by",
    "lint",
    "load_allowed",
    "load_book",
    "load_head",
    "load_operations",
    "load_plan_file",
    "load_policy",
    "load_recording",
    "load_samples",
    "load_sides",
    "load_tables",
    "load_tests",
    "load_unproven",
    "load_usage",
    "load_with_book",
    "mutate",
    "names_in",
    "not_equivalent",
    "open_ledger",
    "operation_from",
    "people_asked",
    "places_of",
    "plan",
    "plan_all",
    "plan_file",
    "post",
    "post_all",
    "post_planned",
    "propose_mapping",
    "proposed",
    "read_settings",
    "replay",
    "report_names",
    "resolve_file",
    "resolve_frame",
    "resolve_table",
    "restore_ledger",
    "row_columns",
    "run_tests",
    "settings_for",
    "settle",
    "sync",
    "table_kind",
    "usage_operations",
    "validate",
    "versions_apart",
    "violations",
    "wait",
    "waiting",
    "ways_to_settle",
    "with_due_dates",
    "withdraw",
    "witness_of",
    "witness_of_change",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"billpolicy has no {name!r}")
    import importlib

    from billpolicy.source.collector import collector_paused

    with collector_paused():
        found = getattr(importlib.import_module(f"billpolicy.{_WHERE[name]}"), name)
    globals()[name] = found
    return found
