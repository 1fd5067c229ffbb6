"""A journal in the formats of programs that keep accounts, and as a person reads it (docs/journal.md)."""
