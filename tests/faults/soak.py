"""Eight posters in processes of their own on one ledger, struck at random, with a checker beside.

Each life of a poster ends by one fault, after which the ledger is looked at while the others go on; the next life asks
again for what was not acknowledged. When a ledger has enough in it everything ends, it is looked at as a whole, and
another one is begun. What is struck is drawn by a seed; when, the machine decides, too.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock, Timer

from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import create_ledger, open_ledger
from tests.faults.disk import ERRORS, Call, Mode, with_shim
from tests.faults.places import Place, PostgresPlace
from tests.faults.scenarios import INVOICES, stock
from tests.faults.tally import Struck
from tests.helpers.paths import ROOT

POSTERS = 8
ENOUGH = 1500
"""Operations in a ledger, after which another one is begun: looking at it takes longer the more there are."""
LONGEST = 6.0
"""Seconds that a life lasts at most."""


@dataclass(frozen=True)
class Fault:
    """A way to end a life."""

    name: str
    calls: Call | None = None
    """Those at one of which it strikes; none where it does not come from the disk."""
    mode: Mode = Mode.COUNT
    error: int = 0
    stops: bool = False
    """Whether the process is stopped for a while, perhaps as it holds a lock, and goes on."""
    loses: bool = False
    """Whether the server ends a connection to the ledger meanwhile: this poster's, another's, or a checker's."""


KILLED = "soak: killed"
FAULTS = (
    Fault(KILLED),
    Fault("soak: stopped for a while, then killed", stops=True),
)
OF_FILES = (
    Fault("soak: killed before a write", Call.WRITE, Mode.KILL_BEFORE),
    Fault("soak: killed in the middle of a write", Call.WRITE, Mode.KILL_TORN),
    Fault("soak: killed after a write", Call.WRITE, Mode.KILL_AFTER),
    Fault("soak: killed before a sync", Call.SYNC, Mode.KILL_BEFORE),
    Fault("soak: killed after a sync", Call.SYNC, Mode.KILL_AFTER),
    Fault("soak: the disk is full for a while, then killed", Call.WRITE, Mode.FAIL_FROM, ERRORS["ENOSPC"]),
    Fault("soak: a write fails, then killed", Call.WRITE, Mode.FAIL_ONCE, ERRORS["EIO"]),
    Fault("soak: a sync fails, then killed", Call.SYNC, Mode.FAIL_ONCE, ERRORS["EIO"]),
)
"""Those that only a ledger in files can meet."""
OF_SERVERS = (Fault("soak: a connection is ended by the server, then killed", loses=True),)
"""Those that only a ledger on a server can meet."""
UPTIME = (5.0, 25.0)
"""Seconds from one start of a server to its end, at least and at most."""
AWAY = 120.0
"""Seconds after which a server that does not answer is told as one that does not come back."""


@dataclass
class Ledger:
    """One ledger of a soak, and what was told of it."""

    url: str
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """Operation -> the numbers that it drew."""
    over: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)
    struck: list[Struck] = field(default_factory=list)

    def add(self, struck: Struck) -> None:
        """Take down what became of it."""
        with self.lock:
            self.struck.append(struck)


class Soak:
    """So many seconds of it."""

    def __init__(self, place: Place, seed: int, seconds: float) -> None:
        self.place, self.seed = place, seed
        self.until = time.monotonic() + seconds
        self.faults = (*FAULTS, *(OF_SERVERS if isinstance(place, PostgresPlace) else OF_FILES))
        self.acknowledged = 0
        """Operations, on all ledgers that were looked at as a whole."""

    def run(self) -> Iterator[Struck]:
        """Each fault, ledger by ledger."""
        round = 0
        while time.monotonic() < self.until:
            yield from self._ledger(round)
            round += 1

    def _ledger(self, round: int) -> list[Struck]:
        made = Ledger(self.place.fresh())
        with create_ledger(made.url) as opened:
            opened.import_book(stock())
        with ThreadPoolExecutor(POSTERS + 2) as threads:
            work = [threads.submit(self._lives, made, f"p{n}", f"{self.seed} {round} {n}") for n in range(POSTERS)]
            work.append(threads.submit(self._checks, made))
            if isinstance(self.place, PostgresPlace):
                work.append(threads.submit(self._stops_the_server, made, f"{self.seed} {round}"))
            for one in work:
                one.result()
        self.place.settle(made.url)
        made.struck.append(at_the_end(made))
        self.acknowledged += len(made.acknowledged)
        if made.struck[-1].whole:
            self.place.drop(made.url)
        return made.struck

    def _lives(self, ledger: Ledger, name: str, seed: str) -> None:
        """One life after the other, until there is enough in the ledger."""
        chance = random.Random(seed)
        try:
            while not ledger.over.is_set():
                fault = chance.choice(self.faults)
                struck = lived(ledger, name, fault, chance, self._loses(ledger))
                ledger.add(looked_at(ledger, struck, f"--seed {self.seed}, {name}, {ledger.url}"))
                if time.monotonic() > self.until or len(ledger.acknowledged) >= ENOUGH:
                    ledger.over.set()
        finally:
            ledger.over.set()

    def _checks(self, ledger: Ledger) -> None:
        while not ledger.over.wait(1):
            ledger.add(looked_at(ledger, "soak: checked while all post", f"--seed {self.seed}, {ledger.url}"))

    def _stops_the_server(self, ledger: Ledger, seed: str) -> None:
        """At once and for everybody, as where it crashes; then it is started again."""
        chance = random.Random(seed)
        while not ledger.over.wait(chance.uniform(*UPTIME)):
            self.place.crash(ledger.url)
            ledger.add(looked_at(ledger, "soak: the server crashes", f"--seed {self.seed}, {ledger.url}"))

    def _loses(self, ledger: Ledger) -> Callable[[], None] | None:
        """What ends a connection; None where there is no server."""
        place = self.place
        return (lambda: place.end_a_connection(ledger.url)) if isinstance(place, PostgresPlace) else None


def lived(
    ledger: Ledger, name: str, fault: Fault, chance: random.Random, lose: Callable[[], None] | None = None
) -> str:
    """One process of a poster, from its start to its end; what it acknowledges is taken down. Gives the name of the
    fault that struck it: it may be killed before the one that was meant could."""
    first = next(n for n in range(ENOUGH * 2) if f"{name}-{n}" not in ledger.acknowledged)
    command = [sys.executable, "-W", "error", "-m", "tests.faults.poster", ledger.url, name, str(first)]
    if fault.calls:
        command += [f"--calls={fault.calls}", f"--mode={fault.mode}", f"--error={fault.error}"]
        command.append(f"--at={chance.randint(1, 300 if Call.WRITE in fault.calls else 20)}")
    environment = with_shim() if fault.calls else dict(os.environ)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        killed, refused = Event(), False
        timers = _timers(child, fault, chance, killed, lose)
        for line in child.stdout:
            word, *numbers = line.split()
            if not line.endswith("\n"):
                break  # it was killed as it told this
            if word == "ready":
                for timer in timers:
                    timer.start()
            elif word == "refused":
                refused = True
            else:
                with ledger.lock:
                    ledger.acknowledged[word] = numbers
        complaints = child.stderr.read()
        for timer in timers:
            timer.cancel()
    assert (child.returncode, complaints) == (-signal.SIGKILL, ""), f"{fault.name}: {child.returncode} {complaints}"
    if fault.calls and (not refused if fault.error else killed.is_set()):
        return KILLED
    return fault.name


def _timers(
    child: subprocess.Popen[str], fault: Fault, chance: random.Random, killed: Event, lose: Callable[[], None] | None
) -> list[Timer]:
    def kill() -> None:
        killed.set()
        child.kill()

    last = chance.uniform(0.1, LONGEST)
    timers = [Timer(last, kill)]
    if fault.stops:
        timers.append(Timer(last / 3, lambda: child.send_signal(signal.SIGSTOP)))
        timers.append(Timer(last / 2, lambda: child.send_signal(signal.SIGCONT)))
    if fault.loses and lose is not None:
        timers.append(Timer(last / 2, lose))
    return timers


def looked_at(ledger: Ledger, fault: str, named: str) -> Struck:
    """Whether it is whole and has all that was acknowledged by now, while others may post."""
    with ledger.lock:
        known = dict(ledger.acknowledged)
    last = time.monotonic() + AWAY
    while True:
        try:
            with open_ledger(ledger.url) as opened:
                with opened.reading() as reader:
                    there = reader.requests(known)
                    numbers = reader.known([number for drawn in known.values() for number in drawn])
                problems = opened.check()
                break
        except Refused as refusal:
            if time.monotonic() > last or [one.code for one in refusal.diagnostics] != ["ledger-unreachable"]:
                return Struck(fault, False, problem=f"{named}: {refusal}")
            time.sleep(0.1)  # the server is away: this one looks again
    lost = sum(id not in there or not numbers.issuperset(drawn) for id, drawn in known.items())
    problem = "; ".join(map(str, problems)) or (f"{lost} are lost" if lost else None)
    return Struck(fault, not problems, lost, problem=problem and f"{named}: {problem}")


def at_the_end(ledger: Ledger) -> Struck:
    """The whole of it, when nobody posts any more: each operation made one document, and no number is missing."""
    seen = looked_at(ledger, "soak: a whole ledger of eight posters", ledger.url)
    with open_ledger(ledger.url) as opened, opened.reading() as reader:
        book, done = reader.book(Needs(everything=True)), reader.journal().done
        posted = reader.posted([id for id in ledger.acknowledged if id in done])
    told = {id: [one.document.number for one in found.plan.documents] for id, found in posted.items()}
    asked_for = [id for id in done if "/" not in id]
    doubled = len(book.numbered) - INVOICES - len(asked_for)
    problems = [seen.problem] if seen.problem else []
    if doubled:
        problems.append(f"{doubled} documents more than operations")
    if told != ledger.acknowledged:
        problems.append("what was acknowledged has other numbers")
    for prefix, last in book.counters.items():
        drawn = sum(number.startswith(prefix) for number in book.numbered)
        if drawn != last:
            problems.append(f"{prefix}{last} is the last of {drawn}")
    return seen._replace(doubled=max(doubled, 0), problem="; ".join(problems) or None)
