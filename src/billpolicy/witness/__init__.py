"""Which book and operation shows it? From facts that a proof found to files that every command takes."""
