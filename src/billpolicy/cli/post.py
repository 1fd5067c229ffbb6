"""`billpolicy post`: plan operations and post them, in groups that are one transaction each."""

from __future__ import annotations

import datetime
import getpass
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from billpolicy.book.needs import Needs
from billpolicy.cli.asking import before_text, check_report, load_asked, load_versions, placed, title, watched
from billpolicy.cli.interrupt import interruptible
from billpolicy.cli.options import (
    actor_option,
    day_or_today,
    details_option,
    engine_option,
    format_option,
    policy_option,
    report_option,
    today_option,
)
from billpolicy.cli.output import diagnostic_data, say, show_refused, write
from billpolicy.cli.tally import MANY, Tally
from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.slices import read_slice
from billpolicy.ledger.store import open_ledger
from billpolicy.operations.chain import needs_of
from billpolicy.planning.request import Asked
from billpolicy.posting.batch import GROUP, Outcome, Wanted, execute_batch
from billpolicy.posting.dry_run import dry_run, plan_on
from billpolicy.posting.executor import answered
from billpolicy.posting.limits import Totals, beyond
from billpolicy.report.plan_text import plan_text
from billpolicy.source.scalars import read_text
from billpolicy.source.write import plain_data, to_json


@click.command("post")
@click.argument("operations", type=click.Path(path_type=Path))
@policy_option
@click.option("--ledger", required=True, help="Ledger to post to, like sqlite:///ledger.db.")
@click.option("--atomic", is_flag=True, help="Post all of them or none: if one is refused, nothing is posted.")
@report_option
@details_option
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    operations: Path,
    policy: tuple[Path, ...],
    ledger: str,
    atomic: bool,
    report: Path | None,
    details: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Plan OPERATIONS and post them: documents, numbers, applications, audit, and all that follows by the policy.

    Each operation is posted with what follows it or not at all. One that was posted before is not posted again, so an
    interrupted batch is finished by the same command. One that is refused changes nothing, and the others go on.
    """
    versions = load_versions(policy, engine)
    if report is not None:
        check_report(report, operations, None, ledger, versions)
    asked = load_asked(operations, actor)
    who = actor or _login()
    day = day_or_today(today)
    tally = Tally()
    if report is not None:
        tally.write_report(report)  # now, when nothing has been posted yet, it can still be told that it cannot be
    _safety_stop(versions, ledger, asked, day)
    outcomes: list[Outcome] = []
    one_by_one = format == "text" and (details or len(asked) <= MANY)
    by_id = {one.request.id: one for one in asked}
    with interruptible() as interrupt:
        try:
            for outcome in _post(ledger, versions, asked, day, who, atomic=atomic, go_on=interrupt.go_on):
                one = by_id[outcome.wanted.id]
                outcome = replace(outcome, problems=tuple(placed(one, outcome.problems)))
                if format == "json":
                    outcomes.append(outcome)
                repeated = outcome.posted is not None and outcome.posted.repeated
                tally.add(one, outcome.posted.plan if outcome.posted else None, outcome.problems, repeated=repeated)
                if one_by_one:
                    _write(outcome, one, versions, day)
        finally:
            # Also when it fails half-way: what was posted stays posted, and is told.
            if format == "json":
                _write_json(outcomes)
            else:
                if not one_by_one:
                    write(tally.table("posted") + "\n")
                _say_totals(tally, len(asked))
            if report is not None:
                tally.write_report(report)
    if interrupt.asked_for:
        raise KeyboardInterrupt
    if tally.refused or tally.given_up:
        raise click.exceptions.Exit(1)


def _login() -> str:
    try:
        return read_text(getpass.getuser())
    except (OSError, KeyError):  # a container may run as a user whom it does not know
        raise click.UsageError("it cannot be told who you are: say it with --actor NAME") from None
    except ValueError:
        message = "your login name cannot be kept as it is: say who you are with --actor NAME"
        raise click.UsageError(message) from None


def _safety_stop(versions: Versions, ledger: str, asked: list[Asked], today: datetime.date) -> None:
    """Refuse a batch beyond the policy's limits before anything is posted; what was posted before does not count."""
    if not any(policy.batch_limits for policy in versions.policies):
        return
    with open_ledger(ledger) as opened, opened.reading() as connection:
        same, differing = answered(connection, ((one.request.id, one.data) for one in asked))
        book = read_slice(connection, Needs(everything=True))
    new = [one for one in asked if one.request.id not in same and one.request.id not in differing]
    totals = Totals()
    for one in watched(dry_run(versions, book, new, today), len(new), "checking the limits"):
        if one.plan is not None:
            totals.add(one.plan)
    stops = list(beyond(versions.policies, totals))
    if stops:
        say(f"nothing was posted: the policy stops this batch of {len(asked):,}")
        raise Refused(stops)


def _post(
    ledger: str,
    versions: Versions,
    asked: list[Asked],
    today: datetime.date,
    who: str,
    *,
    atomic: bool,
    go_on: Callable[[], bool],
) -> Iterator[Outcome]:
    wanted = (
        Wanted(
            id=one.request.id,
            request=one.data,
            needs=needs_of(versions.policies, one.request),
            planner=lambda book, one=one: plan_on(versions, book, one, today),  # type: ignore[misc]
            who=one.request.actor or who,
        )
        for one in asked
    )
    with open_ledger(ledger) as opened:
        # A few are posted and told one by one; many in groups, which is several times faster.
        group = 1 if len(asked) <= MANY else GROUP
        outcomes = execute_batch(opened, wanted, now=_now, group=group, atomic=atomic, go_on=go_on)
        with closing(outcomes):
            yield from watched(outcomes, len(asked), "posting")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _write(outcome: Outcome, asked: Asked, versions: Versions, today: datetime.date) -> None:
    if outcome.posted is not None and outcome.posted.repeated:
        write(before_text(outcome.posted))
    elif outcome.posted is not None:
        write(plan_text(outcome.posted.plan, versions) + "\n")
    elif outcome.problems:
        show_refused(title(asked, today), outcome.problems)


def _say_totals(tally: Tally, asked: int) -> None:
    repeated = tally.repeated.total()
    others = [
        f", {repeated:,} had been posted before" if repeated else "",
        f", {tally.given_up:,} not posted{' because of those' if tally.refused else ''}" if tally.given_up else "",
        f", {asked - tally.count:,} not tried" if asked > tally.count else "",
    ]
    say(f"{tally.accepted:,} posted, {len(tally.refused):,} refused{''.join(others)}")


def _write_json(outcomes: list[Outcome]) -> None:
    write(
        to_json(
            {
                "posted": [
                    {"repeated": outcome.posted.repeated, "plan": plain_data(outcome.posted.plan)}
                    for outcome in outcomes
                    if outcome.posted is not None
                ],
                "refused": [
                    {"id": outcome.wanted.id, "diagnostics": [diagnostic_data(d) for d in outcome.problems]}
                    for outcome in outcomes
                    if outcome.problems
                ],
                "not_posted": [o.wanted.id for o in outcomes if o.posted is None and not o.problems],
            }
        )
    )
