"""The examples: each is run as its reader would run it, of one real server, and leaves nothing behind there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.http import call

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
BROWSERS = ("chromium", "google-chrome", "chromium-browser")
ENVIRON = {name: text for name, text in os.environ.items() if not name.startswith("MOCKSRV_")}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server of the examples' own, started as its reader would start it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mocksrv", "serve", "--port", "0"],
        cwd=ROOT, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        ready = process.stdout.readline()
        url = re.search(r"url=(\S+)", ready)
        assert url, ready
        yield url[1]
        assert call("GET", f"{url[1]}/__admin/health").body["faults"] == {}
    finally:
        process.terminate()
        process.communicate(timeout=30)


def lacking(what: str) -> NoReturn:
    """What an example needs is not here: fatal for CI, which has everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def needs(*commands: str) -> None:
    for command in commands:
        if not shutil.which(command):
            lacking(f"{command} is not installed")


def run(*command: str, cwd: Path, environ: dict[str, str]) -> None:
    """Run it to its end, with whatever it starts; what it printed is told when it fails."""
    process = subprocess.Popen(
        command, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        printed, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"{command} takes more than a minute:\n{process.communicate()[0]}")
    assert process.returncode == 0, printed


def beside(server: str) -> dict[str, str]:
    """The environment of an example."""
    return {**ENVIRON, "MOCKSRV_URL": server, "NO_PROXY": "*"}


@contextmanager
def meeting(server: str, *answers: str) -> Iterator[None]:
    """What is run within gets these answers of the vendor's, in a sandbox that is gone afterwards."""
    before = met(server)
    yield
    after = met(server)
    assert [each for each in answers if after.get(each, 0) == before.get(each, 0)] == []
    assert [each["name"] for each in call("GET", f"{server}/__admin/sandboxes").body["sandboxes"]] in ([], ["default"])


def met(server: str) -> dict[str, int]:
    """How often each answer of each operation was given: ``generateOtp 200 SUCCESS``."""
    operations = call("GET", f"{server}/__admin/coverage").body["operations"]
    return {f"{each['operation']} {one['answer']}": one["times"] for each in operations for one in each["answers"]}


def test_node(server: str) -> None:
    needs("node", "npm")
    with meeting(
        server,
        "VrsMobile360SendOtpRequest 200 Success",
        "VrsMobile360VerifyOtpRequest 200 Success",
        "VrsMobile360SendOtpRequest 429 tooManyRequestsPerIp",
    ):
        run("npm", "test", cwd=EXAMPLES / "node", environ=beside(server))


def test_java(server: str) -> None:
    needs("java", "javac")  # a runtime alone cannot run a source file
    with meeting(
        server, "m2pGenerateOtp 200 SUCCESS", "m2pValidateOtp 200 SUCCESS", "m2pGenerateOtp 429 rateLimitExceeded"
    ):
        run("java", "--source", "11", "Example.java", cwd=EXAMPLES / "java", environ=beside(server))


def test_shell(server: str) -> None:
    needs("curl")
    with meeting(server, "generateOtp 200 SUCCESS", "ppiSubmitOtp 200 VERIFIED", "generateOtp 429 rateLimitExceeded"):
        run("sh", "otp.sh", cwd=EXAMPLES / "shell", environ=beside(server))


def test_browser(server: str, tmp_path: Path) -> None:
    needs("node", "npm")
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        lacking("no Chromium or Chrome is installed, and CHROMIUM names none")
    folder = shutil.copytree(EXAMPLES / "browser", tmp_path / "browser", ignore=shutil.ignore_patterns("node_modules"))
    run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", cwd=folder, environ=ENVIRON)
    with meeting(server, "generateOtp 200 SUCCESS", "ppiSubmitOtp 200 VERIFIED", "generateOtp 429 rateLimitExceeded"):
        run("npm", "test", cwd=folder, environ=beside(server))


@pytest.mark.parametrize("name", ["browser", "java", "node", "shell"])
def test_every_example_is_described(name: str) -> None:
    assert f"](../examples/{name}/" in (ROOT / "docs/other-languages.md").read_text("utf-8")
