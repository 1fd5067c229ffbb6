"""`billpolicy.decider`: rows are decided by the version of their day, and refused in the words of documents."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

import billpolicy
from billpolicy import Refused

VERSION = """
extends: standard
policy: small
effective: {days}
operations: {{create_refund: {{sequence_set: {levels}}}}}
"""
DAYS = {"old": "{from: 2026-01-01, until: 2026-07-01}", "new": "{from: 2026-07-01}"}
LEVELS = {"old": "[account, default]", "new": "[default]"}
COLUMNS = ["date", "account.sequence_set"]


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
            assert found == (value, level, "create_refund.sequence_set")
    with pytest.raises(Refused, match="no policy is in force on 2025-12-31"):
        decider.decide((datetime.date(2025, 12, 31), "ACCOUNTS"))
    with pytest.raises(Refused, match="`date` of a row: '2026-06-30' is not a date"):
        decider.decide(("2026-06-30", "ACCOUNTS"))


def test_an_operation_that_there_is_not_is_told(versions: billpolicy.Versions) -> None:
    with pytest.raises(Refused, match="there is no operation `create_refunds`"):
        billpolicy.decider(versions, "create_refunds", COLUMNS)
