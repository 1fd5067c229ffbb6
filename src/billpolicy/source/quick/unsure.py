"""What quick reading answers when it will not vouch for a file."""


class Unsure(Exception):
    """Something is wrong with the file or only unusual: it has to be read with positions."""
