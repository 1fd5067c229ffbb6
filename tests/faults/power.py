"""Cut the power while a ledger is written: what was synced is on the disk, of all else any part, in any order.

Started with the shim (`disk.py`), which writes down every write, sync, truncate and delete. Each cut is made of that
log: what a disk may hold at a moment of it. Tells each as a line of JSON (`tally.py`).
"""

from __future__ import annotations

import argparse
import os
import random
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.faults import disk
from tests.faults.breaking import BREAKINGS
from tests.faults.disk import Call
from tests.faults.places import folder_of, place_at
from tests.faults.points import Ended, Trial, in_child
from tests.faults.scenarios import SCENARIOS, Told
from tests.faults.tally import Struck

SECTOR = 512
"""Bytes that are on a disk wholly or not at all."""
MARK = 64
LEFT: dict[float, str] = {0: "nothing", 1: "all"}
HEAD = struct.Struct("4q")


class Entry(NamedTuple):
    """One line of the log; `offset` is the length that a file was cut to, where it was."""

    kind: int
    name: str
    offset: int
    data: bytes


class Pending(NamedTuple):
    """A piece of a write that the disk may not have yet; or, with nothing, a truncate."""

    offset: int
    data: bytes | None


@dataclass
class File:
    """What is on the disk for certain, and what may be."""

    kept: bytearray = field(default_factory=bytearray)
    pending: list[Pending] = field(default_factory=list)

    def sync(self) -> None:
        self.kept = self.with_pending(random.Random(0), 1)
        self.pending.clear()

    def with_pending(self, chance: random.Random, share: float) -> bytearray:
        """What the disk may hold, when about such a share of what is pending got there."""
        found = bytearray(self.kept)
        for offset, data in self.pending:
            if share < 1 and chance.random() >= share:
                continue
            if data is None:
                del found[offset:]
                found.extend(bytes(offset - len(found)))
            else:
                found.extend(bytes(max(offset - len(found), 0)))
                found[offset : offset + len(data)] = data
        return found


class Disk:
    """The files of one folder: their contents, and apart from them their names."""

    def __init__(self, folder: Path) -> None:
        self.named = {file.name: File(bytearray(file.read_bytes())) for file in folder.iterdir()}
        self.now = dict(self.named)
        """What a process sees, which `named` may not have yet."""
        self.renamed: list[tuple[str, File | None]] = []
        """Names that were given, or taken away, since the folder was synced."""

    def do(self, entry: Entry) -> None:
        """What the log says."""
        kind, name, offset, data = entry
        if kind == Call.CREATE:
            self._name(name, File())
        elif kind == Call.LINK:
            self._name(name, self.now[data.decode()])
        elif kind == Call.UNLINK:
            self._name(name, None)
        elif kind == Call.SYNC and not name:
            self.named = dict(self.now)
            self.renamed.clear()
        elif name in self.now:  # else it is open still, and nobody else can open it
            self._change(self.now[name], kind, offset, data)

    def _name(self, name: str, file: File | None) -> None:
        self.renamed.append((name, file))
        self.now.pop(name, None)
        if file is not None:
            self.now[name] = file

    def _change(self, file: File, kind: int, offset: int, data: bytes) -> None:
        if kind == Call.SYNC:
            file.sync()
        elif kind == Call.TRUNCATE:
            file.pending.append(Pending(offset, None))
        else:
            for first in range(0, len(data), SECTOR):  # also where it does not begin with a sector: it is torn more
                file.pending.append(Pending(offset + first, data[first : first + SECTOR]))

    def after_a_cut(self, chance: random.Random, share: float) -> dict[str, bytes]:
        """What may be found: some of what was pending, and names up to any of the changes to them."""
        names: dict[str, File | None] = {**self.named}
        names.update(self.renamed[: chance.randint(0, len(self.renamed))])
        found = {
            name: bytes(file.with_pending(chance, share))
            for name, file in names.items()
            if file is not None and not name.endswith("-shm")
        }
        if chance.random() < 0.2:  # never synced, so that it may hold anything
            found.update({"ledger.db-shm": chance.randbytes(32768)} if "ledger.db" in found else {})
        return found


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=1000, help="how many in each scenario")
    parser.add_argument("--seed", type=int, default=0, help="which of them")
    parser.add_argument("--only", metavar="SCENARIO", help="only this one")
    parser.add_argument("--broken", choices=BREAKINGS, help="on a ledger that is not kept well")
    options = parser.parse_args(arguments)
    broken = BREAKINGS[options.broken] if options.broken else nullcontext
    with broken(), place_at(None) as place:
        for scenario in SCENARIOS:
            if scenario.only not in (None, place.name) or options.only not in (None, scenario.name):
                continue
            trial = Trial(place, scenario)
            log = logged(trial)
            for struck in cuts(trial, log, options.cuts, f"{options.seed} {scenario.name}"):
                print(struck.line(), flush=True)


def logged(trial: Trial) -> list[Entry]:
    """All that is done to the disk as the work of a scenario is done, and each acknowledgement."""
    url = trial.place.copy(trial.base)
    with tempfile.TemporaryFile() as file:

        def work(told: Told) -> None:
            disk.arm(folder_of(url), Call(0))
            disk.log_to(os.dup(file.fileno()))
            trial.scenario.work(url, lambda: disk.mark("told"))

        assert in_child(work) == Ended(0, "done")
        file.seek(0)
        text = file.read()
    trial.place.drop(url)
    return list(_entries(text))


def _entries(text: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(text):
        kind, name, offset, length = HEAD.unpack_from(text, at)
        at += HEAD.size
        carries = length if kind in (Call.WRITE, Call.LINK, MARK) else 0
        yield Entry(kind, text[at : at + name].decode(), offset, text[at + name : at + name + carries])
        at += name + carries


def cuts(trial: Trial, log: Sequence[Entry], count: int, seed: str) -> Iterator[Struck]:
    """Cut it at so many moments, drawn from all of them alike; at one moment perhaps more than once."""
    chance = random.Random(seed)
    moments = sorted(chance.choices(range(len(log) + 1), k=count))
    state, told, done = Disk(folder_of(trial.base)), 0, 0
    for moment in moments:
        for entry in log[done:moment]:
            told += entry.kind == MARK
            if entry.kind != MARK:
                state.do(entry)
        done = moment
        url, share = trial.place.fresh(), chance.choice((0, 0.1, 0.5, 0.9, 1))
        for name, data in state.after_a_cut(chance, share).items():
            (folder_of(url) / name).write_bytes(data)
        fault = f"power cut, {LEFT.get(share, 'some')} of what was not synced is kept"
        yield trial.looked_at(fault, url, Ended(told, ""), f"at {moment} of {len(log)}, seed {seed!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
