"""The command line, as real processes."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mocksrv import __version__
from mocksrv.settings import Settings, variable
from tests.http import CASHFREE, Answer, call, catalogue

PATIENCE = 30
READY = re.compile(r"mocksrv ready url=(http://127\.0\.0\.1:[1-9]\d*) operations=(\d+)\n")
OURS = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSRV_")}
SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /order:
    post:
      operationId: order
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses:
        "200": {description: done, content: {application/json: {examples: {ordered: {value: {state: ordered}}}}}}
        "402": {description: pay, content: {application/json: {examples: {poor: {value: {state: poor}}}}}}
"""


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    command = [sys.executable, "-m", "mocksrv", *arguments]
    return subprocess.run(command, env={**OURS, **variables}, capture_output=True, text=True, timeout=PATIENCE)


def refused(ended: subprocess.CompletedProcess[str], code: int) -> str:
    """Assert that it said nothing on stdout and no traceback, and give what it said on stderr."""
    assert (ended.returncode, ended.stdout) == (code, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr


class Served(subprocess.Popen[str]):
    """A started ``mocksrv serve``; ``ready`` is its first line."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        command = [sys.executable, "-m", "mocksrv", "serve", *arguments]
        pipe = subprocess.PIPE
        super().__init__(command, env={**OURS, **variables}, stdout=pipe, stderr=pipe, text=True, bufsize=1)
        assert self.stdout is not None
        assert select.select([self.stdout], [], [], PATIENCE)[0], "it never got ready"
        self.ready = self.stdout.readline()
        found = READY.fullmatch(self.ready)
        self.url = found[1] if found else ""

    def stopped(self, signum: int = signal.SIGTERM) -> tuple[int, str, list[str]]:
        """The exit code, the rest of stdout and the lines of stderr after a signal."""
        self.send_signal(signum)
        out, err = self.communicate(timeout=PATIENCE)
        return self.returncode, out, err.splitlines()


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[Served]:
    with Served("--port", "0", *arguments, **variables) as served:
        try:
            yield served
        finally:
            served.kill()


def generate(url: str, id_: str = "Test123", **headers: str) -> Answer:
    body = {"otp_verification_id": id_, "user_id": "USER827364", "notification_modes": ["SMS", "WHATSAPP"]}
    return call("POST", f"{url}/ppi/otp/generate", body, headers={**CASHFREE, **headers})


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A root with one spec."""
    return written(tmp_path, {"specs/market/shop.yaml": SPEC})


def written(root: Path, files: dict[str, str]) -> Path:
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    return root


# serve


def test_the_one_line_on_stdout_says_that_a_request_is_answered_now() -> None:
    with serving() as served:
        found = READY.fullmatch(served.ready)
        assert found is not None
        assert found[2] == str(len(catalogue().rules))
        assert call("GET", f"{found[1]}/__admin/health").body["status"] == "healthy"
        code, out, err = served.stopped()
    assert (code, out, err) == (0, "", ["mocksrv stopped cut=0"])


def test_every_code_that_is_sent_is_a_line_on_stderr() -> None:
    with serving() as served:
        generate(served.url)
        generate(served.url)  # refused, so nothing is sent
        _, out, err = served.stopped(signal.SIGINT)
    assert (out, len(err), err[-1]) == ("", 2, "mocksrv stopped cut=0")
    assert err[0].endswith(" INFO otp 111000 sent by SMS to 9876543210, WHATSAPP to 9876543210 (generateOtp Test123)")


def test_a_log_that_nobody_reads_does_not_stop_the_server() -> None:
    """The pipe of stderr takes 64 KiB: some four hundred of these lines."""
    with serving(MOCKSRV_QUOTAS="off") as served:
        channels = ["SMS", "WHATSAPP"]
        for number in range(900):
            body = {"otp_verification_id": f"Id{number}", "user_id": "USER827364", "notification_modes": channels}
            assert call("POST", f"{served.url}/ppi/otp/generate", body, headers=CASHFREE).status == 200


@contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    parts = urlsplit(served.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=PATIENCE) as client:
        yield client


def test_what_is_cut_at_the_end_is_counted_in_the_last_line(shop: Path) -> None:
    with serving("--grace", "100ms", "--root", str(shop)) as served, connected(served) as client:
        client.sendall(b"POST /order HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # the app reads what we shall never send
        assert served.stopped() == (0, "", ["mocksrv stopped cut=1 (1 request cut in flight)"])


def test_odd_headers_and_chunks_are_read_by_the_real_server_too(shop: Path) -> None:
    head = ["POST /@a/order HTTP/1.1", "Host: a", "Prefer: respond-async", "Prefer: code=402", "X-Blank:",
            "X-Odd: caf\xe9", "Transfer-Encoding: chunked", "Connection: close", "", ""]  # fmt: skip
    with serving("--root", str(shop)) as served, connected(served) as client:
        client.sendall("\r\n".join(head).encode("latin-1") + b"2\r\n{}\r\n0\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 402 Payment Required\r\n")
    assert answer.endswith(b'\r\n\r\n{"state": "poor"}')


@pytest.mark.parametrize("ours", [False, True], ids=["another program", "another mocksrv"])
def test_a_port_that_is_taken_is_exit_3_and_a_sentence(ours: bool, shop: Path) -> None:
    with socket.socket() as other:
        if ours:
            with serving("--root", str(shop)) as served:
                port = str(urlsplit(served.url).port)
                said = refused(run("serve", "--port", port), 3)
        else:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            said = refused(run("serve", "--port", port), 3)
    assert said == (
        f"mocksrv: port {port} on 127.0.0.1 is taken by another program; "
        "choose another with --port, or --port 0 for any free one\n"
    )


def test_an_address_of_another_machine_is_exit_3_and_a_sentence() -> None:
    said = refused(run("serve", "--host", "192.0.2.1", "--admin-token", "t", "--port", "0"), 3)
    assert said == (
        "mocksrv: cannot listen on 192.0.2.1: no such address on this machine; choose another with --host\n"
    )


# settings


BAD = [
    ("--port", "abc", '"abc" is not a whole number'),
    ("--port", "-1", "-1 is not a port; ports go from 0 (any free one) to 65535"),
    ("--port", "65536", "65536 is not a port; ports go from 0 (any free one) to 65535"),
    ("--root", "/nowhere", 'there is no folder "/nowhere"'),
    ("--root", __file__, f'there is no folder "{__file__}"'),
    ("--seed", "1.5", '"1.5" is not a whole number'),
    ("--otp", "fix", '"fix" is neither fixed nor random'),
    ("--quotas", "yes", '"yes" is neither on nor off'),
    ("--grace", "5", '"5" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'),
    ("--grace", "-1s", '"-1s" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'),
    ("--admin-token", " t", "a token is printable ASCII, without blanks around it"),
    ("--admin-token", "pässword", "a token is printable ASCII, without blanks around it"),
]


@pytest.mark.parametrize(("option", "value", "sentence"), BAD)
def test_a_value_that_cannot_be_used_is_exit_2_and_names_the_option(option: str, value: str, sentence: str) -> None:
    assert refused(run("serve", option, value), 2) == f"mocksrv: {option}: {sentence}\n"


@pytest.mark.parametrize(("option", "value", "sentence"), BAD)
def test_a_variable_that_cannot_be_used_is_exit_2_and_names_it(option: str, value: str, sentence: str) -> None:
    name = variable(option[2:].replace("-", "_"))
    assert refused(run("serve", **{name: value}), 2) == f"mocksrv: {name}: {sentence}\n"


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--prot=1", "Error: No such option '--prot'"),
        ("--port", "Error: Option '--port' requires an argument"),
        ("extra", "Error: Got unexpected extra argument (extra)"),
    ],
)
def test_an_option_that_does_not_exist_is_exit_2(argument: str, said: str) -> None:
    assert refused(run("serve", argument), 2).splitlines()[-1].startswith(said)


def test_a_command_that_does_not_exist_is_exit_2() -> None:
    assert "No such command 'sevre'" in refused(run("sevre"), 2)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "sandbox.internal", "127.0.0.1.evil.example"])  # noqa: S104
@pytest.mark.parametrize("given", ["option", "variable"])
def test_beyond_loopback_a_token_is_asked_for(host: str, given: str) -> None:
    ended = run("serve", "--host", host) if given == "option" else run("serve", MOCKSRV_HOST=host)
    assert refused(ended, 2) == (
        f"mocksrv: listening on {host} lets other machines in; set --admin-token (or MOCKSRV_ADMIN_TOKEN) "
        "to protect the admin API, or keep --host 127.0.0.1\n"
    )


def check_settings(url: str) -> str:
    """Assert what the settings below ask for, and give the code that was sent."""
    assert call("GET", f"{url}/__admin/health").status == 401
    token = {"Authorization": "Bearer t"}
    for host in ("a.example", "b.example"):
        assert call("GET", f"{url}/__admin/health", headers={**token, "Host": host}).status == 200
    answer = generate(url)
    assert (answer.status, answer.headers["x-ratelimit-limit"]) == (200, None)
    code = call("GET", f"{url}/__admin/otps/latest", headers=token).body["code"]
    return f"{code} {answer.body['cf_otp_verification_id']}"


def test_every_setting_is_an_option_and_a_variable() -> None:
    variables = {"MOCKSRV_HOST": "127.0.0.1", "MOCKSRV_SEED": "7", "MOCKSRV_OTP": "random", "MOCKSRV_QUOTAS": "off",
                 "MOCKSRV_GRACE": "2s", "MOCKSRV_ADMIN_TOKEN": "t", "MOCKSRV_ALLOW_HOST": "a.example, b.example",
                 "MOCKSRV_SCENARIO": "quota-nearly-full", "MOCKSRV_ROOT": str(Path(__file__).parents[1])}  # fmt: skip
    assert {*variables, "MOCKSRV_PORT"} == {variable(setting.name) for setting in fields(Settings)}
    options = [
        f"--{name[8:].lower().replace('_', '-')}={value}" for name, value in variables.items() if "ALLOW" not in name
    ]
    with serving(**variables) as one, serving(*options, "--allow-host=a.example", "--allow-host=b.example") as other:
        assert check_settings(one.url) == check_settings(other.url) != "111000"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with Served(MOCKSRV_PORT=port) as served:
        assert served.url == f"http://127.0.0.1:{port}"
        served.kill()


def test_an_option_counts_more_than_a_variable_and_an_empty_variable_is_none() -> None:
    with serving("--otp", "fixed", MOCKSRV_OTP="random", MOCKSRV_ADMIN_TOKEN="", MOCKSRV_SEED="") as served:
        generate(served.url)
        assert call("GET", f"{served.url}/__admin/otps/latest").body["code"] == "111000"


def test_help_names_every_option_with_its_variable_and_default() -> None:
    shown = re.sub(r"\s+", " ", run("serve", "--help", COLUMNS="200").stdout)
    for setting in fields(Settings):
        assert f"--{setting.name.replace('_', '-')} {setting.metadata['value']} " in shown
        assert f"[{variable(setting.name)}; default: " in shown
    for default in ("127.0.0.1", "8765", "1", "fixed", "on", "5s", "none", "the built-in ones"):
        assert f"default: {default}]" in shown


# roots


def test_another_root_is_served_instead_of_the_built_in_one(shop: Path) -> None:
    with serving("--root", str(shop)) as served:
        assert served.ready.endswith(" operations=1\n")
        assert call("POST", f"{served.url}/order").body == {"state": "ordered"}
        assert call("POST", f"{served.url}/ppi/otp/generate").headers["X-Mocksrv-Error"] == "no-such-path"


BROKEN = {
    "fixtures/market/shop/order.yaml": "operation: order\nsucess:\n  reply: 200 ordered\n",
    "fixtures/market/shop/other.yaml": "operation: odrer\nsuccess: {reply: 200 ordered}\n",
    "fixtures/market/shpo/product.yaml": "scope: client.id\n",
}
PROBLEMS = [
    ("fixtures/market/shop/order.yaml", 1, 1, '"success" is missing here'),
    ("fixtures/market/shop/order.yaml", 2, 1, 'unknown key "sucess"; did you mean "success"?'),
    ("fixtures/market/shop/other.yaml", 1, 1, 'no operation "odrer" in specs/market/shop.yaml; did you mean "order"?'),
    ("fixtures/market/shpo/product.yaml", 1, 1, 'there is no spec specs/market/shpo.yaml; did you mean "market/shop"?'),
]


@pytest.mark.parametrize("command", ["serve", "check", "operations"])
def test_a_broken_root_is_exit_1_and_every_problem_with_its_place(shop: Path, command: str) -> None:
    written(shop, BROKEN)
    ended = run(command, "--root", str(shop)) if command != "check" else run(command, MOCKSRV_ROOT=str(shop))
    assert refused(ended, 1).splitlines() == [
        *(f"{file}:{line}:{column}: {what}" for file, line, column, what in PROBLEMS),
        "4 problems",
    ]


def test_an_empty_root_is_exit_1_and_says_so(tmp_path: Path) -> None:
    said = refused(run("check", "--root", str(tmp_path)), 1)
    assert said == f"specs:1:1: there is no spec below {tmp_path / 'specs'}\n1 problem\n"


# check


def test_check_finds_nothing_wrong_with_the_built_in_root() -> None:
    ended = run("check")
    served = catalogue()
    expected = f"{len(served.rules)} operations of {len(served.products)} products, no problems\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, expected, "")


def test_check_tells_what_of_ours_was_left_out(shop: Path) -> None:
    ours = "paths:\n  /pay:\n    post:\n      responses: {}\n"
    ended = run("check", "--root", str(written(shop, {"specs/market/shop.ours.yaml": ours})))
    assert (ended.returncode, ended.stdout) == (0, "1 operation of 1 product, no problems\n")
    assert ended.stderr == "specs/market/shop.ours.yaml:3:5: left out, specs/market/shop.yaml has no post /pay\n"


def test_check_proves_that_examples_keep_their_schema(shop: Path) -> None:
    content = "schema: {properties: {state: {type: integer}}}, examples"
    written(shop, {"specs/market/shop.yaml": SPEC.replace("examples", content)})
    said = refused(run("check", "--root", str(shop)), 1)
    assert re.search(
        r'^specs/market/shop\.yaml:9:\d+: the example "200 ordered" breaks its schema at /state: ', said, re.MULTILINE
    )


def test_check_can_tell_problems_as_json_and_for_github(shop: Path) -> None:
    written(shop, BROKEN)
    ended = run("check", "--root", str(shop), "--format", "json")
    names = ("file", "line", "column", "message")
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"problems": [dict(zip(names, each, strict=True)) for each in PROBLEMS]}
    ended = run("check", "--root", str(shop), "--format", "github")
    assert ended.stdout.splitlines() == [
        f"::error file={file},line={line},col={column}::{what}" for file, line, column, what in PROBLEMS
    ]


# operations, version


@pytest.fixture(scope="module")
def listed() -> list[str]:
    """The lines of ``mocksrv operations``, with one blank between their columns."""
    return [re.sub(" +", " ", line).strip() for line in run("operations").stdout.splitlines()]


def test_operations_shows_every_operation_and_every_trigger(listed: list[str]) -> None:
    for rules in catalogue().rules.values():
        for path in rules.paths:
            assert any(
                line.startswith(f"{rules.name} {rules.operation.method.upper()} ") and path in line for line in listed
            )
        for place, answers in rules.form.triggers.items():
            for value, answer in answers.items():
                wanted = re.sub(" +", " ", f"{place} {value} -> {answer.quote}")
                assert any(line.startswith(wanted) for line in listed), wanted


def test_operations_shows_what_a_trigger_answers(listed: list[str]) -> None:
    assert any(
        line.startswith(
            "body.user_id IP_NOT_WHITELISTED -> 403 ipNotWhitelisted ip_not_whitelisted: Authentication error"
        )
        for line in listed
    )


def test_the_version_is_told_by_the_module_and_by_the_script() -> None:
    script = subprocess.run([Path(sys.executable).parent / "mocksrv", "--version"], capture_output=True, text=True)
    assert run("--version").stdout == script.stdout == f"mocksrv, version {__version__}\n"
