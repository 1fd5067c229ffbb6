"""`billpolicy post`: plan operations and post them, each in one transaction."""

from __future__ import annotations

import datetime
import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from billpolicy.cli.asking import before_text, load_asked, load_versions, needs_of, title, watched
from billpolicy.cli.options import actor_option, day_or_today, engine_option, format_option, policy_option, today_option
from billpolicy.cli.output import diagnostic_data, say, show_refused, write
from billpolicy.executor import Posted, execute
from billpolicy.explain.plan_text import plan_text
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.matching.engines import EngineName
from billpolicy.operations.dry_run import plan_operation
from billpolicy.operations.request import Asked, request_data
from billpolicy.source.diagnostic import Diagnostic, Refused
from billpolicy.source.write import plain_data, to_json
from billpolicy.versions import Versions


class _Result(NamedTuple):
    asked: Asked
    posted: Posted | None
    problems: tuple[Diagnostic, ...]


@click.command("post")
@click.argument("operations", type=click.Path(path_type=Path))
@policy_option
@click.option("--ledger", required=True, help="Ledger to post to, like sqlite:///ledger.db.")
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    operations: Path,
    policy: tuple[Path, ...],
    ledger: str,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Plan OPERATIONS and post each in one transaction: documents, numbers, applications and audit, or nothing.

    Shows what `plan` shows. An operation that was posted before is not posted again; one that is refused changes
    nothing, and the ones after it go on.
    """
    versions = load_versions(policy, engine)
    asked = load_asked(operations, actor)
    who = actor or _login()
    day = day_or_today(today)
    results: list[_Result] = []
    with open_ledger(ledger) as opened:
        try:
            for result in _post_each(opened, versions, asked, day, who):
                results.append(result)
                if format == "text":
                    _write(result, versions, day)
        finally:
            # Also when it is interrupted or fails half-way: what was posted stays posted, and is told.
            if format == "json":
                _write_json(results)
            else:
                _write_totals(results, len(asked))
    if any(result.posted is None for result in results):
        raise click.exceptions.Exit(1)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a user whom it does not know
        raise click.UsageError("it cannot be told who you are: say it with --actor NAME") from None


def _post_each(
    ledger: Ledger, versions: Versions, asked: list[Asked], today: datetime.date, who: str
) -> Iterator[_Result]:
    for one in watched(asked, len(asked), "posting"):
        try:
            posted = execute(
                ledger,
                one.request.id,
                request_data(one.request),
                needs_of(one),
                lambda book, one=one: plan_operation(versions, book, one, today),  # type: ignore[misc]
                who=one.request.actor or who,
                now=datetime.datetime.now(datetime.UTC),
            )
        except Refused as refused:
            yield _Result(one, None, tuple(refused.diagnostics))
            if any(problem.code.startswith("ledger-") for problem in refused.diagnostics):
                return  # the file itself fails; the next operation would wait and fail the same way
        else:
            yield _Result(one, posted, ())


def _write(result: _Result, versions: Versions, today: datetime.date) -> None:
    if result.posted is None:
        show_refused(title(result.asked, today), result.problems)
    elif result.posted.repeated:
        write(before_text(result.posted))
    else:
        write(plan_text(result.posted.plan, versions) + "\n")


def _write_totals(results: list[_Result], asked: int) -> None:
    posted = [result.posted for result in results if result.posted is not None]
    repeated = sum(one.repeated for one in posted)
    before = f", {repeated} had been posted before" if repeated else ""
    untried = f", {asked - len(results)} not tried" if asked > len(results) else ""
    say(f"{len(posted) - repeated} posted, {len(results) - len(posted)} refused{before}{untried}")


def _write_json(results: list[_Result]) -> None:
    write(
        to_json(
            {
                "posted": [
                    {"repeated": result.posted.repeated, "plan": plain_data(result.posted.plan)}
                    for result in results
                    if result.posted is not None
                ],
                "refused": [
                    {"id": result.asked.request.id, "diagnostics": [diagnostic_data(d) for d in result.problems]}
                    for result in results
                    if result.posted is None
                ],
            }
        )
    )
