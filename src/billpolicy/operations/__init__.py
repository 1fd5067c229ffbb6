"""What does each operation do, and what follows it? One file each, from what is known to a plan."""
