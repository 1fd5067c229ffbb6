"""The least that shows a decision: one account, one invoice, and a dispute about it, as they are written."""

BOOK = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann, payment_term: Net 30}}]
contacts: [{id: ann, account: acme}]
invoices:
  - {number: INV00000001, account: acme, date: 2026-01-05, due_date: 2026-02-04, currency: EUR,
     attributes: {bill_to_contact: ann, payment_term: Net 30}, items: [{id: servers, amount: 100.00}]}
"""
OPERATIONS = """
operations:
  - {id: dispute-7, operation: credit_memo_from_invoice, date: 2026-02-01, invoice: INV00000001, reason: Charge Dispute}
"""
