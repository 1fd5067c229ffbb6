"""Posts one operation after the other, telling each when it is acknowledged: one of many processes of a soak.

It goes on until it is killed, or the faults of its disk kill it. What is refused because of the disk, or because others
write, is asked for again until it is done; a line tells each refusal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import Ledger, open_ledger
from tests.faults import disk
from tests.faults.disk import Call, Mode
from tests.faults.places import folder_of
from tests.faults.scenarios import INVOICES, POLICY, TODAY

GROUP = 3
PASSING = {"ledger-busy", "ledger-disk-full", "ledger-disk-failed", "ledger-unreadable", "ledger-unreachable"}
"""Codes of refusals that are nobody's fault but the disk's, or come of others who write."""
TRIES = 300
"""With the tenth of a second after each: a server that is started again must come back meanwhile."""


def operation(name: str, n: int) -> dict[str, Any]:
    """The n-th that a poster of this name asks for, always the same: a credit memo, or a payment that is put on
    something, by itself or by a follow-up."""
    id, invoice = f"{name}-{n}", f"INV{n % INVOICES + 1:08d}"
    payment = {"id": id, "operation": "create_payment", "account": "a", "amount": "0.03"}
    match n % 4:
        case 0:
            return {**payment, "apply": [{"document": invoice, "amount": "0.02"}]}
        case 1:
            return {**payment, "type": "electronic"}
        case _:
            items = [{"item": "x", "amount": "0.01"}]
            return {"id": id, "operation": "credit_memo_from_invoice", "invoice": invoice, "items": items}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("name")
    parser.add_argument("first", type=int, help="of its operations, the one to begin with")
    parser.add_argument("--calls", type=int, default=0, help="which calls to the disk count (disk.py)")
    parser.add_argument("--mode", type=int, default=Mode.COUNT, help="what happens at one of them")
    parser.add_argument("--at", type=int, default=0, help="at which")
    parser.add_argument("--error", type=int, default=0, help="how it fails")
    options = parser.parse_args(arguments)
    n = options.first
    with opened(options.url) as ledger:
        print("ready", flush=True)
        if options.calls:
            disk.arm(folder_of(options.url), Call(options.calls), Mode(options.mode), options.at, options.error)
        while True:
            asked = [operation(options.name, n + k) for k in range(GROUP if n % 5 == 0 else 1)]
            for id, numbers in posted(ledger, asked, bool(options.calls)):
                print(id, *numbers, flush=True)
            n += len(asked)


def opened(url: str) -> Ledger:
    """An open ledger, however often it takes."""
    for _ in range(TRIES):
        try:
            return open_ledger(url)
        except Refused as refusal:
            if not passes(refusal):
                raise
            time.sleep(0.1)
    raise TimeoutError(f"{url} cannot be opened")


def passes(refusal: Refused) -> bool:
    """Whether the same may be done a moment later."""
    return {one.code for one in refusal.diagnostics} <= PASSING


def posted(ledger: Ledger, asked: list[dict[str, Any]], armed: bool) -> list[tuple[str, list[str]]]:
    """What became of a group, however often it takes."""
    for _ in range(TRIES):
        try:
            outcomes = list(billpolicy.post_all(POLICY, ledger, asked, who="soak", today=TODAY))
        except Refused as refusal:
            if not passes(refusal):
                raise
            print("refused", flush=True)
            time.sleep(0.1)
            if armed:
                disk.disarm()
            continue
        assert all(outcome.posted is not None for outcome in outcomes), [outcome.problems for outcome in outcomes]
        return [
            (outcome.job.id, [one.document.number for one in outcome.posted.plan.documents])
            for outcome in outcomes
            if outcome.posted is not None
        ]
    raise TimeoutError(f"{asked[0]['id']} was refused {TRIES} times")


if __name__ == "__main__":
    main(sys.argv[1:])
