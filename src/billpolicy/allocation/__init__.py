"""How much of an amount goes to which documents, and to which of their items and taxes?"""
