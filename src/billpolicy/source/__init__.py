"""Text files in, positions and diagnostics out: the one way every file of a user is read."""
