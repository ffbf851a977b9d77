"""mocksrv inside this process: ``mocksrv.Server``, and ``mocksrv.create_app()`` without any server."""

from __future__ import annotations

import gc
import http.client
import json
import os
import threading
import unittest
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from werkzeug.test import Client as WerkzeugClient

from mocksrv import Server
from mocksrv.errors import PortTaken, SettingsError
from tests.http import CASHFREE, app_for, call

USER = {"user_id": "ASHA", "phone": "9811111111"}
JSON = {"Content-Type": "application/json"}
MANY = 200


def test_a_server() -> None:
    with Server() as server:
        assert server.client.base_url == server.url
        assert call("POST", f"{server.url}/ppi/user", USER, headers=CASHFREE).status == 200
        assert server.client.requests.assert_called("ppiCreateUser", times=1)
        client = server.client
    with pytest.raises(RuntimeError, match="closed"):
        client.health()
    with server:
        assert server.client is not client
        assert len(server.client.requests) == 0


def test_a_server_of_an_app() -> None:
    app = app_for(otp="random")
    with Server(app) as one, Server(app, host="localhost") as two:
        call("POST", f"{one.url}/ppi/user", USER, headers=CASHFREE)
        assert two.client.requests.assert_called("ppiCreateUser", times=1)
        with pytest.raises(PortTaken), Server(app, port=urlsplit(one.url).port or 0):
            pass


def test_a_client_of_a_server_that_does_not_run() -> None:
    server = Server(app_for())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="does not run"):
            _ = server.client
        with server:
            assert server.client.health()["status"] == "healthy"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "box.example"])  # noqa: S104
def test_no_server_beyond_loopback_without_a_token(host: str) -> None:
    for app in (None, app_for()):
        with pytest.raises(SettingsError, match=f"listening on {host} lets other machines in"):
            Server(app, host=host)


def test_a_server_beyond_loopback() -> None:
    with Server(host="0.0.0.0", admin_token="s3cret") as server:  # noqa: S104, S106
        assert server.url.startswith("http://127.0.0.1:")
        assert server.client.health()["status"] == "healthy"
        assert call("GET", f"{server.url}/__admin/health").status == 401


def test_a_server_at_another_address_of_this_machine() -> None:
    with Server(host="127.0.0.2") as server:
        assert server.client.health()["status"] == "healthy"


def test_a_server_ends_when_the_block_raises() -> None:
    threads = threading.active_count()
    with pytest.raises(KeyError), Server(app_for()) as server:
        raise KeyError(server.url)
    assert threading.active_count() == threads


def test_a_connection_stays_open() -> None:
    with Server(app_for()) as server, closing(http.client.HTTPConnection(urlsplit(server.url).netloc)) as connection:
        for _ in range(2):
            connection.request("GET", "/__admin/health")
            response = connection.getresponse()
            response.read()
            assert (response.version, response.will_close) == (11, False)


class ForUnittest(unittest.TestCase):
    """``unittest`` without pytest's fixtures; pytest runs it all the same."""

    def setUp(self) -> None:
        self.mocksrv = self.enterContext(Server(app_for())).client

    def test_it(self) -> None:
        call("POST", f"{self.mocksrv.url_for('cashfree')}/ppi/user", USER, headers=CASHFREE)
        self.mocksrv.requests.assert_called("ppiCreateUser", times=1)


# Many servers in one process


@dataclass(frozen=True)
class Held:
    """What the process holds."""

    threads: int
    files: int
    objects: int
    memory: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        pages = Path("/proc/self/statm")
        memory = int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else 0
        return cls(threading.active_count(), len(os.listdir("/dev/fd")), len(gc.get_objects()), memory)


def test_many_servers_leave_nothing() -> None:
    """Each is asked, and ends while a client still holds its connection open; every eighth has an app of its own."""
    app, held = app_for(), []
    for number in range(MANY):
        with Server(app if number % 8 else None) as server:
            connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
            connection.request("POST", "/ppi/user", json.dumps(USER), {**CASHFREE, **JSON})
            assert b'"ASHA"' in connection.getresponse().read()
            connection.request("POST", "/__admin/reset")
            assert connection.getresponse().read() == b'{"reset": "default"}'
            if not number % 40:
                server.client.health()
        connection.close()
        if not number % 40:
            held.append(Held.now())
    _, before, *_, after = [*held, Held.now()]
    assert (after.threads, after.files) == (before.threads, before.files)
    assert (after.objects - before.objects) / MANY < 10  # Coverage, if it runs, keeps 7, for the threads that it saw.
    assert after.memory - before.memory < 4 * 2**20


# Without a server


def test_flasks_test_client() -> None:
    client = app_for().test_client()
    assert client.post("/ppi/user", headers=CASHFREE, json=USER).status_code == 200
    assert client.get("/__admin/requests").get_json()["meta"]["total"] == 1


def test_werkzeugs_test_client() -> None:
    client = WerkzeugClient(app_for())
    assert client.post("/@mine/ppi/user", headers=CASHFREE, json=USER).status_code == 200
    assert client.get("/@mine/__admin/requests").json["meta"]["total"] == 1  # type: ignore[index]


def test_httpxs_transport() -> None:
    with httpx.Client(
        transport=httpx.WSGITransport(app_for()), base_url="http://localhost", headers=CASHFREE
    ) as client:
        assert client.post("/ppi/user", json=USER).status_code == 200
        assert client.get("/__admin/requests").json()["meta"]["total"] == 1
