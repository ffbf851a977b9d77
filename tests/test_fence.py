"""Who may use the admin API: this machine's programs, and no page that a browser happens to show.

Which names, origins and tokens; that this holds for every route is tested in test_safety.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mocksrv.threaded import running
from tests.http import CASHFREE, Answer, app_for, call


@contextmanager
def serving(**settings: Any) -> Iterator[str]:
    with running(app_for(**settings)) as url:
        yield url


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server whose admin API asks for a token and answers to two further names."""
    with serving(admin_token="s3cret", allow_host=("mock.internal", "Sandbox.Example")) as url:  # noqa: S106
        yield url


def admin(url: str, path: str = "/health", method: str = "GET", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(method, f"{url}/__admin{path}", headers=named)


def refused(answer: Answer, status: int, kind: str) -> str:
    """Assert that it is a problem of ours, and give its sentence."""
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (status, kind)
    assert (answer.body["status"], answer.body["type"]) == (status, f"urn:mocksrv:{kind}")
    return str(answer.body["detail"])


# Host: a page whose name was rebound to 127.0.0.1 sends its own name


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "LOCALHOST", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8765"]
)
def test_this_machines_names_are_answered(sandbox: str, host: str) -> None:
    assert admin(sandbox, Host=host).status == 200


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("evil.example", "evil.example"),
        ("evil.example:8765", "evil.example"),
        ("localhost.evil.example", "localhost.evil.example"),
        ("127.0.0.1.nip.io:8765", "127.0.0.1.nip.io"),
        ("evil.example#localhost", "evil.example"),
        ("localhost@evil.example", "evil.example"),
        ("localhost, evil.example", "localhost, evil.example"),
        ("[::2]", "::2"),
        ("[::1", ""),
        ("::1", ""),
        ("0.0.0.0", "0.0.0.0"),  # noqa: S104
        ("127.0.0.2", "127.0.0.2"),
        ("", ""),
    ],
)
def test_a_foreign_name_is_refused(sandbox: str, host: str, name: str) -> None:
    detail = refused(admin(sandbox, Host=host), 403, "foreign-host")
    assert detail == f'The Host header says "{name}"; allow it with --allow-host {name or "NAME"}.'


@pytest.mark.parametrize("host", ["mock.internal", "MOCK.internal:80", "sandbox.example", "localhost"])
def test_a_name_that_was_allowed_is_answered(guarded: str, host: str) -> None:
    assert admin(guarded, Host=host, Authorization="Bearer s3cret").status == 200


def test_the_name_that_is_listened_on_is_answered() -> None:
    with serving(host="127.0.0.2") as url:
        assert admin(url, Host="127.0.0.2:8765").status == 200
        refused(admin(url, Host="127.0.0.3"), 403, "foreign-host")


def test_the_name_that_is_listened_on_is_answered_beyond_loopback() -> None:
    with serving(host="box.example", admin_token="t") as url:  # noqa: S106
        assert admin(url, Host="box.example:8765", Authorization="Bearer t").status == 200
        refused(admin(url, Host="evil.example", Authorization="Bearer t"), 403, "foreign-host")


# Origin and Sec-Fetch-Site: a page that a browser shows


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://localhost:3000", "https://localhost:8765", "http://localhost",
     "http://localhost:8765.evil.example", "file://"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(sandbox: str, origin: str) -> None:
    answer = admin(sandbox, Host="localhost:8765", Origin=origin)
    assert refused(answer, 403, "foreign-origin") == f'The Origin is "{origin}".'


@pytest.mark.parametrize("origin", ["http://localhost:8765", "HTTP://LOCALHOST:8765"])
def test_our_own_page_is_answered(sandbox: str, origin: str) -> None:
    assert admin(sandbox, Host="localhost:8765", Origin=origin, Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", ""])
def test_a_call_that_a_browser_makes_for_another_site_is_refused(sandbox: str, site: str) -> None:
    assert refused(admin(sandbox, Sec_Fetch_Site=site), 403, "cross-site") == "Sec-Fetch-Site says so."


def test_what_a_person_types_into_the_browser_is_answered(sandbox: str) -> None:
    assert admin(sandbox, Sec_Fetch_Site="none").status == 200


# Content type: what a browser sends without asking


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                                  "application/jsonp", "text/json"])  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("POST", "/reset"), ("PUT", "/clock"), ("PUT", "/records/user/x")])
def test_a_body_that_is_not_called_json_is_refused(sandbox: str, method: str, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = call(method, f"{sandbox}/__admin{path}", raw="{}", headers=headers)
    assert refused(answer, 415, "not-json") == "Send Content-Type: application/json."


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_a_body_that_is_called_json_is_read(sandbox: str, kind: str) -> None:
    answer = call(
        "PUT", f"{sandbox}/__admin/clock", raw='{"action": "advance", "by": "1s"}', headers={"Content-Type": kind}
    )
    assert answer.status == 200


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}, {"Content-Type": "text/plain"}])
def test_an_empty_body_needs_no_content_type(sandbox: str, headers: dict[str, str]) -> None:
    assert call("POST", f"{sandbox}/__admin/reset", headers=headers).status == 200


# The token


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Basic s3cret",
              "Bearer s3cret, Bearer s3cret", "Bearer s3cr\xe9t"],
)  # fmt: skip
def test_without_the_right_token_nothing_is_answered(guarded: str, given: str | None) -> None:
    answer = admin(guarded, **({} if given is None else {"Authorization": given}))
    assert refused(answer, 401, "admin-token") == "Send Authorization: Bearer <token>."
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mocksrv admin"'


def test_the_token_does_not_open_the_fence_for_foreign_pages(guarded: str) -> None:
    token = "Bearer s3cret"  # noqa: S105
    refused(admin(guarded, Authorization=token, Host="evil.example"), 403, "foreign-host")
    refused(admin(guarded, Authorization=token, Origin="http://evil.example"), 403, "foreign-origin")
    refused(admin(guarded, Authorization=token, Sec_Fetch_Site="cross-site"), 403, "cross-site")


# What is not fenced


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": ""}],
    ids=str,
)
def test_vendor_routes_have_no_fence(guarded: str, headers: dict[str, str]) -> None:
    answer = call("POST", f"{guarded}/ppi/otp/generate", {}, headers={**CASHFREE, **headers})
    assert (answer.status, answer.body["code"]) == (400, "otp_verification_id_missing")
