"""What the tests of the admin API share: calls that send and check a code, and what the admin API is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.http import CASHFREE, Answer, call

START = "2026-01-01T00:00:00Z"
PHONE, USER = "9876543210", "USER827364"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def admin(url: str, path: str, method: str = "GET", json: Any = None, **headers: str) -> Answer:
    """Ask the admin API of a sandbox; ``Sec_Fetch_Site`` is the header ``Sec-Fetch-Site``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(method, f"{url}/__admin{path}", json, headers=named)


def problem(status: int, kind: str, title: str, detail: str, **more: Any) -> dict[str, object]:
    """The body of a problem of ours."""
    return {"type": f"urn:mocksrv:{kind}", "title": title, "status": status, "detail": detail, **more}


def asked_wrongly(*violations: str) -> dict[str, object]:
    """The problem of a call that is not as admin.yaml describes it."""
    wrong = ", ".join(violations)
    detail = f"Wrong: {wrong}{'' if wrong.endswith('?') else '.'} GET /__admin/openapi.yaml describes what is right."
    return problem(422, "bad-request", "This is not how it is asked", detail, violations=list(violations))


def name_of(url: str) -> str:
    """The sandbox of a base URL."""
    return url.rpartition("@")[2]


def move(url: str, action: str, **more: str) -> Answer:
    """Move the clock."""
    return admin(url, "/clock", "PUT", {"action": action, **more})


def freeze(url: str, to: str = START) -> None:
    """Stop the clock."""
    assert move(url, "freeze", to=to).status == 200


def generate(url: str, id_: str = "Test123", user: str = USER, modes: Sequence[str] = ("SMS",)) -> Answer:
    """Send a code to a user's phone: one message for each mode."""
    body = {"otp_verification_id": id_, "user_id": user, "notification_modes": list(modes)}
    return call("POST", f"{url}/ppi/otp/generate", body, headers=CASHFREE)


def submit(url: str, id_: str = "Test123", otp: str = "111000") -> Answer:
    """Check a code that `generate` has sent."""
    return call("POST", f"{url}/ppi/otp/submit", {"otp_verification_id": id_, "otp": otp}, headers=CASHFREE)


def user_with(url: str, key: str, phone: str) -> None:
    """Make a user whom `generate` can send codes to."""
    answer = admin(url, f"/records/user/{key}?product=cashfree/ppi", "PUT", {"phone": phone, "status": "ACTIVE"})
    assert answer.status == 200


TILL = {"Authorization": "Basic dGVzdF91c2VyOjE2ZWMxZWJiMDFmZTAyZGVkOWI3ZDU0NDdkM2RmYzY1"}


def generate_at_till(url: str, to: str = "919876543210", channels: Sequence[tuple[str, str]] = ()) -> Answer:
    """Send a code over channels; while it lives, the same code is sent again."""
    listed = [{"type": channel, "value": address} for channel, address in channels or [("SMS", to)]]
    body = {"entityType": "MOBILE", "entityValue": to, "action": "REGISTRATION", "channels": listed}
    return call("POST", f"{url}/v2/otp/generate", body, headers=TILL)


def validate_at_till(url: str, code: str, to: str = "919876543210") -> Answer:
    """Check a code that `generate_at_till` has sent."""
    body = {"entityType": "MOBILE", "entityValue": to, "action": "REGISTRATION", "code": code}
    return call("POST", f"{url}/v2/otp/validate", body, headers=TILL)
