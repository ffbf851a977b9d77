"""One HTTP call as a test wants it, and the application with settings of a test's own."""

from __future__ import annotations

import http.client
import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from mocksrv.app import catalogue_of, create_app
from mocksrv.settings import Settings
from mocksrv.vendor import Catalogue

CASHFREE = {"x-client-id": "TEST_CLIENT_ID", "x-client-secret": "TEST_CLIENT_SECRET"}
CASHFREE_2 = {"x-client-id": "TEST_CLIENT_ID_2", "x-client-secret": "TEST_CLIENT_SECRET_2"}


@dataclass(frozen=True)
class Answer:
    """What came back. ``body`` is the parsed JSON, or the text when it is none; ``raw`` the bytes."""

    status: int
    headers: HTTPMessage
    body: Any
    raw: bytes

    @property
    def why(self) -> str:
        return self.headers.get("X-Mocksrv-Why", "")


def call(
    method: str,
    url: str,
    json: Any = None,
    *,
    raw: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send ``json`` as JSON with its content type, or ``raw`` as it is with none, or no body. Follows no redirect."""
    sent, body = dict(headers or {}), raw.encode() if isinstance(raw, str) else raw
    if json is not None:
        body = jsonlib.dumps(json).encode()
        sent = {"Content-Type": "application/json", **sent}
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "localhost", parts.port, timeout=30)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target or "/", body, sent)
        response = connection.getresponse()
        received = response.read()
    finally:
        connection.close()
    return Answer(response.status, response.headers, parsed(received), received)


def parsed(received: bytes) -> Any:
    """The JSON document, or the text of what is none."""
    try:
        return jsonlib.loads(received)
    except ValueError:
        return received.decode("utf-8", "replace")


def app_for(**settings: Any) -> Flask:
    """A fresh application with its own state: ``app_for(quotas=False, otp="random", seed=7)``.

    Serve it by ``with running(app_for(...)) as url:``. Each root is loaded once.
    """
    chosen = Settings(**settings)
    return create_app(chosen, catalogue(chosen.root))


@cache
def catalogue(root: Path | None = None) -> Catalogue:
    """What a root serves; the built-in one when none is named."""
    return catalogue_of(Settings(root=root))
