"""What does a change of a policy change? Outcomes that are equal by proof, and operations that come out otherwise."""
