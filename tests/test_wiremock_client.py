"""WireMock's own client for Python, unchanged, asks a sandbox what was called."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from wiremock.client import (  # type: ignore[import-untyped]
    CommonHeaders,
    HttpMethods,
    InvalidInputException,
    NearMissMatchPatternRequest,
    NotFoundException,
    Requests,
    WireMockMatchers,
)
from wiremock.constants import Config  # type: ignore[import-untyped]

from tests.http import CASHFREE, call

FIRST = {"otp_verification_id": "first", "user_id": "USER827364", "notification_modes": ["SMS", "WHATSAPP"]}
SECOND = {"otp_verification_id": "second", "user_id": "NOBODY", "notification_modes": ["SMS"]}
GENERATE, NOWHERE = "/ppi/otp/generate?trace=1", "/ppi/nope?a=1"


@pytest.fixture
def called(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sandbox that the client asks, after three calls: two of an operation, then one of none."""
    monkeypatch.setattr(Config, "base_url", f"{sandbox}/__admin")
    monkeypatch.setenv("NO_PROXY", "*")
    assert call("POST", sandbox + GENERATE, FIRST, headers=CASHFREE).status == 200
    assert call("POST", sandbox + GENERATE, SECOND, headers=CASHFREE).status == 404
    assert call("GET", sandbox + NOWHERE).status == 404
    return sandbox


def received(**asked: Any) -> Any:
    """The journal. Parameters are our own: the client keeps a limit in a default that all later calls share."""
    return Requests.get_all_received_requests(**asked, parameters={})


def ids(requests: list[Any]) -> list[str | None]:
    """Which of the three calls these are: by the id in the body."""
    return [json.loads(each.body)["otp_verification_id"] if each.body else None for each in requests]


def test_all_received_requests(called: str) -> None:
    answer = received()
    assert (answer.meta.total, answer.request_journal_disabled) == (3, False)
    assert [each.request.method for each in answer.requests] == ["GET", "POST", "POST"]
    assert [each.request.url for each in answer.requests] == [NOWHERE, GENERATE, GENERATE]
    assert [each.request.absolute_url for each in answer.requests] == [called + NOWHERE, *[called + GENERATE] * 2]
    assert [each.response_definition.status for each in answer.requests] == [404, 404, 200]
    assert ids([each.request for each in answer.requests]) == [None, "second", "first"]
    assert len({each.id for each in answer.requests}) == 3


def test_a_limit_is_kept(called: str) -> None:
    answer = received(limit=1)
    assert (answer.meta.total, [each.request.url for each in answer.requests]) == (3, [NOWHERE])


def test_one_request_by_its_id(called: str) -> None:
    *_, first = received().requests
    one = Requests.get_request(first.id)
    assert (one.id, one.request.method, one.request.url) == (first.id, "POST", GENERATE)
    assert (one.request.client_ip, one.request.cookies) == ("127.0.0.1", {})
    assert json.loads(one.request.body) == FIRST
    assert {name.lower(): value for name, value in one.request.headers.items()}["x-client-id"] == "TEST_CLIENT_ID"
    logged = datetime.fromtimestamp(one.request.logged_date / 1000, UTC)
    assert one.request.logged_date_string[:19] == logged.isoformat()[:19]
    assert one.response_definition.status == 200
    assert one.get_json_data() == first.get_json_data()


def test_a_request_that_is_not_there(called: str) -> None:
    with pytest.raises(NotFoundException):
        Requests.get_request("00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["first", "second", None]),
        ({"method": HttpMethods.POST, "url": GENERATE}, ["first", "second"]),
        ({"method": HttpMethods.GET, "url": GENERATE}, []),
        ({"method": HttpMethods.ANY, "url_path": "/ppi/nope"}, [None]),
        ({"url_pattern": "/ppi/.*[?]trace=.*"}, ["first", "second"]),
        ({"url_path_pattern": "/ppi/.*"}, ["first", "second", None]),
        ({"query_parameters": {"trace": {WireMockMatchers.EQUAL_TO: "1"}}}, ["first", "second"]),
        ({"headers": {"X-Client-Id": {WireMockMatchers.EQUAL_TO: "TEST_CLIENT_ID"}}}, ["first", "second"]),
        ({"headers": {CommonHeaders.CONTENT_TYPE: {WireMockMatchers.ABSENT: True}}}, [None]),
        ({"body_patterns": [{WireMockMatchers.MATCHES_JSON_PATH: "$[?(@.user_id == 'NOBODY')]"}]}, ["second"]),
        ({"body_patterns": [{WireMockMatchers.MATCHES_JSON_PATH: "$.notification_modes[1]"}]}, ["first"]),
        (
            {"body_patterns": [{"matchesJsonPath": {"expression": "$.otp_verification_id", "equalTo": "first"}}]},
            ["first"],
        ),
        ({"body_patterns": [{WireMockMatchers.EQUAL_TO_JSON: json.dumps(SECOND)}]}, ["second"]),
        (
            {"body_patterns": [{"equalToJson": {"notification_modes": ["WHATSAPP"]}, "ignoreExtraElements": True,
                                "ignoreArrayOrder": True}]},
            ["first"],
        ),
        ({"body_patterns": [{WireMockMatchers.CONTAINS: "USER"}, {WireMockMatchers.MATCHES: ".*SMS.*"}]}, ["first"]),
        ({"body_patterns": [{WireMockMatchers.DOES_NOT_MATCH: ".*first.*"}]}, ["second", None]),
    ],
    ids=str,
)  # fmt: skip
def test_requests_are_counted_and_found_by_a_pattern(
    called: str, wanted: dict[str, Any], found: list[str | None]
) -> None:
    pattern = NearMissMatchPatternRequest(**wanted)
    assert Requests.get_matching_request_count(pattern).count == len(found)
    assert ids(Requests.get_matching_requests(pattern).requests) == found  # the oldest first, as WireMock has it


def test_a_pattern_that_is_not_known_is_refused(called: str) -> None:
    pattern = NearMissMatchPatternRequest(cookies={"session": {WireMockMatchers.EQUAL_TO: "x"}})
    for ask in (Requests.get_matching_request_count, Requests.get_matching_requests):
        with pytest.raises(InvalidInputException, match='\\\\"cookies\\\\" is not known in a request pattern'):
            ask(pattern)


def test_unmatched_are_the_calls_that_met_no_operation(called: str) -> None:
    (unmatched,) = Requests.get_unmatched_requests().requests
    assert (unmatched.method, unmatched.url, unmatched.body) == ("GET", NOWHERE, "")


def test_a_reset_forgets_the_calls_and_nothing_else(called: str) -> None:
    assert Requests.reset_request_journal().status_code == 200
    assert received().requests == []
    assert Requests.get_unmatched_requests().requests == []
    assert Requests.get_matching_request_count(NearMissMatchPatternRequest()).count == 0
    assert call("POST", called + GENERATE, FIRST, headers=CASHFREE).status == 409
    assert ids([each.request for each in received().requests]) == ["first"]
