"""Who calls: tokens, cookies and what a proxy says; and what the file of callers may not say."""

from __future__ import annotations

import hashlib
import html
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

import billpolicy
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.exchange.callers_file import load_callers
from billpolicy.service.app import app_of
from billpolicy.service.callers.caller import Caller
from billpolicy.service.callers.known import KnownCallers, new_token
from billpolicy.service.callers.sessions import HOURS, Sessions
from billpolicy.service.gate.rates import Rates
from billpolicy.service.problems import Problem
from billpolicy.service.serving import InForce, Serving
from tests.service.answers import NO_HOT_WATER
from tests.service.conftest import STORY

BOT, UI, SCRAPER = (
    (token, f"sha256:{hashlib.sha256(token.encode()).hexdigest()}") for token in ("b" * 43, "u" * 43, "s" * 43)
)
"""The same in every process that shares the tests."""
FILE = f"""\
proxy: {{address: 10.0.0.5}}
callers:
  - {{name: merge-bot, token: "{BOT[1]}", scopes: [plan]}}
  - {{name: ines@example.com, token: "{UI[1]}", user: ines, scopes: [read, plan, post, approve], actor: ines, rate: 3}}
  - {{name: scraper, token: "{SCRAPER[1]}", scopes: [metrics]}}
  - {{name: maria, user: maria@example.com, scopes: [read]}}
"""
KEY = b"k" * 32


def known(tmp_path: Path, policy: billpolicy.Versions, text: str = FILE, *, secure: bool = True) -> KnownCallers:
    path = tmp_path / "callers.yaml"
    path.write_text(text)
    return KnownCallers(load_callers(path, policy.policies), Sessions(KEY, secure=secure))


@pytest.fixture
def callers(tmp_path: Path, policy: billpolicy.Versions) -> KnownCallers:
    return known(tmp_path, policy)


def by(callers: KnownCallers, client: str = "192.0.2.7", **headers: str) -> Caller | None:
    return callers.caller(client, Headers({name.replace("_", "-"): value for name, value in headers.items()}))


def test_a_token_is_kept_as_its_digest_and_is_new_each_time() -> None:
    token, told = new_token()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token), "32 bytes, 6 bits a character"
    assert told == f"sha256:{sha256(token.encode()).hexdigest()}"
    assert new_token()[0] != token


def test_a_token_is_somebody(callers: KnownCallers) -> None:
    found = by(callers, authorization=f"Bearer {BOT[0]}")
    assert found is not None
    assert (found.name, set(found.scopes), found.actor, found.rate) == ("merge-bot", {"plan"}, None, 100.0)
    same = by(callers, authorization=f"bearer  {BOT[0]}")
    assert same == found


@pytest.mark.parametrize(
    "said",
    ["", "Bearer", "Bearer ", f"Basic {BOT[0]}", BOT[0], f"Bearer {BOT[0][:-1]}", f"Bearer {BOT[1]}", "Bearer \u00e9"],
)
def test_anything_else_is_nobody(callers: KnownCallers, said: str) -> None:
    assert by(callers, authorization=said) is None


def test_a_wrong_token_is_nobody_whatever_else_is_sent(callers: KnownCallers) -> None:
    cookie = str(callers.begin_session(UI[0])).partition(";")[0]
    assert by(callers, cookie=cookie) is not None
    assert by(callers, cookie=cookie, authorization="Bearer wrong") is None


def test_what_is_said_twice_is_refused(callers: KnownCallers) -> None:
    twice = Headers(raw=[(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")])
    with pytest.raises(Problem, match="twice"):
        callers.caller("192.0.2.7", twice)


@pytest.mark.parametrize("client", ["10.0.0.5", "::ffff:10.0.0.5"])
def test_the_proxy_says_who_it_is(callers: KnownCallers, client: str) -> None:
    found = by(callers, client, x_forwarded_user="maria@example.com")
    assert found is not None
    assert (found.name, found.actor) == ("maria", None)
    assert by(callers, client, x_forwarded_user="somebody") is None


@pytest.mark.parametrize("client", ["10.0.0.6", "127.0.0.1", "", "testclient"])
def test_nobody_else_says_it(callers: KnownCallers, client: str) -> None:
    """Also beside a token that is right: whoever sends it tries something."""
    with pytest.raises(Problem, match="somebody else than the proxy"):
        by(callers, client, x_forwarded_user="ines", authorization=f"Bearer {BOT[0]}")


def test_a_header_that_the_proxy_let_pass_is_refused(callers: KnownCallers) -> None:
    twice = Headers(raw=[(b"x-forwarded-user", b"ines"), (b"x-forwarded-user", b"maria@example.com")])
    with pytest.raises(Problem, match="did not write"):
        callers.caller("10.0.0.5", twice)


def test_without_a_proxy_its_header_says_nothing(tmp_path: Path, policy: billpolicy.Versions) -> None:
    text = f"callers: [{{name: bot, token: '{BOT[1]}', scopes: [plan]}}]\n"
    assert by(known(tmp_path, policy, text), "10.0.0.5", x_forwarded_user="bot") is None


class TestCookies:
    """What a login gives."""

    @pytest.mark.parametrize(("secure", "name"), [(True, "__Host-billpolicy"), (False, "billpolicy")])
    def test_no_script_and_no_other_site_gets_it(
        self, tmp_path: Path, policy: billpolicy.Versions, secure: bool, name: str
    ) -> None:
        value, *rest = str(known(tmp_path, policy, secure=secure).begin_session(UI[0])).split("; ")
        assert value.startswith(f"{name}=ines@example.com~")
        assert UI[0] not in value
        assert UI[1].removeprefix("sha256:") not in value
        expected = ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
        assert rest == ([*expected, "Secure"] if secure else expected)

    def test_every_worker_knows_it(self, callers: KnownCallers, tmp_path: Path, policy: billpolicy.Versions) -> None:
        cookie = str(callers.begin_session(UI[0])).partition(";")[0]
        found = by(known(tmp_path, policy), cookie=cookie)
        assert found is not None
        assert found.actor == "ines"

    def test_a_token_that_is_removed_or_replaced_ends_it(
        self, callers: KnownCallers, tmp_path: Path, policy: billpolicy.Versions
    ) -> None:
        cookie = str(callers.begin_session(UI[0])).partition(";")[0]
        replaced = known(tmp_path, policy, FILE.replace(UI[1], new_token()[1]))
        assert by(replaced, cookie=cookie) is None
        renamed = known(tmp_path, policy, FILE.replace("ines@example.com", "somebody"))
        assert by(renamed, cookie=cookie) is None

    def test_what_is_changed_in_it_is_nobodys(self, callers: KnownCallers) -> None:
        cookie = str(callers.begin_session(BOT[0])).partition(";")[0]
        name, until, signature = cookie.rpartition("=")[2].split("~")
        assert by(callers, cookie=f"{callers._sessions.name}={name}~{until}~{signature}") is not None
        for other in (
            f"ines@example.com~{until}~{signature}",
            f"{name}~{int(until) + 1}~{signature}",
            f"{name}~{until}~{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
            f"{name}~{until}~",
            f"{name}~{signature}",
            f"maria~{until}~{signature}",  # has no token
            "",
            "~~",
            "\u00e9~1~x",
        ):
            assert by(callers, cookie=f"{callers._sessions.name}={other}") is None, other

    def test_no_cookie_takes_long_to_read(self, callers: KnownCallers) -> None:
        """Backslashes between quotes, which a reader of quoted cookies goes over once for each."""
        began = time.monotonic()
        for _ in range(10):
            assert by(callers, cookie='__Host-billpolicy="' + "\\" * 30_000 + '"') is None
        assert time.monotonic() - began < 2

    def test_it_is_over_some_time(self) -> None:
        now = [1_000_000.0]
        sessions = Sessions(KEY, secure=True, clock=lambda: now[0])
        cookie = sessions.begin("ines", "d").partition(";")[0].partition("=")[2]
        now[0] += HOURS * 3600 - 1
        assert sessions.holds(cookie, "d")
        now[0] += 1
        assert not sessions.holds(cookie, "d")

    def test_another_start_of_the_service_does_not_know_it(self) -> None:
        cookie = Sessions(KEY, secure=True).begin("ines", "d").partition(";")[0].partition("=")[2]
        assert not Sessions(b"x" * 32, secure=True).holds(cookie, "d")


@pytest.fixture
def client(policy: billpolicy.Versions, callers: KnownCallers) -> Iterator[TestClient]:
    still = Rates(clock=lambda: 0.0)  # however slow the machine is
    serving = Serving(InForce(policy), billpolicy.load_book(STORY / "book.yaml"), callers, rates=still)
    base = "https://billing.example.com"
    with TestClient(app_of(serving), base, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def bearer(token: tuple[str, str]) -> dict[str, str]:
    return {"authorization": f"Bearer {token[0]}"}


def test_each_may_do_what_their_scopes_say(client: TestClient) -> None:
    assert client.get("/matrix").status_code == 401
    assert client.get("/matrix").headers["www-authenticate"] == "Bearer"
    assert client.get("/matrix", headers=bearer(BOT)).status_code == 403
    assert client.get("/matrix", headers=bearer(UI)).status_code == 200
    assert client.post("/explain", json=NO_HOT_WATER, headers=bearer(UI)).status_code == 200
    refused = client.post("/explain", json=NO_HOT_WATER, headers=bearer(BOT)).json()
    assert [one["code"] for one in refused["diagnostics"]] == ["actor-missing"], "the policy asks who it is"
    refused = client.post("/explain", headers=bearer(SCRAPER)).json()
    assert refused["detail"] == "`scraper` may not do this: it takes the scope `plan`"


def test_nobody_asks_more_often_than_they_may(client: TestClient) -> None:
    statuses = [client.get("/matrix", headers=bearer(UI)).status_code for _ in range(8)]
    assert statuses[:6] == [200] * 6, "3 a second, over 2 seconds"
    assert statuses[7] == 429


def test_guessing_is_slow(client: TestClient) -> None:
    statuses = [client.get("/matrix", headers={"authorization": f"Bearer {n}"}).status_code for n in range(30)]
    assert set(statuses[:20]) == {401}, "10 a second, over 2 seconds"
    assert 429 in statuses[20:]


def test_of_nobody_no_large_body_is_kept(client: TestClient) -> None:
    """A form has a token and an address. 1,000 connections with 8 MB each would be all the memory there is."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=b"token=" + b"a" * 60_000, headers=form).status_code == 401
    answer = client.post("/login", content=iter([b"token=", b"a" * 70_000]), headers=form)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "more was sent than the 64 KB that are read"


def test_a_browser_logs_in_and_out(client: TestClient) -> None:
    sent = client.get("/pages/matrix")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/pages/matrix")
    page = client.get(sent.headers["location"])
    assert page.status_code == 200
    assert 'name="next" value="/pages/matrix"' in page.text
    assert "kiln" not in page.text.lower(), "nothing of the policy"
    wrong = client.post("/login", data={"token": "wrong", "next": "/pages/matrix"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    done = client.post("/login", data={"token": UI[0], "next": "/pages/matrix"})
    assert (done.status_code, done.headers["location"]) == (303, "/pages/matrix")
    assert '<form action="/logout" method="post"><button>Sign out</button></form>' in client.get("/pages/matrix").text
    out = client.post("/logout")
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert client.get("/pages/matrix").status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_cookie_is_not_enough_for_a_page_of_another_site(client: TestClient, site: str) -> None:
    client.post("/login", data={"token": UI[0]})
    assert client.post("/explain", headers={"sec-fetch-site": site}).status_code == 403
    assert client.post("/logout", headers={"sec-fetch-site": site}).status_code == 403
    assert client.post("/explain", headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/explain", headers={"origin": "https://billing.example.com"}).status_code == 422


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/pages/../../x", "\\evil"])
def test_a_login_leads_to_pages_of_this_service_alone(client: TestClient, next: str) -> None:
    done = client.post("/login", data={"token": UI[0], "next": next})
    assert done.headers["location"] == "/pages/matrix"


def test_a_login_leads_to_all_that_the_address_said(client: TestClient) -> None:
    asked = "/pages/documents/A%3F1%2F2?decided=yes&today=2026-03-02"
    login = client.get(asked).headers["location"]
    assert login.startswith("/login?next=")
    kept = html.unescape(client.get(login).text.partition('name="next" value="')[2].partition('"')[0])
    assert client.post("/login", data={"token": UI[0], "next": kept}).headers["location"] == asked.replace("%2F", "/")


def test_a_token_in_an_address_is_not_taken(client: TestClient) -> None:
    sent = client.post("/login", params={"token": UI[0]})
    assert "set-cookie" not in sent.headers
    empty = client.post(
        "/login", params={"token": UI[0]}, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert "set-cookie" not in empty.headers


def test_a_part_of_a_page_leads_all_of_it_to_the_login(client: TestClient) -> None:
    part = client.get("/pages/matrix", headers={"hx-request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/login?next=/pages/matrix")


ONE = f"callers: [{{name: bot, token: '{BOT[1]}', scopes: [read]}}]\n"


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("name: bot", "name: b t", "caller-wrong", "`b t` cannot be the name of a caller"),
        ("name: bot", "name: a~b", "caller-wrong", "`a~b` cannot be the name of a caller"),
        (f"token: '{BOT[1]}', ", "", "caller-wrong", "nothing says how `bot` is known"),
        (BOT[1], BOT[0], "caller-wrong", "the digest of a token is wanted here"),
        (BOT[1], f"sha256:{sha256(b'').hexdigest()}", "caller-wrong", "the digest of an empty token"),
        ("scopes: [read]", "user: ines, scopes: [read]", "caller-wrong", "there is no proxy that could say `ines`"),
        ("[read]", "[post]", "caller-wrong", "nobody is named who answers for it"),
        ("[read]", "[approve]", "caller-wrong", "nobody is named who answers for it"),
        ("[read]", "[]", "caller-wrong", "`bot` may ask for nothing"),
        ("[read]", "[write]", "value-not-allowed", "`write` is not one of the values"),
        ("[read]", "[read], actor: stranger", "caller-wrong", "`stranger` is in no role of the policy"),
        ("[read]", "[read], rate: 0", "value-wrong", "nobody can ask 0 times a second"),
        ("[read]", "[read], role: x", "key-unknown", "`role` is not a key"),
        ("callers: [{", "proxy: {address: all}\ncallers: [{", "caller-wrong", "`all` is not the address of a machine"),
        ("callers: [{", "proxy: {address: 10.0.0.5, header: Cookie}\ncallers: [{", "caller-wrong", "cannot be the"),
        ("}]", f"}}, {{name: bot, token: '{UI[1]}', scopes: [read]}}]", "caller-wrong", "have the same name"),
        ("}]", f"}}, {{name: other, token: '{BOT[1]}', scopes: [read]}}]", "caller-wrong", "have the same token"),
        (ONE, "callers: []\n", "caller-wrong", "there is nobody in this file"),
    ],
)
def test_what_the_file_may_not_say(
    tmp_path: Path, policy: billpolicy.Versions, old: str, new: str, code: str, says: str
) -> None:
    assert ONE.count(old) == 1
    path = tmp_path / "callers.yaml"
    path.write_text(ONE.replace(old, new))
    with pytest.raises(Refused) as caught:
        load_callers(path, policy.policies)
    first = caught.value.diagnostics[0]
    assert first.code == code
    assert says in first.message
    assert first.position is not None
    assert first.position.line > 0
    assert not any(BOT[0] in str(one) for one in caught.value.diagnostics), "what was taken for a digest may be a token"
