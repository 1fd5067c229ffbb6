"""The OpenAPI document (3.1): made of the registry of endpoints and the published schemas, so it says what is so."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from billpolicy import __version__
from billpolicy.service import problems
from billpolicy.service.answers.examples import EXAMPLES
from billpolicy.service.asked.bodies import LINES, TYPES
from billpolicy.service.asked.parameters import Parameter
from billpolicy.service.endpoint import Endpoint
from billpolicy.service.problems import STATUS, ProblemName

Json = dict[str, Any]
_SCHEMAS, _HEADERS = "#/components/schemas/", "#/components/headers/"
_DEFINITIONS = "#/definitions/"
_ALWAYS: tuple[ProblemName, ...] = (
    "other-origin",
    "policy-changed",
    "refused",
    "too-many",
    "head-wrong",
    "head-too-large",
    "failed",
    "busy",
    "ledger-fails",
    "stopping",
)
"""Why no endpoint may answer."""
_CALLERS: tuple[ProblemName, ...] = ("unauthenticated", "scope-missing")
_BODIES: tuple[ProblemName, ...] = ("body-type", "body-too-large", "body-too-slow")


def document(endpoints: Iterable[Endpoint]) -> Json:
    """The document of some endpoints."""
    schemas = _Schemas()
    paths: dict[str, Json] = defaultdict(dict)
    for one in endpoints:
        paths[one.path][one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "billpolicy",
            "version": __version__,
            "description": "What a billing policy decides, and why: operations explained, planned and posted.",
        },
        "paths": dict(paths),
        "components": {
            "schemas": schemas.components,
            "headers": {
                "etag": {
                    "description": "The digest of the policy that this was answered under.",
                    "schema": {"type": "string"},
                },
                "x-request-id": {
                    "description": "The id of the request: its line in the log, and what it posts, have it, too.",
                    "schema": {"type": "string"},
                },
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Of a caller in the file of callers, which says their scopes. On loopback without "
                    "callers none is needed.",
                }
            },
        },
    }


def _operation(one: Endpoint, schemas: _Schemas) -> Json:
    told: Json = {
        "operationId": f"{one.method.lower()}{one.path}".replace("/", "_").replace("{", "").replace("}", ""),
        "summary": one.says,
        "parameters": [_parameter(parameter) for parameter in one.parameters],
        "responses": dict(_responses(one, schemas)),
        "security": [] if one.scope is None else [{"token": []}],
    }
    if one.scope is not None:
        told["description"] = f"Takes the scope {' or '.join(f'`{each}`' for each in one.scopes)}."
    if one.method == "POST":
        told["requestBody"] = {"required": True, "content": _body(one, schemas)}
    return told


def _parameter(one: Parameter) -> Json:
    value: Json = {"type": "string"}
    if one.pattern is not None:
        value["pattern"] = f"^(?:{one.pattern})$"
    told: Json = {"name": one.name, "in": one.within, "description": one.says, "required": one.within == "path"}
    told["schema"] = {"type": "array", "items": value} if one.several else value
    if one.example is not None:
        told["example"] = [one.example] if one.several else one.example
    return told


def _body(one: Endpoint, schemas: _Schemas) -> Json:
    kinds = [schemas.ref(name) for name in one.takes]
    schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    examples = {name: {"value": EXAMPLES[name]} for name in one.takes if name in EXAMPLES}
    content: Json = {type: {"schema": schema, "examples": examples} for type in TYPES}
    if one.gives_lines:
        example = "".join(f"{json.dumps(each)}\n" for each in EXAMPLES["operations"]["operations"])
        described = "An operation on each line, as JSON."
        content[LINES] = {"schema": {"type": "string", "description": described}, "example": example}
    return content


def _responses(one: Endpoint, schemas: _Schemas) -> Iterator[tuple[str, Json]]:
    headers = {name: {"$ref": _HEADERS + name} for name in ("etag", "x-request-id")}
    for status, says in one.statuses.items():
        told: Json = {"description": says, "headers": headers}
        if status != HTTPStatus.NOT_MODIFIED:
            told["content"] = _content(one, schemas)
        yield str(status), told
    names = (*_ALWAYS, *(_CALLERS if one.scope is not None else ()), *(_BODIES if one.method == "POST" else ()))
    by_status: dict[int, list[ProblemName]] = defaultdict(list)
    for name in sorted({*names, *one.problems}):
        by_status[STATUS[name]].append(name)
    for status, those in sorted(by_status.items()):
        yield (
            str(status),
            {
                "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{name}`' for name in those)}.",
                "headers": {"x-request-id": headers["x-request-id"]},
                "content": {problems.TYPE: {"schema": schemas.ref("problem")}},
            },
        )


def _content(one: Endpoint, schemas: _Schemas) -> Json:
    if one.gives is None:
        return {one.type: {"schema": {"type": "string"} if one.type.startswith("text/") else {"type": "object"}}}
    content: Json = {"application/json": {"schema": schemas.ref(one.gives)}}
    if one.gives_lines:
        described = "A line each: JSON, as the schema `result-line` says."
        content[LINES] = {"schema": {"type": "string", "description": described}}
        schemas.ref("result-line")
    return content


class _Schemas:
    """The published schemas as components: what they define is one, too, once where several define the same."""

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}
        self._defined: dict[str, str] = {}
        """Name of a definition -> the first one of that name."""

    def ref(self, name: str) -> Json:
        """A reference to a published schema."""
        if name not in self.components:
            from billpolicy.exchange.schemas import schema_of

            schema = schema_of(name)
            definitions = schema.pop("definitions", {})
            schema.pop("$schema")
            named = {each: self._free(each, name, definitions[each]) for each in definitions}
            for each, definition in definitions.items():
                self.components[named[each]] = _moved(definition, named)
            self.components[name] = _moved(schema, named)
        return {"$ref": _SCHEMAS + name}

    def _free(self, name: str, of: str, definition: Json) -> str:
        """The name of a definition: its own, unless another schema has another one of that name."""
        text = json.dumps(definition, sort_keys=True)
        return name if self._defined.setdefault(name, text) == text else f"{of}.{name}"


def _moved(schema: Any, named: dict[str, str]) -> Any:
    """A schema whose references are to components."""
    if isinstance(schema, list):
        return [_moved(one, named) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _SCHEMAS + named[value.removeprefix(_DEFINITIONS)] if key == "$ref" else _moved(value, named)
        for key, value in schema.items()
    }


@cache
def document_text() -> bytes:
    """The document of every endpoint there is, as it is sent."""
    from billpolicy.service.registry import ENDPOINTS

    return f"{json.dumps(document(ENDPOINTS), ensure_ascii=False)}\n".encode()
