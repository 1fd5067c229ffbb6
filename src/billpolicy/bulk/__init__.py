"""What does a policy decide of millions of rows at once, and where do as many payments go?

Rows are columns of Arrow, wherever they are from (`tables.py`); payments are columns of minor units (`allocate.py`).
"""
