"""The codes that were sent: found by whom they were sent to, what has become of them, ended early, waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest

from mocksrv.instruments import desk
from mocksrv.state import contract
from mocksrv.threaded import running
from tests.admin import (
    PHONE,
    USER,
    admin,
    asked_wrongly,
    freeze,
    generate,
    generate_at_till,
    move,
    name_of,
    problem,
    submit,
    user_with,
    validate_at_till,
)
from tests.http import Answer, app_for, call

GLOBEX = {"Authorization": "Bearer test-bearer-token-2", "X-TENANT-ID": "GLOBEX_CORP"}
TOO_OFTEN = "Reached the maximum allowed OTP retry attempts, Authenticate form the start"
APP = {"identifierType": "MOBILE", "identifierValue": "919876543210", "deviceId": "1", "brand": "STANDARDAPP"}


def open_session(url: str) -> str:
    """A session of the auth engine, in whose name a code can be asked for."""
    return str(call("POST", f"{url}/auth/v1/token/generate", APP).body["user"]["sessionId"])


def generate_in(url: str, session: str) -> Answer:
    return call("POST", f"{url}/auth/v1/otp/generate", {**APP, "sessionId": session})


def validate_in(url: str, session: str, otp: str) -> str:
    """What the vendor says of a code."""
    return str(
        call("POST", f"{url}/auth/v1/otp/validate", {**APP, "sessionId": session, "otp": otp}).body["status"]["message"]
    )


def latest(url: str, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = admin(url, f"/otps/latest?{query}").body
    return found


def states(url: str) -> list[tuple[str, str]]:
    """The key of each code and what has become of it, newest first."""
    return [(each["key"], each["state"]) for each in admin(url, "/otps").body["otps"]]


# What is shown


@pytest.mark.parametrize("to", [PHONE, USER, "Test123"])
def test_the_latest_code_is_found_by_whomever_the_call_named(sandbox: str, to: str) -> None:
    freeze(sandbox)
    generate(sandbox)
    found = latest(sandbox, f"to={to}")
    assert isinstance(found.pop("id"), int)
    assert found == {
        "code": "111000",
        "to": to,
        "recipients": [PHONE],
        "key": "Test123",
        "product": "cashfree/ppi",
        "operation": "generateOtp",
        "state": "live",
        "sent": "2026-01-01T00:00:00.000Z",
        "expires": "2026-01-01T00:10:00.000Z",
    }


@pytest.mark.parametrize(
    "written", ["9876543210", "09876543210", "919876543210", "%2B919876543210", "%2B91+98765-43210", "+919876543210",
                "00919876543210"],
)  # fmt: skip
@pytest.mark.parametrize("route", ["/otps/latest", "/otps/wait"])
def test_a_phone_number_is_found_in_any_of_its_usual_forms(sandbox: str, route: str, written: str) -> None:
    generate(sandbox)
    user_with(sandbox, "OTHER", "9876543211")
    generate(sandbox, "other", "OTHER")
    assert admin(sandbox, f"{route}?to={written}").body["key"] == "Test123"


def test_codes_are_shown_newest_first_and_their_ids_grow(sandbox: str) -> None:
    for id_ in "abc":
        generate(sandbox, id_)
    body = admin(sandbox, "/otps").body
    assert body["meta"] == {"total": 3, "dropped": 0}
    assert [each["key"] for each in body["otps"]] == ["c", "b", "a"]
    ids = [each["id"] for each in body["otps"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 3
    assert body["otps"][0] == latest(sandbox)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["MOBILE 919000000001 REGISTRATION", "b", "a"]),
        ("limit=1", ["MOBILE 919000000001 REGISTRATION"]),
        ("limit=0", []),
        (f"to={USER}", ["b", "a"]),
        ("to=9000000001", ["MOBILE 919000000001 REGISTRATION"]),
        ("to=nobody", []),
        ("vendor=cashfree", ["b", "a"]),
        ("vendor=capillary/v2", ["MOBILE 919000000001 REGISTRATION"]),
        ("operation=generateOtp", ["b", "a"]),
        ("state=used", ["a"]),
        ("state=live", ["MOBILE 919000000001 REGISTRATION", "b"]),
        ("state=live&vendor=cashfree", ["b"]),
        ("state=expired", []),
    ],
)
def test_codes_are_asked_for_by_all_that_they_are(sandbox: str, query: str, keys: list[str]) -> None:
    generate(sandbox, "a")
    submit(sandbox, "a")
    generate(sandbox, "b")
    generate_at_till(sandbox, "919000000001")
    assert [each["key"] for each in admin(sandbox, f"/otps?{query}").body["otps"]] == keys


def test_after_a_code_only_newer_ones_count(sandbox: str) -> None:
    generate(sandbox, "a")
    first = latest(sandbox)["id"]
    generate(sandbox, "b")
    second = latest(sandbox)["id"]
    assert [each["key"] for each in admin(sandbox, f"/otps?after={first}").body["otps"]] == ["b"]
    assert admin(sandbox, f"/otps?after={second}").body == {"otps": [], "meta": {"total": 0, "dropped": 0}}
    assert latest(sandbox, f"after={first}")["key"] == "b"
    nothing = f'In the sandbox {name_of(sandbox)}, none was sent that fits after "{second}".'
    assert latest(sandbox, f"after={second}") == problem(404, "nothing-sent", "No OTP", nothing)


def test_nothing_sent_says_so(sandbox: str) -> None:
    where = f"In the sandbox {name_of(sandbox)}"
    assert latest(sandbox) == problem(404, "nothing-sent", "No OTP", f"{where}, none was sent yet.")
    fits = f'{where}, none was sent that fits to "5550".'
    assert latest(sandbox, "to=5550") == problem(404, "nothing-sent", "No OTP", fits)


def test_a_code_is_shown_by_its_id(sandbox: str) -> None:
    generate(sandbox, "a")
    first = latest(sandbox)
    generate(sandbox, "b")
    assert admin(sandbox, f"/otps/{first['id']}").body == first
    assert admin(sandbox, "/otps/latest").body["key"] == "b"


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("POST", "/expire"), ("POST", "/lock")])
@pytest.mark.parametrize("id_", ["0", "-1", "a", "999999999", "1.0"])
def test_a_code_that_was_never_sent_is_a_404(sandbox: str, method: str, rest: str, id_: str) -> None:
    generate(sandbox)
    detail = f'The sandbox {name_of(sandbox)} has sent no OTP "{id_}", or it was dropped.'
    assert admin(sandbox, f"/otps/{id_}{rest}", method).body == problem(404, "no-such-otp", "No such OTP", detail)


def test_a_code_of_another_sandbox_is_not_there(sandbox: str) -> None:
    generate(sandbox)
    other = f"{sandbox}-b"
    generate(other, "theirs")
    assert admin(sandbox, f"/otps/{latest(other)['id']}").status == 404
    assert latest(sandbox)["key"] == "Test123"


@pytest.mark.parametrize(
    ("accept", "bare"),
    [("text/plain", True), ("text/plain; charset=utf-8", True), ("text/*", True), ("text/plain, */*", True),
     ("text/plain, application/json;q=0.9", True), ("application/json", False), ("*/*", False), ("", False),
     ("application/json, text/plain, */*", False), ("image/png", False)],
)  # fmt: skip
@pytest.mark.parametrize("route", ["/otps/latest", "/otps/wait"])
def test_the_bare_code_comes_as_text(sandbox: str, route: str, accept: str, bare: bool) -> None:
    generate(sandbox)
    answer = admin(sandbox, f"{route}?to={PHONE}", Accept=accept)
    assert answer.headers["Content-Type"] == ("text/plain; charset=utf-8" if bare else "application/json")
    assert answer.raw == b"111000" if bare else answer.body["code"] == "111000"


def test_who_got_a_code_of_his_own_is_told_that_one(sandbox: str) -> None:
    body = {"mobileNumber": PHONE, "otpType": "D"}
    assert call("POST", f"{sandbox}/v1/otp/generate", body, headers=GLOBEX).status == 200
    sent = {each["to"]: each["code"] for each in admin(sandbox, "/messages").body["messages"]}
    assert set(sent) == {PHONE, "d@example.com"}
    assert len(set(sent.values())) == 2
    for to, code in sent.items():
        assert latest(sandbox, f"to={to}")["code"] == code
        assert admin(sandbox, f"/otps/wait?to={to}", Accept="text/plain").raw == code.encode()
    assert latest(sandbox)["code"] == sent[PHONE]


@pytest.mark.parametrize(
    ("path", "violations"),
    [
        ("/otps?state=dead", ["query.state enum: one of live, used, expired, locked, replaced, forgotten"]),
        ("/otps?after=x&limit=x", ["query.after type", "query.limit type"]),
        ("/otps/latest?limit=1", ["query.limit unknown"]),
        ("/otps/wait?limit=1", ["query.limit unknown"]),
        ("/otps/wait?after=-1", ["query.after minimum"]),
        ("/otps/wait?timeout=", ["query.timeout missing"]),
        ("/otps/1?to=x", ["query.to unknown"]),
    ],
)
def test_what_cannot_be_asked_is_refused(sandbox: str, path: str, violations: list[str]) -> None:
    refused = asked_wrongly(*violations)
    assert admin(sandbox, path).body == refused


def test_the_codes_kept_are_the_newest_and_it_is_said_how_many_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_MESSAGES", 3)
    with running(app_for()) as url:
        for id_ in "abcde":
            generate(url, id_)
        body = admin(url, f"/otps?to={USER}&limit=1").body
        assert ([each["key"] for each in body["otps"]], body["meta"]) == (["e"], {"total": 3, "dropped": 2})


# What has become of it


def test_a_code_lives_until_it_is_used(sandbox: str) -> None:
    generate(sandbox)
    assert states(sandbox) == [("Test123", "live")]
    submit(sandbox, otp="999999")
    assert states(sandbox) == [("Test123", "live")]
    submit(sandbox)
    assert states(sandbox) == [("Test123", "used")]


def test_a_code_lives_until_its_time_is_over(sandbox: str) -> None:
    freeze(sandbox)
    generate(sandbox)
    move(sandbox, "advance", by="599.999s")
    assert states(sandbox) == [("Test123", "live")]
    move(sandbox, "advance", by="1ms")
    assert states(sandbox) == [("Test123", "expired")]
    assert submit(sandbox).body["code"] == "otp_expired"


def test_a_code_is_locked_by_wrong_attempts(sandbox: str) -> None:
    generate(sandbox)
    for _ in range(3):
        submit(sandbox, otp="999999")
    assert states(sandbox) == [("Test123", "locked")]


def test_a_code_whose_record_is_gone_is_forgotten(sandbox: str) -> None:
    generate(sandbox)
    admin(sandbox, "/records/otp/Test123", "DELETE")
    assert states(sandbox) == [("Test123", "forgotten")]
    assert latest(sandbox)["expires"] is None


def test_a_code_that_was_sent_twice_is_twice_in_the_list(sandbox: str) -> None:
    first, second = generate_at_till(sandbox), generate_at_till(sandbox)
    assert (first.status, second.status) == (200, 200)
    newer, older = admin(sandbox, "/otps").body["otps"]
    assert (newer["code"], newer["state"], older["state"]) == (older["code"], "live", "live")
    assert validate_at_till(sandbox, newer["code"]).body["entity"] is True
    assert {state for _, state in states(sandbox)} == {"used"}


def test_a_newer_code_for_the_same_key_replaces_the_older(sandbox: str) -> None:
    session = open_session(sandbox)
    generate_in(sandbox, session)
    generate_in(sandbox, session)
    assert states(sandbox) == [(session, "live"), (session, "replaced")]
    newer, older = admin(sandbox, "/otps").body["otps"]
    assert validate_in(sandbox, session, older["code"]) == "Invalid OTP"
    assert validate_in(sandbox, session, newer["code"]) == "SUCCESS"


# Ended early


def test_a_code_is_expired_by_hand_and_its_vendor_says_so(sandbox: str) -> None:
    freeze(sandbox)
    generate(sandbox)
    shown = {**latest(sandbox), "state": "expired", "expires": "2026-01-01T00:00:00.000Z"}
    answer = admin(sandbox, f"/otps/{shown['id']}/expire", "POST")
    assert (answer.status, answer.body) == (200, shown)
    assert submit(sandbox).body == {"code": "otp_expired", "type": "validation_error", "message": "OTP has expired"}


def test_a_code_is_locked_by_hand_and_its_vendor_says_so(sandbox: str) -> None:
    generate(sandbox)
    shown = {**latest(sandbox), "state": "locked"}
    answer = admin(sandbox, "/otps/latest/lock", "POST")
    assert (answer.status, answer.body) == (200, shown)
    assert submit(sandbox).body["code"] == "otp_verification_attempts_exhausted"


def test_locking_spends_the_attempts_of_whatever_pays_for_wrong_codes(sandbox: str) -> None:
    session = open_session(sandbox)
    generate_in(sandbox, session)
    assert admin(sandbox, "/otps/latest/lock", "POST").body["state"] == "locked"
    assert validate_in(sandbox, session, latest(sandbox)["code"]) == TOO_OFTEN
    assert generate_in(sandbox, session).body["status"]["message"] == TOO_OFTEN


def test_only_the_code_that_is_named_is_ended(sandbox: str) -> None:
    generate(sandbox, "a")
    first = latest(sandbox)["id"]
    generate(sandbox, "b")
    admin(sandbox, f"/otps/{first}/expire", "POST")
    assert states(sandbox) == [("b", "live"), ("a", "expired")]


@pytest.mark.parametrize("end", ["expire", "lock"])
def test_a_code_can_be_ended_twice_and_after_its_use(sandbox: str, end: str) -> None:
    generate(sandbox)
    once, twice = (admin(sandbox, f"/otps/latest/{end}", "POST").body["state"] for _ in range(2))
    assert once == twice
    generate(sandbox, "b")
    submit(sandbox, "b")
    assert admin(sandbox, f"/otps/latest/{end}", "POST").body["state"] == "used"


@pytest.mark.parametrize("end", ["expire", "lock"])
def test_of_a_code_that_was_replaced_nothing_is_left_to_end(sandbox: str, end: str) -> None:
    session = open_session(sandbox)
    generate_in(sandbox, session)
    first = latest(sandbox)["id"]
    generate_in(sandbox, session)
    answer = admin(sandbox, f"/otps/{first}/{end}", "POST")
    assert answer.body == problem(409, "otp-gone", "Nothing of it is left", f"OTP {first} is replaced.")
    assert validate_in(sandbox, session, latest(sandbox)["code"]) == "SUCCESS"


def test_what_its_vendor_could_not_tell_is_not_done(sandbox: str) -> None:
    generate_at_till(sandbox)
    answer = admin(sandbox, "/otps/latest/lock", "POST")
    detail = "Nothing of capillary/v2 asks whether its otp is exhausted."
    assert answer.body == problem(409, "not-told-apart", "It would be answered as before", detail)
    assert validate_at_till(sandbox, latest(sandbox)["code"]).body["entity"] is True


# Waited for


@pytest.fixture
def waiters() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


class Watched(threading.BoundedSemaphore):
    """Where calls wait for codes, and tells of each that has come."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.inside = threading.Semaphore(0)

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        held = super().acquire(blocking, timeout)
        self.inside.release()
        return held


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    room = Watched(desk.MOST_WAITING)
    monkeypatch.setattr(desk, "BoundedSemaphore", lambda _: room)
    return room


@pytest.fixture
def own(watched: Watched) -> Iterator[str]:
    """A server of the test's own, whose waiters are watched."""
    with running(app_for()) as url:
        yield url


@pytest.fixture
def arrived(watched: Watched) -> Callable[[int], None]:
    """Waits until so many calls wait for codes, without asking the server again and again."""

    def wait(count: int) -> None:
        for _ in range(count):
            assert watched.inside.acquire(timeout=10)

    return wait


def test_a_live_code_is_there_at_once(sandbox: str) -> None:
    generate(sandbox)
    answer = admin(sandbox, f"/otps/wait?to={PHONE}&timeout=120s")
    assert (answer.status, answer.body) == (200, latest(sandbox, f"to={PHONE}"))


@pytest.mark.parametrize(
    "query", ["", f"to={PHONE}", f"to=%2B91{PHONE}&vendor=cashfree", "operation=generateOtp", "after=0"]
)
def test_a_wait_ends_the_moment_a_code_is_sent(
    own: str, waiters: ThreadPoolExecutor, arrived: Callable[[int], None], query: str
) -> None:
    told = waiters.submit(admin, own, f"/otps/wait?timeout=60s&{query}")
    arrived(1)
    assert not told.done()
    begun = time.monotonic()
    generate(own)
    answer = told.result(timeout=10)
    assert time.monotonic() - begun < 5
    assert (answer.status, answer.body["key"], answer.body["state"]) == (200, "Test123", "live")


def test_a_wait_is_not_ended_by_what_was_not_waited_for(
    own: str, waiters: ThreadPoolExecutor, arrived: Callable[[int], None]
) -> None:
    generate(own, "old")
    last = latest(own)["id"]
    told = waiters.submit(admin, own, f"/otps/wait?timeout=60s&to={PHONE}&after={last}&vendor=cashfree")
    arrived(1)
    generate(f"{own}/@b", "of-another-own")
    user_with(own, "OTHER", "9000000000")
    generate(own, "of-another-person", "OTHER")
    generate_at_till(own, f"91{PHONE}")
    generate(own, "old")
    assert generate(own, "new").status == 200
    assert told.result(timeout=10).body["key"] == "new"


def test_a_code_that_is_not_live_is_waited_past(
    own: str, waiters: ThreadPoolExecutor, arrived: Callable[[int], None]
) -> None:
    for id_, end in (("used", None), ("expired", "expire"), ("locked", "lock")):
        generate(own, id_)
        admin(own, f"/otps/latest/{end}", "POST") if end else submit(own, id_)
    told = waiters.submit(admin, own, "/otps/wait?timeout=60s")
    arrived(1)
    generate(own, "live")
    assert told.result(timeout=10).body["key"] == "live"


@pytest.mark.parametrize("query", ["timeout=0s", "timeout=1ms", f"timeout=20ms&to={PHONE}", "timeout=0.01%20seconds"])
def test_when_time_is_up_there_is_no_content(sandbox: str, query: str) -> None:
    generate(sandbox)
    submit(sandbox)
    answer = admin(sandbox, f"/otps/wait?{query}")
    assert (answer.status, answer.raw, answer.headers["Content-Type"]) == (204, b"", None)


def test_a_wait_goes_by_real_time_and_not_by_the_sandboxs(sandbox: str) -> None:
    freeze(sandbox)
    assert admin(sandbox, "/otps/wait?timeout=10ms").status == 204


def test_a_reset_does_not_end_a_wait(own: str, waiters: ThreadPoolExecutor, arrived: Callable[[int], None]) -> None:
    told = waiters.submit(admin, own, "/otps/wait?timeout=60s")
    arrived(1)
    admin(own, "/reset", "POST")
    generate(own, "after-the-reset")
    assert told.result(timeout=10).body["key"] == "after-the-reset"


@pytest.mark.parametrize(
    ("timeout", "title", "detail"),
    [
        (
            "soon",
            "This is no duration",
            '"soon" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day".',
        ),
        ("10", "This is no duration", '"10" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day".'),
        ("-1s", "This is no duration", '"-1s" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day".'),
        ("121s", "This takes too long", '"121s" is more than 120 seconds.'),
        ("1day", "This takes too long", '"1day" is more than 120 seconds.'),
    ],
)
def test_a_wait_of_no_length_or_too_long_is_refused(sandbox: str, timeout: str, title: str, detail: str) -> None:
    assert admin(sandbox, f"/otps/wait?timeout={timeout}").body == problem(400, "bad-duration", title, detail)


def test_more_waiters_than_the_server_can_hold_are_told_so_at_once(
    waiters: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MOST_WAITING", 2)
    with running(app_for()) as url:
        waiting = [waiters.submit(admin, url, "/otps/wait?timeout=60s") for _ in range(3)]
        # Whichever of the three came last is told at once, while the others go on waiting.
        refused = next(as_completed(waiting, timeout=10)).result()
        assert refused.body == problem(503, "too-many-waiting", "Too many wait", "2 calls wait for codes already.")
        generate(url)
        assert sorted(each.result(timeout=10).status for each in waiting) == [200, 200, 503]
        assert admin(url, "/otps/wait").status == 200


def test_a_server_that_stops_tells_those_who_wait(
    waiters: ThreadPoolExecutor, watched: Watched, arrived: Callable[[int], None]
) -> None:
    with running(app_for()) as url:
        told = waiters.submit(admin, url, "/otps/wait?timeout=60s")
        arrived(1)
    assert told.result(timeout=10).status == 204


def test_fifty_waiters_are_all_told_by_one_code(
    own: str, waiters: ThreadPoolExecutor, arrived: Callable[[int], None]
) -> None:
    told = [waiters.submit(admin, own, f"/otps/wait?to={PHONE}&timeout=60s") for _ in range(50)]
    arrived(50)
    generate(own)
    assert {(each.result(timeout=10).status, each.result().body["key"]) for each in told} == {(200, "Test123")}


def test_who_waits_in_a_sandbox_that_ends_is_told_at_once(url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        admin(f"{url}/@ending", "/health")
        told = pool.submit(admin, f"{url}/@ending", "/otps/wait?timeout=60s")
        while not told.done():
            call("DELETE", f"{url}/__admin/sandboxes/ending")
    assert told.result().status == 204
