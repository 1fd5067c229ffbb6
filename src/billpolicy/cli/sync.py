"""`billpolicy ledger sync`: follow a newer book of the system of record."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.interrupt import interruptible
from billpolicy.cli.operations import Progress, Warnings, load_versions, login, tell_outcome
from billpolicy.cli.options import (
    PathOf,
    actor_option,
    day_or_today,
    engine_option,
    format_option,
    policy_option,
    today_option,
)
from billpolicy.cli.output import conclude, gather, say, show, show_refused, use_format, write, write_json
from billpolicy.report.outcome import found_about
from billpolicy.report.results import findings
from billpolicy.report.sync import counts_text, step_report, steps_text, sync_report
from billpolicy.report.texts import in_lines
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import Book, Diagnostic, EngineName, Outcome, Sync
    from billpolicy.report.sync import SyncReport, SyncStepReport


@click.command("sync")
@click.argument("ledger", metavar="LEDGER", shell_complete=completing.ledgers)
@click.argument("book", type=PathOf(path_type=Path))
@policy_option
@click.option("--post", "posting", is_flag=True, help="Post what is shown; without it nothing is changed.")
@click.option("--summary", is_flag=True, help="Show how many records differ, and not which.")
@click.option("--atomic", is_flag=True, help="Post all of it or, if anything of it is refused, nothing.")
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    ledger: str,
    book: Path,
    policy: tuple[Place, ...],
    posting: bool,
    summary: bool,
    atomic: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Compare BOOK, a newer book of the system of record, with LEDGER, and show the operations that follow it.

    With --post they are posted: accounts, contacts, subscriptions, charges and accounting periods are created and given
    other values, from today on. Nothing is deleted. Documents, money and time that was billed are the ledger's own:
    where BOOK says otherwise of them, that is listed, and the others go on. Interrupted, the same command finishes it.
    """
    versions, day, who = load_versions(policy, engine), day_or_today(today), (actor or login()) if posting else ""
    with billpolicy.open_ledger(ledger) as opened, interruptible() as interrupt:
        say(f"reading {book}")
        newer = billpolicy.load_book(book)
        say(f"comparing {_records(newer):,} records with {ledger}")
        sync = billpolicy.sync(versions, opened, newer, today=day, warn=Warnings())
        del newer
        asked = [billpolicy.operation_from(step.operation) for step in sync.steps]
        asked = [replace(one, request=replace(one.request, actor=actor)) for one in asked]
        progress = Progress(asked)
        running: Iterator[Outcome]
        if posting:
            how: dict[str, Any] = {"atomic": atomic, "go_on": interrupt.go_on, "watch": progress}
            running = billpolicy.post_all(versions, opened, asked, who=who, today=day, **how)
        else:
            running = billpolicy.plan_all(versions, opened, asked, today=day, watch=progress)
        became = _Became(sync, book)
        try:
            with closing(running):  # type: ignore[type-var]
                for outcome in running:
                    tell_outcome(outcome)
                    became.add(outcome)
        finally:
            # Also when it fails half-way: what was posted stays posted, and is told.
            if format == "json":
                write_json(became.report(day, posted=posting))
                use_format(click.get_current_context(), "text")
            else:
                became.write(summary=summary)
            # Beside the answer where that is JSON, though its format is text by now.
            (say if format == "json" else conclude)(became.result(posted=posting))
    if interrupt.asked_for:
        raise KeyboardInterrupt
    if not became.is_whole:
        raise click.exceptions.Exit(1)


def _records(book: Book) -> int:
    """How many records are compared; of a large book that takes a while."""
    return sum(
        map(
            len,
            (book.accounts, book.contacts, book.subscriptions, book.charges, book.periods, book.numbered, book.usage),
        )
    )


class _Became:
    """What became of the steps of a sync so far, and what is not followed, each told at its record in the book."""

    def __init__(self, sync: Sync, book: Path) -> None:
        self._sync, self._book = sync, book
        self._reports: list[SyncStepReport] = []
        self._refused: dict[int, tuple[Diagnostic, ...]] = {}

    def add(self, outcome: Outcome) -> None:
        """What became of the next step; its plan is not kept."""
        if outcome.problems:
            self._refused[len(self._reports)] = outcome.problems
        else:
            gather(found_about(outcome))
        self._reports.append(step_report(self._sync.steps[len(self._reports)], outcome))

    def report(self, day: datetime.date, *, posted: bool) -> SyncReport:
        """All of it."""
        steps, not_followed = self._placed()
        return sync_report(self._sync, steps, not_followed, day, posted=posted)

    def write(self, *, summary: bool) -> None:
        """All of it, or only the counts, with every refusal."""
        steps, not_followed = self._placed()
        if steps and not summary:
            write(in_lines((*steps_text(steps), "")))
        write(counts_text(self._sync.counts))
        for index in self._refused:
            show_refused(steps[index].id, self._refused[index])
        show(not_followed)

    def result(self, *, posted: bool) -> str:
        """How many steps there are, and what became of them."""
        count = Counter(one.became for one in self._reports)
        done = f"{count['posted']:,} posted" if posted else f"{count['planned']:,} to post"
        before = f", {count['posted_before']:,} posted before" if count["posted_before"] else ""
        refused = f", {count['refused']:,} refused" if count["refused"] else ""
        others = len(self._sync.steps) - len(self._reports) + count["not_tried"]
        given_up = f", {others:,} not posted" if others else ""
        stays = f", {len(self._sync.not_followed):,} not followed" if self._sync.not_followed else ""
        hint = "; --post posts them" if count["planned"] else ""
        return done + before + refused + given_up + stays + hint

    @property
    def is_whole(self) -> bool:
        """Whether the ledger holds, or would hold, what the book says."""
        done = [one for one in self._reports if one.became in ("planned", "posted", "posted_before")]
        return len(done) == len(self._sync.steps) and not self._sync.not_followed

    def _placed(self) -> tuple[list[SyncStepReport], list[Diagnostic]]:
        sync = self._sync
        steps = [sync.steps[index] for index in self._refused]
        records = [(f"{one.scope}s", one.id) for one in steps] + [(one.section, one.id) for one in sync.not_followed]
        places = billpolicy.places_of(self._book, records)
        reports = self._reports + [step_report(step, None) for step in sync.steps[len(self._reports) :]]
        for index, problems in self._refused.items():
            at = places[f"{sync.steps[index].scope}s", sync.steps[index].id]
            self._refused[index] = tuple(problem._replace(position=at) for problem in problems)
            reports[index] = replace(reports[index], diagnostics=findings(self._refused[index]))
        return reports, [one.diagnostic._replace(position=places[one.section, one.id]) for one in sync.not_followed]
