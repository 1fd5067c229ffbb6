"""How is what was found wrong told to people, editors, and the services that run checks? One file a format."""
