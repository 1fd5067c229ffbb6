"""`debit_memo_from_charge`: a debit memo from product rate plan charges. Seed 1, use case 6; domain 1.2 row 11."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.model import DebitMemo
from billpolicy.book.needs import Needs
from billpolicy.deciding.levels import levels_of
from billpolicy.operations.shared.charge_items import items_of_charges
from billpolicy.operations.shared.memo import check_item_limit, checked_reason, due_date
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ChargeAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Date, Text
from billpolicy.vocabulary.operations import VOCABULARY

_SPEC = VOCABULARY["debit_memo_from_charge"]


@record
class DebitMemoFromCharge(Request):
    """Charge an account, without an invoice. An explicit `due_date` wins over the payment term's (domain 1.7)."""

    account: Text
    charges: tuple[ChargeAmount, ...]
    reason: Text | None = None
    due_date: Date | None = None


def _plan(planning: Planning, request: DebitMemoFromCharge) -> None:
    account = planning.account(request.account, "account")
    planning.check_document_date(planning.date, None, "", "date")
    reason = checked_reason(planning, request.reason, "debit_memo")
    items = items_of_charges(planning, account, request.charges)
    planning.stop_if_refused()
    draft = DebitMemo(
        number="",
        account=account.id,
        date=planning.date,
        currency=account.currency,
        items=items,
        comment=request.comment,
    )
    resolved = planning.resolve(
        _SPEC,
        objects={"account": [account]},
        amount=draft.amount,
        currency=account.currency,
        reason=reason,
        levels=levels_of(account),
    )
    check_item_limit(planning, draft, resolved)
    planning.stop_if_refused()
    due = request.due_date or due_date(planning, resolved)
    planning.issue(replace(draft, reason=reason or resolved.text("reason_code"), due_date=due), resolved)


OPERATION = Operation(
    spec=_SPEC,
    request=DebitMemoFromCharge,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}), charges=frozenset(charge.charge for charge in request.charges)
    ),
    plan=_plan,
)
