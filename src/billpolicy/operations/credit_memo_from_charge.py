"""`credit_memo_from_charge`: a credit memo from product rate plan charges. Seed 1, use case 6; domain 1.2 row 10."""

from __future__ import annotations

from dataclasses import replace

from billpolicy.book.model import CreditMemo
from billpolicy.book.needs import Needs
from billpolicy.deciding.levels import levels_of
from billpolicy.operations.shared.charge_items import items_of_charges
from billpolicy.operations.shared.memo import check_item_limit, checked_reason
from billpolicy.planning.operation import Operation
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import ChargeAmount, Request
from billpolicy.source.record import record
from billpolicy.source.scalars import Text
from billpolicy.vocabulary.operations import VOCABULARY

_SPEC = VOCABULARY["credit_memo_from_charge"]


@record
class CreditMemoFromCharge(Request):
    """Credit an account for charges, without an invoice; amounts are in the account's currency."""

    account: Text
    charges: tuple[ChargeAmount, ...]
    reason: Text | None = None


def _plan(planning: Planning, request: CreditMemoFromCharge) -> None:
    account = planning.account(request.account, "account")
    planning.check_document_date(planning.date, None, "", "date")
    reason = checked_reason(planning, request.reason, "credit_memo")
    items = items_of_charges(planning, account, request.charges)
    planning.stop_if_refused()
    draft = CreditMemo(
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
    planning.issue(replace(draft, reason=reason or resolved.text("reason_code")), resolved)


OPERATION = Operation(
    spec=_SPEC,
    request=CreditMemoFromCharge,
    needs=lambda request: Needs(
        accounts=frozenset({request.account}), charges=frozenset(charge.charge for charge in request.charges)
    ),
    plan=_plan,
)
