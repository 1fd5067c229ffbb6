"""What does a correction take, at which terms, and what is locked then? For `credit_only` and `credit_rebill`."""
