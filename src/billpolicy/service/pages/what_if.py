"""What if the policy said something else: a file of it is edited in the page, mistakes stand beside their lines, and it
is told which operations come out otherwise. Nothing is saved; the change can be taken away as a patch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.diagnostics.sentences import counted
from billpolicy.report.diff import impact_told
from billpolicy.report.diff_words import differing
from billpolicy.report.html.diff import impact_parts
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE
from billpolicy.service.answers.impact import has_operations, impact_of, prepare
from billpolicy.service.answers.patch import patch_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.change import (
    Change,
    change_in,
    changed_versions,
    controls_of,
)
from billpolicy.service.pages.chosen_version import version_choice
from billpolicy.service.pages.editor import SCRIPTS, STYLES, editor, findings_in
from billpolicy.service.pages.forms import buttons, choice_field, filled_in, hidden, press
from billpolicy.service.pages.frame import framed, part
from billpolicy.service.pages.policy_text import editable

if TYPE_CHECKING:
    from billpolicy import Versions

_PATH = "/pages/what-if"
_LEAD = "Change the policy here and see what would come out differently. Nothing is saved; take it away as a patch."


def _show(asked: Asked) -> Answer:
    prepare(asked)
    change = change_in(asked, filled_in(asked))
    body = [
        el("p", _LEAD),
        version_choice(asked, change.policy),
        _outdated(change),
        _files(change),
        el("div", _editor(change), _findings_part(_told(asked, change)), class_="beside"),
    ]
    return framed(asked, "What if", joined(body, LINE), styles=STYLES, scripts=SCRIPTS, wide=True)


def _findings_part(told: Html) -> Html:
    return el("div", told, id="findings", role="region", aria_label="What is told of the change", tabindex="0")


def _check(asked: Asked) -> Answer:
    return part(_told(asked, change_in(asked, filled_in(asked))))


def _patch(asked: Asked) -> Answer:
    change = change_in(asked, filled_in(asked))
    headers = {
        "content-type": "text/x-diff; charset=utf-8",
        "content-disposition": 'attachment; filename="policy.patch"',
    }
    return Answer(patch_of(editable(change.policy), change.texts), headers=headers)


def _outdated(change: Change) -> Html:
    if not change.outdated:
        return Html("")
    return el(
        "p", "The policy has changed since you began: your text is now compared with what is in force.", class_="note"
    )


def _files(change: Change) -> Html:
    """Chooses the file that is looked at; what was written in the others is kept."""
    own = editable(change.policy)
    if len(own) == 1:
        return Html("")
    names = {name: f"{name} (changed)" if name in change.texts else name for name in own}
    choice = choice_field("open", "File", names, change.file, form="change")
    return el("div", choice, press("Open", form="change", name="go", value="open"), class_="fields")


def _editor(change: Change) -> Html:
    edited = editor(
        "text",
        change.file,
        change.text,
        "Mistakes are told as you type.",
        hx_post=f"{_PATH}/check",
        hx_trigger="input changed delay:300ms",
        hx_target="#findings",
        hx_sync="this:replace",
        hx_include="#change",
        hx_indicator="#change",
    )
    actions = buttons(
        press("Check", main=True),
        press("Download as a patch", formaction=f"{_PATH}/patch"),
        press("Review the change", formaction="/pages/review", name="new", value="what-if"),
        el("a", "Start again", href=f"{_PATH}?on={change.policy.effective.from_}", class_="button"),
    )
    return el(
        "form",
        controls_of(change),
        hidden("file", change.file),
        edited,
        actions,
        id="change",
        action=_PATH,
        method="post",
    )


# -- what is told of it --------------------------------------------------------------------------------------------


def _told(asked: Asked, change: Change) -> Html:
    if not change.texts:
        return el("p", "Nothing is changed yet.", class_="note", data_say="Nothing is changed.")
    try:
        new = changed_versions(asked, change)
    except Refused as refused:
        return _findings(change, refused.diagnostics, f"{counted(len(refused.diagnostics), 'mistake')} to mend")
    found = (one for policy in new.policies for one in policy.warnings)
    warnings = [one for one in found if one.position is not None and one.position.file in change.texts]
    parts = [_findings(change, warnings, f"{counted(len(warnings), 'thing')} to know")] if warnings else []
    return joined((*parts, *_impact(asked, new)), LINE)


def _findings(change: Change, found: Sequence[Diagnostic], title: str) -> Html:
    heading = el("h2", title, data_say=title, id="found")
    return el("section", heading, findings_in(change.file, "text", found), aria_labelledby="found")


def _impact(asked: Asked, new: Versions) -> Iterator[Html]:
    if not has_operations(asked):
        yield el("h2", "No mistakes", data_say="No mistakes")
        hint = "There are no operations to try it on: begin the service with `--operations FILE`, or on a ledger."
        yield el("p", said(hint), class_="note")
        return
    told = impact_told(impact_of(asked, asked.versions, new), (asked.versions, new))
    title = "What comes out differently" if told.differing else "Nothing comes out differently"
    count = f"No mistakes; {differing(told, 'operations ')}"
    heading = el("h2", title, id="impact", data_say=count)
    yield el("section", heading, joined(impact_parts(told), LINE), aria_labelledby="impact")


PAGE = Endpoint("GET", _PATH, "A file of the policy, to be changed as a trial.", "plan", _show)
CHANGED = Endpoint("POST", _PATH, "The same with what was changed so far.", "plan", _show)
CHECK = Endpoint(
    "POST",
    f"{_PATH}/check",
    "Mistakes in a change, and what it changes of operations.",
    "plan",
    _check,
)
PATCH = Endpoint("POST", f"{_PATH}/patch", "The change as a patch.", "plan", _patch)
