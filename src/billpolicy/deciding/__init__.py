"""Which value does each decision take, and by which rule? From facts and levels; no planning, no ledger."""
