"""Answers that go wrong on their way, byte by byte on the client's socket: from granian and from ``running``."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from flask import Response

from mocksrv.state.faults import KINDS, Transport, read_transport
from mocksrv.threaded import running
from mocksrv.web.transport import sent_through
from tests.serving import app, through
from tests.test_server import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 5.0
PROMPT = 1.0
BODY = b'{"status": "SUCCESS", "otp_id": "4f1d", "names": ["\xc3\xa9", "\xe0\xa4\x95"]}'
HALF = len(BODY) // 2


class Client:
    """One connection, on which nothing is hidden."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self.came = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def ask(self, query: str = "", body: bytes = BODY, method: str = "POST", *more: str) -> Client:
        lines = [f"{method} /through?{query} HTTP/1.1", "Host: sandbox", f"Content-Length: {len(body)}", *more, "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)
        return self

    def receive(self) -> bool:
        piece = self.socket.recv(1 << 16)
        self.came += piece
        return piece != b""

    def head(self) -> tuple[int, dict[str, str]]:
        """The next status and headers."""
        while b"\r\n\r\n" not in self.came:
            assert self.receive(), f"the connection ended after {self.came!r}"
        head, _, self.came = self.came.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        assert status.startswith("HTTP/1.1 ")
        return int(status.split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    def body(self, headers: Mapping[str, str]) -> bytes:
        """What comes of the body that the headers promise."""
        length = int(headers["content-length"])
        while len(self.came) < length:
            assert self.receive(), f"the connection ended after {self.came!r}, which is no {length} bytes"
        body, self.came = self.came[:length], self.came[length:]
        return body

    def rest(self) -> bytes:
        """What comes until the connection ends, which it does by itself."""
        while self.receive():
            pass
        return self.came

    def is_open(self) -> bool:
        """Whether the next request is answered, too."""
        status, headers = self.ask().head()
        return (status, self.body(headers)) == (200, BODY)


@pytest.fixture(scope="module", params=["granian", "running"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The server; nothing of all this is worth a line in its log."""
    if request.param == "granian":
        with serving() as program:
            yield program.url
            program.process.terminate()
            assert program.process.communicate(timeout=PATIENCE) == (b"cut 0\n", b"")
    else:
        with running(app) as served:
            yield served


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as one:
        yield one


# Each kind


def test_no_fault_keeps_the_connection(client: Client) -> None:
    assert all(client.is_open() for _ in range(3))


def test_empty(client: Client) -> None:
    status, headers = client.ask("kind=empty").head()
    assert (status, headers["content-type"], headers["content-length"]) == (200, "application/json", "0")
    assert client.is_open()


@pytest.mark.parametrize(
    ("query", "came"), [("", HALF), ("&after=0", 0), ("&after=7", 7), ("&after=1000000", len(BODY) - 1)]
)
def test_truncate(client: Client, query: str, came: int) -> None:
    begin = time.monotonic()
    status, headers = client.ask(f"kind=truncate{query}").head()
    assert (status, headers["content-length"]) == (200, str(len(BODY)))
    assert client.rest() == BODY[:came]
    assert time.monotonic() - begin < PROMPT


def test_truncated_large_body(client: Client) -> None:
    client.ask("kind=truncate", BODY * 20_000).head()
    assert client.rest() == BODY * 10_000


def test_close(client: Client) -> None:
    begin = time.monotonic()
    status, headers = client.ask("kind=close").head()
    assert (status, headers["content-length"]) == (200, str(len(BODY)))
    assert client.rest() == b""
    assert time.monotonic() - begin < PROMPT


@pytest.mark.parametrize("kind", ["truncate", "close"])
def test_cut_answer_never_loses_its_head_and_is_no_error(
    url: str, kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(8):
        with Client(url) as one:
            assert one.ask(f"kind={kind}&after=9").head()[0] == 200
            assert one.rest() == (BODY[:9] if kind == "truncate" else b"")
    assert (caplog.records, *capfd.readouterr()) == ([], "", "")


@pytest.mark.parametrize("kind", ["truncate", "close"])
def test_cut_of_an_empty_body_can_be_noticed(client: Client, kind: str) -> None:
    assert client.ask(f"kind={kind}", b"").head()[1]["content-length"] == "1"
    assert client.rest() == b""


@pytest.mark.parametrize("kind", ["truncate", "close"])
def test_library_notices_a_cut(url: str, kind: str) -> None:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)) as connection:
        connection.request("POST", f"/through?kind={kind}", BODY)
        answer = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


@pytest.mark.parametrize(
    "body",
    [
        *(BODY, b"", b" ", b"1", b"12", b"-1.5e3", b'"text"', b'""', b"null", b"true", b"[]", b"{}", b"[1, 2]"),
        *(b'{"a": 1}\r\n', b"{}}", b"12 ", b"1" * 5000, "é".encode(), b"\xff", b"\x00", b"<p>"),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_malformed(client: Client, body: bytes) -> None:
    status, headers = client.ask("kind=malformed", body).head()
    assert (status, headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError):  # noqa: PT011 (any sentence of json's)
        json.loads(client.body(headers))
    assert client.is_open()


def test_drip(client: Client) -> None:
    begin = time.monotonic()
    client.ask("kind=drip&lasts=0.5").head()
    assert time.monotonic() - begin < 0.25
    grown = []
    while len(client.came) < len(BODY):
        assert client.receive()
        grown.append(time.monotonic() - begin)
    assert client.came == BODY
    assert len(grown) >= 4
    assert 0.5 <= grown[-1] < 0.5 + PROMPT
    client.came = b""
    assert client.is_open()


@pytest.mark.parametrize(("query", "body"), [("lasts=0", BODY), ("lasts=0.3", b"12"), ("lasts=0.3", b"")])
def test_drip_of_little(client: Client, query: str, body: bytes) -> None:
    assert client.body(client.ask(f"kind=drip&{query}", body).head()[1]) == body
    assert client.is_open()


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_delay_is_before_the_status_line(client: Client, kind: str) -> None:
    begin = time.monotonic()
    client.ask(f"delay=200ms&lasts=0{kind and '&kind='}{kind}").head()
    assert 0.2 <= time.monotonic() - begin < 0.2 + PROMPT


@pytest.mark.parametrize("kind", KINDS)
def test_answer_to_head_stays_valid(client: Client, kind: str) -> None:
    status, headers = client.ask(f"kind={kind}", BODY, "HEAD").head()
    assert (status, headers["content-length"]) == (200, str(len(BODY)))
    assert client.is_open()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [204, 304])
def test_answer_without_a_body_stays_valid(client: Client, kind: str, status: int) -> None:
    assert client.ask(f"kind={kind}&status={status}", b"").head()[0] == status
    assert client.is_open()


@pytest.mark.parametrize("kind", KINDS)
def test_client_that_goes_away(url: str, kind: str) -> None:
    with Client(url) as one:
        one.ask(f"kind={kind}&lasts=0.3")
    with Client(url) as other:
        assert other.is_open()


def test_unknown_kind_is_refused() -> None:
    with through.test_request_context(), pytest.raises(ValueError, match="purple"):
        sent_through(Response("{}"), Transport("purple"))


# What a person writes


@pytest.mark.parametrize(
    ("fault", "delay", "meant"),
    [
        (None, None, Transport()),
        (None, "2s", Transport(delay=(2, 2))),
        ("close", None, Transport("close")),
        ("drip", "1s..3s", Transport("drip", (1, 3))),
        ("empty", " 250ms .. 10 minutes ", Transport("empty", (0.25, 600))),
        ("truncate", "0.5s..0.5s", Transport("truncate", (0.5, 0.5))),
    ],
)
def test_read_transport(fault: str | None, delay: str | None, meant: Transport) -> None:
    assert read_transport(fault, delay) == meant


@pytest.mark.parametrize(
    ("fault", "delay", "sentence"),
    [
        ("truncated", None, '"truncated" is no way for an answer to go wrong; did you mean "truncate"?'),
        ("", None, '"" is no way for an answer to go wrong; known: close, drip, empty, malformed, truncate'),
        (None, "soon", '"soon" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'),
        (None, "1s..", '"" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'),
        (None, "3s..1s", '"3s..1s" is no delay: the least comes first, like "1s..3s"'),
        (None, "601s", '"601s" is too long a delay: an answer may be 10 minutes late at most'),
        (None, "1s..1h", '"1s..1h" is too long a delay: an answer may be 10 minutes late at most'),
    ],
)
def test_read_transport_refuses(fault: str | None, delay: str | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        read_transport(fault, delay)


def test_delay_of_a_range_is_any_within(client: Client) -> None:
    begin = time.monotonic()
    for _ in range(10):
        client.body(client.ask("delay=20ms..60ms").head()[1])
    assert 10 * 0.02 < time.monotonic() - begin < 10 * 0.06 + PROMPT


# What `running` serves, beside that


def one_that(answer: Callable[[WSGIEnvironment], Iterable[bytes]], *headers: tuple[str, str]) -> WSGIApplication:
    """An application that is not Flask's."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", list(headers))
        return answer(environ)

    return application


def broken() -> Iterator[bytes]:
    yield b"first"
    raise RuntimeError("boom")


def new_since(threads: list[threading.Thread]) -> set[threading.Thread]:
    """The threads that were not there; of those that were, some still end."""
    return set(threading.enumerate()) - set(threads)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_requests_that_come_at_once() -> None:
    with running(app) as url, Client(url) as one:
        one.ask("kind=empty").ask("kind=drip&lasts=0.1").ask("", b"{}")
        assert one.body(one.head()[1]) == b""
        assert one.body(one.head()[1]) == BODY
        assert one.body(one.head()[1]) == b"{}"


def test_wish_to_close_is_granted() -> None:
    with running(app) as url, Client(url) as one:
        assert one.ask("", BODY, "POST", "Connection: close").head()[1]["connection"] == "close"
        assert one.rest() == BODY


def test_body_in_chunks() -> None:
    with running(app) as url, Client(url) as one:
        one.socket.sendall(
            b"POST /through HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )
        assert one.body(one.head()[1]) == b"{}"
        assert one.is_open()


def test_body_that_the_app_does_not_read() -> None:
    with running(one_that(lambda _: [b"ok"], ("Content-Length", "2"))) as url, Client(url) as one:
        for _ in range(2):
            assert one.body(one.ask("", b"x" * 1_000_000).head()[1]) == b"ok"


def test_answer_without_a_length_comes_in_chunks() -> None:
    with running(one_that(lambda _: iter([b"one", b"", b"two"]))) as url, Client(url) as one:
        for _ in range(2):
            assert one.ask().head()[1]["transfer-encoding"] == "chunked"
            while not one.came.endswith(b"0\r\n\r\n"):
                assert one.receive()
            assert one.came == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
            one.came = b""


def test_answer_without_a_length_to_an_old_client() -> None:
    with running(one_that(lambda _: iter([b"one"]))) as url, Client(url) as one:
        one.socket.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert one.head()[1]["connection"] == "close"
        assert one.rest() == b"one"


def test_answer_is_no_longer_than_it_promises() -> None:
    with running(one_that(lambda _: [b"ok", b"and more"], ("Content-Length", "4"))) as url, Client(url) as one:
        for _ in range(2):
            assert one.body(one.ask().head()[1]) == b"okan"


def test_body_of_an_answer_to_head_is_not_sent() -> None:
    with running(one_that(lambda _: [b"ok"], ("Content-Length", "2"))) as url, Client(url) as one:
        assert one.ask("", b"", "HEAD").head()[0] == 200
        assert one.body(one.ask().head()[1]) == b"ok"


def test_error_in_the_middle_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    with running(one_that(lambda _: broken(), ("Content-Length", "9"))) as url, Client(url) as one:
        one.ask().head()
        assert one.rest() == b"first"
    assert "RuntimeError: boom" in caplog.text


def test_length_that_is_no_number(caplog: pytest.LogCaptureFixture) -> None:
    with running(app) as url, Client(url) as one:
        one.socket.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n")
        assert one.head()[0] == 400
        assert one.rest()
    assert "Traceback" not in caplog.text


def test_running_leaves_nothing_behind() -> None:
    threads, files = threading.enumerate(), descriptors()
    for _ in range(20):
        with running(app) as url, Client(url) as one:
            assert one.is_open()
    with ExitStack() as clients:
        with running(app) as url:
            held = [clients.enter_context(Client(url)) for _ in range(20)]
            assert all(one.is_open() for one in held)
        assert not new_since(threads)
        assert [one.rest() for one in held] == [b""] * 20
    assert not new_since(threads)
    assert descriptors() <= files


@pytest.mark.parametrize("query", ["delay=300s", "kind=drip&lasts=300", "kind=truncate&delay=300s"])
def test_end_of_the_block_sends_slow_answers_at_once(query: str) -> None:
    entered = threading.Event()

    def announced(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        entered.set()
        return through(environ, start_response)

    threads = threading.enumerate()
    with running(announced) as url:
        one = Client(url).ask(query)
        assert entered.wait(PATIENCE)
        begin = time.monotonic()
    assert time.monotonic() - begin < PROMPT
    assert not new_since(threads)
    with one:
        one.head()
        assert one.rest() == (BODY[:HALF] if "truncate" in query else BODY)


def test_end_of_the_block_cuts_who_does_not_read() -> None:
    threads = threading.enumerate()
    with running(one_that(lambda _: [b"x" * (32 << 20)])) as url:
        one = Client(url).ask()
        one.head()
    assert not new_since(threads)
    with one:
        assert len(one.rest()) < 32 << 20
