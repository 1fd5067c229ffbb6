"""How is a book kept in a database? Importing anything here loads SQLAlchemy, so the API does it where it is used."""
