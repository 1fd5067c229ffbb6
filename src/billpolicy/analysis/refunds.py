"""Which facts of a refund there can be together: what is paid back, its invoices and the payments on these.

A refund is of one payment or of one credit memo, never of both; all of it is in one currency; of a credit memo on whose
invoices there is no payment nothing was paid. Of what a payment gave memos may have paid back all, a part or nothing,
whether it was put on invoices or on a debit memo (docs/domain.md 2.11). How old a document is goes with its date and
with that of the refund.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator

from billpolicy.analysis.together import aged, balanced, code, numbers, settled
from billpolicy.policy.condition import Fact, Values
from billpolicy.vocabulary.spec import DAYS_SINCE

REFUND_OF = "refund.of"
_SCOPES = ("payment", "credit_memo", "invoice")
_OWN = ("number", "date", "currency", "amount", "balance", "settled", "type", "reason")
_SIZE = ("amount", "balance", "settled")
_UNCERTAIN = frozenset(("reason",))
"""What a document may lack."""


def facts_of_refund(fields: Collection[str]) -> tuple[str, ...]:
    """The facts of a refund that hang together, as far as there are such fields."""
    asked = ("amount", "amount.currency") if "amount" in fields else ()
    own = (f"{scope}.{name}" for scope in _SCOPES for name in _OWN)
    ages = (f"{DAYS_SINCE}.{scope}" for scope in _SCOPES)
    return (*asked, "date", *(name for name in (REFUND_OF, "refund.paid", *own, *ages) if name in fields))


def refund_point(fields: Collection[str]) -> Callable[..., tuple[Fact | None, ...] | None]:
    """One value of each of them that go together within what each may be, or None as the proof that none do."""
    names = facts_of_refund(fields)

    def point(usual: int, *values: Values) -> tuple[Fact | None, ...] | None:
        wanted = dict(zip(names, values, strict=True))
        for there, paid in _cases(wanted):
            found = _of_case(usual, wanted, there, paid)
            if found is not None:
                return tuple(found[name] for name in names)
        return None

    return point


def _cases(wanted: dict[str, Values]) -> Iterator[tuple[dict[str, str], str]]:
    """How many of each document there are, and how much of what is paid back was paid."""
    for of, payments, invoices in itertools.product(("payment", "credit_memo"), _COUNTS, _COUNTS):
        if of == "payment" and payments != "one":
            continue
        if of == "credit_memo" and payments != "none" and invoices == "none":
            continue  # they are the payments on its invoices
        if of not in wanted[REFUND_OF].members:
            continue
        memo = "one" if of == "credit_memo" else "none"
        for paid in ("nothing",) if payments == "none" else ("all", "part", "nothing"):
            if paid in wanted["refund.paid"].members:
                yield {REFUND_OF: of, "payment": payments, "credit_memo": memo, "invoice": invoices}, paid


_COUNTS = ("none", "one", "several")
"""Of several documents a condition sees only how old the first is."""


def _of_case(usual: int, wanted: dict[str, Values], there: dict[str, str], paid: str) -> dict[str, Fact | None] | None:
    found: dict[str, Fact | None] = {REFUND_OF: there[REFUND_OF], "refund.paid": paid}
    codes = [wanted[f"{scope}.currency"] for scope in _SCOPES if there[scope] == "one"]
    if "amount" in wanted:
        codes.append(wanted["amount.currency"])
        if wanted["amount"].members.empty:
            return None
        found["amount"] = numbers(wanted["amount"]).near(usual)
    currency = _code(codes)
    if currency is None:
        return None
    found["amount.currency"] = currency
    dated = [name for scope in _SCOPES if there[scope] == "one" for name in (f"{scope}.date", f"{DAYS_SINCE}.{scope}")]
    met = aged(usual, wanted["date"], *(wanted[name] for name in dated))
    if met is None:
        return None
    ages = dict(zip(("date", *dated), met, strict=True))
    for scope in _SCOPES:
        its = [f"{scope}.{name}" for name in _OWN if f"{scope}.{name}" in wanted]
        age = f"{DAYS_SINCE}.{scope}"
        if there[scope] == "none":
            if not all(wanted[name].unset for name in (*its, age)):
                return None
            found |= dict.fromkeys((*its, age))
            continue
        if there[scope] == "several":
            if wanted[age].members.empty or not all(wanted[name].unset for name in its):
                return None
            found |= {**dict.fromkeys(its), age: numbers(wanted[age]).near(0)}
        else:
            own = _one(usual, wanted, scope, currency)
            if own is None:
                return None
            found |= own
    return found | ages


def _one(usual: int, wanted: dict[str, Values], scope: str, currency: Fact) -> dict[str, Fact | None] | None:
    """One document in this currency: what is open of it lies between nothing and its amount."""
    found: dict[str, Fact | None] = {f"{scope}.currency": currency}
    for name in ("number", "type", "reason"):
        values = wanted.get(f"{scope}.{name}")
        if values is not None:
            if values.members.empty and not (values.unset and name in _UNCERTAIN):
                return None
            found[f"{scope}.{name}"] = values.sample()
    sized = [wanted[f"{scope}.{name}"] for name in _SIZE if f"{scope}.{name}" in wanted]
    met = (settled if len(sized) == len(_SIZE) else balanced)(usual, *sized)
    return None if met is None else found | dict(zip((f"{scope}.{name}" for name in _SIZE), met, strict=False))


def _code(codes: list[Values]) -> Fact | None:
    """A currency that all of these can be."""
    first, *others = (each.members for each in codes)
    for each in others:
        first = first & each  # type: ignore[operator]
    return None if first.empty else code(Values(first))
