"""Strike a ledger at every statement and at every call to the disk: kill there, or let the disk fail there.

Started with the shim (`disk.py`). Each point is tried in a process of its own, forked from this one, which has
imported everything. Tells each as a line of JSON (`tally.py`).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import NamedTuple
from unittest import mock

from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.sqlite.database import SqliteDatabase
from tests.faults import disk
from tests.faults.breaking import BREAKINGS
from tests.faults.disk import CHANGING, Call, Mode
from tests.faults.places import Place, folder_of, place_at
from tests.faults.scenarios import SCENARIOS, CommandFailed, Scenario, Told, Unclaimed
from tests.faults.seen import Seen
from tests.faults.tally import Struck

KINDS = {
    Call.WRITE: "a write",
    Call.SYNC: "a sync",
    Call.TRUNCATE: "a truncate",
    Call.UNLINK: "a delete",
    Call.CREATE: "the making of a file",
    Call.LINK: "the naming of a file",
    Call.READ: "a read",
}
KILLS = {Mode.KILL_BEFORE: "before", Mode.KILL_TORN: "in the middle of", Mode.KILL_AFTER: "after"}
FILLING = Call.WRITE | Call.TRUNCATE | Call.CREATE | Call.LINK
"""What a full disk refuses."""


UNCONFIRMED = "unconfirmed"
"""It was refused since the disk did not confirm what was written, or failed when it was named: whether it is there is
not known, and not claimed."""


class Point(NamedTuple):
    """Where and how to strike."""

    fault: str
    calls: Call | None
    """None: statements are counted."""
    mode: Mode
    error: int = 0
    closes: bool = True
    """Whether a process that is refused closes the ledger, or is killed as it tries to."""
    at: int = 0
    """At which of them, from 1; 0 of a kind of points."""


class Ended(NamedTuple):
    """What came of a process."""

    told: int
    """How many transactions were acknowledged in it."""
    word: str
    """`done`, `refused`, `unconfirmed`, what went wrong, or nothing where it was killed."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["kills", "errors"])
    parser.add_argument("--url", help="where to make ledgers, like sqlite:////tmp/folder; else in files of their own")
    parser.add_argument("--kinds", type=int, help="try so many kinds of points in each scenario; else all")
    parser.add_argument("--each", type=int, help="try so many points of each kind in each scenario; else all")
    parser.add_argument("--seed", type=int, default=0, help="which of them")
    parser.add_argument("--only", metavar="SCENARIO", help="only this one")
    parser.add_argument("--fault", help="only this kind of fault")
    parser.add_argument("--at", type=int, help="only at the n-th")
    parser.add_argument("--broken", choices=BREAKINGS, help="on a ledger that is not kept well")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    broken = BREAKINGS[options.broken] if options.broken else nullcontext
    with broken(), place_at(options.url) as place:
        for scenario in SCENARIOS:
            if scenario.only not in (None, place.name) or options.only not in (None, scenario.name) or scenario.long:
                continue
            trial = Trial(place, scenario)
            found = trial.kills() if options.what == "kills" else trial.errors()
            kinds = [kind for kind in found if options.fault in (None, kind.fault)]
            for kind in _some(kinds, options.kinds, chance):
                points = [point for point in trial.points(kind) if options.at in (None, point.at)]
                for point in _some(points, options.each, chance):
                    print(trial.struck(point).line(), flush=True)


def _some(points: list[Point], most: int | None, chance: random.Random) -> list[Point]:
    """No more of them than so many."""
    return points if most is None else chance.sample(points, min(most, len(points)))


class Trial:
    """One scenario on one place, and what a ledger says before it and after each of its transactions."""

    def __init__(self, place: Place, scenario: Scenario) -> None:
        self.place, self.scenario = place, scenario
        self._counts: dict[Call | None, int] = {}
        self.base = place.fresh()
        scenario.make(self.base)
        url = place.copy(self.base)
        self.states: list[Seen | str] = [scenario.look(url)]
        scenario.work(url, lambda: self.states.append(scenario.look(url)))
        assert scenario.look(url) == self.states[-1]
        assert len(self.states) == scenario.commits + 1
        place.drop(url)

    def kills(self) -> Iterator[Point]:
        """Before each statement; before, in and after each call that changes the disk."""
        yield Point("killed before a statement", None, Mode.KILL_BEFORE)
        if not (self.place.name == "sqlite" or self.scenario.in_files):
            return
        for call in CHANGING:
            for mode, word in KILLS.items():
                if mode != Mode.KILL_TORN or call == Call.WRITE:
                    yield Point(f"killed {word} {KINDS[call]}", call, mode)

    def errors(self) -> Iterator[Point]:
        """A disk that fails once at each call, reads too, one that is full from there on, and one that is gone."""
        full, failed = disk.ERRORS["ENOSPC"], disk.ERRORS["EIO"]
        yield Point("the disk is full", FILLING, Mode.FAIL_FROM, full)
        yield Point("the disk is gone", CHANGING | Call.READ, Mode.FAIL_FROM, failed)
        for call in CHANGING | Call.READ:
            yield Point(f"{KINDS[call]} fails", call, Mode.FAIL_ONCE, failed)
        yield Point("a sync fails, then killed", Call.SYNC, Mode.FAIL_ONCE, failed, closes=False)

    def points(self, kind: Point) -> list[Point]:
        """All of one kind."""
        if kind.calls not in self._counts:
            self._counts[kind.calls] = self._statements() if kind.calls is None else self._calls(kind.calls)
        return [kind._replace(at=n + 1) for n in range(self._counts[kind.calls])]

    def struck(self, point: Point) -> Struck:
        """Strike a copy there, look at it, and do it all again."""
        url = self.place.copy(self.base)
        ended = self._strike(url, point)
        named = f"--only {self.scenario.name!r} --fault {point.fault!r} --at {point.at}"
        if ended.word not in self._expected(point):
            return Struck(point.fault, False, problem=f"{named}: it ended so: {ended.word or 'killed'}")
        return self.looked_at(point.fault, url, ended, named)

    def looked_at(self, fault: str, url: str, ended: Ended, named: str) -> Struck:
        """What became of a ledger that was struck; then all is done again, as if nobody knew what was done."""
        try:
            self.place.settle(url)
            now = self._transactions(self.scenario.look(url))
            self.scenario.work(url, lambda: None)
            after = self.scenario.look(url)
        except Exception as error:  # whatever it is, it is told with what it came of
            return Struck(fault, False, problem=f"{named}: {error!r}")
        lost, doubled = max(ended.told - now, 0), max(_documents(after) - _documents(self.states[-1]), 0)
        at_most = ended.told + (ended.word != "refused")
        problem = None
        if now > at_most:
            problem = f"{named}: {now} transactions are there, and {ended.told} were acknowledged"
        elif lost or doubled or after != self.states[-1]:
            problem = f"{named}: {lost} are lost, or it is not the same when it is done again"
        self.place.drop(url)
        return Struck(fault, True, lost, doubled, problem, refused=ended.word in ("refused", UNCONFIRMED))

    def _transactions(self, found: Seen | str) -> int:
        """How many of them are there. Raises where it is no whole number."""
        if found not in self.states:
            raise AssertionError("a part of a transaction is there")
        return self.states.index(found)

    def _expected(self, point: Point) -> tuple[str, ...]:
        if not point.error:
            return ("",)
        return ("done" if point.closes else "", "refused", UNCONFIRMED)

    def _strike(self, url: str, point: Point) -> Ended:
        if point.calls is None:
            return in_child(lambda told: self._counted(url, told, point.at))

        def work(told: Told) -> None:
            assert point.calls is not None
            disk.arm(folder_of(url), point.calls, point.mode, point.at, point.error)
            with nullcontext() if point.closes else mock.patch.object(SqliteDatabase, "close", die):
                self.scenario.work(url, told)

        return in_child(work)

    def _statements(self) -> int:
        url = self.place.copy(self.base)
        ended = in_child(lambda told: self._counted(url, lambda: None, 0))
        self.place.drop(url)
        return int(ended.word)

    def _counted(self, url: str, told: Told, last: int) -> str:
        ran = 0

        def each() -> None:
            nonlocal ran
            ran += 1
            if ran == last:
                die()

        with self.place.statements(each):
            self.scenario.work(url, told)
        return str(ran)

    def _calls(self, calls: Call) -> int:
        url = self.place.copy(self.base)

        def count(told: Told) -> str:
            disk.arm(folder_of(url), calls)
            self.scenario.work(url, lambda: None)
            return str(disk.seen())

        ended = in_child(count)
        self.place.drop(url)
        return int(ended.word)


def die(*_: object) -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _documents(found: Seen | str) -> int:
    return 0 if isinstance(found, str) else len(found.book.numbered)


def in_child(work: Callable[[Told], str | None]) -> Ended:
    """Work in a process of its own, which may not live to the end."""
    reader, writer = os.pipe()

    def told() -> None:
        os.write(writer, b".")

    child = os.fork()
    if not child:
        os.close(reader)
        word = "done"
        try:
            word = work(told) or "done"
        except (Refused, CommandFailed) as error:
            word = UNCONFIRMED if "did not confirm" in " ".join(str(error).split()) else "refused"
        except Unclaimed:
            word = UNCONFIRMED
        except BaseException:
            word = traceback.format_exc()
        os.write(writer, b"|" + word.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    dots, _, word = said.partition("|")
    return Ended(len(dots), word)


if __name__ == "__main__":
    main(sys.argv[1:])
