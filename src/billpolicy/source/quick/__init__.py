"""Large files read in a fraction of the time: no positions, and no word about mistakes.

A file that is right needs neither. So it is read here first, entry by entry and straight to records. Whenever
anything is unusual or wrong, `Unsure` is raised, and the file is read once more by `tree.py` and `read.py`, who decide
and who say what is wrong and where. To be unsure is never a mistake here, only slow; to accept what they refuse, or to
read anything otherwise than they do, is one.
"""
