"""What does a bill run put on documents? Bills, taxes, credits, what is left out, drawn and billed again."""
