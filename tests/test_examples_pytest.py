"""The sample project in ``examples/pytest``, as its readers run it: with mocksrv's wheel, in an environment of its own.

What is needed comes from a package index. Without one this is skipped, but not where CI is "true".
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NO_INDEX = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectionRefusedError", "ProxyError")
OURS = ("PYTHON", "PYTEST", "COV", "MOCKSRV", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Project:
    """The sample project's copy, and the Python that has what its requirements name."""

    folder: Path
    python: Path
    environ: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """The output of its Python. Fails when that fails."""
        told = subprocess.run(
            [self.python, *arguments], cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=300
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(
        ROOT / "examples" / "pytest", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True, timeout=60)
    python, wheels = folder / "env" / "bin" / "python", folder / "dist"
    pip("wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    pip(
        *("--python", python, "install", "--no-compile", "--constraint", ROOT / "constraints.txt"),
        *("--find-links", wheels, "--requirement", folder / "requirements.txt"),
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return Project(folder, python, environ)


def pip(*arguments: str | Path) -> None:
    """Run pip. Skips when it fails for want of an index, but not in CI; fails when it fails otherwise."""
    quiet = ("--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15")
    told = subprocess.run(
        [sys.executable, "-m", "pip", *quiet, *arguments], capture_output=True, text=True, timeout=300
    )
    if told.returncode == 0:
        return
    if os.environ.get("CI") != "true" and any(word in told.stdout + told.stderr for word in NO_INDEX):
        pytest.skip("pip reaches no package index")
    pytest.fail(told.stdout + told.stderr, pytrace=False)


def test_the_wheel_is_what_is_tested(project: Project) -> None:
    told = project.run("-c", "import mocksrv; print(mocksrv.__file__)")
    assert Path(told.strip()).is_relative_to(project.folder / "env")


def test_it_passes_alone_and_side_by_side(project: Project) -> None:
    told = [project.run("-m", "pytest", *options) for options in ((), ("-n", "2"))]
    alone, side_by_side = (re.sub(r" in [0-9.]+s", "", each.splitlines()[-1]).strip("= ") for each in told)
    assert re.fullmatch(r"[0-9]+ passed", alone)
    assert side_by_side == alone
