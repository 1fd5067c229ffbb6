"""What can be sent to try an endpoint: of the story of the three brands, `examples/three-brands`."""

from __future__ import annotations

from typing import Any

_DISPUTE: dict[str, Any] = {
    "id": "no-hot-water",
    "operation": "credit_memo_from_invoice",
    "date": "2026-03-02",
    "invoice": "KI-INV00000001",
    "reason": "Charge Dispute",
    "items": [{"item": "nights", "amount": "200.00"}],
}
_WRITE_OFF = {
    "id": "moser-is-gone",
    "operation": "write_off_invoice",
    "date": "2026-03-03",
    "invoice": "AR-INV00000001",
}
_POLICY = {
    "files": {
        "acme.yaml": (
            "policy: acme\n"
            "extends: standard\n"
            "effective: {from: 2026-01-01}\n"
            "exceptions:\n"
            "  - id: disputes-go-to-whoever-runs-it\n"
            "    operations: [credit_memo_from_invoice]\n"
            "    when: {reason: Charge Dispute}\n"
            "    then: {bill_to_contact: [subscription, invoice, account]}\n"
            "    because: they know what happened\n"
        )
    }
}
EXAMPLES: dict[str, Any] = {
    "operation": _DISPUTE,
    "operations": {"operations": [_DISPUTE, _WRITE_OFF]},
    "waiting-named": {"id": "hayes-is-gone", "comment": "they moved away"},
    "policy-texts": _POLICY,
    "policies-compared": {"new": _POLICY},
    "decide-request": {
        "operation": "credit_memo_from_invoice",
        "facts": {
            "date": "2026-03-02",
            "reason": "Charge Dispute",
            "account.brand": "kiefer",
            "account.currency": "EUR",
            "invoice.currency": "EUR",
            "subscription.bill_to_contact": "jonas",
            "invoice.bill_to_contact": "birgit",
            "account.bill_to_contact": "birgit",
            "invoice.sequence_set": None,
            "account.sequence_set": None,
        },
    },
}
"""Published schema -> an example of it."""
