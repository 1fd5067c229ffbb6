"""`billpolicy.decider`: rows are decided by the version of their day, and refused in the words of documents."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

import billpolicy
from billpolicy import Refused
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.paths import ROOT

VERSION = """
extends: standard
policy: small
effective: {days}
operations: {{create_refund: {{sequence_set: {levels}}}}}
"""
DAYS = {"old": "{from: 2026-01-01, until: 2026-07-01}", "new": "{from: 2026-07-01}"}
LEVELS = {"old": "[account, default]", "new": "[default]"}
COLUMNS = ["date", "account.sequence_set"]
BASE = "create_refund.sequence_set"


@pytest.fixture
def versions(tmp_path: Path) -> billpolicy.Versions:
    files = [tmp_path / f"{name}.yaml" for name in DAYS]
    for file in files:
        text = VERSION.format(days=DAYS[file.stem], levels=LEVELS[file.stem])
        file.write_text(text, encoding="utf-8")
    return billpolicy.load_policy(*files, engine="python")


def test_the_day_of_a_row_selects_the_version(versions: billpolicy.Versions) -> None:
    decider = billpolicy.decider(versions, "create_refund", COLUMNS)
    place = decider.keys.index("sequence_set")
    for month, day, value, level in ((6, 30, "ACCOUNTS", "account"), (7, 1, "DEFAULT", "default")):
        for _ in range(2):
            found = decider.decide((datetime.date(2026, month, day), "ACCOUNTS"))[place]
            assert found == (value, level, BASE)
    with pytest.raises(Refused, match="no policy is in force on 2025-12-31"):
        decider.decide((datetime.date(2025, 12, 31), "ACCOUNTS"))
    with pytest.raises(Refused, match="`date` of a row: '2026-06-30' is not a date"):
        decider.decide(("2026-06-30", "ACCOUNTS"))


def test_what_only_one_version_knows_the_other_need_not(tmp_path: Path) -> None:
    """The new version has a field of its own, which a rule asks for."""
    field = "fields: {account.segment: {type: text}}\n"
    rule = "{id: small, operations: [create_refund], when: {account.segment: small}, then: {sequence_set: [account]}}"
    files = [tmp_path / f"{name}.yaml" for name in DAYS]
    for file in files:
        text = VERSION.format(days=DAYS[file.stem], levels=LEVELS[file.stem])
        more = f"{field}exceptions:\n  - {rule}\n" if file.stem == "new" else ""
        file.write_text(text + more, encoding="utf-8")
    policy = billpolicy.load_policy(*files, engine="python")
    decider = billpolicy.decider(policy, "create_refund", ["date", "account.segment", "account.sequence_set"])
    place = decider.keys.index("sequence_set")
    assert decider.decide((datetime.date(2026, 6, 30), "small", "A"))[place] == ("A", "account", BASE)
    assert decider.decide((datetime.date(2026, 7, 1), "small", "A"))[place] == ("A", "account", "small")
    assert decider.decide((datetime.date(2026, 7, 1), "large", "A"))[place] == ("DEFAULT", "default", BASE)
    for row in ((datetime.date(2026, 6, 30), "small"), (datetime.date(2026, 7, 1), "small")):
        with pytest.raises(TypeError, match="a row has 3 values"):
            decider.decide(row)


def test_an_operation_that_there_is_not_is_told(versions: billpolicy.Versions) -> None:
    with pytest.raises(Refused, match="there is no operation `create_refunds`"):
        billpolicy.decider(versions, "create_refunds", COLUMNS)


@pytest.mark.parametrize("operation", sorted(VOCABULARY))
def test_the_columns_that_are_told_are_those_that_are_wanted(operation: str) -> None:
    policy = billpolicy.load_policy(ROOT / "examples" / "a-page-of-company-policy" / "policy.yaml", engine="python")
    columns = [column.name for column in billpolicy.row_columns(policy, operation)]
    billpolicy.decider(policy, operation, columns)  # they are enough
    for column in columns:
        with pytest.raises(billpolicy.Refused, match=f"there is no column `{re.escape(column)}`"):
            billpolicy.decider(policy, operation, [other for other in columns if other != column])
