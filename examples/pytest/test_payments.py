"""A user pays: the code is sent, read as the user would read it, and given back."""

from __future__ import annotations

import pytest
from mocksrv import Client

from payments import PaymentError, Payments

USER, PHONE = "USER827364", "9876543210"


def test_a_payment_is_confirmed(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    assert payments.confirm("order-1", mocksrv.otp(to=PHONE))
    mocksrv.requests.assert_called("generateOtp", times=1)
    mocksrv.requests.assert_called("ppiSubmitOtp", times=1, status=200)


def test_the_user_is_told_why(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    (message,) = mocksrv.messages
    assert (message.via, message.to) == ("SMS", PHONE)
    assert str(message.code) in message.text


@pytest.mark.mocksrv(otp="random")
def test_a_wrong_code_is_no_confirmation(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    code = mocksrv.otp(to=USER)
    assert not payments.confirm("order-1", f"{(int(code) + 1) % 1_000_000:06}")
    assert payments.confirm("order-1", code)


@pytest.mark.mocksrv(clock="2030-01-31T23:55:00Z")
def test_a_code_expires(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    mocksrv.clock.advance("11 minutes")
    with pytest.raises(PaymentError, match="otp_expired"):
        payments.confirm("order-1", mocksrv.messages.latest().code or "")


def test_attempts_run_out(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    mocksrv.otps.lock(mocksrv.otps.wait(to=PHONE))
    with pytest.raises(PaymentError, match="attempts"):
        payments.confirm("order-1", "111000")


def test_a_failing_gateway_is_tried_again(mocksrv: Client, payments: Payments) -> None:
    mocksrv.force("502 Bad Gateway", operation="generateOtp", times=2)
    payments.request("order-1", USER)
    mocksrv.requests.assert_called("generateOtp", times=3)
    assert len(mocksrv.messages) == 1


def test_a_gateway_that_stays_down(mocksrv: Client, payments: Payments) -> None:
    mocksrv.force("502 Bad Gateway", for_="1 hour")
    with pytest.raises(PaymentError, match="5 tries, the last one: 502"):
        payments.request("order-1", USER)
    mocksrv.requests.assert_called("generateOtp", times=5, status=502)
    assert not list(mocksrv.messages)


def test_a_lost_answer_sends_no_second_code(mocksrv: Client, payments: Payments) -> None:
    mocksrv.force(fault="close", operation="generateOtp")
    payments.request("order-1", USER)
    assert len(mocksrv.otps) == 1
    assert payments.confirm("order-1", mocksrv.otp(to=PHONE))


def test_a_lost_confirmation_counts(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    mocksrv.force(fault="close", operation="ppiSubmitOtp")
    assert payments.confirm("order-1", mocksrv.otp(to=PHONE))


@pytest.mark.mocksrv(scenario="outage")
def test_an_outage_is_survived(mocksrv: Client, payments: Payments) -> None:
    payments.request("order-1", USER)
    assert payments.confirm("order-1", mocksrv.otp(to=PHONE))


@pytest.mark.parametrize("number", range(2, 18))
def test_each_test_has_a_sandbox_of_its_own(mocksrv: Client, payments: Payments, number: int) -> None:
    """The same ids, the same user, the same quotas, side by side: none of them is taken."""
    payments.request("order-1", USER)
    payments.request(f"order-{number}", USER)
    assert payments.confirm("order-1", mocksrv.otp(to=PHONE))
    mocksrv.requests.assert_called("generateOtp", times=2)


def test_a_blocked_user_is_sent_nothing(mocksrv: Client, payments: Payments) -> None:
    mocksrv.records.put("user", "ANNA", {"phone": "9811111111", "status": "BLOCKED"})
    with pytest.raises(PaymentError, match="not_sent"):
        payments.request("order-1", "ANNA")


@pytest.mark.mocksrv(strict=False)
def test_an_id_that_cashfree_does_not_take(payments: Payments) -> None:
    """The client breaks the contract on purpose, which this project fails tests for otherwise."""
    with pytest.raises(PaymentError, match="otp_verification_id_invalid"):
        payments.request("order number one", USER)
