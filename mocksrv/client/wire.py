"""The way to the admin API of one sandbox. The doorway to httpx."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from mocksrv import __version__
from mocksrv.errors import MocksrvError

PATIENCE = 30.0
Http = httpx.Client


class Unreachable(MocksrvError):
    """Nothing answers at the URL, or what answers is no mocksrv."""


class Refused(MocksrvError):
    """The admin API refused a call. ``status`` and ``kind`` say why in short, ``problem`` is the whole document."""

    def __init__(self, call: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(
            f"{call} was refused with {status}: {problem.get('title')}. {problem.get('detail', '')}".strip()
        )
        self.status, self.problem = status, problem
        self.kind = str(problem.get("type", "")).rpartition(":")[2]


def new_http() -> httpx.Client:
    """A client that goes straight to the server: a proxy of the environment's would not find it."""
    return httpx.Client(trust_env=False, headers={"User-Agent": f"mocksrv/{__version__}"})


class Wire:
    """Calls below ``{base_url}/__admin/``. Each gives the document, or None where the answer has none.

    Each raises Refused for what the admin API refuses, Unreachable when it cannot be asked.
    """

    def __init__(self, base_url: str, http: httpx.Client, token: str | None) -> None:
        self.base_url, self.http, self.token = base_url, http, token

    def get(self, path: str, query: Mapping[str, Any] | None = None, patience: float = PATIENCE) -> Any:
        return self._answer("GET", path, query, None, patience)

    def post(self, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        return self._answer("POST", path, query, body)

    def put(self, path: str, body: Any, query: Mapping[str, Any] | None = None) -> Any:
        return self._answer("PUT", path, query, body)

    def delete(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return self._answer("DELETE", path, query, None)

    def _answer(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Any, patience: float = PATIENCE
    ) -> Any:
        __tracebackhide__ = True
        url = f"{self.base_url}/__admin/{path}"
        asked = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        headers = {"Accept": "application/json, text/plain;q=0.5"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            response = self.http.request(method, url, params=asked, json=body, headers=headers, timeout=patience)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise Unreachable(f"no mocksrv answers at {self.base_url} ({why}); is it running?") from None
        return _document(f"{method} {url}", response)


def escaped(*segments: str) -> str:
    """A path of these segments, whatever they hold. Dots too: a client takes ``..`` for a way up."""
    return "/".join(quote(segment, safe="").replace(".", "%2E") for segment in segments)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _document(call: str, response: httpx.Response) -> Any:
    __tracebackhide__ = True
    media = response.headers.get("Content-Type", "")
    try:
        document = response.json() if "json" in media else response.text
    except ValueError:
        document = None
    if response.is_success:
        return None if document == "" else document
    if isinstance(document, dict) and "problem+json" in media:
        raise Refused(call, response.status_code, document)
    raise Unreachable(f"{call} was answered with {response.status_code}, and not by mocksrv; is the URL right?")
