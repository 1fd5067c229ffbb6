"""A diff as a page for people, without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billpolicy.diagnostics.sentences import counted
from billpolicy.report.diff import ChangedTold, DiffReport, ImpactTold, Unlike
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
from billpolicy.report.html.markup import Html
from billpolicy.report.html.markup import escaped as _e
from billpolicy.report.html.markup import said as _said
from billpolicy.report.html.page import page


def diff_html(report: DiffReport) -> str:
    """The whole of it."""
    body = [
        f"<h1>{_e(headline(report))}</h1>",
        f"<p class=names><code>{_e(report.old.path)}</code> → <code>{_e(report.new.path)}</code></p>",
        *_diagnostics(report),
    ]
    if report.as_if:
        body.append("<p class=soft>The two are never in force on the same day; compared as if both always were.</p>")
    if report.changed:
        body.append("<h2>What comes out differently</h2>")
        body += map(_change, report.changed)
    for effect, title in EFFECTS.items():
        told = [declared_text(one) for one in report.declared if one.effect == effect]
        if told:
            body += [f"<h2>Declared otherwise <span class=soft>({title})</span></h2>", _list(told)]
    if report.impact is not None:
        body += _impact(report.impact)
    if report.rules:
        told = [rule_text(one) for one in report.rules]
        body.append(f"<h2>Rules</h2><details><summary>{counted(len(told), 'rule')}</summary>{_list(told)}</details>")
    if report.unproven:
        body += ["<h2>Not proven to be the same</h2>", _list(report.unproven)]
    body.append(f"<p class=soft>{compared_text(report)}</p>")
    return page(f"{report.new.policy}: what changes", Html("".join(body)))


def _diagnostics(report: DiffReport) -> Iterator[str]:
    for one in report.diagnostics:
        place = f" <code>{_e(f'{one.position.file}:{one.position.line}')}</code>" if one.position else ""
        hint = f"<div class=soft>{_e(one.hint)}</div>" if one.hint else ""
        yield f'<div class="card wrong">{_said(one.message)}{place} <code>[{one.code}]</code>{hint}</div>'


def _list(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_e(text)}</li>' for text in texts)}</ul>"


def _change(one: ChangedTold) -> str:
    about = f"after {one.name}" if one.follows else one.name
    said = [
        ("now", f"<span class=now>{_e(one.after)}</span>"),
        ("before", f"<span class=was>{_e(one.before)}</span>"),
        ("where", "<br>or ".join(map(_said, one.where)) or "always"),
        ("rule", _e(rules_text(one.new_rules))),
        ("because", _e(reasons(one.new_rules))),
        ("was", _e(rules_text(one.old_rules))),
        ("witness", _e(one.witness.file or "") if one.witness is not None else ""),
    ]
    few, more = one.operations[:4], one.operations[4:]
    names = ", ".join(f"<code>{_e(name)}</code>" for name in few)
    rest = f"<details><summary>and {len(more)} more</summary>{_e(', '.join(more))}</details>" if more else ""
    return f"<div class=card><h3>{_e(about)}</h3><p class=names>{names}{rest}</p>{_terms(said)}</div>"


def _terms(said: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{label}</dt><dd>{text}</dd>" for label, text in said if text) + "</dl>"


def _impact(impact: ImpactTold) -> Iterator[str]:
    yield "<h2>Real operations</h2>"
    told = differing(impact)
    if impact.accounts:
        told += f", of {counted(len(impact.accounts), 'account')}"
    yield f"<p>{told}.</p>"
    yield from (f"<p>In money: {amounts}.</p>" for amounts in amounts_text(impact))
    if impact.groups:
        rows = "".join(
            f"<tr><td><code>{_e(one.operation)}</code></td><td>{_e(group_text(one))}</td><td>{KINDS[one.kind]}</td>"
            f"<td class=number>{one.count:,}</td></tr>"
            for one in impact.groups
        )
        yield "<table><tr><th>operation</th><th>of</th><th>what comes out</th><th class=number>count</th></tr>"
        yield f"{rows}</table>"
    for why, count in impact.untold.items():
        yield f"<p>Of {count:,} it cannot be told: {_said(why)}.</p>"
    yield from map(_example, impact.examples)


def _example(example: Unlike) -> str:
    parts = []
    for one in example.apart:
        step = "" if one.operation == example.operation or one.kind == "follows" else f"{one.operation}: "
        said = [
            (why.label, _e(why.text) + (f"<div class=soft>{_e(why.because)}</div>" if why.because else ""))
            for why in whys(example, one)
        ]
        parts.append(f"<li>{_e(step + apart_text(one))}{_terms(said)}</li>")
    title = f"{_e(example.id)}: <code>{_e(example.operation)}</code> on {example.date}"
    return f"<div class=card><h3>{title}</h3><div class=soft>{_e(example.sample)}</div><ul>{''.join(parts)}</ul></div>"
