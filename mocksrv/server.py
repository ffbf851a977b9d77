"""Listens for the command line: ``serve`` (granian, one worker process). ``threaded`` does inside a test.

granian runs the app in a child process, not in ours, on purpose: a thread that is stuck in a request cannot be cut,
a process can. Of granian we use names without an underscore only, not all of them documented: test_server.py fails when
they change. POSIX only (fcntl, setitimer).
"""

from __future__ import annotations

import fcntl
import ipaddress
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from werkzeug.wsgi import ClosingIterator

from mocksrv.errors import MocksrvError
from mocksrv.listening import bind, read_to_the_end, refusal, url_of
from mocksrv.web.transport import STOPPING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OPTIONS: dict[str, Any] = {
    "interface": Interfaces.WSGI,
    "http": HTTPModes.http1,
    # Threads are made when needed and end after 30 idle seconds: many delayed answers, no cost before there are any.
    "blocking_threads": 512,
    # Open connections, idle ones too; the next one waits. Below 1024, the usual limit of a process's open files.
    "backpressure": 900,
    # Unless incremental, granian logs to stdout, and its dictConfig() closes the handlers that our caller has set up.
    "log_enabled": False,
    "log_dictconfig": {"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}},
}


class AppFailed(MocksrvError):
    """The app could not be made, or the process that runs it has ended by itself."""


def serve(load: Callable[[], WSGIApplication], host: str, port: int, grace: float, ready: Callable[[str], None]) -> int:
    """Serve what ``load`` makes until SIGTERM, SIGINT or SIGHUP; give the number of requests that were cut then.

    ``load`` is called once, in the worker, which is forked or, where that is Python's default, spawned: make it a
    module's function or a ``functools.partial`` of one, so that it can be pickled. ``ready`` gets the base URL once
    requests are answered; port 0 picks a free port. After the signal, requests in flight have ``grace`` seconds; a
    second signal cuts them at once. Main thread only. The signal handlers stay, as the process is about to end: a late
    signal must not replace the caller's exit status.

    Raises PortTaken, CannotListen, AppFailed (``load`` raised, or the worker died) and whatever ``ready`` raises.
    """
    with closing(bind(host, port)) as sock:  # granian listens beside it; it keeps what port 0 has become
        address: tuple[str, int] = sock.getsockname()[:2]
        with _locked(*address):
            return _Serving(load, address, grace, lambda: ready(url_of(host, address[1]))).run()


@contextmanager
def _locked(address: str, port: int) -> Iterator[None]:
    """Hold the lock of an address and port: of two servers that start at once, neither sees the other listen.

    It is on bytes of one file per user, which stays empty: each port has 65536, an address one of them, a wildcard all.
    The kernel drops the lock with our process. Raises PortTaken.
    """
    wildcard = ipaddress.ip_address(address).is_unspecified
    first, length = (0, 1 << 16) if wildcard else (zlib.crc32(address.encode()) & 0xFFFF, 1)
    try:
        name = os.path.join(tempfile.gettempdir(), f"mocksrv-{os.getuid()}.lock")
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:  # Nowhere to write is no reason not to serve: only that race stays open.
        yield
        return
    with os.fdopen(file, "wb"):
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, (port << 16) + first)
        except OSError as error:
            raise refusal(address, port, error) from None
        yield


class _Serving:
    """One run of granian: whether it was told to stop, and how its worker is."""

    def __init__(
        self, load: Callable[[], WSGIApplication], address: tuple[str, int], grace: float, ready: Callable[[], None]
    ) -> None:
        self.address, self.grace, self.ready = address, grace, ready
        self.pid, self.stopping, self.cut = os.getpid(), False, False
        self.ours, theirs = multiprocessing.Pipe()
        self.worker = _Worker(load, self.ours, theirs, multiprocessing.RawValue("i", 0), f"/{secrets.token_hex(16)}")
        self.server: Any = Granian("mocksrv", *address, **OPTIONS)  # Any: its methods are untyped
        self.server.main_loop_interrupt = _MainLoop(self.attend)
        self.server.on_startup(self.handle_signals)

    def run(self) -> int:
        """Block until the worker has ended; give the number of requests that were cut. Raises AppFailed."""
        try:
            self.server.serve(target_loader=self.worker, wrap_loader=False)
        except SystemExit:  # granian's way to say that the worker has ended by itself
            if not self.stopping:
                raise AppFailed("the server's process has ended unexpectedly; see its messages above") from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.kill()
            for worker in self.server.wrks:
                worker.join()
            self.ours.close()
        # Exact, as the memory outlives the worker. A worker that ends in time may leave a request running whose client
        # has gone; nobody misses that answer.
        return self.worker.running.value if self.cut else 0

    def handle_signals(self) -> None:
        """Replace granian's handlers (it has just set them), which drain without limit and restart upon SIGHUP."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP):
            if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
                signal.signal(signum, self.stop)
        if self.server.interrupt_signal:  # a signal that came just before
            self.stop()

    def stop(self, *_: object) -> None:
        """On the first signal drain, and set the alarm to the end of the grace period; on the next one, cut.

        Takes no lock (Event.set() would), as the thread that it interrupts may hold it.
        """
        if os.getpid() != self.pid:
            os._exit(1)  # A forked worker has this handler until it blocks the signals.
        if self.stopping:
            self.cut = True
            self.kill()
        else:
            self.stopping = self.server.interrupt_signal = True
            signal.setitimer(signal.ITIMER_REAL, max(self.grace, 0.001))
            with suppress(OSError):
                self.ours.send_bytes(b"drain")

    def kill(self) -> None:
        for worker in self.server.wrks:
            worker.kill()

    def attend(self) -> bool:
        """Call ``ready`` when the worker answers, wait for its end, give whether that was to be. Raises AppFailed."""
        self.worker.theirs.close()  # The worker has its own copy: when that goes too, it has ended.
        try:
            problem = self.ours.recv() or self.unanswering()
        except (EOFError, OSError):
            problem = "the server's process has ended unexpectedly; see its messages above"
        if problem and not self.stopping:
            raise AppFailed(problem)
        if not self.stopping:
            self.ready()
        # Not for ever, as a signal that another thread has taken does not wake us.
        while not self.ours.poll(1) and not self.server.main_loop_interrupt.is_set():
            pass
        return self.stopping

    def unanswering(self) -> str:
        """Wait until the worker, which has made the app, answers; give "" or what is wrong."""
        for _ in range(2000):
            if self.stopping or self.answers():
                return ""
            if self.ours.poll(0.005):
                raise EOFError
        return f"the server's process does not answer on port {self.address[1]} of {self.address[0]}"

    def answers(self) -> bool:
        """Whether our worker answers: only it knows the path."""
        with suppress(OSError), socket.create_connection(self.address, timeout=1) as sock:
            sock.sendall(f"GET {self.worker.probe} HTTP/1.1\r\nHost: mocksrv\r\nConnection: close\r\n\r\n".encode())
            return sock.recv(12) == b"HTTP/1.1 204"
        return False


class _MainLoop(threading.Event):
    """What granian's main process waits for from the start of the worker until it is to end.

    The wait is our moment to look for the worker. A thread could not do it: granian forks after its last hook, and a
    fork under running threads can deadlock the child (Python 3.12 warns of it).
    """

    def __init__(self, attend: Callable[[], bool]) -> None:
        super().__init__()
        self.attend = attend

    def wait(self, timeout: float | None = None) -> bool:
        return self.attend() or super().wait(5)  # until granian has noticed the end, too


@dataclass(frozen=True)
class _Worker:
    """What granian's worker process calls to get the app; it can be pickled if ``load`` can."""

    load: Callable[[], WSGIApplication]
    ours: Connection
    theirs: Connection
    running: Any  # a C int in shared memory: the requests in flight, written by the worker only
    probe: str

    def __call__(self) -> WSGIApplication:
        """Give the app, counted. Tells the parent that it is made ("") or why not; exits in that case.

        A signal can be lost here: where a thread of granian's takes it, Python's main thread does not wake up to handle
        it (one SIGTERM in five, under load). So no thread takes any, and the parent tells us by the pipe.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.ours.close()
        stopping = threading.Event()
        threading.Thread(target=self.obey, args=(stopping,), daemon=True).start()
        logging.getLogger("_granian").setLevel(logging.WARNING)
        try:
            app = self.load()
        except BaseException as error:
            self.theirs.send(str(error) if isinstance(error, MocksrvError) else f"{type(error).__name__}: {error}")
            raise SystemExit(1) from None
        self.theirs.send("")
        return _Counted(app, self.running, self.probe, stopping)

    def obey(self, stopping: threading.Event) -> None:
        """Drain when the parent says so, delayed answers at once; end at once with the parent.

        Even a killed parent closes its end of the pipe.
        """
        with suppress(EOFError, OSError):
            self.theirs.recv_bytes()
            stopping.set()
            drain = signal.getsignal(signal.SIGTERM)
            if callable(drain):  # granian's; without it there is nothing in flight
                drain(signal.SIGTERM, None)
                self.theirs.recv_bytes()
        os._exit(1)


class _Counted:
    """The app, with its requests counted from the call until the response's iterable is closed.

    What the app does not read of a body while it is called, it does not get.
    """

    def __init__(self, app: WSGIApplication, running: Any, probe: str, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.app, self.running, self.probe, self.lock = app, running, probe, threading.Lock()
        # granian puts our environment variables into the environ, where these pass for the client's headers.
        self.leaked = [item for item in os.environ.items() if item[0].startswith(("HTTP_", "CONTENT_"))]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == self.probe:
            start_response("204 No Content", [])
            return []
        for name, value in self.leaked:
            if environ.get(name) == value:
                del environ[name]
        environ[STOPPING] = self.stopping
        self.count(1)
        try:
            return ClosingIterator(self.answer(environ, start_response), lambda: self.count(-1))
        except BaseException:
            self.count(-1)
            raise

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Call the app, then read what it left of the body.

        granian closes a connection with unread data on it, and a client that still sends gets an error, no answer.
        """
        sent = environ["wsgi.input"]
        body = self.app(environ, start_response)
        read_to_the_end(sent)
        return body

    def count(self, change: int) -> None:
        with self.lock:
            self.running.value += change
