"""`python -m billpolicy`."""

from billpolicy.cli import main

main()
