"""The client under test, pointed at the sandbox of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mocksrv import Client

from payments import Payments


@pytest.fixture
def payments(mocksrv: Client) -> Iterator[Payments]:
    """A client that does not pause between its tries."""
    with Payments(mocksrv.url_for("cashfree/ppi"), mocksrv.credentials("cashfree/ppi"), pause=0) as client:
        yield client
