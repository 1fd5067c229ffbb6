"""Many payments at once, put on what is open of their accounts: columns in, columns out. docs/allocation.md.

The answers are those of `allocate`, payment after payment, each on what the ones before it leave. Where nothing is out
of the ordinary, whole columns are worked on at once, in integers of 64 bits, as long as nothing that is added up or
multiplied can come near their end (`spreading.py`). Other accounts go through `allocate` itself. NumPy comes with
`billpolicy[bulk]`.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.model import Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.book.book import ZERO, Place
from billpolicy.bulk.spreading import CLAIMS, Integers, Poured, ends, in_runs, pour, split
from billpolicy.money import MAX_MINOR, from_minor, minor_digits, to_minor

_NEVER = (datetime.date.max - datetime.date(1970, 1, 1)).days
"""The day of what has none, as in every order of documents."""
_FAR = 2**61
"""What is added up and multiplied stays below this: a quarter of what an integer of 64 bits can hold."""


class Columns(Protocol):
    """A table: a dictionary of lists or of NumPy's arrays, or a table of Arrow. Its columns are equally long."""

    def __getitem__(self, name: str, /) -> Any: ...


class Batch(NamedTuple):
    """What goes where: a row for each item that a payment comes to. The rows of a payment stand together, documents
    and items in the order in which they get something."""

    payment: Integers
    """The row of the payment."""
    item: Integers
    """The row of the item."""
    amount: Integers
    """Minor units; below zero where something below zero is settled with all of its document."""
    left: Integers
    """For each payment, the minor units that found no place."""


def allocate_all(payments: Columns, items: Columns, rules: Rules, currency: str) -> Batch:
    """Put payments on what is open of their accounts, in the order in which they stand; all in one currency.

    `payments` has `account` and `amount`, in minor units above zero. `items` has what is open on each item and tax, in
    minor units: `document`, `account` and `balance`. The rows of a document stand together, in item order, and say all
    the same of its `date`, `due_date` and `priority`, which document orders ask for; where it has none, None.
    `component`, for `by_component`, is `charge` or `tax`.

    Raises `ValueError` where the columns are not like that, and `AmountError` for what is no currency.
    """
    minor_digits(currency)
    if rules.item_rule == "source_item":
        raise ValueError("`source_item` is for a credit memo, and these are payments")
    paid, owed = _Payments.of(payments), _Documents.of(items)
    _, accounts = np.unique(np.concatenate([owed.account, paid.account]), return_inverse=True)
    paid, owed = paid._replace(account=accounts[len(owed.start) :]), owed._replace(account=accounts[: len(owed.start)])
    left = paid.amount.copy()
    found, special = _at_once(owed, paid, _special(owed, paid, rules), rules, left)
    if special.any():
        targets = _targets(owed, np.flatnonzero(special[owed.account]).tolist(), currency)
        those = np.flatnonzero(special[paid.account])
        found.append(_one_by_one(targets, paid, those.tolist(), rules, currency, left))
    payment, item, amount = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
    return Batch(payment, item, amount, left)


# -- columns -------------------------------------------------------------------------------------------------------


class _Payments(NamedTuple):
    account: npt.NDArray[Any]
    amount: Integers

    @classmethod
    def of(cls, columns: Columns) -> _Payments:
        account, amount = _names(columns, "account"), _minor_units(columns, "amount")
        if len(account) != len(amount):
            raise ValueError("the columns of the payments are not equally long")
        if amount.min(initial=1) <= 0:
            raise ValueError("a payment is above zero")
        return cls(account, amount)


class _Documents(NamedTuple):
    """Its columns have an entry for each document, but for `balance`, which has one for each item."""

    account: npt.NDArray[Any]
    number: Integers
    """Its place in the order of numbers."""
    start: Integers
    """The row of its first item."""
    size: Integers
    balance: Integers
    items: Columns

    @classmethod
    def of(cls, columns: Columns) -> _Documents:
        document, account = _names(columns, "document"), _names(columns, "account")
        balance = _minor_units(columns, "balance")
        if not len(document) == len(account) == len(balance):
            raise ValueError("the columns of the items are not equally long")
        is_first = np.ones(len(document), bool)
        is_first[1:] = document[1:] != document[:-1]
        start = np.flatnonzero(is_first)
        numbers, number = np.unique(document[start], return_inverse=True)
        if len(numbers) < len(start):
            raise ValueError("the items of a document do not stand together")
        return cls(account[start], number, start, np.diff(start, append=len(document)), balance, columns)

    def days(self, name: str) -> Integers:
        """A column of dates as days since 1970; those that have none come last."""
        column = _column(self.items, name, missing=None)
        if column is None:
            return np.zeros(len(self.start), np.int64)
        dates = column[self.start].astype("datetime64[D]")
        return np.where(np.isnat(dates), _NEVER, dates.astype(np.int64))

    def dates(self, name: str) -> Sequence[datetime.date | None]:
        """A column of dates as Python has them."""
        column = _column(self.items, name, missing=None)
        if column is None:
            return [None] * len(self.start)
        found: list[datetime.date | None] = column[self.start].astype("datetime64[D]").tolist()
        return found

    def priorities(self) -> Sequence[int | None]:
        """The priorities."""
        column = _column(self.items, "priority", missing=None)
        if column is None:
            return [None] * len(self.start)
        # Arrow makes floats of integers of which one is missing, and that one is no number then.
        return [None if one is None or one != one else int(one) for one in column[self.start].tolist()]

    def ranks(self) -> Integers:
        """The priorities; documents that have none come last."""
        found = self.priorities()
        return _missing_last(
            np.array([one or 0 for one in found], np.int64), np.array([one is None for one in found], bool)
        )


def _missing_last(values: Integers, missing: npt.NDArray[np.bool_]) -> Integers:
    return np.where(missing, values[~missing].max(initial=0) + 1, values)


def _column(columns: Columns, name: str, missing: Any = KeyError) -> Any:
    try:
        values = columns[name]
    except KeyError:
        if missing is KeyError:
            raise ValueError(f"there is no column `{name}`") from None
        return missing
    return values.to_numpy(zero_copy_only=False) if hasattr(values, "to_numpy") else np.asarray(values)


def _names(columns: Columns, name: str) -> npt.NDArray[Any]:
    """A column of names, texts or whole numbers. Where one is missing Arrow makes floats of them, and so does NumPy of
    signed and unsigned ones together: of these several large numbers are one, and so would be what they name."""
    column: npt.NDArray[Any] = _column(columns, name)
    if not len(column):
        return column.astype(object)
    if column.dtype.kind not in "iuUTO" or (column.dtype.kind == "O" and any(one is None for one in column.tolist())):
        raise ValueError(f"`{name}` has a text or a whole number in each row, and none is missing")
    if column.dtype.kind == "u":
        return column.astype(np.int64 if column.max() <= np.iinfo(np.int64).max else object)
    return column


def _minor_units(columns: Columns, name: str) -> Integers:
    column = _column(columns, name)
    if not len(column):
        return np.zeros(0, np.int64)
    if column.dtype.kind not in "iu":
        raise ValueError(f"`{name}` is in minor units, in integers of 64 bits, not in {column.dtype}")
    if column.max() >= MAX_MINOR or column.min() <= -MAX_MINOR:
        raise ValueError(f"`{name}` has an amount that is too large")
    found: Integers = column.astype(np.int64, copy=False)
    return found


# -- all at once ---------------------------------------------------------------------------------------------------

_Keys = Callable[[_Documents], Sequence[Integers]]
_ORDERS: dict[str, _Keys] = {
    "as_named": lambda owed: [],
    "oldest_due_first": lambda owed: [],
    "oldest_document_first": lambda owed: [owed.days("date")],
    "newest_document_first": lambda owed: [-owed.days("date")],
    "smallest_balance_first": lambda owed: [_totals(owed)],
    "by_priority": lambda owed: [owed.ranks()],
}
"""The document orders in which no payment changes what comes next, and by what they sort before due date, date and
number. A document that was paid in part is the smallest still."""


def _special(owed: _Documents, paid: _Payments, rules: Rules) -> npt.NDArray[np.bool_]:
    """For each account whether it is for `allocate`."""
    special = np.zeros(max(owed.account.max(initial=-1), paid.account.max(initial=-1)) + 1, bool)
    split_as_here = rules.residual in CLAIMS and rules.step == 1 and not rules.zuora_compatible
    is_plain = rules.item_rule == "fifo" or (rules.item_rule == "proration" and split_as_here)
    is_far = _come_far(owed.balance) or _come_far(paid.amount)
    if not is_plain or rules.document_order not in _ORDERS or rules.future != "by_order" or is_far:
        special[:] = True
        return special
    below_zero = np.flatnonzero(owed.balance < 0)
    special[owed.account[np.searchsorted(owed.start, below_zero, "right") - 1]] = True
    if rules.item_rule == "proration" and len(owed.start):
        largest = np.maximum(np.maximum.reduceat(owed.balance, owed.start), owed.size)
        # The product of both comes to too much; to divide stays exact.
        special[owed.account[largest > (_FAR - 1) // np.maximum(_totals(owed), 1)]] = True
    return special


def _come_far(amounts: Integers) -> bool:
    """Whether these add up to what is too much, whatever their signs. Halves of their bits are added up, exactly."""
    sizes = np.abs(amounts)
    if int(sizes.max(initial=0)) * len(sizes) < _FAR:
        return False
    return (int((sizes >> 32).sum()) << 32) + int((sizes & 0xFFFFFFFF).sum()) >= _FAR


def _totals(owed: _Documents) -> Integers:
    """What is open on each document."""
    return np.add.reduceat(owed.balance, owed.start) if len(owed.start) else np.zeros(0, np.int64)


class _Found(NamedTuple):
    payment: Integers
    item: Integers
    amount: Integers


def _at_once(
    owed: _Documents, paid: _Payments, special: npt.NDArray[np.bool_], rules: Rules, left: Integers
) -> tuple[list[_Found], npt.NDArray[np.bool_]]:
    """What goes where of all accounts that are not special, and all that are, which can be more than was known. Writes
    down what is `left` of their payments."""
    if special.all():
        return [_Found(*np.zeros((3, 0), np.int64))], special
    mine = np.flatnonzero(~special[paid.account])
    mine = mine[np.argsort(paid.account[mine], kind="stable")]
    amounts, payers = paid.amount[mine], paid.account[mine]
    totals = _totals(owed)
    documents = _in_order(owed, rules)
    documents = documents[~special[owed.account[documents]] & (totals[documents] > 0)]
    debtors, totals, size = owed.account[documents], totals[documents], owed.size[documents]
    rows = in_runs(owed.start[documents], size)
    balances = owed.balance[rows]
    is_open = balances > 0
    if not is_open.all():
        size = np.add.reduceat(is_open, ends(size)[:-1], dtype=np.int64)
        rows, balances = rows[is_open], balances[is_open]
    first_of = np.searchsorted(debtors, np.arange(len(special) + 1))
    if rules.item_rule == "fifo":
        poured = pour(amounts, payers, balances, ends(size)[first_of])
        left[mine] -= poured.used
        return [_Found(mine[poured.amount], rows[poured.balance], poured.part)], special

    shares = pour(amounts, payers, totals, first_of)
    items = np.bincount(shares.amount, weights=size[shares.balance], minlength=len(mine))
    if items.max(initial=0) > rules.grid_limit:
        too_many = special.copy()
        too_many[payers[items > rules.grid_limit]] = True
        return _at_once(owed, paid, too_many, rules, left)
    left[mine] -= shares.used
    first, runs = ends(size)[:-1], size[shares.balance]
    places = in_runs(first[shares.balance], runs)
    parts = balances[places]  # all of each, for who pays all of its document
    in_part = np.flatnonzero(shares.part < totals[shares.balance])
    _split_in_turn(shares, in_part, first, size, balances, rules.residual, parts, ends(runs))
    if not parts.all():  # some are too small to get anything
        runs = np.add.reduceat(parts > 0, ends(runs)[:-1], dtype=np.int64)
        gets = np.flatnonzero(parts)
        places, parts = places[gets], parts[gets]
    return [_Found(np.repeat(mine[shares.amount], runs), rows[places], parts)], special


def _split_in_turn(
    shares: Poured,
    those: Integers,
    first: Integers,
    size: Integers,
    balances: Integers,
    residual: str,
    parts: Integers,
    end: Integers,
) -> None:
    """Write the `parts` of those shares that are not all of a document: each is split over what the shares before it
    have left open on the items of its document, which have their `first` place and `size` in `balances`. The parts of
    a share begin where those of the one before it `end`."""
    documents = shares.balance[those]
    place = np.arange(len(those))
    is_first = np.ones(len(those), bool)
    is_first[1:] = documents[1:] != documents[:-1]
    turn = place - np.maximum.accumulate(np.where(is_first, place, 0))
    by_turn = np.argsort(turn, kind="stable")
    for now in np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1):
        begin, items = first[documents[now]], size[documents[now]]
        got = split(shares.part[those[now]], begin, items, balances, residual)
        balances[in_runs(begin, items)] -= got
        parts[in_runs(end[those[now]], items)] = got


def _in_order(owed: _Documents, rules: Rules) -> Integers:
    """The documents by account, and of each in the order of the rules."""
    if rules.document_order == "as_named":
        return np.argsort(owed.account, kind="stable")
    keys = [owed.account, *_ORDERS[rules.document_order](owed), owed.days("due_date"), owed.days("date"), owed.number]
    together = np.zeros(len(owed.start), np.int64)
    room = 1
    for key in keys if len(owed.start) else ():
        low, values = int(key.min()), int(key.max()) - int(key.min()) + 1
        room *= values
        if room >= _FAR:
            return np.lexsort(keys[::-1])
        together = together * values + (key - low)
    return np.argsort(together)  # in one number, which is sorted many times faster


# -- one by one ----------------------------------------------------------------------------------------------------


def _one_by_one(
    targets: dict[int, list[Target]],
    paid: _Payments,
    those: Sequence[int],
    rules: Rules,
    currency: str,
    left: Integers,
) -> _Found:
    """What goes where of some payments, by `allocate`, on the documents of each account. Writes down what is `left` of
    them."""
    found: list[tuple[int, int, int]] = []
    for payment, account in zip(those, paid.account[those].tolist(), strict=True):
        amount = from_minor(int(paid.amount[payment]), currency)
        allocation = allocate(Source(f"row {payment}", currency, amount), targets.get(account, []), amount, rules)
        left[payment] = to_minor(allocation.left, currency)
        parts = {Place(part.item): part.amount for applied in allocation.applied for part in applied.parts}
        found += [(payment, int(place.item), to_minor(part, currency)) for place, part in parts.items()]
        targets[account] = [replace(one, slots=_less(one.slots, parts)) for one in targets.get(account, [])]
    return _Found(*np.array(found, np.int64).reshape(-1, 3).T)


def _targets(owed: _Documents, documents: Sequence[int], currency: str) -> dict[int, list[Target]]:
    """Account -> its documents as `allocate` knows them; an item is called by its row."""
    component = _column(owed.items, "component", missing=None)
    dates, due_dates, priorities = owed.dates("date"), owed.dates("due_date"), owed.priorities()
    found: dict[int, list[Target]] = defaultdict(list)
    for document in documents:
        rows = range(owed.start[document], owed.start[document] + owed.size[document])
        slots = tuple(
            Slot(Place(str(row)), balance, "charge" if component is None else str(component[row]))
            for row in rows
            if (balance := from_minor(int(owed.balance[row]), currency))
        )
        found[int(owed.account[document])].append(
            Target(
                number=f"{owed.number[document]:020}",
                date=dates[document] or datetime.date.max,
                slots=slots,
                due_date=due_dates[document],
                priority=priorities[document],
            )
        )
    return found


def _less(slots: Sequence[Slot], parts: Mapping[Place, Decimal]) -> tuple[Slot, ...]:
    """What is open then."""
    then = (slot._replace(balance=slot.balance - parts.get(slot.place, ZERO)) for slot in slots)
    return tuple(slot for slot in then if slot.balance)
