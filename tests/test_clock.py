"""The sandbox's clock: stopped, moved, run on, and what the vendors do by it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.admin import (
    TILL,
    admin,
    asked_wrongly,
    freeze,
    generate,
    generate_at_till,
    move,
    problem,
    submit,
    validate_at_till,
)
from tests.http import Answer, call

NEW_YEAR, NOT_MOVED = "2030-01-01T00:00:00.000Z", "This does not move the clock"


def clock(url: str) -> dict[str, Any]:
    shown: dict[str, Any] = admin(url, "/clock").body
    return shown


def standing(now: str) -> dict[str, Any]:
    return {"now": now, "frozen": True, "real": False}


def seconds_after(url: str, moment: str) -> float:
    """By how much the clock is later than a moment."""
    return (datetime.fromisoformat(clock(url)["now"]) - datetime.fromisoformat(moment)).total_seconds()


@pytest.fixture
def frozen(sandbox: str) -> str:
    """A sandbox whose clock stands at the beginning of 2030."""
    freeze(sandbox, NEW_YEAR)
    return sandbox


# Its actions


def test_the_clock_runs_with_the_real_one(sandbox: str) -> None:
    before = datetime.now(UTC)
    body = clock(sandbox)
    assert before.timestamp() - 0.01 <= datetime.fromisoformat(body["now"]).timestamp() <= datetime.now(UTC).timestamp()
    assert (body["frozen"], body["real"]) == (False, True)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.500Z"),
        ("2030-01-01T05:30:00+05:30", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01T00:00:00", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01t00:00:00z", "2030-01-01T00:00:00.000Z"),
        ("2030-01-01 00:00Z", "2030-01-01T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("0001-01-02T00:00:00Z", "0001-01-02T00:00:00.000Z"),
        ("9000-01-01T00:00:00Z", "9000-01-01T00:00:00.000Z"),
    ],
)
def test_a_clock_can_be_frozen_at_a_moment(sandbox: str, moment: str, shown: str) -> None:
    answer = move(sandbox, "freeze", to=moment)
    assert (answer.status, answer.body, clock(sandbox)) == (200, standing(shown), standing(shown))


def test_a_clock_can_be_frozen_where_it_is(sandbox: str) -> None:
    before = clock(sandbox)["now"]
    stands = move(sandbox, "freeze").body
    assert (stands["frozen"], stands["real"], clock(sandbox)) == (True, False, stands)
    assert 0 <= seconds_after(sandbox, before) < 5


@pytest.mark.parametrize(
    ("duration", "shown"),
    [("10 minutes", "00:10:00.000"), ("11m", "00:11:00.000"), ("2s", "00:00:02.000"), ("250ms", "00:00:00.250"),
     ("hour", "01:00:00.000"), ("1.5 hours", "01:30:00.000"), (" 1 H ", "01:00:00.000"), ("0s", "00:00:00.000")],
)  # fmt: skip
def test_a_frozen_clock_can_be_advanced(frozen: str, duration: str, shown: str) -> None:
    assert move(frozen, "advance", by=duration).body == standing(f"2030-01-01T{shown}Z")


def test_a_running_clock_can_be_advanced_and_runs_on(sandbox: str) -> None:
    before = clock(sandbox)["now"]
    moved = move(sandbox, "advance", by="2 days").body
    assert (moved["frozen"], moved["real"]) == (False, False)
    assert 2 * 86400 <= seconds_after(sandbox, before) < 2 * 86400 + 5
    assert clock(sandbox)["now"] > moved["now"]


def test_set_moves_a_frozen_clock_and_it_stands_there(frozen: str) -> None:
    assert move(frozen, "set", to="2030-02-01T00:00:00Z").body == standing("2030-02-01T00:00:00.000Z")
    assert clock(frozen) == standing("2030-02-01T00:00:00.000Z")


def test_set_moves_a_running_clock_and_it_runs_on_from_there(sandbox: str) -> None:
    moved = move(sandbox, "set", to=NEW_YEAR).body
    assert (moved["frozen"], moved["real"]) == (False, False)
    assert 0 <= seconds_after(sandbox, NEW_YEAR) < 5
    assert clock(sandbox)["now"] > moved["now"]


def test_a_frozen_clock_runs_on_from_where_it_stands(frozen: str) -> None:
    body = move(frozen, "run").body
    assert (body["frozen"], body["real"]) == (False, False)
    assert 0 <= seconds_after(frozen, NEW_YEAR) < 5
    assert move(frozen, "run").body["frozen"] is False
    assert 0 <= seconds_after(frozen, NEW_YEAR) < 5


def test_reset_shows_the_real_time_again(frozen: str) -> None:
    generate(frozen)
    body = move(frozen, "reset").body
    assert (body["frozen"], body["real"]) == (False, True)
    now = datetime.now(UTC).isoformat()
    assert -5 < seconds_after(frozen, now) < 5


def test_a_sandbox_has_a_clock_of_its_own(frozen: str) -> None:
    assert clock(f"{frozen}-b")["real"] is True
    move(f"{frozen}-b", "advance", by="1 day")
    assert clock(frozen) == standing(NEW_YEAR)


# Only forward


@pytest.mark.parametrize("action", ["freeze", "set"])
def test_before_the_first_call_it_is_set_anywhere(sandbox: str, action: str) -> None:
    for moment in ("2040-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "1970-01-01T00:00:00Z"):
        assert move(sandbox, action, to=moment).status == 200
        assert 0 <= seconds_after(sandbox, moment) < 5


@pytest.mark.parametrize("action", ["freeze", "set"])
def test_after_the_first_call_it_only_moves_forward(frozen: str, action: str) -> None:
    generate(frozen)
    assert move(frozen, action, to="2029-12-31T23:59:59Z").body == problem(
        409,
        "backwards",
        "The clock only moves forward",
        'It may be set back before the first call only; reset the sandbox, or send {"action": "reset"}.',
    )
    assert clock(frozen) == standing(NEW_YEAR)
    assert move(frozen, action, to=NEW_YEAR).status == 200
    assert move(frozen, action, to="2030-01-01T00:00:01Z").status == 200


def test_a_running_clock_is_not_set_back_either(sandbox: str) -> None:
    generate(sandbox)
    assert move(sandbox, "set", to="2020-01-01T00:00:00Z").status == 409
    assert move(sandbox, "freeze", to="2020-01-01T00:00:00Z").status == 409
    assert clock(sandbox)["real"] is True


@pytest.mark.parametrize("unmatched", [False, True])
def test_after_a_reset_of_the_sandbox_it_is_set_anywhere_again(frozen: str, unmatched: bool) -> None:
    call("GET", f"{frozen}/nowhere") if unmatched else generate(frozen)
    assert move(frozen, "freeze", to="2000-01-01T00:00:00Z").status == 409
    admin(frozen, "/requests/reset", "POST")
    assert move(frozen, "freeze", to="2000-01-01T00:00:00Z").status == 409
    admin(frozen, "/reset", "POST")
    assert clock(frozen)["real"] is True
    assert move(frozen, "freeze", to="2000-01-01T00:00:00Z").status == 200


# What makes no sense

NONE, YEARS = "This is no duration", "It shows the years 1 to 9000."
NO_DURATION = 'is not a duration; write it like "10 minutes", "10m", "2s" or "1 day".'


@pytest.mark.parametrize(
    ("given", "kind", "title", "detail"),
    [
        ({"action": "advance"}, "bad-clock", NOT_MOVED, '"advance" needs "by".'),
        ({"action": "set"}, "bad-clock", NOT_MOVED, '"set" needs "to".'),
        ({"action": "advance", "by": "1s", "to": NEW_YEAR}, "bad-clock", NOT_MOVED, '"advance" takes no "to".'),
        ({"action": "set", "by": "1s", "to": NEW_YEAR}, "bad-clock", NOT_MOVED, '"set" takes no "by".'),
        ({"action": "freeze", "by": "1s"}, "bad-clock", NOT_MOVED, '"freeze" takes no "by".'),
        ({"action": "run", "to": NEW_YEAR}, "bad-clock", NOT_MOVED, '"run" takes no "to".'),
        ({"action": "reset", "by": "1s"}, "bad-clock", NOT_MOVED, '"reset" takes no "by".'),
        ({"action": "advance", "by": "soon"}, "bad-duration", NONE, f'"soon" {NO_DURATION}'),
        ({"action": "advance", "by": "-5 minutes"}, "bad-duration", NONE, f'"-5 minutes" {NO_DURATION}'),
        ({"action": "advance", "by": "5"}, "bad-duration", NONE, f'"5" {NO_DURATION}'),
        ({"action": "advance", "by": "99999999999 days"}, "bad-clock", NOT_MOVED, YEARS),
        ({"action": "advance", "by": "9" * 35 + " days"}, "bad-clock", NOT_MOVED, YEARS),
        ({"action": "freeze", "to": "0001-01-01T00:00:00+14:00"}, "bad-clock", NOT_MOVED, YEARS),
        ({"action": "set", "to": "9999-12-31T23:59:59-14:00"}, "bad-clock", NOT_MOVED, YEARS),
        ({"action": "freeze", "to": "2030-13-01T00:00:00Z"}, "bad-time", "This is no time",
         '"2030-13-01T00:00:00Z": write it like 2026-01-31T12:00:00Z.'),
    ],
    ids=lambda given: str(given)[:40],
)  # fmt: skip
def test_what_does_not_move_the_clock_is_refused_and_leaves_it(
    frozen: str, given: dict[str, Any], kind: str, title: str, detail: str
) -> None:
    answer = admin(frozen, "/clock", "PUT", given)
    assert (answer.status, answer.body) == (400, problem(400, kind, title, detail))
    assert clock(frozen) == standing(NEW_YEAR)


@pytest.mark.parametrize(
    ("given", "violations"),
    [
        ({}, ["body.action missing"]),
        ({"action": "jump"}, ["body.action enum: one of freeze, advance, set, run, reset"]),
        ({"action": None}, ["body.action enum: one of freeze, advance, set, run, reset"]),
        ({"action": "advance", "by": ""}, ["body.by minLength"]),
        ({"action": "advance", "by": 5}, ["body.by type"]),
        ({"action": "advance", "by": None}, ["body.by type"]),
        ({"action": "advance", "by": ["1s"]}, ["body.by type"]),
        ({"action": "advance", "by": "9" * 400 + " days"}, ["body.by maxLength"]),
        ({"action": "freeze", "to": "tomorrow"}, ["body.to pattern"]),
        ({"action": "freeze", "to": 0}, ["body.to type"]),
        ({"action": "freeze", "to": True}, ["body.to type"]),
        ({"action": "run", "run": True}, ["body.run unknown"]),
        ({"advance": "1s"}, ["body.action missing", "body.advance unknown"]),
        ({"now": NEW_YEAR}, ["body.action missing", "body.now unknown"]),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_is_not_asked_as_described_is_refused_and_leaves_it(
    frozen: str, given: dict[str, Any], violations: list[str]
) -> None:
    refused = asked_wrongly(*violations)
    answer = admin(frozen, "/clock", "PUT", given)
    assert (answer.status, answer.body) == (422, refused)
    assert clock(frozen) == standing(NEW_YEAR)


# What goes by it


def test_an_otp_of_ten_minutes_expires_in_milliseconds(frozen: str) -> None:
    begun = time.process_time()
    generate(frozen)
    move(frozen, "advance", by="9m")
    assert submit(frozen, otp="999999").body["status"] == "FAILED"
    move(frozen, "advance", by="59.999s")
    assert submit(frozen, otp="999999").body["status"] == "FAILED"
    move(frozen, "advance", by="1ms")
    expired = {"code": "otp_expired", "type": "validation_error", "message": "OTP has expired"}
    assert submit(frozen).body == expired
    assert time.process_time() - begun < 0.1


def test_an_otp_expires_while_the_clock_runs_too(sandbox: str) -> None:
    generate(sandbox)
    move(sandbox, "advance", by="10 minutes")
    assert submit(sandbox).body["code"] == "otp_expired"


def test_a_token_and_the_journal_and_the_inbox_go_by_it(frozen: str) -> None:
    generate(frozen)
    assert admin(frozen, "/messages/latest").body["sent"] == NEW_YEAR
    assert admin(frozen, "/requests/latest").body["sandboxDate"] == NEW_YEAR
    client = {"key": "test_key", "secret": "test_secret"}
    token = call("POST", f"{frozen}/v3/oauth/token/generate", client).body["data"]["accessToken"]
    holder = {"X-CAP-API-OAUTH-TOKEN": token}
    assert call("POST", f"{frozen}/v2/otp/validate", {}, headers=holder).status == 400
    move(frozen, "advance", by="300s")
    assert call("POST", f"{frozen}/v2/otp/validate", {}, headers=holder).status == 401


@pytest.fixture
def used_up(frozen: str) -> Callable[[], Answer]:
    """A day's 500 codes for one person, sent by one connection; what asks for one more."""
    parts = urlsplit(frozen)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
    listed = [{"type": "SMS", "value": "919876543210"}]
    body = {"entityType": "MOBILE", "entityValue": "919876543210", "action": "REGISTRATION", "channels": listed}
    sent, statuses = json.dumps(body), []
    for _ in range(500):
        connection.request("POST", f"{parts.path}/v2/otp/generate", sent, {**TILL, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200] * 500
    return lambda: generate_at_till(frozen)


def test_a_quota_of_500_a_day_is_over_when_the_day_is(frozen: str, used_up: Callable[[], Answer]) -> None:
    begun = time.process_time()
    full = used_up()
    assert (full.status, full.why.partition(" -> ")[0]) == (429, "exceeded 500 successes")
    assert generate_at_till(frozen, "919876543211").status == 200
    move(frozen, "advance", by="23h")
    move(frozen, "advance", by="59m")
    move(frozen, "advance", by="59.999s")
    assert used_up().status == 429
    move(frozen, "advance", by="1ms")
    assert used_up().status == 200
    code = admin(frozen, "/otps/latest", Accept="text/plain").raw.decode()
    assert validate_at_till(frozen, code).body["entity"] is True
    assert time.process_time() - begun < 0.1
