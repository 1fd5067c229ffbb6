"""What tests share, a module an idea; `tests/README.md` says which has what."""
