"""Many at once, against the real server: sandboxes that see nothing of each other, counts that are exact, waiters."""

from __future__ import annotations

import http.client
import itertools
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from mocksrv.instruments.desk import MOST_WAITING
from tests.admin import START
from tests.http import CASHFREE

log = logging.getLogger(__name__)
# Each worker calls all sandboxes in turn, and two workers send the same id at once.
SANDBOXES, WORKERS = 8, 15
# Of a sandbox's 1,250 calls a minute's 1,000 are let through: 500 ids, each sent twice. The rest is refused.
IDS, REFUSED = 500, 250
JSON = {"Content-Type": "application/json"}


class Connection:
    """One connection that is kept, as a client's pool would keep it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.inner = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)

    def __call__(self, method: str, path: str, body: Any = None, headers: dict[str, str] = JSON) -> tuple[int, Any]:
        """Status and document."""
        self.inner.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.inner.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw else None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.inner.close()


@dataclass(frozen=True)
class Sandbox:
    """A sandbox with a user of its own, whose phone no other sandbox knows."""

    number: int

    @property
    def prefix(self) -> str:
        return f"/@many-{self.number}"

    @property
    def phone(self) -> str:
        return f"98765432{self.number:02}"

    def generate(self, ask: Connection, id_: str) -> tuple[int, Any]:
        body = {"otp_verification_id": id_, "user_id": "ASHA", "notification_modes": ["SMS"], "mark": self.prefix}
        return ask("POST", f"{self.prefix}/ppi/otp/generate", body, {**JSON, **CASHFREE})

    def admin(self, ask: Connection, path: str, method: str = "GET", body: Any = None) -> Any:
        status, document = ask(method, f"{self.prefix}/__admin{path}", body)
        assert status in (200, 201, 404)
        return document


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server as the command line starts it; it must find no fault with itself either."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSRV_")}
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0"]
    # Its log has a line for every code: into a pipe that nobody reads it would not go far.
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=ours, stdout=subprocess.PIPE, stderr=quiet, text=True) as served:
        try:
            assert served.stdout
            found = re.search("url=(.*?) ", served.stdout.readline())
            assert found
            yield found[1]
            with Connection(found[1]) as ask:
                assert ask("GET", "/__admin/health")[1]["faults"] == {}
        finally:
            served.terminate()


@pytest.fixture
def ask(url: str) -> Iterator[Connection]:
    with Connection(url) as connection:
        yield connection


def in_parallel(url: str, calls: list[tuple[Sandbox, str]]) -> Counter[tuple[int, int]]:
    """Make the calls by all workers at once; count the answers by sandbox and status."""
    shares = [calls[worker::WORKERS] for worker in range(WORKERS)]

    def work(share: list[tuple[Sandbox, str]]) -> Counter[tuple[int, int]]:
        found = Counter[tuple[int, int]]()
        with Connection(url) as ask:
            for sandbox, id_ in share:
                status, document = sandbox.generate(ask, id_)
                found[sandbox.number, status] += 1
                assert status != 200 or (document["otp_verification_id"], document["user_id"]) == (id_, "ASHA")
        return found

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(work, shares), Counter[tuple[int, int]]())


def test_ten_thousand_calls_of_eight_sandboxes_in_parallel(url: str, ask: Connection) -> None:
    sandboxes = [Sandbox(number) for number in range(SANDBOXES)]
    for each in sandboxes:
        each.admin(ask, "/clock", "PUT", {"action": "freeze", "to": START})
        each.admin(ask, "/records/user/ASHA?product=cashfree/ppi", "PUT", {"phone": each.phone, "status": "ACTIVE"})
    begun = time.monotonic()
    # Neighbours in the list are the same id in all sandboxes, twice: as close together in time as can be.
    twice = [(each, f"id-{number}") for number in range(IDS) for each in (*sandboxes, *sandboxes)]
    first = in_parallel(url, twice)
    more = in_parallel(url, [(each, f"more-{number}") for number in range(REFUSED) for each in sandboxes])
    lasted = time.monotonic() - begun

    numbers = range(SANDBOXES)
    assert first == {(number, status): IDS for number in numbers for status in (200, 409)}
    assert more == {(number, 429): REFUSED for number in numbers}
    for each in sandboxes:
        check(each, ask)
    total = sum(first.values()) + sum(more.values())
    assert total == 10_000
    log.info("%d calls in %.1f s: %.0f a second", total, lasted, total / lasted)
    assert lasted < 60


def check(sandbox: Sandbox, ask: Connection) -> None:
    """That a sandbox has all of its own, each once, and nothing of another's."""
    calls = 2 * IDS + REFUSED
    expected_ids = {f"id-{number}" for number in range(IDS)}
    messages = sandbox.admin(ask, "/messages")
    assert messages["meta"] == {"total": IDS, "dropped": 0}
    assert {each["to"] for each in messages["messages"]} == {sandbox.phone}
    otps = sandbox.admin(ask, "/otps")
    assert otps["meta"] == {"total": IDS, "dropped": 0}
    assert {each["key"] for each in otps["otps"]} == expected_ids
    assert {tuple(each["recipients"]) for each in otps["otps"]} == {(sandbox.phone,)}
    requests = sandbox.admin(ask, "/requests")
    assert requests["meta"] == {"total": 1000, "dropped": calls - 1000}
    bodies = [json.loads(each["request"]["body"]) for each in requests["requests"]]
    assert {(each["mark"], each["user_id"]) for each in bodies} == {(sandbox.prefix, "ASHA")}
    assert Counter(each["response"]["status"] for each in requests["requests"])[429] == REFUSED
    found = sandbox.admin(ask, "/requests/count", "POST", {"urlPath": "/ppi/otp/generate"})
    assert (found["count"], found["complete"]) == (1000, False)
    for other in range(SANDBOXES):
        there = sandbox.admin(ask, f"/messages?to=9876543{200 + other}&limit=0")["meta"]["total"]
        assert there == (IDS if other == sandbox.number else 0)


def test_fifty_waiters_do_not_slow_other_calls(url: str, ask: Connection) -> None:
    sandbox = Sandbox(50)
    sandbox.admin(ask, "/records/user/ASHA?product=cashfree/ppi", "PUT", {"phone": sandbox.phone, "status": "ACTIVE"})
    without = latency(sandbox, ask, "without")
    with ThreadPoolExecutor(50) as pool:
        ready = threading.Barrier(51)
        last = sandbox.admin(ask, "/otps/latest")["id"]

        def wait() -> tuple[int, Any]:
            with Connection(url) as one:
                one("GET", "/__admin/health")  # the connection stands before all begin to wait
                ready.wait()
                return one("GET", f"{sandbox.prefix}/__admin/otps/wait?to=555&after={last}&timeout=60s")

        told = [pool.submit(wait) for _ in range(50)]
        ready.wait()
        beside = latency(sandbox, ask, "with")
        assert not any(each.done() for each in told)
        sandbox.admin(ask, "/records/user/ASHA?product=cashfree/ppi", "PUT", {"phone": "555", "status": "ACTIVE"})
        begun = time.monotonic()
        assert sandbox.generate(ask, "at-last")[0] == 200
        answers = [each.result(timeout=20) for each in told]
        woken = time.monotonic() - begun
    assert {(status, document["key"]) for status, document in answers} == {(200, "at-last")}
    log.info(
        "a call takes %.1f ms, %.1f beside fifty waiters; all were woken in %.0f ms", without, beside, woken * 1000
    )


def latency(sandbox: Sandbox, ask: Connection, name: str) -> float:
    """The median of a hundred calls that send a code, in milliseconds."""
    lasted = []
    for number in range(100):
        begun = time.perf_counter()
        assert sandbox.generate(ask, f"{name}-{number}")[0] == 200
        lasted.append(time.perf_counter() - begun)
    return round(sorted(lasted)[50] * 1000, 2)


def test_more_waiters_than_it_can_hold_are_told_so_at_once(url: str, ask: Connection) -> None:
    sandbox = Sandbox(99)

    def wait(_: int) -> int:
        with Connection(url) as one:
            return one("GET", f"{sandbox.prefix}/__admin/otps/wait?timeout=60s")[0]

    with ThreadPoolExecutor(300) as pool:
        told = [pool.submit(wait, number) for number in range(300)]
        refused = list(itertools.islice(as_completed(told), 300 - MOST_WAITING))
        assert {each.result() for each in refused} == {503}
        sandbox.admin(ask, "/records/user/ASHA?product=cashfree/ppi", "PUT", {"phone": sandbox.phone})
        assert sandbox.generate(ask, "at-last")[0] == 200
        assert Counter(each.result() for each in told) == {200: MOST_WAITING, 503: 300 - MOST_WAITING}
