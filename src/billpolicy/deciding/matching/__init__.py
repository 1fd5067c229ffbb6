"""Facts in, ids of matching exceptions out: the rules engine and a plain Python matcher behind one protocol."""
