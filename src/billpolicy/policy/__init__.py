"""What a policy says, and is it sound? Its language, its model, and the proofs that come before anything runs."""
