"""The journal: every call, why it was answered so, what is kept of it, and which calls fit a pattern."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from mocksrv.matching.pattern import Pattern
from mocksrv.matching.unread import UnknownMatcher
from mocksrv.state import contract
from mocksrv.threaded import running
from tests.admin import MOMENT, UUID, admin, asked_wrongly, freeze, generate, move, name_of, problem, submit
from tests.http import CASHFREE, Answer, app_for, call

EMPTY = {"requests": [], "meta": {"total": 0, "dropped": 0}, "requestJournalDisabled": False}
GENERATE = "/ppi/otp/generate"


def entry(url: str) -> dict[str, Any]:
    """The newest call."""
    found: dict[str, Any] = admin(url, "/requests/latest").body
    return found


def find(url: str, pattern: Any) -> Answer:
    return admin(url, "/requests/find", "POST", pattern)


def count(url: str, pattern: Any) -> dict[str, Any]:
    found: dict[str, Any] = admin(url, "/requests/count", "POST", pattern).body
    return found


def ids(answer: Answer) -> list[str]:
    """The `otp_verification_id` that each of the calls sent."""
    requests = (each.get("request", each) for each in answer.body["requests"])
    return [re.findall('"otp_verification_id": "(.*?)"', each["body"])[0] for each in requests]


# A call


def test_a_call_is_shown_as_wiremock_shows_it_with_why_beside(sandbox: str) -> None:
    freeze(sandbox)
    sent = '{"otp_verification_id": "é", "user_id": 5}'
    called = call("POST", f"{sandbox}{GENERATE}?a=1&b=%20", raw=sent, headers={**CASHFREE, "Cookie": "c=d"})
    body = admin(sandbox, "/requests").body
    (event,) = body.pop("requests")
    assert body == {"meta": {"total": 1, "dropped": 0}, "requestJournalDisabled": False}
    asked, timing = event.pop("request"), event.pop("timing")
    assert asked.pop("cookies").keys() == {"c"}
    assert {name.lower(): value for name, value in asked.pop("headers").items()}["x-client-id"] == "TEST_CLIENT_ID"
    assert MOMENT.fullmatch(asked["loggedDateString"])
    logged = datetime.fromtimestamp(asked.pop("loggedDate") / 1000, UTC)
    assert logged == datetime.fromisoformat(asked.pop("loggedDateString"))
    assert abs((datetime.now(UTC) - logged).total_seconds()) < 10
    assert asked == {
        "id": event["id"],
        "url": f"{GENERATE}?a=1&b=%20",
        "absoluteUrl": f"{sandbox}{GENERATE}?a=1&b=%20",
        "method": "POST",
        "clientIp": "127.0.0.1",
        "body": sent,
    }
    assert timing.keys() == {"addedDelay", "processTime", "serveTime", "totalTime"}
    assert timing["addedDelay"] == 0
    assert 0 <= timing["processTime"] <= timing["serveTime"] <= timing["totalTime"] < 10_000
    line = called.why.rpartition(":")[2].rstrip(")")
    rule, answer = "violated body.otp_verification_id pattern", "400 otp_verification_id_invalid"
    file = "fixtures/cashfree/ppi/generate_otp.yaml"
    assert UUID.fullmatch(event.pop("id"))
    assert event.pop("response") == {
        "status": 400,
        "headers": {
            name: value for name, value in called.headers.items() if name not in ("Server", "Date", "Connection")
        },
        "body": called.raw.decode(),
        "fault": None,
    }
    assert event == {
        "responseDefinition": {"status": 400, "body": called.raw.decode()},
        "wasMatched": True,
        "sandbox": name_of(sandbox),
        "sandboxDate": "2026-01-01T00:00:00.000Z",
        "operation": "generateOtp",
        "client": "TEST_CLIENT_ID",
        "why": f"{rule} -> {answer} ({file}:{line})",
        "violations": [
            "body.notification_modes missing",
            "body.otp_verification_id pattern",
            "body.user_id type",
        ],
        "decision": {
            "rule": rule,
            "answer": answer,
            "file": file,
            "line": int(line),
            "looked": ["client TEST_CLIENT_ID: there"],
        },
    }
    assert called.why == f"{rule} -> {answer} ({file}:{line})"


def test_the_decision_tells_which_records_were_looked_at_and_how_they_were(sandbox: str) -> None:
    generate(sandbox)
    assert entry(sandbox)["decision"]["looked"] == [
        "client TEST_CLIENT_ID: there",
        "user USER827364: there",
        "otp Test123: not there",
    ]
    submit(sandbox)
    move(sandbox, "advance", by="1 day")
    submit(sandbox)
    assert entry(sandbox)["decision"]["looked"] == ["client TEST_CLIENT_ID: there", "otp Test123: there, used, expired"]
    assert entry(sandbox)["decision"]["rule"] == "used otp"


def test_a_call_that_was_made_to_fail_on_its_way_says_so(sandbox: str) -> None:
    call("POST", sandbox + GENERATE, {}, headers={**CASHFREE, "Prefer": "fault=empty, delay=30ms"})
    event = entry(sandbox)
    assert (event["response"]["fault"], event["response"]["status"]) == ("empty", 400)
    assert event["response"]["body"].startswith('{"code": "otp_verification_id_missing"')
    assert (event["timing"]["addedDelay"], event["timing"]["totalTime"] >= 30) == (30, True)


def test_a_call_that_an_armed_fault_changed_names_it(sandbox: str) -> None:
    armed = admin(sandbox, "/faults", "POST", {"fault": "empty", "times": 1}).body
    call("POST", sandbox + GENERATE, {}, headers=CASHFREE)
    event = entry(sandbox)
    assert event["response"]["fault"] == "empty"
    assert event["why"].startswith(f"violated body.otp_verification_id missing, through fault {armed['id']} -> 400 ")


@pytest.mark.parametrize(
    ("method", "path", "headers", "operation", "status"),
    [
        ("POST", GENERATE, {}, "generateOtp", 400),
        ("POST", GENERATE, {"Prefer": "code=777"}, "generateOtp", 400),
        ("POST", GENERATE, {"Prefer": "code=429"}, "generateOtp", 429),
        ("POST", "/ppi/nope", {}, None, 404),
        ("POST", "/nope", {}, None, 404),
        ("GET", GENERATE, {}, None, 405),
    ],
)
def test_unmatched_is_a_call_for_which_no_operation_was_found(
    sandbox: str, method: str, path: str, headers: dict[str, str], operation: str | None, status: int
) -> None:
    assert call(method, sandbox + path, headers=headers).status == status
    event = entry(sandbox)
    assert (event["wasMatched"], event["operation"]) == (operation is not None, operation)
    unmatched = [] if operation else [event["request"]]
    assert admin(sandbox, "/requests/unmatched").body == {
        "requests": unmatched,
        "meta": {"total": len(unmatched), "dropped": 0},
        "requestJournalDisabled": False,
    }


def test_a_call_is_shown_by_its_id(sandbox: str) -> None:
    generate(sandbox, "a")
    generate(sandbox, "b")
    newer, older = admin(sandbox, "/requests").body["requests"]
    assert admin(sandbox, f"/requests/{older['id']}").body == older
    assert admin(sandbox, "/requests/latest").body == newer


@pytest.mark.parametrize("rest", ["", "/explain"])
@pytest.mark.parametrize("id_", ["latest", "00000000-0000-4000-8000-000000000000"])
def test_a_call_that_the_journal_has_not_is_a_404(sandbox: str, id_: str, rest: str) -> None:
    detail = f'The journal of {name_of(sandbox)} has no call "{id_}"; it dropped 0.'
    answer = admin(sandbox, f"/requests/{id_}{rest}")
    assert answer.body == problem(404, "no-such-request", "No such call", detail)


def test_a_call_of_another_sandbox_is_not_there(sandbox: str) -> None:
    generate(f"{sandbox}-b")
    assert admin(sandbox, f"/requests/{entry(f'{sandbox}-b')['id']}").status == 404
    assert admin(sandbox, "/requests").body == EMPTY


def test_calls_of_the_admin_api_are_not_in_the_journal(sandbox: str) -> None:
    for path in ("/health", "/requests", "/otps/latest", "/nowhere", "/health/x"):
        admin(sandbox, path)
    admin(sandbox, "/health", "DELETE")
    assert admin(sandbox, "/requests").body == EMPTY


def test_a_body_that_is_too_large_is_left_out_of_the_journal(sandbox: str) -> None:
    call("POST", sandbox + GENERATE, raw=b"x" * (2 << 20), headers=CASHFREE)
    event = entry(sandbox)
    assert (event["request"]["body"], event["responseDefinition"]["status"]) == ("", 400)


def test_bad_utf_8_is_shown_with_replacement_characters(sandbox: str) -> None:
    call("POST", sandbox + GENERATE, raw=b"a\xffb", headers=CASHFREE)
    assert entry(sandbox)["request"]["body"] == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("body", ["[" * 900 + "]" * 900, '{"a":' * 700 + "1" + "}" * 700, '{"a": "\\ud800"}'])
def test_a_body_that_no_schema_could_read_is_kept_all_the_same(sandbox: str, body: str) -> None:
    assert call("POST", sandbox + GENERATE, raw=body, headers=CASHFREE).status == 400
    assert entry(sandbox)["request"]["body"] == body


# The list


def test_calls_are_shown_newest_first(sandbox: str) -> None:
    for id_ in "abc":
        generate(sandbox, id_)
    assert ids(admin(sandbox, "/requests")) == ["c", "b", "a"]


@pytest.mark.parametrize(("limit", "shown"), [("0", 0), ("2", 2), ("3", 3), ("99", 3)])
def test_a_limit_bounds_what_is_shown(sandbox: str, limit: str, shown: int) -> None:
    for id_ in "abc":
        generate(sandbox, id_)
    body = admin(sandbox, f"/requests?limit={limit}").body
    assert (len(body["requests"]), body["meta"]) == (shown, {"total": 3, "dropped": 0})


def test_since_goes_by_the_date_that_the_call_was_logged(sandbox: str) -> None:
    freeze(sandbox)
    generate(sandbox)
    logged = entry(sandbox)["request"]["loggedDateString"]
    assert ids(admin(sandbox, f"/requests?since={logged}")) == ["Test123"]
    assert ids(admin(sandbox, f"/requests?since={logged[:10]}T00:00:00Z")) == ["Test123"]
    assert admin(sandbox, "/requests?since=2999-01-01T00:00:00Z").body == EMPTY


# Patterns


def test_the_calls_that_fit_are_found_and_counted(sandbox: str) -> None:
    for id_ in "abc":
        generate(sandbox, id_)
    submit(sandbox, "b")
    pattern = {
        "method": "POST",
        "urlPath": GENERATE,
        "headers": {"x-client-id": {"equalTo": "TEST_CLIENT_ID"}},
        "bodyPatterns": [{"matchesJsonPath": {"expression": "$.otp_verification_id", "matches": "[bc]"}}],
    }
    found = find(sandbox, pattern)
    assert ids(found) == ["b", "c"]
    assert (found.body["meta"], found.body["requestJournalDisabled"]) == ({"total": 2, "dropped": 0}, False)
    whole = {each["request"]["id"]: each["request"] for each in admin(sandbox, "/requests").body["requests"]}
    assert all(each == whole[each["id"]] for each in found.body["requests"])
    assert count(sandbox, pattern) == {
        "count": 2,
        "complete": True,
        "meta": {"total": 2, "dropped": 0},
        "requestJournalDisabled": False,
    }
    assert (count(sandbox, {})["count"], count(sandbox, {"method": "GET"})["count"]) == (4, 0)
    assert count(f"{sandbox}-b", {})["count"] == 0


@pytest.mark.parametrize(
    ("pattern", "detail"),
    [
        ({"methid": "GET"}, '"methid" is not known in a request pattern; did you mean "method"?'),
        ({"method": 5}, '"method" is a text, not 5.'),
        ({"urlPattern": "(a+)+$"}, None),
        ({"headers": {"A": {"equals": "x"}}}, None),
        ({"bodyPatterns": [{"matchesJsonPath": "$["}]}, None),
        ({"bodyPatterns": {"equalTo": "x"}}, '"bodyPatterns" is a list of matchers, not {"equalTo": "x"}.'),
    ],
)
@pytest.mark.parametrize("path", ["/requests/find", "/requests/count"])
def test_a_pattern_that_cannot_be_read_is_refused(sandbox: str, path: str, pattern: Any, detail: str | None) -> None:
    answer = admin(sandbox, path, "POST", pattern)
    sentence = answer.body["detail"]
    assert (answer.status, detail or sentence) == (422, sentence)
    assert answer.body == problem(422, "unknown-matcher", "This pattern cannot be read", sentence)
    assert sentence.endswith((".", "?"))


def test_a_pattern_that_takes_too_long_to_be_judged_is_refused(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(pattern: Pattern, request: object) -> bool:
        raise UnknownMatcher("comparing JSON takes more than 5 steps")

    monkeypatch.setattr(Pattern, "matches", judge)
    generate(sandbox)
    refusal = problem(422, "unknown-matcher", "This pattern cannot be read", "comparing JSON takes more than 5 steps.")
    assert find(sandbox, {}).body == admin(sandbox, "/requests/count", "POST", {}).body == refusal


@pytest.mark.parametrize("pattern", [[], "x", 5, None])
@pytest.mark.parametrize("path", ["/requests/find", "/requests/count"])
def test_a_pattern_is_an_object(sandbox: str, path: str, pattern: Any) -> None:
    raw = "null" if pattern is None else None
    headers = {"Content-Type": "application/json"}
    answer = call("POST", f"{sandbox}/__admin{path}", pattern, raw=raw, headers=headers)
    assert answer.body == asked_wrongly("body type")


# Emptied, and bounded


@pytest.mark.parametrize(("method", "path"), [("POST", "/requests/reset"), ("DELETE", "/requests")])
def test_the_journal_is_emptied_and_nothing_else(sandbox: str, method: str, path: str) -> None:
    generate(sandbox)
    answer = admin(sandbox, path, method)
    assert (answer.status, answer.body) == (200, {})
    assert admin(sandbox, "/requests").body == EMPTY
    assert admin(sandbox, "/messages").body["meta"]["total"] == 1
    assert submit(sandbox).body["status"] == "VERIFIED"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server whose journal holds three calls."""
    monkeypatch.setattr(contract, "MOST_ENTRIES", 3)
    with running(app_for()) as url:
        yield url


def test_every_list_says_how_many_calls_were_dropped_and_a_count_that_it_is_not_complete(short: str) -> None:
    for number in range(5):
        call("GET", f"{short}/nowhere/{number}")
    (last, *_) = listed = admin(short, "/requests").body["requests"]
    assert [each["request"]["url"] for each in listed] == ["/nowhere/4", "/nowhere/3", "/nowhere/2"]
    meta = {"total": 3, "dropped": 2}
    assert admin(short, "/requests").body["meta"] == meta
    assert admin(short, "/requests?limit=1").body["meta"] == meta
    assert admin(short, "/requests/unmatched").body["meta"] == meta
    assert find(short, {"url": "/nowhere/4"}).body["meta"] == {"total": 1, "dropped": 2}
    assert count(short, {"method": "GET"}) == {
        "count": 3,
        "complete": False,
        "meta": meta,
        "requestJournalDisabled": False,
    }
    missing = admin(short, "/requests/nothing").body["detail"]
    assert missing == 'The journal of default has no call "nothing"; it dropped 2.'
    assert admin(short, "/health").body["dropped"] == {"records": 0, "messages": 0, "otps": 0, "entries": 2}
    assert admin(short, f"/requests/{last['id']}").status == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/requests/reset"), ("DELETE", "/requests"), ("POST", "/reset")])
def test_an_emptied_journal_counts_anew(short: str, method: str, path: str) -> None:
    for number in range(5):
        call("GET", f"{short}/nowhere/{number}")
    admin(short, path, method)
    assert count(short, {}) == {
        "count": 0,
        "complete": True,
        "meta": {"total": 0, "dropped": 0},
        "requestJournalDisabled": False,
    }


def test_the_journal_is_bounded_by_its_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_ENTRY_BYTES", 1_000_000)
    with running(app_for()) as url:
        for _ in range(4):
            call("POST", url + GENERATE, {"otp_verification_id": "x" * 300_000}, headers=CASHFREE)
        assert admin(url, "/requests?limit=0").body["meta"] == {"total": 3, "dropped": 1}


def test_a_token_in_an_unknown_path_is_masked_in_why_too(sandbox: str) -> None:
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl"
    call("GET", f"{sandbox}/nowhere/{jwt}")
    assert jwt not in call("GET", f"{sandbox}/__admin/requests").raw.decode()


def test_a_record_s_name_is_cut_to_what_people_read(sandbox: str) -> None:
    body = {"identifierType": "MOBILE", "identifierValue": "919999999993", "deviceId": "d1", "brand": "STANDARDAPP"}
    call("POST", f"{sandbox}/auth/v1/otp/generate", {**body, "sessionId": "S" * 5_000})
    looked = call("GET", f"{sandbox}/__admin/requests").body["requests"][0]["decision"]["looked"]
    assert looked == ["brand STANDARDAPP: there", f"session {'S' * 192}...: not there"]
