"""The OpenAPI document: valid, whole, with examples that work; and every endpoint answers as it says, whatever is sent.

What is sent is made by schemathesis of the document itself, right and wrong, the same in every run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_31
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.answers import openapi
from billpolicy.service.answers.examples import EXAMPLES
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.endpoint import Answer, Endpoint
from billpolicy.service.endpoints import accounts
from billpolicy.service.problems import STATUS
from billpolicy.service.registry import ENDPOINTS
from billpolicy.service.serving import InForce, Serving
from tests.helpers.paths import ROOT
from tests.service.answers import HAYES_IS_GONE, asking, held
from tests.service.conftest import ACTOR, STORY

DOCUMENT: dict[str, Any] = json.loads(openapi.document_text())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
REQUESTS = 25
"""Of each endpoint: all of them take a few seconds."""
FUZZED = [one for one in ENDPOINTS if one.path != "/openapi.json"]


def id_of(one: Endpoint) -> str:
    return f"{one.method} {one.path}"


def test_the_document_is_openapi() -> None:
    assert [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(DOCUMENT)] == []


def test_it_has_every_endpoint_and_is_served(client: TestClient) -> None:
    served = client.get("/openapi.json")
    assert served.json() == DOCUMENT
    paths = {(method.upper(), path) for path, those in DOCUMENT["paths"].items() for method in those}
    assert paths == {(one.method, one.path) for one in ENDPOINTS}


def test_every_reference_leads_to_a_component_that_is_a_schema() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert named <= schemas.keys()
    assert '"#/definitions/' not in json.dumps(DOCUMENT)
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_what_its_schema_says(name: str) -> None:
    held(EXAMPLES[name], name)
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(EXAMPLES[name])] == []


def bodies(one: Endpoint) -> Iterator[tuple[str, str]]:
    """Content type and text of each example of a body."""
    for type, content in DOCUMENT["paths"][one.path][one.method.lower()]["requestBody"]["content"].items():
        for example in content.get("examples", {}).values():
            yield type, json.dumps(example["value"])
        if "example" in content:
            yield type, content["example"]


@pytest.mark.parametrize("one", [one for one in ENDPOINTS if one.method == "POST"], ids=id_of)
def test_each_example_is_answered(one: Endpoint, policy: billpolicy.Versions, ledger: billpolicy.Ledger) -> None:
    sent = list(bodies(one))
    with asking(policy, ledger, ACTOR) as client:
        for type, text in sent[:1] if one.path == "/approve" else sent:
            client.post("/post?wait=true", json=HAYES_IS_GONE)
            with asking(policy, ledger, "olaf" if one.path == "/approve" else ACTOR) as caller:
                answer = caller.post(one.path, content=text, headers={"content-type": type})
            assert answer.status_code in one.statuses, answer.text
            assert one.gives is not None
            held(answer.json(), one.gives)


@pytest.mark.parametrize("one", [one for one in ENDPOINTS if one.method == "GET"], ids=id_of)
def test_each_example_of_an_address_is_found(one: Endpoint, posting: TestClient) -> None:
    path = one.path
    for parameter in one.parameters:
        if parameter.within == "path":
            path = path.replace(f"{{{parameter.name}}}", str(parameter.example))
    query = {each.name: each.example for each in one.parameters if each.within == "query" and each.example}
    answer = posting.get(path, params=query)
    assert answer.status_code == 200, answer.text
    if one.gives is not None:
        held(answer.json(), one.gives)


def test_every_status_of_a_problem_is_documented_with_its_names() -> None:
    for one in ENDPOINTS:
        responses = DOCUMENT["paths"][one.path][one.method.lower()]["responses"]
        for name in one.problems:
            assert f"`{name}`" in responses[str(STATUS[name])]["description"]


def test_the_page_names_every_endpoint_and_every_problem() -> None:
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    assert [id_of(one) for one in ENDPOINTS if f"`{id_of(one)}`" not in page] == []
    assert [name for name in STATUS if f"`{name}`" not in page] == []


# -- whatever is sent ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(policy: billpolicy.Versions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document as schemathesis has it, of a service that posts to a ledger of its own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('thrown-away') / 'ledger.db'}"
    with billpolicy.create_ledger(url) as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        app = app_of(Serving(InForce(policy), ledger, OnThisMachine(ACTOR)))

        async def here(scope: Any, receive: Any, send: Any) -> None:
            """It is asked in a name of this machine."""
            others = [one for one in scope.get("headers", ()) if one[0] != b"host"]
            await app({**scope, "headers": [(b"host", b"127.0.0.1"), *others]}, receive, send)

        yield schemathesis.openapi.from_asgi("/openapi.json", here)
        assert ledger.check() == []


def fuzz(described: Any, one: Endpoint) -> None:
    operation = described[one.path][one.method]

    @settings(
        max_examples=REQUESTS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()


@pytest.mark.parametrize("one", FUZZED, ids=id_of)
def test_whatever_is_sent_is_answered_as_documented(described: Any, one: Endpoint) -> None:
    fuzz(described, one)


def test_an_answer_that_is_not_as_documented_is_noticed(described: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "accounts_report", lambda *_: {"accounts": [{"id": 1}]})
    with pytest.raises(FailureGroup):
        fuzz(described, accounts.ENDPOINT)
    monkeypatch.setattr(accounts, "Answer", lambda _: Answer({"accounts": []}, 299))
    with pytest.raises(FailureGroup):
        fuzz(described, accounts.ENDPOINT)
