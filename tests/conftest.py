"""One real server for all tests, and a sandbox of its own for each."""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterator

import pytest

from mocksrv.threaded import running
from tests.http import app_for, call


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The base URL of the server that all tests share; ask it only for what no other test can change.

    Whatever the tests ask, no answer of a built-in fixture may break its spec.
    """
    with running(app_for()) as url:
        yield url
        assert call("GET", f"{url}/__admin/health").body["faults"] == {}


class _Undescribed(logging.Handler):
    """Collects what the log says of answers that are not as the admin API's description has them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "admin.yaml" in record.getMessage():
            self.told.append(record.getMessage())


@pytest.fixture(scope="session", autouse=True)
def undescribed() -> Iterator[list[str]]:
    """Every answer of the admin API, by whichever server of this process, is as ``admin.yaml`` describes it.

    A test that breaks one on purpose takes what is told of it out of the list.
    """
    handler, log = _Undescribed(), logging.getLogger("mocksrv")
    log.addHandler(handler)
    yield handler.told
    log.removeHandler(handler)
    assert handler.told == []


@pytest.fixture
def sandbox(url: str, request: pytest.FixtureRequest) -> str:
    """The base URL of this test's own sandbox: the same name in every run, as made values depend on nothing else."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:50]
    return f"{url}/@{name}-{zlib.crc32(request.node.nodeid.encode()):08x}"
