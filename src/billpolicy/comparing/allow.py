"""What a change of a policy may change, written down by who makes it: whatever it changes beyond that is told.

Exact, by boxes: of each region in which a decision differs, what the allowances leave of it. Closed: a name that means
nothing is an error, and an allowance that nothing uses is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import NamedTuple

from billpolicy.analysis.compare import Comparer
from billpolicy.comparing.decisions import Changed
from billpolicy.comparing.declared import SECTIONS
from billpolicy.comparing.difference import A_DIFFERENCE, PolicyDifference
from billpolicy.comparing.findings import decision_finding, declared_finding
from billpolicy.comparing.regions import Region, simplified, without
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.policy.boxes import Boxes
from billpolicy.policy.forms import ConstraintText
from billpolicy.policy.model import ALWAYS, Policy, boxes_of
from billpolicy.policy.typed import clause
from billpolicy.source.read import read_record
from billpolicy.source.record import record
from billpolicy.source.scalars import Prose, Text
from billpolicy.source.tree import Tree, parse
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import FieldSpec, events_of, scopes_of

MAX_MEGABYTES = 4
_ALLOW = "if it is meant, allow it; --propose writes what would allow all of the change"
_ALLOW_DECLARED = "if it is meant, allow it under `declares`; --propose writes what would allow all of the change"


@record
class AllowanceText:
    """What the change may do: decide these otherwise in these operations, or declare these otherwise."""

    operations: tuple[Text, ...] = ()
    decisions: tuple[Text, ...] = ()
    """Attributes and settings that may be decided otherwise in each of `operations`."""
    after: tuple[Text, ...] = ()
    """Events that each of `operations` may follow, or follow no longer."""
    when: dict[Text, ConstraintText] = field(default_factory=dict)
    """Only where this holds, as in an exception."""
    declares: dict[Text, tuple[Text, ...]] = field(default_factory=dict)
    """Section of a policy -> the names in it that may be declared otherwise."""
    because: Prose


@record
class AllowFile:
    """All that a change of a policy may change."""

    allow: tuple[AllowanceText, ...]


class Allowance(NamedTuple):
    """An entry of the file, looked up."""

    operations: tuple[str, ...]
    keys: tuple[str, ...]
    events: tuple[str, ...]
    boxes: Boxes
    declares: tuple[tuple[str, str], ...]
    position: Position


class Beyond(NamedTuple):
    """Something that is changed and not allowed."""

    finding: Diagnostic
    change: Changed | None = None
    """The decision, of what is not only declared."""
    operation: str = ""
    """The first of those of which it is."""
    region: Region = ()
    """What of its region is allowed by nothing."""


class Held(NamedTuple):
    """A change, held against what it may change."""

    beyond: tuple[Beyond, ...]
    unused: tuple[Diagnostic, ...]
    """A warning for each allowance that nothing needs."""

    @property
    def findings(self) -> list[Diagnostic]:
        """All of it."""
        return [*(one.finding for one in self.beyond), *self.unused]


def load_allowed(path: str | Path, old: Policy, new: Policy) -> list[Allowance]:
    """The allowances of a file. Raises `Refused` with every mistake: names that neither policy knows, too."""
    tree = parse(Path(path), max_megabytes=MAX_MEGABYTES, look=lambda begun: read_record(AllowFile, begun))
    said = read_record(AllowFile, tree)
    reading = _Reading(tree, old, new)
    found = [reading.allowance(one, index) for index, one in enumerate(said.allow)]
    if reading.problems:
        raise Refused(reading.problems)
    return found


class _Reading:
    """Looks the words of an allowance up, in both policies: what is gone may be named, too."""

    def __init__(self, tree: Tree, old: Policy, new: Policy) -> None:
        self._tree = tree
        self._policies = (old, new)
        self.problems: list[Diagnostic] = []

    def allowance(self, said: AllowanceText, index: int) -> Allowance:
        path = ("allow", index)
        at = self._tree.at(*path)
        if not said.declares and not (said.operations and (said.decisions or said.after)):
            message = "this allows nothing: it names no decision of an operation, and nothing that is declared"
            hint = "name `operations` and their `decisions` or what they come `after`, or what it `declares`"
            self.problems.append(Diagnostic("allowance-empty", message, at, hint))
        for place, name in enumerate(said.operations):
            self._known(name, VOCABULARY, "operation-unknown", "there is no operation", *path, "operations", place)
        keys = {key for policy in self._policies for name, key in policy.base if name in said.operations}
        for place, name in enumerate(said.decisions):
            what = "none of these operations decides"
            self._known(name, keys, "decision-unknown", what, *path, "decisions", place)
        events = events_of(VOCABULARY)
        for place, name in enumerate(said.after):
            self._known(name, events, "event-unknown", "there is no event", *path, "after", place)
        for section in said.declares:
            self._known(section, SECTIONS, "section-unknown", "a policy has no section", *path, "declares", section)
        boxes = self._boxes(said, path)
        declares = tuple((section, name) for section, names in said.declares.items() for name in names)
        return Allowance(said.operations, said.decisions, said.after, boxes, declares, at)

    def _known(self, name: str, known: Iterable[str], code: str, what: str, *path: str | int) -> None:
        known = list(known)
        if name not in known:
            hint = did_you_mean(name, known)
            at = self._tree.at(*path, key=isinstance(path[-1], str))
            self.problems.append(Diagnostic(code, f"{what} `{name}`", at, hint))  # type: ignore[arg-type]

    def _boxes(self, said: AllowanceText, path: tuple[str | int, ...]) -> Boxes:
        clauses = []
        for name, constraint in said.when.items():
            at = self._tree.at(*path, "when", name, key=True)
            spec = self._field(said, name)
            if spec is None:
                known = {one.name for one in self._fields(said)}
                message = f"these operations have no field `{name}`"
                self.problems.append(Diagnostic("field-unknown", message, at, did_you_mean(name, known)))
                continue
            try:
                clauses.append(clause(spec, constraint))
            except ValueError as error:
                self.problems.append(Diagnostic("condition-wrong", str(error), self._tree.at(*path, "when", name)))
        return boxes_of(clauses)

    def _field(self, said: AllowanceText, name: str) -> FieldSpec | None:
        return next((one for one in self._fields(said) if one.name == name), None)

    def _fields(self, said: AllowanceText) -> Iterator[FieldSpec]:
        """What conditions on the operations can ask about, of either policy."""
        of = [spec for operation in said.operations if (spec := VOCABULARY.get(operation)) is not None]
        for event in said.after:
            of_event = (field for spec in of for field in spec.fields_after(event))
            yield from (self._listed(field) for field in of_event)
        fields = [field for spec in of for field in spec.fields]
        yield from (self._listed(field) for field in fields)
        scopes = scopes_of(fields)
        for policy in self._policies:
            yield from (one for name, one in policy.fields.items() if name.partition(".")[0] in {*scopes, "changes"})

    def _listed(self, field: FieldSpec) -> FieldSpec:
        """A field with the choices that either policy lists for it."""
        if not field.codes:
            return field
        listed = {choice for policy in self._policies for choice in policy.choices(field)}
        return field._replace(choices=tuple(sorted(listed)))


def hold(difference: PolicyDifference, allowed: Sequence[Allowance]) -> Held:
    """Everything that is changed and not allowed, and what is allowed and used by nothing."""
    expect(difference, PolicyDifference, A_DIFFERENCE)
    allowed = expect_each(allowed, Allowance, "`allowed` must be what `load_allowed` gives")
    used: set[int] = set()
    found: list[Beyond] = []
    for one in difference.declared:
        if one.effect not in ("outcomes", "names"):
            continue
        by = {place for place, each in enumerate(allowed) if (one.section, one.name) in each.declares}
        used |= by
        if not by:
            found.append(Beyond(declared_finding("change-not-allowed", one, _ALLOW_DECLARED)))
    for change in difference.decisions.changed:
        left: list[tuple[Region, list[str]]] = []
        for operation in change.operations:
            rest = _left(change, operation, allowed, used)
            alike = next((names for region, names in left if region == rest), None)
            if alike is not None:
                alike.append(operation)
            elif rest:
                left.append((rest, [operation]))
        for region, names in left:
            finding = decision_finding("change-not-allowed", change, names, region, difference, _ALLOW)
            found.append(Beyond(finding, change, names[0], region))
        allowed_so_far = [name for name in change.operations if all(name not in names for _, names in left)]
        found += _further(change, allowed_so_far if change.more else (), allowed, difference)
    for operation, key in difference.decisions.unproven:
        by = {place for place, one in enumerate(allowed) if one.boxes == ({},) and _is_of(one, operation, key)}
        used |= by
        if not by:
            found.append(_not_proven(operation, key, difference))
    unused = [
        Diagnostic(
            "allowance-unused",
            "nothing that the change does needs this",
            one.position,
            "remove it, or check whether the change does what it should",
            "warning",
        )
        for place, one in enumerate(allowed)
        if place not in used
    ]
    return Held(tuple(found), tuple(unused))


def _further(
    change: Changed, operations: Iterable[str], allowed: Sequence[Allowance], difference: PolicyDifference
) -> Iterator[Beyond]:
    """What is beyond in the regions of a change that are too many to list: asked again without what is allowed."""
    old, new = difference.old, difference.new
    if difference.decisions.as_if:
        old, new = replace(old, effective=ALWAYS), replace(new, effective=ALWAYS)
    comparer = Comparer(old, new)
    for operation in operations:
        boxes = [box for one in allowed if _is_of(one, operation, change.key) for box in one.boxes]
        if change.event:
            rest = comparer.compare_follow_ups(change.key, operation, boxes)
        else:
            rest = comparer.compare(operation, change.key, boxes)
        if not rest.proven:
            yield _not_proven(operation, change.key, difference)
        elif rest.differences:
            parts = (change.domain.canonical(one.box) or one.box for one in rest.differences)
            region = simplified(parts, change.domain)
            finding = decision_finding("change-not-allowed", change, [operation], region, difference, _ALLOW)
            yield Beyond(finding, change, operation, region)


def _is_of(one: Allowance, operation: str, key: str) -> bool:
    """Whether an entry is about a decision of an operation, or about what it follows."""
    return operation in one.operations and key in (*one.keys, *one.events)


def _not_proven(operation: str, key: str, difference: PolicyDifference) -> Beyond:
    message = f"it is not proven that `{operation}` decides `{key}` as before: too many conditions overlap"
    hint = "allow this decision without a `when`, or say the same with fewer conditions"
    return Beyond(Diagnostic("change-not-allowed", message, difference.new.position, hint))


def _left(change: Changed, operation: str, allowed: Sequence[Allowance], used: set[int]) -> Region:
    """What of the region of a change is allowed by none; those that allow some of it are noted as used."""
    rest, domain = change.region, change.domain
    for place, one in enumerate(allowed):
        if operation not in one.operations or change.key not in (one.events if change.event else one.keys):
            continue
        left = rest
        for box in domain.all_canonical(one.boxes):
            left = simplified(without(left, box), domain)
        if left != rest:
            used.add(place)
        rest = left
    return tuple(box for box in rest if domain.possible(box) is not None)
