"""Faults: armed over the admin API for calls to come, or preferred by the call itself."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest

from mocksrv.arming import forced_example
from mocksrv.rules import Rules
from mocksrv.state.faults import KINDS
from mocksrv.web.transport import STOPPING
from tests.http import CASHFREE, Answer, app_for, call, catalogue

M2P = {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "ACME_CORP"}
CAPILLARY = {"Authorization": "Basic dGVzdF91c2VyOjE2ZWMxZWJiMDFmZTAyZGVkOWI3ZDU0NDdkM2RmYzY1"}
GATEWAY = "<html>\n<head><title>{0}</title></head>\n<body><h1>{0}</h1></body>\n</html>\n"
DUPLICATE = {
    "code": "otp_verification_id_already_exists",
    "type": "validation_error",
    "message": "OTP request with the same otp_verification_id already exists",
}
LOST = (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError)


def admin(url: str, path: str, method: str = "GET", json: Any = None) -> Answer:
    return call(method, f"{url}/__admin{path}", json)


def arm(url: str, **order: Any) -> str:
    """Arm what must be right; gives the fault's id."""
    answer = admin(url, "/faults", "POST", {name.rstrip("_"): value for name, value in order.items()})
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def fault(url: str, id_: str) -> dict[str, Any]:
    shown: dict[str, Any] = admin(url, f"/faults/{id_}").body
    return shown


def generate(url: str, id_: str = "Test123", *, prefer: str = "", **more: Any) -> Answer:
    body = {"otp_verification_id": id_, "user_id": "USER827364", "notification_modes": ["SMS"], **more}
    headers = {**CASHFREE, "Prefer": prefer} if prefer else CASHFREE
    return call("POST", f"{url}/ppi/otp/generate", body, headers=headers)


def submit(url: str, otp: str = "111000", id_: str = "Test123") -> Answer:
    return call("POST", f"{url}/ppi/otp/submit", {"otp_verification_id": id_, "otp": otp}, headers=CASHFREE)


def trace(url: str, mobile: str = "9876543210", headers: Mapping[str, str] = M2P) -> Answer:
    """An OTP by the vendor who has two answers of success: in the second, ``refNumber`` is no empty text."""
    return call("POST", f"{url}/v1/otp/generate", {"mobileNumber": mobile, "otpType": "S"}, headers=headers)


def is_dual(answer: Answer) -> bool:
    return answer.status == 200 and answer.body["result"]["refNumber"] != ""


# --- armed, shown, disarmed ----------------------------------------------------------------------------------------


def test_what_is_armed_is_shown_in_its_order_until_it_is_disarmed(sandbox: str) -> None:
    order = {"operation": "generateOtp", "answer": "502 Bad Gateway", "times": 2, "after": 1}
    first = admin(sandbox, "/faults", "POST", order)
    assert (first.status, first.body) == (
        201,
        {"id": first.body["id"], "armed": True, "acted": 0, "left": 2, "scenario": None, "order": order},
    )
    second = admin(sandbox, "/faults", "POST", {"delay": "1s..3s", "for": "60s"})
    assert (second.body["left"], second.body["order"]) == (None, {"delay": "1s..3s", "for": "60s"})
    assert admin(sandbox, "/faults").body == {"faults": [first.body, second.body]}
    assert admin(sandbox, f"/faults/{first.body['id']}").body == first.body
    assert admin(sandbox, f"/faults/{first.body['id']}", "DELETE").body == first.body
    assert admin(sandbox, "/faults", "DELETE").body == {"faults": [second.body]}
    assert admin(sandbox, "/faults").body == {"faults": []}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_fault_that_is_not_there_is_a_404(sandbox: str, method: str) -> None:
    answer = admin(sandbox, "/faults/ffffffff", method)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-fault")


def test_a_fault_belongs_to_its_sandbox_and_a_reset_disarms_it(sandbox: str) -> None:
    arm(sandbox, answer="502 Bad Gateway", times=100)
    assert [generate(sandbox).status, generate(f"{sandbox}-2").status] == [502, 200]
    admin(sandbox, "/reset", "POST")
    assert admin(sandbox, "/faults").body == {"faults": []}
    assert generate(sandbox).status == 200


def test_spent_faults_make_room_and_armed_ones_never_go(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocksrv.instruments.faults.MOST_FAULTS", 3)
    kept = arm(sandbox, answer="502 Bad Gateway", where={"body.user_id": "nobody"})
    for _ in range(5):
        arm(sandbox, operation="generateOtp", answer="502 Bad Gateway")
        assert generate(sandbox).status == 502
    assert kept in [each["id"] for each in admin(sandbox, "/faults").body["faults"]]
    for _ in range(2):
        arm(sandbox, operation="ppiSubmitOtp", answer="502 Bad Gateway")
    refused = admin(sandbox, "/faults", "POST", {"fault": "close"})
    assert (refused.status, refused.headers["X-Mocksrv-Error"]) == (409, "too-many-faults")


@pytest.mark.parametrize(
    ("order", "kind", "sentence"),
    [
        ({"operation": "generateOpt", "answer": "429"}, "no-such-operation",
         'there is no operation "generateOpt"; did you mean "generateOtp"?'),
        ({"operation": "generateOtp", "answer": "429 rateLimitExeeded"}, "no-such-answer",
         'generateOtp has no answer "429 rateLimitExeeded"; did you mean "429 rateLimitExceeded"?'),
        ({"operation": "generateOtp", "answer": "502 Bad Gatewy"}, "no-such-answer",
         'generateOtp has no answer "502 Bad Gatewy"; did you mean "502 Bad Gateway"?'),
        ({"operation": "generateOtp", "answer": "503"}, "no-such-answer",
         'generateOtp has no answer "503"; did you mean "503 Service Unavailable", as a gateway says it?'),
        ({"answer": "299 Fine"}, "no-such-answer", 'no operation has an answer "299 Fine"; known: '),
        ({"answer": "200 OK"}, "no-such-answer", 'no operation has an answer "200 OK"; known: '),
        ({"fault": "trunkate"}, "bad-fault",
         '"trunkate" is no way for an answer to go wrong; did you mean "truncate"?'),
        ({"delay": "5"}, "bad-fault", '"5" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day".'),
        ({"delay": "3s..1s"}, "bad-fault", '"3s..1s" is no delay: the least comes first, like "1s..3s".'),
        ({"delay": "11m"}, "bad-fault", '"11m" is too long a delay: an answer may be 10 minutes late at most.'),
        ({"fault": "drip", "lasts": "11m"}, "bad-duration",
         '"11m" is too long: an answer may drip for 10 minutes.'),
        ({"fault": "close", "bytes": 3}, "bad-fault", '"bytes" belongs to the fault "truncate".'),
        ({"delay": "1s", "lasts": "3s"}, "bad-fault", '"lasts" belongs to the fault "drip".'),
        ({"fault": "close", "for": "soon"}, "bad-duration",
         '"soon" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day".'),
        ({"fault": "close", "where": {"user_id": "X"}}, "bad-place",
         '"user_id" is not a place; write it like "body.user_id" or "header.x-client-id".'),
        ({"fault": "close", "operation": "generateOtp", "where": {"body.user_i": "X"}}, "bad-place",
         'the body of generateOtp has no "user_i"; did you mean "user_id"?'),
        ({"fault": "close", "operation": "generateOtp", "where": {"path.id": "X"}}, "bad-place",
         'the path of generateOtp has no "id"; there is none.'),
        ({"fault": "close", "where": {"header.a.b": "X"}}, "bad-place",
         '"header.a.b" is no name in the header; write it like "header.name".'),
        ({"fault": "close", "where": {"client.id": "X"}}, "bad-place",
         '"client.id" is not of the call; write it like "body.mobile_number" or "header.x-client-id".'),
        ({"operation": "generateOtp"}, "no-fault", 'nothing would go wrong: say "answer", "fault" or "delay".'),
        ({"fault": "close", "times": 0}, "bad-request", "Wrong: body.times minimum."),
        ({"fault": "close", "after": -1}, "bad-request", "Wrong: body.after minimum."),
        ({"falt": "close"}, "bad-request", 'Wrong: body.falt unknown; did you mean "fault"?'),
        ({}, "bad-request", "Wrong: body minProperties."),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_no_call_could_meet_is_refused_with_the_nearest_right_word(
    sandbox: str, order: dict[str, Any], kind: str, sentence: str
) -> None:
    answer = admin(sandbox, "/faults", "POST", order)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (422, kind)
    assert answer.body["detail"].startswith(sentence)
    assert admin(sandbox, "/faults").body == {"faults": []}


# --- which calls it acts upon --------------------------------------------------------------------------------------


def test_it_acts_as_often_as_it_says_after_as_many_as_it_lets_go_by(sandbox: str) -> None:
    id_ = arm(sandbox, operation="generateOtp", answer="502 Bad Gateway", times=2, after=1)
    submit(sandbox)  # another operation: neither goes by nor counts
    assert [generate(sandbox, f"A{n}").status for n in range(5)] == [200, 502, 502, 200, 200]
    shown = fault(sandbox, id_)
    assert (shown["armed"], shown["acted"], shown["left"]) == (False, 2, 0)


def test_without_times_it_acts_once(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", answer="500")
    assert [generate(sandbox).status for _ in range(2)] == [500, 200]


def test_the_first_that_fits_acts_and_then_the_next(sandbox: str) -> None:
    arm(sandbox, operation="ppiSubmitOtp", answer="500")
    arm(sandbox, answer="502 Bad Gateway")
    arm(sandbox, operation="generateOtp", answer="409 duplicateOtpRequest")
    arm(sandbox, operation="generateOtp", answer="503 Service Unavailable")
    assert [generate(sandbox).status for _ in range(4)] == [502, 409, 503, 200]
    assert submit(sandbox).status == 500


@pytest.mark.parametrize(
    ("where", "acts"),
    [
        ({"body.otp_verification_id": "B"}, "-B-"),
        ({"body.user_id": "USER827364"}, "ABC"),
        ({"body.otp_verification_id": "B", "body.user_id": "nobody"}, "---"),
        ({"body.nowhere": ""}, "---"),
        ({"body.notification_modes": "SMS"}, "ABC"),
        ({"body.notification_modes[]": "SMS"}, "ABC"),
        ({"body.notification_modes[0]": "WHATSAPP"}, "---"),
        ({"header.X-Client-Id": "TEST_CLIENT_ID", "body.otp_verification_id": "C"}, "--C"),
        ({"query.page": "2"}, "---"),
    ],
    ids=str,
)
def test_it_acts_upon_calls_that_say_so_at_their_places(sandbox: str, where: dict[str, str], acts: str) -> None:
    arm(sandbox, answer="502 Bad Gateway", where=where, times=3)
    said = [name if generate(sandbox, name).status == 502 else "-" for name in "ABC"]
    assert "".join(said) == acts


@pytest.mark.parametrize("where", ["+91 98765 43210", "919876543210"])
def test_a_place_says_what_the_client_sent_or_what_the_vendor_reads(sandbox: str, where: str) -> None:
    arm(sandbox, answer="502 Bad Gateway", where={"body.identifierValue": where})
    body = {"identifierType": "MOBILE", "identifierValue": "+91 98765 43210", "deviceId": "1", "brand": "STANDARDAPP"}
    assert call("POST", f"{sandbox}/auth/v1/token/generate", body).status == 502


@pytest.mark.parametrize(("value", "acts"), [(7, True), ("7", True), (8, False), (True, False)])
def test_a_number_is_the_same_as_its_text(sandbox: str, value: Any, acts: bool) -> None:
    arm(sandbox, answer="502 Bad Gateway", where={"body.number": value})
    assert (generate(sandbox, number=7).status == 502) is acts


def test_for_a_duration_it_acts_upon_every_call_whatever_the_sandbox_s_clock_shows(sandbox: str) -> None:
    id_ = arm(sandbox, answer="502 Bad Gateway", for_="1 hour")
    assert [generate(sandbox).status for _ in range(3)] == [502] * 3
    admin(sandbox, "/clock", "PUT", {"action": "advance", "by": "2 hours"})
    assert generate(sandbox).status == 502
    assert (fault(sandbox, id_)["armed"], fault(sandbox, id_)["left"]) == (True, None)


def test_when_its_time_is_over_it_acts_no_more(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = arm(sandbox, answer="502 Bad Gateway", for_="1 hour", times=100)
    assert generate(sandbox).status == 502
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert generate(sandbox).status == 200
    assert fault(sandbox, id_)["armed"] is False


# --- refusals are pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", catalogue().rules.values(), ids=lambda rules: rules.name)
def test_a_gateway_can_say_502_before_every_operation(sandbox: str, rules: Rules) -> None:
    id_ = arm(sandbox, operation=rules.name, answer="502 Bad Gateway")
    answer = call(rules.operation.method.upper(), sandbox + rules.paths[0])
    own = forced_example(rules, "502 Bad Gateway")
    assert (answer.status, "X-Mocksrv-Error" in answer.headers) == (502, False)
    if own and own in rules.operation.examples:  # a vendor who documents it says it in words of its own
        assert (answer.headers["Content-Type"], answer.body["code"]) == ("application/json", own.value["code"])
    else:
        assert (answer.headers["Content-Type"], answer.body) == ("text/html", GATEWAY.format("502 Bad Gateway"))
        assert answer.why == f"armed, fault {id_} -> 502 Bad Gateway (of no spec)"


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("503 Service Unavailable", "503 Service Unavailable"),
        ("504 gateway timeout", "504 Gateway Timeout"),
        ("404 Not Found", "404 Not Found"),
    ],
)
def test_a_status_that_http_knows_needs_no_example(sandbox: str, answer: str, title: str) -> None:
    arm(sandbox, answer=answer)
    said = generate(sandbox)
    assert (str(said.status), said.body) == (title[:3], GATEWAY.format(title))


def test_a_status_alone_is_for_the_operations_that_have_it(sandbox: str) -> None:
    arm(sandbox, answer="409")
    assert submit(sandbox).status == 404
    assert generate(sandbox).body == DUPLICATE


def test_an_armed_refusal_is_the_one_that_the_vendor_documents(sandbox: str) -> None:
    id_ = arm(sandbox, operation="generateOtp", answer="409 duplicateOtpRequest")
    answer = generate(sandbox)
    assert (answer.status, answer.body) == (409, DUPLICATE)
    assert answer.why.startswith(f"armed, fault {id_} -> 409 duplicateOtpRequest (specs/cashfree/ppi.yaml:")
    assert "Preference-Applied" not in answer.headers


def test_an_armed_refusal_needs_no_good_request(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", answer="500")
    assert call("POST", f"{sandbox}/ppi/otp/generate", raw="no JSON").body["code"] == "internal_server_error"


def test_an_armed_refusal_writes_and_counts_nothing(sandbox: str) -> None:
    before = generate(sandbox, "before").headers["x-ratelimit-remaining"]
    for answer in ("429", "409 duplicateOtpRequest", "200 FAILED", "502 Bad Gateway"):
        arm(sandbox, operation="generateOtp", answer=answer)
        assert generate(sandbox).why.startswith("armed, fault")
    after = generate(sandbox)
    assert (after.status, int(after.headers["x-ratelimit-remaining"])) == (200, int(before) - 1)
    assert admin(sandbox, "/messages").body["meta"]["total"] == 2


def test_an_armed_wrong_code_costs_no_attempt(sandbox: str) -> None:
    generate(sandbox)
    arm(sandbox, operation="ppiSubmitOtp", answer="200 FAILED", times=5)
    assert [submit(sandbox).body["status"] for _ in range(6)] == ["FAILED"] * 5 + ["VERIFIED"]


# --- successes are choices -----------------------------------------------------------------------------------------


def test_an_armed_success_runs_as_usual_and_is_said_by_another_example(sandbox: str) -> None:
    id_ = arm(sandbox, operation="m2pGenerateOtp", answer="200 SUCCESS_DUAL")
    answer = trace(sandbox)
    assert is_dual(answer)
    assert answer.why.startswith(f"accepted, armed, fault {id_} -> 200 SUCCESS_DUAL (")
    sent = admin(sandbox, "/otps/latest?to=9876543210").body
    assert sent["key"] == answer.body["result"]["traceNumber"]
    assert not is_dual(trace(sandbox))


def test_an_armed_success_waits_for_a_call_that_is_accepted(sandbox: str) -> None:
    id_ = arm(sandbox, operation="m2pGenerateOtp", answer="200 SUCCESS_DUAL")
    refused = trace(sandbox, "9000000000")
    assert (refused.status, is_dual(refused)) == (409, False)
    assert f"although 200 SUCCESS_DUAL was armed, fault {id_} -> 409 noAccount (" in refused.why
    assert (fault(sandbox, id_)["acted"], fault(sandbox, id_)["armed"]) == (0, True)
    assert is_dual(trace(sandbox))
    assert fault(sandbox, id_)["acted"] == 1


def test_what_goes_wrong_on_the_way_waits_with_its_success(sandbox: str) -> None:
    arm(sandbox, operation="m2pGenerateOtp", answer="200 SUCCESS_DUAL", fault="empty")
    assert trace(sandbox, "9000000000").status == 409
    assert trace(sandbox).raw == b""


# --- used up once for each call, in the same step --------------------------------------------------------------------


def at_once(number: int, ask: Any) -> list[Answer]:
    """The answers of as many calls as there are, all begun together."""
    barrier = Barrier(number)

    def one(index: int) -> Answer:
        barrier.wait()
        answer: Answer = ask(index)
        return answer

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def test_of_many_calls_at_once_exactly_as_many_are_refused_as_are_armed(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", answer="502 Bad Gateway", times=3, after=2)
    said = at_once(16, lambda index: generate(sandbox, f"A{index}"))
    assert sorted(each.status for each in said) == [200] * 13 + [502] * 3


def test_of_many_calls_at_once_only_those_accepted_use_an_armed_success_up(sandbox: str) -> None:
    id_ = arm(sandbox, operation="m2pGenerateOtp", answer="200 SUCCESS_DUAL", times=3)
    said = at_once(16, lambda index: trace(sandbox, "9876543210" if index % 2 else "9000000000"))
    assert sum(map(is_dual, said)) == 3
    assert sorted(each.status for each in said) == [200] * 8 + [409] * 8
    assert fault(sandbox, id_)["acted"] == 3


# --- how an answer goes wrong on its way -----------------------------------------------------------------------------

OK = {"status": "OTP_GENERATED", "user_id": "USER827364", "notification_modes": ["SMS"]}


def lost(ask: Any) -> bytes:
    """What came of an answer of which not all came."""
    with pytest.raises(LOST) as raised:
        ask()
    return bytes(getattr(raised.value, "partial", b""))


def whole(sandbox: str) -> bytes:
    """What the answer to ``generate`` is when nothing goes wrong: a sandbox of the same seed says the same."""
    return generate(f"{sandbox}-2").raw


def test_an_empty_body(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", fault="empty")
    answer = generate(sandbox)
    assert (answer.status, answer.raw, answer.headers["Content-Length"]) == (200, b"", "0")


def test_malformed_json(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", fault="malformed")
    answer = generate(sandbox)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.raw)


@pytest.mark.parametrize(("order", "came"), [({}, 0.5), ({"bytes": 0}, 0.0), ({"bytes": 10}, 10)], ids=str)
def test_a_truncated_body(sandbox: str, order: dict[str, int], came: float) -> None:
    body = whole(sandbox)
    arm(sandbox, operation="generateOtp", fault="truncate", **order)
    assert lost(lambda: generate(sandbox)) == body[: int(came * len(body)) if came < 1 else int(came)]


def test_a_slow_drip_brings_the_whole_body(sandbox: str) -> None:
    body = whole(sandbox)
    arm(sandbox, operation="generateOtp", fault="drip", lasts="200ms")
    begun = time.monotonic()
    assert generate(sandbox).raw == body
    assert time.monotonic() - begun >= 0.2


def test_an_answer_that_is_lost_was_given(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", fault="close")
    assert lost(lambda: generate(sandbox)) == b""
    assert admin(sandbox, "/otps/latest?to=9876543210").body["code"] == "111000"
    again = generate(sandbox)
    assert (again.status, again.body) == (409, DUPLICATE)
    assert submit(sandbox).body["status"] == "VERIFIED"


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_goes_wrong_like_any_answer(sandbox: str, kind: str) -> None:
    more = {"lasts": "100ms"} if kind == "drip" else {}
    id_ = arm(sandbox, operation="ppiSubmitOtp", fault=kind, **more)
    try:
        answer = submit(sandbox, id_="Never")
    except LOST:
        assert kind in ("truncate", "close")
    else:
        assert (answer.status, kind in ("truncate", "close")) == (404, False)
    assert fault(sandbox, id_)["acted"] == 1


def test_an_answer_can_be_forced_and_go_wrong(sandbox: str) -> None:
    arm(sandbox, operation="generateOtp", answer="502 Bad Gateway", fault="truncate", bytes=6)
    assert lost(lambda: generate(sandbox)) == b"<html>"


@pytest.mark.parametrize("delay", ["150ms", "150ms..200ms"])
def test_a_delay_is_waited_and_told(sandbox: str, delay: str) -> None:
    arm(sandbox, operation="generateOtp", delay=delay)
    begun = time.monotonic()
    assert generate(sandbox).body.items() >= OK.items()
    assert time.monotonic() - begun >= 0.15
    (entry,) = admin(sandbox, "/requests").body["requests"]
    assert 150 <= entry["timing"]["addedDelay"] <= 200
    assert entry["timing"]["totalTime"] >= entry["timing"]["addedDelay"]


def test_a_delayed_answer_is_decided_when_the_call_comes() -> None:
    client, seen = app_for().test_client(), []

    class Meanwhile(Event):
        """Takes the place of what cuts a wait short."""

        def wait(self, timeout: float | None = None) -> bool:
            latest = client.application.test_client().get("/__admin/otps/latest", headers={"Accept": "text/plain"})
            seen.append((timeout, latest.text))
            return True

    client.post("/__admin/faults", json={"operation": "generateOtp", "delay": "2s"})
    body = {"otp_verification_id": "Test123", "user_id": "USER827364", "notification_modes": ["SMS"]}
    late = client.post("/ppi/otp/generate", json=body, headers=CASHFREE, environ_overrides={STOPPING: Meanwhile()})
    assert (late.status_code, seen) == (200, [(2.0, "111000")])


def test_the_journal_has_the_answer_as_it_should_have_arrived(sandbox: str) -> None:
    body = whole(sandbox)
    id_ = arm(sandbox, operation="generateOtp", fault="close")
    lost(lambda: generate(sandbox))
    (entry,) = admin(sandbox, "/requests").body["requests"]
    assert (entry["response"]["status"], entry["response"]["body"].encode()) == (200, body)
    assert id_ in entry["why"]


# --- preferred by the call -------------------------------------------------------------------------------------------


def test_a_call_may_prefer_to_lose_its_own_answer(sandbox: str) -> None:
    assert lost(lambda: generate(sandbox, prefer="fault=close")) == b""
    assert generate(sandbox).status == 409


def test_a_call_may_prefer_an_answer_and_how_it_goes_wrong(sandbox: str) -> None:
    begun = time.monotonic()
    answer = generate(sandbox, prefer="code=500, delay=100ms, fault=malformed")
    assert time.monotonic() - begun >= 0.1
    assert (answer.status, answer.headers["Preference-Applied"]) == (500, 'code=500, example="internalError"')
    assert isinstance(answer.body, str)
    assert generate(sandbox, prefer='delay="0s..100ms"').status == 200


@pytest.mark.parametrize(
    ("prefer", "sentence"),
    [
        ("fault=clse", '"clse" is no way for an answer to go wrong; did you mean "close"?'),
        ("delay=5", '"5" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'),
        ("delay=1h", '"1h" is too long a delay: an answer may be 10 minutes late at most'),
    ],
)
def test_what_cannot_be_preferred_is_a_400_of_ours(sandbox: str, prefer: str, sentence: str) -> None:
    answer = generate(sandbox, prefer=prefer)
    assert (answer.status, answer.body["title"]) == (400, "This cannot be preferred")
    assert answer.body["detail"] == sentence


def test_an_answer_that_a_call_prefers_uses_up_none_that_is_armed(sandbox: str) -> None:
    id_ = arm(sandbox, answer="502 Bad Gateway", after=1)
    assert generate(sandbox, prefer="code=500").status == 500
    assert fault(sandbox, id_)["armed"] is True
    assert [generate(sandbox, name).status for name in "AB"] == [200, 502]


def test_a_preferred_delay_and_an_armed_fault_go_together(sandbox: str) -> None:
    arm(sandbox, fault="empty")
    begun = time.monotonic()
    assert generate(sandbox, prefer="delay=100ms").raw == b""
    assert time.monotonic() - begun >= 0.1
