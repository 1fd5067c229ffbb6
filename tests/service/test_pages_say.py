"""docs/limits.md and docs/operating.md say what is so."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from starlette.datastructures import Headers

import billpolicy
from billpolicy.exchange.callers_file import SCOPES, load_callers
from billpolicy.service.callers.caller import Caller
from billpolicy.service.callers.known import KnownCallers
from billpolicy.service.callers.sessions import HOURS, Sessions
from billpolicy.service.endpoints import decide
from billpolicy.service.gate import rates
from billpolicy.service.gate.entry import UNKNOWN_PER_SECOND
from billpolicy.service.gate.limits import MEGABYTE, Limits
from billpolicy.service.pages import asking
from billpolicy.service.running.server import GRACE_SECONDS
from billpolicy.service.telling.metrics import Metrics
from tests.helpers.paths import ROOT

LIMITS_PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
IS = Limits()


@pytest.mark.parametrize(
    "said",
    [
        f"| the body of a request | {IS.body_bytes // MEGABYTE} MB (",
        f"| the time until all of a body is there | {IS.body_seconds:g} seconds |",
        f"and what is beside its body: between its pieces and behind them | {IS.head_bytes // 1024} KB |",
        f"| the time until they are there | {IS.head_seconds:g} seconds |",
        f"| rows of `/decide` | {decide.MOST_ROWS:,} |",
        f"| an operation that is typed on one line of a page | {asking.MOST_TYPED:,} letters |",
        f"| connections | {IS.connections:,} |",
        f"| requests that are answered at once | {IS.at_once} (",
        f"| requests that wait | {IS.waiting}, and for {IS.waiting_seconds:g} seconds |",
        f"that are refused since nobody is known by them | {UNKNOWN_PER_SECOND:g} a second, as a mean over 2 seconds |",
        f"| the time for which nobody takes a part of an answer | {IS.taking_seconds:g} seconds |",
    ],
)
def test_the_page_of_limits(said: str) -> None:
    assert said in LIMITS_PAGE
    assert rates.BURST_SECONDS == 2


def test_the_file_of_callers_that_is_shown_is_right(tmp_path: Path) -> None:
    (text,) = re.findall(r"^`callers.yaml`:\n\n```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "callers.yaml"
    path.write_text(text)
    (policy,) = billpolicy.load_policy("standard", engine="python").policies
    file = load_callers(path, [policy])
    callers = KnownCallers(file, Sessions(b"k", secure=True))
    assert {one.name: one.rate for one in file.callers} == {
        "merge-bot": 100,
        "night-run": 500,
        "ines": 100,
        "prometheus": 100,
    }
    assert not callers.only_here
    for guessed in ("", "test", "test2", "token", "secret", *(one.name for one in file.callers)):
        said = Headers({"authorization": f"Bearer {guessed}"})
        assert callers.caller("192.0.2.7", said) is None, f"whoever copies the file lets `{guessed}` in"


def test_each_scope_and_metric_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?:to|and)", PAGE, re.MULTILINE) == list(SCOPES)
    told = Metrics().told(lambda: ("d", datetime.datetime.now(datetime.UTC))).decode()
    families = re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE)
    assert set(families) == set(re.findall(r"`(billpolicy_\w+)`", PAGE))


def test_how_long_things_last() -> None:
    assert f"for {HOURS} hours" in PAGE
    assert f"after {GRACE_SECONDS} seconds at most" in PAGE
    assert Caller("x", frozenset({"read"})).may("metrics")
