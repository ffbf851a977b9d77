"""The pytest plugin, as other projects' suites load it: each test here runs pytest on a small suite of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from mocksrv import Client, Server
from mocksrv.client import Unreachable
from mocksrv.pytest_plugin import WORDS
from tests.http import call

pytest_plugins = ["pytester"]
SEND = """
    from http.client import HTTPConnection
    from json import dumps
    from urllib.parse import urlsplit
    import pytest

    def send(client, path="/ppi/otp/generate", key="Test123"):
        at = urlsplit(client.url_for("cashfree"))
        body = {"otp_verification_id": key, "user_id": "USER827364", "notification_modes": ["SMS"]}
        headers = {**client.credentials("cashfree"), "Content-Type": "application/json"}
        connection = HTTPConnection(at.hostname, at.port, timeout=30)
        connection.request("POST", at.path + path, dumps(body), headers)
        status = connection.getresponse().status
        connection.close()
        return status
"""
LOADED = ("-p", "mocksrv.pytest_plugin", "-W", "error", "--strict-markers", "-p", "no:cacheprovider")
HEAVY = ("httpx", "flask", "werkzeug", "granian", "openapi_core", "mocksrv.client", "mocksrv.threaded", "mocksrv.app")


class Suite:
    """A suite of another project's. Nothing is loaded but what it names, whatever is installed here."""

    def __init__(self, pytester: pytest.Pytester, url: str) -> None:
        self.pytester, self.url = pytester, url

    def run(self, tests: str, *options: str) -> pytest.RunResult:
        """Run tests against the server that our own tests share."""
        self.write(tests)
        return self.pytester.runpytest_inprocess(*LOADED, f"--mocksrv-url={self.url}", *options)

    def run_alone(self, tests: str, *options: str) -> pytest.RunResult:
        """Run tests without that server."""
        self.write(tests)
        return self.pytester.runpytest_inprocess(*LOADED, *options)

    def run_apart(self, tests: str, *options: str) -> pytest.RunResult:
        """Run tests in a process of their own."""
        self.write(tests)
        return self.pytester.runpytest_subprocess(*LOADED, *options)

    def write(self, tests: str) -> None:
        self.pytester.makepyfile(test_it=f"{dedent(SEND)}\n{dedent(tests)}")


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """What is loaded for the first time by pytest within pytest is forgotten afterwards, but not by what knows it."""
    with Server() as server:
        server.client.health()


@pytest.fixture
def suite(pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Suite(pytester, url)


def text(result: pytest.RunResult) -> str:
    return result.stdout.str()


# The fixtures


def test_a_sandbox_for_each_test(suite: Suite, url: str) -> None:
    result = suite.run("""
    @pytest.mark.parametrize("name", ["one", "t/w o"])
    def test_it(mocksrv, mocksrv_server, name):
        assert send(mocksrv) == 200
        assert mocksrv.otp(to="9876543210") == "111000"
        assert str(mocksrv) == mocksrv.base_url
        assert mocksrv.base_url.startswith(f"{mocksrv_server}/@test_it-")
        assert not mocksrv_server.requests.find({"url": "/of-this-suite"})
        with open("names", "a") as names:
            names.write(mocksrv.base_url.rpartition("@")[2] + "\\n")
    """)
    result.assert_outcomes(passed=2)
    one, two = (suite.pytester.path / "names").read_text().splitlines()
    assert (one.startswith("test_it-one-"), two.startswith("test_it-t-w-o-")) == (True, True)
    assert [call("GET", f"{url}/__admin/sandboxes/{name}").status for name in (one, two)] == [404, 404]


def test_a_server_for_the_session(suite: Suite) -> None:
    result = suite.run_alone("""
    @pytest.mark.parametrize("number", [1, 2])
    def test_it(mocksrv, mocksrv_server, number):
        assert send(mocksrv) == send(mocksrv_server, key=f"of-session-{number}") == 200
        mocksrv_server.requests.assert_called("generateOtp", times=number)
        with open("urls", "a") as urls:
            urls.write(f"{mocksrv_server}\\n")
    """)
    result.assert_outcomes(passed=2)
    (url,) = set((suite.pytester.path / "urls").read_text().split())
    with Client(url) as client, pytest.raises(Unreachable):
        client.health()


def test_a_server_of_the_projects_own(suite: Suite) -> None:
    suite.pytester.makeconftest("""
    import mocksrv
    import pytest

    @pytest.fixture(scope="session")
    def mocksrv_server():
        with mocksrv.Server(mocksrv.create_app(mocksrv.Settings(otp="random", seed=7))) as server:
            yield server.client
    """)
    result = suite.run_alone("""
    def test_it(mocksrv):
        send(mocksrv)
        assert mocksrv.otp() != "111000"
    """)
    result.assert_outcomes(passed=1)


def test_no_server_at_the_url(suite: Suite) -> None:
    result = suite.run("def test_it(mocksrv): pass", "--mocksrv-url=http://127.0.0.1:1")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["--mocksrv-url: no mocksrv answers at http://127.0.0.1:1 (*); is it running?"])
    assert "Traceback" not in text(result)


@pytest.mark.parametrize("variable", ["MOCKSRV_ROOT", "MOCKSRV_HOST", "MOCKSRV_PORT"])
def test_settings_that_only_a_server_needs(suite: Suite, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "/nowhere")
    suite.run("def test_it(mocksrv): pass").assert_outcomes(passed=1)


def test_a_token_that_is_none(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSRV_ADMIN_TOKEN", "s3cr\xe9t")
    result = suite.run("def test_it(mocksrv): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["--mocksrv-url: MOCKSRV_ADMIN_TOKEN: a token is printable ASCII*"])
    assert "Traceback" not in text(result)


def test_a_sandbox_that_the_test_ends(suite: Suite) -> None:
    result = suite.run("""
    @pytest.mark.parametrize("fails", [False, True])
    def test_it(mocksrv, mocksrv_server, fails):
        mocksrv_server._wire.delete(f"sandboxes/{mocksrv.base_url.rpartition('@')[2]}")
        assert not fails
    """)
    result.assert_outcomes(passed=1, failed=1)


def test_a_server_that_ends_before_a_failure(suite: Suite) -> None:
    result = suite.run("""
    def test_it(mocksrv, mocksrv_server):
        mocksrv_server._wire.base_url = "http://127.0.0.1:1"
        assert False
    """)
    result.assert_outcomes(failed=1)


# The marker


def test_the_marker(suite: Suite) -> None:
    result = suite.run("""
    @pytest.mark.mocksrv(otp="random", seed=7, clock="2030-01-31T12:00:00Z")
    class TestIt:
        def test_of_the_class(self, mocksrv):
            send(mocksrv)
            assert mocksrv.otp() != "111000"
            assert mocksrv.clock.now == mocksrv.clock.now
            assert mocksrv.clock.now.year == 2030

        @pytest.mark.mocksrv(otp="fixed", quotas=False)
        def test_nearer(self, mocksrv):
            send(mocksrv)
            assert (mocksrv.otp(), mocksrv.clock.now.year) == ("111000", 2030)

    @pytest.mark.mocksrv(scenario="outage")
    def test_scenario(mocksrv):
        assert "502 Bad Gateway" in [each.order.get("answer") for each in mocksrv.faults]

    @pytest.mark.mocksrv(scenario=["outage", "quota-nearly-full"])
    def test_scenarios(mocksrv):
        answers = [each.order.get("answer") for each in mocksrv.faults]
        assert {"502 Bad Gateway", "429 rateLimitExceeded"} <= set(answers)

    @pytest.mark.mocksrv(scenario="outage", clock="2030-01-31T12:00:00Z")
    class TestNone:
        @pytest.mark.mocksrv(scenario=None, clock=None)
        def test_it(self, mocksrv):
            assert list(mocksrv.faults) == []
            assert mocksrv.clock.now != mocksrv.clock.now
    """)
    result.assert_outcomes(passed=5)
    suite.pytester.runpytest_inprocess(*LOADED, "--markers").stdout.fnmatch_lines(["@pytest.mark.mocksrv(scenario=*"])


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ('scenari="outage"', '@pytest.mark.mocksrv: there is no "scenari"; did you mean "scenario"?'),
        ('"outage"', '@pytest.mark.mocksrv: there is no "outage"; known: clock, otp, quotas, scenario, seed, strict'),
        (
            'scenario="outrage"',
            'the sandbox of this test cannot begin: *There is no scenario "outrage"; did you mean "outage"?*',
        ),
        ('clock="noon"', "the sandbox of this test cannot begin: * was refused with 422: *"),
        ('otp="rnd"', "the sandbox of this test cannot begin: * was refused with 422: *"),
    ],
)
def test_a_marker_that_is_wrong(suite: Suite, marker: str, told: str) -> None:
    result = suite.run(f"""
    @pytest.mark.mocksrv({marker})
    def test_it(mocksrv): pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])


# The report


def test_a_failure_tells_what_the_sandbox_saw(suite: Suite) -> None:
    result = suite.run("""
    def test_it(mocksrv):
        send(mocksrv)
        send(mocksrv, key="a b")
        send(mocksrv, "/ppi/otp/generat")
        assert False
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "*- mocksrv: http://127.0.0.1:*/@test_it-* -*",
        "POST /ppi/otp/generate -> 200, generateOtp",
        "    because accepted -> 200 SUCCESS (fixtures/cashfree/ppi/generate_otp.yaml:*)",
        '    sent    {"otp_verification_id": "Test123", *}',
        "POST /ppi/otp/generate -> 400, generateOtp",
        "    because violated body.otp_verification_id pattern -> 400 otp_verification_id_invalid (*)",
        "    wrong   body.otp_verification_id pattern",
        "POST /ppi/otp/generat -> 404, no operation",
        '    because there is no POST /ppi/otp/generat; did you mean "POST /ppi/otp/generate"?',
        "Inbox:",
        '  SMS to 9876543210: "111000 is your wallet verification code." (generateOtp)',
    ])  # fmt: skip


def test_a_failure_before_the_test_tells_it_too(suite: Suite) -> None:
    result = suite.run("""
    @pytest.fixture
    def user(mocksrv):
        assert False

    def test_it(user): pass
    """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*- mocksrv: http://*", "No call came.", "Inbox:", "  empty"])


def test_a_failure_after_the_test_tells_it_too(suite: Suite) -> None:
    result = suite.run("""
    @pytest.fixture
    def user(mocksrv):
        yield
        assert False

    def test_it(user, mocksrv):
        send(mocksrv)
    """)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*- mocksrv: http://*", "POST /ppi/otp/generate -> 200, generateOtp", "Inbox:"])


def test_a_success_tells_nothing(suite: Suite) -> None:
    result = suite.run("""
    def test_it(mocksrv):
        send(mocksrv)

    @pytest.mark.xfail
    def test_that_is_known_to_fail(mocksrv):
        assert False

    def test_without():
        pass
    """, "-rA")  # fmt: skip
    result.assert_outcomes(passed=2, xfailed=1)
    assert "mocksrv: http" not in text(result)


def test_a_failure_that_nobody_can_tell_more_of(suite: Suite) -> None:
    result = suite.run("""
    def test_it(mocksrv, monkeypatch):
        monkeypatch.setattr(mocksrv.requests._wire, "base_url", "http://127.0.0.1:1")
        assert False
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["It could not be asked: no mocksrv answers at http://127.0.0.1:1 *"])


# Strictness

BREAKS = """
    def test_breaks(mocksrv):
        send(mocksrv)
        assert send(mocksrv, key="a b") == 400

    def test_strays(mocksrv):
        send(mocksrv, "/ppi/otp/generat")

    def test_keeps(mocksrv):
        assert [send(mocksrv), send(mocksrv)] == [200, 409]

    @pytest.mark.mocksrv(strict=False)
    def test_breaks_on_purpose(mocksrv):
        send(mocksrv, key="a b")

    def test_fails_anyway(mocksrv):
        send(mocksrv, key="a b")
        assert 1 == 2
"""


def test_strictness_is_opt_in(suite: Suite) -> None:
    suite.run(BREAKS).assert_outcomes(passed=4, failed=1)


@pytest.mark.parametrize("how", ["option", "ini"])
def test_strictness(suite: Suite, how: str) -> None:
    if how == "ini":
        suite.pytester.makeini("[pytest]\nmocksrv_strict = true")
    result = suite.run(BREAKS, *(["--mocksrv-strict"] if how == "option" else []))
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines([
        "*_ test_breaks _*",
        "the client broke the contract or called an unknown path, in 1 of 2 calls:",
        "POST /ppi/otp/generate -> 400, generateOtp",
        "*_ test_strays _*",
        "the client broke the contract or called an unknown path, in 1 of 1 calls:",
        "POST /ppi/otp/generat -> 404, no operation",
        "*_ test_fails_anyway _*",
        "E  *assert 1 == 2",
    ])  # fmt: skip


def test_strictness_of_one_test(suite: Suite) -> None:
    result = suite.run("""
    @pytest.mark.mocksrv(strict=True)
    def test_it(mocksrv):
        send(mocksrv, "/nowhere")
    """)
    result.assert_outcomes(failed=1)


# What it costs, and side by side


def test_it_costs_nothing_where_it_is_not_used(suite: Suite) -> None:
    program = "import pytest, time; begin = time.perf_counter(); import mocksrv.pytest_plugin; "
    program += "print(time.perf_counter() - begin)"
    runs = [subprocess.check_output([sys.executable, "-c", program], timeout=30) for _ in range(3)]
    assert min(map(float, runs)) < 0.02
    result = suite.run_apart(f"""
    import sys

    def test_it():
        assert [each for each in {HEAVY} if each in sys.modules] == []
    """)
    result.assert_outcomes(passed=1)


def test_side_by_side_at_one_server(suite: Suite, url: str) -> None:
    result = suite.run_apart("""
    import os

    @pytest.mark.parametrize("number", range(24))
    def test_it(mocksrv, number):
        assert [send(mocksrv), send(mocksrv), send(mocksrv, key="Two")] == [200, 409, 200]
        mocksrv.requests.assert_called("generateOtp", times=3)
        assert len(mocksrv.messages) == 2
        with open(f"sandboxes-{os.environ['PYTEST_XDIST_WORKER']}", "a") as told:
            told.write(f"{mocksrv}\\n")

    def test_that_fails(mocksrv):
        send(mocksrv, "/nowhere")
        assert False
    """, "-p", "xdist", "-n", "4", f"--mocksrv-url={url}")  # fmt: skip
    result.assert_outcomes(passed=24, failed=1)
    result.stdout.fnmatch_lines(["*- mocksrv: http://*", "POST /nowhere -> 404, no operation"])
    sandboxes = [path.read_text().split() for path in suite.pytester.path.glob("sandboxes-*")]
    assert len(sandboxes) > 1
    assert len({each for of_one in sandboxes for each in of_one}) == 24


# The page about it


def test_the_page_says_what_runs(suite: Suite) -> None:
    page = (Path(__file__).parents[1] / "docs" / "pytest.md").read_text("utf-8")
    files = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", page, re.DOTALL)
    assert len(files) == page.count("```python")
    for name, text in files:
        (suite.pytester.path / name).write_text(text)
    result = suite.pytester.runpytest_inprocess(*LOADED, "--mocksrv-strict")
    result.assert_outcomes(passed=len(re.findall(r"^ *def test_", page, re.MULTILINE)))


def test_the_page_names_what_a_test_can_do(url: str) -> None:
    page = (Path(__file__).parents[1] / "docs" / "pytest.md").read_text("utf-8")
    with Client(url) as client:
        for name in {*vars(client), *vars(Client)}:
            assert name.startswith("_") or name in ("close", "sandbox") or re.search(rf"`[^`]*\b{name}\b", page), name
    for word in WORDS:
        assert f"`{word}`" in page
