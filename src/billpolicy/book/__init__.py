"""The book: accounts, contacts, subscriptions, charges, documents and applications as of one moment."""
