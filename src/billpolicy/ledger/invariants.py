"""The queries by which `check` asks a whole ledger whether its invariants hold."""

from __future__ import annotations

SUMS = """
SELECT what, currency, amount, total FROM (
    SELECT d.number AS what, d.currency AS currency, d.amount_minor AS amount,
        (SELECT coalesce(sum(i.amount_minor), 0) FROM items i WHERE i.document = d.number)
        + (SELECT coalesce(sum(t.amount_minor), 0) FROM taxes t WHERE t.document = d.number) AS total
    FROM documents d WHERE d.kind IN ('invoice', 'credit_memo', 'debit_memo')
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
SELECT number, kind, prefix, start, counter FROM documents WHERE prefix IS NOT NULL ORDER BY prefix, counter
"""
FOLLOWED = "SELECT caused_by, count(*) FROM operations WHERE caused_by IS NOT NULL GROUP BY caused_by"

_BILLED = "SELECT subscription, date, document, kind, bill_run FROM billed"
_BILLED_BY_ITEMS = """
SELECT DISTINCT i.subscription, d.date, d.number AS document, d.kind, d.bill_run
FROM documents d JOIN items i ON i.document = d.number
WHERE i.subscription IS NOT NULL AND (d.kind = 'invoice' OR d.bill_run IS NOT NULL)
"""

OFFENDERS: tuple[tuple[str, str, str], ...] = (
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
        "parts-missing",
        """
        SELECT r.number, d.number FROM documents r JOIN documents d ON d.number = r.refund_of
        WHERE r.kind = 'refund' AND r.operation IS NOT NULL AND d.kind = 'credit_memo'
        AND r.number NOT IN (SELECT refund FROM refund_parts)
        """,
        "{0} does not say which items of {1} it refunds",
    ),
    (
        "application-odd",
        """
        SELECT a.from_number, a.to_number FROM applications a
        JOIN documents f ON f.number = a.from_number JOIN documents t ON t.number = a.to_number
        WHERE NOT (
            f.kind IN ('payment', 'credit_memo') AND t.kind IN ('invoice', 'debit_memo')
            OR f.kind = 'payment' AND t.kind = 'payment'
            OR f.kind = 'invoice' AND f.amount_minor < 0 AND t.kind = 'credit_adjustment' AND t.type = 'increase'
            OR f.kind = 'credit_adjustment' AND f.type = 'decrease' AND t.kind IN ('invoice', 'debit_memo')
        )
        OR f.status <> 'posted' OR t.status <> 'posted' OR f.currency <> a.currency OR t.currency <> a.currency
        OR a.date < f.date OR a.date < t.date
        """,
        "the application from {0} to {1} cannot be: their kinds, status, currencies or dates forbid it",
    ),
    (
        "transfer-odd",
        """
        SELECT t.number, coalesce(t.source, 'nothing') FROM documents t
        LEFT JOIN documents f ON f.number = t.source
        WHERE t.kind = 'payment' AND (
            t.source IS NOT NULL AND (f.kind <> 'payment' OR f.account = t.account)
            OR EXISTS (
                SELECT 1 FROM applications a WHERE a.to_number = t.number AND a.from_number <> coalesce(t.source, '')
            )
        )
        """,
        "the payment {0} cannot be a transfer from {1}: their kinds, accounts or applications forbid it",
    ),
    (
        "reversal-odd",
        """
        SELECT number FROM documents
        WHERE reversed AND (status <> 'posted' OR kind IN ('payment', 'refund', 'credit_adjustment'))
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
        "draft-odd",
        """
        SELECT d.number, d.posted_as FROM documents d LEFT JOIN documents p ON p.number = d.posted_as
        WHERE d.posted_as IS NOT NULL AND (
            d.status <> 'draft' OR p.number IS NULL OR p.status = 'draft' OR p.kind <> d.kind OR p.account <> d.account
        )
        """,
        "{0} cannot have been posted as {1}: their kinds, accounts or status forbid it",
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
)
"""Code, the query that finds offenders, and the message that its rows complete."""
