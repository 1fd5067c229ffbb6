"""How an amount is spread over documents and their items: one rule a file, all in integer minor units.

`allocate` is the entry; docs/allocation.md shows every rule at work. Domain section 2.
"""
