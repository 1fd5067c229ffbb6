"""How one operation is planned: what the operations share. The operations themselves stand in `operations/`."""
