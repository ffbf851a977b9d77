"""Passwords, secrets and tokens are masked in what the journal shows and matches; ids and OTPs are not."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest

from mocksrv.masking import is_secret, masked, masked_body, masked_headers, masked_text, masked_url
from tests.admin import TILL, admin, generate, generate_at_till, submit
from tests.http import CASHFREE, call

MASK = re.compile(r"\*\*\*[0-9a-f]{8}")
QUOTED = r"a\"b"
LIST = '["a", "b"'
MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="otp"\r\n\r\n1\r\n'
    '--x\r\nContent-Disposition: form-data; name="password"\r\nContent-Type: text/plain\r\n\r\n{}\r\n--x--\r\n'
)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0ZXN0In0.c2lnbmF0dXJl"


def entry(url: str) -> dict[str, Any]:
    """The newest call."""
    found: dict[str, Any] = admin(url, "/requests/latest").body
    return found


def headers_of(url: str) -> dict[str, str]:
    return {name.lower(): value for name, value in entry(url)["request"]["headers"].items()}


def count(url: str, pattern: dict[str, Any]) -> int:
    return int(admin(url, "/requests/count", "POST", pattern).body["count"])


# What the journal shows


def test_credentials_are_masked_wherever_they_are_shown(sandbox: str) -> None:
    generate(sandbox)
    shown = headers_of(sandbox)
    assert shown["x-client-id"] == "TEST_CLIENT_ID"
    assert MASK.fullmatch(shown["x-client-secret"])
    answers = [admin(sandbox, path).raw for path in ("/requests", "/requests/latest", "/requests/latest/explain")]
    answers += [admin(sandbox, "/requests/find", "POST", {}).raw]
    assert not any(CASHFREE["x-client-secret"].encode() in raw for raw in answers)
    assert all(b"TEST_CLIENT_ID" in raw for raw in answers)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer abc", r"Bearer \*\*\*[0-9a-f]{8}"),
        ("Basic dXNlcjpwYXNz", r"Basic \*\*\*[0-9a-f]{8}"),
        ("abc", r"\*\*\*[0-9a-f]{8}"),
        ('Digest username="a", response="b"', r"Digest \*\*\*[0-9a-f]{8}"),
    ],
)
def test_of_an_authorization_the_scheme_is_kept(sandbox: str, value: str, shown: str) -> None:
    call("POST", f"{sandbox}/v2/otp/generate", headers={"Authorization": value})
    assert re.fullmatch(shown, headers_of(sandbox)["authorization"])


def test_cookies_are_masked_one_by_one_and_together(sandbox: str) -> None:
    call("POST", f"{sandbox}/ppi/otp/generate", headers={"Cookie": "sid=abc; theme=dark"})
    shown = entry(sandbox)["request"]
    assert (list(shown["cookies"]), all(map(MASK.fullmatch, shown["cookies"].values()))) == (["sid", "theme"], True)
    assert MASK.fullmatch(headers_of(sandbox)["cookie"])


def test_secrets_in_a_body_are_masked_and_the_rest_of_it_is_kept(sandbox: str) -> None:
    secrets = {"clientSecret": "s3cret", "password": "p", "token": 5, "tokens": ["a", {"id": "b"}], "jwt": JWT}
    kept = {"otp": "123456", "user_id": "ASHA", "otp_verification_id": "Test123", "sessionId": "P-1", "none": None}
    call("POST", f"{sandbox}/ppi/otp/generate", {**secrets, **kept, "secret": None, "password2": ""}, headers=CASHFREE)
    shown = json.loads(entry(sandbox)["request"]["body"])
    assert {name: shown.pop(name) for name in kept} == kept
    assert (shown.pop("secret"), shown.pop("password2")) == (None, "")
    assert shown == {
        "clientSecret": masked("s3cret"),
        "password": masked("p"),
        "token": masked("5"),
        "tokens": [masked("a"), {"id": masked("b")}],
        "jwt": masked(JWT),
    }


def test_a_body_without_secrets_is_kept_letter_by_letter(sandbox: str) -> None:
    sent = '{"otp":   "123456", "a": 1.50,\n "a": "\\u00e9"}'
    call("POST", f"{sandbox}/ppi/otp/submit", raw=sent, headers=CASHFREE)
    assert entry(sandbox)["request"]["body"] == sent


def test_secrets_in_a_query_are_masked(sandbox: str) -> None:
    call("GET", f"{sandbox}/v2/otp?access_token=a%20b&identifierValue=919876543210&client%5Fsecret=c", headers=TILL)
    shown = entry(sandbox)["request"]
    query = f"access_token={masked('a b')}&identifierValue=919876543210&client%5Fsecret={masked('c')}"
    assert shown["url"] == f"/v2/otp?{query}"
    assert shown["absoluteUrl"] == f"{sandbox}/v2/otp?{query}".replace("%5F", "_")


def test_ids_and_codes_are_shown(sandbox: str) -> None:
    generate(sandbox, "MyId")
    submit(sandbox, "MyId")
    event = entry(sandbox)
    assert json.loads(event["request"]["body"]) == {"otp_verification_id": "MyId", "otp": "111000"}
    assert json.loads(event["response"]["body"])["cf_otp_verification_id"]
    assert "otp MyId: there" in event["decision"]["looked"]


def test_a_token_that_was_given_and_used_has_the_same_mask(sandbox: str) -> None:
    client = {"key": "test_key", "secret": "test_secret"}
    token = call("POST", f"{sandbox}/v3/oauth/token/generate", client).body["data"]["accessToken"]
    given = entry(sandbox)
    assert json.loads(given["response"]["body"])["data"]["accessToken"] == masked(token)
    assert json.loads(given["request"]["body"]) == {"key": "test_key", "secret": masked("test_secret")}
    call("POST", f"{sandbox}/v2/otp/validate", {}, headers={"X-CAP-API-OAUTH-TOKEN": token})
    used = entry(sandbox)
    assert headers_of(sandbox)["x-cap-api-oauth-token"] == masked(token)
    assert used["decision"]["looked"] == ["client test_user: there"]
    assert token not in json.dumps([given, used])


def test_a_password_that_another_password_is_not_has_another_mask(sandbox: str) -> None:
    shown = []
    for password in ("a", "b", "a"):
        pair = base64.b64encode(f"test_user:{password}".encode()).decode()
        call("POST", f"{sandbox}/v2/otp/generate", {}, headers={"Authorization": f"Basic {pair}"})
        shown.append(headers_of(sandbox)["authorization"])
    assert shown[0] == shown[2] != shown[1]


# What the journal matches


def test_a_secret_is_matched_by_its_mask_only(sandbox: str) -> None:
    generate(sandbox)
    mask = headers_of(sandbox)["x-client-secret"]
    assert count(sandbox, {"headers": {"X-Client-Secret": {"equalTo": "TEST_CLIENT_SECRET"}}}) == 0
    assert count(sandbox, {"headers": {"X-Client-Secret": {"contains": "SECRET"}}}) == 0
    assert count(sandbox, {"headers": {"X-Client-Secret": {"equalTo": mask}}}) == 1
    assert count(sandbox, {"headers": {"X-Client-Id": {"equalTo": "TEST_CLIENT_ID"}}}) == 1


def test_a_secret_in_a_body_cannot_be_guessed_by_matching(sandbox: str) -> None:
    call("POST", f"{sandbox}/v3/oauth/token/generate", {"key": "test_key", "secret": "test_secret"})
    found = {"bodyPatterns": [{"matchesJsonPath": "$[?(@.key == 'test_key')]"}]}
    guessed = {"bodyPatterns": [{"matchesJsonPath": "$[?(@.secret == 'test_secret')]"}]}
    begins = {"bodyPatterns": [{"matches": '.*"secret": ?"t.*'}]}
    assert [count(sandbox, each) for each in (found, guessed, begins)] == [1, 0, 0]


def test_what_was_masked_works_all_the_same(sandbox: str) -> None:
    assert generate_at_till(sandbox).status == 200


# Names and forms


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "user_password", "newPassword", "passwd", "pwd", "passphrase", "secret", "client_secret",
     "clientSecret", "X-Client-Secret", "secrets", "token", "access_token", "accessToken", "X-CAP-API-OAUTH-TOKEN",
     "tokens", "expiredToken", "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "signature",
     "x-cf-signature", "api_key", "apiKey", "X-API-Key", "private_key", "secretKey", "secret_key",
     "accessKey", "authkey", "auth-key", "X-Auth", "jwt", "credential", "credentials", "tokenValue",
     "pin", "PIN", "mpin", "upi_pin", "userPin", "cvv", "CVV2", "card_cvc", "user[password]",
     "x" * 10_000 + "password"],
)  # fmt: skip
def test_what_is_called_a_secret_is_one(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["otp", "code", "id", "user_id", "sessionId", "key", "x-client-id", "tokenType", "secretary", "traceNumber",
             "passwordless", "", "card", "hash", "pincode", "shopping", "spin", "oauth", "OAuth", "author",
             "accessKeyId", "auth", "publicKey", "credentialId", "tokenId", "jwtId", "otp_code", "session_id", "keys"],
)  # fmt: skip
def test_what_is_not_called_so_is_none(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"password": "abc', f'{{"password": "{masked("abc")}'),
        ('{"password" :\n"a\\"b", "otp": "1"} x', f'{{"password" :\n"{masked(QUOTED)}", "otp": "1"}} x'),
        ("password=a%20b&otp=1&token", f"password={masked('a b')}&otp=1&token"),
        (f"Bearer {JWT}.", f"Bearer {masked(JWT)}."),
        (f'{{"a": "Bearer {JWT}"}}', f'{{"a": "Bearer {masked(JWT)}"}}'),
        ('["password", "abc"]', '["password", "abc"]'),
        ('{"password": true, "token": null}', '{"password": true, "token": null}'),
        ("eyJust.text", "eyJust.text"),
        ("password: abc d", f"password: {masked('abc d')}"),
        ("", ""),
        ("client_secret=hunter2&scope=a\n", f"client_secret={masked('hunter2')}&scope=a\n"),
        ("scope=a b&client_secret=hunter2\n", f"scope=a b&client_secret={masked('hunter2')}"),
        ("a=1\npassword=hunter2\nb=2", f"a=1\npassword={masked('hunter2')}\nb=2"),
        ('\ufeff{"password": "abc"}', f'{{"password": "{masked("abc")}"}}'),
        ('{"password":"abc","password":""}', f'{{"password":"{masked("abc")}","password":""}}'),
        ('{"a": {"token": 5, "token": 5}}', f'{{"a": {{"token": {masked("5")}, "token": {masked("5")}}}}}'),
        ('{"pass\\u0077ord": "abc", "otp": 1', f'{{"password": "{masked("abc")}", "otp": 1'),
        ('{"otp": "\\u0031", "id": 1', '{"otp": "\\u0031", "id": 1'),
        ('{"otp": 1, "token": ["a", "b"', f'{{"otp": 1, "token": {masked(LIST)}'),
        ('{"otp": "1, "password": "abc"}', f'{{"otp": "1, "password": "{masked("abc")}"}}'),
        ("{'password': 'abc', 'otp': 1}", f"{{'password': '{masked('abc')}', 'otp': 1}}"),
        ("<a><password>abc</password><otp>1</otp></a>", f"<a><password>{masked('abc')}</password><otp>1</otp></a>"),
        ("<a:token x='1'><b>c</b></a:token><id/>", f"<a:token x='1'>{masked('<b>c</b>')}</a:token><id/>"),
        ('<a token="b" id="c"/><token/>d', f'<a token="{masked("b")}" id="c"/><token/>d'),
        ("<a><pin>12", f"<a><pin>{masked('12')}"),
        (MULTIPART.format("a\nb"), MULTIPART.format(masked("a\nb"))),
        (MULTIPART.format("abc").replace("\r", ""), MULTIPART.format(masked("abc")).replace("\r", "")),
        ("see https://a/b?token=c", f"see https://a/b?token={masked('c')}"),
    ],
    ids=["cut", "with a rest", "a form", "a header's", "a scheme", "a list", "no secret", "no JWT", "no JSON", "none",
         "a form's line", "a form with a blank", "lines", "a BOM", "a name twice", "a number twice", "an escaped name",
         "an escaped value", "a list cut", "a quote too few", "single quotes", "XML", "XML in XML", "an attribute",
         "XML cut", "multipart", "multipart without CR", "a URL"],
)  # fmt: skip
def test_a_body_of_any_form_is_masked(body: str, shown: str) -> None:
    assert masked_body(body) == shown


def test_an_empty_secret_is_shown_as_such() -> None:
    assert masked_headers({"X-Token": "", "Authorization": "Bearer "}) == {"X-Token": "", "Authorization": "Bearer "}
    assert (masked_url("/a?token=&b=1"), masked_body('{"token": ""}')) == ("/a?token=&b=1", '{"token": ""}')


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "eyJ" * 300_000, "eyJ." * 250_000, '"a":"' * 200_000, '"a"' + " " * 1_000_000, "token=" * 150_000,
     "a=b&" * 250_000, "[" * 1_000_000, "<a>" * 300_000, "<token>" * 140_000, "<" * 1_000_000, "<a " * 300_000,
     "--\n" * 300_000, "--a\n" + "\n--a" * 250_000, '"\\"' + '\\"' * 500_000, "token" + " " * 1_000_000,
     "token " * 160_000, "token:1" + " " * 1_000_000, "token:1 " * 120_000, "token:'" * 140_000,
     "<token></token>" * 65_000, '{"a":1,"a":' * 80_000, '{"token":1,' * 90_000, "name=" * 200_000,
     "--a name=\n\n" * 80_000, "\r\n" * 500_000, r"\u0041" * 160_000, "pin" * 300_000,
     '{"password":' * 800 + "1" + "}" * 800,
     '"' * 1_000_000, "a.b." * 250_000],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_no_text_takes_longer_than_it_is_long(text: str) -> None:
    begun = time.process_time()
    masked_body(text)
    masked_url(f"/a?{text}")
    masked_headers({"Cookie": text, "A": text})
    assert time.process_time() - begun < 5


def test_control_characters_are_shown_escaped() -> None:
    assert masked_text(f"no {JWT}\n\x1b[31mé \u202e\udc80") == rf"no {masked(JWT)}\n\x1b[31mé \u202e\udc80"
    assert masked_url("/a\n\x1b[31mé?b=\x7f&c=\u2028") == "/a%0A%1B[31mé?b=%7F&c=%E2%80%A8"


def test_control_characters_in_a_path_do_not_reach_the_journal(sandbox: str) -> None:
    call("GET", f"{sandbox}/a%0A%1b[31mFAKE?b=%0A")
    shown = entry(sandbox)["request"]
    assert shown["url"] == "/a%0A%1B[31mFAKE?b=%0A"
    assert not re.search(r"[\n\x1b]", shown["absoluteUrl"])
