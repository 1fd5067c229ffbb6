"""One caller does not keep the others out by taking long over many answers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import anyio.to_thread
import click
import httpx2
import pytest

import billpolicy
from billpolicy.cli.serve import command as serve
from billpolicy.exchange.callers_file import load_callers
from billpolicy.service import app as app_module
from billpolicy.service.asked.asked import Asked
from billpolicy.service.callers.known import KnownCallers, new_token
from billpolicy.service.callers.sessions import Sessions
from billpolicy.service.endpoint import Answer, Endpoint, GoingOn, Lines
from billpolicy.service.gate.limits import Limits
from billpolicy.service.gate.turns import Turns
from billpolicy.service.problems import Problem
from billpolicy.service.serving import InForce, Serving
from tests.service.conftest import STORY
from tests.service.test_slow import at


def run(what: Callable[[Turns], Awaitable[None]], **limits: int) -> None:
    """In a thread: what drives a browser has an event loop in this one."""
    failed: list[BaseException] = []

    async def all_of_it() -> None:
        await what(Turns(Limits(waiting_seconds=0.1, **limits)))

    def in_thread() -> None:
        try:
            asyncio.run(all_of_it())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=in_thread, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "it waits for ever"
    assert not failed, failed


async def refused(turns: Turns, caller: str | None) -> str:
    """Why there is no turn."""
    with pytest.raises(Problem) as found:
        await turns.take(caller)
    assert found.value.headers == {"retry-after": "1"}
    return found.value.name


@pytest.mark.parametrize(("at_once", "half"), [(1, 1), (2, 1), (5, 2), (16, 8)])
def test_a_caller_has_half_and_at_least_one(at_once: int, half: int) -> None:
    async def what(turns: Turns) -> None:
        held = [await turns.take("bot") for _ in range(half)]
        assert await refused(turns, "bot") == "too-many"
        others = [await turns.take(f"caller {number}") for number in range(at_once - half)]
        assert await refused(turns, "late") == "busy"
        held.pop()()
        (await turns.take("bot"))()
        for give_back in (*held, *others):
            give_back()
        for _ in range(half):
            await turns.take("ines")

    run(what, at_once=at_once)


def test_a_caller_has_half_of_the_places_to_wait_in() -> None:
    async def what(turns: Turns) -> None:
        for _ in range(2):
            await turns.take("bot")
        waits = [asyncio.create_task(refused(turns, "bot")) for _ in range(3)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(refused(turns, "bot"), 0.05) == "too-many", "at once: it may not wait"
        (await turns.take("ines"))()
        assert await asyncio.gather(*waits) == ["too-many"] * 3
        waits = [asyncio.create_task(refused(turns, "bot")) for _ in range(3)]
        assert await asyncio.gather(*waits) == ["too-many"] * 3, "the places are given back"

    run(what, at_once=4, waiting=6)


def test_who_waited_for_others_in_vain_holds_nothing() -> None:
    async def what(turns: Turns) -> None:
        held = [await turns.take(name) for name in ("a", "a", "b", "b")]
        for _ in range(4):
            assert await refused(turns, "bot") == "busy"
        for give_back in held:
            give_back()
        for _ in range(2):
            await turns.take("bot")

    run(what, at_once=4)


def test_the_person_at_this_machine_may_have_all() -> None:
    async def what(turns: Turns) -> None:
        for _ in range(4):
            await turns.take(None)
        assert await refused(turns, None) == "busy"

    run(what, at_once=4)


def test_answers_never_take_all_threads() -> None:
    """Some are left for `/ready` and `/metrics`, which take no turn: with a turn for each thread, they hung."""

    async def threads() -> float:
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    (option,) = (one for one in serve.params if one.name == "at_once")
    assert isinstance(option.type, click.IntRange)
    assert option.type.max is not None
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(threads())))
    thread.start()
    thread.join(20)
    assert option.type.max + 8 <= found[0]


def test_who_reads_many_answers_slowly_leaves_the_others_room(
    tmp_path: Path, policy: billpolicy.Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines(_: Asked) -> Answer:
        return Answer(Lines(("x" * 60_000 for _ in range(300)), GoingOn()))  # more than any buffer holds

    large = Endpoint("GET", "/large", "Large.", "read", lines)
    small = Endpoint("GET", "/small", "Small.", "read", lambda _: Answer(b"x"))
    monkeypatch.setattr(app_module, "ENDPOINTS", (large, small))
    slow, other = new_token(), new_token()
    path = tmp_path / "callers.yaml"
    each = (f"{{name: {name}, token: '{kept}', scopes: [read]}}" for name, (_, kept) in (("a", slow), ("b", other)))
    path.write_text(f"callers: [{', '.join(each)}]\n")
    callers = KnownCallers(load_callers(path, policy.policies), Sessions(b"k" * 32, secure=False))
    book = billpolicy.load_book(STORY / "book.yaml")
    serving = Serving(InForce(policy), book, callers, limits=Limits(at_once=4, waiting_seconds=0.3))
    ask = f"GET /large HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {slow[0]}\r\n\r\n".encode()
    with at(serving) as (host, port), ExitStack() as stack:
        began = []
        for _ in range(4):
            one = stack.enter_context(socket.create_connection((host, port), timeout=20))
            one.sendall(ask)
            began.append(one.recv(12))
        assert began == [b"HTTP/1.1 200", b"HTTP/1.1 200", b"HTTP/1.1 429", b"HTTP/1.1 429"]
        assert serving.in_flight == 2, "their answers are not taken yet"
        url = f"http://{host}:{port}/small"
        answer = httpx2.get(url, headers={"authorization": f"Bearer {other[0]}"}, timeout=20)
        assert answer.status_code == 200
