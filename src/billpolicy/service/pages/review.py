"""Two policies side by side in words: what a change changes, with witnesses, and what it does to real operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.report.diff import WitnessTold, diff_report, witness_told
from billpolicy.report.diff_words import headline
from billpolicy.report.html.diff import diff_body
from billpolicy.report.html.markup import Html, el, joined
from billpolicy.report.html.pieces import LINE
from billpolicy.report.results import days_text, period_of
from billpolicy.service.answers.impact import has_operations, impact_of
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.pages.change import Change, change_in, controls_of
from billpolicy.service.pages.forms import buttons, choice_field, filled_in, press, text_field
from billpolicy.service.pages.frame import framed, wrong
from billpolicy.service.pages.policy_text import place_of
from billpolicy.service.running.changing import in_revision
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import PolicyDifference
    from billpolicy.comparing.allow import Beyond
    from billpolicy.comparing.decisions import Changed

_PATH = "/pages/review"
_GIT, _CHANGE, _LAYER = "git", "what-if", "layer"
_MOST_WITNESSES = 12
"""Differences of which a witness is looked for."""
_SIDES = {"old": "Before", "new": "After"}
_LONGEST = 200
"""The longest name of a revision."""


class _Chosen(NamedTuple):
    """One of the two, as it was chosen."""

    of: str
    revision: str
    """The name of the revision, where that is what was chosen."""


class _Choices:
    """What there is to choose from."""

    def __init__(self, asked: Asked, change: Change | None) -> None:
        self._policies = {policy.effective.from_.isoformat(): policy for policy in asked.versions.policies}
        self._newest = asked.versions.policies[-1]
        self._source = asked.serving.source
        self._change = change
        below = (layer.path for layer in self._newest.layers[:-1])
        self._layers = {f"{_LAYER}-{depth}": path for depth, path in enumerate(below, start=1)}

    @property
    def labels(self) -> dict[str, str]:
        """Each as it is shown."""
        versions = {
            day: f"{one.name}, in force {days_text(period_of(one.effective))}" for day, one in self._policies.items()
        }
        layers = {name: f"{path}, which {self._newest.name} extends" for name, path in self._layers.items()}
        tried = {_CHANGE: "the change that you tried"} if self._change is not None else {}
        return {**tried, **versions, **dict(reversed(layers.items())), _GIT: "a revision of git"}

    def first(self) -> tuple[str, str]:
        """What is compared if nothing is said: a change with what is in force, else the newest version with that before
        it, or with what it extends."""
        newest = list(self._policies)[-1]
        if self._change is not None:
            return self._change.policy.effective.from_.isoformat(), _CHANGE
        if len(self._policies) > 1:
            return list(self._policies)[-2], newest
        return next(reversed(self._layers), _GIT), newest

    def place(self, chosen: _Chosen) -> Place:
        """Where it is read from. Raises `Refused` for what there is not."""
        if chosen.of in self._policies:
            return place_of(self._policies[chosen.of])
        if chosen.of in self._layers:
            return place_of(self._newest, depth=int(chosen.of.rpartition("-")[2]))
        if chosen.of == _CHANGE and self._change is not None:
            return place_of(self._change.policy, self._change.texts)
        if chosen.of != _GIT:
            message, hint = "there is no such policy", "choose one of those that are listed"
            raise Refused([Diagnostic("policy-missing", message, hint=hint)])
        if not chosen.revision or len(chosen.revision) > _LONGEST:
            message, hint = "no revision is named", "write one that git knows, such as `HEAD~1`"
            raise Refused([Diagnostic("revision-unknown", message, hint=hint)])
        return in_revision(chosen.revision, place_of(self._newest).path, self._source)


def _show(asked: Asked) -> Answer:
    filled = filled_in(asked)
    change = change_in(asked, filled) if any(name.startswith(("kept.", "text")) for name in filled) else None
    choices = _Choices(asked, change)
    first = dict(zip(_SIDES, choices.first(), strict=True))
    chosen = {
        side: _Chosen(filled.get(side, first[side]), filled.get(f"{side}_revision", "").strip()) for side in _SIDES
    }
    problems: dict[str, list[Diagnostic]] = {}
    places: list[Place] = []
    if "new" in filled:
        for side, one in chosen.items():
            try:
                places.append(choices.place(one))
            except Refused as refused:
                problems[side] = list(refused.diagnostics)
    names = [choices.labels.get(one.of, "") if one.of != _GIT else one.revision for one in chosen.values()]
    told = _told(asked, places, (names[0], names[1])) if len(places) == len(_SIDES) else Html("")
    lead = el("p", "Choose what was before and what comes after it: the difference is told in words, and proven.")
    body = joined((lead, _form(chosen, choices, change, problems), told), LINE)
    return framed(asked, "Review a change", body, styles=["explain.css"])


def _form(
    chosen: Mapping[str, _Chosen],
    choices: _Choices,
    change: Change | None,
    problems: Mapping[str, list[Diagnostic]],
) -> Html:
    sides = []
    for side, one in chosen.items():
        found = problems.get(side, ())
        name = text_field(
            f"{side}_revision",
            "Revision",
            one.revision,
            help="as git knows it, such as HEAD~1, main, or a tag",
            problems=found if one.of == _GIT else (),
            code=True,
            maxlength=_LONGEST,
        )
        choice = choice_field(side, "Policy", choices.labels, one.of, problems=() if one.of == _GIT else found)
        sides.append(el("fieldset", el("legend", _SIDES[side]), choice, el("div", name, class_="revision")))
    kept = controls_of(change, looked_at=True) if change is not None else Html("")
    shown = (kept, el("div", *sides, class_="sides"), buttons(press("Compare", main=True)))
    return el("form", *shown, action=_PATH, method="get" if change is None else "post")


def _told(asked: Asked, places: Sequence[Place], names: tuple[str, str]) -> Html:
    try:
        before, after = billpolicy.load_sides(*places)
    except Refused as refused:
        head = el("h2", "These cannot be compared", tabindex="-1", data_focus=True)
        return joined((head, wrong(refused.diagnostics)), LINE)
    difference = billpolicy.diff(before.policy, after.policy)
    versions = before.versions("python"), after.versions("python")
    impact = impact_of(asked, *versions) if has_operations(asked) else None
    if impact is not None and not impact.operations:  # nothing was posted yet
        impact = None
    report = diff_report(
        difference,
        names,
        impact,
        versions,
        None,
        [*before.problems, *after.problems],
        (),
        _Witnesses(difference),
    )
    said = headline(report)
    title = el("h2", said[:1].upper() + said[1:], id="told")
    return el("section", title, diff_body(report), aria_labelledby="told")


class _Witnesses:
    """Gives a witness of the first differences."""

    def __init__(self, difference: PolicyDifference) -> None:
        self._difference, self._left = difference, _MOST_WITNESSES

    def __call__(self, change: Changed, beyond: Beyond | None) -> WitnessTold | None:
        self._left -= 1
        found = billpolicy.witness_of_change(change, self._difference) if self._left >= 0 else None
        return None if found is None else witness_told(found)


PAGE = Endpoint("GET", _PATH, "Two policies side by side in words.", "plan", _show)
CHANGED = Endpoint("POST", _PATH, "The same of a change that is tried.", "plan", _show)
