"""How is a table of an accountant shown? One file for each format; `formats.py` lists them."""
