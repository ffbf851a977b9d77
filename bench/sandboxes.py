"""What many sandboxes cost: the memory of a real server before and after one accepted call in each of them.

Run it with ``python -m bench.sandboxes [NUMBER]``; Linux only, as it reads /proc.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

NUMBER = 10_000
HEADERS = {
    "x-client-id": "TEST_CLIENT_ID",
    "x-client-secret": "TEST_CLIENT_SECRET",
    "Content-Type": "application/json",
}
BODY = {"otp_verification_id": "Test123", "user_id": "USER827364", "notification_modes": ["SMS"]}


def main() -> None:
    """Print one line."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    with served() as (pid, url):
        connection = connected(url)
        call(connection, "warm-up")
        before, begun = memory(pid), time.perf_counter()
        for each in range(number):
            call(connection, f"bench-{each}")
        seconds, after = time.perf_counter() - begun, memory(pid)
    cost = (after - before) * 1024 / number
    print(f"{number} sandboxes: {before:.0f} MiB before, {after:.0f} MiB after, {cost:.1f} KiB each, {seconds:.1f} s")


@contextmanager
def served() -> Iterator[tuple[int, str]]:
    """A server of its own: the process and the URL."""
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        try:
            assert process.stdout  # noqa: S101
            yield process.pid, process.stdout.readline().partition("url=")[2].split()[0]
        finally:
            process.terminate()


def connected(url: str) -> http.client.HTTPConnection:
    """One connection, which stays open."""
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)


def call(connection: http.client.HTTPConnection, sandbox: str) -> None:
    """The sandbox's one call: it is accepted, so there is a record, an OTP, a message and an entry in the journal."""
    connection.request("POST", f"/@{sandbox}/ppi/otp/generate", json.dumps(BODY), HEADERS)
    response = connection.getresponse()
    told = response.read()
    if response.status != 200:
        raise SystemExit(f"{sandbox}: {response.status} {told.decode()}")


def memory(pid: int) -> float:
    """MiB that the process and its children have in memory; pages that they share count once in each."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(memory(int(child)) for child in children)


if __name__ == "__main__":
    main()
