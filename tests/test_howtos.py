"""The how-to pages: everything that they tell one to type is typed, into a real shell, at a real server."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from mocksrv.app import builtin_root
from mocksrv.threaded import running
from tests.http import app_for
from tests.test_readme import PLACE, RUN, like

DOCS = Path(__file__).parents[1] / "docs"
NAMES = (
    "coverage",
    "force-an-error",
    "isolate-parallel-tests",
    "move-time",
    "script-an-outage",
    "see-why",
    "wait-for-an-otp",
)
PAGES = [name for name in NAMES if (DOCS / f"{name}.md").exists()]
STARTED = [
    command
    for name in PAGES
    for command in re.findall(r"^\$ (mocksrv serve.*)$", (DOCS / f"{name}.md").read_text("utf-8"), re.MULTILINE)
]


@dataclass(frozen=True)
class Said:
    """One block: what is typed, what the page promises at its end, and what came."""

    block: str
    promised: str
    out: str

    @cached_property
    def documents(self) -> list[Any]:
        """Every JSON document of the output: curl writes them one behind the other."""
        found, at, decoder = [], 0, json.JSONDecoder()
        while (begin := self.out.find("{", at)) >= 0:
            try:
                document, at = decoder.raw_decode(self.out, begin)
                found.append(document)
            except ValueError:
                at = begin + 1
        return found

    def keeps_its_promise(self) -> bool:
        try:
            promised = json.loads(self.promised)
        except ValueError:
            return self.out.strip().endswith(self.promised.strip())
        return like(promised, self.documents[-1] if isinstance(promised, dict) else json.loads(self.out))


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of whoever follows a page, in a folder with specs and fixtures and a ``mocksrv`` to call."""
    if not shutil.which("curl"):
        if os.environ.get("CI") == "true":
            pytest.fail("the pages' calls need curl, which is not installed")
        pytest.skip("curl is not installed")
    for folder in ("specs", "fixtures"):
        shutil.copytree(builtin_root() / folder, tmp_path / folder)
    command = tmp_path / "bin/mocksrv"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mocksrv "$@"\n')
    command.chmod(0o755)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MOCKSRV_")}
    path = f"{command.parent}{os.pathsep}{kept['PATH']}"
    return {**kept, "PATH": path, "PYTHONPATH": str(DOCS.parent), "HOME": str(tmp_path), "NO_PROXY": "*"}


def typed(block: str, promised: str, url: str, shell: dict[str, str]) -> Said:
    """Run a block; only what it says itself may fail."""
    script = block.replace(PLACE, url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=shell, cwd=shell["HOME"], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return Said(block, promised, done.stdout)


@pytest.mark.parametrize("name", PAGES)
def test_everything_on_the_page_works_as_it_says(name: str, shell: dict[str, str]) -> None:
    page = (DOCS / f"{name}.md").read_text("utf-8")
    with running(app_for()) as url:
        said = [typed(block[1], block[2] or "", url, shell) for block in RUN.finditer(page)]
    assert said
    for each in said:
        assert not each.promised or each.keeps_its_promise(), each
        ours = [document for document in each.documents if "urn:mocksrv:" in str(document.get("type"))]
        assert not ours, each


@pytest.mark.parametrize("command", STARTED)
def test_every_server_that_a_page_starts_gets_ready(command: str, shell: dict[str, str]) -> None:
    home = Path(shell["HOME"])
    for folder in ("specs", "fixtures"):
        shutil.copytree(home / folder, home / "mine" / folder)
    arguments = [sys.executable, "-m", *shlex.split(command), "--port", "0"]
    with subprocess.Popen(arguments, env=shell, cwd=home, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdout.readline().startswith("mocksrv ready url=")
        server.terminate()
