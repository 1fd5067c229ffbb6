"""What can be asked for: one file an operation, each a pure function from what is known to a plan."""
