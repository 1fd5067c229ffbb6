"""What was decided, and by which facts? So that it can be decided again."""
