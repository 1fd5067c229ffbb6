"""What the service tells whoever began it in a terminal: each line of its log in words."""

from __future__ import annotations

import pytest

from billpolicy.cli.service_log import _say
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.service.telling.log import Log
from billpolicy.service.telling.noted import Noted


def test_each_line_is_a_sentence_or_what_a_person_looks_for(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log(_say)
    log.became("serving", "serving on http://127.0.0.1:8080", policy="d" * 64)
    log.request(Noted("r1", "GET", "/matrix", 200, "ines"), 0.01234)
    refused = Noted("r2", "POST", "/post", 422, None, problem="refused", codes=["actor-missing"])
    log.request(refused, 0.5)
    log.operation(refused, "memo-1", "write_off_invoice", "posted", ["CM-1", "CM-2"])
    log.operation(refused, "memo-\x1b[2J", "write_off_invoice", "refused", (), ["actor-missing"])
    found = [Diagnostic("key-unknown", "`colour` is not a key", Position("acme.yaml", 4, 1), "remove it")]
    log.became("policy_refused", "the policy is not sound", level="error", found=found)
    log.request(Noted("r3", "POST", "/plan", 200, "ines", codes=["document-unknown"]), 0.25)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "note: serving on http://127.0.0.1:8080",
        "200 GET /matrix ines 12.3 ms r1",
        "422 POST /post nobody 500.0 ms r2 refused actor-missing",
        "memo-1 posted CM-1, CM-2",
        "memo-\\x1b[2J refused actor-missing",
        "error: the policy is not sound",
        "error: acme.yaml:4:1: `colour` is not a key [key-unknown]",
        "200 POST /plan ines 250.0 ms r3 document-unknown",
    ]
