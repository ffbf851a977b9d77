"""Capillary, what a conversation cannot say: calls at once, whole quotas, what stands in tokens, the other status."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Barrier
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask.testing import FlaskClient

from mocksrv.conversation import read_conversation
from mocksrv.rules import Rules
from mocksrv.spec import Example
from mocksrv.threaded import running
from tests.http import Answer, app_for, call, catalogue

ROOT = Path(__file__).parent.parent
NOON, NOON_IN_SECONDS = "2026-01-01T12:00:00Z", 1767268800
SECRET = "a secret for tests only, known to everybody"  # noqa: S105 (it says so itself)
# test_user, and the MD5 of test_password in hex
BASIC = {"Authorization": "Basic dGVzdF91c2VyOjE2ZWMxZWJiMDFmZTAyZGVkOWI3ZDU0NDdkM2RmYzY1"}
MOBILE = "911234567896"
PERSON = {"identifierType": "MOBILE", "identifierValue": "919999999993", "deviceId": "123456785", "brand": "DocDemo"}
ACTIONS = (
    "COUPON", "POINTS", "REGISTRATION", "USERGROUP", "SUBSCRIPTION", "GENERIC", "POINTSTRANSFER",
    "CUSTOMER_STATUS_UPDATE", "CUSTOMER_IDENTIFIER_CHANGE", "CUSTOMER_ISSUE_LINK_CARD",
)  # fmt: skip
OVER = {"errors": [{"status": False, "code": 429, "message": "Rate limit exceeded"}]}
FAILED = {
    "errors": [{"status": False, "code": 401, "message": "Authentication failed. Please check username and password."}]
}
SUCCESS = {"status": {"success": True, "code": 200, "message": "SUCCESS"}}
INVALID_SESSION = {"status": {"success": False, "code": 1505, "message": "Invalid session"}}
MAX_OTPS = {
    "status": {"success": False, "code": 1534, "message": "Reached the maximum number of OTPs allowed per customer"}
}


@pytest.fixture
def noon(sandbox: str) -> str:
    """A sandbox in which it is noon."""
    assert call("PUT", f"{sandbox}/__admin/clock", {"action": "freeze", "to": NOON}).status == 200
    return sandbox


def generate(url: str, action: str = "POINTS", headers: dict[str, str] = BASIC) -> Answer:
    channels = [{"type": "SMS", "value": MOBILE}]
    body = {"entityType": "MOBILE", "entityValue": MOBILE, "action": action, "channels": channels}
    return call("POST", f"{url}/v2/otp/generate", body, headers=headers)


def auth(url: str, path: str, **more: Any) -> Answer:
    """Ask the auth engine, for the person and whatever else; what is None is left out."""
    body = {name: value for name, value in {**PERSON, **more}.items() if value is not None}
    return call("POST", f"{url}/auth/v1/{path}", body)


def session(url: str, **more: Any) -> str:
    return str(auth(url, "token/generate", **more).body["user"]["sessionId"])


def code_of(url: str, to: str) -> str:
    return str(call("GET", f"{url}/__admin/otps/latest?to={to}").body["code"])


def wait(url: str, duration: str) -> None:
    assert call("PUT", f"{url}/__admin/clock", {"action": "advance", "by": duration}).status == 200


def at_once(ask: Callable[[int], Answer], times: int, threads: int) -> list[Answer]:
    """The answers to so many calls, by so many callers who let go at the same moment."""
    barrier = Barrier(threads)

    def some(first: int) -> list[Answer]:
        barrier.wait()
        return [ask(number) for number in range(first, times, threads)]

    with ThreadPoolExecutor(threads) as pool:
        return [answer for answers in pool.map(some, range(threads)) for answer in answers]


# --- who may call --------------------------------------------------------------------------------------------------


def test_the_vendors_own_header_opens_for_a_record_with_that_password(sandbox: str) -> None:
    record = {"password": "server123", "org": "966", "name": "store", "otp_access": "WRITE"}
    assert call("PUT", f"{sandbox}/__admin/records/client/store.server?product=capillary/v2", record).status == 200
    header = "Basic c3RvcmUuc2VydmVyOjhhMTZhNmI3MDUwNWViMWYxZmY3Y2RjMGNkNTU1OWE3"
    answer = generate(sandbox, headers={"Authorization": header})
    assert (answer.status, answer.body) == (200, {"createdId": 10, "warnings": []})


def test_the_same_password_in_the_clear_is_wrong(sandbox: str) -> None:
    record = {"password": "server123", "org": "966", "name": "store", "otp_access": "WRITE"}
    call("PUT", f"{sandbox}/__admin/records/client/store.server?product=capillary/v2", record)
    header = "Basic " + base64.b64encode(b"store.server:server123").decode()
    answer = generate(sandbox, headers={"Authorization": header})
    assert (answer.status, answer.body) == (401, FAILED)


# --- many at once --------------------------------------------------------------------------------------------------


def test_of_600_otps_for_one_person_at_once_500_are_accepted_until_a_day_has_passed(noon: str) -> None:
    answers = at_once(lambda number: generate(noon, ACTIONS[number % len(ACTIONS)]), times=600, threads=60)
    assert Counter(answer.status for answer in answers) == {200: 500, 429: 100}
    assert all(answer.body == OVER for answer in answers if answer.status == 429)
    ids = Counter(answer.body["createdId"] for answer in answers if answer.status == 200)
    assert ids == {**dict.fromkeys(range(10, 20), 1), 1: 490}  # one code for each action, sent again and again

    wait(noon, "86399s")
    refused = generate(noon)
    assert (refused.status, refused.body) == (429, OVER)
    wait(noon, "1s")
    accepted = generate(noon)
    assert (accepted.status, accepted.body) == (200, {"createdId": 20, "warnings": []})


def test_a_right_code_validated_by_ten_at_once_is_right_once(noon: str) -> None:
    generate(noon)
    body = {"entityType": "MOBILE", "entityValue": MOBILE, "code": code_of(noon, MOBILE), "action": "POINTS"}
    answers = at_once(lambda _: call("POST", f"{noon}/v2/otp/validate", body, headers=BASIC), times=10, threads=10)
    told = Counter(str(answer.body) for answer in answers)
    assert told == {str({"entity": True, "warnings": []}): 1, str({"entity": False, "warnings": []}): 4, str(OVER): 5}


def test_a_right_code_of_a_session_opens_one_door_to_ten_at_once(noon: str) -> None:
    opened = session(noon)
    auth(noon, "otp/generate", sessionId=opened)
    code = code_of(noon, PERSON["identifierValue"])
    answers = at_once(lambda _: auth(noon, "otp/validate", sessionId=opened, otp=code), times=10, threads=10)
    assert Counter(answer.body["status"]["code"] for answer in answers) == {200: 1, 1505: 9}


def test_of_ten_wrong_codes_at_once_five_are_compared(noon: str) -> None:
    opened = session(noon)
    auth(noon, "otp/generate", sessionId=opened)
    answers = at_once(lambda _: auth(noon, "otp/validate", sessionId=opened, otp="000000"), times=10, threads=10)
    assert Counter(answer.body["status"]["code"] for answer in answers) == {1506: 5, 1518: 5}


# --- texts and seals -----------------------------------------------------------------------------------------------


def test_an_organisations_own_text_is_not_anothers(noon: str) -> None:
    record = {"org": "967", "sms": "Ours: {{ validation_code }}"}
    call("PUT", f"{noon}/__admin/records/template/POINTS?product=capillary/v2", record)
    generate(noon)
    assert call("GET", f"{noon}/__admin/messages/latest").body["text"].startswith("Hi user.Your otp for validation is ")
    # test_user_2 of organisation 967, and the MD5 of test_password_2 in hex
    generate(noon, headers={"Authorization": "Basic dGVzdF91c2VyXzI6MTYzZTViMzEzODIyNTMzZDlhYjlmZDMxNGExZTA1ODg="})
    assert re.fullmatch("Ours: [0-9]{6}", call("GET", f"{noon}/__admin/messages/latest").body["text"])


def test_a_seal_can_be_made_without_us(noon: str) -> None:
    opened, stamp = session(noon, brand="SEALEDAPP"), NOON_IN_SECONDS * 1000
    digest = hashlib.sha256(f"SEALEDAPP|919999999993|{opened}|{stamp}".encode()).digest()
    sealed = {"brand": "SEALEDAPP", "sessionId": opened, "timeStamp": stamp, "hash": base64.b64encode(digest).decode()}
    assert auth(noon, "otp/generate", **sealed).body == SUCCESS
    tampered = auth(noon, "otp/generate", **{**sealed, "timeStamp": stamp + 1}).body
    assert tampered == {"status": {"success": False, "code": 5004, "message": "Response tampered"}}


# --- the auth engine's limit of codes ------------------------------------------------------------------------------


def test_the_101st_code_of_a_day_is_refused_whatever_the_session(client: FlaskClient) -> None:
    def ask(path: str, **more: Any) -> Any:
        return client.post(f"/auth/v1/{path}", json={**PERSON, **more}).get_json()

    for number in range(100):
        if not number % 50:
            opened = ask("token/generate")["user"]["sessionId"]
        assert ask("otp/generate", sessionId=opened) == SUCCESS
    assert ask("otp/generate", sessionId=opened) == MAX_OTPS
    opened = ask("token/generate")["user"]["sessionId"]
    assert ask("otp/generate", sessionId=opened) == MAX_OTPS
    other = ask("token/generate", brand="STANDARDAPP")["user"]["sessionId"]
    assert ask("otp/generate", brand="STANDARDAPP", sessionId=other) == SUCCESS  # counted for each brand apart

    client.put("/__admin/clock", json={"action": "advance", "by": "1 day"})
    opened = ask("token/generate")["user"]["sessionId"]
    assert ask("otp/generate", sessionId=opened) == SUCCESS


@pytest.fixture
def client() -> FlaskClient:
    """One process with the application, at noon: a hundred calls in a second."""
    client = app_for().test_client()
    client.put("/__admin/clock", json={"action": "freeze", "to": NOON})
    return client


# --- tokens --------------------------------------------------------------------------------------------------------


def header_of(token: str) -> Any:
    """A token's header as it was sent, whatever a library makes of it."""
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims_of(token: str, key: Any = SECRET, algorithm: str = "HS256") -> Any:
    """The claims, the signature verified; times are the sandbox's, so they are for the test to judge."""
    return jwt.decode(token, key, algorithms=[algorithm], options={"verify_exp": False, "verify_iat": False})


def test_an_oauth_token_is_signed_with_the_test_key_and_says_who_and_how_long(noon: str) -> None:
    answer = call("POST", f"{noon}/v3/oauth/token/generate", {"key": "test_key", "secret": "test_secret"})
    token = answer.body["data"]["accessToken"]
    key: Any = load_pem_private_key((ROOT / "fixtures/capillary/keys/test-only.pem").read_bytes(), password=None)
    assert header_of(token) == {"alg": "RS256", "kid": "k1"}
    claims = claims_of(token, key.public_key(), "RS256")
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", claims.pop("jti"))
    assert claims == {
        "iss": "Capillary", "sub": "test client", "org_id": 966, "token_use": "token_access",
        "iat": NOON_IN_SECONDS, "exp": NOON_IN_SECONDS + 300,
    }  # fmt: skip


def test_two_oauth_tokens_of_one_moment_differ(noon: str) -> None:
    asked = {"key": "test_key", "secret": "test_secret"}
    one, other = (call("POST", f"{noon}/v3/oauth/token/generate", asked).body["data"] for _ in range(2))
    assert one["accessToken"] != other["accessToken"]


APP_HEADER = {"alg": "HS256", "idv": ["MOBILE|919999999993"], "dev": "123456785", "org": "DOCDEMO"}
ISSUER = {"iss": "CAPILLARY TECHNOLOGIES", "iat": NOON_IN_SECONDS}
BRAND = {"ogc": ["100737|DOCDEMO"], "exp": NOON_IN_SECONDS + 900}


def test_a_view_token_names_person_device_and_brand_and_has_no_typ(noon: str) -> None:
    token = auth(noon, "token/generate").body["auth"]["token"]
    assert header_of(token) == APP_HEADER
    assert claims_of(token) == {**ISSUER, **BRAND, "rol": "VIEW"}


def test_a_view_token_of_the_web_has_no_device(noon: str) -> None:
    answer = auth(noon, "web/token/generate", identifierType="EMAIL", identifierValue="x@y.example", deviceId=None)
    header = {"alg": "HS256", "idv": ["EMAIL|x@y.example"], "dev": None, "org": "DOCDEMO"}
    assert header_of(answer.body["auth"]["token"]) == header


def opened_by(url: str, web: str = "", **more: Any) -> Any:
    """The ``auth`` of a whole flow."""
    started = auth(url, f"{web}token/generate", **more).body["user"]["sessionId"]
    auth(url, f"{web}otp/generate", sessionId=started, **more)
    otp = code_of(url, started)
    return auth(url, f"{web}otp/validate", sessionId=started, otp=otp, **more).body["auth"]


def test_a_user_token_and_its_key_name_the_same_user(noon: str) -> None:
    given = opened_by(noon)
    assert header_of(given["token"]) == header_of(given["key"]) == APP_HEADER
    claims = claims_of(given["token"])
    assert re.fullmatch("[1-9][0-9]{6}", claims["uid"])
    assert claims == {**ISSUER, **BRAND, "rol": "USER", "uid": claims["uid"], "isc": "false"}
    assert claims_of(given["key"]) == {**ISSUER, "rol": "AUTH", "uid": claims["uid"]}  # for ever: no exp


def test_a_user_keeps_the_uid_from_flow_to_flow_and_on_the_web(noon: str) -> None:
    tokens = [opened_by(noon)["token"], opened_by(noon)["token"], opened_by(noon, "web/", deviceId=None)["token"]]
    assert len({claims_of(token)["uid"] for token in tokens}) == 1
    other = opened_by(noon, identifierValue="919999999994")["token"]
    assert claims_of(other)["uid"] != claims_of(tokens[0])["uid"]


def test_a_regenerated_token_says_the_same_later(noon: str) -> None:
    given = opened_by(noon)
    wait(noon, "1 hour")
    token = auth(noon, "token/regenerate", key=given["key"]).body["auth"]["token"]
    assert header_of(token) == APP_HEADER
    later = {"iat": NOON_IN_SECONDS + 3600, "exp": NOON_IN_SECONDS + 3600 + 900}
    assert claims_of(token) == {**claims_of(given["token"]), **later}


def test_a_flow_of_the_legacy_form_names_the_person_in_the_same_way(noon: str) -> None:
    given = opened_by(noon, identifierType=None, identifierValue=None, mobile="919999999993")
    assert header_of(given["token"]) == header_of(given["key"]) == APP_HEADER


def test_a_reset_ends_oauth_tokens(noon: str) -> None:
    answer = call("POST", f"{noon}/v3/oauth/token/generate", {"key": "test_key", "secret": "test_secret"})
    headers = {"X-CAP-API-OAUTH-TOKEN": answer.body["data"]["accessToken"]}
    assert generate(noon, headers=headers).status == 200
    call("POST", f"{noon}/__admin/reset")
    refused = generate(noon, headers=headers)
    assert (refused.status, refused.body) == (401, FAILED)


def test_a_reset_ends_sessions(noon: str) -> None:
    opened = session(noon)
    assert auth(noon, "otp/generate", sessionId=opened).body == SUCCESS
    call("POST", f"{noon}/__admin/reset")
    assert auth(noon, "otp/generate", sessionId=opened).body == INVALID_SESSION


def test_a_token_is_worth_nothing_in_another_sandbox(noon: str) -> None:
    answer = call("POST", f"{noon}/v3/oauth/token/generate", {"key": "test_key", "secret": "test_secret"})
    headers = {"X-CAP-API-OAUTH-TOKEN": answer.body["data"]["accessToken"]}
    assert generate(f"{noon}-2", headers=headers).status == 401


@pytest.mark.parametrize("brand", ["DocDemo", "docdemo", "DOCDEMO", "dOCdEMO"])
def test_a_brand_is_one_in_any_letter_case(noon: str, brand: str) -> None:
    opened = session(noon)
    assert auth(noon, "otp/generate", brand=brand, sessionId=opened).body == SUCCESS
    token = auth(noon, "otp/validate", brand=brand, sessionId=opened, otp=code_of(noon, opened)).body["auth"]["token"]
    assert header_of(token)["org"] == "DOCDEMO"


# --- failures with another status ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose auth engine has the setting that the fixture offers as a comment."""
    root = tmp_path_factory.mktemp("root")
    for folder in ("specs", "fixtures"):
        shutil.copytree(ROOT / folder / "capillary", root / folder / "capillary")
    product = root / "fixtures/capillary/auth/product.yaml"
    text = product.read_text("utf-8")
    assert text.count("\n# refusals: {status: 400} ") == 1
    product.write_text(text.replace("\n# refusals: {status: 400} ", "\nrefusals: {status: 400} "), "utf-8")
    with running(app_for(root=root)) as url:
        yield url


def test_by_a_setting_failures_are_400_with_the_same_bodies(strict: str) -> None:
    refused = auth(f"{strict}/@failures", "otp/generate", sessionId="P-1")
    assert (refused.status, refused.body) == (400, INVALID_SESSION)
    refused = auth(f"{strict}/@failures", "otp/validate", sessionId="P-1", otp="1")
    assert (refused.status, refused.body) == (400, {**INVALID_SESSION, "auth": None, "user": None})
    refused = auth(f"{strict}/@failures", "token/generate", brand=" ")
    assert (refused.status, refused.body["status"]["code"]) == (400, 1519)
    assert "X-Mocksrv-Error" not in refused.headers  # the spec has that status and body


def test_by_that_setting_successes_stay_200(strict: str) -> None:
    opened = session(f"{strict}/@successes")
    accepted = auth(f"{strict}/@successes", "otp/generate", sessionId=opened)
    assert (accepted.status, accepted.body) == (200, SUCCESS)


def test_by_that_setting_other_statuses_stay_what_they_are(strict: str) -> None:
    answer = call("POST", f"{strict}/auth/v1/otp/generate", raw="x", headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.body["error"]) == (415, "Unsupported Media Type")


def test_that_setting_is_the_auth_engines_alone(strict: str) -> None:
    generate(f"{strict}/@v2")
    body = {"entityType": "MOBILE", "entityValue": MOBILE, "code": "000000", "action": "POINTS"}
    answer = call("POST", f"{strict}/@v2/v2/otp/validate", body, headers=BASIC)
    assert (answer.status, answer.body) == (200, {"entity": False, "warnings": []})


# --- the whole of it -----------------------------------------------------------------------------------------------

PRODUCTS = ("capillary/v2", "capillary/auth")
CAPILLARY = [rules for rules in catalogue().rules.values() if rules.product.name in PRODUCTS]


@cache
def met() -> list[tuple[str, int, Any]]:
    """Path, status and body of every step in Capillary's conversations."""
    files = sorted((ROOT / "tests/conversations").glob("capillary_*.yaml"))
    steps = [step for file in files for step in read_conversation(file, ROOT / "tests").steps]
    return [(step.path.partition("?")[0], step.given["expect"], step.given.get("body")) for step in steps]


def says(body: Any, example: Example) -> bool:
    """Whether an expected body has the example's own words, among whatever else it says."""
    if not isinstance(body, dict) or body.keys() != example.value.keys():
        return False
    named = [name for name in ("errors", "status", "message", "entity") if name in body]
    if body.get("errors"):
        return all(error in body["errors"] for error in example.value["errors"] or [None])
    return all(body[name] == example.value[name] for name in named)


@pytest.mark.parametrize("rules", CAPILLARY, ids=lambda rules: rules.name)
def test_every_answer_of_the_operation_is_met_in_a_conversation(rules: Rules) -> None:
    steps = [(status, body) for path, status, body in met() if path in rules.paths]
    left_out = {str(quote) for quote in rules.form.unquoted}
    unmet = [
        str(example)
        for example in rules.operation.examples
        if str(example) not in left_out
        and not any(status == example.status and says(body, example) for status, body in steps)
    ]
    assert not unmet


def said(document: Any, key: str = "") -> Iterator[str]:
    """The vendor's words in a spec: names of operations, fields and examples, words of closed lists, codes."""
    if isinstance(document, dict):
        yield from (str(name) for name in document if key in ("properties", "examples"))
        for name, value in document.items():
            yield from said(value, name)
    elif isinstance(document, list):
        yield from (word for item in document for word in said(item, key))
    elif key in ("operationId", "enum", "code"):
        yield str(document)


def test_no_word_of_the_vendor_stands_in_the_program() -> None:
    specs = [catalogue().products[name].spec.document for name in PRODUCTS]
    # camelCase, capitals, numbers: what no line of ours holds by accident, but for some seconds and a postal code
    distinct = re.compile("[a-z]+[A-Z].*|[A-Z_]{4,}|[0-9]{4}|6[0-9]{2}")
    words = {word for spec in specs for word in said(spec) if distinct.fullmatch(word)} - {"600", "4000", "SUCCESS"}
    assert {"capillaryToken", "sessionId", "invalidSession", "WHATSAPP", "ZALO", "607", "1505", "8056"} <= words
    for path in sorted((ROOT / "mocksrv").rglob("*.py")):
        text = path.read_text("utf-8")
        assert not set(re.findall(r"\w+", text)) & words, path
        assert not re.search("capillary|validation_code", text, re.IGNORECASE), path
