"""A diff as a page for people, without a script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from billpolicy.diagnostics.sentences import counted
from billpolicy.report.diff import ChangedTold, DiffReport, ImpactTold, Unlike, WitnessTold
from billpolicy.report.diff_words import (
    EFFECTS,
    KINDS,
    amounts_text,
    apart_text,
    compared_text,
    declared_text,
    differing,
    group_text,
    headline,
    reasons,
    rule_text,
    rules_text,
    whys,
)
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.page import page
from billpolicy.report.html.pieces import LINE, finding, section, table, terms


def diff_html(report: DiffReport) -> str:
    """The whole of it."""
    body = joined((el("h1", headline(report)), diff_body(report)), LINE)
    return page(f"{report.new.policy}: what changes", body)


def diff_body(report: DiffReport) -> Html:
    """What stands on the page below its headline."""
    sides = (el("code", report.old.path), " → ", el("code", report.new.path))
    body = [el("p", *sides, class_="names"), *map(finding, report.diagnostics)]
    if report.as_if:
        as_if = "The two are never in force on the same day; compared as if both always were."
        body.append(el("p", as_if, class_="soft"))
    body += _sections(report)
    body.append(el("p", compared_text(report), class_="soft"))
    return joined(body, LINE)


def _sections(report: DiffReport) -> Iterator[Html]:
    if report.changed:
        yield section(2, "What comes out differently", map(_change, report.changed))
    for effect, title in EFFECTS.items():
        told = [declared_text(one) for one in report.declared if one.effect == effect]
        if told:
            yield section(2, joined(("Declared otherwise ", el("span", f"({title})", class_="soft"))), [_list(told)])
    if report.impact is not None:
        yield section(2, "Real operations", impact_parts(report.impact))
    if report.rules:
        told = [rule_text(one) for one in report.rules]
        yield section(2, "Rules", [el("details", el("summary", counted(len(told), "rule")), _list(told))])
    if report.unproven:
        yield section(2, "Not proven to be the same", [_list(report.unproven)])


def _list(texts: Iterable[str]) -> Html:
    return el("ul", *(el("li", text) for text in texts))


def _change(one: ChangedTold) -> Html:
    few, more = one.operations[:4], one.operations[4:]
    names = joined((el("code", name) for name in few), ", ")
    rest = (el("details", el("summary", f"and {len(more)} more"), ", ".join(more)),) if more else ()
    told = {
        "now": el("span", one.after, class_="now"),
        "before": el("span", one.before, class_="was"),
        "where": joined(map(said, one.where), Html("<br>or ")) or "always",
        "rule": rules_text(one.new_rules),
        "because": reasons(one.new_rules),
        "was": rules_text(one.old_rules),
        "witness": _witness(one.witness) if one.witness is not None else "",
    }
    about = el("h3", f"after {one.name}" if one.follows else one.name)
    return el("article", about, el("div", names, *rest, class_="names"), terms(told), class_="card")


def _witness(one: WitnessTold) -> Html:
    """The file that it is in; or the operation itself, and what comes out otherwise of it."""
    if one.file is not None:
        return el("span", one.file)
    last = json.dumps(one.operations[-1], ensure_ascii=False)
    told = (el("li", apart_text(each)) for each in one.apart)
    return el("details", el("summary", "an operation that shows it"), el("p", el("code", last)), el("ul", *told))


def impact_parts(impact: ImpactTold) -> Iterator[Html]:
    """How many operations come out otherwise, by operation and decision, and examples with what they were before."""
    told = differing(impact)
    if impact.accounts:
        told += f", of {counted(len(impact.accounts), 'account')}"
    yield el("p", told, ".")
    yield from (el("p", f"In money: {amounts}.") for amounts in amounts_text(impact))
    if impact.groups:
        rows = (
            (el("code", one.operation), group_text(one), KINDS[one.kind], f"{one.count:,}") for one in impact.groups
        )
        yield table(("operation", "of", "what comes out", "count"), rows, numbers=("count",))
    for why, count in impact.untold.items():
        yield el("p", f"Of {count:,} it cannot be told: ", said(why), ".")
    yield from map(_example, impact.examples)


def _example(example: Unlike) -> Html:
    parts = []
    for one in example.apart:
        step = "" if one.operation == example.operation or one.kind == "follows" else f"{one.operation}: "
        told = {
            why.label: joined((why.text, el("div", why.because, class_="soft") if why.because else Html("")))
            for why in whys(example, one)
        }
        parts.append(el("li", step + apart_text(one), terms(told)))
    title = el("h3", f"{example.id}: ", el("code", example.operation), f" on {example.date}")
    return el("article", title, el("div", example.sample, class_="soft"), el("ul", *parts), class_="card")
