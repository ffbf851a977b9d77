"""Answers of our own, never a vendor's: RFC 9457 problems with ``X-Mocksrv-Error``."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

ERROR = "X-Mocksrv-Error"
WHY = "X-Mocksrv-Why"


def header_text(text: str) -> str:
    """A text that a header can carry: one line of printable ASCII, of bounded length."""
    return text.encode("unicode_escape").decode("ascii")[:1000]


def json_response(document: Any, status: int = 200, media: str = "application/json") -> Response:
    """A JSON answer."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, status, content_type=media)


def problem(status: int, kind: str, title: str, detail: str, **more: Any) -> Response:
    """An RFC 9457 problem. ``kind`` is a short name that a program can compare, also in ``X-Mocksrv-Error``."""
    document = {"type": f"urn:mocksrv:{kind}", "title": title, "status": status, "detail": detail, **more}
    response = json_response(document, status, "application/problem+json")
    response.headers[ERROR] = kind
    response.headers[WHY] = header_text(detail)
    return response
