"""The queries by which `check` asks a whole ledger whether its invariants hold."""

from __future__ import annotations

from billpolicy.book.kinds import KINDS
from billpolicy.diagnostics.codes import Code

_BILLING = ", ".join(f"'{name}'" for name, kind in KINDS.items() if kind.has_items)
SUMS = f"""
SELECT what, currency, amount, total FROM (
    SELECT d.number AS what, d.currency AS currency, d.amount_minor AS amount,
        (SELECT coalesce(sum(i.amount_minor), 0) FROM items i WHERE i.document = d.number)
        + (SELECT coalesce(sum(t.amount_minor), 0) FROM taxes t WHERE t.document = d.number) AS total
    FROM documents d WHERE d.kind IN ({_BILLING})
    UNION ALL
    SELECT 'item `' || i.id || '` of ' || i.document, d.currency, i.amount_minor,
        (SELECT sum(c.amount_minor) FROM combined c WHERE c.document = i.document AND c.item = i.id)
    FROM items i JOIN documents d ON d.number = i.document
    WHERE (i.document, i.id) IN (SELECT document, item FROM combined)
    UNION ALL
    SELECT 'the application from ' || a.from_number || ' to ' || a.to_number, a.currency, a.amount_minor,
        (SELECT coalesce(sum(p.amount_minor), 0) FROM application_parts p WHERE p.application = a.id)
    FROM applications a
    UNION ALL
    SELECT r.number, r.currency, r.amount_minor,
        (SELECT sum(p.amount_minor) FROM refund_parts p WHERE p.refund = r.number)
    FROM documents r WHERE r.number IN (SELECT refund FROM refund_parts)
) sums WHERE amount <> total
"""

DRAWN = """
SELECT number, kind, prefix, start, counter FROM documents WHERE prefix IS NOT NULL ORDER BY id
"""
"""As they were drawn: a counter that goes on over the years goes on after what single years had drawn by then."""
GIVEN_ELSEWHERE = """
SELECT number, kind FROM documents WHERE operation IS NULL UNION ALL SELECT number, kind FROM void_numbers
"""
_NAMING = (
    "SELECT d.account, o.account FROM documents d JOIN documents o ON o.number = d.{0} WHERE o.account <> d.account"
)
ACROSS_ACCOUNTS = f"""
SELECT f.account, t.account FROM applications a
JOIN documents f ON f.number = a.from_number JOIN documents t ON t.number = a.to_number WHERE f.account <> t.account
UNION {_NAMING.format("source")} UNION {_NAMING.format("refund_of")} UNION {_NAMING.format("posted_as")}
"""
"""Pairs of accounts of which a document of one hangs on one of the other."""

_BILLED = "SELECT subscription, date, document, kind, bill_run FROM billed"
_BILLED_BY_ITEMS = """
SELECT DISTINCT i.subscription, d.date, d.number AS document, d.kind, d.bill_run
FROM documents d JOIN items i ON i.document = d.number
WHERE i.subscription IS NOT NULL
AND (d.kind = 'invoice' OR d.bill_run IS NOT NULL OR d.kind = 'credit_memo' AND d.source IS NULL)
"""

OFFENDERS: tuple[tuple[Code, str, str], ...] = (
    (
        "audit-missing",
        "SELECT id FROM operations WHERE id NOT IN (SELECT operation FROM audit)",
        "operation `{0}` has no record of who posted it",
    ),
    (
        "number-undrawn",
        "SELECT number FROM documents WHERE (operation IS NULL) <> (prefix IS NULL)",
        "the number {0} was not drawn by the operation that posted it",
    ),
    (
        "application-odd",
        """
        SELECT a.from_number, a.to_number, a.currency, d.number, d.currency FROM applications a
        JOIN documents d ON d.number IN (a.from_number, a.to_number) WHERE d.currency <> a.currency
        """,
        "the application from {0} to {1} is in {2}, but {3} in {4}",
    ),
    (
        "reversal-odd",
        f"""
        SELECT number FROM documents
        WHERE reversed AND (status <> 'posted' OR kind NOT IN ({_BILLING}, 'payment'))
        OR reversed_reason IS NOT NULL AND (NOT reversed OR kind <> 'payment')
        """,
        "{0} is marked as reversed, which it cannot be",
    ),
    (
        "step-odd",
        """
        SELECT s.id FROM operations s LEFT JOIN operations o ON o.id = s.caused_by
        WHERE (s.caused_by IS NULL) <> (s.step IS NULL) OR (s.caused_by IS NULL) <> (s.cause IS NULL)
        OR s.step > 0 AND NOT EXISTS (
            SELECT 1 FROM operations b WHERE b.caused_by = s.caused_by AND b.step = s.step - 1
        )
        """,
        "operation `{0}` does not say what it follows, or a step before it is gone",
    ),
    (
        "billed-differs",
        f"SELECT document FROM ({_BILLED_BY_ITEMS} EXCEPT {_BILLED}) missing",
        "the index of billed subscriptions lacks {0}",
    ),
    (
        "billed-differs",
        f"SELECT document FROM ({_BILLED} EXCEPT {_BILLED_BY_ITEMS}) surplus",
        "the index of billed subscriptions has {0} where it does not belong",
    ),
    (
        "operation-differs",
        "SELECT field, scope, id FROM held WHERE posted_by IS NOT NULL AND posted_by <> coalesce(operation, '')",
        "what {1} `{2}` holds as `{0}` does not say by which operation",
    ),
    (
        "journal-differs",
        "SELECT scope, id FROM held GROUP BY scope, id HAVING min(position) <> 0 OR max(position) <> count(*) - 1",
        "the values that {0} `{1}` has held are not all there, or not in their places",
    ),
    (
        "orphan",
        """
        SELECT scope, id FROM held h WHERE position = 0
        AND NOT (scope = 'account' AND EXISTS (SELECT 1 FROM accounts r WHERE r.id = h.id))
        AND NOT (scope = 'contact' AND EXISTS (SELECT 1 FROM contacts r WHERE r.id = h.id))
        AND NOT (scope = 'subscription' AND EXISTS (SELECT 1 FROM subscriptions r WHERE r.id = h.id))
        AND NOT (scope = 'charge' AND EXISTS (SELECT 1 FROM charges r WHERE r.id = h.id))
        AND NOT (scope = 'accounting_period' AND EXISTS (SELECT 1 FROM accounting_periods r WHERE r.from_date = h.id))
        """,
        "values are held of {0} `{1}`, which is not there",
    ),
    (
        "usage-differs",
        """
        SELECT u.id FROM usage u LEFT JOIN subscribed_charges c ON c.subscription = u.subscription AND c.id = u.charge
        WHERE c.usage IS NULL OR NOT c.usage
        """,
        "usage `{0}` is of no usage charge",
    ),
    (
        "usage-differs",
        "SELECT id FROM usage WHERE (billed_by IS NULL) <> (amount_minor IS NULL)",
        "usage `{0}` is billed without an amount, or has an amount and is not billed",
    ),
    (
        "usage-differs",
        """
        WITH billed_usage AS (
            SELECT u.billed_by, u.subscription, coalesce(c.continues, c.id) AS charge, sum(u.amount_minor) AS amount
            FROM usage u JOIN subscribed_charges c ON c.subscription = u.subscription AND c.id = u.charge
            WHERE u.billed_by IS NOT NULL GROUP BY 1, 2, 3
        )
        SELECT b.billed_by, b.charge, b.subscription
        FROM billed_usage b JOIN documents d ON d.number = b.billed_by AND d.operation IS NOT NULL
        WHERE b.amount <> (
            SELECT coalesce(sum(CASE WHEN d.kind = 'credit_memo' THEN -l.amount_minor ELSE l.amount_minor END), 0)
            FROM (
                SELECT i.document, i.subscription, i.subscribed_charge, i.amount_minor FROM items i
                UNION ALL
                SELECT i.document, i.subscription, s.subscribed_charge, s.amount_minor
                FROM items i JOIN combined s ON s.document = i.document AND s.item = i.id
            ) l JOIN subscribed_charges c ON c.subscription = l.subscription AND c.id = l.subscribed_charge
            WHERE l.document = b.billed_by AND l.subscription = b.subscription
            AND coalesce(c.continues, c.id) = b.charge
        )
        """,
        "what the usage of charge `{1}` of subscription `{2}` is billed at by {0} is not what its items add up to",
    ),
)
"""Code, the query that finds offenders, and the message that its rows complete."""
