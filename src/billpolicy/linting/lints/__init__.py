"""The lints, one file each, named by their code."""
