"""`billpolicy plan`: a dry run. It shows what `post` would post, and changes nothing."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from billpolicy.cli.asking import before_text, ground_for, load_asked, load_versions, one_ground, planned, title
from billpolicy.cli.options import actor_option, day_or_today, engine_option, format_option, policy_option, today_option
from billpolicy.cli.output import diagnostic_data, say, show_refused, write
from billpolicy.explain.plan_text import plan_text
from billpolicy.matching.engines import EngineName
from billpolicy.source.write import plain_data, to_json


@click.command("plan")
@click.argument("operations", type=click.Path(path_type=Path))
@policy_option
@click.option("--book", "-b", type=click.Path(path_type=Path), help="Book file, YAML or JSON.")
@click.option("--ledger", help="Ledger, like sqlite:///ledger.db, instead of a book.")
@actor_option
@engine_option
@today_option
@format_option("text", "json")
def command(
    operations: Path,
    policy: tuple[Path, ...],
    book: Path | None,
    ledger: str | None,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Plan OPERATIONS in their order, each on what the ones before it leave, and post nothing.

    Shows the documents with the numbers to come, where money is put, balances before and after, and warnings.
    """
    one_ground(book, ledger)
    versions = load_versions(policy, engine)
    asked = load_asked(operations, actor)
    day = day_or_today(today)
    ground = ground_for(book, ledger, asked)
    found = list(planned(versions, ground, asked, day))
    refused = [one for one in found if one.plan is None]
    if format == "json":
        write(
            to_json(
                {
                    "posted_before": sorted(ground.posted),
                    "plans": [plain_data(one.plan) for one in found if one.plan is not None],
                    "refused": [
                        {"id": one.asked.request.id, "diagnostics": [diagnostic_data(d) for d in one.problems]}
                        for one in refused
                    ],
                }
            )
        )
    else:
        for posted in ground.posted.values():
            write(before_text(posted))
        for one in found:
            if one.plan is not None:
                write(plan_text(one.plan, versions) + "\n")
            else:
                show_refused(title(one.asked, day), one.problems)
        before = f", {len(ground.posted)} had been posted before" if ground.posted else ""
        say(f"{len(found) - len(refused)} planned, {len(refused)} refused{before}; nothing was posted")
    if refused:
        raise click.exceptions.Exit(1)
