"""Cashfree PPI, what a conversation cannot say: calls at once, the quota, codes from the seed, unreadable bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.http import CASHFREE, CASHFREE_2, Answer, app_for, call

USER = "USER827364"
START = "2026-01-01T00:00:00Z"


def generate(url: str, otp_id: str) -> Answer:
    body = {"otp_verification_id": otp_id, "user_id": USER, "notification_modes": ["SMS"]}
    return call("POST", f"{url}/ppi/otp/generate", body, headers=CASHFREE)


def submit(url: str, otp_id: str, code: str) -> Answer:
    body = {"otp_verification_id": otp_id, "otp": code}
    return call("POST", f"{url}/ppi/otp/submit", body, headers=CASHFREE)


def at_once(times: int, ask: Callable[[], Answer]) -> Counter[str]:
    """How often each answer came, by its code or its status, when all callers let go at the same moment."""
    barrier = Barrier(times)

    def one(_: int) -> str:
        barrier.wait()
        answer = ask()
        return f"{answer.status} {answer.body.get('code') or answer.body['status']}"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(one, range(times)))


# --- many at once --------------------------------------------------------------------------------------------------


def test_of_fifty_calls_with_one_id_one_is_accepted(sandbox: str) -> None:
    answers = at_once(50, lambda: generate(sandbox, "Race1"))
    assert answers == {"200 OTP_GENERATED": 1, "409 otp_verification_id_already_exists": 49}
    assert call("GET", f"{sandbox}/__admin/messages").body["meta"]["total"] == 1


def test_of_ten_wrong_codes_at_once_three_are_compared(sandbox: str) -> None:
    generate(sandbox, "Race2")
    answers = at_once(10, lambda: submit(sandbox, "Race2", "999999"))
    assert answers == {"200 FAILED": 3, "400 otp_verification_attempts_exhausted": 7}


def test_of_ten_right_codes_at_once_one_is_verified(sandbox: str) -> None:
    generate(sandbox, "Race3")
    answers = at_once(10, lambda: submit(sandbox, "Race3", "111000"))
    assert answers == {"200 VERIFIED": 1, "400 otp_already_verified": 9}


# --- the quota -----------------------------------------------------------------------------------------------------


class Merchant:
    """A merchant whose clock stands still, in one process with the application: 1000 calls in a second."""

    def __init__(self, client: FlaskClient, headers: dict[str, str] = CASHFREE) -> None:
        self.client, self.headers = client, headers

    def calls(self, times: int = 1) -> TestResponse:
        """So many calls, all refused as 404 and counted all the same; the last answer."""
        for _ in range(times):
            body = {"otp_verification_id": "Quota1", "user_id": "NOBODY", "notification_modes": ["SMS"]}
            answer = self.client.post("/ppi/otp/generate", json=body, headers=self.headers)
        return answer

    def waits(self, duration: str) -> None:
        assert self.client.put("/__admin/clock", json={"action": "advance", "by": duration}).status_code == 200


@pytest.fixture
def merchant() -> Merchant:
    client = app_for().test_client()
    client.put("/__admin/clock", json={"action": "freeze", "to": START})
    return Merchant(client)


def limits(answer: TestResponse) -> dict[str, str | None]:
    names = ("limit", "remaining", "reset", "retry", "type")
    shown = {name: answer.headers.get(f"x-ratelimit-{name}") for name in names}
    return {"status": answer.status, **shown, "Retry-After": answer.headers.get("Retry-After")}


def test_the_quota_fills_and_opens_again(merchant: Merchant) -> None:
    assert limits(merchant.calls(999)) == {
        "status": "404 NOT FOUND", "limit": "1000", "remaining": "1", "reset": "60", "retry": "0", "type": "app_id",
        "Retry-After": None,
    }  # fmt: skip
    merchant.waits("40 seconds")
    assert limits(merchant.calls()) == {
        "status": "404 NOT FOUND", "limit": "1000", "remaining": "0", "reset": "60", "retry": "0", "type": "app_id",
        "Retry-After": None,
    }  # fmt: skip
    refused = merchant.calls(20)
    assert limits(refused) == {
        "status": "429 TOO MANY REQUESTS", "limit": "1000", "remaining": "0", "reset": "60", "retry": "20",
        "type": "app_id", "Retry-After": "20",
    }  # fmt: skip
    assert refused.json == {
        "code": "rate_limit_exceeded",
        "type": "rate_limit_error",
        "message": "Rate limit exceeded. Please try again after some time",
    }
    merchant.waits("20 seconds")
    assert limits(merchant.calls()) == {  # the 20 that were over did not count themselves
        "status": "404 NOT FOUND", "limit": "1000", "remaining": "998", "reset": "60", "retry": "0", "type": "app_id",
        "Retry-After": None,
    }  # fmt: skip


def test_a_full_quota_is_one_merchants_and_holds_for_all_operations(merchant: Merchant) -> None:
    merchant.calls(1000)
    ask, wrong = merchant.client.post, {**CASHFREE, "x-client-secret": "wrong"}
    assert ask("/ppi/kyc/min", json={}, headers=CASHFREE).status_code == 429  # before the body is judged
    assert ask("/ppi/kyc/min", json={}, headers=wrong).status_code == 401  # after the credentials
    assert ask("/ppi/kyc/min", json={}, headers=CASHFREE_2).status_code == 400  # and nobody else's


def test_without_quotas_nothing_is_exceeded_but_test_data_still_shows_how_it_would_be() -> None:
    merchant = Merchant(app_for(quotas=False).test_client())
    assert merchant.calls(1001).status_code == 404
    body = {"otp_verification_id": "Quota1", "user_id": "RATE_LIMITED", "notification_modes": ["SMS"]}
    shown = merchant.client.post("/ppi/otp/generate", json=body, headers=CASHFREE)
    assert (shown.status_code, shown.headers["Retry-After"], shown.headers["x-ratelimit-limit"]) == (429, "60", "1000")


# --- random codes --------------------------------------------------------------------------------------------------


def codes_of(seed: int) -> list[str]:
    client = app_for(otp="random", seed=seed).test_client()
    codes = []
    for number in range(5):
        body = {"otp_verification_id": f"Seed{number}", "user_id": USER, "notification_modes": ["SMS"]}
        client.post("/ppi/otp/generate", json=body, headers=CASHFREE)
        codes.append(client.get(f"/__admin/otps/latest?to={USER}", headers={"Accept": "text/plain"}).text)
    return codes


def test_random_codes_come_from_the_seed() -> None:
    codes = codes_of(seed=7)
    assert codes_of(seed=7) == codes
    assert not set(codes_of(seed=8)) & set(codes)
    assert len({*codes, "111000"}) == 6
    assert all(len(code) == 6 and code.isdigit() for code in codes)


def test_a_random_code_is_the_only_right_one() -> None:
    client = app_for(otp="random", seed=7).test_client()
    body = {"otp_verification_id": "Seed0", "user_id": USER, "notification_modes": ["SMS"]}
    client.post("/ppi/otp/generate", json=body, headers=CASHFREE)
    code = client.get("/__admin/messages/latest").json["code"]  # type: ignore[index]
    for given, status in (("111000", "FAILED"), (code, "VERIFIED")):
        body = {"otp_verification_id": "Seed0", "otp": given}
        assert client.post("/ppi/otp/submit", json=body, headers=CASHFREE).json["status"] == status  # type: ignore[index]


# --- bodies that cannot be read ------------------------------------------------------------------------------------

VALID = b'{"otp_verification_id": "Read1", "user_id": "USER827364", "notification_modes": ["SMS"]}'


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(VALID.replace(b"Read1", b"Read\xff"), id="bad UTF-8"),
        pytest.param(VALID.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100000 deep"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="100000 objects deep"),
        pytest.param(VALID[:-1], id="cut short"),
        pytest.param(VALID * 2, id="two documents"),
        pytest.param(VALID[:-1] + b', "more": NaN}', id="NaN"),
        pytest.param(VALID[:-1] + b', "more": 1e999}', id="beyond a float"),
        pytest.param(VALID[:-1] + b', "more": ' + b"9" * 5000 + b"}", id="5000 digits"),
        pytest.param(VALID[:-1] + b', "more": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(VALID + b" " * 1024 * 1024, id="over 1 MiB"),
        pytest.param(b"\x00", id="a zero byte"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_vendors_shape(sandbox: str, raw: bytes) -> None:
    headers = {**CASHFREE, "Content-Type": "application/json"}
    answer = call("POST", f"{sandbox}/ppi/otp/generate", raw=raw, headers=headers)
    assert (answer.status, answer.body) == (
        400,
        {
            "code": "invalid_request",
            "type": "validation_error",
            "message": "Bad request, please check API documentation",
        },
    )
    assert "X-Mocksrv-Error" not in answer.headers


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "Application/JSON", "application/json;odata=verbose"]
)
def test_json_is_json_with_whatever_parameters(sandbox: str, media: str) -> None:
    headers = {**CASHFREE, "Content-Type": media}
    assert call("POST", f"{sandbox}/ppi/otp/generate", raw=VALID, headers=headers).status == 200


# --- the clock -----------------------------------------------------------------------------------------------------


def test_the_clock_runs_on_from_where_it_was_moved(sandbox: str) -> None:
    call("PUT", f"{sandbox}/__admin/clock", {"action": "freeze", "to": "2040-01-01T00:00:00Z"})
    assert call("PUT", f"{sandbox}/__admin/clock", {"action": "run"}).body["frozen"] is False
    generate(sandbox, "Clock1")
    sent = call("GET", f"{sandbox}/__admin/otps/latest?to={USER}").body["sent"]
    assert "2040-01-01T00:00:00.000Z" <= sent < "2040-01-01T00:00:30"


def test_a_code_lives_ten_minutes_to_the_millisecond(sandbox: str) -> None:
    call("PUT", f"{sandbox}/__admin/clock", {"action": "freeze", "to": START})
    generate(sandbox, "Clock2")
    call("PUT", f"{sandbox}/__admin/clock", {"action": "advance", "by": "599.999 seconds"})
    assert submit(sandbox, "Clock2", "000000").body["status"] == "FAILED"
    call("PUT", f"{sandbox}/__admin/clock", {"action": "advance", "by": "1 ms"})
    assert submit(sandbox, "Clock2", "111000").body["code"] == "otp_expired"
