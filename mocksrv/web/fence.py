"""Who may use the admin API: this machine's programs, and no page that a browser happens to show."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import Request, Response

from mocksrv.settings import Settings
from mocksrv.web.problems import problem

LOOPBACK = ("localhost", "127.0.0.1", "::1")
WRITES = ("POST", "PUT", "PATCH")


def refusal(settings: Settings, asked: Request) -> Response | None:
    """Why the admin API does not answer, or None.

    The Host rule stops DNS rebinding, the Origin and Sec-Fetch-Site rules stop foreign pages, and the content type
    rule stops the forms and "simple requests" that a browser sends without asking.
    """
    host = _name_of(asked.headers.get("Host", ""))
    known = {*LOOPBACK, *(name.lower() for name in (settings.host, *settings.allow_host))}
    if host not in known:
        return problem(403, "foreign-host", "The admin API does not answer to this name",
                       f'The Host header says "{host}"; allow it with --allow-host {host or "NAME"}.')  # fmt: skip
    origin = asked.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{asked.headers.get('Host', '').lower()}":
        return problem(403, "foreign-origin", "The admin API answers no other origin", f'The Origin is "{origin}".')
    if asked.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return problem(403, "cross-site", "The admin API answers no cross-site call", "Sec-Fetch-Site says so.")
    return _unauthorized(settings, asked) or _not_json(asked)


def _name_of(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _unauthorized(settings: Settings, asked: Request) -> Response | None:
    if not settings.admin_token:
        return None
    given = asked.headers.get("Authorization", "")
    if hmac.compare_digest(given.encode(), f"Bearer {settings.admin_token}".encode()):
        return None
    response = problem(401, "admin-token", "The admin API asks for its token", "Send Authorization: Bearer <token>.")
    response.headers["WWW-Authenticate"] = 'Bearer realm="mocksrv admin"'
    return response


def _not_json(asked: Request) -> Response | None:
    if asked.method not in WRITES or not asked.get_data(cache=True):
        return None
    if asked.mimetype == "application/json":
        return None
    return problem(415, "not-json", "The admin API reads JSON", "Send Content-Type: application/json.")
