"""Which reports are there? One file each; `registry.py` lists them."""
