"""``python -m tests.serving``: runs ``mocksrv.server.serve`` as the command line would, for test_server.py.

Writes the URL to stdout when ready and "cut <n>" at the end; an error of ours goes to stderr as "<class>: <sentence>"
and makes the exit status 3. The app writes "in" to stderr when a slow request has reached it.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from mocksrv import server
from mocksrv.errors import MocksrvError
from mocksrv.state.faults import read_transport
from mocksrv.web.transport import sent_through

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


RELEASED = threading.Event()


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """/slow?2 answers after 2 s, /stream?2 begins to answer and ends after 2 s, /boom raises, /through is `through`."""
    path = environ["PATH_INFO"]
    if path == "/through":
        return through(environ, start_response)
    seconds = float(environ["QUERY_STRING"] or 0)
    if path == "/boom":
        raise RuntimeError("boom")
    if path == "/slow":
        wait(seconds)
    if path == "/hold":  # until /release is asked
        wait(60, RELEASED)
    if path == "/release":
        RELEASED.set()
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/stream":
        return stream(seconds)
    if path == "/header":
        return [repr(environ.get("HTTP_X_CLIENT_ID")).encode()]
    return [str(os.getpid()).encode()]


through = Flask("through")


@through.route("/through", methods=["GET", "POST"])
def echoed() -> Response:
    """The request's body, through ``?kind=truncate&after=3``, ``?kind=drip&lasts=1`` or ``?delay=1s..2s``."""
    asked = request.args
    transport = read_transport(asked.get("kind"), asked.get("delay"))
    transport = replace(transport, after=asked.get("after", None, int), lasts=asked.get("lasts", 5.0, float))
    body = Response(request.get_data(), asked.get("status", 200, int), content_type="application/json")
    return sent_through(body, transport)


def stream(seconds: float) -> Iterator[bytes]:
    yield b"first "
    wait(seconds)
    yield b"last"


def wait(seconds: float, until: threading.Event | None = None) -> None:
    sys.stderr.write("in\n")
    sys.stderr.flush()
    (until or threading.Event()).wait(seconds)


def load(kind: str) -> WSGIApplication:
    """Give the app, or fail in the way ``kind`` names."""
    if kind == "fails":
        raise ValueError("no such thing as a purple spec")
    if kind == "refuses":
        raise MocksrvError("specs/a.yaml:3:1: not a spec")
    if kind == "dies":
        os._exit(7)
    if kind == "hangs":
        wait(30)
    return app


def announce(kind: str, url: str) -> None:
    if kind == "unready":
        raise RuntimeError("cannot announce")
    say(url)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--grace", type=float, default=5)
    parser.add_argument("--kind", default="")
    parser.add_argument("--method", default=None)
    options = parser.parse_args()
    if options.method:
        multiprocessing.set_start_method(options.method)
    make: Callable[[], WSGIApplication] = functools.partial(load, options.kind)
    try:
        ready = functools.partial(announce, options.kind)
        cut = server.serve(make, options.host, options.port, options.grace, ready)
    except (MocksrvError, RuntimeError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 3
    say(f"cut {cut}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
