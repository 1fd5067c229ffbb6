"""Steps that an operation takes itself, by the rule of the policy that decided so."""

from __future__ import annotations

from collections.abc import Mapping

from billpolicy.deciding.resolver import Resolved
from billpolicy.planning.operation import Step
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request
from billpolicy.policy.model import BaseRule


def own_step(
    planning: Planning,
    request: Request,
    after: str,
    key: str,
    resolved: Resolved,
    no_fault: Mapping[str, str] | None = None,
) -> Step:
    """The step that a decision asks for. `after` and `no_fault`: as a `Step` has them."""
    rule = planning.resolver.rule(resolved.operation, key, resolved.resolutions[key].rule)
    at = rule.position if isinstance(rule, BaseRule) else rule.then_at[key]
    return Step(request, after, rule.id, at, rule.because, no_fault or {})
