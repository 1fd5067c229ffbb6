"""A policy, or the file of callers, changes under the service."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import billpolicy
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import OnThisMachine
from billpolicy.service.callers.known import new_token
from billpolicy.service.callers.sessions import Sessions
from billpolicy.service.running.changing import CallersSource, Changing, Source, in_revision
from billpolicy.service.serving import InForce, Serving
from billpolicy.service.telling.log import Log
from billpolicy.source.files import place
from billpolicy.source.revision import place_of
from tests.service.conftest import HERE, STORY
from tests.service.test_gate import Written

POLICY = """\
policy: acme
effective: {from: 2026-01-01}
extends: standard
"""
RULE = (
    "{id: NAME, operations: [create_payment], when: {amount: {at_least: 1 EUR}}, then: {allocation: HOW}, because: x}"
)
SOUND = POLICY + f"exceptions: [{RULE.replace('NAME', 'large').replace('HOW', 'proration')}]\n"
WRONG = POLICY + "colour: red\n"


class Changed:
    """A service on a folder that changes."""

    def __init__(self, folder: Path, *, named: str | None = None) -> None:
        self.file = folder / "acme" / "policy.yaml"
        self.written = Written()
        self.source = Source([place(folder / "acme") if named is None else place_of(named)], "python")
        versions = self.source.read()
        book = billpolicy.load_book(STORY / "book.yaml")
        self.serving = Serving(
            InForce(versions), book, OnThisMachine("ines"), source=self.source, log=Log(self.written)
        )
        self.changing = Changing(self.serving, self.source)

    def look(self) -> str:
        """The digest in force when a change was there for two looks."""
        self.changing.look()
        self.changing.look()
        return self.serving.in_force.digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "policy.yaml").write_text(POLICY)
    return tmp_path


@pytest.fixture
def changed(folder: Path) -> Changed:
    return Changed(folder)


def test_a_sound_change_is_in_force_when_it_is_whole(changed: Changed) -> None:
    before = changed.serving.in_force
    changed.file.write_text(SOUND)
    changed.changing.look()
    assert changed.serving.in_force is before, "whoever writes files may not be done"
    changed.changing.look()
    now = changed.serving.in_force
    assert now.digest != before.digest
    assert now.since > before.since
    (line,) = changed.written.of("policy_changed")
    assert line["policy"] == now.digest
    assert changed.look() == now.digest
    assert len(changed.written.of("policy_changed")) == 1, "told once"


def test_whoever_says_that_it_is_whole_does_not_wait(changed: Changed) -> None:
    before = changed.serving.in_force.digest
    changed.file.write_text(SOUND)
    changed.changing.look(at_once=True)
    assert changed.serving.in_force.digest != before


def test_a_wrong_one_is_refused_and_told_while_the_old_one_goes_on(changed: Changed) -> None:
    before = changed.serving.in_force
    changed.file.write_text(WRONG)
    assert changed.look() == before.digest
    assert changed.serving.not_taken is not None
    (found,) = changed.serving.not_taken.diagnostics
    assert found.code == "key-unknown"
    (line,) = changed.written.of("policy_refused")
    assert (line["level"], line["codes"]) == ("error", ["key-unknown"])
    (finding,) = changed.written.of("finding")
    assert (finding["file"], finding["line"]) == ("acme/policy.yaml", 4)
    changed.look()
    assert len(changed.written.of("policy_refused")) == 1, "told once, not each second"
    changed.file.write_text(SOUND)
    assert changed.look() != before.digest
    assert changed.serving.not_taken is None


def test_two_exceptions_that_conflict_are_a_reason_too(changed: Changed) -> None:
    """What is wrong with it takes a proof, and no key is."""
    rules = [RULE.replace("NAME", name).replace("HOW", how) for name, how in (("a", "proration"), ("b", "fifo"))]
    before = changed.serving.in_force.digest
    changed.file.write_text(POLICY + f"exceptions:\n  - {rules[0]}\n  - {rules[1]}\n")
    assert changed.look() == before
    assert changed.serving.not_taken is not None
    assert {one.code for one in changed.serving.not_taken.diagnostics} >= {"exceptions-conflict"}


def test_the_old_one_written_again_takes_the_refusal_back(changed: Changed) -> None:
    before = changed.serving.in_force
    changed.file.write_text(WRONG)
    changed.look()
    changed.file.write_text(POLICY)
    changed.look()
    assert changed.serving.in_force is before
    assert changed.serving.not_taken is None
    assert not changed.written.of("policy_changed")


def test_a_new_file_of_the_folder_is_seen_and_what_is_no_policy_is_not(changed: Changed) -> None:
    before = changed.serving.in_force.digest
    signs = changed.source.signs()
    for name in ("ledger.db", "ledger.db-wal", ".policy.yaml.swp", "notes.txt"):
        (changed.file.parent / name).write_text("x")
    assert changed.source.signs() == signs
    (changed.file.parent / "more.yaml").write_text("description: more\n")
    assert changed.look() != before


def test_a_policy_that_is_gone_is_refused_and_comes_back(changed: Changed) -> None:
    before = changed.serving.in_force.digest
    text = changed.file.read_text()
    changed.file.unlink()
    assert changed.look() == before
    assert changed.serving.not_taken is not None
    assert not any(re.search(r"/(?:tmp|home|work)/", str(one)) for one in changed.serving.not_taken.diagnostics)
    changed.file.write_text(text)
    assert changed.look() == before
    assert changed.serving.not_taken is None


def test_no_name_of_a_file_says_where_on_the_machine_it_is(changed: Changed, folder: Path) -> None:
    (policy,) = changed.serving.in_force.versions.policies
    assert "acme/policy.yaml" in policy.files
    with TestClient(app_of(changed.serving), HERE, raise_server_exceptions=False) as client:
        told = client.get("/matrix").text + client.get("/pages/matrix").text
    assert str(folder) not in told


def test_what_was_begun_ends_under_the_policy_that_it_began_with(
    changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billpolicy.service import app as app_module
    from billpolicy.service.asked.asked import Asked
    from billpolicy.service.endpoint import Answer, Endpoint

    before = changed.serving.in_force.digest

    def slow(asked: Asked) -> Answer:
        changed.file.write_text(SOUND)
        changed.look()
        return Answer({"digest": asked.versions.policies[0].digest, "now": asked.serving.in_force.digest})

    monkeypatch.setattr(app_module, "ENDPOINTS", (Endpoint("GET", "/slow", "Lasts.", "read", slow),))
    with TestClient(app_of(changed.serving), HERE, raise_server_exceptions=False) as client:
        answer = client.get("/slow")
        assert answer.headers["etag"] == f'"{before}"'
        assert answer.json()["digest"] == before != answer.json()["now"]
        assert client.get("/slow").headers["etag"] == f'"{answer.json()["now"]}"'


def _git(*words: str) -> None:
    name = ("-c", "user.name=ines", "-c", "user.email=ines@example.com")
    subprocess.run(["git", *name, *words], check=True, capture_output=True)


def test_a_name_of_a_revision_is_followed_and_a_commit_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    _git("init", "--quiet", "--initial-branch=main", ".")
    _git("add", ".")
    _git("commit", "--quiet", "--message", "first")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    by_name, by_commit = (Changed(folder, named=f"{name}:acme") for name in ("main", commit))
    before = by_name.serving.in_force.digest
    (folder / "acme" / "policy.yaml").write_text(SOUND)
    assert by_name.look() == before, "what is not committed is not in the revision"
    _git("commit", "--quiet", "--all", "--message", "second")
    assert by_name.look() != before
    assert by_commit.look() == before


def test_the_same_policy_in_a_revision_is_found_also_by_a_whole_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    _git("init", "--quiet", "--initial-branch=main", ".")
    _git("add", ".")
    _git("commit", "--quiet", "--message", "first")
    changed = Changed(folder)
    before = changed.serving.in_force.digest
    changed.file.write_text(SOUND)
    assert changed.look() != before
    (policy,) = changed.serving.in_force.versions.policies
    at = in_revision("HEAD", Path(policy.layers[-1].path), changed.source)
    assert billpolicy.validate(at).digest == before


BOT = "callers: [{{name: bot, token: '{}', scopes: [read]}}]\n"


def _in_force(changed: Changed, path: Path) -> CallersSource:
    """Those of a file, known to the service from now on."""
    callers = CallersSource(path, Sessions(b"k" * 32, secure=True))
    changed.serving.callers = callers.read(changed.serving.in_force.versions)
    return callers


class TestCallers:
    """Those of a file that changes."""

    @pytest.fixture
    def tokens(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return new_token(), new_token()

    def test_a_removed_token_is_nobodys_and_a_wrong_file_changes_nothing(
        self, changed: Changed, folder: Path, tokens: tuple[tuple[str, str], tuple[str, str]]
    ) -> None:
        path = folder / "callers.yaml"
        path.write_text(BOT.format(tokens[0][1]))
        callers = _in_force(changed, path)
        changing = Changing(changed.serving, changed.source, callers)

        def statuses(client: TestClient) -> list[int]:
            asked = [{"authorization": f"Bearer {token}"} for token, _ in tokens]
            return [client.get("/matrix", headers=one).status_code for one in asked]

        with TestClient(app_of(changed.serving), "https://x.example", raise_server_exceptions=False) as client:
            assert statuses(client) == [200, 401]
            path.write_text("callers: [{name: bot}]\n")
            changing.look()
            changing.look()
            assert statuses(client) == [200, 401]
            assert changed.written.of("callers_refused")[0]["codes"] == ["key-missing"]
            path.write_text(BOT.format(tokens[1][1]))
            changing.look()
            changing.look()
            assert statuses(client) == [401, 200]
            assert len(changed.written.of("callers_changed")) == 1

    def test_a_process_that_is_begun_again_does_not_know_a_removed_token(
        self, changed: Changed, folder: Path, tokens: tuple[tuple[str, str], tuple[str, str]]
    ) -> None:
        """It begins with the callers that its parent has read, at the start of all."""
        path = folder / "callers.yaml"
        path.write_text(BOT.format(tokens[0][1]))
        callers = _in_force(changed, path)
        path.write_text(BOT.format(tokens[1][1]))
        Changing(changed.serving, changed.source, callers).look(at_once=True)  # as the command does for each
        with TestClient(app_of(changed.serving), "https://x.example", raise_server_exceptions=False) as client:
            asked = [{"authorization": f"Bearer {token}"} for token, _ in tokens]
            assert [client.get("/matrix", headers=one).status_code for one in asked] == [401, 200]

    def test_who_is_known_to_the_next_policy_alone_may_call_when_it_is_in_force(
        self, changed: Changed, folder: Path, tokens: tuple[tuple[str, str], tuple[str, str]]
    ) -> None:
        """The file of callers came before the policy that it goes with."""
        path = folder / "callers.yaml"
        line = f"callers: [{{name: bot, token: '{tokens[0][1]}', scopes: [read], actor: ACTOR}}]\n"
        changed.file.write_text(POLICY + "roles: {lead: [olaf]}\n")
        changed.look()
        path.write_text(line.replace("ACTOR", "olaf"))
        callers = _in_force(changed, path)
        changing = Changing(changed.serving, changed.source, callers)
        path.write_text(line.replace("ACTOR", "maria"))
        for _ in range(3):
            changing.look()
        assert len(changed.written.of("callers_refused")) == 1
        changed.file.write_text(POLICY + "roles: {lead: [olaf, maria]}\n")
        for _ in range(3):
            changing.look()
        assert len(changed.written.of("callers_changed")) == 1
        assert len(changed.written.of("callers_refused")) == 1

    def test_a_policy_that_no_longer_knows_a_caller_is_in_force_and_that_is_told(
        self, changed: Changed, folder: Path, tokens: tuple[tuple[str, str], tuple[str, str]]
    ) -> None:
        """With it the service would not start again; who may call stays so, and may be right for the next one."""
        path = folder / "callers.yaml"
        path.write_text(f"callers: [{{name: bot, token: '{tokens[0][1]}', scopes: [read], actor: olaf}}]\n")
        changed.file.write_text(POLICY + "roles: {lead: [olaf]}\n")
        changed.look()
        callers = _in_force(changed, path)
        changing = Changing(changed.serving, changed.source, callers)
        for people, refused in (("maria", 1), ("olaf, maria", 1)):
            before = changed.serving.in_force
            changed.file.write_text(POLICY + f"roles: {{lead: [{people}]}}\n")
            for _ in range(3):
                changing.look()
            assert changed.serving.in_force is not before
            assert [one["codes"] for one in changed.written.of("callers_refused")] == [["caller-wrong"]] * refused
        with TestClient(app_of(changed.serving), "https://x.example") as client:
            asked = {"authorization": f"Bearer {tokens[0][0]}"}
            assert client.get("/matrix", headers=asked).status_code == 200


_AGAIN_AND_AGAIN = """
import signal, time
from billpolicy.service.running.changing import Changing, Kept, Source

changing = Changing(Kept(None, None), Source([]))
signal.signal(signal.SIGALRM, lambda *_: changing.look_now())
signal.setitimer(signal.ITIMER_REAL, 0.00005, 0.00005)
until = time.monotonic() + 0.5
while time.monotonic() < until:
    changing.look_now()
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def test_a_signal_in_the_midst_of_another_one_waits_for_nothing() -> None:
    """In a process of its own: with a lock in it, it would wait for itself for ever."""
    subprocess.run([sys.executable, "-c", _AGAIN_AND_AGAIN], timeout=20, check=True)
