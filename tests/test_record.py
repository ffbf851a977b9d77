"""``mocksrv record``, as a real process: sessions with every product, written down and played back."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.clock import parse_duration
from mocksrv.conversation import Conversation, read_conversation
from mocksrv.recording.moments import came_as, sent_as
from mocksrv.recording.session import Call
from mocksrv.recording.shapes import alike, looks_made, shape, verbatim
from mocksrv.recording.timing import timings
from mocksrv.recording.writing import written
from mocksrv.threaded import running
from mocksrv.yamltext import read_typed
from tests.http import CASHFREE, Answer, app_for, call

OURS = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSRV_")} | {"NO_PROXY": "*"}
ADMIN = "t"
SIGNING = {"x-client-id": "TEST_CLIENT_2FA", "x-client-secret": "TEST_SECRET_2FA"}


def command(*arguments: str | Path, **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``mocksrv ...``; nothing of it is a traceback."""
    line = [sys.executable, "-m", "mocksrv", *map(str, arguments)]
    ended = subprocess.run(line, env={**OURS, **variables}, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


def url_and_name(sandbox: str) -> tuple[str, str]:
    url, _, name = sandbox.rpartition("/@")
    return url, name


def recorded(sandbox: str, file: Path) -> Conversation:
    """The session of a sandbox, recorded by the command line, played back by it, and read."""
    url, name = url_and_name(sandbox)
    code, out, err = command("record", "--sandbox", name, "-o", file, "--base-url", url)
    assert (code, err) == (0, ""), out + err
    conversation = read_conversation(file)
    asked = [step for step in conversation.steps if not step.instrument]
    assert out == f"{file}: {len(asked)} calls in {len(conversation.steps)} steps, rehearsed\n"
    code, out, err = command("play", file, "--base-url", url)
    assert (code, err) == (0, ""), out + err
    assert out.splitlines()[-1] == f"conversations: 1 passed; steps: {len(conversation.steps)} ok"
    return conversation


def steps(conversation: Conversation, path: str) -> list[dict[str, Any]]:
    """What is said of every call of a path."""
    return [dict(step.given) for step in conversation.steps if step.path.partition("?")[0] == path]


def others(conversation: Conversation) -> list[str]:
    """What is done beside the calls of vendors, in its order; how far the clock is moved, ``advances`` tells."""
    deeds = [step.deed for step in conversation.steps if step.instrument]
    return [re.sub("(?<=advance).*", "", deed) for deed in deeds]


def advances(conversation: Conversation) -> list[float]:
    """By how many seconds the clock is moved; a slow machine adds its pauses."""
    moves = [step.given["clock"] for step in conversation.steps if step.kind == "clock"]
    return [parse_duration(move["by"]) for move in moves if move["action"] == "advance"]


def ago(hole: str, form: str = "") -> float:
    """How many seconds before now a named time is; a slow machine adds to them."""
    match = re.fullmatch(r"\$\{?now-(\w+)" + form, hole)
    assert match, hole
    return parse_duration(match[1])


def code_to(sandbox: str, whom: str) -> str:
    return str(call("GET", f"{sandbox}/__admin/otps/latest?to={whom}").body["code"])


def advance(sandbox: str, by: str) -> None:
    assert call("PUT", f"{sandbox}/__admin/clock", {"action": "advance", "by": by}).status == 200


def now(sandbox: str) -> datetime:
    return datetime.fromisoformat(call("GET", f"{sandbox}/__admin/clock").body["now"])


# --- sessions with every product -----------------------------------------------------------------------------------


def test_a_session_with_cashfree_ppi(sandbox: str, tmp_path: Path) -> None:
    def ask(path: str, headers: dict[str, str] = CASHFREE, **body: Any) -> Answer:
        return call("POST", f"{sandbox}/ppi/{path}", body, headers=headers)

    def generate(id_: str) -> Answer:
        return ask("otp/generate", otp_verification_id=id_, user_id="ASHA1", notification_modes=["SMS"])

    ask("user", user_id="ASHA1", phone="9811111111", email="asha1@example.com")
    assert [generate("My.1").status, generate("My.1").status] == [200, 409]
    code = code_to(sandbox, "9811111111")
    ask("otp/submit", otp_verification_id="My.1", otp="999999")
    ask("otp/submit", {**CASHFREE, "x-client-secret": "wrong"}, otp_verification_id="My.1", otp=code)
    assert ask("otp/submit", otp_verification_id="My.1", otp=code).body["status"] == "VERIFIED"
    generate("My.2")
    call("POST", f"{sandbox}/__admin/faults", {"answer": "502 Bad Gateway", "times": 2})
    gateway = [ask("otp/submit", otp_verification_id="My.2", otp=code).status for _ in range(2)]
    assert gateway == [502, 502]
    advance(sandbox, "11m")
    ask("otp/submit", otp_verification_id="My.2", otp=code)
    ask("otp/nix", otp_verification_id="My.2", otp=code)
    call("POST", f"{sandbox}/ppi/otp/submit", raw='{"otp": "$code",', headers={**CASHFREE, "Content-Type": "text/json"})
    who = {"name": "Asha Rao", "dob": "1990-01-31", "identifier": "ABCPV1234D", "type": "PAN"}
    kyc = ask("kyc/min", otp_verification_id="My.1", user_id="ASHA1", verification_id="kyc-7", document=who)

    talk = recorded(sandbox, tmp_path / "ppi.yaml")
    assert talk.client == "TEST_CLIENT_ID"
    assert others(talk) == [
        "otp code to 9811111111",
        "otp code_2 to 9811111111",
        "arm: operation ppiSubmitOtp, answer 502 Bad Gateway, times 2",
        "clock: advance",
    ]
    assert 660 <= advances(talk)[0] < 690
    assert steps(talk, "/ppi/user")[0]["send"] == {
        "user_id": "$unique_user_id", "phone": "9811111111", "email": "asha1@example.com"
    }  # fmt: skip
    wrong, stranger, right, *_ = steps(talk, "/ppi/otp/submit")
    assert wrong["send"] == {"otp_verification_id": "$unique_otp_verification_id", "otp": "999999"}
    assert wrong["body"]["cf_otp_verification_id"] == "$cf_otp_verification_id"
    assert right["send"]["otp"] == "$code"
    assert "with" not in right
    assert stranger["as"] is None
    assert re.fullmatch(r"\*\*\*[0-9a-f]{8}", stranger["with"]["X-Client-Secret"])
    assert "wrong" not in (tmp_path / "ppi.yaml").read_text().replace("wrong otp", "")
    assert steps(talk, "/ppi/otp/submit")[-1]["raw"] == '{"otp": "$$code",'
    assert kyc.status != 200 or steps(talk, "/ppi/kyc/min")[0]["send"]["verification_id"] == "$unique_verification_id"


def test_a_session_with_cashfree_mobile_360_and_a_client_that_signs(sandbox: str, tmp_path: Path) -> None:
    def ask(path: str, body: dict[str, Any], headers: dict[str, str] = CASHFREE) -> Answer:
        return call("POST", f"{sandbox}/verification/mobile360/otp/{path}", body, headers=headers)

    def send(id_: str, headers: dict[str, str] = CASHFREE, ago: int = 0) -> Answer:
        return ask("send", consenting(sandbox, id_, ago), headers)

    assert send("v-1").status == 200
    ask("verify", {"verification_id": "v-1", "otp": "000000"})
    assert ask("verify", {"verification_id": "v-1", "otp": 111000}).status == 200
    assert [send("v-2", ago=120).status, send("v-3", ago=600).status] == [200, 400]
    order = {"operation": "VrsMobile360SendOtpRequest", "client": "TEST_CLIENT_2FA"}
    signature = call("POST", f"{sandbox}/__admin/sign", order).body["value"]
    signed = {
        **SIGNING,
        "x-cf-signature": signature,
        "x-request-id": "r-1",
        "User-Agent": "me",
        "Accept-Language": "en",
    }
    assert [send("v-4", SIGNING).status, send("v-4", signed).status] == [403, 200]
    assert ask("verify", {"verification_id": "v-4", "otp": "111000"}, signed).status == 200
    assert send("v-5", {**SIGNING, "x-cf-signature": "bad"}).status == 401
    call("POST", f"{sandbox}/__admin/faults", {"fault": "close"})
    with pytest.raises(IncompleteRead):
        send("v-6")
    call("POST", f"{sandbox}/__admin/faults", {"fault": "empty"})
    assert ask("verify", {"verification_id": "v-6", "otp": "111000"}).raw == b""
    assert ask("send", {}, {**CASHFREE, "Prefer": "code=429"}).status == 429

    talk = recorded(sandbox, tmp_path / "talk.yaml")
    first, second, third, unsigned, by_key, bad, lost, preferred = steps(talk, "/verification/mobile360/otp/send")
    assert first["send"]["user_consent"]["timestamp"] == "$now"
    assert first["remember"] == {"reference_id": "reference_id"}
    assert 120 <= ago(second["send"]["user_consent"]["timestamp"]) < 150
    assert 600 <= ago(third["send"]["user_consent"]["timestamp"]) < 630
    assert (second["expect"], third["expect"], third["send"]["verification_id"]) == (200, 400, "v-3")
    assert (unsigned["as"], unsigned["expect"], "sign" in unsigned) == ("TEST_CLIENT_2FA", 403, False)
    assert (by_key["as"], by_key["sign"], by_key["with"]) == ("TEST_CLIENT_2FA", True, {"X-Request-Id": "r-1"})
    assert ("sign" in bad, bad["expect"]) == (False, 401)
    assert (lost["expect"], "body" in lost) == ("no answer", False)
    assert preferred["with"] == {"Prefer": "code=429"}
    wrong, number, by_key, empty = steps(talk, "/verification/mobile360/otp/verify")
    assert (wrong["send"]["otp"], number["send"]["otp"], by_key["send"]["otp"]) == (
        "000000",
        "${code|number}",
        "$code_2",
    )
    assert number["body"]["reference_id"] == "$reference_id"
    assert empty["body"] == ""


def basic(user: str, password: str) -> dict[str, str]:
    pair = f"{user}:{hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def test_a_session_with_capillary_v2(sandbox: str, tmp_path: Path) -> None:
    user = basic("test_user", "test_password")

    def generate(whom: str, headers: dict[str, str], kind: str = "SMS") -> Answer:
        named = {"entityType": "EMAIL" if "@" in whom else "MOBILE", "entityValue": whom, "action": "POINTS"}
        body = {**named, "channels": [{"type": kind, "value": whom}]}
        return call("POST", f"{sandbox}/v2/otp/generate", body, headers=headers)

    def validate(whom: str, code: str, headers: dict[str, str]) -> Answer:
        named = {"entityType": "EMAIL" if "@" in whom else "MOBILE", "entityValue": whom, "action": "POINTS"}
        return call("POST", f"{sandbox}/v2/otp/validate", {**named, "code": code}, headers=headers)

    assert [generate("919876543210", user).body["createdId"] for _ in range(2)] == [10, 1]
    query = "identifierName=mobile&identifierValue=919876543210&scope=POINTS"
    code = call("GET", f"{sandbox}/v2/otp?{query}", headers=user).body["code"]
    validate("919876543210", "000000", user)
    assert validate("919876543210", code, user).body["entity"] is True
    key = {"key": "test_key", "secret": "test_secret"}
    token = call("POST", f"{sandbox}/v3/oauth/token/generate", key).body["data"]["accessToken"]
    call("POST", f"{sandbox}/v3/oauth/token/generate", {**key, "secret": "wrong"})
    oauth = {"X-CAP-API-OAUTH-TOKEN": token}
    assert generate("tom@example.com", oauth, "EMAIL").status == 200
    assert validate("tom@example.com", code_to(sandbox, "tom@example.com"), oauth).body["entity"] is True
    advance(sandbox, "301s")
    assert generate("tom@example.com", oauth, "EMAIL").status == 401
    assert generate("nobody", {}).status == 401
    assert generate("919876543219", basic("test_user_2", "test_password_2")).status == 200

    talk = recorded(sandbox, tmp_path / "talk.yaml")
    assert talk.client == "test_user"
    assert others(talk) == [
        "otp code to 919876543210",
        "GET /__admin/records/client/test_user?product=capillary/v2",
        "otp code_2 to tom@example.com",
        "clock: advance",
    ]
    assert 301 <= advances(talk)[0] < 330
    shown = steps(talk, "/v2/otp")[0]
    assert shown["ask"] == f"GET /v2/otp?{query}"
    assert shown["body"]["code"] == "$code"
    assert re.fullmatch(r"\$now\+(10m|5[89]\ds)", shown["body"]["validUpto"])
    first, second = steps(talk, "/v3/oauth/token/generate")
    assert first["send"] == {"key": "test_key", "secret": "$secret"}
    assert first["remember"] == {"access_token": "data.accessToken"}
    assert second["send"]["secret"].startswith("***")
    by_token = steps(talk, "/v2/otp/generate")[2]
    assert (by_token["as"], by_token["with"]) == (None, {"X-Cap-Api-Oauth-Token": "$access_token"})
    assert steps(talk, "/v2/otp/generate")[-1]["as"] == "test_user_2"
    assert "test_secret" not in (tmp_path / "talk.yaml").read_text()


def test_a_session_with_the_capillary_auth_engine(sandbox: str, tmp_path: Path) -> None:
    def ask(path: str, **body: Any) -> Any:
        return call("POST", f"{sandbox}/auth/v1/{path}", body).body

    app = {"identifierType": "MOBILE", "identifierValue": "919999999993", "deviceId": "123456785", "brand": "DocDemo"}
    session = ask("token/generate", **app)["user"]["sessionId"]
    ask("otp/validate", **app, sessionId=session, otp="123456")
    ask("otp/generate", **app, sessionId=session)
    code = code_to(sandbox, "919999999993")
    ask("otp/validate", **app, sessionId=session, otp="000000")
    opened = ask("otp/validate", **app, sessionId=session, otp=code)["auth"]
    ask("otp/validate", **app, sessionId=session, otp=code)
    assert ask("token/regenerate", **app, key=opened["key"])["status"]["success"] is True
    ask("token/regenerate", **app, key=opened["token"])
    ask("token/regenerate", **app, key="nope")
    sealed = {**app, "brand": "SealedApp"}
    session = ask("token/generate", **sealed)["user"]["sessionId"]
    body = {**sealed, "sessionId": session, "timeStamp": int(now(sandbox).timestamp() * 1000)}
    order = {"operation": "authGenerateOtp", "body": body}
    hashed = {**body, "hash": call("POST", f"{sandbox}/__admin/sign", order).body["value"]}
    assert ask("otp/generate", **hashed)["status"]["success"] is True
    ask("otp/generate", **{**hashed, "hash": "bm90IGEgaGFzaA=="})
    advance(sandbox, "3 minutes")
    assert ask("otp/generate", **hashed)["status"]["code"] == 5004
    ask("otp/validate", **sealed, sessionId=session, otp=code_to(sandbox, "919999999993"))

    talk = recorded(sandbox, tmp_path / "talk.yaml")
    assert talk.client is None
    opening = steps(talk, "/auth/v1/token/generate")[0]
    assert opening["remember"] == {"session_id": "user.sessionId"}
    assert opening["body"]["user"]["sessionId"].startswith("~ P-[0-9a-fA-F]{8}-")
    assert opening["body"]["auth"] == {"token": "~ .+", "key": None}
    early, wrong, right, *_ = steps(talk, "/auth/v1/otp/validate")
    assert (early["send"]["otp"], wrong["send"]["otp"], right["send"]["otp"]) == ("123456", "000000", "$code")
    assert right["remember"] == {"key": "auth.key", "token": "auth.token"}
    assert [step["send"]["key"] for step in steps(talk, "/auth/v1/token/regenerate")] == ["$key", "$token", "nope"]
    plain, good, bad, stale = steps(talk, "/auth/v1/otp/generate")
    assert ("sign" in plain, good["sign"], "hash" in good["send"]) == (False, True, False)
    assert good["send"]["timeStamp"] == "${now|milliseconds}"
    assert bad["send"]["hash"] == "bm90IGEgaGFzaA=="
    assert stale["sign"] is True
    assert 180 <= ago(stale["send"]["timeStamp"], r"\|milliseconds\}") < 210


def test_a_session_with_m2p_prepaid(sandbox: str, tmp_path: Path) -> None:
    acme = {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "ACME_CORP"}
    globex = {"Authorization": "Bearer test-bearer-token-2", "X-TENANT-ID": "GLOBEX_CORP"}
    asking = {"clientId": "test_client", "clientSecret": "test_secret", "grantType": "client_credentials"}

    def generate(headers: dict[str, str], kind: str = "S", number: str = "9876543210") -> Any:
        body = {"mobileNumber": number, "otpType": kind}
        return call("POST", f"{sandbox}/prepaid/customer/v1/otp/generate", body, headers=headers).body.get("result")

    def validate(headers: dict[str, str], **body: str) -> int:
        return call("POST", f"{sandbox}/prepaid/customer/v1/otp/validate-otp", body, headers=headers).status

    token = call("POST", f"{sandbox}/auth/token", asking).body["access_token"]
    for wrong in ("wrong", " ", 5):
        call("POST", f"{sandbox}/auth/token", {**asking, "clientSecret": wrong})
    issued = {**acme, "Authorization": f"Bearer {token}"}
    trace = generate(issued)["traceNumber"]
    validate(issued, traceNumber=trace, mobileOtp="000000")
    assert validate(issued, traceNumber=trace, mobileOtp=code_to(sandbox, "9876543210")) == 200
    dual = generate(acme, "D")
    mailed = code_to(sandbox, "a@example.com")
    assert validate(acme, traceNumber=dual["traceNumber"], mobileOtp=mailed, refNumber=dual["refNumber"]) == 200
    trace = generate(globex, "D")["traceNumber"]
    codes = code_to(sandbox, "9876543210"), code_to(sandbox, "d@example.com")
    assert validate(globex, traceNumber=trace, mobileOtp=codes[0]) == 409
    assert validate(globex, traceNumber=trace, mobileOtp=codes[0], emailOtp=codes[1]) == 200
    generate({**acme, "X-TENANT-ID": "GLOBEX_CORP"})
    generate({"X-TENANT-ID": "ACME_CORP"})
    generate({**acme, "Authorization": "Bearer bad"})
    trace = generate(acme)["traceNumber"]
    advance(sandbox, "6 minutes")
    assert validate(acme, traceNumber=trace, mobileOtp=code_to(sandbox, "9876543210")) == 409

    talk = recorded(sandbox, tmp_path / "talk.yaml")
    assert talk.client == "test_client"
    assert [deed for deed in others(talk) if deed.startswith("otp")] == [
        "otp code to 9876543210",
        "otp code_2 to 9876543210",
        "otp code_3 to 9876543210",
        "otp code_4 to d@example.com",
        "otp code_5 to 9876543210",
    ]
    first, *refused = steps(talk, "/auth/token")
    assert (first["as"], first["send"]["clientSecret"]) == (None, "$secret")
    assert [step["send"]["clientSecret"] for step in refused[1:]] == [" ", 0]
    assert refused[0]["send"]["clientSecret"].startswith("***")
    by_token, dual, two, stranger, nobody, bad, _ = steps(talk, "/prepaid/customer/v1/otp/generate")
    assert by_token["with"] == {"Authorization": "Bearer $access_token", "X-Tenant-Id": "ACME_CORP"}
    assert by_token["remember"] == {"trace_number": "result.traceNumber"}
    assert dual["remember"] == {"trace_number_2": "result.traceNumber", "ref_number": "result.refNumber"}
    assert two["as"] == "test_client_2"
    assert ("as" in stranger, stranger["with"]) == (False, {"X-Tenant-Id": "GLOBEX_CORP"})
    assert (nobody["as"], nobody["with"]) == (None, {"X-Tenant-Id": "ACME_CORP"})
    assert (bad["as"], bad["with"]["Authorization"][:10]) == (None, "Bearer ***")
    both = steps(talk, "/prepaid/customer/v1/otp/validate-otp")[4]["send"]
    assert both == {"traceNumber": "$trace_number_3", "mobileOtp": "$code_3", "emailOtp": "$code_4"}


# --- other sessions ------------------------------------------------------------------------------------------------


def consenting(sandbox: str, id_: str, ago: int = 0) -> dict[str, Any]:
    at = (now(sandbox) - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    consent = {"timestamp": at, "purpose": "User consent to fetch data.", "obtained": True, "type": "EXPLICIT"}
    named = {"verification_id": id_, "mobile_number": "9876543210", "notification_modes": ["SMS"]}
    return {**named, "user_consent": consent}


def submit(sandbox: str, id_: str, code: str) -> Answer:
    body = {"otp_verification_id": id_, "otp": code}
    return call("POST", f"{sandbox}/ppi/otp/submit", body, headers=CASHFREE)


def generate(sandbox: str, id_: str, user: str = "USER827364") -> Answer:
    body = {"otp_verification_id": id_, "user_id": user, "notification_modes": ["SMS"]}
    return call("POST", f"{sandbox}/ppi/otp/generate", body, headers=CASHFREE)


def test_a_sandbox_with_choices_of_its_own_is_played_with_them(url: str, tmp_path: Path) -> None:
    call("POST", f"{url}/__admin/sandboxes", {"name": "chosen", "otp": "random", "quotas": "off", "seed": 5})
    generate(f"{url}/@chosen", "Random1")
    generate(f"{url}/@chosen", "Random2")
    codes = call("GET", f"{url}/@chosen/__admin/otps").body["otps"]
    for sent in reversed(codes):
        assert submit(f"{url}/@chosen", sent["key"], sent["code"]).body["status"] == "VERIFIED"
    talk = recorded(f"{url}/@chosen", tmp_path / "talk.yaml")
    assert talk.sandbox == {"otp": "random", "quotas": "off", "seed": 5}
    assert [step["send"]["otp"] for step in steps(talk, "/ppi/otp/submit")] == ["$code", "$code_2"]


def test_a_clock_that_stood_still_stands_still_in_a_play_and_its_times_are_kept(sandbox: str, tmp_path: Path) -> None:
    clock = f"{sandbox}/__admin/clock"
    user = basic("test_user", "test_password")
    call("PUT", clock, {"action": "freeze", "to": "2026-01-01T00:00:00Z"})
    whom = {"entityType": "MOBILE", "entityValue": "911234567896", "action": "POINTS"}
    body = {**whom, "channels": [{"type": "SMS", "value": "911234567896"}]}
    query = "identifierName=mobile&identifierValue=911234567896&scope=POINTS"
    call("POST", f"{sandbox}/v2/otp/generate", body, headers=user)
    call("GET", f"{sandbox}/v2/otp?{query}", headers=user)
    advance(sandbox, "9m")
    call("GET", f"{sandbox}/v2/otp?{query}", headers=user)
    advance(sandbox, "60s")
    assert call("GET", f"{sandbox}/v2/otp?{query}", headers=user).status == 400
    talk = recorded(sandbox, tmp_path / "talk.yaml")
    assert others(talk)[0] == "clock: freeze 2026-01-01T00:00:00Z"
    assert advances(talk) == [540, 60]
    assert steps(talk, "/v2/otp")[0]["body"]["validUpto"] == "2026-01-01T05:40:00+05:30"


def test_calls_of_odd_kinds(sandbox: str, tmp_path: Path) -> None:
    generate(sandbox, "My-1")
    media = {**CASHFREE, "Content-Type": "application/json"}
    for raw in ('{"otp_verification_id": "My-1", "otp_verification_id": "x"}', "[NaN]", '{"user": "My-1, $x", '):
        call("POST", f"{sandbox}/ppi/otp/submit", raw=raw, headers=media)
    call("POST", f"{sandbox}/ppi/otp/submit", raw='{"otp_verification_id": "My-1", "otp": "1"}', headers=CASHFREE)
    call("POST", f"{sandbox}/ppi/otp/submit", raw="otp_verification_id=My-1&otp=a+b", headers={"Content-Type": "a/b"})
    call("POST", f"{sandbox}/ppi/otp/submit", headers=CASHFREE)
    call("HEAD", f"{sandbox}/ppi/user", headers=CASHFREE)
    call("GET", f"{sandbox}/auth/v1/My-1/a%20b$c/%C3%A9?token=secret&id=My-1&q=$now%26", headers=CASHFREE)
    call("POST", f"{sandbox}/ppi/otp/submit", {}, headers={**CASHFREE, "Prefer": "fault=malformed"})
    armed = call("POST", f"{sandbox}/__admin/faults", {"answer": "429 rateLimitExceeded"}).body["id"]
    call("POST", f"{sandbox}/ppi/otp/submit", {}, headers=CASHFREE)
    call("DELETE", f"{sandbox}/__admin/faults/{armed}")
    signed = call("POST", f"{sandbox}/verification/mobile360/otp/send", consenting(sandbox, "My-2"), headers=CASHFREE)
    number = signed.body["reference_id"]
    call("POST", f"{sandbox}/verification/mobile360/otp/verify", {"verification_id": str(number), "otp": "1111"},
         headers=CASHFREE)  # fmt: skip

    talk = recorded(sandbox, tmp_path / "talk.yaml")
    twice, nan, broken, bare, form, nothing, spoiled, armed = steps(talk, "/ppi/otp/submit")
    assert twice["raw"].startswith('{"otp_verification_id": "$unique_otp_verification_id", "otp_')
    assert (nan["raw"], broken["raw"]) == ("[NaN]", '{"user": "$unique_otp_verification_id, $$x", ')
    assert bare["with"] == {"Content-Type": None}
    assert bare["send"] == {"otp_verification_id": "$unique_otp_verification_id", "otp": "1"}
    assert form["raw"] == "otp_verification_id=$unique_otp_verification_id&otp=a+b"
    assert ("send" in nothing, "raw" in nothing, "body" in spoiled, armed["expect"]) == (False, False, False, 429)
    assert others(talk)[-1] == "arm: operation ppiSubmitOtp, answer 429 rateLimitExceeded, times 1"
    odd = next(step for step in talk.steps if step.path.startswith("/auth/v1/"))
    id_ = "$unique_otp_verification_id"
    assert re.fullmatch(
        rf"/auth/v1/{re.escape(id_)}/a%20b\$\$c/%C3%A9\?token=\*{{3}}\w+&id={re.escape(id_)}&q=\$\$now%26", odd.path
    )
    assert odd.given["body"]["path"] == f"/auth/v1/{id_}/a b$$c/é"
    verified = steps(talk, "/verification/mobile360/otp/verify")[0]
    assert verified["send"]["verification_id"] == "${reference_id|text}"


def test_a_recording_that_does_not_replay_is_written_and_told(sandbox: str, tmp_path: Path) -> None:
    url, name = url_and_name(sandbox)
    call("PUT", f"{sandbox}/__admin/records/user/MEERA", {"phone": "9822222222", "status": "ACTIVE"})
    assert generate(sandbox, "Meera1", "MEERA").status == 200
    file = tmp_path / "talk.yaml"
    code, out, err = command("record", "--sandbox", name, "-o", file, "--base-url", url)
    assert (code, out) == (1, f"{file}: 1 call in 1 step\n")
    assert err.splitlines()[0] == "warning: 1 step went otherwise in a fresh sandbox than here:"
    assert "status" in err
    assert "expected 200, came 404" in err
    written_steps = file.read_text().partition("steps:\n")
    record = "  - {ask: PUT /__admin/records/user/MEERA, send: {phone: '9822222222', status: ACTIVE}, expect: 200}\n"
    file.write_text(f"{written_steps[0]}steps:\n{record}{written_steps[2]}")
    assert command("play", file, "--base-url", url)[0] == 0  # as the help says: written in by hand


def test_calls_that_the_journal_has_dropped_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocksrv.state.contract.MOST_ENTRIES", 2)
    with running(app_for()) as url:
        for number in range(3):
            generate(f"{url}/@full", f"Full{number}")
        code, out, err = command("record", "--sandbox", "full", "-o", tmp_path / "talk.yaml", "--base-url", url)
    assert (code, out) == (0, f"{tmp_path / 'talk.yaml'}: 2 calls in 2 steps, rehearsed\n")
    assert err == "warning: for want of room the journal has dropped 1 call\n"


def test_the_default_sandbox_and_a_server_with_a_token(tmp_path: Path) -> None:
    with running(app_for(admin_token=ADMIN)) as url:
        generate(url, "Default1")
        order = ("record", "--sandbox", "default", "-o", tmp_path / "talk.yaml", "--base-url", url)
        code, out, err = command(*order)
        assert (code, out) == (2, "")
        assert "was refused with 401: The admin API asks for its token." in err
        assert command(*order, MOCKSRV_ADMIN_TOKEN=ADMIN)[0] == 0


def test_what_cannot_be_recorded_is_exit_2_and_a_sentence(url: str, sandbox: str, tmp_path: Path) -> None:
    _, name = url_and_name(sandbox)
    call("GET", f"{sandbox}/__admin/health")
    said = [
        (("--sandbox", f"{name}x", "-o", tmp_path / "a", "--base-url", url),
         f'mocksrv: --sandbox: there is no "{name}x"; did you mean "{name}"?\n'),
        (("--sandbox", name, "-o", tmp_path / "a", "--base-url", url),
         f'mocksrv: --sandbox: the journal of "{name}" is empty\n'),
        (("--sandbox", name, "-o", tmp_path / "a", "--base-url", "http://127.0.0.1:1"),
         "mocksrv: no mocksrv answers at http://127.0.0.1:1 ("),
    ]  # fmt: skip
    for arguments, sentence in said:
        code, out, err = command("record", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith(sentence)
    generate(sandbox, "Some1")
    nowhere = tmp_path / "no" / "a"
    code, _, err = command("record", "--sandbox", name, "-o", nowhere, "--base-url", url)
    assert (code, err) == (2, f"mocksrv: --output: {nowhere} cannot be written: No such file or directory\n")


# --- time, as the journal tells it ---------------------------------------------------------------------------------

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z


def calls(*times: tuple[int, int]) -> list[Call]:
    """Calls at a real time and at what the sandbox's clock showed, in milliseconds from NOON on."""
    nothing: dict[str, Any] = {"headers": {}, "body": "", "status": 200, "answer": "", "operation": None}
    more: dict[str, Any] = {"client": None, "rule": "", "example": "", "looked": (), "fault": None, "violations": ()}
    return [Call(method="GET", url="/", **nothing, **more, real=NOON + real, at=NOON + at) for real, at in times]


DAY = 86_400_000
TIMES: list[tuple[str, list[tuple[int, int]], list[str]]] = [
    ("nothing was done", [(0, 1), (700, 701), (9000, 9001)], ["", "", ""]),
    ("a short pause is none", [(0, 0), (29_000, 29_000)], ["", ""]),
    ("a long pause", [(0, 0), (95_400, 95_400)], ["", "advance 95s"]),
    ("pauses that add up", [(0, 0), (20_000, 20_000), (40_000, 40_000), (50_000, 50_000)],
     ["", "", "advance 40s", ""]),
    ("moved forward", [(0, 0), (10, 660_013), (20, 660_022)], ["", "advance 11m", ""]),
    ("moved by a little more than the noise", [(0, 0), (10, 1200)], ["", "advance 1190ms"]),
    ("moved after a pause", [(0, 0), (20_000, 560_003)], ["", "advance 560s"]),
    ("moved before the first call", [(0, 7_200_004), (10, 7_200_014)], ["advance 2h", ""]),
    ("set before the first call", [(0, -DAY - 1234), (10, -DAY - 1224)], ["set 2025-12-31T11:59:58.766Z", ""]),
    ("frozen before the first call", [(0, -DAY), (10, -DAY), (20, -DAY)], ["freeze 2025-12-31T12:00:00Z", "", ""]),
    ("frozen at an odd moment", [(0, -DAY - 1), (10, -DAY - 1)], ["freeze 2025-12-31T11:59:59.999Z", ""]),
    ("frozen where it was", [(0, 0), (20, 20), (90, 20)], ["", "freeze", ""]),
    ("frozen, then moved", [(0, DAY), (20, DAY), (40, DAY + 540_000), (60, DAY + 540_500)],
     ["freeze 2026-01-02T12:00:00Z", "", "advance 9m", "run"]),
    ("frozen, then let run", [(0, DAY), (20, DAY), (40, DAY + 3), (60, DAY + 23)],
     ["freeze 2026-01-02T12:00:00Z", "", "run", ""]),
    ("frozen, then let run and moved", [(0, DAY), (20, DAY), (40, DAY + 60_017), (60, DAY + 60_037)],
     ["freeze 2026-01-02T12:00:00Z", "", "run, advance 1m", ""]),
    ("frozen, then reset", [(0, DAY), (20, DAY), (40, 41)], ["freeze 2026-01-02T12:00:00Z", "", "reset"]),
    ("moved, then reset", [(0, 0), (10, 2 * DAY + 14), (21, 21)], ["", "advance 2d", "reset"]),
    ("moved, then frozen", [(0, 0), (10, 660_017), (20, 660_017)], ["", "advance 11m, freeze", ""]),
]  # fmt: skip


@pytest.mark.parametrize(("times", "moves"), [each[1:] for each in TIMES], ids=[each[0] for each in TIMES])
def test_what_was_done_to_the_clock_is_told_by_the_times(times: list[tuple[int, int]], moves: list[str]) -> None:
    found = [", ".join(" ".join(move.values()) for move in timing.moves) for timing in timings(calls(*times))]
    assert found == moves


def test_times_are_told_by_how_far_they_are_from_their_call() -> None:
    for value, sent, came in (
        ("2026-01-01T12:00:00Z", "$now", "$now"),
        ("2026-01-01T11:58:00.000Z", "${now-2m|fine}", "$now-2m"),
        ("2026-01-01T17:40:07+05:30", None, "$now+607s"),
        ("2026-01-01", None, None),
        ("2024-01-01T12:00:00Z", None, None),
        ("2026-01-01T25:00:00Z", None, None),
        (1_767_268_799, "${now|seconds}", "${now|seconds}"),
        (NOON + 600_000, "${now+10m|milliseconds}", "${now+10m|milliseconds}"),
        (str(NOON), "${now|milliseconds|text}", None),
        ("1767268800", "${now|seconds|text}", None),
        (9_876_543_210, None, None),
        (True, None, None),
        (None, None, None),
    ):
        assert (sent_as(value, NOON), came_as(value, NOON)) == (sent, came), value


# --- values that a server makes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "pattern"),
    [
        ("8803167235194332469", "1803167235194332460", "~ [0-9]{19}"),
        ("in 42 seconds.", "in 7 seconds.", r"~ in [0-9]+ seconds\."),
        ("P-7f8b33cf-d7eb-4251-a632-7f79afba3d36", "P-00000000-abcd-efab-cdef-abcdefabcdef",
         "~ P-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"),
        ("a1b2", "A1B2", "~ [0-9A-Za-z]{4}"),
        (10, 14, "~# -?[0-9]+"),
        (1000, 123456, "~# -?[0-9]+"),
        (1.5, 2.5, "~# [0-9.e+-]+"),
        ("FAILED", "VERIFIED", None),
        ("x1", "x", None),
        ("a 1", "a 1 b", None),
        (1, 10, None),
        (1, "1", None),
        (True, False, None),
        (None, 5, None),
    ],
)  # fmt: skip
def test_two_values_are_of_a_kind_or_another_answer(one: Any, other: Any, pattern: str | None) -> None:
    assert alike(one, other) == pattern


@given(st.text() | st.integers())
def test_a_value_has_its_own_shape(value: str | int) -> None:
    kind = shape(value)
    pattern = kind.removeprefix("~# ").removeprefix("~ ").replace("$$", "$")
    assert re.fullmatch(pattern, value if isinstance(value, str) else json.dumps(value), re.DOTALL)


def test_only_what_nobody_writes_looks_made() -> None:
    made = [
        "8803167235194332469",
        "6bd39b4e-1dd8-4b0a-a150-3d6e11aa093d",
        "615928984620006085281025",
        153845536745994596,
    ]
    for value in made:
        assert looks_made(value)
    for value in (
        "OTP_GENERATED",
        "9876543210",
        "deadbeefcafe",
        4727420,
        1.25,
        None,
        True,
        "",
        ["8803167235194332469"],
    ):
        assert not looks_made(value)


@given(st.text())
def test_a_text_is_expected_word_by_word(text: str) -> None:
    from mocksrv.conversation.expecting import Like
    from mocksrv.conversation.values import Values

    expected = Values(datetime.now).expected(verbatim(text))
    assert expected.fits(text) if isinstance(expected, Like) else expected == text


# --- YAML ----------------------------------------------------------------------------------------------------------

SINGLE = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text() | st.sampled_from(
    ["no", "on", "1e5", "0x1f", "~ a", "# b", "a: b", "- c", "502 Bad Gateway", "10m", "$now-5m", "${now|text}", "",
     "2026-01-01", ".5", "a, b", "yes, no", "null", "a #b", "GET /x?y=z&a=$b", "'", '"', "\\", "\u2028", "\ufeff", "🙂"]
)  # fmt: skip
DOCUMENTS = st.recursive(SINGLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(st.dictionaries(st.text(), DOCUMENTS) | st.fixed_dictionaries({"steps": st.lists(DOCUMENTS)}))
def test_what_is_written_reads_back_as_the_same_document(document: dict[str, Any]) -> None:
    text = written(document)
    assert read_typed(text, "a.yaml")[0] == document
    assert all(len(line) <= 120 for line in text.splitlines() if "{" in line and ":" in line and len(line) < 121)
