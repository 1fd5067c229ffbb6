"""What can a policy speak of: operations with their levels, fields and settings, and events? It loads no planner."""
