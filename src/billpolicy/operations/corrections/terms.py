"""What is different this time of time that is billed again. docs/domain.md 7.

What is not corrected is as it was billed, or, where that is asked for, as master data say now. A rate, a quantity and
a tax code hold for the charge of a line from the days of that line on; other days are those of that line alone.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from billpolicy.billing.due import end_of, start_of
from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.book.model import ChargePeriod, Invoice, SubscribedCharge
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import did_you_mean
from billpolicy.operations.billing.bill_taxes import code_of_charge
from billpolicy.periods.charge_periods import charge_of, charge_periods, line_name
from billpolicy.planning.planning import Planning
from billpolicy.source.record import record
from billpolicy.source.scalars import Amount, Date, Text

Current = Literal["rate", "quantity", "tax"]
"""What is taken from master data as they are now, and not as it was billed."""


@record
class Correction:
    """What is different this time of a line, named by its id, or, on another invoice, as `INV00000002/1`."""

    line: Text
    charge: Text | None = None
    """Of a line that bills several charges: which of them."""
    rate: Amount | None = None
    quantity: Amount | None = None
    from_: Date | None = None
    until: Date | None = None
    """The first day after its last."""
    tax_code: Text | None = None


class _Of(NamedTuple):
    """A correction and the period that it is of."""

    place: int
    correction: Correction
    period: ChargePeriod


def corrected(
    planning: Planning,
    invoice: Invoice,
    periods: Sequence[ChargePeriod],
    correct: Sequence[Correction],
    current: Sequence[Current],
) -> list[ChargePeriod]:
    """The periods as they are to be billed again. What is wrong with a correction is noted; then they mean nothing."""
    found = _found(planning, invoice, periods, correct)
    codes = _codes_billed(planning.book, periods) if any(one.correction.tax_code for one in found) else {}
    told: dict[int, bool] = dict.fromkeys((one.place for one in found), False)
    again = []
    for period in periods:
        own: dict[str, Any] = _now(planning, period, current)
        for one in found:
            if _same_charge(one.period, period) and period.from_ >= one.period.from_:
                stated = _stated(one.correction, ("rate", "quantity", "tax_code"))
                if one.period.id == period.id:
                    stated |= _stated(one.correction, ("from_", "until"))
                own |= stated
                told[one.place] |= any(value != _as_billed(codes, period, key) for key, value in stated.items())
        again.append(replace(period, **own) if own else period)
    for one in found:
        if not told[one.place]:
            message = f"{_name(one.period)} was billed like this"
            hint = "say what is different: `rate`, `quantity`, `from`, `until` or `tax_code`"
            planning.problem("nothing-corrected", message, "correct", one.place, hint=hint)
    _check_days(planning, found, periods, again)
    _tell_what_stays(planning, found, again)
    return again


def _tell_what_stays(planning: Planning, found: Sequence[_Of], again: Sequence[ChargePeriod]) -> None:
    """Say of each corrected charge that goes on what it holds itself: a correction changes no master data, and bill
    runs rate the time to come by those."""
    stated: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)  # of a charge the later corrections hold
    for one in found:
        own = _stated(one.correction, ("rate", "quantity", "tax_code"))
        stated[one.period.subscription, one.period.charge] |= own
    for (id, of), own in stated.items():
        subscription = planning.book.subscriptions[id]
        first = next((charge.first for charge in subscription.charges if charge.id == of), of)
        chain = [charge for charge in subscription.charges if charge.first == first and charge.period != "one_time"]
        if not chain:
            continue
        last = max(chain, key=lambda charge: start_of(subscription, charge) or datetime.date.min)
        end = end_of(subscription, last)
        billed = max(one.until for one in again if (one.subscription, one.charge) == (id, of))
        held = {"rate": last.rate, "quantity": last.quantity, "tax_code": code_of_charge(planning, subscription, last)}
        stays = [f"{_WORDS[key]} {held[key]}" for key, value in own.items() if held[key] not in (None, value)]
        if stays and (end is None or end > billed):
            planning.note(
                f"{id}/{last.id} itself keeps {' and '.join(stays)}, by which bill runs go on; "
                "`change_subscribed_charge` changes that"
            )


_WORDS = {"rate": "its rate of", "quantity": "its quantity of", "tax_code": "its tax code"}


# -- of which period -----------------------------------------------------------------------------------------------


def _found(
    planning: Planning, invoice: Invoice, periods: Sequence[ChargePeriod], correct: Sequence[Correction]
) -> list[_Of]:
    """The corrections with their periods, by first day: of a charge the later ones hold from their days on."""
    by_line: dict[str, list[ChargePeriod]] = defaultdict(list)
    for period in periods:
        by_line[_name(period)].append(period)
    own = {item.id for item in invoice.items}
    found: list[_Of] = []
    for index, one in enumerate(correct):
        name = line_name(invoice.number, one.line) if one.line in own else one.line
        if name not in by_line:
            message = f"`{one.line}` is not among the lines that are billed again"
            hint = did_you_mean(name, by_line) or f"those are {', '.join(sorted(by_line)[:_TOLD])}"
            planning.problem("correction-not-here", message, "correct", index, "line", hint=hint)
            continue
        of_line = _of_charge(planning, one, index, by_line[name])
        if of_line is None:
            continue
        if any(other.period.id == of_line.id for other in found):
            planning.problem("item-repeated", f"{name} is corrected twice", "correct", index, hint="correct it once")
            continue
        _check_amounts(planning, one, index, of_line)
        found.append(_Of(index, one, of_line))
    return sorted(found, key=lambda one: (one.period.from_, one.place))


_TOLD = 3


def _of_charge(planning: Planning, one: Correction, index: int, periods: Sequence[ChargePeriod]) -> ChargePeriod | None:
    charges = [period.charge for period in periods]
    if one.charge is None and len(periods) == 1:
        return periods[0]
    for period in periods:
        if period.charge == one.charge:
            return period
    message = f"{_name(periods[0])} bills {', '.join(f'`{charge}`' for charge in charges)}"
    if one.charge is None:
        planning.problem("correction-charge", message, "correct", index, hint="say which of them, with `charge`")
    else:
        message = f"{message}, and not `{one.charge}`"
        hint = did_you_mean(one.charge, charges) or "name a charge that it bills"
        planning.problem("correction-charge", message, "correct", index, "charge", hint=hint)
    return None


def _name(period: ChargePeriod) -> str:
    """The line that has billed it."""
    return line_name(period.document or "", period.item or "")


def _same_charge(one: ChargePeriod, other: ChargePeriod) -> bool:
    return (one.subscription, one.charge) == (other.subscription, other.charge)


# -- what it says --------------------------------------------------------------------------------------------------


def _stated(one: Correction, keys: Iterable[str]) -> dict[str, Any]:
    return {key: value for key in keys if (value := getattr(one, key)) is not None}


def _as_billed(codes: Mapping[BilledLine, str | None], period: ChargePeriod, key: str) -> object:
    if key != "tax_code":
        return getattr(period, key)
    return codes[BilledLine(period.document or "", period.item or "")]


def _codes_billed(book: Book, periods: Iterable[ChargePeriod]) -> dict[BilledLine, str | None]:
    """The tax code by which each line of the invoices of these periods was taxed; None of several, and of none."""
    found: dict[BilledLine, str | None] = {}
    for number in dict.fromkeys(one.document or "" for one in periods):
        invoice = book.numbered[number]
        assert isinstance(invoice, Invoice)
        for item in invoice.items:
            codes = {tax.code for tax in item.taxes}
            found[BilledLine(number, item.id)] = codes.pop() if len(codes) == 1 else None
    return found


def _now(planning: Planning, period: ChargePeriod, current: Sequence[Current]) -> dict[str, Any]:
    """What is taken from master data: of a rate and a quantity, nothing on record means that."""
    found: dict[str, Any] = {key: None for key in ("rate", "quantity") if key in current}
    if "rate" in current:
        _check_currency(planning, period)
    if "tax" in current:
        found["tax_code"] = _tax_code(planning, period)
    return found


def _check_currency(planning: Planning, period: ChargePeriod) -> None:
    subscription = planning.subscription(period.subscription)
    currency = subscription.currency or planning.account(subscription.account).currency
    if currency != period.currency:
        rates = f"the rates of subscription `{subscription.id}` are in {currency}"
        message = f"{_name(period)} is in {period.currency}, and {rates}"
        planning.problem("currency-mismatch", message, "current", hint="say the `rate` under `correct` instead")


def _tax_code(planning: Planning, period: ChargePeriod) -> str | None:
    charge, subscription = charge_of(planning.book, period), planning.book.subscriptions[period.subscription]
    code = None if charge is None else code_of_charge(planning, subscription, charge)
    if code is None:
        message = f"nothing says by which tax code charge `{period.charge}` of `{period.subscription}` is taxed now"
        hint = "give the charge a `tax_code`, or say it under `correct`"
        planning.problem("tax-code-missing", message, "current", hint=hint)
    return code


def _check_amounts(planning: Planning, one: Correction, index: int, period: ChargePeriod) -> None:
    charge = charge_of(planning.book, period)
    was = period.rate or (charge and charge.rate) or Decimal(0)
    if one.rate is not None and one.rate * was < 0:
        message = f"the rate of {_name(period)} was {was}, and cannot be {one.rate}"
        _wrong(planning, "amount-sign", message, index, "rate", "use the sign of the rate that it was billed at")
    if one.quantity is not None and one.quantity < 0:
        message = f"the quantity of {_name(period)} cannot be {one.quantity}, which is below zero"
        _wrong(planning, "amount-sign", message, index, "quantity", "write how much it is")
    stated = _stated(one, ("quantity", "from_", "until"))
    if charge is not None and stated and _has_records(planning.book, period, charge):
        message = f"{_name(period)} bills usage records, which say how much was used on which day"
        hint = "record the difference with `record_usage`: it is billed with the rest"
        _wrong(planning, "correction-of-usage", message, index, next(iter(stated)).rstrip("_"), hint)


def _wrong(planning: Planning, code: Code, message: str, index: int, field: str, hint: str) -> None:
    planning.problem(code, message, "correct", index, field, hint=hint)


def _has_records(book: Book, period: ChargePeriod, charge: SubscribedCharge) -> bool:
    ids = book.usage_of.get(period.subscription, ()) if charge.usage else ()
    return any(book.usage[id].billed_by == period.document for id in ids)


# -- on which days -------------------------------------------------------------------------------------------------


def _check_days(
    planning: Planning, found: Sequence[_Of], periods: Sequence[ChargePeriod], again: Sequence[ChargePeriod]
) -> None:
    """Days are billed once: within what is billed of the charge, and not those of another period of it."""
    new = {period.id: period for period in again}
    for one in found:
        if not _stated(one.correction, ("from_", "until")):
            continue
        period = new[one.period.id]
        why = _outside(planning.book, period) or _shared(planning.book, period, new)
        if why is not None:
            message = f"{_name(period)} cannot be billed from {period.from_} until {period.until}: {why}"
            hint = f"it was billed from {one.period.from_} until {one.period.until}"
            planning.problem("correction-days", message, "correct", one.place, hint=hint)


def _outside(book: Book, period: ChargePeriod) -> str | None:
    charge = charge_of(book, period)
    start = (None if charge is None else charge.start) or book.subscriptions[period.subscription].start
    through = None if charge is None else charge.charged_through
    if period.until <= period.from_:
        return "that is no day"
    if start is not None and period.from_ < start:
        return f"`{period.charge}` starts on {start}"
    if through is not None and period.until > through:
        return f"`{period.charge}` is charged through {through}, and a bill run bills what comes then"
    return None


def _shared(book: Book, period: ChargePeriod, new: Mapping[str, ChargePeriod]) -> str | None:
    for known in charge_periods(book, period.subscription):
        other = new.get(known.id, known)
        billed = other.status in ("billed", "reopened") and other.id != period.id
        if billed and _same_charge(other, period) and other.from_ < period.until and period.from_ < other.until:
            return f"{_name(other)} bills the days from {other.from_} until {other.until}"
    return None
