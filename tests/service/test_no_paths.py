"""Whatever is asked, right or wrong: no answer says where on the machine anything is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.registry import ENDPOINTS, PAGES
from billpolicy.service.running.changing import Changing, Source
from billpolicy.service.running.loaded import load_operations
from billpolicy.service.serving import InForce, Serving
from billpolicy.source.files import place
from tests.helpers.paths import ROOT
from tests.service.conftest import ACTOR, HERE, OPERATIONS, STORY

NAMES = {"id": "brandt", "number": "KI-2001", "name": "KI-CM00000001"}
BODIES = {
    "application/yaml": OPERATIONS,
    "application/json": '{"files": {"policy.yaml": "policy: acme\\nextends: ../../../etc\\n"}}',
    "application/x-www-form-urlencoded": "id=hayes-is-gone&text=a%3A+%5B&next=/etc/passwd&token=x",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story, as it is served by whole paths, where a name would be told that is nowhere else."""
    folder = tmp_path_factory.mktemp("secret-place")
    for file in STORY.rglob("*.yaml"):
        copy = folder / "story" / file.relative_to(STORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    source = Source([place(folder / "story" / "policy.yaml")], "python")
    versions = source.read()
    with billpolicy.create_ledger(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        ledger.import_book(billpolicy.load_book(folder / "story" / "book.yaml"))
        shown = load_operations(folder / "story" / "operations.yaml")
        serving = Serving(InForce(versions), ledger, OnThisMachine(ACTOR), source=source, operations=shown)
        with TestClient(app_of(serving), HERE, raise_server_exceptions=False, follow_redirects=False) as client:
            client.post(
                "/post?today=2026-03-02&wait=true", content=OPERATIONS, headers={"content-type": "application/yaml"}
            )
            (folder / "story" / "policy.yaml").write_text("colour: red\n")
            changing = Changing(serving, source)
            changing.look(at_once=True)
            assert serving.not_taken is not None
            yield client


ASKED = [(one.method, one.path) for one in (*ENDPOINTS, *PAGES)]


@pytest.mark.parametrize(("method", "path"), ASKED, ids=[f"{method} {path}" for method, path in ASKED])
def test_nothing_says_where_it_is(client: TestClient, method: str, path: str) -> None:
    right = re.sub(r"\{(\w+)\}", lambda found: NAMES[found[1]], path)
    wrong = re.sub(r"\{\w+\}", "nothing-of-this-name", path)
    queries = "", "?today=x&on=1999-01-01&file=/etc/passwd"
    for address in [f"{one}{query}" for one in dict.fromkeys((right, wrong)) for query in queries]:
        for type, body in BODIES.items() if method == "POST" else [("text/plain", "")]:
            answer = client.request(method, address, content=body.encode(), headers={"content-type": type})
            assert answer.status_code != 500, answer.text[:300]
            told = answer.text + str(answer.headers)
            for secret in ("secret-place", "/tmp/", "Traceback", "root:", str(ROOT)):
                assert secret not in told, f"{address} tells {told[max(0, told.index(secret) - 200) :][:400]}"
