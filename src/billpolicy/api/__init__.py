"""What does a program call? What `import billpolicy` gives; `docs/api.md` shows it in use.

A policy is compiled once, when it is loaded, and then decides as often as it is asked. A book and a ledger are two
places to plan on; a ledger can be posted to. What cannot be done raises `Refused`, which carries every reason; what
is no such thing at all, a `TypeError` that says what is wanted.
"""
