"""What does each operation on master data do? Accounts, contacts, subscriptions, the catalogue, accounting periods."""
