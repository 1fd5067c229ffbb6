"""The ledger: a book that is kept. SQLite behind it; posted documents never change, numbers have no gaps.

Importing anything here loads SQLAlchemy, which takes a quarter of a second: commands import it where they use it.
"""
