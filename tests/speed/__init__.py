"""Guards of speed: what is counted, never timed."""
