"""A file for `diff --allow` that allows all that a change does: to be read, narrowed and given its reasons by hand."""

from __future__ import annotations

import datetime
import itertools
import json
import re
from collections.abc import Iterable, Iterator

from billpolicy.analysis.domain import Domain
from billpolicy.comparing.decisions import Changed
from billpolicy.comparing.difference import A_DIFFERENCE, PolicyDifference
from billpolicy.comparing.regions import simplified
from billpolicy.diagnostics.arguments import expect
from billpolicy.money import from_minor
from billpolicy.policy.condition import Box, Fact, Numbers, Range, Values, Words
from billpolicy.policy.example import in_words

MOST_ENTRIES = 16
"""Of a change that would need more of them, the region is not said: all of the decision is allowed."""
WHY = "say why this may change"
_SIGNS = {(None, -1): "below_zero", (0, 0): "zero", (1, None): "above_zero"}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*( [A-Za-z0-9_.]+)*")


def proposed(difference: PolicyDifference) -> str:
    """The text of the file."""
    expect(difference, PolicyDifference, A_DIFFERENCE)
    entries = list(_declares(difference))
    for change in difference.decisions.changed:
        entries += _decided(change, difference)
    return "allow:\n" + "\n".join(entries) + "\n" if entries else "allow: []\n"


def _declares(difference: PolicyDifference) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for one in difference.declared:
        if one.effect in ("outcomes", "names"):
            names.setdefault(one.section, []).append(one.name)
    if names:
        yield "\n".join(
            [
                "  - declares:",
                *(f"      {section}: {_list(these)}" for section, these in names.items()),
                f"    because: {WHY}",
            ]
        )


def _decided(change: Changed, difference: PolicyDifference) -> Iterator[str]:
    domain = change.domain
    said = simplified((_that_can_be_said(box, domain) for box in change.region), domain)
    whens = [when for box in said for when in _whens(box, domain)]
    if change.more or len(whens) > MOST_ENTRIES or any(not when for when in whens):
        whens = [{}]
    for when in whens:
        yield "\n".join(
            [
                f"  - operations: {_list(change.operations)}",
                f"    {'after' if change.event else 'decisions'}: {_list([change.key])}",
                *(["    when:"] if when else []),
                *(f"      {field}: {said}" for field, said in sorted(when.items())),
                f"    because: {_text(_reason(change, difference))}",
            ]
        )


def _reason(change: Changed, difference: PolicyDifference) -> str:
    """What the rules say that decide now and are new themselves; why a rule stands there that stood there before is no
    reason for the change that lets it decide."""
    new = difference.new
    said = {one.id for one in difference.rules if one.how in ("added", "changed")}
    reasons = [one.because for one in new.conditional if one.id in said.intersection(change.new_rules) and one.because]
    reasons += [
        rule.because
        for id in change.new_rules
        if (rule := new.base.get((id.partition(".")[0], id.partition(".")[2]))) is not None
        and rule.because
        and said & {id, f"every_operation.{rule.key}"}
    ]
    return "; ".join(dict.fromkeys(reasons)) or WHY


def _that_can_be_said(box: Box, domain: Domain) -> Box:
    """A box without what the policy language has no words for, amounts in whatever currency: it holds for more."""
    money = {fact for fact in box if (field := domain.fields.get(fact)) is not None and field.type == "money"}
    silent = {
        fact
        for fact in money
        if not box[fact].members.empty and not list(_money(fact, box[fact], _of(box, fact, domain)))
    }
    told_with = {domain.same(f"{fact}.currency") for fact in money - silent}
    return {
        fact: values
        for fact, values in box.items()
        if fact not in silent and (fact in domain.fields or fact in told_with)
    }


def _of(box: Box, fact: str, domain: Domain) -> Values | None:
    return box.get(domain.same(f"{fact}.currency"))


def _whens(box: Box, domain: Domain) -> Iterator[dict[str, str]]:
    """A box as conditions of the policy language, of which it may need several."""
    money = {fact for fact in box if (field := domain.fields.get(fact)) is not None and field.type == "money"}
    told_with = {domain.same(f"{fact}.currency") for fact in money}
    fields: list[list[tuple[str, str]]] = []
    for fact, values in box.items():
        field = domain.fields.get(fact)
        if field is None or fact in told_with:
            continue  # a currency: it is said with its amount
        if isinstance(values.members, Words):
            said = [(fact, text) for text in _words(values)]
        elif field.type == "money":
            said = list(_money(fact, values, _of(box, fact, domain)))
        else:
            text, within = in_words(field.type), field.type == "days"
            said = [(fact, _bounds(each, text, within=within)) for each in _ranges(values)]
            said += [(fact, "{is: unset}")] if values.unset else []
        fields.append(said)
    yield from (dict(one) for one in itertools.islice(itertools.product(*fields), MOST_ENTRIES + 1))


def _words(values: Values) -> Iterator[str]:
    members = values.members
    assert isinstance(members, Words)
    if values.unset:
        yield "{is: unset}"
    if members.complement and not members.names:
        yield "{is: set}"
    elif members.complement:
        yield f"{{none_of: {_list(members.names)}}}"
    elif members.names:
        yield _list(members.names)


def _money(fact: str, values: Values, currency: Values | None) -> Iterator[tuple[str, str]]:
    if currency is None or not isinstance(currency.members, Words) or currency.members.complement:
        signs = [_SIGNS.get(each) for each in _ranges(values)]
        if fact.endswith(".balance") and all(signs):
            yield f"{fact}_is", _list(str(sign) for sign in signs)
            yield from [(fact, "{is: unset}")] if values.unset else []
        elif values.members.empty:
            yield fact, "{is: unset}"
        return
    for code in sorted(map(str, currency.members.names)):
        for each in _ranges(values):
            yield fact, _bounds(each, lambda minor, code=code: f"{from_minor(minor, code)} {code}")
    if values.unset:
        yield fact, "{is: unset}"


def _ranges(values: Values) -> tuple[Range, ...]:
    assert isinstance(values.members, Numbers)
    return values.members.ranges


def _bounds(both: Range, text: object, *, within: bool = False) -> str:
    assert callable(text)
    low, high = both
    if low is not None and low == high:
        return str(text(low))
    if within and low == 0 and high is not None:
        return f"{{within: {text(high)}}}"
    last = datetime.date.max.toordinal()
    said = [f"at_least: {text(low)}"] if low is not None else []
    said += [f"at_most: {text(high)}"] if high not in (None, last) else []
    return f"{{{', '.join(said)}}}" if said else "{is: set}"


def _list(names: Iterable[Fact]) -> str:
    return f"[{', '.join(map(_text, sorted(names, key=str)))}]"


def _text(value: Fact) -> str:
    """A scalar of YAML: a word as it is, in quotes whatever could be taken for something else."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
