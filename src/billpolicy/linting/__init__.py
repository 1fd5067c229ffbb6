"""What in a policy is right, and could be better? One file a lint."""
