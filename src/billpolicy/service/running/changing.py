"""A policy changes under the service: the new version is read and proven first, and in force only if it is sound."""

from __future__ import annotations

import datetime
import queue
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import billpolicy
from billpolicy import Diagnostic, Refused
from billpolicy.exchange.callers_file import load_callers
from billpolicy.service.callers.caller import Callers
from billpolicy.service.callers.known import KnownCallers
from billpolicy.service.callers.sessions import Sessions
from billpolicy.service.running.watched import Watched, sign_of, watched
from billpolicy.service.serving import InForce, NotTaken
from billpolicy.service.telling.log import Log
from billpolicy.service.telling.metrics import Metrics
from billpolicy.source.files import Place
from billpolicy.source.revision import revision

if TYPE_CHECKING:
    from billpolicy import EngineName, Versions

EVERY_SECONDS = 1.0
"""How often it is looked whether anything changed. A change is taken when it is still there at the next look: whoever
writes several files is not done with the first."""
Signs = tuple[Any, ...]


class Source:
    """Where the policy is read from, again and again."""

    def __init__(self, places: Iterable[Place], engine: EngineName | None = None) -> None:
        self._given = list(places)
        self._engine = engine
        self.places: list[Place] = []
        """As they were last read."""

    def read(self) -> Versions:
        """The policy as it stands there now, proven. Raises `Refused` with every mistake."""
        self.places = [watched(one) for one in self._given]
        return billpolicy.load_policy(*self.places, engine=self._engine)

    def signs(self) -> Signs:
        """What is there now of all that was last read."""
        return tuple(_files(one).signs() for one in self.places)

    def as_read(self) -> Signs:
        """What was there then."""
        return tuple(_files(one).as_read() for one in self.places)


def in_revision(name: str, path: Path, source: Source | None) -> Place:
    """A policy as it stands in a revision of git, by the path that it has where it is read from. Raises `Refused`."""
    files = revision(name)
    root = _files(source.places[0]).root if source is not None else None
    return Place(files, path) if root is None else Place(Watched(files, root), path)


@dataclass
class CallersSource:
    """Where the callers are read from."""

    path: Path
    sessions: Sessions
    as_read: Signs = ()
    """What was there when it was last read."""
    was_refused: bool = False
    """Whether that was wrong: under another policy, which knows other people, it may be right."""

    def read(self, versions: Versions) -> KnownCallers:
        """Those of the file now. Raises `Refused` with every mistake."""
        self.as_read, self.was_refused = self.signs(), True
        found = KnownCallers(load_callers(self.path, versions.policies), self.sessions)
        self.was_refused = False
        return found

    def signs(self) -> Signs:
        """What is there now."""
        return (sign_of(self.path),)


class Follows(Protocol):
    """What has in force what was sound last."""

    in_force: InForce
    callers: Callers
    not_taken: NotTaken | None

    @property
    def log(self) -> Log:
        """Where it tells what changed."""

    @property
    def metrics(self) -> Metrics | None:
        """Where it counts that; None: nowhere."""


@dataclass
class Kept:
    """What a process begins with. The parent of workers keeps it as they do, and in silence, for those who are begun
    later: what is in the files by then may not be sound."""

    in_force: InForce
    callers: Callers
    not_taken: NotTaken | None = None
    log: Log = field(default_factory=Log)
    metrics: None = None


class _Change:
    """Whether something is another one than was taken, and stays so."""

    def __init__(self, taken: Signs) -> None:
        self.taken = taken
        self._before: Signs | None = None

    def is_there(self, now: Signs, *, at_once: bool) -> bool:
        """Whether to take it."""
        if now == self.taken:
            self._before = None
            return False
        settled = at_once or now == self._before
        self._before = None if settled else now
        return settled


class Changing:
    """Looks whether the policy or the callers of a service changed, and takes what is sound."""

    def __init__(self, serving: Follows, source: Source, callers: CallersSource | None = None) -> None:
        self._serving = serving
        self._source = source
        self._callers = callers
        self._policy_change = _Change(source.as_read())
        self._callers_change = _Change(callers.as_read if callers is not None else ())
        self._now: queue.SimpleQueue[None] = queue.SimpleQueue()
        """Wakes the thread. It may be put into by the handler of a signal in the midst of that of another one, where an
        event or a lock would wait for itself."""
        self._ended = False

    def look(self, *, at_once: bool = False) -> None:
        """Look once. `at_once`: take a change that is seen for the first time, as whoever says so is done with it."""
        before, callers = self._serving.in_force, self._callers
        if self._policy_change.is_there(self._source.signs(), at_once=at_once):
            self._read_policy()
        if callers is None:
            return
        other_people = self._serving.in_force is not before
        changed = self._callers_change.is_there(callers.signs(), at_once=at_once)
        if changed or (other_people and callers.was_refused):
            self._read_callers(callers)
            self._callers_change.taken = callers.as_read
        elif other_people:
            self._see_that_they_fit(callers)

    def try_to_look(self, *, at_once: bool = False) -> None:
        """The same; of a bug that is met, only the log is told."""
        try:
            self.look(at_once=at_once)
        except Exception as error:  # the next look may do better, and what is in force stays so
            self._serving.log.broke(error)

    def watch(self) -> None:
        """Look again and again, in a thread of its own, until `end`."""
        while not self._ended:
            asked = self._is_woken()
            if not self._ended:
                self.try_to_look(at_once=asked)

    def look_now(self) -> None:
        """Let the thread look at once."""
        self._now.put(None)

    def end(self) -> None:
        """Let the thread end."""
        self._ended = True
        self._now.put(None)

    def _is_woken(self) -> bool:
        """Wait until it is time to look. Whether somebody said so; often said is said once."""
        try:
            self._now.get(timeout=EVERY_SECONDS)
        except queue.Empty:
            return False
        with suppress(queue.Empty):
            while True:
                self._now.get_nowait()
        return True

    def _read_policy(self) -> None:
        serving = self._serving
        try:
            versions = self._source.read()
        except Refused as refused:
            self._policy_change.taken = self._source.as_read()
            serving.not_taken = NotTaken(_now(), tuple(refused.diagnostics))
            if serving.metrics is not None:
                serving.metrics.policy_refused()
            message = "the policy changed and is not sound; the one before stays in force"
            serving.log.became("policy_refused", message, level="error", found=refused.diagnostics)
            return
        self._policy_change.taken = self._source.as_read()
        before, serving.not_taken = serving.in_force, None
        changed = InForce(versions, _now())
        if changed.digest == before.digest:
            return
        serving.in_force = changed
        if serving.metrics is not None:
            serving.metrics.policy_changed()
        warnings: list[Diagnostic] = [one for policy in versions.policies for one in policy.warnings]
        serving.log.became("policy_changed", "another policy is in force", policy=changed.digest, found=warnings)

    def _read_callers(self, callers: CallersSource) -> None:
        serving = self._serving
        try:
            serving.callers = callers.read(serving.in_force.versions)
        except Refused as refused:
            message = "the file of callers changed and is not right; those before stay as they were"
            serving.log.became("callers_refused", message, level="error", found=refused.diagnostics)
        else:
            serving.log.became("callers_changed", "those who may call are others")

    def _see_that_they_fit(self, callers: CallersSource) -> None:
        """Whoever is in the file is in the policy that is in force now; else it is told before the next start."""
        try:
            callers.read(self._serving.in_force.versions)
        except Refused as refused:
            message = "those who may call stay as they were; with this policy, their file would start no service"
            self._serving.log.became("callers_refused", message, level="error", found=refused.diagnostics)


def _files(at: Place) -> Watched:
    return cast(Watched, at.files)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
