"""What was asked for as a job that can be planned and posted."""

from __future__ import annotations

import datetime

from billpolicy.deciding.versions import Versions
from billpolicy.operations.chain import needs_of, plan_operation
from billpolicy.planning.request import Instruction
from billpolicy.posting.posting import Job


def job_for(
    policy: Versions, instruction: Instruction, today: datetime.date, who: str, request_id: str | None = None
) -> Job:
    """An operation as a job; a bill run over every account is done in parts. `request_id`: of the request by which
    a program posts it."""
    whole = whole_job(policy, instruction, today, who, request_id)
    if not instruction.request.is_divided():
        return whole
    from billpolicy.posting.bill_runs import divided  # which needs all that a bill run needs

    return divided(whole, instruction, policy, today, lambda part: whole_job(policy, part, today, who, request_id))


def whole_job(
    policy: Versions, instruction: Instruction, today: datetime.date, who: str, request_id: str | None = None
) -> Job:
    """An operation as one job, also a bill run over every account."""
    request = instruction.request
    return Job(
        id=request.id,
        request=instruction.data,
        needs=needs_of(policy.policies, request),
        planner=lambda book: plan_operation(policy, book, instruction, today),
        who=request.actor or who,
        policies=tuple(policy.policies),
        today=today,
        request_id=request_id,
    )
