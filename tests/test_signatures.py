"""``x-cf-signature``, made by libraries other than the one that checks it: PyCryptodome, and Node as clients use it."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from typing import Any

import pytest
from Crypto.Cipher import PKCS1_OAEP, PKCS1_v1_5
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pss

from tests.http import CASHFREE, Answer, call

CLIENT, SECRET = "TEST_CLIENT_2FA", "TEST_SECRET_2FA"
NOON, NOON_IN_SECONDS = "2026-01-01T12:00:00Z", 1767268800
NOT_SIGNED = {
    "type": "validation_error",
    "code": "authentication_failed",
    "message": "x-cf-signature missing in the request header",
}
MISMATCH = {"type": "authentication_error", "code": "authentication_failed", "message": "Signature mismatch"}


@pytest.fixture
def noon(sandbox: str) -> str:
    """A sandbox in which it is noon."""
    assert call("PUT", f"{sandbox}/__admin/clock", {"action": "freeze", "to": NOON}).status == 200
    return sandbox


def ask(url: str, signature: str | None, by: str = "Sign1", client: str = CLIENT, secret: str = SECRET) -> Answer:
    """Ask for a code with a signature; a refused one leaves the id free."""
    now = call("GET", f"{url}/__admin/clock").body["now"]
    consent = {"timestamp": now, "purpose": "User consent to fetch data.", "obtained": True, "type": "EXPLICIT"}
    body = {"verification_id": by, "mobile_number": "9876543210", "notification_modes": ["SMS"]}
    headers = {"x-client-id": client, "x-client-secret": secret}
    if signature is not None:
        headers["x-cf-signature"] = signature
    return call("POST", f"{url}/verification/mobile360/otp/send", {**body, "user_consent": consent}, headers=headers)


def key_of(url: str, client: str = CLIENT) -> RSA.RsaKey:
    """The public key that the sandbox hands out."""
    return RSA.import_key(call("GET", f"{url}/__admin/keys/{client}.pem").raw)


def signed(url: str, text: str) -> str:
    """The text, encrypted by PyCryptodome as the vendor's own client does."""
    return base64.b64encode(PKCS1_OAEP.new(key_of(url)).encrypt(text.encode())).decode()


def told(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.body


# --- who signs -------------------------------------------------------------------------------------------------------


def test_a_signature_by_pycryptodome_is_right(noon: str) -> None:
    assert ask(noon, signed(noon, f"{CLIENT}.{NOON_IN_SECONDS}")).status == 200


SIGN_IN_NODE = """
const { publicEncrypt } = require("crypto");
const [key, text] = process.argv.slice(1);
fetch(key)
  .then((answer) => answer.text())
  .then((pem) => process.stdout.write(publicEncrypt(pem, Buffer.from(text)).toString("base64")));
"""


def test_a_signature_by_node_is_right(noon: str) -> None:
    command = [node(), "-e", SIGN_IN_NODE, f"{noon}/__admin/keys/{CLIENT}.pem", f"{CLIENT}.{NOON_IN_SECONDS}"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert ask(noon, made.stdout).status == 200


def node() -> str:
    """Node's executable. Without it a test is skipped, but not where all tools must be."""
    found = shutil.which("node")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("node is not installed, and CI=true says that everything is")
    return found or pytest.skip("node is not installed")


def test_a_signature_by_openssl_padding_pkcs1_is_refused(noon: str) -> None:
    sealed = PKCS1_v1_5.new(key_of(noon)).encrypt(f"{CLIENT}.{NOON_IN_SECONDS}".encode())
    assert told(ask(noon, base64.b64encode(sealed).decode())) == (401, MISMATCH)


def test_a_signature_by_oaep_with_sha_256_is_refused(noon: str) -> None:
    sealed = PKCS1_OAEP.new(key_of(noon), hashAlgo=SHA256).encrypt(f"{CLIENT}.{NOON_IN_SECONDS}".encode())
    assert told(ask(noon, base64.b64encode(sealed).decode())) == (401, MISMATCH)


def test_a_signature_by_oaep_with_another_mask_is_refused(noon: str) -> None:
    cipher = PKCS1_OAEP.new(key_of(noon), mgfunc=lambda seed, length: pss.MGF1(seed, length, SHA256))
    sealed = cipher.encrypt(f"{CLIENT}.{NOON_IN_SECONDS}".encode())
    assert told(ask(noon, base64.b64encode(sealed).decode())) == (401, MISMATCH)


def test_a_signature_by_another_key_is_refused(noon: str) -> None:
    sealed = PKCS1_OAEP.new(RSA.generate(2048)).encrypt(f"{CLIENT}.{NOON_IN_SECONDS}".encode())
    assert told(ask(noon, base64.b64encode(sealed).decode())) == (401, MISMATCH)


# --- what is signed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signature", [None, "", "  "], ids=["absent", "empty", "blank"])
def test_no_signature_is_a_403(noon: str, signature: str | None) -> None:
    assert told(ask(noon, signature)) == (403, NOT_SIGNED)


@pytest.mark.parametrize("signature", ["x", "not base64!", "bm90IHNpZ25lZA==", "A" * 342 + "==", "%E2%82%AC"])
def test_what_cannot_be_decoded_is_a_401(noon: str, signature: str) -> None:
    assert told(ask(noon, signature)) == (401, MISMATCH)


def test_half_a_signature_is_a_401(noon: str) -> None:
    assert told(ask(noon, signed(noon, f"{CLIENT}.{NOON_IN_SECONDS}")[:172])) == (401, MISMATCH)


@pytest.mark.parametrize("client", ["TEST_CLIENT_ID", "test_client_2fa", "", "TEST_CLIENT_2FA.", " TEST_CLIENT_2FA"])
def test_the_signature_of_another_client_is_a_401(noon: str, client: str) -> None:
    assert told(ask(noon, signed(noon, f"{client}.{NOON_IN_SECONDS}"))) == (401, MISMATCH)


@pytest.mark.parametrize(
    "text",
    ["", ".", ".now", f"{NOON_IN_SECONDS}", f".-{NOON_IN_SECONDS}", f".{NOON_IN_SECONDS}000", ".1767268800e0", ".nan",
     ".inf", f".{NOON_IN_SECONDS}.", f".{NOON_IN_SECONDS}\n", f".{NOON}"],
)  # fmt: skip
def test_a_signature_without_a_time_in_seconds_is_a_401(noon: str, text: str) -> None:
    assert told(ask(noon, signed(noon, f"{CLIENT}{text}"))) == (401, MISMATCH)


def test_a_refused_signature_takes_no_id(noon: str) -> None:
    assert ask(noon, "bm90IHNpZ25lZA==").status == 401
    assert ask(noon, None).status == 403
    assert ask(noon, signed(noon, f"{CLIENT}.{NOON_IN_SECONDS}")).status == 200


def test_a_code_is_checked_by_signature_too(noon: str) -> None:
    signature = signed(noon, f"{CLIENT}.{NOON_IN_SECONDS}")
    assert ask(noon, signature).status == 200
    url, body = f"{noon}/verification/mobile360/otp/verify", {"verification_id": "Sign1", "otp": "111000"}
    headers = {"x-client-id": CLIENT, "x-client-secret": SECRET}
    assert told(call("POST", url, body, headers=headers)) == (403, NOT_SIGNED)
    assert call("POST", url, body, headers={**headers, "x-cf-signature": signature}).status == 200


# --- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", ["0", "-600", "600", "-599.999", "0.5", "-0.123456", "599.999"])
def test_a_signature_holds_for_ten_minutes_either_way(noon: str, seconds: str) -> None:
    assert ask(noon, signed(noon, f"{CLIENT}.{moment(seconds)}")).status == 200


@pytest.mark.parametrize("seconds", ["-600.001", "-601", "-86400", "600.001", "601", "86400"])
def test_a_signature_that_is_too_old_or_too_early_is_a_401(noon: str, seconds: str) -> None:
    assert told(ask(noon, signed(noon, f"{CLIENT}.{moment(seconds)}"))) == (401, MISMATCH)


def moment(seconds: str) -> str:
    """So many seconds from noon, with as many digits behind the point."""
    return f"{NOON_IN_SECONDS + float(seconds):.{len(seconds.partition('.')[2])}f}"


def test_a_signature_may_be_used_again_while_it_lives(noon: str) -> None:
    signature = signed(noon, f"{CLIENT}.{NOON_IN_SECONDS}")
    assert ask(noon, signature, "Again1").status == 200
    assert ask(noon, signature, "Again2").status == 200
    call("PUT", f"{noon}/__admin/clock", {"action": "advance", "by": "6 minutes"})
    assert ask(noon, signature, "Again3").status == 200
    call("PUT", f"{noon}/__admin/clock", {"action": "advance", "by": "4 minutes"})
    assert ask(noon, signature, "Again4").status == 200
    call("PUT", f"{noon}/__admin/clock", {"action": "advance", "by": "1 minute"})
    assert told(ask(noon, signature, "Again5")) == (401, MISMATCH)


def test_the_time_is_the_sandboxs_and_not_the_real_one(sandbox: str) -> None:
    call("PUT", f"{sandbox}/__admin/clock", {"action": "freeze", "to": "2024-11-29T12:34:56Z"})
    assert ask(sandbox, signed(sandbox, f"{CLIENT}.1732883696")).status == 200
    assert told(ask(sandbox, signed(sandbox, f"{CLIENT}.{NOON_IN_SECONDS}"))) == (401, MISMATCH)


# --- whose -----------------------------------------------------------------------------------------------------------


def test_dots_in_a_clients_name_are_no_ambiguity(noon: str) -> None:
    clients = ["a", "a.b", "a.b.5", f"a.{NOON_IN_SECONDS}"]
    for client in clients:
        made = call("PUT", f"{noon}/__admin/records/client/{client}", {"secret": "S", "two_factor": "public_key"})
        assert made.status == 200
    for signer in clients:
        for time in (f"{NOON_IN_SECONDS}", f"{NOON_IN_SECONDS}.5"):
            signature = signed(noon, f"{signer}.{time}")
            heard = {client: ask(noon, signature, f"{signer}-{time}", client, "S").status for client in clients}
            assert heard == {client: 200 if client == signer else 401 for client in clients}


def test_who_need_not_sign_may_send_anything(noon: str) -> None:
    client, secret = CASHFREE["x-client-id"], CASHFREE["x-client-secret"]
    assert ask(noon, "not base64!", "Free1", client, secret).status == 200
    assert ask(noon, "", "Free2", client, secret).status == 200
    assert ask(noon, signed(noon, f"{CLIENT}.{NOON_IN_SECONDS}"), "Free3", client, secret).status == 200


def test_any_client_can_be_made_to_sign(noon: str) -> None:
    client, secret = CASHFREE["x-client-id"], CASHFREE["x-client-secret"]
    call("PUT", f"{noon}/__admin/records/client/{client}", {"secret": secret, "two_factor": "public_key"})
    assert told(ask(noon, None, "Made1", client, secret)) == (403, NOT_SIGNED)
    assert ask(noon, signed(noon, f"{client}.{NOON_IN_SECONDS}"), "Made1", client, secret).status == 200


# --- the admin API ----------------------------------------------------------------------------------------------------


def test_the_key_is_handed_out_without_its_secret(noon: str) -> None:
    answer = call("GET", f"{noon}/__admin/keys/{CLIENT}.pem")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-pem-file")
    assert answer.body.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert answer.body.endswith("-----END PUBLIC KEY-----\n")
    assert (key_of(noon).has_private(), key_of(noon).size_in_bits()) == (False, 2048)


def test_nobody_has_no_key(noon: str) -> None:
    answer = call("GET", f"{noon}/__admin/keys/SOMEBODY.pem")
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-record")


def sign(url: str, **given: Any) -> Answer:
    return call("POST", f"{url}/__admin/sign", given)


@pytest.mark.parametrize("operation", ["VrsMobile360SendOtpRequest", "VrsMobile360VerifyOtpRequest"])
def test_a_tester_gets_a_right_signature(noon: str, operation: str) -> None:
    answer = sign(noon, operation=operation, client=CLIENT, body={"verification_id": "Sign1"})
    assert (answer.status, answer.body.keys(), answer.body["in"]) == (200, {"in", "value"}, "header.x-cf-signature")
    assert ask(noon, answer.body["value"]).status == 200


def test_a_testers_signature_is_of_the_sandboxs_time_and_grows_old(noon: str) -> None:
    signature = sign(noon, operation="VrsMobile360SendOtpRequest", client=CLIENT).body["value"]
    call("PUT", f"{noon}/__admin/clock", {"action": "advance", "by": "10 minutes"})
    assert ask(noon, signature).status == 200
    call("PUT", f"{noon}/__admin/clock", {"action": "advance", "by": "1 second"})
    assert told(ask(noon, signature, "Sign2")) == (401, MISMATCH)


@pytest.mark.parametrize(
    ("given", "status", "error", "detail"),
    [
        (
            {"operation": "VrsMobile360SendOtpRequests", "client": CLIENT},
            404,
            "not-signed",
            'There is no signed operation "VrsMobile360SendOtpRequests"; did you mean "VrsMobile360SendOtpRequest"?',
        ),
        (
            {"operation": "generateOtp", "client": "TEST_CLIENT_ID"},
            404,
            "not-signed",
            'There is no signed operation "generateOtp"; ',
        ),
        ({"client": CLIENT}, 422, "bad-request", "Wrong: body.operation missing. "),
        (
            {"operation": "VrsMobile360SendOtpRequest", "client": "SOMEBODY"},
            404,
            "no-such-record",
            'There is no client "SOMEBODY" in ',
        ),
        (
            {"operation": "VrsMobile360SendOtpRequest"},
            400,
            "cannot-sign",
            'Say whose it is: "client", for header.x-cf-signature.',
        ),
    ],
    ids=["mistyped operation", "unsigned operation", "no operation", "unknown client", "no client"],
)
def test_what_cannot_be_signed_is_told(noon: str, given: dict[str, str], status: int, error: str, detail: str) -> None:
    answer = sign(noon, **given)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (status, error)
    assert answer.body["detail"].startswith(detail)
