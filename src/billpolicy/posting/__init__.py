"""How do operations get into a ledger: planned, held against limits, posted one by one or in groups?"""
