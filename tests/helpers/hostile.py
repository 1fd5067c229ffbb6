"""A folder in which every text is hostile: it steers a terminal, hides, forges a line, formats, links, and runs.

No such text passes the gates, so they are off where this is made and read: what is shown must be safe by itself, as it
is of a ledger that had other gates, or was changed by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

from billpolicy.vocabulary.accounts import ACCOUNT_ROLES
from tests.helpers.command_line import Ran, billpolicy
from tests.helpers.paths import STANDARD

FORGED = "forged: all is well"
"""No line of anything begins so."""
_STEERS = "\x1b]0;owned\x07\x9b31m\u202e\u200b\u3164\u2028"
_LINES = f"\n::error::forged\n{FORGED}\n ::error::forged ##[error]forged {FORGED}"
HOSTILE = f"=1+1|<img src=x onerror=alert(1)>[x](javascript:alert(1))`</script>{_STEERS}{_LINES}"
FILE = f"=1+1<img src=x onerror=alert(1)>{_STEERS}\n::error::forged\n{FORGED}"
"""A name of files may hold all but a slash."""


def hostile(name: str) -> str:
    """The hostile text that is the name of something."""
    return f"{HOSTILE} {name}"


def file(name: str) -> str:
    """The hostile name of a file."""
    return f"{FILE} {name}"


URL = f"sqlite:///{file('l.db')}"


def run(*arguments: str) -> Ran:
    """`billpolicy ARGUMENTS` with its gates off."""
    with (
        mock.patch("billpolicy.source.scalars._steering", return_value=False),
        mock.patch("billpolicy.source.scalars._is_hidden", return_value=False),
    ):
        return billpolicy(*arguments)


def _rules(limit: str) -> dict[str, Any]:
    h = hostile
    because, size = h("because"), f"x{h('big')}"  # a sign would be taken for a comparison
    roles = {role: f"assets:{role.replace('_', '-')}" for role in ACCOUNT_ROLES}
    return {
        "policy": h("policy"),
        "description": h("description"),
        "extends": str(STANDARD),
        "effective": {"from": "2026-01-01"},
        "attributes": {"template": {"documents": ["credit_memo"], "type": "text"}},
        "fields": {"account.segment": {"type": "text"}, "account.size": {"type": "choice", "values": [size]}},
        "roles": {h("lead"): [h("maria"), h("max")], "clerk": [h("ines")]},
        "defaults": {"template": h("value")},
        "every_operation": {"template": ["account", "default"]},
        "payment_terms": {h("net"): {"net": 30}},
        "accounts": {role: {"otherwise": one, "because": because} for role, one in roles.items()},
        "exceptions": [
            {
                "id": h("rule"),
                "operations": ["write_off_invoice", "create_payment"],
                "when": {"account.name": h("name"), "account.segment": h("segment"), "account.size": size},
                "then": {"sequence_set": ["account", "default"]},
                "because": because,
            },
            {
                "id": h("above"),
                "operations": ["write_off_invoice"],
                "when": {"amount": {"above": limit, "other_currencies": "holds"}},
                "then": {"permission": {"approval": {"by": [h("lead")], "count": 2}}},
                "because": because,
            },
        ],
        "follow_ups": [
            {
                "id": h("follow"),
                "after": "credit_increased",
                "when": {"account.segment": h("segment")},
                "then": "refund_credit_balance",
                "because": because,
            }
        ],
    }


def _book() -> dict[str, Any]:
    h = hostile
    account = {
        "id": h("account"),
        "name": h("name"),
        "currency": "EUR",
        "attributes": {"bill_to_contact": h("contact"), "template": h("value"), h("unknown"): h("value")},
        "custom": {"segment": h("segment"), "size": f"x{h('big')}", h("unknown"): h("value")},
    }
    item = {"id": h("item"), "name": h("item name"), "taxes": [{"id": h("tax"), "name": h("vat"), "amount": "0.20"}]}
    invoices = [
        {
            "number": h(number),
            "account": h("account"),
            "date": "2026-01-01",
            "currency": "EUR",
            "attributes": {"payment_term": h("net")},
            "items": [{**item, "amount": amount}],
            "comment": h("comment"),
        }
        for number, amount in (("I1", "1.00"), ("I2", "900.00"), ("I3", "2.00"), ("I4", "800.00"))
    ]
    return {
        "accounts": [account, {"id": "b", "currency": "EUR", "name": h("other")}],
        "contacts": [{"id": h("contact"), "account": h("account"), "name": h("contact name")}],
        "subscriptions": [
            {"id": h("sub"), "account": h("account"), "plan": h("plan"), "charges": []},
        ],
        "charges": [{"id": h("charge"), "name": h("charge name")}],
        "invoices": invoices,
    }


def _asked(name: str, invoice: str, **more: str) -> dict[str, str]:
    asked = {"id": hostile(name), "operation": "write_off_invoice", "date": "2026-01-02", "invoice": hostile(invoice)}
    return asked | {"actor": hostile("ines"), "comment": hostile("comment")} | more


def _write(folder: Path, name: str, data: Any) -> None:
    (folder / name).write_text(data if isinstance(data, str) else json.dumps(data, indent=1), encoding="utf-8")


def make(folder: Path) -> None:
    """The files, and a ledger in which something was posted, waits, was withdrawn and was backed up."""
    tests = [
        {"name": hostile("passes"), "operation": _asked("t", "I1"), "expect": {"refused": []}},
        {"name": hostile("fails"), "operation": _asked("t", "I1"), "expect": {"refused": [hostile("code")]}},
        {"name": hostile("skipped"), "skip": hostile("why"), "operation": _asked("t", "I1"), "expect": {}},
    ]
    _write(folder, file("policy.yaml"), _rules("100.00 EUR"))
    _write(folder, file("newer.yaml"), _rules("300.00 EUR"))
    _write(
        folder, file("wrong.yaml"), {**_rules("1.00 EUR"), hostile("key"): hostile("value"), "extends": hostile("x")}
    )
    _write(folder, file("book.yaml"), _book())
    moved = _book()
    moved["accounts"][0] |= {"name": hostile("new name")}
    moved["accounts"].append({"id": hostile("new account"), "currency": "EUR", "name": hostile("name")})
    moved["invoices"][2]["items"][0]["amount"] = "3.00"
    _write(folder, file("moved.yaml"), moved)
    _write(folder, file("broken.yaml"), f'a: "{FORGED}\nb: [')
    _write(folder, file("asked.json"), {"operations": [_asked("o1", "I1"), _asked("o2", "nowhere")]})
    _write(folder, file("more.json"), {"operations": [_asked("o3", "I3"), _asked("o4", "nowhere")]})
    _write(folder, file("waits.json"), {"operations": [_asked("w1", "I2"), _asked("w2", "I4")]})
    _write(folder, file("tests.test.yaml"), {"policy": file("policy.yaml"), "book": file("book.yaml"), "tests": tests})
    _write(
        folder, file("usage.csv"), "id,subscription,charge,date,quantity\n" + '"=1+1 <b>","nowhere","c",2026-01-01,1\n'
    )
    cell = HOSTILE.replace('"', "").replace("\n", " ").replace("\r", " ")
    _write(folder, file("table.csv"), f'Id,Name,Currency\n"{cell}","{cell}",EUR\n"{cell} 2","{cell}",EURO\n')
    columns = {"Id": "id", "Name": "name", "Currency": "currency"}
    table = {"file": file("table.csv"), "record": "accounts", "columns": columns}
    _write(folder, file("mapping.yaml"), {"tables": [table]})
    heading = "date,account.name,account.segment,account.size,account.sequence_set,account.country"
    rows = f'2026-01-02,"{hostile("name")}",,,,\n2026-01-02,,,"{hostile("size")}",,\n2026-01-02,,,,,"{cell}"\n'
    _write(folder, file("rows.csv"), f"{heading}\n{rows}")
    _write(folder, file("broken.csv"), f'{heading}\n"{cell}",,,,,\n')
    _write(folder, file("unknown.csv"), f'{heading},"{cell}"\n{rows}')
    on = ("--policy", file("policy.yaml"), "--ledger", URL, "--engine", "python", "--today", "2026-01-02")
    for arguments in (
        ("ledger", "init", URL),
        ("ledger", "import", URL, file("book.yaml"), "--policy", file("policy.yaml")),
        ("post", *on, file("asked.json"), "--record", file("recording.jsonl")),
        ("post", *on, file("waits.json"), "--wait"),
        ("approve", hostile("w1"), *on, "--actor", hostile("maria"), "--comment", hostile("comment")),
        ("ledger", "backup", URL, file("backup.db")),
    ):
        ran = run(*arguments)
        assert ran.code in (0, 1), ran
