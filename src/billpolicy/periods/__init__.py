"""What was billed for which days? The charge periods, what was given back of each, and which belong together."""
