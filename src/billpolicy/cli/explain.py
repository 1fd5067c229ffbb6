"""`billpolicy explain`: how each attribute is resolved, offline, and why."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy import Effect, EngineName
from billpolicy.cli import completing
from billpolicy.cli.operations import (
    Progress,
    documents_in,
    load_given,
    load_unproven,
    load_versions,
    planned,
    tell_posted_before,
    title,
)
from billpolicy.cli.options import (
    LINE,
    actor_option,
    book_option,
    engine_option,
    fields_argument,
    format_option,
    policy_option,
    today_option,
)
from billpolicy.cli.output import gather, show_refused, write, write_json
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.diagnostics.rule_unknown import rule_unknown
from billpolicy.report.effect_text import effect_markdown, effect_text
from billpolicy.report.explanation import Explanation, ExplanationReport
from billpolicy.report.explanation_text import explanation_markdown, explanation_text, why_not_text
from billpolicy.report.outcome import found_about
from billpolicy.report.results import posted_before, refusals
from billpolicy.report.texts import escaped, wrapped
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import Book, Instruction, Ledger, Outcome, Versions


@click.command("explain")
@click.argument("operations", type=click.Path(path_type=Path), shell_complete=completing.operations_or_files)
@fields_argument
@policy_option
@book_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, help="Ledger, like sqlite:///ledger.db, instead of a book."
)
@click.option(
    "--why-not",
    type=LINE,
    metavar="RULE",
    shell_complete=completing.rules,
    help="Only: what became of this rule, and why.",
)
@click.option(
    "--verbose",
    "-v",
    is_flag=True,
    help="Also every rule that does not match, and why; and every line of a correction.",
)
@click.option(
    "--unproven",
    is_flag=True,
    help="Also by a policy with conflicts: what each of the rules would decide. For a witness; nothing is posted so.",
)
@actor_option
@engine_option
@today_option
@format_option("text", "json", "markdown", "html")
def command(
    operations: Path,
    fields: tuple[str, ...],
    policy: tuple[Place, ...],
    book: Path | None,
    ledger: str | None,
    why_not: str | None,
    verbose: bool,
    unproven: bool,
    actor: str | None,
    engine: EngineName | None,
    today: datetime.date | None,
    format: str,
) -> None:
    """Explain every attribute of every document that OPERATIONS would make. Needs no API and changes nothing.

    OPERATIONS is a file, or the name of one operation, with its fields: write_off_invoice invoice=INV00000001

    For each: the value, the level it came from, the levels tried, the rule with its file:line, and what became of
    the other rules. Of a correction first what `credit_only` and `credit_rebill` would each do to charges and periods.
    """
    if why_not is not None and format != "text":
        raise click.UsageError("--why-not is told as text only")
    if unproven and why_not is not None:
        raise click.UsageError("--why-not asks a policy that is proven: leave --unproven out")
    versions = load_unproven(policy, engine) if unproven else load_versions(policy, engine)
    asked, documents, day = load_given(operations, fields, book, ledger, actor, today)
    if why_not is not None:
        known = [id for version in versions.policies for id in version.rules]
        if why_not not in known:
            raise Refused([rule_unknown(why_not, known)])
    explanations: list[Explanation] = []
    effects: list[Effect] = []
    told: list[str] = []
    markdown = format == "markdown"
    with documents_in(documents, ledger) as on:
        found = list(planned(versions, on, asked, day, Progress(asked), instead=why_not is None))
        settled = list(_if_settled(versions, on, found, day)) if unproven else []
    outcomes = [outcome for _, outcome in found]
    if format == "text":
        tell_posted_before(outcomes)
    for one, outcome in found:
        gather(found_about(outcome))
        if outcome.problems and format in ("text", "markdown"):
            if told and not markdown:  # what is explained so far comes first
                write("\n".join([*told, ""]))
                told.clear()
            show_refused(title(one, day), outcome.problems, beside=markdown)
        effect = billpolicy.effect(outcome)
        if effect is not None:
            effects.append(effect)
            told.append((effect_markdown if markdown else effect_text)(effect, every_line=verbose))
        if outcome.plan is not None and outcome.posted is None:
            explained = billpolicy.explain(versions, outcome.plan)
            explanations += explained
            for each in explained:
                told.append(explanation_markdown(each) if markdown else explanation_text(each, every_candidate=verbose))
    for heading, explained in settled:
        told.append((f"## {escaped(heading)}" if markdown else "\n".join(wrapped("", heading))) + "\n")
        for each in explained:
            told.append(explanation_markdown(each) if markdown else explanation_text(each, every_candidate=verbose))
    report = ExplanationReport(
        explanations=tuple(explanations),
        effects=tuple(effects),
        posted_before=posted_before(outcomes),
        refused=refusals(outcomes),
    )
    if format == "html":
        from billpolicy.report.html.explain import explain_html

        write(explain_html(report, settled))
    elif format == "json":
        each_way = tuple(one for _, explained in settled for one in explained)
        write_json(replace(report, explanations=(*report.explanations, *each_way)))
    elif why_not is not None:
        write(why_not_text(explanations, why_not))
    else:
        write("\n".join(told))
    if any(outcome.problems for outcome in outcomes):
        raise click.exceptions.Exit(1)


def _if_settled(
    versions: Versions, on: Book | Ledger, found: list[tuple[Instruction, Outcome]], day: datetime.date
) -> Iterator[tuple[str, list[Explanation]]]:
    """What was refused for a conflict, as each of the rules would have it: a heading, and the explanations."""
    asked = [one for one, _ in found]
    refused = [any(problem.code == "exceptions-conflict" for problem in outcome.problems) for _, outcome in found]
    for one in billpolicy.ways_to_settle(versions) if any(refused) else ():
        again = planned(one.versions, on, asked, day, Progress(asked))
        plans = [outcome.plan for (_, outcome), was in zip(again, refused, strict=True) if was]
        explained = [each for plan in plans if plan is not None for each in billpolicy.explain(one.versions, plan)]
        others = " and ".join(f"`{rule}`" for rule in one.over)
        yield f"If `{one.rule}` overrode {others} about `{one.key}` of `{one.operation}`:", explained
