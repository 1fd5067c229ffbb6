"""What do browsers fetch? htmx 4.0.1 (0BSD, see `htmx.LICENSE`), and what is our own beside it."""
