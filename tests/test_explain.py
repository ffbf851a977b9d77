"""Why a call was answered so, as text: that it says what is there, and that what it proposes is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.admin import PHONE, TILL, USER, admin, freeze, generate, move, submit
from tests.http import CASHFREE, call, catalogue

GENERATE, SUBMIT = "/ppi/otp/generate", "/ppi/otp/submit"
MODES = {"notification_modes": ["SMS"]}
VALIDATE = {"entityType": "MOBILE", "entityValue": "919876543210", "action": "REGISTRATION", "code": "000000"}


def explained(url: str) -> list[str]:
    """The lines about the newest call."""
    answer = admin(url, "/requests/latest/explain")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    return answer.raw.decode().splitlines()


def ways_in(lines: list[str]) -> dict[str, str]:
    """Each other answer and the way to it."""
    begin = lines.index("Other answers, the nearest first") + 1
    return dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines[begin:-2])


def below(url: str) -> str:
    return f"Routes without a slash are below /{url.rpartition('/')[2]}/__admin/."


def test_a_refusal_is_explained(sandbox: str) -> None:
    generate(sandbox)
    submit(sandbox, otp="123456")
    lines = explained(sandbox)
    line = next(each for each in lines if each.startswith("written"))
    assert re.fullmatch(r"written    fixtures/cashfree/ppi/submit_otp.yaml:\d+", line)
    assert lines == [
        "POST /ppi/otp/submit -> 200",
        "operation  ppiSubmitOtp, called by TEST_CLIENT_ID",
        "because    wrong otp",
        "answer     200 FAILED",
        line,
        "looked at  client TEST_CLIENT_ID: there",
        "looked at  otp Test123: there",
        "",
        "Other answers, the nearest first",
        "  200 VERIFIED                      send the code that was sent: GET otps/latest",
        "  404 otpVerificationIdNotFound     name some otp that is not there",
        "  400 otpAlreadyVerified            use the otp up first",
        "  400 attemptsExhausted             spend its attempts: POST otps/latest/lock",
        "  400 otpExpired                    end its life: POST otps/latest/expire",
        '  403 ipNotWhitelisted              send body.otp_verification_id "IP_NOT_WHITELISTED" (test data)',
        '  429 rateLimitExceeded             send body.otp_verification_id "RATE_LIMITED" (test data)',
        '  500 internalError                 send body.otp_verification_id "INTERNAL_ERROR" (test data)',
        "  400 otp_verification_id_missing   leave out body.otp_verification_id",
        "  400 otp_verification_id_too_long  send some body.otp_verification_id that breaks its maxLength",
        "  400 otp_verification_id_invalid   send some body.otp_verification_id against the contract",
        "  400 otp_missing                   leave out body.otp",
        "  400 otp_invalid                   send some body.otp against the contract",
        "  400 invalidRequest                break the contract anywhere else",
        "  400 missingClientId               leave out header.x-client-id",
        "  400 missingClientSecret           leave out header.x-client-secret",
        "  401 invalidCredentials            send some header.x-client-id that is not known",
        'Any of them for one call alone, by its name: Prefer: example="VERIFIED"',
        below(sandbox),
    ]


def test_what_was_wrong_is_listed_all_of_it(sandbox: str) -> None:
    call("POST", sandbox + GENERATE, {"user_id": 5}, headers=CASHFREE)
    lines = explained(sandbox)
    assert lines[1:4] == [
        "operation  generateOtp, called by TEST_CLIENT_ID",
        "because    violated body.otp_verification_id missing",
        "answer     400 otp_verification_id_missing",
    ]
    assert lines[5:9] == [
        "wrong      body.notification_modes missing",
        "wrong      body.otp_verification_id missing",
        "wrong      body.user_id type",
        "looked at  client TEST_CLIENT_ID: there",
    ]
    assert ways_in(lines)["200 SUCCESS"] == "put right what is wrong"


@pytest.mark.parametrize(
    ("method", "path", "why"),
    [
        ("POST", "/ppi/otp/submitt", 'there is no POST /ppi/otp/submitt; did you mean "POST /ppi/otp/submit"?'),
        ("GET", "/ppi/otp/submit", 'there is no GET /ppi/otp/submit; did you mean "POST /ppi/otp/submit"?'),
    ],
)
def test_a_call_without_an_operation_is_explained(sandbox: str, method: str, path: str, why: str) -> None:
    status = call(method, sandbox + path).status
    assert explained(sandbox) == [
        f"{method} {path} -> {status}",
        f"because    {why}",
        "",
        "What is served, and every answer of it: GET operations",
        below(sandbox),
    ]


def test_a_preference_that_cannot_be_had_is_explained(sandbox: str) -> None:
    answer = call("POST", sandbox + GENERATE, headers={"Prefer": "code=777"})
    assert explained(sandbox)[:2] == ["POST /ppi/otp/generate -> 400", f"because    {answer.body['detail']}"]


def test_the_default_sandbox_has_no_prefix(url: str) -> None:
    call("GET", f"{url}/nowhere")
    assert explained(url)[-1] == "Routes without a slash are below /__admin/."


def test_how_an_answer_went_wrong_on_its_way_is_told(sandbox: str) -> None:
    call("POST", sandbox + GENERATE, {}, headers={**CASHFREE, "Prefer": "fault=empty, delay=20ms"})
    lines = explained(sandbox)
    assert lines[lines.index("") - 2 :][:2] == ["fault      empty, on its way", "delayed    by 0.020 s"]


def refused_as(sandbox: str, headers: dict[str, str]) -> tuple[str, str]:
    """Why a call that asks for too little was answered so, and what would have it accepted."""
    call("POST", sandbox + GENERATE, {}, headers={**CASHFREE, **headers})
    lines = explained(sandbox)
    return lines[2], ways_in(lines)["200 SUCCESS"]


def test_what_was_asked_for_is_told_with_how_not_to(sandbox: str) -> None:
    assert refused_as(sandbox, {"Prefer": "code=429"}) == ("because    preferred", "leave out the header Prefer")
    although = "because    violated body.otp_verification_id missing, although 200 SUCCESS was preferred"
    assert refused_as(sandbox, {"Prefer": "code=200"}) == (although, "put right what is wrong")
    armed = admin(sandbox, "/faults", "POST", {"answer": "502 Bad Gateway"}).body["id"]
    disarm = "call again when what is armed is spent, or disarm it: DELETE faults"
    assert refused_as(sandbox, {}) == (f"because    armed, fault {armed}", disarm)


def test_a_full_quota_is_told_with_the_time_until_it_is_over(sandbox: str) -> None:
    freeze(sandbox)
    for _ in range(6):
        call("POST", f"{sandbox}/v2/otp/validate", VALIDATE, headers=TILL)
    lines = explained(sandbox)
    assert lines[2:4] == ["because    exceeded 5 calls", "answer     429 rateLimitExceeded"]
    assert ways_in(lines)["200 SUCCESS"] == 'move the clock: PUT clock {"action": "advance", "by": "900s"}'
    move(sandbox, "advance", by="900s")
    assert call("POST", f"{sandbox}/v2/otp/validate", VALIDATE, headers=TILL).status == 200


def test_what_a_record_keeps_is_told_by_its_name(sandbox: str) -> None:
    holder = {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "GLOBEX_CORP"}
    call("POST", f"{sandbox}/v1/otp/generate", {"mobileNumber": PHONE}, headers=holder)
    lines = explained(sandbox)
    assert lines[2] == "because    header.X-TENANT-ID from client.tenant differs from client"
    assert ways_in(lines)["200 SUCCESS"] == "send as header.X-TENANT-ID what client.tenant is"
    call("POST", f"{sandbox}/auth/v1/otp/validate", {})
    assert ways_in(explained(sandbox))["200 brandMismatch"] == "send another body.brand than session.brand is"


def test_a_client_that_is_test_data_is_one_of_the_known(sandbox: str) -> None:
    call("POST", f"{sandbox}/verification/mobile360/otp/send", {}, headers=CASHFREE)
    assert ways_in(explained(sandbox))["403 IP not whitelisted"] == 'have client.id "TEST_IP": GET credentials'


# What it proposes, done


@dataclass(frozen=True)
class Asked:
    """A call that is accepted, and what has to be done before it."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=lambda: CASHFREE)
    before: Callable[[str], object] = lambda url: None

    def answer(self, url: str) -> str:
        """Which answer it got, by the journal."""
        call("POST", url + self.path, self.body, headers=self.headers)
        return str(admin(url, "/requests/latest").body["decision"]["answer"])


PROPOSED = (
    (r'send (?P<root>body|header)\.(?P<name>\S+) "(?P<value>.*)" \(test data\)', "put"),
    (r"send some (?P<root>body|header)\.(?P<name>\S+) that is not known", "unknown"),
    (r"leave out (?P<root>body|header)\.(?P<name>\S+)", "drop"),
    (r"send some \S+ that is taken", "again"),
    (r"use the otp up first", "again"),
    (r"have user\.status \"(?P<value>\w+)\": PUT (?P<route>\S+)", "record"),
    (r"(spend its attempts|end its life): POST (?P<route>\S+)", "post"),
    (r"send a wrong code", "wrong"),
    (r"send everything as it should be", "as it is"),
)


def done(url: str, asked: Asked, way: str) -> Asked | None:
    """The call with a way gone; None when the way leaves it to the tester what to send."""
    for pattern, kind in PROPOSED:
        if match := re.fullmatch(pattern, way):
            return _done(url, asked, kind, match.groupdict())
    return None


def _done(url: str, asked: Asked, kind: str, said: dict[str, str]) -> Asked:
    if kind == "again":
        asked.answer(url)
    elif kind == "record":
        record = {"status": said["value"], "phone": PHONE}
        assert admin(url, f"/{said['route']}?product=cashfree/ppi", "PUT", record).status == 200
    elif kind == "post":
        assert admin(url, f"/{said['route']}", "POST").status == 200
    elif kind == "wrong":
        return replace(asked, body={**asked.body, "otp": "999999"})
    if said.get("root") == "header":
        return replace(asked, headers=_changed(asked.headers, kind, said))
    return replace(asked, body=_changed(asked.body, kind, said)) if said.get("root") else asked


def _changed(sent: dict[str, Any], kind: str, said: dict[str, str]) -> dict[str, Any]:
    others = {name: value for name, value in sent.items() if name != said["name"]}
    return others if kind == "drop" else {**others, said["name"]: said.get("value", "nobody")}


CALLS = {
    "generate": Asked(GENERATE, {"otp_verification_id": "Test123", "user_id": USER, **MODES}),
    "submit": Asked(SUBMIT, {"otp_verification_id": "Test123", "otp": "111000"}, before=generate),
    "create": Asked("/ppi/user", {"user_id": "ASHA", "phone": "9811111111"}),
}


@pytest.mark.parametrize(("name", "fewest"), [("generate", 10), ("submit", 11), ("create", 7)])
def test_what_it_proposes_gets_that_answer(sandbox: str, name: str, fewest: int) -> None:
    asked, gone = CALLS[name], 0
    asked.before(sandbox)
    asked.answer(sandbox)
    for quote, way in ways_in(explained(sandbox)).items():
        admin(sandbox, "/reset", "POST")
        asked.before(sandbox)
        if changed := done(sandbox, asked, way):
            assert (changed.answer(sandbox), way) == (quote, way)
            gone += 1
    assert gone >= fewest


@pytest.mark.parametrize("name", CALLS)
def test_any_of_its_answers_is_had_by_its_name(sandbox: str, name: str) -> None:
    asked = CALLS[name]
    asked.before(sandbox)
    asked.answer(sandbox)
    lines = explained(sandbox)
    *_, proposed, _ = lines
    assert proposed.startswith("Any of them for one call alone, by its name: Prefer: example=")
    for quote in ways_in(lines):
        admin(sandbox, "/reset", "POST")
        asked.before(sandbox)
        prefer = {"Prefer": f'example="{quote.partition(" ")[2]}"'}
        assert replace(asked, headers={**asked.headers, **prefer}).answer(sandbox) == quote


@pytest.mark.parametrize("operation", sorted(catalogue().rules))
def test_every_operation_is_explained_with_a_way_to_every_answer(sandbox: str, operation: str) -> None:
    rules = catalogue().rules[operation]
    call(rules.operation.method.upper(), sandbox + rules.paths[0], {} if rules.operation.method == "post" else None)
    lines = explained(sandbox)
    ways = ways_in(lines)
    given = lines[3].removeprefix("answer     ")
    quoted = {str(answer.quote) for _, answer in rules.acceptances()}
    assert quoted <= {*ways, given}
    assert given not in ways
    assert all(way and "{" not in way.replace('{"action"', "") for way in ways.values())
    assert len(ways) >= 2
