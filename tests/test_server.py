"""The server with real processes, sockets and signals; ``tests.serving`` is the program that is started."""

from __future__ import annotations

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from mocksrv.errors import CannotListen, PortTaken
from mocksrv.threaded import running
from tests.serving import app

ROOT = Path(__file__).parents[1]
PATIENCE = 10.0
EVERY = "0.0.0.0"  # noqa: S104


class Program:
    """A started ``python -m tests.serving``."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.serving", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self.url = ""

    def line(self, stream: IO[bytes] | None) -> str:
        """The next line of stdout or stderr; "" at its end. Fails when none comes in time."""
        assert stream is not None
        text, deadline = b"", time.monotonic() + PATIENCE
        while not text.endswith(b"\n"):
            assert select.select([stream], [], [], max(0, deadline - time.monotonic()))[0], f"only {text!r} came"
            byte = os.read(stream.fileno(), 1)
            if not byte:
                break
            text += byte
        return text.decode().strip()

    def ready(self) -> Program:
        """Wait for the URL."""
        self.url = self.line(self.process.stdout)
        assert self.url, self.line(self.process.stderr)
        return self

    def reached(self, count: int = 1) -> None:
        """Wait until ``count`` more slow requests have reached the app."""
        assert [self.line(self.process.stderr) for _ in range(count)] == ["in"] * count

    def worker(self) -> int:
        """A descriptor that can be read (select) once the worker process has ended."""
        return os.pidfd_open(int(get(self.url)))

    def stop(self, signum: int = signal.SIGTERM) -> tuple[str, float]:
        """Send a signal and give the last line, "cut <n>", and the seconds until the end."""
        begin = time.monotonic()
        self.process.send_signal(signum)
        return self.end(), time.monotonic() - begin

    def end(self) -> str:
        """Wait for the end and give the last line of stdout, or else of stderr."""
        out, err = self.process.communicate(timeout=PATIENCE)
        assert b"Traceback" not in err
        return str((out or err).decode().strip())


@contextmanager
def program(*arguments: str, **environment: str) -> Iterator[Program]:
    """A program that is gone, with its worker, after the block."""
    one = Program(*arguments, **environment)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.communicate(timeout=PATIENCE)


@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[Program]:
    with program(*arguments, **environment) as one:
        yield one.ready()


def fetch(url: str, path: str = "/", *, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    with closing(connection):
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        return answer.status, answer.read()


def get(url: str, path: str = "/") -> bytes:
    status, body = fetch(url, path)
    assert status == 200
    return body


def is_cut(url: str, path: str) -> bool:
    try:
        get(url, path)
    except (OSError, http.client.HTTPException):
        return True
    return False


def until_closed(url: str) -> None:
    """Wait until the server has acted upon a signal: it takes no new requests then."""
    deadline = time.monotonic() + 2
    while not is_cut(url, "/"):
        assert time.monotonic() < deadline


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


def gone(worker: int) -> bool:
    return bool(select.select([worker], [], [], PATIENCE)[0])


@pytest.fixture(scope="module")
def shared() -> Iterator[Program]:
    with serving(HTTP_X_CLIENT_ID="from-the-shell") as one:
        yield one


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(60) as workers:
        yield workers


# Starting


def test_ready_means_that_a_request_is_answered_at_once() -> None:
    begin = time.monotonic()
    with serving() as one:
        assert int(get(one.url)) != one.process.pid
        assert time.monotonic() - begin < 2
        assert one.url.startswith("http://127.0.0.1:")
        last, seconds = one.stop()
        assert (last, seconds < 1) == ("cut 0", True)  # and nothing else was on stdout


def test_ipv6_host_is_bracketed() -> None:
    with serving("--host", "::1") as one:
        assert one.url.startswith("http://[::1]:")
        assert get(one.url)


def test_a_name_can_be_listened_on() -> None:
    with serving("--host", "localhost") as one:
        assert one.url.startswith("http://localhost:")
        assert get(one.url)


def test_spawned_worker() -> None:
    with serving("--method", "spawn") as one:
        assert get(one.url)
        assert one.stop()[0] == "cut 0"


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("fails", "AppFailed: ValueError: no such thing as a purple spec"),
        ("refuses", "AppFailed: specs/a.yaml:3:1: not a spec"),
        ("dies", "AppFailed: the server's process has ended unexpectedly; see its messages above"),
        ("unready", "RuntimeError: cannot announce"),
    ],
)
def test_failed_start_is_one_sentence(kind: str, sentence: str) -> None:
    with program("--kind", kind) as one:
        assert one.end() == sentence
        assert one.process.returncode == 3


def test_stop_while_the_app_is_made() -> None:
    with program("--kind", "hangs") as one:
        one.reached()
        last, seconds = one.stop()
        assert (last, seconds < 1) == ("cut 0", True)


# Ports


def taken(host: str, port: int) -> str:
    return (
        f"PortTaken: port {port} on {host} is taken by another program; "
        "choose another with --port, or --port 0 for any free one"
    )


def refused(host: str, port: int) -> str:
    with program("--host", host, "--port", str(port)) as one:
        return one.end()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", EVERY),
        (EVERY, "127.0.0.1"),
        ("127.0.0.1", "::"),
        ("::1", "::"),
    ],
)
def test_port_of_another_program(theirs: str, ours: str) -> None:
    family = socket.AF_INET6 if ":" in theirs else socket.AF_INET
    with socket.socket(family) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind((theirs, 0))
        other.listen()
        port = other.getsockname()[1]
        assert refused(ours, port) == taken(ours, port)


@pytest.mark.parametrize("host", ["127.0.0.1", EVERY])
def test_port_of_another_server_of_ours(shared: Program, host: str) -> None:
    port = port_of(shared.url)
    assert refused(host, port) == taken(host, port)
    assert get(shared.url)


@pytest.mark.parametrize("hosts", [("127.0.0.1",) * 4, ("127.0.0.1", EVERY) * 2])
def test_one_of_many_that_start_at_once_gets_the_port(hosts: tuple[str, ...]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as stack:
        all_of_them = [stack.enter_context(program("--host", host, "--port", str(port))) for host in hosts]
        lines = [one.line(one.process.stdout) for one in all_of_them]
        assert sum(bool(line) for line in lines) == 1
        losers = [(one, host) for one, host, line in zip(all_of_them, hosts, lines, strict=True) if not line]
        assert [one.end() for one, _ in losers] == [taken(host, port) for _, host in losers]


def test_same_port_of_two_addresses() -> None:
    with serving() as one, serving("--host", "127.0.0.2", "--port", str(port_of(one.url))) as other:
        assert get(one.url) != get(other.url)


def test_port_of_a_server_that_has_just_stopped() -> None:
    with serving() as one:
        with socket.create_connection(("127.0.0.1", port_of(one.url)), timeout=PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            while client.recv(1000):  # The server closes first, so TIME_WAIT is on its side.
                pass
        assert one.stop()[0] == "cut 0"
    with serving("--port", str(port_of(one.url))) as again:
        assert get(again.url)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--host", "nowhere.invalid"), "cannot listen on nowhere.invalid: there is no such address"),
        (("--host", "192.0.2.1"), "cannot listen on 192.0.2.1: no such address on this machine"),
        (("--port", "70000"), "cannot listen on port 70000 of 127.0.0.1: "),
    ],
)
def test_address_that_is_not_ours(arguments: tuple[str, ...], sentence: str) -> None:
    with program(*arguments) as one:
        assert one.end().startswith(f"CannotListen: {sentence}")


# Serving


def test_fifty_slow_answers_do_not_hold_up_the_next(shared: Program, pool: ThreadPoolExecutor) -> None:
    slow = [pool.submit(get, shared.url, "/hold") for _ in range(50)]
    shared.reached(50)
    assert get(shared.url)
    assert not any(one.done() for one in slow)
    assert get(shared.url, "/release")
    assert all(one.result() for one in slow)


def test_error_of_the_app_is_logged_and_does_not_end_it() -> None:
    with serving() as one:
        worker = get(one.url)
        assert fetch(one.url, "/boom")[0] == 500
        lines = iter(lambda: one.line(one.process.stderr), "RuntimeError: boom")
        assert next(lines) == "Application callable raised an exception"
        assert len(list(lines)) < 20
        assert get(one.url) == worker
        assert one.stop()[0] == "cut 0"


def test_environment_variables_are_no_headers(shared: Program) -> None:
    assert get(shared.url, "/header") == b"None"


def test_large_body_that_the_app_does_not_read(shared: Program) -> None:
    for size in (100_000, 10 << 20):
        assert fetch(shared.url, method="POST", body=b"x" * size)[0] == 200


# Stopping


@pytest.mark.parametrize("path", ["/slow?0.3", "/stream?0.3"])
def test_request_in_flight_is_finished(pool: ThreadPoolExecutor, path: str) -> None:
    with serving() as one:
        answer = pool.submit(get, one.url, path)
        one.reached()
        assert one.stop()[0] == "cut 0"
        assert answer.result()


def test_nothing_is_accepted_while_requests_are_finished(pool: ThreadPoolExecutor) -> None:
    with serving() as one:
        answer = pool.submit(get, one.url, "/slow?0.7")
        one.reached()
        one.process.terminate()
        until_closed(one.url)
        assert not answer.done()
        assert one.end() == "cut 0"
        assert answer.result()


def test_ctrl_c_reaches_the_worker_too(pool: ThreadPoolExecutor) -> None:
    with serving() as one:
        answer = pool.submit(get, one.url, "/slow?0.3")
        one.reached()
        os.killpg(one.process.pid, signal.SIGINT)
        assert one.end() == "cut 0"
        assert answer.result()


def test_idle_connection_does_not_hold_up_the_end() -> None:
    with serving() as one, closing(http.client.HTTPConnection(urlsplit(one.url).netloc, timeout=PATIENCE)) as client:
        client.request("GET", "/")
        client.getresponse().read()
        assert one.stop()[1] < 1


def test_grace_period_is_over(pool: ThreadPoolExecutor) -> None:
    with serving("--grace", "0.5") as one:
        slow = [pool.submit(is_cut, one.url, path) for path in ("/slow?20", "/slow?20", "/stream?20")]
        quick = pool.submit(get, one.url, "/slow?0.2")
        one.reached(4)
        last, seconds = one.stop()
        assert last == "cut 3"
        assert 0.5 <= seconds < 1.5
        assert quick.result()
        assert all(answer.result() for answer in slow)


def test_second_signal_ends_at_once(pool: ThreadPoolExecutor) -> None:
    with serving("--grace", "20") as one:
        worker, answer = one.worker(), pool.submit(is_cut, one.url, "/slow?20")
        one.reached()
        one.process.send_signal(signal.SIGINT)
        until_closed(one.url)
        last, seconds = one.stop()
        assert (last, seconds < 1) == ("cut 1", True)
        assert gone(worker)
        assert answer.result()


def test_double_ctrl_c(pool: ThreadPoolExecutor) -> None:
    with serving("--grace", "20") as one:
        answer = pool.submit(is_cut, one.url, "/slow?20")
        one.reached()
        begin = time.monotonic()
        os.killpg(one.process.pid, signal.SIGINT)
        until_closed(one.url)
        os.killpg(one.process.pid, signal.SIGINT)
        assert one.end() == "cut 1"
        assert time.monotonic() - begin < 2
        assert answer.result()


def test_closed_terminal() -> None:
    with serving() as one:
        worker = one.worker()
        assert one.stop(signal.SIGHUP)[0] == "cut 0"
        assert gone(worker)


def test_killed_parent_leaves_no_worker(pool: ThreadPoolExecutor) -> None:
    with serving() as one:
        worker, answer = one.worker(), pool.submit(is_cut, one.url, "/slow?20")
        one.reached()
        one.process.kill()
        assert gone(worker)
        assert answer.result()


def test_killed_worker_is_reported() -> None:
    with serving() as one:
        os.kill(int(get(one.url)), signal.SIGKILL)
        assert one.end() == "AppFailed: the server's process has ended unexpectedly; see its messages above"
        assert one.process.returncode == 3


# In this process


def test_running_serves_in_this_process() -> None:
    with running(app) as url:
        assert url.startswith("http://127.0.0.1:")
        assert int(get(url)) == os.getpid()
        assert fetch(url, "/boom")[0] == 500
    with pytest.raises(OSError, match="refused"):
        get(url)


def test_running_answers_side_by_side(pool: ThreadPoolExecutor, capfd: pytest.CaptureFixture[str]) -> None:
    with running(app) as url:
        begin = time.monotonic()
        slow = [pool.submit(get, url, "/slow?0.5") for _ in range(20)]
        assert all(answer.result() for answer in slow)
        assert time.monotonic() - begin < 2
    assert capfd.readouterr() == ("", "in\n" * 20)


def test_running_stops_when_the_block_raises() -> None:
    threads = threading.active_count()
    with pytest.raises(KeyError, match="::1"), running(app, "::1") as url:
        raise KeyError(url)
    assert threading.active_count() == threads


def test_running_refuses_a_port(shared: Program) -> None:
    refuse: Callable[[str, int], object] = lambda host, port: running(app, host, port).__enter__()  # noqa: E731
    with pytest.raises(PortTaken, match="is taken by another program"):
        refuse("127.0.0.1", port_of(shared.url))
    with pytest.raises(CannotListen, match="no such address on this machine"):
        refuse("192.0.2.1", 0)
