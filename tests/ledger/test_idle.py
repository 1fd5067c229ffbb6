"""Connections that nobody uses are kept for the next one, within a bound, and never outlive their database."""

from __future__ import annotations

import gc

from billpolicy.ledger.idle import Idle


class Driver:
    """A connection that knows whether it is open."""

    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


def test_the_last_one_that_was_put_is_taken_first() -> None:
    idle: Idle[Driver] = Idle()
    assert idle.take() is None
    one, other = Driver(), Driver()
    idle.put(one)
    idle.put(other)
    assert (idle.take(), idle.take(), idle.take()) == (other, one, None)
    assert one.is_open


def test_one_too_many_is_closed() -> None:
    idle: Idle[Driver] = Idle(most=1)
    one, other = Driver(), Driver()
    idle.put(one)
    idle.put(other)
    assert (one.is_open, other.is_open) == (True, False)


def test_once_it_is_closed_nothing_is_kept_open() -> None:
    idle: Idle[Driver] = Idle()
    before, lent = Driver(), Driver()
    idle.put(before)
    idle.close()
    idle.put(lent)
    assert (before.is_open, lent.is_open, idle.take()) == (False, False, None)


def test_who_forgets_it_closes_them() -> None:
    """As a program does that opens a ledger and never closes it."""
    idle: Idle[Driver] = Idle()
    one = Driver()
    idle.put(one)
    del idle
    gc.collect()
    assert not one.is_open
