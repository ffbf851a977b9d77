"""The README: its calls are made as they stand there, by a real shell, of a real server; nothing is left out of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from mocksrv.rules import Rules
from mocksrv.settings import Settings, variable
from tests.http import app_for, catalogue

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = README + "".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
VENDORS = ("Cashfree PPI", "Cashfree Mobile 360", "Capillary v2", "Capillary auth engine", "M2P prepaid")
PLACE = "http://127.0.0.1:8765"
# A block that is run, and the block behind it, if there is one before the next heading or run.
RUN = re.compile(r"```bash\n(.*?)```\n(?:\n```(?:json|text)\n(.*?)```)?", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """One block: what it is, what the README promises, what came out, and the status of each call."""

    block: str
    promised: str
    out: str
    statuses: list[int]


@dataclass(frozen=True)
class Session:
    """Everything that the README says to do, done once from its first line to its last."""

    ready: str
    said: list[Said]

    def find(self, text: str) -> Said:
        """The one block that has the text."""
        (found,) = [each for each in self.said if text in each.block]
        return found


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    if not shutil.which("curl"):
        if os.environ.get("CI") == "true":
            pytest.fail("the README's calls need curl, which is not installed")
        pytest.skip("curl is not installed")
    home = tmp_path_factory.mktemp("home")
    (home / ".curlrc").write_text(r'write-out = "%{stderr}%{http_code}\n"' + "\n")
    environ = {**{name: text for name, text in os.environ.items() if not name.startswith("MOCKSRV_")},
               "CURL_HOME": str(home), "NO_PROXY": "*"}  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "mocksrv", "serve", "--port", "0"],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout
        ready = server.stdout.readline()
        url = re.search(r"url=(\S+)", ready)
        assert url, ready
        yield Session(ready, [held(block[1], block[2] or "", url[1], environ) for block in RUN.finditer(README)])
    finally:
        server.terminate()
        server.communicate(timeout=30)


def held(block: str, promised: str, url: str, environ: dict[str, str]) -> Said:
    """Run one block in bash, at the server's own address."""
    assert PLACE in block
    script = block.replace(PLACE, url)
    done = subprocess.run(["bash", "-euc", script], env=environ, capture_output=True, text=True, timeout=60, check=True)
    return Said(block, promised, done.stdout, [int(line) for line in done.stderr.split()])


def like(promised: Any, found: Any) -> bool:
    """Whether an answer is the one that is promised; ``...`` may be any text."""
    if promised == "..." and isinstance(found, str):
        return True
    if isinstance(promised, dict) and isinstance(found, dict):
        return list(promised) == list(found) and all(like(promised[key], found[key]) for key in promised)
    return type(promised) is type(found) and bool(promised == found)


def read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


# --- its calls -----------------------------------------------------------------------------------------------------


def test_the_ready_line_is_the_one_that_the_server_prints(session: Session) -> None:
    assert re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8765", session.ready) in README


def test_every_answer_that_is_shown_is_the_one_that_comes(session: Session) -> None:
    shown = [each for each in session.said if each.promised]
    assert len(shown) >= 3 + len(VENDORS)
    for each in shown:
        assert like(read(each.promised), read(each.out)), each


def test_the_quick_start_ends_with_a_verified_otp(session: Session) -> None:
    start = session.said[:3]
    assert [each.statuses for each in start] == [[200]] * 3
    assert [json.loads(start[at].out)["status"] for at in (0, 2)] == ["OTP_GENERATED", "VERIFIED"]
    assert start[1].out == "111000"


def test_a_preferred_answer_comes(session: Session) -> None:
    preferred = session.find("Prefer: code=429")
    assert preferred.statuses == [429, 409]
    assert preferred.out.startswith("HTTP/1.1 429 Too Many Requests")
    assert '"code": "otp_verification_id_already_exists"' in preferred.out


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_a_call_that_works(session: Session, vendor: str) -> None:
    section = README.partition("## Vendors\n")[2].partition("\n## ")[0]
    assert f"| {vendor} | `" in section
    block = RUN.search(section.partition(f"\n**{vendor}.** ")[2])
    assert block, f"no call below **{vendor}.**"
    assert session.find(block[1]).statuses == [200]


@pytest.mark.parametrize("rules", catalogue().rules.values(), ids=lambda rules: rules.name)
def test_every_operation_stands_in_the_table_of_vendors(rules: Rules) -> None:
    path = rules.paths[0].replace("/auth/v1/web/", "/auth/v1/")  # "and the same below `/auth/v1/web/`"
    rows = [line for line in README.splitlines() if line.startswith("| ") and f"{path}`" in line]
    assert len(rows) == 1, path


# --- nothing is left out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [setting.name for setting in fields(Settings)])
def test_every_setting_is_described(name: str) -> None:
    assert f"| `--{name.replace('_', '-')}` | `{variable(name)}` |" in PAGES


def admin_routes() -> list[str]:
    """``GET clock``, ``PUT records/{kind}/{key}``: method and path below ``/__admin/``."""
    routes = []
    for rule in app_for().url_map.iter_rules():
        if rule.rule.startswith("/__admin/"):
            path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule.removeprefix("/__admin/"))
            routes += [f"{method} {path}" for method in sorted(rule.methods or ()) if method not in ("HEAD", "OPTIONS")]
    return sorted(routes)


@pytest.mark.parametrize("route", admin_routes())
def test_every_admin_route_is_described(route: str) -> None:
    method, path = route.split(" ")
    described = [line for line in PAGES.splitlines() if re.search(rf"[ /`]{re.escape(path)}[`?]", line)]
    assert any(f"`{method}" in line for line in described), f"no line names `{route}`"
