"""The form of an operation: a control for each of its fields, made of the published schema, and what was filled in as
the words of a typed operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.exchange.typed_operation import operation_names
from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE
from billpolicy.service.pages.forms import choice_field, hidden, press, text_field
from billpolicy.service.pages.frame import wrong
from billpolicy.source.files import shipped_folder

if TYPE_CHECKING:
    from billpolicy import Versions

_LISTED = 2
"""Entries of a list that a form has room for; more of them are written as YAML."""
_LEFT_OUT = ("id", "operation", "actor", "approved_by")
"""What nobody fills in: an id is made, whoever calls is who asks, and whoever approves does it for themselves."""
_HELP = "Its name, and each field with its value, like: write_off_invoice invoice=INV00000001"
_FIRST = "write_off_invoice"
"""What is chosen before anybody chooses."""
FIELD = "field."
"""Begins the name of each control of a form, so that no field of an operation is taken for another one of the page."""


@cache
def _schemas() -> Mapping[str, Any]:
    """Of each operation, and of what their fields have. Read as it is shipped: to make it takes a second."""
    text = (shipped_folder() / "schemas" / "operations.schema.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)["definitions"]
    return found


def operations_with(field: str) -> list[str]:
    """The operations that are done to what a field names, which they cannot do without; not those that make it."""
    made_by = f"create_{field}"
    return [name for name in operation_names() if name != made_by and field in _schemas()[name].get("required", ())]


def typed_control(line: str, problems: Sequence[Diagnostic], *, focused: bool = False) -> Html:
    """An operation on one line, with the names that there are to choose from. `focused`: it is gone to."""
    names = el("datalist", *(el("option", value=name) for name in operation_names()), id="operation-names")
    control = text_field(
        "typed",
        "Operation",
        line,
        code=True,
        required=True,
        help=_HELP,
        problems=problems,
        list="operation-names",
        data_focus=focused,
    )
    return joined((control, names), LINE)


def operation_choice(chosen: str) -> Html:
    """Chooses the operation whose fields are filled in."""
    names = operation_names()
    choice = choice_field("operation", "Operation", names, chosen if chosen in names else _FIRST)
    return el("div", hidden("by", "fields"), choice, press("Show its fields"), class_="fields")


def without_places(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Without their places, which are words of what was typed: they stand right there."""
    return [one._replace(position=None) for one in problems]


def operation_fields(
    name: str, versions: Versions, filled: Mapping[str, str], problems: Sequence[Diagnostic] = ()
) -> Html:
    """The controls of an operation, those that it needs first, with what is wrong: at the field that it is about, or
    below them where that has no control. An operation may ask for each attribute of the policy."""
    schema = _schemas()[name]
    attributes = dict.fromkeys(key for policy in versions.policies for key in policy.attributes)
    needed = [key for key in schema["properties"] if key in schema.get("required", ())]
    rest = [key for key in schema["properties"] if key not in needed]
    by_field: dict[str, list[Diagnostic]] = {}
    for one in problems:
        word = one.position.file if one.position else ""
        by_field.setdefault(word.partition("=")[0], []).append(one)

    def shown(keys: Iterable[str], *, required: bool) -> Html:
        controls = (
            control
            for key in keys
            if key not in _LEFT_OUT
            for control in _controls(key, schema["properties"][key], attributes, filled, by_field, required=required)
        )
        return el("div", joined(controls, LINE), class_="columns")

    is_open = any(FIELD + path in filled and filled[FIELD + path] for path in _paths(rest, filled)) or bool(by_field)
    more = el("details", el("summary", "More fields"), shown(rest, required=False), open=is_open)
    controls = joined((el("p", said(schema["description"]), class_="soft"), shown(needed, required=True), more), LINE)
    elsewhere = [one for key, each in by_field.items() if f'id="{FIELD}{key}-error"' not in controls for one in each]
    told = el("div", wrong(without_places(elsewhere)), role="alert") if elsewhere else ""
    return joined((controls, told), LINE)


def _paths(keys: Iterable[str], filled: Mapping[str, str]) -> Iterator[str]:
    """The fields that were filled in of these."""
    wanted = set(keys)
    for name in filled:
        path = name.removeprefix(FIELD)
        if path.partition(".")[0] in wanted:
            yield path


def _controls(
    path: str,
    schema: Mapping[str, Any],
    attributes: Iterable[str],
    filled: Mapping[str, str],
    problems: Mapping[str, list[Diagnostic]],
    *,
    required: bool = False,
) -> Iterator[Html]:
    """A control, or several of a field that has fields of its own."""
    inner = _schemas()[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if path == "attributes":
        for name in attributes:
            yield from _controls(f"attributes.{name}", {}, (), filled, problems)
    elif inner.get("type") == "object" and "properties" in inner:
        for key, each in inner["properties"].items():
            yield from _controls(f"{path}.{key}", each, (), filled, problems)
    elif inner.get("type") == "array" and "$ref" in inner["items"]:
        for number in range(1, _LISTED + 1):
            yield from _controls(f"{path}.{number}", inner["items"], (), filled, problems)
    else:
        yield _control(path, inner, filled.get(FIELD + path, ""), problems.get(path, ()), required=required)


def _control(
    path: str, schema: Mapping[str, Any], value: str, problems: Iterable[Diagnostic], *, required: bool
) -> Html:
    name, label, found = FIELD + path, _label(path), list(problems)
    kinds = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    choices = next((one["enum"] for one in kinds if "enum" in one), None)
    if any(one.get("type") == "boolean" for one in kinds):
        choices = ["true", "false"]
    if choices is not None:
        return choice_field(name, label, {"": "–", **{str(one): str(one) for one in choices}}, value, problems=found)
    if any(one.get("format") == "date" for one in kinds):
        return text_field(name, label, value, type="date", problems=found, required=required)
    several = any(one.get("type") == "array" for one in kinds)
    help = "several with commas between them" if several else ""
    return text_field(name, label, value, help=help, problems=found, required=required)


def _label(path: str) -> str:
    """`items.1.amount` is the amount of item 1 of the list: `items 1: amount`."""
    shown = path.removeprefix("attributes.").replace("_", " ")
    return re.sub(r"\.", ": ", re.sub(r"\.(\d+)", r" \1", shown))


def words_of(filled: Mapping[str, str]) -> list[str]:
    """What was filled in, as it would be typed: `field=value`."""
    return [
        f"{name.removeprefix(FIELD)}={value.strip()}"
        for name, value in filled.items()
        if name.startswith(FIELD) and value.strip()
    ]
