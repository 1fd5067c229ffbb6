"""What does a policy decide, over all facts there can be? Proofs, and facts that show what is wrong."""
