"""Asking for an answer by the header Prefer (RFC 7240)."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from mocksrv.rules import Rules
from mocksrv.spec import Example
from tests.http import CASHFREE, Answer, call, catalogue, parsed

DUPLICATE = {
    "code": "otp_verification_id_already_exists",
    "type": "validation_error",
    "message": "OTP request with the same otp_verification_id already exists",
}
EXAMPLES = [(rules, example) for rules in catalogue().rules.values() for example in rules.operation.examples]


def generate(url: str, prefer: str | None = None, id_: str = "Test123") -> Answer:
    body = {"otp_verification_id": id_, "user_id": "USER827364", "notification_modes": ["SMS"]}
    return call("POST", f"{url}/ppi/otp/generate", body, headers=preferring(prefer))


def submit(url: str, otp: str, prefer: str | None = None) -> Answer:
    body = {"otp_verification_id": "Test123", "otp": otp}
    return call("POST", f"{url}/ppi/otp/submit", body, headers=preferring(prefer))


def preferring(prefer: str | None) -> dict[str, str]:
    return {**CASHFREE, "Prefer": prefer} if prefer is not None else CASHFREE


# How the header is read


@pytest.mark.parametrize(
    "prefer",
    [
        "code=409",
        'code="409"',
        'code="4\\09"',
        "CODE=409",
        "code = 409",
        " code=409 ",
        "code\t=\t409",
        "example=duplicateOtpRequest",
        'example="duplicateOtpRequest"',
        'code=409, example="duplicateOtpRequest"',
        "code=409,example=duplicateOtpRequest",
        "example=duplicateOtpRequest, code=409",
        "code=409; why=not",
        'code=409; why="a, b"; more',
        "code=409 ;",
        "code=409, code=500",
        "code=409, Code=500",
        "respond-async, wait=10, code=409",
        'return=minimal; foo="a, code=500", code=409',
        'foo="a\\"b, code=500", code=409',
        'foo="", bar=, baz, code=409',
        ",, code=409 ,",
    ],
)
def test_the_preferred_answer_comes_however_it_is_written(sandbox: str, prefer: str) -> None:
    answer = generate(sandbox, prefer)
    assert (answer.status, answer.body) == (409, DUPLICATE)
    assert answer.headers["Preference-Applied"] == 'code=409, example="duplicateOtpRequest"'
    assert answer.why.startswith("preferred -> 409 duplicateOtpRequest (specs/cashfree/ppi.yaml:")


@pytest.mark.parametrize("prefer", ["", " ", ",", "respond-async", "wait=10; code=409", 'foo="code=409"', "codes=409"])
def test_other_preferences_change_nothing(sandbox: str, prefer: str) -> None:
    answer = generate(sandbox, prefer)
    assert (answer.status, answer.body["status"]) == (200, "OTP_GENERATED")
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("code=409",), 409),
        (("respond-async", "code=409"), 409),
        (("code=409", "code=500"), 409),
        (("code=400", "example=user_id_missing"), 400),
        (("", "code=409", ""), 409),
    ],
)
def test_several_header_lines_are_one_list(sandbox: str, lines: tuple[str, ...], status: int) -> None:
    parts = urlsplit(f"{sandbox}/ppi/otp/generate")
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.putrequest("POST", parts.path)
    for line in lines:
        connection.putheader("Prefer", line)
    connection.endheaders()
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, body := parsed(response.read()), b"")
    connection.close()
    assert answer.status == status
    assert body["code"] == {409: "otp_verification_id_already_exists", 400: "user_id_missing"}[status]


@pytest.mark.parametrize(
    ("prefer", "wanted"),
    [
        ("code=418", "418"),
        ("code=abc", "abc"),
        ("code", ""),
        ("code=", ""),
        ("example=nope", "nope"),
        ("example=DuplicateOtpRequest", "DuplicateOtpRequest"),
        ("code=400, example=duplicateOtpRequest", "400 duplicateOtpRequest"),
        ("code=409, example=user_id_missing", "409 user_id_missing"),
        ('example="otpExpired"', "otpExpired"),
    ],
)
def test_an_unknown_answer_is_a_400_of_ours_that_lists_what_there_is(sandbox: str, prefer: str, wanted: str) -> None:
    answer = generate(sandbox, prefer)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (400, "no-such-example")
    assert answer.body["title"] == "This cannot be preferred"
    assert answer.body["detail"].startswith(
        f'generateOtp has no example "{wanted}"; it has "200 SUCCESS", "200 FAILED"'
    )
    assert_it_lists_the_examples(answer)
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    ("prefer", "rest"),
    [
        ('"', '"'),
        ('example="duplicate', 'example="duplicate'),
        ("example=IP not whitelisted", "example=IP not whitelisted"),
        ("code=409 code=500", "code=409 code=500"),
        ("=409", "=409"),
        ("code=409, @", "@"),
        ("code:409", "code:409"),
        ("code==409", "code==409"),
        ('code=409"x"', 'code=409"x"'),
        ("{code: 409}", "{code: 409}"),
        ("respond-async; a, b c", "b c"),
    ],
)
def test_what_is_no_preference_is_a_400_of_ours_that_lists_what_there_is(sandbox: str, prefer: str, rest: str) -> None:
    answer = generate(sandbox, prefer)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (400, "no-such-example")
    assert answer.body["detail"] == f"Prefer: cannot be read from {rest!r} on"
    assert_it_lists_the_examples(answer)


def assert_it_lists_the_examples(answer: Answer) -> None:
    assert answer.body["examples"] == [str(each) for each in catalogue().rules["generateOtp"].operation.examples]


# What is reachable


@pytest.mark.parametrize(
    ("rules", "example"), EXAMPLES, ids=[f"{rules.name} {example}".replace(" ", "-") for rules, example in EXAMPLES]
)
def test_every_example_of_an_operation_can_be_asked_for(sandbox: str, rules: Rules, example: Example) -> None:
    quoted = example.name.replace("\\", "\\\\").replace('"', '\\"')
    prefer = f'code={example.status}, example="{quoted}"'
    answer = call(rules.operation.method.upper(), sandbox + rules.paths[0], headers={"Prefer": prefer})
    if rules.accepts(example):
        assert f"although {example} was preferred" in answer.why or answer.why.startswith("accepted, preferred")
    else:
        assert answer.status == example.status
        assert unrenewed(answer.body, rules) == unrenewed(example.value or "", rules)
        assert answer.headers["Preference-Applied"] == f'code={example.status}, example="{example.name}"'
        assert answer.why == f"preferred -> {example} ({example.mark.file}:{example.mark.line})"


def unrenewed(body: object, rules: Rules) -> object:
    """The body without the fields that the product makes anew in every answer."""
    renewed = {path[0] for path in rules.product.form.renews}
    return {key: value for key, value in body.items() if key not in renewed} if isinstance(body, dict) else body


# NOTATION 4, rule 4


def test_a_preferred_refusal_needs_no_good_request(sandbox: str) -> None:
    answer = call("POST", f"{sandbox}/ppi/otp/generate", raw="not JSON", headers={"Prefer": "code=500"})
    assert (answer.status, answer.body) == (
        500,
        {
            "code": "internal_server_error",
            "type": "internal_error",
            "message": "An internal error occurred while processing the request",
        },
    )


@pytest.mark.parametrize("prefer", ["code=409", "code=429", "example=FAILED", "code=500"])
def test_a_preferred_refusal_writes_and_counts_nothing(sandbox: str, prefer: str) -> None:
    before = generate(sandbox, id_="before").headers["x-ratelimit-remaining"]
    for _ in range(5):
        assert generate(sandbox, prefer).headers["Preference-Applied"]
    assert call("GET", f"{sandbox}/__admin/messages").body["meta"]["total"] == 1
    after = generate(sandbox)
    assert (after.status, int(after.headers["x-ratelimit-remaining"])) == (200, int(before) - 1)


def test_a_preferred_wrong_code_costs_no_attempt(sandbox: str) -> None:
    generate(sandbox)
    for _ in range(5):
        assert submit(sandbox, "111000", "example=FAILED").body["status"] == "FAILED"
    assert submit(sandbox, "111000").body["status"] == "VERIFIED"


def test_a_preferred_refusal_looks_like_the_real_one(sandbox: str) -> None:
    answer = generate(sandbox, "code=429")
    shown = {name: answer.headers[name] for name in ("Retry-After", "x-ratelimit-remaining", "x-ratelimit-retry")}
    assert shown == {"Retry-After": "60", "x-ratelimit-remaining": "0", "x-ratelimit-retry": "60"}


@pytest.mark.parametrize("prefer", ["code=200", "example=SUCCESS", "code=200, example=SUCCESS"])
def test_a_preferred_success_runs_as_usual(sandbox: str, prefer: str) -> None:
    answer = generate(sandbox, prefer)
    assert answer.body == {
        "otp_verification_id": "Test123",
        "cf_otp_verification_id": answer.body["cf_otp_verification_id"],
        "status": "OTP_GENERATED",
        "user_id": "USER827364",
        "notification_modes": ["SMS"],
    }
    assert answer.headers["Preference-Applied"] == 'code=200, example="SUCCESS"'
    assert answer.why.startswith("accepted, preferred -> 200 SUCCESS (")
    assert call("GET", f"{sandbox}/__admin/messages/latest").body["code"] == "111000"
    assert submit(sandbox, "111000").body["status"] == "VERIFIED"


def test_a_preferred_success_yields_to_a_refusal_and_why_says_so(sandbox: str) -> None:
    generate(sandbox)
    answer = generate(sandbox, "code=200")
    assert (answer.status, answer.body) == (409, DUPLICATE)
    assert answer.why.startswith(
        "duplicate body.otp_verification_id, although 200 SUCCESS was preferred -> 409 duplicateOtpRequest ("
    )
    assert "Preference-Applied" not in answer.headers


def test_a_preferred_success_that_is_refused_still_costs_an_attempt(sandbox: str) -> None:
    generate(sandbox)
    for _ in range(3):
        assert submit(sandbox, "999999", "example=VERIFIED").body["status"] == "FAILED"
    assert submit(sandbox, "111000", "example=VERIFIED").body["code"] == "otp_verification_attempts_exhausted"


def test_a_preferred_answer_stands_in_the_journal(sandbox: str) -> None:
    generate(sandbox, "code=409")
    (entry,) = call("GET", f"{sandbox}/__admin/requests").body["requests"]
    assert (entry["operation"], entry["responseDefinition"]["status"]) == ("generateOtp", 409)
    assert entry["why"].startswith("preferred -> 409 duplicateOtpRequest")


def test_an_answer_that_is_not_there_stands_in_the_journal_too(sandbox: str) -> None:
    generate(sandbox, "code=418")
    (entry,) = call("GET", f"{sandbox}/__admin/requests").body["requests"]
    assert (entry["operation"], entry["responseDefinition"]["status"], entry["wasMatched"]) == (
        "generateOtp",
        400,
        True,
    )
    assert entry["why"].startswith('generateOtp has no example "418"')


def test_how_an_answer_goes_wrong_has_its_measures(sandbox: str) -> None:
    cut = call("POST", f"{sandbox}/ppi/otp/generate", {}, headers={"Prefer": "fault=empty, delay=10ms"})
    assert (cut.status, cut.raw) == (400, b"")
    dripped = call("POST", f"{sandbox}/ppi/otp/generate", {}, headers={"Prefer": "fault=drip, lasts=100ms"})
    assert (dripped.status, dripped.body["type"]) == (400, "validation_error")
    for header, detail in (
        ("fault=drip, bytes=1", '"bytes" belongs to the fault "truncate"'),
        ("fault=truncate, bytes=abc", 'bytes="abc" is not a whole number'),
        ("fault=drip, lasts=11m", '"11m" is too long: an answer may drip for 10 minutes'),
    ):
        refused = call("POST", f"{sandbox}/ppi/otp/generate", {}, headers={"Prefer": header})
        assert (refused.status, refused.body["detail"]) == (400, detail)
