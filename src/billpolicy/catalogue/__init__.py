"""What does the code of a diagnostic mean, why does it matter, and how is it mended?

One file a code under `entries/`, in a folder for what it is about; beside them the files that many examples use.
"""
