"""The two options of a correction, `credit_only` and `credit_rebill`: either can be asked for. docs/domain.md 7."""

from __future__ import annotations

from dataclasses import fields, replace

from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.request import Instruction

_OTHER = {"credit_only": "credit_rebill", "credit_rebill": "credit_only"}


def other_option(asked: Instruction) -> Instruction | None:
    """The other option over the same lines: as it was asked for, but for what says how it is billed again and for
    attributes, which mean other documents there. None of other operations."""
    name = _OTHER.get(asked.request.operation)
    if name is None:
        return None
    from billpolicy.operations.corrections.selection import Unwind  # which few operations need

    both = {field.name: getattr(asked.request, field.name) for field in fields(Unwind)}
    return replace(asked, request=OPERATIONS[name].request(**{**both, "operation": name, "attributes": {}}))
