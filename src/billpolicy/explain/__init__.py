"""Why each value is what it is: one object of plain data, and its renderings as text, JSON and Markdown."""
