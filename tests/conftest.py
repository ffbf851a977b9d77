"""One real server for all tests, and a sandbox of its own for each."""

from __future__ import annotations

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


@pytest.fixture
def sandbox(url: str, request: pytest.FixtureRequest) -> str:
    """The base URL of this test's own sandbox: the same name in every run, as made values depend on nothing else."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:50]
    return f"{url}/@{name}-{zlib.crc32(request.node.nodeid.encode()):08x}"
