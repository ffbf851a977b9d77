"""pytest: a server for the session, a sandbox for each test, and what it saw in the report of a failure.

Whatever is heavy is imported when a fixture is asked for: a suite that uses none of it pays next to nothing.
PYTEST_DONT_REWRITE, as nothing is asserted here.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mocksrv.client import Client

WORDS = ("clock", "otp", "quotas", "scenario", "seed", "strict")
MOST_SHOWN = 50


@dataclass
class _Used:
    """The sandbox of a test: ``failed`` once the test did, ``story`` once the sandbox has ended."""

    client: Client
    failed: bool = False
    story: str | None = None


_USED = pytest.StashKey[_Used]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--mocksrv-url``, ``--mocksrv-strict``, and the latter in the ini file."""
    group = parser.getgroup("mocksrv", "a sandbox that stands in for OTP vendors' HTTP APIs")
    group.addoption("--mocksrv-url", metavar="URL", help="Use this running mocksrv instead of starting one.")
    strict = "Fail tests whose client breaks the contract or calls an unknown path."
    group.addoption("--mocksrv-strict", action="store_true", help=strict)
    parser.addini("mocksrv_strict", strict, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    words = "scenario=name(s), clock=moment at which it stands still, otp='fixed'|'random', quotas=bool, seed=int, "
    config.addinivalue_line("markers", f"mocksrv({words}strict=bool): how the test's sandbox begins, and is judged.")


@pytest.fixture(scope="session")
def mocksrv_server(pytestconfig: pytest.Config) -> Iterator[Client]:
    """A client of the server's default sandbox: one started for this session, or that of ``--mocksrv-url``.

    For specs and fixtures of your own, define it anew: ``with mocksrv.Server(mocksrv.create_app(...)) as server: yield
    server.client``.
    """
    url = pytestconfig.getoption("mocksrv_url")
    with _found(url) if url else _started() as client:
        yield client


@contextmanager
def _started() -> Iterator[Client]:
    from mocksrv.threaded import Server

    with Server() as server:
        yield server.client


@contextmanager
def _found(url: str) -> Iterator[Client]:
    """A client of a running server; its token is in MOCKSRV_ADMIN_TOKEN, as it is for ``mocksrv serve``."""
    from mocksrv.client import Client
    from mocksrv.errors import MocksrvError
    from mocksrv.settings import load_settings, variable

    token = variable("admin_token")  # And nothing else: what starts a server need not be right here.
    with ExitStack() as stack:
        try:
            settings = load_settings(environ={token: os.environ.get(token, "")})
            client = stack.enter_context(Client(url, token=settings.admin_token))
            client.health()
        except MocksrvError as error:
            pytest.fail(f"--mocksrv-url: {error}", pytrace=False)
        yield client


@pytest.fixture(name="mocksrv")
def _mocksrv(mocksrv_server: Client, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the test's own sandbox, which is gone after the test; ``mocksrv.base_url`` is its base URL."""
    from mocksrv.client import Unreachable

    with ExitStack() as stack:
        client = _begun(stack, mocksrv_server, _marked(request.node), request.node)
        used = request.node.stash[_USED] = _Used(client)
        yield client
        used.story = _story(client)  # A fixture whose end failed before is reported after.
        if used.failed:
            with suppress(Unreachable):  # The test's own failure tells more.
                stack.close()


def _begun(stack: ExitStack, server: Client, words: dict[str, Any], node: pytest.Item) -> Client:
    """A client of a new sandbox, which begins as the words of the marker say and ends with the stack."""
    from mocksrv.errors import MocksrvError

    chosen = {name: words[name] for name in ("otp", "quotas", "seed") if name in words}
    scenarios = words.get("scenario", ())
    try:
        client = stack.enter_context(server.sandbox(_name(node), **chosen))
        if "clock" in words:
            client.clock.freeze(words["clock"])
        for scenario in (scenarios,) if isinstance(scenarios, str) else scenarios:
            client.scenarios.start(scenario)
    except MocksrvError as error:
        pytest.fail(f"the sandbox of this test cannot begin: {error}", pytrace=False)
    return client


def _name(node: pytest.Item) -> str:
    """A name that tells the test, and that no other test of any worker or session has."""
    return f"{re.sub('[^A-Za-z0-9_]+', '-', node.name)[:48].strip('-')}-{uuid.uuid4().hex[:12]}"


def _marked(node: pytest.Item) -> dict[str, Any]:
    """The words of the test's ``mocksrv`` markers; where several say one, the nearest to the test counts.

    None is as if nothing were said.
    """
    words: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("mocksrv"))):
        unknown = [str(each) for each in marker.args] + [each for each in marker.kwargs if each not in WORDS]
        if unknown:
            from mocksrv.errors import nearest

            pytest.fail(f'@pytest.mark.mocksrv: there is no "{unknown[0]}"{nearest(unknown[0], WORDS)}', pytrace=False)
        words |= marker.kwargs
    return {name: value for name, value in words.items() if value is not None}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """After a test that passed, judge its client, where that is wanted."""
    result = yield
    used = item.stash.get(_USED, None)
    wanted = item.config.getoption("mocksrv_strict") or item.config.getini("mocksrv_strict")
    if used and _marked(item).get("strict", wanted):
        calls = used.client.requests.all()
        wrong = [str(each) for each in reversed(calls) if each.violations or each.operation is None]
        if wrong:
            what = f"the client broke the contract or called an unknown path, in {len(wrong)} of {len(calls)} calls:"
            pytest.fail("\n".join([what, *wrong]), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failure what the sandbox saw."""
    report = yield
    used = item.stash.get(_USED, None)
    if used:
        used.failed = used.failed or call.excinfo is not None
        if report.failed:
            report.sections.append((f"mocksrv: {used.client}", used.story or _story(used.client)))
        if call.when == "teardown":
            del item.stash[_USED]
    return report


def _story(client: Client) -> str:
    """The sandbox's calls and its inbox, in their order."""
    try:
        requests, messages = client.requests.all(limit=MOST_SHOWN), client.messages.all(limit=MOST_SHOWN)
    except Exception as error:  # Whatever it is, the report of the failure must not fail too.
        return f"It could not be asked: {error}"
    calls = [str(each) for each in reversed(requests)] or ["No call came."]
    inbox = [str(each) for each in reversed(messages)] or ["empty"]
    return "\n".join([*calls, "", "Inbox:", *(f"  {each}" for each in inbox)])
