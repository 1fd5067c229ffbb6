"""Whatever is sent in whatever form, each endpoint says what is wrong in plain words, with no trace and no path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.endpoint import Endpoint
from billpolicy.service.registry import ENDPOINTS
from billpolicy.service.running.changing import Source
from billpolicy.source.files import place
from tests.service.answers import LINES, NO_HOT_WATER, YAML, asking, held, problem
from tests.service.conftest import ACTOR, STORY

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[billpolicy.Ledger]:
    """Nothing is posted to it, so that one is enough."""
    with billpolicy.create_ledger(f"sqlite:///{tmp_path_factory.mktemp('bad') / 'ledger.db'}") as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        yield ledger
        with ledger.reading() as reader:
            assert reader.stats().operations == 0


@pytest.fixture(scope="module")
def service(policy: billpolicy.Versions, ledger: billpolicy.Ledger) -> Iterator[TestClient]:
    """Asks a service on that ledger."""
    with asking(policy, ledger, ACTOR) as client:
        yield client


POSTS = [one for one in ENDPOINTS if one.method == "POST"]
TELLING = re.compile(r'Traceback|File \\?"|(?<![\w.])/(?:work|home|root|tmp|usr|var|etc)/|\.py\b|object at 0x|Error\(')
"""What an answer never has: where it is in the program or on the machine, or how the program has it."""


def id_of(one: Endpoint) -> str:
    return f"{one.method} {one.path}"


def plain(answer: Any) -> Any:
    """The problem that was answered, if it says what is wrong without saying anything of the machine."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = held(answer.json(), "problem")
    assert not TELLING.search(answer.text), answer.text
    assert found["detail"]
    if found["type"].endswith(":refused"):
        assert found["diagnostics"]
        assert all(one["message"] for one in found["diagnostics"])
    return found


BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing": (b"", JSON),
    "nothing-and-no-type": (b"", {}),
    "spaces": (b"  \n ", JSON),
    "null": (b"null", JSON),
    "a-number": (b"7", JSON),
    "a-text": (b'"write_off_invoice"', JSON),
    "a-list": (b"[]", JSON),
    "a-list-of-lists": (b"[[[]]]", JSON),
    "an-empty-mapping": (b"{}", JSON),
    "unknown-keys": (b'{"operatoin": "write_off_invoice", "__proto__": {}, "": 1}', JSON),
    "cut-off": (b'{"operation": "write_off_inv', JSON),
    "two-documents": (b"{} {}", JSON),
    "a-key-twice": (b'{"operation": "create_payment", "operation": "create_payment"}', JSON),
    "not-a-number": (b'{"id": "x", "operation": "create_payment", "account": "moser", "amount": NaN}', JSON),
    "infinite": (b'{"id": "x", "operation": "create_payment", "account": "moser", "amount": Infinity}', JSON),
    "a-huge-number": (b'{"id": "x", "operation": "create_payment", "account": "moser", "amount": 1e999}', JSON),
    "five-thousand-digits": (
        b'{"id": "x", "operation": "create_payment", "account": "moser", "amount": ' + b"9" * 5000 + b"}",
        JSON,
    ),
    "deep-lists": (b"[" * 100_000, JSON),
    "deep-mappings": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, JSON),
    "deep-operation": (b'{"operation": ' + b"[" * 64 + b"]" * 64 + b"}", JSON),
    "half-a-character": (b'{"id": "\\ud800", "operation": "write_off_invoice", "invoice": "\\udfff"}', JSON),
    "not-utf-8": (b'{"id": "\xff\xfe"}', JSON),
    "utf-16": ('{"id": "x"}'.encode("utf-16"), JSON),
    "nul": (b'{"id": "a\x00b"}', JSON),
    "an-escaped-nul": (b'{"id": "a\\u0000b", "operation": "write_off_invoice", "invoice": "x"}', JSON),
    "a-terminal-is-steered": (b'{"id": "\\u001b[2J", "operation": "write_off_invoice", "invoice": "x"}', JSON),
    "a-program": (b"PK\x03\x04 whatever", JSON),
    "yaml-alias": (b"a: &a [x]\nb: [*a, *a]\n", YAML),
    "yaml-tag": (b"!!python/object/apply:os.system [id]\n", YAML),
    "yaml-bomb": (b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", YAML),
    "yaml-tabs": (b"operation:\twrite_off_invoice\n\tid: x\n", YAML),
    "yaml-documents": (b"---\na: 1\n---\nb: 2\n", YAML),
    "text": (b"operation=write_off_invoice", {"content-type": "text/plain"}),
    "a-form": (b"operation=write_off_invoice", {"content-type": "application/x-www-form-urlencoded"}),
    "no-type": (b"{}", {}),
    "a-type-that-is-none": (b"{}", {"content-type": ";;;"}),
    "lines-of-nothing": (b"\n\n", LINES),
    "lines-cut-off": (b'{"id": "x"\n{"id": "y"', LINES),
    "a-long-name": (b'{"operation": "' + b"x" * 100_000 + b'"}', JSON),
    "very-many-of-nothing": (b'{"operations": [' + b"0," * 10_000 + b"0]}", JSON),
}


@pytest.mark.parametrize("body", BODIES)
def test_no_body_brings_an_endpoint_to_fail(service: TestClient, body: str) -> None:
    raw, headers = BODIES[body]
    for one in POSTS:
        plain(service.post(one.path, content=raw, headers=headers))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"invoice": ["KI-INV00000001"]}, "value-wrong"),
        ({"invoice": None}, "value-wrong"),
        ({"items": "nights"}, "value-wrong"),
        ({"items": []}, "list-empty"),
        ({"items": [{"item": "nights", "amount": 1e300}]}, "value-wrong"),
        ({"items": [{"item": "nights", "amount": "1,000.00"}]}, "value-wrong"),
        ({"date": "2026-02-30"}, "value-wrong"),
        ({"date": 20260302}, "value-wrong"),
        ({"id": ""}, "value-wrong"),
        ({"id": " x"}, "value-wrong"),
        ({"id": "x" * 300}, "value-wrong"),
        ({"policy": "mine"}, "key-unknown"),
        ({"reason": "\u202eetupsiD egrahC"}, "value-wrong"),
    ],
)
@pytest.mark.parametrize("path", ["/explain", "/plan", "/post"])
def test_a_field_that_is_not_what_it_can_be(service: TestClient, path: str, said: Any, code: str) -> None:
    found = plain(service.post(path, json={**NO_HOT_WATER, **said}))
    assert code in {one["code"] for one in found["diagnostics"]}, found
    assert all(one["position"]["file"] == "body.json" for one in found["diagnostics"])


@pytest.mark.parametrize("one", ENDPOINTS, ids=id_of)
def test_a_parameter_that_there_is_not(service: TestClient, one: Endpoint) -> None:
    path = re.sub(r"\{\w+\}", "x", one.path)
    answer = service.request(one.method, path, params={"dry_run": "true"}, json=NO_HOT_WATER)
    found = plain(answer)
    (diagnostic,) = found["diagnostics"]
    assert (diagnostic["code"], diagnostic["position"]["file"]) == ("key-unknown", "?dry_run")
    for parameter in one.parameters:
        if parameter.within == "query":
            assert parameter.name in diagnostic["hint"]


def test_a_parameter_that_is_mistyped(service: TestClient) -> None:
    found = plain(service.post("/post?todya=2026-03-02", json=NO_HOT_WATER))
    assert found["diagnostics"][0]["hint"] == "did you mean `today`?"


@pytest.mark.parametrize(
    "query",
    [
        "today=tomorrow",
        "today=2026-13-01",
        "today=2026-02-30",
        "today=",
        "today=2026-03-02&today=2026-03-03",
        "today=%00",
        "today=٢٠٢٦-٠٣-٠٢",
        "wait=yes",
        "atomic=1",
        "confirm=xyz",
        "confirm=",
        "confirm=abcdefab&confirm=x",
    ],
)
def test_a_parameter_that_is_not_what_it_can_be(service: TestClient, query: str) -> None:
    found = plain(service.post(f"/post?{query}", json=NO_HOT_WATER))
    assert found["diagnostics"][0]["position"]["file"].startswith("?")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=-1", "limit=1e2", "limit=99999999999999999999"])
def test_a_limit_that_is_none(service: TestClient, query: str) -> None:
    plain(service.get(f"/accounts?{query}"))


@pytest.mark.parametrize("one", ENDPOINTS, ids=id_of)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_another_method(service: TestClient, one: Endpoint, method: str) -> None:
    answer = service.request(method, one.path)
    found = problem(answer, 405, "wrong-method")
    assert one.method in answer.headers["allow"]
    assert method in found["detail"]


@pytest.mark.parametrize("one", [one for one in ENDPOINTS if "{" not in one.path], ids=id_of)
def test_an_address_that_there_is_not(service: TestClient, one: Endpoint) -> None:
    for path in (f"{one.path}/", one.path.upper(), f"{one.path}%00", f"{one.path};x=1", f"/x{one.path}"):
        if path == "/accounts/":
            continue  # there it is an account without a name
        answer = service.request(one.method, path, json=NO_HOT_WATER, follow_redirects=False)
        assert plain(answer)["type"] == "urn:billpolicy:problem:not-found"


NAMES = ["..%2F..%2Fpolicy", "%2e%2e%2f", "a%00b", "%ff%fe", "x" * 5000, "%F0%9F%8F%94", "%1B[2J", "%20", ""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("under", ["/documents", "/accounts", "/history"])
def test_names_of_nothing(service: TestClient, under: str, name: str) -> None:
    found = plain(service.get(f"{under}/{name}"))
    assert found["status"] == 404


@pytest.mark.parametrize("key", ["", '""', "x" * 10_000, "a\u200bb"])
@pytest.mark.parametrize("path", ["/explain", "/plan", "/post"])
def test_keys_that_are_no_ids(service: TestClient, path: str, key: str) -> None:
    without = {name: value for name, value in NO_HOT_WATER.items() if name != "id"}
    answer = service.post(path, json=without, headers={b"idempotency-key": key.encode()})
    found = plain(answer)
    assert [one["code"] for one in found["diagnostics"]] == ["value-wrong"]


def test_a_key_that_is_no_text(service: TestClient) -> None:
    answer = service.post("/post", json=NO_HOT_WATER, headers={b"idempotency-key": b"no-\xff"})
    assert plain(answer)["type"] == "urn:billpolicy:problem:key-differs"


@pytest.mark.parametrize("tag", ["", "0123", '"', '"0123', "W/", '"a","b"'])
def test_tags_that_are_none(service: TestClient, tag: str) -> None:
    found = plain(service.post("/post", json=NO_HOT_WATER, headers={"if-match": tag}))
    assert found["status"] == 412


def test_nothing_of_where_the_policy_stands_is_told(ledger: billpolicy.Ledger) -> None:
    """Also where the policy is what refuses, and where it was named by its whole path."""
    versions = Source([place(STORY / "policy.yaml")], "python").read()
    with asking(versions, ledger, "nobody") as client:
        for path in ("/explain", "/plan", "/post"):
            found = plain(client.post(path, json=NO_HOT_WATER))
            assert "northpine/authority.yaml:8" in found["detail"]
            plain(client.post(path, json={**NO_HOT_WATER, "date": "2025-01-01"}))
        for answer in (client.get("/policies"), client.get("/matrix")):
            assert answer.status_code == 200
            assert not TELLING.search(answer.text)
