"""The admin API: what a suite asks of its sandbox."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from mocksrv import __version__
from mocksrv.threaded import running
from tests.http import CASHFREE, Answer, app_for, call, catalogue

USER = {"key": "USER827364", "phone": "9876543210", "status": "ACTIVE"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def generate(url: str, id_: str = "Test123", user: str = "USER827364", modes: tuple[str, ...] = ("SMS",)) -> Answer:
    body = {"otp_verification_id": id_, "user_id": user, "notification_modes": list(modes)}
    return call("POST", f"{url}/ppi/otp/generate", body, headers=CASHFREE)


def admin(url: str, path: str, method: str = "GET", json: Any = None, **headers: str) -> Answer:
    return call(method, f"{url}/__admin{path}", json, headers=headers)


def problem(status: int, kind: str, title: str, detail: str) -> dict[str, object]:
    return {"type": f"urn:mocksrv:{kind}", "title": title, "status": status, "detail": detail}


def sandbox_name(url: str) -> str:
    return url.rpartition("@")[2]


# health and reset


def test_health_says_what_runs_and_for_whom(sandbox: str) -> None:
    body = admin(sandbox, "/health").body
    assert isinstance(body.pop("uptimeInSeconds"), int)
    assert body == {
        "status": "healthy",
        "version": __version__,
        "operations": len(catalogue().rules),
        "faults": {},
        "sandbox": sandbox_name(sandbox),
        "dropped": {"records": 0, "messages": 0, "entries": 0},
    }


def test_reset_returns_the_sandbox_to_the_start(sandbox: str) -> None:
    generate(sandbox)
    admin(sandbox, "/records/user/OTHER", "PUT", {"phone": "9000000000"})
    admin(sandbox, "/clock", "PUT", {"action": "advance", "by": "1 day"})
    assert admin(sandbox, "/reset", "POST").body == {"reset": sandbox_name(sandbox)}
    assert admin(sandbox, "/messages").body == {"messages": [], "meta": {"total": 0}}
    assert admin(sandbox, "/requests").body["requests"] == []
    assert admin(sandbox, "/otps/latest").status == 404
    assert admin(sandbox, "/records/user/OTHER").status == 404
    assert admin(sandbox, "/clock").body["now"][:10] == datetime.now(UTC).isoformat()[:10]
    assert generate(sandbox).status == 200


def test_reset_touches_no_other_sandbox(sandbox: str) -> None:
    generate(sandbox)
    assert admin(f"{sandbox}-other", "/reset?all=false", "POST").body == {"reset": f"{sandbox_name(sandbox)}-other"}
    assert generate(sandbox).status == 409


def test_reset_of_all_returns_every_sandbox_to_the_start() -> None:
    with running(app_for()) as url:
        for name in ("", "/@a", "/@b"):
            generate(url + name)
        assert admin(f"{url}/@b", "/reset?all=true", "POST").body == {"reset": "all"}
        assert [generate(url + name).status for name in ("", "/@a", "/@b")] == [200, 200, 200]


def test_reset_brings_a_removed_record_back(sandbox: str) -> None:
    admin(sandbox, "/records/user/USER827364", "DELETE")
    assert generate(sandbox).status == 404
    admin(sandbox, "/reset", "POST")
    assert generate(sandbox).status == 200


# messages and codes


def test_messages_are_shown_newest_first(sandbox: str) -> None:
    admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2026-01-01T00:00:00Z"})
    generate(sandbox, modes=("SMS", "WHATSAPP"))
    body = admin(sandbox, "/messages").body
    assert body["meta"] == {"total": 2}
    assert [UUID.fullmatch(message.pop("id")) is not None for message in body["messages"]] == [True, True]
    assert body["messages"] == [
        {
            "operation": "generateOtp",
            "via": via,
            "to": "9876543210",
            "subject": None,
            "text": "111000 is your wallet verification code.",
            "code": "111000",
            "sent": "2026-01-01T00:00:00.000Z",
        }
        for via in ("WHATSAPP", "SMS")
    ]


def test_messages_can_be_asked_for_by_recipient(sandbox: str) -> None:
    admin(sandbox, "/records/user/OTHER", "PUT", {"phone": "9000000000"})
    generate(sandbox, "first")
    generate(sandbox, "second", "OTHER")
    assert [each["to"] for each in admin(sandbox, "/messages?to=9876543210").body["messages"]] == ["9876543210"]
    assert admin(sandbox, "/messages?to=nobody").body == {"messages": [], "meta": {"total": 0}}
    assert admin(sandbox, "/messages/latest").body["to"] == "9000000000"
    assert admin(sandbox, "/messages/latest?to=9876543210").body["to"] == "9876543210"


@pytest.mark.parametrize(("route", "what"), [("/messages/latest", "message"), ("/otps/latest", "OTP")])
def test_nothing_sent_is_a_404_that_says_so(sandbox: str, route: str, what: str) -> None:
    where = f"In the sandbox {sandbox_name(sandbox)}"
    nobody, somebody = admin(sandbox, route), admin(sandbox, f"{route}?to=5550")
    assert nobody.body == problem(404, "nothing-sent", f"No {what}", f"{where}, none was sent yet.")
    assert somebody.body == problem(404, "nothing-sent", f"No {what}", f'{where}, "5550" was sent none.')
    assert nobody.status == 404


@pytest.mark.parametrize("to", ["9876543210", "USER827364"])
def test_the_latest_code_is_found_by_whomever_the_call_named(sandbox: str, to: str) -> None:
    admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2026-01-01T00:00:00Z"})
    generate(sandbox)
    assert admin(sandbox, f"/otps/latest?to={to}").body == {
        "code": "111000",
        "id": "Test123",
        "to": to,
        "operation": "generateOtp",
        "sent": "2026-01-01T00:00:00.000Z",
    }


def test_the_latest_code_of_anyone_is_the_newest(sandbox: str) -> None:
    generate(sandbox, "first")
    generate(sandbox, "second")
    assert [admin(sandbox, "/otps/latest").body[name] for name in ("id", "to")] == ["second", "9876543210"]


@pytest.mark.parametrize(
    ("accept", "bare"),
    [("text/plain", True), ("text/plain; charset=utf-8", True), ("text/*", True), ("text/plain, */*", True),
     ("text/plain, application/json;q=0.9", True), ("application/json", False), ("*/*", False), ("", False),
     ("application/json, text/plain, */*", False), ("image/png", False)],
)  # fmt: skip
def test_the_bare_code_comes_as_text(sandbox: str, accept: str, bare: bool) -> None:
    generate(sandbox)
    answer = admin(sandbox, "/otps/latest?to=9876543210", Accept=accept)
    assert answer.headers["Content-Type"] == ("text/plain; charset=utf-8" if bare else "application/json")
    assert answer.raw == b"111000" if bare else answer.body["code"] == "111000"


# requests


def test_a_call_is_shown_as_wiremock_shows_it(sandbox: str) -> None:
    sent = '{"otp_verification_id": "é", "user_id": 5}'
    call("POST", f"{sandbox}/ppi/otp/generate?a=1&b=%20", raw=sent, headers={**CASHFREE, "Cookie": "c=d"})
    body = admin(sandbox, "/requests").body
    (entry,) = body.pop("requests")
    assert body == {"meta": {"total": 1}, "requestJournalDisabled": False}
    assert set(entry) == {
        "id",
        "request",
        "responseDefinition",
        "response",
        "wasMatched",
        "operation",
        "why",
    }
    asked = entry["request"]
    assert (asked["method"], asked["clientIp"], asked["body"], asked["cookies"]) == (
        "POST",
        "127.0.0.1",
        sent,
        {"c": "d"},
    )
    assert asked["url"] == "/ppi/otp/generate?a=1&b=%20"
    assert asked["absoluteUrl"] == f"{sandbox}/ppi/otp/generate?a=1&b=%20"
    assert {name.lower(): value for name, value in asked["headers"].items()}["x-client-id"] == "TEST_CLIENT_ID"
    assert datetime.fromtimestamp(asked["loggedDate"] / 1000, UTC).isoformat()[:19] == asked["loggedDateString"][:19]
    assert MOMENT.fullmatch(asked["loggedDateString"])
    refusal = '{"code": "otp_verification_id_invalid", "type": "validation_error"'
    assert entry["responseDefinition"]["status"] == entry["response"]["status"] == 400
    assert entry["responseDefinition"]["body"].startswith(refusal)
    assert entry["response"]["headers"]["Content-Type"] == "application/json"
    assert entry["response"]["headers"]["X-Mocksrv-Why"] == entry["why"]
    assert (entry["wasMatched"], entry["operation"]) == (True, "generateOtp")
    assert UUID.fullmatch(entry["id"])


def test_calls_are_shown_newest_first(sandbox: str) -> None:
    for id_ in "abc":
        generate(sandbox, id_)
    bodies = [entry["request"]["body"] for entry in admin(sandbox, "/requests").body["requests"]]
    assert [re.findall('"otp_verification_id": "(.)"', body) for body in bodies] == [["c"], ["b"], ["a"]]


@pytest.mark.parametrize(("limit", "shown"), [("0", 0), ("2", 2), ("3", 3), ("99", 3), ("", 3)])
def test_a_limit_bounds_what_is_shown(sandbox: str, limit: str, shown: int) -> None:
    for id_ in "abc":
        generate(sandbox, id_)
    body = admin(sandbox, f"/requests?limit={limit}").body
    assert (len(body["requests"]), body["meta"]["total"]) == (shown, 3)


@pytest.mark.parametrize("limit", ["-1", "x", "1.5", "%C2%B2", "9" * 5_000])
def test_a_limit_that_is_no_number_is_no_fault_of_ours(sandbox: str, limit: str) -> None:
    assert admin(sandbox, f"/requests?limit={limit}").status in (200, 400)


@pytest.mark.parametrize(
    ("path", "operation"), [("/ppi/otp/generate", "generateOtp"), ("/ppi/nope", None), ("/nope", None)]
)
def test_a_call_that_met_no_operation_is_unmatched(sandbox: str, path: str, operation: str | None) -> None:
    call("POST", sandbox + path)
    (entry,) = admin(sandbox, "/requests").body["requests"]
    assert (entry["wasMatched"], entry["operation"]) == (operation is not None, operation)


def test_calls_of_the_admin_api_are_not_in_the_journal(sandbox: str) -> None:
    for path in ("/health", "/requests", "/otps/latest", "/nowhere", "/health/x"):
        admin(sandbox, path)
    admin(sandbox, "/health", "DELETE")
    assert admin(sandbox, "/requests").body["meta"] == {"total": 0}


def test_a_body_that_is_too_large_is_left_out_of_the_journal(sandbox: str) -> None:
    call("POST", f"{sandbox}/ppi/otp/generate", raw=b"x" * (2 << 20), headers=CASHFREE)
    (entry,) = admin(sandbox, "/requests").body["requests"]
    assert (entry["request"]["body"], entry["responseDefinition"]["status"]) == ("", 400)


def test_bad_utf_8_is_shown_with_replacement_characters(sandbox: str) -> None:
    call("POST", f"{sandbox}/ppi/otp/generate", raw=b"a\xffb", headers=CASHFREE)
    (entry,) = admin(sandbox, "/requests").body["requests"]
    assert entry["request"]["body"] == "a\N{REPLACEMENT CHARACTER}b"


# records


def test_a_record_can_be_looked_at(sandbox: str) -> None:
    assert admin(sandbox, "/records/user/USER827364?product=cashfree/ppi").body == {
        "kind": "user",
        "key": "USER827364",
        "records": [{"product": "cashfree/ppi", "scope": None, "fields": USER}],
    }


@pytest.mark.parametrize("key", ["NEW", "a/b", "a%20b", "%C3%A9", "x" * 50])
def test_a_record_that_was_put_counts_for_the_vendor(sandbox: str, key: str) -> None:
    put = admin(
        sandbox, f"/records/user/{key}?product=cashfree/ppi", "PUT", {"phone": "9000000001", "status": "BLOCKED"}
    )
    (record,) = put.body["records"]
    assert (put.status, record["fields"]) == (
        200,
        {"phone": "9000000001", "status": "BLOCKED", "key": put.body["key"]},
    )
    assert admin(sandbox, f"/records/user/{key}?product=cashfree/ppi").body == put.body
    assert generate(sandbox, user=put.body["key"]).body["status"] == "FAILED"


def test_a_put_replaces_the_whole_record(sandbox: str) -> None:
    admin(sandbox, "/records/user/USER827364", "PUT", {"phone": "9000000001"})
    generate(sandbox)
    assert admin(sandbox, "/messages/latest").body["to"] == "9000000001"
    (record, *_) = admin(sandbox, "/records/user/USER827364?product=cashfree/ppi").body["records"]
    assert record["fields"] == {"phone": "9000000001", "key": "USER827364"}


def test_a_record_is_found_by_the_key_of_its_path(sandbox: str) -> None:
    put = admin(sandbox, "/records/user/X?product=cashfree/ppi", "PUT", {"key": "Y"})
    assert [record["fields"] for record in put.body["records"]] == [{"key": "X"}]
    assert admin(sandbox, "/records/user/Y?product=cashfree/ppi").status == 404


def test_plain_values_are_kept_as_texts(sandbox: str) -> None:
    given = {"text": "a", "number": 5, "fraction": 1.5, "yes": True, "no": False}
    put = admin(sandbox, "/records/user/X?product=cashfree/ppi", "PUT", given)
    (record,) = put.body["records"]
    assert record["fields"] == {"text": "a", "number": "5", "fraction": "1.5", "yes": "true", "no": "false", "key": "X"}


def test_a_client_that_was_put_may_call(sandbox: str) -> None:
    admin(sandbox, "/records/client/MINE?product=cashfree/ppi", "PUT", {"secret": "S"})
    mine = {"x-client-id": "MINE", "x-client-secret": "S"}
    assert call("POST", f"{sandbox}/ppi/otp/generate", {}, headers=mine).status == 400
    admin(sandbox, "/records/client/MINE?product=cashfree/ppi", "DELETE")
    assert call("POST", f"{sandbox}/ppi/otp/generate", {}, headers=mine).status == 401


def test_a_record_that_was_removed_is_gone(sandbox: str) -> None:
    path = "/records/user/USER827364"
    removed = admin(sandbox, f"{path}?product=cashfree/ppi", "DELETE")
    assert [record["fields"] for record in removed.body["records"]] == [USER]
    assert generate(sandbox).body["code"] == "user_id_not_found"
    again = admin(sandbox, f"{path}?product=cashfree/ppi", "DELETE")
    detail = f'There is no user "USER827364" in {sandbox_name(sandbox)}.'
    assert again.body == problem(404, "no-such-record", "No such record", detail)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", ["user/nobody", "starship/USER827364", "user/USER827364?product=nobody/nothing"])
def test_a_record_that_is_not_there_is_a_404(sandbox: str, method: str, path: str) -> None:
    answer = admin(sandbox, f"/records/{path}", method)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-record")


@pytest.mark.parametrize("path", ["starship/x", "user/x?product=nobody/nothing"])
def test_a_kind_that_no_product_knows_cannot_be_put(sandbox: str, path: str) -> None:
    answer = admin(sandbox, f"/records/{path}", "PUT", {})
    kind = path.partition("/")[0]
    detail = f'The kind is "{kind}".'
    assert answer.body == problem(404, "no-such-kind", "No product knows this kind of record", detail)


@pytest.mark.parametrize(
    ("body", "kind", "title"),
    [
        ("{", "bad-json", "The body is not JSON"),
        ("[]", "bad-json", "The body is not a JSON object"),
        ("null", "bad-json", "The body is not a JSON object"),
        ('"x"', "bad-json", "The body is not a JSON object"),
        ("{} x", "bad-json", "The body is not JSON"),
        ("[" * 100_000, "bad-json", "The body is not JSON"),
        ('{"a": NaN}', "bad-json", "The body is not JSON"),
        ('{"a": "\\ud800"}', "bad-json", "The body is not JSON"),
        ('{"a": null}', "bad-record", "A record maps names to plain values"),
        ('{"a": {}}', "bad-record", "A record maps names to plain values"),
        ('{"a": []}', "bad-record", "A record maps names to plain values"),
    ],
    ids=lambda value: str(value)[:10],
)
def test_a_bad_record_is_refused_and_changes_nothing(sandbox: str, body: str, kind: str, title: str) -> None:
    url = f"{sandbox}/__admin/records/user/X"
    answer = call("PUT", url, raw=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.headers["X-Mocksrv-Error"], answer.body["title"]) == (400, kind, title)
    assert call("GET", url).status == 404


# the clock


def test_the_clock_runs_with_the_real_one(sandbox: str) -> None:
    before = datetime.now(UTC)
    body = admin(sandbox, "/clock").body
    assert before.timestamp() - 0.01 <= datetime.fromisoformat(body["now"]).timestamp() <= datetime.now(UTC).timestamp()
    assert body["frozen"] is False


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.500Z"),
        ("2030-01-01T05:30:00+05:30", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01T00:00:00", "2030-01-01T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_a_clock_can_be_frozen_at_a_moment(sandbox: str, moment: str, shown: str) -> None:
    assert admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": moment}).body == {"now": shown, "frozen": True}
    assert admin(sandbox, "/clock").body == {"now": shown, "frozen": True}


@pytest.mark.parametrize(
    ("duration", "shown"),
    [("10 minutes", "00:10:00.000"), ("10m", "00:10:00.000"), ("2s", "00:00:02.000"), ("250ms", "00:00:00.250"),
     ("hour", "01:00:00.000"), ("1.5 hours", "01:30:00.000"), (" 1 H ", "01:00:00.000")],
)  # fmt: skip
def test_a_frozen_clock_can_be_advanced(sandbox: str, duration: str, shown: str) -> None:
    admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2030-01-01T00:00:00Z"})
    moved = admin(sandbox, "/clock", "PUT", {"action": "advance", "by": duration})
    assert moved.body == {"now": f"2030-01-01T{shown}Z", "frozen": True}


def test_a_frozen_clock_runs_on_from_where_it_stands(sandbox: str) -> None:
    admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2030-01-01T00:00:00Z"})
    body = admin(sandbox, "/clock", "PUT", {"action": "run"}).body
    assert (body["now"][:17], body["frozen"]) == ("2030-01-01T00:00:", False)
    assert admin(sandbox, "/clock", "PUT", {"action": "run"}).body["frozen"] is False


def test_an_otp_expires_when_the_clock_has_moved(sandbox: str) -> None:
    generate(sandbox)
    admin(sandbox, "/clock", "PUT", {"action": "advance", "by": "10 minutes"})
    body = {"otp_verification_id": "Test123", "otp": "111000"}
    answer = call("POST", f"{sandbox}/ppi/otp/submit", body, headers=CASHFREE)
    assert answer.body == {"code": "otp_expired", "type": "validation_error", "message": "OTP has expired"}


def test_the_clock_is_not_set_back_after_the_first_call(sandbox: str) -> None:
    assert admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2000-01-01T00:00:00Z"}).status == 200
    generate(sandbox)
    assert admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "1999-01-01T00:00:00Z"}).body == problem(
        409,
        "backwards",
        "The clock only moves forward",
        "It may be set back before the first call only; reset the sandbox to do so.",
    )
    assert admin(sandbox, "/clock").body["now"] == "2000-01-01T00:00:00.000Z"
    assert admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2000-01-01T00:00:01Z"}).status == 200


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"action": "advance", "by": "10 minutes", "run": True},
        {"action": "advance", "by": ""},
        {"action": "advance", "by": "soon"},
        {"action": "advance", "by": "-5 minutes"},
        {"action": "advance", "by": "5"},
        {"action": "advance", "by": 5},
        {"action": "advance", "by": None},
        {"action": "advance", "by": ["1s"]},
        {"action": "freeze", "to": "tomorrow"},
        {"action": "freeze", "to": 0},
        {"action": "freeze", "to": True},
        {"action": "freeze", "to": "2030-13-01T00:00:00Z"},
        {"run": False},
        {"run": "maybe"},
        {"run": None},
        {"advnace": "1s"},
        {"now": "2030-01-01T00:00:00Z"},
        {"action": "advance", "by": "9" * 400 + " days"},
        {"action": "advance", "by": "99999999999 days"},
        {"action": "freeze", "to": "0001-01-01T00:00:00+14:00"},
        {"action": "freeze", "to": "9999-12-31T23:59:59-14:00"},
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_does_not_move_the_clock_is_refused_and_leaves_it(sandbox: str, given: dict[str, Any]) -> None:
    admin(sandbox, "/clock", "PUT", {"action": "freeze", "to": "2030-01-01T00:00:00Z"})
    answer = admin(sandbox, "/clock", "PUT", given)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (400, "bad-clock")
    assert answer.body["title"] == "This does not move the clock"
    assert admin(sandbox, "/clock").body == {"now": "2030-01-01T00:00:00.000Z", "frozen": True}


@pytest.mark.parametrize("body", ["{", "[]", "null", '"run"', "\xff"])
def test_a_clock_is_moved_by_an_object_only(sandbox: str, body: str) -> None:
    answer = call(
        "PUT", f"{sandbox}/__admin/clock", raw=body.encode("latin-1"), headers={"Content-Type": "application/json"}
    )
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (400, "bad-json")


# what is not there


@pytest.mark.parametrize("path", ["", "/", "/nowhere", "/health/", "/records/user", "/messages/first"])
def test_an_unknown_admin_route_is_a_404_of_ours(sandbox: str, path: str) -> None:
    answer = admin(sandbox, path)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-path")


def test_an_unknown_admin_route_is_told_the_nearest_one(sandbox: str) -> None:
    detail = 'there is no GET /__admin/helth; did you mean "GET /__admin/health"?'
    assert admin(sandbox, "/helth").body == problem(404, "no-such-path", "Not Found", detail)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/health", "GET, HEAD"), ("GET", "/reset", "POST"), ("POST", "/clock", "GET, HEAD, PUT"),
     ("POST", "/records/user/x", "DELETE, GET, HEAD, PUT"), ("OPTIONS", "/health", "GET, HEAD")],
)  # fmt: skip
def test_a_wrong_method_is_a_405_of_ours(sandbox: str, method: str, path: str, allowed: str) -> None:
    answer = admin(sandbox, path, method)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (405, "no-such-method")
    assert answer.headers["Allow"] == allowed
