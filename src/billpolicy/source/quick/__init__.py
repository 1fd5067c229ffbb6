"""Records made of files in a fraction of the time: no word about mistakes and, of large files, no positions.

A large file that is right needs no positions. So it is read here first, entry by entry and straight to records; of
smaller ones, whose positions are needed later, the records are made here. Whenever anything is unusual or wrong,
`Unsure` is raised, and `tree.py` and `read.py` read it once more: they decide, and say what is wrong and where. To be
unsure is never a mistake here, only slow; to accept what they refuse, or to read anything otherwise than they do, is.
"""
