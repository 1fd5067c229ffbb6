"""A bucket for each caller: what it holds, how it fills, and how many there are."""

from __future__ import annotations

import pytest

from billpolicy.service.gate.rates import _MOST, Rates
from billpolicy.service.problems import Problem


def test_a_bucket_holds_two_seconds_and_fills_by_time() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    for _ in range(10):  # 5 a second, for 2 seconds
        rates.take("ines", 5)
    with pytest.raises(Problem) as caught:
        rates.take("ines", 5)
    assert (caught.value.status, caught.value.headers["retry-after"]) == (429, "1")
    rates.take("maria", 5)  # has a bucket of her own
    now[0] = 0.19
    with pytest.raises(Problem):
        rates.take("ines", 5)
    now[0] = 0.2  # a fifth of a second is one of five
    rates.take("ines", 5)
    with pytest.raises(Problem):
        rates.take("ines", 5)
    now[0] = 100
    for _ in range(10):  # no more than a full one
        rates.take("ines", 5)
    with pytest.raises(Problem):
        rates.take("ines", 5)


def test_seldom_is_at_least_once() -> None:
    rates = Rates(lambda: 0.0)
    rates.take("ines", 0.1)
    with pytest.raises(Problem) as caught:
        rates.take("ines", 0.1)
    assert caught.value.headers["retry-after"] == "10"


def test_so_many_are_kept_and_no_more() -> None:
    rates = Rates(lambda: 0.0)
    for number in range(_MOST + 5):
        rates.take(f"address {number}", 1)
    assert len(rates._buckets) == _MOST
