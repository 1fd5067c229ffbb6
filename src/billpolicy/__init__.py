"""Policy as code for billing documents."""

__version__ = "0.1.0"
