"""What does a policy decide of millions of rows at once? Of columns of Arrow, wherever they are from (`tables.py`)."""
