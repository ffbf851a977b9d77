"""What holds for every route of the admin API there is, and for each that will be: who is refused changes nothing."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mocksrv.errors import SettingsError
from mocksrv.settings import Settings
from mocksrv.threaded import running
from mocksrv.web import fence
from tests.admin import START, USER, admin, generate
from tests.http import Answer, app_for, call

FOREIGN_HOSTS = (
    "evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.nip.io", "evil.example#localhost",
    "localhost@evil.example", "localhost, evil.example", "[::2]", "[::1", "0.0.0.0", "127.0.0.2", "",  # noqa: S104
)  # fmt: skip
FOREIGN_ORIGINS = ("http://evil.example", "null", "", "https://localhost:8765", "http://localhost:3000", "file://")
OURS = {"Host": "localhost:8765"}
TOKEN = {"Authorization": "Bearer s3cret"}
# What a route must be sent to do what it is for; one that is not listed here is sent {}.
BODIES: dict[str, dict[str, Any]] = {
    "moveClock": {"action": "advance", "by": "1 day"},
    "putRecord": {"phone": "9000000000"},
    "sign": {"operation": "VrsMobile360SendOtpRequest", "client": "TEST_CLIENT_2FA"},
    "armFault": {"answer": "502 Bad Gateway"},
    "createSandbox": {"name": "made"},
}
# What stands in a path, by the name of its parameter; "id" and "name" are different things on different routes.
PARTS = {"kind": "user", "key": USER, "client": "TEST_CLIENT_2FA"}
NAMES = {"/scenarios": "outage", "/sandboxes": "victim"}


@dataclass(frozen=True)
class Route:
    """A route of the admin API: its operation, its method and its path, with the path's parameters in braces."""

    operation: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ROUTES = [
    Route(str(rule.endpoint).removeprefix("admin."), method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule[8:]))
    for rule in app_for().url_map.iter_rules()
    if rule.rule.startswith("/__admin/")
    for method in sorted((rule.methods or set()) - {"HEAD"})
]
GETS = [each for each in ROUTES if each.method == "GET"]
WRITES = [each for each in ROUTES if each.method != "GET"]
TOLD = ("/messages", "/otps", "/requests", "/clock", "/faults", "/scenarios", "/coverage", f"/records/user/{USER}")


class World:
    """A server with something of everything in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.admin("/clock", "PUT", {"action": "freeze", "to": START})
        generate(url)
        call("GET", f"{url}/nowhere")
        call("GET", f"{url}/@victim/nowhere")
        self.fault = self.admin("/faults", "POST", {"answer": "502 Bad Gateway"}).body["id"]
        self.before = self.now()

    def admin(self, path: str, method: str = "GET", json: Any = None) -> Answer:
        """Ask the admin API as somebody who may."""
        return admin(self.url, path, method, json, **TOKEN)

    def now(self) -> dict[str, Any]:
        """What its admin API tells of it, but for the time that passes."""
        told = {path: self.admin(path).body for path in TOLD}
        sandboxes = self.admin("/sandboxes").body
        for each in sandboxes["sandboxes"]:
            del each["idleInSeconds"]
        # The one used last comes first, and to be asked is to be used.
        sandboxes["sandboxes"].sort(key=lambda each: each["name"])
        health = self.admin("/health").body
        return {**told, "sandboxes": sandboxes, "dropped": health["dropped"], "faults": health["faults"]}

    def is_unchanged(self) -> bool:
        """Whether all that is told of it is as it was in the beginning."""
        return self.now() == self.before

    def ask(self, route: Route, method: str = "", media: str = "application/json", **headers: str) -> Answer:
        """Ask a route what it is for, as somebody who may, but for the headers."""
        ids = {"/faults": self.fault, "/otps": "latest", "/requests": "latest"}
        part = "/" + route.path.split("/")[1]
        path = route.path.format(**PARTS, id=ids.get(part), name=NAMES.get(part))
        query = "?timeout=0s" if route.operation == "waitForOtp" else ""
        body = BODIES.get(route.operation, {}) if route.method in ("POST", "PUT") else None
        sent = {"Content-Type": media, **OURS, **TOKEN, **headers}
        return call(method or route.method, f"{self.url}/__admin{path}{query}", body, headers=sent)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One server for all attacks: what one of them changed would be seen by the next."""
    with running(app_for()) as url:
        yield World(url)


@pytest.fixture(scope="module")
def guarded() -> Iterator[World]:
    """A server beyond loopback, as its settings have it, so that its admin API asks for a token."""
    with running(app_for(host="box.example", admin_token="s3cret")) as url:  # noqa: S106
        yield World(url)


@pytest.fixture
def fresh() -> Iterator[World]:
    with running(app_for()) as url:
        yield World(url)


def refused(answer: Answer) -> tuple[int, str]:
    """Status and kind of a problem of ours."""
    kind = answer.headers.get("X-Mocksrv-Error", "")
    if answer.raw:  # HEAD has none
        assert (answer.body["status"], answer.body["type"]) == (answer.status, f"urn:mocksrv:{kind}")
    assert "Access-Control-Allow-Origin" not in answer.headers
    return answer.status, kind


def test_there_are_routes_to_test() -> None:
    assert len({each.operation for each in ROUTES}) >= 40


@pytest.mark.parametrize("route", WRITES, ids=str)
def test_who_may_ask_is_answered(fresh: World, route: Route) -> None:
    """Or the refusals below would say nothing."""
    assert fresh.ask(route).status in (200, 201)


@pytest.mark.parametrize("route", GETS, ids=str)
def test_no_get_changes_anything(world: World, route: Route) -> None:
    for method in ("GET", "HEAD"):
        assert (world.ask(route, method).status, world.is_unchanged()) == (200, True)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_name_that_was_rebound_reaches_nothing(world: World, route: Route) -> None:
    assert {refused(world.ask(route, Host=host)) for host in FOREIGN_HOSTS} == {(403, "foreign-host")}
    assert world.is_unchanged()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_page_of_another_origin_reaches_nothing(world: World, route: Route) -> None:
    assert {refused(world.ask(route, Origin=origin)) for origin in FOREIGN_ORIGINS} == {(403, "foreign-origin")}
    assert world.is_unchanged()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_what_a_browser_sends_for_another_site_reaches_nothing(world: World, route: Route) -> None:
    sites = ("cross-site", "same-site", "CROSS-SITE", "")
    assert {refused(world.ask(route, **{"Sec-Fetch-Site": each})) for each in sites} == {(403, "cross-site")}
    assert world.is_unchanged()


@pytest.mark.parametrize("route", [each for each in ROUTES if each.method in ("POST", "PUT")], ids=str)
def test_what_a_browser_sends_without_asking_reaches_nothing(world: World, route: Route) -> None:
    simple = ("text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data", "")
    assert {refused(world.ask(route, media=each)) for each in simple} == {(415, "not-json")}
    assert world.is_unchanged()


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_page_may_ask_whether_it_may_ask(world: World, route: Route) -> None:
    asking = {"Origin": "http://evil.example", "Access-Control-Request-Method": route.method}
    answer = world.ask(route, "OPTIONS", **asking)
    assert refused(answer) == (405, "no-such-method")
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert world.is_unchanged()


@pytest.mark.parametrize("prefix", ["/@victim", "/@unheard-of"])
@pytest.mark.parametrize("route", WRITES, ids=str)
def test_a_sandbox_by_its_name_is_no_way_in(world: World, route: Route, prefix: str) -> None:
    path = route.path.format(**PARTS, id="latest", name="victim")
    for headers in ({"Host": "evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert call(route.method, f"{world.url}{prefix}/__admin{path}", {}, headers={**OURS, **headers}).status == 403
        named = {**OURS, **headers, "X-Mocksrv-Sandbox": prefix[2:]}
        assert call(route.method, f"{world.url}/__admin{path}", {}, headers=named).status == 403
    assert world.is_unchanged()


@pytest.mark.parametrize("path", ["/%5F%5Fadmin/reset", "/__admin/%72eset", "/@victim/%5f_admin/reset"])
def test_a_path_that_is_written_in_another_way_is_no_way_in(world: World, path: str) -> None:
    answer = call("POST", world.url + path, {}, headers={"Host": "evil.example"})
    assert refused(answer) == (403, "foreign-host")
    assert world.is_unchanged()


@pytest.mark.parametrize("path", ["//__admin/reset", "/__admin//reset", "/x/../__admin/reset", "/__admin/./reset",
                                  "/__ADMIN/reset", "/@victim//__admin/reset", "/__admin/reset/"])  # fmt: skip
def test_what_only_looks_like_a_route_is_none(world: World, path: str) -> None:
    before = admin(world.url, "/requests?limit=0").body["meta"]["total"]
    # Some servers read "//" as "/"; then it is a route, and fenced.
    assert call("POST", world.url + path, {}, headers={"Host": "evil.example"}).status in (403, 404)
    assert admin(world.url, "/otps").body == world.before["/otps"]
    assert admin(world.url, "/requests?limit=0").body["meta"]["total"] >= before
    world.before = world.now()


# The token, which is asked for beyond loopback


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_without_the_token_no_route_answers(guarded: World, route: Route) -> None:
    for given in ("", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Basic s3cret"):
        answer = guarded.ask(route, Authorization=given)
        assert refused(answer) == (401, "admin-token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mocksrv admin"'
    assert guarded.is_unchanged()


@pytest.mark.parametrize("route", GETS, ids=str)
def test_with_the_token_a_route_answers_to_its_own_name_and_to_no_other(guarded: World, route: Route) -> None:
    for host in ("localhost", "box.example:8765", "BOX.example"):
        assert guarded.ask(route, Host=host).status == 200
    assert refused(guarded.ask(route, Host="evil.example")) == (403, "foreign-host")


def test_the_token_is_compared_in_constant_time(guarded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[object, object]] = []

    def compare(given: Any, kept: Any) -> bool:
        compared.append((given, kept))
        return hmac.compare_digest(given, kept)

    monkeypatch.setattr(fence, "hmac", type("Hmac", (), {"compare_digest": staticmethod(compare)}))
    assert admin(guarded.url, "/health", Authorization="Bearer wrong").status == 401
    assert admin(guarded.url, "/health", **TOKEN).status == 200
    assert compared == [(b"Bearer wrong", b"Bearer s3cret"), (b"Bearer s3cret", b"Bearer s3cret")]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "box.example"])  # noqa: S104
def test_beyond_loopback_there_is_no_server_without_a_token(host: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(host=host)
    assert str(raised.value) == (
        f"listening on {host} lets other machines in; set --admin-token (or MOCKSRV_ADMIN_TOKEN) to protect the admin "
        "API, or keep --host 127.0.0.1"
    )
