"""What one operation would do, before it is posted.

From here it is posted in two steps more, each a page (`post_plan.py`): what will be made is said, and confirmed; then
it is posted. The forms carry the plan that was shown, so that nothing else is posted, and the operation's id, so that
it is posted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.exchange.typed_operation import is_operation
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE, section
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.asking import FIELDS, TYPED, YAML, Wanted, new_id, read
from billpolicy.service.pages.carried import carried
from billpolicy.service.pages.forms import area_field, buttons, filled_in, hidden, press, text_field
from billpolicy.service.pages.frame import wrong
from billpolicy.service.pages.links import document_link, with_query
from billpolicy.service.pages.locale import money_page
from billpolicy.service.pages.operation_form import operation_choice, operation_fields, typed_control, without_places
from billpolicy.service.pages.planned import planned, reported, shown
from billpolicy.service.problems import Problem
from billpolicy.source.today import today

if TYPE_CHECKING:
    import datetime

    from billpolicy import Instruction, Outcome

ADDRESS = "/pages/plan"
POST_ADDRESS = f"{ADDRESS}/post"
_TITLE = "Plan an operation"
_WAYS = {TYPED: "Type one", FIELDS: "Fill in a form", YAML: "Write YAML"}
_EXAMPLE = "operation: write_off_invoice\ndate: {today}\ninvoice: INV00000001\n"
_LONGEST_BACK = 4000
"""Letters of the address of a plan that is led back to."""
_ID_HELP = "Under the same id nothing is posted twice. It stays as it is until the form is opened anew."


# -- the form, and the plan of what is filled in -------------------------------------------------------------------


def _show(asked: Asked) -> Answer:
    filled, day = filled_in(asked), asked.today or today()
    way = filled.get("by", TYPED)
    wanted = Wanted(way if way in _WAYS else TYPED, filled, filled.get("id", "").strip() or new_id(day))
    if not wanted.is_asked:
        return _page(asked, wanted)
    try:
        one = read(asked, wanted, day)
    except (Refused, Problem) as refused:
        problems = list(refused.diagnostics) or [Diagnostic("value-wrong", str(refused))]
        return _page(asked, wanted, problems, status=refused.status if isinstance(refused, Problem) else 422)
    outcomes = planned(asked, one, day)
    for each in outcomes:
        asked.tell(each)
    problems = [problem for each in outcomes for problem in each.problems]
    if problems and len(outcomes) == 1 and not outcomes[0].lacks_approvals:
        return _page(asked, wanted, problems, status=422)
    return _page(asked, wanted, told=answered(asked, one, outcomes, day))


def _page(
    asked: Asked, wanted: Wanted, problems: Sequence[Diagnostic] = (), told: Html | None = None, status: int = 200
) -> Answer:
    """What is filled in, with what is wrong of it where it stands, and below it what it would do."""
    links = (
        el("li", el("a", title, href=with_query(ADDRESS, by=way), aria_current="page" if way == wanted.way else None))
        for way, title in _WAYS.items()
    )
    nav = el("nav", el("ul", *links), class_="ways", aria_label="Ways to say what is to be done")
    form = _FORMS[wanted.way](asked, wanted, list(problems))
    return money_page(asked, _TITLE, nav, form, told or "", styles=["charts.css"], status=status)


def _form(wanted: Wanted, *content: str, problems: Sequence[Diagnostic] = (), method: str = "get") -> Html:
    """The form with the controls that say what is to be done. `problems`: of the id."""
    wrong_id = without_places(problems)
    id = text_field("id", "Operation id", wanted.id, help=_ID_HELP, problems=wrong_id, code=True, required=True)
    anew = with_query(ADDRESS, by=wanted.way)
    pressed = buttons(press("Show what it would do", main=True), el("a", "Begin anew", href=anew))
    return el("form", hidden("by", wanted.way), *content, id, pressed, method=method, action=f"{ADDRESS}#told")


def _typed(asked: Asked, wanted: Wanted, problems: list[Diagnostic]) -> Html:
    of_id, others = _apart(problems, wanted)
    return _form(wanted, typed_control(wanted.filled.get(TYPED, ""), without_places(others)), problems=of_id)


def _apart(problems: Sequence[Diagnostic], wanted: Wanted) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """What is wrong with the id that stands in its own control, and what is with anything else."""
    word = f"id={wanted.id}"
    of_id = [one for one in problems if one.position is not None and one.position.file == word]
    return of_id, [one for one in problems if one not in of_id]


def _fields(asked: Asked, wanted: Wanted, problems: list[Diagnostic]) -> Html:
    name = wanted.filled.get("operation", "")
    choose = el("form", operation_choice(name), method="get", action=ADDRESS)
    if not is_operation(name):
        return choose
    of_id, others = _apart(problems, wanted)
    controls = operation_fields(name, asked.versions, wanted.filled, others)
    form = _form(wanted, hidden("operation", name), hidden("plan", "yes"), controls, problems=of_id)
    return joined((choose, el("h2", name.replace("_", " ")), form), LINE)


def _yaml(asked: Asked, wanted: Wanted, problems: list[Diagnostic]) -> Html:
    area = area_field(
        YAML,
        "Operation",
        wanted.filled.get(YAML, "") or _EXAMPLE.format(today=asked.today or today()),
        rows=12,
        help="One operation, as an operations file has it.",
        problems=[_with_line(one) for one in problems],
    )
    return _form(wanted, area, method="post")


_FORMS = {TYPED: _typed, FIELDS: _fields, YAML: _yaml}


def _with_line(one: Diagnostic) -> Diagnostic:
    line = one.position.line if one.position else None
    return one._replace(message=f"line {line}: {one.message}" if line else one.message)


# -- what it would do, and what posts it ---------------------------------------------------------------------------


def answered(asked: Asked, one: Instruction, outcomes: Sequence[Outcome], day: datetime.date, note: str = "") -> Html:
    waits = len(outcomes) == 1 and outcomes[0].lacks_approvals
    lacking = outcomes[0].problems if waits else ()
    if waits:
        one = replace(one, apart=True)  # what it would do with the approvals that it lacks
        outcomes = planned(asked, one, day)
    report = reported(asked, one, outcomes)
    before = report.posted_before
    title = "It was posted before" if before else "What it would do"
    told = [el("h2", title, id="told", tabindex="-1"), note]
    told += [el("div", said(problem.message), class_="card odd") for problem in lacking]
    if before:
        told.append(_made_before(outcomes))
    else:
        told.append(shown(asked, report, 3, "plan"))
    if not report.refused and not report.batch_limits and not before:
        told.append(_to_post(asked, one, outcomes, day, waits=waits))
    return joined(filter(None, told), LINE)


def without_place(one: Diagnostic) -> Html:
    """Something that is wrong or odd, without its place."""
    return wrong([one._replace(position=None)])


def _made_before(outcomes: Sequence[Outcome]) -> Html:
    numbers = [number for each in outcomes for number in each.numbers]
    told = f"It is posted already, under the id `{outcomes[0].job.asked.id}`, and is not posted again."
    links = joined(map(document_link, numbers), ", ")
    return el("p", said(told), *((" It made ", links, ".") if numbers else ()), class_="note")


def _to_post(asked: Asked, one: Instruction, outcomes: Sequence[Outcome], day: datetime.date, *, waits: bool) -> Html:
    """What leads on to posting it, or to letting it wait; else why it cannot be posted here."""
    if why_not := _why_not(asked):
        return el("p", said(why_not), class_="note")
    packed = carried(asked.versions, day, one, outcomes)
    if packed is None:
        large = "This is too much for a page: `billpolicy plan --out` writes it to a file, to be posted from there."
        return el("p", said(large), class_="note")
    back = str(asked.query) if asked.body is None and len(str(asked.query)) <= _LONGEST_BACK else ""
    carries = (hidden("plan", packed), hidden("back", back))
    if waits:
        told = "It lacks approvals, and nothing else. It can wait for them in the ledger."
        pressed = press("Let it wait for approvals", main=True, name="do", value="wait")
    else:
        told = "Nothing is posted yet."
        pressed = press("Post …", main=True, name="do", value="confirm")
    form = el("form", *carries, buttons(pressed), method="post", action=POST_ADDRESS)
    return section(3, "Let it wait" if waits else "Post it", [el("p", told), form], "post")


def _why_not(asked: Asked) -> str | None:
    """Why whoever looks cannot post, in a sentence; None where they can."""
    name = asked.caller.name
    if asked.serving.ledger is None:
        return "Nothing can be posted to a book: begin the service with `--ledger`."
    if not asked.caller.may("post"):
        return f"You are `{name}`, and may plan but not post: that takes the scope `post`."
    if asked.caller.actor is None:
        return f"`{name}` is nobody to the policy: whoever posts needs an actor."
    return None


PAGE = Endpoint("GET", ADDRESS, "What an operation would do.", "plan", _show)
WRITTEN = Endpoint("POST", ADDRESS, "The same of what is written as YAML in its form.", "plan", _show)
