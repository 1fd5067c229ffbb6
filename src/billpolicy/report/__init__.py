"""How is what was found shown: explanations, plans, the matrix, a ledger?"""
