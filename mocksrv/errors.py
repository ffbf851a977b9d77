"""Our own errors: a bad spec, a bad fixture, a bad setting. Never the vendor's: those are replies."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Mark:
    """A position in a file that a person wrote; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a spec or a fixture, and where."""

    mark: Mark
    what: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.what}"


class MocksrvError(Exception):
    """Whatever mocksrv itself refuses to do; ``str()`` is a sentence for a person."""

    exit_code = 1


class LoadError(MocksrvError):
    """Specs or fixtures that cannot be served; ``problems`` holds all of them, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SettingsError(MocksrvError):
    """A setting whose value cannot be used."""

    exit_code = 2


class CannotListen(MocksrvError):
    """The address cannot be listened on: it is not ours, or not an address."""

    exit_code = 3


class PortTaken(CannotListen):
    """Another program listens on the port already."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of an error message that names the right word: ``; did you mean "x"?``, or what is known."""
    words = sorted(set(known))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not close:
        lower = {candidate.lower(): candidate for candidate in words}
        close = [lower[found] for found in difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)]
    if close:
        return f'; did you mean "{close[0]}"?'
    if not words:
        return "; there is none"
    return "; known: " + ", ".join(words[:20]) + (", ..." if len(words) > 20 else "")
