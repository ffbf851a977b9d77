"""Payments that a user confirms with a one-time password, sent and checked by Cashfree's wallet API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

GATEWAY_FAILED = (502, 503, 504)


class PaymentError(Exception):
    """A payment that cannot go on; ``code`` is Cashfree's word for why, or "unavailable"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Payments:
    """A client for one merchant. What fails on the way is tried again, ``attempts`` times in all."""

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, str],
        *,
        attempts: int = 5,
        pause: float = 0.2,
        timeout: float = 5,
    ) -> None:
        self.attempts, self.pause = attempts, pause
        self.http = httpx.Client(base_url=base_url, headers=credentials, timeout=timeout, trust_env=False)

    def request(self, payment_id: str, user_id: str) -> None:
        """Send the user a code for the payment. Raises PaymentError."""
        body = {"otp_verification_id": payment_id, "user_id": user_id, "notification_modes": ["SMS"]}
        tries, answer = self._post("/ppi/otp/generate", body)
        if tries > 1 and _code(answer) == "otp_verification_id_already_exists":
            return  # An earlier try had arrived: only its answer was lost.
        if _document(answer)["status"] != "OTP_GENERATED":
            raise PaymentError("not_sent", f"no code can be sent to {user_id}")

    def confirm(self, payment_id: str, code: str) -> bool:
        """Whether the code is the one that was sent. Raises PaymentError when no code can confirm it any more."""
        tries, answer = self._post("/ppi/otp/submit", {"otp_verification_id": payment_id, "otp": code})
        if tries > 1 and _code(answer) == "otp_already_verified":
            return True
        return bool(_document(answer)["status"] == "VERIFIED")

    def _post(self, path: str, body: Mapping[str, Any]) -> tuple[int, httpx.Response]:
        """The number of the try that was answered, and the answer."""
        why = ""
        for tries in range(1, self.attempts + 1):
            try:
                answer = self.http.post(path, json=body)
                if answer.status_code not in GATEWAY_FAILED:
                    return tries, answer
                why = f"{answer.status_code} {answer.reason_phrase}"
            except httpx.TransportError as error:
                why = str(error)
            if tries < self.attempts:
                time.sleep(self.pause)
        raise PaymentError("unavailable", f"{self.attempts} tries, the last one: {why}")

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _code(answer: httpx.Response) -> str:
    """Cashfree's word for a refusal; "" when it is none."""
    return str(answer.json()["code"]) if answer.is_error else ""


def _document(answer: httpx.Response) -> dict[str, Any]:
    """What Cashfree says. Raises PaymentError for a refusal."""
    document: dict[str, Any] = answer.json()
    if answer.is_error:
        raise PaymentError(document["code"], document["message"])
    return document
