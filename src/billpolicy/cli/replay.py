"""`billpolicy replay`: recorded decisions under another policy, and what comes out differently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

import billpolicy
from billpolicy import EngineName, Recorded
from billpolicy.cli.operations import load_versions
from billpolicy.cli.options import LINE, engine_option, format_option, policy_option
from billpolicy.cli.output import gather, say, write, write_json
from billpolicy.report.replay import ReplayTally, replay_findings, replay_report, replay_text, summary_texts
from billpolicy.source.collector import collector_paused
from billpolicy.source.files import Place


@click.command("replay")
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path())
@policy_option
@click.option(
    "--only",
    multiple=True,
    type=LINE,
    metavar="WORD",
    help="Only differences of this operation, decision or kind of change. Repeat it for several.",
)
@click.option("--summary", is_flag=True, help="Only the counts, not each operation.")
@engine_option
@format_option("text", "json")
def command(
    recordings: tuple[str, ...],
    policy: tuple[Place, ...],
    only: tuple[str, ...],
    summary: bool,
    engine: EngineName | None,
    format: str,
) -> None:
    """Decide again, by a policy, what was recorded, and tell which outcomes differ. Changes nothing.

    RECORDING is a file that `plan --record` or `post --record` wrote, or a ledger like sqlite:///ledger.db: its journal
    keeps the facts of everything that it posted. An outcome is a value with its level, a series of numbers, a due date,
    whether something follows, and a refusal; the ids of rules are none. What would ask for a fact that was masked or
    not recorded cannot be told, and is never guessed.
    """
    versions = load_versions(policy, engine or "python")
    tally = ReplayTally(only=frozenset(only), keep=not summary)
    for name in recordings:
        with collector_paused(), _recorded(name) as recorded:
            for one in billpolicy.replay(recorded, versions):
                gather(replay_findings(tally.add(one)))
    if format == "json":
        write_json(replay_report(tally))
    else:
        write(replay_text(tally))
        for line in summary_texts(tally):
            say(line)
    if tally.differing or tally.untold:
        raise click.exceptions.Exit(1)


@contextmanager
def _recorded(name: str) -> Iterator[Iterator[Recorded]]:
    if "://" not in name:
        yield billpolicy.load_recording(name)
        return
    with billpolicy.open_ledger(name) as ledger, ledger.reading() as reader:
        yield reader.recorded()
