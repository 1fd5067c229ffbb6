"""What can a program ask? One file each, listed in `service/registry.py`."""
