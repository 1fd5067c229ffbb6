"""Operations asked for in a file, run one after the other, each with all that follows it by the policy."""
