"""Listens inside a test or a script, with Werkzeug: ``Server``, and ``running`` for any app."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache, cached_property
from ipaddress import ip_address
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, cast

from werkzeug.exceptions import InternalServerError
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wsgi import ClosingIterator, LimitedStream

from mocksrv.app import catalogue_of, create_app
from mocksrv.listening import bind, read_to_the_end, url_of
from mocksrv.settings import Settings
from mocksrv.vendor import Catalogue
from mocksrv.web.transport import STOPPING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mocksrv.client import Client


class Server:
    """A mocksrv that runs, in threads of this process, while the ``with`` block does; ``url`` is then its base URL.

    ``app`` is what ``mocksrv.create_app()`` gives; without it each block has a new one of the built-in vendors, with
    nothing remembered. ``port`` 0 picks a free one. For ``unittest``: ``self.enterContext(mocksrv.Server())``.

    ``admin_token`` is what the admin API asks for, and what ``client`` sends; an ``app`` that is given has to ask for
    the same, by its own settings.

    Raises SettingsError for a ``host`` that lets other machines in without an ``admin_token``; entering it raises
    PortTaken and CannotListen.
    """

    def __init__(
        self,
        app: WSGIApplication | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        admin_token: str | None = None,
    ) -> None:
        self._app, self._port = app, port
        self._settings = Settings(host=host, admin_token=admin_token)
        self._stack = ExitStack()
        self.url = ""

    @cached_property
    def client(self) -> Client:
        """A client of the default sandbox, which ends with the block. Raises RuntimeError outside of it."""
        from mocksrv.client import Client

        if not self.url:
            raise RuntimeError("this mocksrv.Server does not run; it does within its with block")
        return self._stack.enter_context(Client(self.url, token=self._settings.admin_token))

    def __enter__(self) -> Self:
        app = create_app(self._settings, _builtin()) if self._app is None else self._app
        self.url = self._stack.enter_context(running(app, self._settings.host, self._port))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.__dict__.pop("client", None)
        self.url = ""
        self._stack.close()


@cache
def _builtin() -> Catalogue:
    """What is built in, loaded once: nothing in it changes, and every app has a state of its own."""
    return catalogue_of(Settings())


@contextmanager
def running(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve ``app`` from daemon threads of this process while the ``with`` block runs; give the base URL.

    It is one of this machine's where ``host`` stands for all addresses. Port 0 picks a free port. Connections stay open
    between requests, as they do with ``server.serve``, but not beyond the block: requests in flight then have a second,
    and answers that mocksrv delays are sent at once.

    Raises PortTaken and CannotListen.
    """
    with closing(bind(host, port)) as sock:
        sock.listen(128)
        if ip_address(sock.getsockname()[0]).is_unspecified:
            host = "::1" if sock.family == socket.AF_INET6 else "127.0.0.1"
        server = _Threaded(sock, app)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield url_of(host, server.port)
    finally:
        server.shutdown()
        thread.join()
        server.end_connections()


class _Threaded(ThreadedWSGIServer):
    """Werkzeug's server, which knows its connections: neither they nor their threads outlive it."""

    def __init__(self, sock: socket.socket, app: WSGIApplication) -> None:
        host, port = sock.getsockname()[:2]
        super().__init__(host, port, app, _Connection, fd=sock.fileno())
        self.stopping = threading.Event()
        self.connections: dict[threading.Thread, socket.socket] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        thread.start()
        self.connections = {one: open_ for one, open_ in self.connections.items() if one.is_alive()} | {thread: request}

    def end_connections(self) -> None:
        """Take no more requests, which ends the idle connections at once; a second later cut those that still answer.

        Only a thread that is stuck in the app outlives this.
        """
        self.stopping.set()
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            for connection in self.connections.values():
                with suppress(OSError):  # It has ended by itself.
                    connection.shutdown(how)
            deadline = time.monotonic() + 1
            for thread in self.connections:
                thread.join(max(0.0, deadline - time.monotonic()))


class _Connection(WSGIRequestHandler):
    """Reads requests as Werkzeug does, but answers them itself: Werkzeug ends the connection with every answer."""

    server: _Threaded
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # A body would wait for the client's acknowledgement of the head: up to 40 ms.

    def run_wsgi(self) -> None:
        """Answer one request; the connection stays open when both sides know where this one ends."""
        environ = self.environ = self.make_environ()
        environ[STOPPING] = self.server.stopping
        length = environ.get("CONTENT_LENGTH", "0")
        if not re.fullmatch("[0-9]{1,18}", length):
            self.send_error(400, "Content-Length is no number")
            return
        if "wsgi.input_terminated" not in environ:  # It is where the body comes in chunks.
            environ["wsgi.input"] = LimitedStream(cast(IO[bytes], self.rfile), int(length))
        answer = _Answer(self)
        try:
            answer.send(self.called(environ, answer.start))
        except ConnectionError:  # The client has gone: for handle().
            raise
        except Exception:
            self.close_connection = True
            self.log_error("Error on request:\n%s", traceback.format_exc())
            if not answer.begun:
                answer.send(InternalServerError()(environ, answer.start))

    def called(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Call the app and read what it left of the body, where the next request begins."""
        try:
            return self.server.app(environ, start_response)
        finally:
            if not read_to_the_end(environ["wsgi.input"]) or self.server.stopping.is_set():
                self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing; errors are still logged."""


class _Answer:
    """One answer of a connection, and how much of its body is still owed: for ever, when the app names no length."""

    def __init__(self, connection: _Connection) -> None:
        self.connection, self.begun, self.chunked, self.owed = connection, False, False, sys.maxsize
        self.status, self.headers = "", list[tuple[str, str]]()

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """WSGI's ``start_response``."""
        if exc_info and self.begun:
            raise exc_info[1]
        self.status, self.headers = status, headers
        return self.write

    def send(self, body: Iterable[bytes]) -> None:
        """Send the whole answer; the connection ends with it when the client cannot know yet that it was all."""
        with closing(ClosingIterator(body)) as pieces:
            for piece in pieces:
                self.write(piece)
        self.write(b"")
        if self.chunked:
            self.connection.wfile.write(b"0\r\n\r\n")
        elif self.owed:
            self.connection.close_connection = True

    def write(self, piece: bytes) -> None:
        if not self.begun:
            self.begin()
        piece = piece[: self.owed]
        self.owed -= len(piece)
        if piece:
            self.connection.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece)

    def begin(self) -> None:
        """Send the head."""
        code, _, reason = self.status.partition(" ")
        length = {name.lower(): value for name, value in self.headers}.get("content-length")
        if self.connection.command == "HEAD" or code in ("204", "304"):
            self.owed = 0
        elif length is not None:
            self.owed = int(length)
        else:
            self.chunked = self.connection.request_version == "HTTP/1.1"
        self.connection.send_response(int(code), reason)
        self.begun = True
        for name, value in self.headers:
            self.connection.send_header(name, value)
        if self.chunked:
            self.connection.send_header("Transfer-Encoding", "chunked")
        if self.connection.close_connection or (self.owed == sys.maxsize and not self.chunked):
            self.connection.send_header("Connection", "close")
        self.connection.end_headers()
