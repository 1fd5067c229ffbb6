"""Follow-ups as they are written: after an event, when this holds, run this operation too.

They add up over the layers. A later layer that says an id of its base anew replaces that follow-up; `then: nothing`
switches it off.
"""

from __future__ import annotations

from collections.abc import Mapping

from billpolicy.diagnostics.diagnostic import Position, did_you_mean
from billpolicy.policy.decisions import Decisions
from billpolicy.policy.declarations import Taken
from billpolicy.policy.file import FollowUpText
from billpolicy.policy.layers import Layer
from billpolicy.policy.model import ExceptionRule, FollowUp
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.spec import OperationSpec, events_of

NOTHING = "nothing"


class FollowUps(Decisions):
    """The follow-ups of one layer after the other; what cannot be is a problem at its place."""

    def _follow_ups(self, layer: Layer) -> None:
        below = dict(self.follow_ups)
        taken = {exception.id: exception.position for exception in self.exceptions.values()}
        for file, tree in layer.files:
            for index, text in enumerate(file.follow_ups):
                self._follow_up(text, tree, index, below, taken)

    def _follow_up(
        self, text: FollowUpText, tree: Tree, index: int, below: Mapping[str, FollowUp], taken: Taken
    ) -> None:
        path = ("follow_ups", index)
        at = tree.at(*path, "id")
        if not self._rule_id("follow-up", text.id, at, taken):
            return
        if text.then == NOTHING:
            self._switched_off(text, at, below)
            return
        then = self._operation(text.then, tree.at(*path, "then"))
        if text.after is None:
            hint = "say the event that it comes after, like `after: invoice_posted`"
            self.problem("key-missing", f"`{text.id}` does not say `after` what it comes", at, hint)
            return
        if not self._event(text.after, tree.at(*path, "after")) or then is None:
            return
        if not self._can_follow(then, text.after, tree.at(*path, "then")):
            return
        has = {f"`{then.name}` after `{text.after}`": then.fields_after(text.after)}
        rule = ExceptionRule(
            id=text.id,
            operations=(then.name,),
            clauses=self._clauses(text.when, has, tree, *path),
            then={},
            position=at,
            then_at={},
            effective=self._effective(text.effective, tree, *path, "effective"),
            because=text.because,
        )
        self.follow_ups[text.id] = FollowUp(rule, text.after, text.if_refused)

    def _switched_off(self, text: FollowUpText, at: Position, below: Mapping[str, FollowUp]) -> None:
        if text != FollowUpText(id=text.id, then=text.then, because=text.because):
            message = f"`then: {NOTHING}` switches `{text.id}` off, always and everywhere"
            hint = "leave only its `id` and `because`; to let it run less often, say it anew with another `when`"
            self.problem("follow-up-nothing", message, at, hint)
        if text.id not in below:
            message = f"no base policy has a follow-up `{text.id}` to switch off"
            self.problem("follow-up-unknown", message, at, did_you_mean(text.id, below) or "remove it")
        self.follow_ups.pop(text.id, None)

    def _event(self, name: str, at: Position) -> bool:
        known = events_of(self.vocabulary)
        if name not in known:
            self.problem("event-unknown", f"there is no event `{name}`", at, did_you_mean(name, known))
        return name in known

    def _can_follow(self, spec: OperationSpec, event: str, at: Position) -> bool:
        events = [one.name for one in spec.follows]
        if event not in events:
            message = f"`{spec.name}` cannot follow `{event}`"
            can = [one.name for one in self.vocabulary.values() if event in (each.name for each in one.follows)]
            own = f"`{spec.name}` can follow {_listed(events)}" if events else f"`{spec.name}` follows no event"
            self.problem("follow-up-not-here", message, at, f"{own}; after `{event}` can come {_listed(can)}")
        return event in events


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
