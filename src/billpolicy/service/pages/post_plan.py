"""A plan that was shown is posted: what will be made is said and confirmed; then exactly that is posted, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.diagnostics.sentences import counted, few_of
from billpolicy.exchange.plan_file import changed_since
from billpolicy.exchange.plan_file import told as told_plan
from billpolicy.report.closure import ClosureReport
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import finding, listed, section, table
from billpolicy.report.html.plan_changes import plan_changes
from billpolicy.report.plan import Balance, DocumentReport, PlanReport, in_steps
from billpolicy.service.asked.asked import Asked
from billpolicy.service.asked.operations import actor_of, asked_by, check_people, ledger_of
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.carried import unpacked
from billpolicy.service.pages.forms import buttons, filled_in, hidden, press
from billpolicy.service.pages.kinds import kind_words
from billpolicy.service.pages.links import document_link, named, with_query
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.plan import ADDRESS, POST_ADDRESS, answered, without_place
from billpolicy.service.pages.planned import planned, reported
from billpolicy.service.pages.waiting import ADDRESS as WAITING
from billpolicy.service.pages.written import Written, written_for

if TYPE_CHECKING:
    from billpolicy import Instruction, Outcome, PlanFile

_FEW = 12
"""Documents whose balances are told before it is posted."""


def _act(asked: Asked) -> Answer:
    """Ask whether to post what was shown, post it, or let it wait."""
    form = filled_in(asked)
    actor = actor_of(asked)
    ledger_of(asked)
    plan = unpacked(form.get("plan", ""))
    check_people(plan.operations, actor)
    plan = replace(plan, operations=tuple(asked_by(each, actor) for each in plan.operations))
    one, act = plan.operations[0], form.get("do", "")
    if act == "wait":
        return _wait(asked, plan)
    outcomes = planned(asked, one, plan.today)
    if all(each.posted is not None for each in outcomes):
        return _done(asked, one, outcomes, was_before=True)
    if act != "post":  # also where nobody pressed anything: what is not asked for is not posted
        return _confirm(asked, plan, form, outcomes)
    closures = _closures_in(reported(asked, one, outcomes).plans)
    confirmed = [each.digest for each in closures if form.get(f"confirm.{each.digest}")]
    if len(confirmed) < len(closures):
        return _confirm(asked, plan, form, outcomes, is_missing=True)
    return _post(asked, plan, confirmed)


def _confirm(
    asked: Asked, plan: PlanFile, form: Mapping[str, str], outcomes: Sequence[Outcome], *, is_missing: bool = False
) -> Answer:
    """What will be made, and the last button. A plan that has changed since it was shown is shown anew instead."""
    one = plan.operations[0]
    if any(each.problems for each in outcomes):
        return _stale(asked, plan, outcomes, [problem for each in outcomes for problem in each.problems])
    if changed := changed_since(asked.versions, plan, outcomes):
        return _stale(asked, plan, outcomes, changed)
    report = reported(asked, one, outcomes)
    written, steps = written_for(asked), [step for each in report.plans for step in in_steps(each)]
    made = [each for step in steps for each in step.documents]
    warnings = [warning for step in steps for warning in step.warnings]
    checks = [_check(closure, written, is_missing=is_missing) for closure in _closures_in(report.plans)]
    back = form.get("back", "")
    address = f"{ADDRESS}?{back}" if back else ADDRESS
    fields = el(
        "form",
        hidden("plan", form.get("plan", "")),
        hidden("back", back),
        *checks,
        buttons(press("Post now", main=True, name="do", value="post"), el("a", "Back to the plan", href=address)),
        method="post",
        action=POST_ADDRESS,
    )
    body = (
        el(
            "p",
            said(f"As `{asked.caller.actor}`, under the id `{one.request.id}`. What is posted stays on record."),
        ),
        section(2, "What will be made", [_made(made, written), listed(_beside(steps))]),
        section(2, "What changes of others", [_moved(steps, made, written)]),
        section(2, "What to know", map(finding, warnings)) if warnings else "",
        section(2, "Post it", [fields]),
    )
    title = f"Post “{one.request.operation.replace('_', ' ')}”?"
    return money_page(asked, title, *body, styles=["charts.css"], status=422 if is_missing else 200)


def _made(made: Sequence[DocumentReport], written: Written) -> Html:
    if not made:
        return el("p", "No document.")
    rows = (
        (named(one.number), kind_words(one.record), named(one.record.account), written.amount(one.amount, one.currency))
        for one in made
    )
    return table(("number to come", "what", "account", "amount"), rows, numbers=("amount",))


def _beside(steps: Sequence[PlanReport]) -> Iterator[str]:
    """What is done beside what was asked for: the plan has all of it."""
    if len(steps) > 1:
        follow = "step follows" if len(steps) == 2 else "steps follow"
        yield f"{len(steps) - 1:,} {follow} by the policy, in the same transaction."


def _moved(steps: Sequence[PlanReport], made: Sequence[DocumentReport], written: Written) -> Html:
    """What is open of documents that are there already, before and after; of many, which these are."""
    new = {one.number for one in made}
    balances = [one for step in steps for one in step.balances if one.before is not None and one.number not in new]
    moved = [one for one in balances if one.before != one.after]
    if not moved:
        return el("p", "No balance.")
    if len(moved) > _FEW:
        return el("p", f"What is open of {few_of([one.number for one in moved])}.")
    rows = ((named(one.number), _before(one, written), written.amount(one.after, one.currency)) for one in moved)
    return table(("of", "open before", "open then"), rows, numbers=("open before", "open then"))


def _before(one: Balance, written: Written) -> Html:
    return Html("") if one.before is None else written.amount(one.before, one.currency)


def _check(closure: ClosureReport, written: Written, *, is_missing: bool) -> Html:
    """A box that confirms a closure which takes more lines than were selected."""
    added = [one for one in closure.lines if one.rule is not None and one.left_out is None]
    sums: dict[str, str] = {}
    for currency in sorted({one.currency for one in added}):
        sums[currency] = written.amount(sum(one.amount for one in added if one.currency == currency), currency)  # type: ignore[arg-type]
    id = f"confirm.{closure.digest}"
    box = el(
        "input",
        type="checkbox",
        id=id,
        name=id,
        value="yes",
        required=True,
        aria_invalid="true" if is_missing else None,
        aria_describedby=f"{id}-error" if is_missing else None,
    )
    label = el(
        "label",
        f"Credit also what belongs to what was selected, {counted(len(added), 'line')}: ",
        joined(sums.values(), ", "),
        " (closure ",
        el("code", closure.digest[:12]),
        ")",
        for_=id,
    )
    told = el("p", "Nobody has confirmed that yet: look at the lines in the plan, then tick this.", class_="error")
    error = [el("div", told, id=f"{id}-error", role="alert")] if is_missing else []
    return el("div", box, label, *error, class_="check")


def _closures_in(plans: Sequence[PlanReport]) -> list[ClosureReport]:
    """Those that take more lines than were selected."""
    every = (step.closure for each in plans for step in in_steps(each) if step.closure is not None)
    return [one for one in every if any(line.rule is not None and line.left_out is None for line in one.lines)]


def _post(asked: Asked, plan: PlanFile, confirmed: Sequence[str]) -> Answer:
    """Post it as it was shown, or say what has changed since."""
    ledger, who = ledger_of(asked), actor_of(asked)
    try:
        outcomes = list(
            billpolicy.post_planned(asked.versions, ledger, plan, who=who, request=asked.id, confirm=confirmed)
        )
    except Refused as refused:
        return _stale(asked, plan, planned(asked, plan.operations[0], plan.today), refused.diagnostics)
    for each in outcomes:
        asked.tell(each, posting=True)
    problems = [problem for each in outcomes for problem in each.problems]
    if problems:
        return _stale(asked, plan, planned(asked, plan.operations[0], plan.today), problems)
    was_before = all(each.posted is not None and each.posted.repeated for each in outcomes)
    return _done(asked, plan.operations[0], outcomes, was_before=was_before)


def _stale(asked: Asked, plan: PlanFile, outcomes: Sequence[Outcome], problems: Sequence[Diagnostic]) -> Answer:
    """Nothing was posted: why, and what would be done by now."""
    one = plan.operations[0]
    written = written_for(asked)
    told = joined(
        plan_changes(plan.planned[each.plan.id].told, told_plan(asked.versions, each.plan), written)
        for each in outcomes
        if each.plan is not None and each.plan.id in plan.planned
    )
    reasons = list(map(without_place, problems))
    if told:
        changed = el("p", "It would be done otherwise by now than was shown. Look at it again.", class_="card odd")
        in_full = el("details", el("summary", "Every difference"), *reasons)
        reasons = [changed, el("section", told, aria_label="What has changed"), in_full]
    why = el("div", *reasons, role="alert")
    is_refused = any(each.problems and not each.lacks_approvals for each in outcomes)
    anew = Html("") if is_refused else answered(asked, one, outcomes, plan.today)
    again = el("p", el("a", "Plan an operation", href=ADDRESS))
    return money_page(asked, "Nothing was posted", why, anew, again, styles=["charts.css"], status=409)


def _wait(asked: Asked, plan: PlanFile) -> Answer:
    one = replace(plan.operations[0], apart=True)
    outcomes = planned(asked, one, plan.today)
    problems = [problem for each in outcomes for problem in each.problems]
    problems = problems or changed_since(asked.versions, plan, outcomes)
    if problems:
        return _stale(asked, plan, planned(asked, plan.operations[0], plan.today), problems)
    found = billpolicy.wait(
        asked.versions, ledger_of(asked), plan.operations[0], who=actor_of(asked), request=asked.id, today=plan.today
    )
    asked.tell_decided(found.waiting.id, found.waiting.operation, "waiting")
    people = billpolicy.people_asked(asked.versions, found.waiting)
    by = (" by ", joined(map(named, people), ", ")) if people else ()
    link = el("a", "what waits", href=with_query(WAITING, id=found.waiting.id))
    told = el("p", said(f"`{found.waiting.id}` waits for approval"), *by, ": see ", link, ".", class_="card good")
    return money_page(asked, "It waits for approvals", told, _another(), status=202)


def _done(asked: Asked, one: Instruction, outcomes: Sequence[Outcome], *, was_before: bool) -> Answer:
    """What is posted, each document a link."""
    numbers = [number for each in outcomes for number in each.numbers]
    audit = next((each.posted.audit for each in outcomes if each.posted is not None), None)
    by = () if audit is None else (" by ", named(audit.who), ", ", written_for(asked).moment(audit.at))
    id, end = one.request.id, ". Nothing is posted twice." if was_before else "."
    told = el("p", said(f"`{id}` is posted"), *by, end, class_="card good")
    links = el("ul", *(el("li", document_link(one)) for one in numbers))
    made = section(2, "What it made", [links]) if numbers else Html("")
    return money_page(asked, "It is posted", told, made, _another(), status=200 if was_before else 201)


def _another() -> Html:
    return el("p", el("a", "Plan another operation", href=ADDRESS))


POSTS = Endpoint("POST", POST_ADDRESS, "Post what was shown, or let it wait.", "post", _act)
