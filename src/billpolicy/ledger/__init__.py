"""How is a book kept in a database? `store.py` opens it; what only some ask of it is imported when they do."""
