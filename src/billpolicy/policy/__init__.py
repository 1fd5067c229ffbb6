"""Policy files: their vocabulary, their model, and the passes that prove them before anything runs."""
