"""Sends an answer late, or wrong: short of what it promised, in drops, or with a body that is no JSON.

All of it is done by the response's iterable, the same under granian and under ``mocksrv.threaded.running``: both send
a body as it is yielded, and end the connection when less came than Content-Length promised. To close before the status
line is impossible there: a WSGI server sends an answer of its own (500) when the app gives none.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterable, Iterator

from flask import Response, request

from mocksrv.state.faults import Transport

# Where a server's environ may have a threading.Event that cuts every wait short, so that its end need not await ours.
STOPPING = "mocksrv.stopping"
BETWEEN_DROPS = 0.1
TO_BE_SENT = 0.05


def sent_through(response: Response, transport: Transport) -> Response:
    """The response as it arrives through the transport; sleeps here until it may begin.

    Call it last, with the request at hand: nothing may look at the body afterwards. An answer without a body (HEAD,
    204, 304) can only be late.
    """
    stopping: threading.Event = request.environ.get(STOPPING) or threading.Event()
    stopping.wait(random.uniform(*transport.delay))  # noqa: S311 (nothing to guess here)
    if transport.kind is None or request.method == "HEAD" or response.status_code in (204, 304):
        return response
    length, response.response = _wrong(response.get_data(), transport, stopping)
    response.content_length = length
    return response


def _wrong(body: bytes, transport: Transport, stopping: threading.Event) -> tuple[int, Iterable[bytes]]:
    """The Content-Length that is promised, and what is sent.

    An empty body promises one byte where it is to be cut, or nobody could notice.
    """
    promised = max(1, len(body))
    match transport.kind:
        case "empty":
            return 0, []
        case "malformed":
            broken = body.rstrip()[:-1] + b"{"  # No JSON ends like that, whatever comes before.
            return len(broken), [broken]
        case "truncate":
            half = promised // 2
            after = half if transport.after is None else min(transport.after, promised - 1)
            return promised, _cut(body[:after], stopping)
        case "close":
            return promised, _cut(b"", stopping)
        case "drip":
            return len(body), _drops(body, transport.lasts, stopping)
    raise ValueError(f"there is no {transport.kind!r}")


def _cut(sent: bytes, stopping: threading.Event) -> Iterator[bytes]:
    """What is sent before the connection ends.

    granian throws away what it has not written when a body ends too early, the status line too, and it writes when it
    has to wait for more. An empty piece sends nothing, but is only accepted once the one before it is taken. So after
    two of them granian is at the last, and the time is for the few microseconds until it waits.
    """
    yield sent
    yield b""
    yield b""
    stopping.wait(TO_BE_SENT)


def _drops(body: bytes, seconds: float, stopping: threading.Event) -> Iterator[bytes]:
    """The head at once, then the body in even pieces, the last of them at the end of the time."""
    yield b""
    begin = time.monotonic()
    count = min(len(body), max(1, math.ceil(seconds / BETWEEN_DROPS)))
    for done in range(count):
        stopping.wait(max(0.0, begin + seconds * (done + 1) / count - time.monotonic()))
        yield body[len(body) * done // count : len(body) * (done + 1) // count]
