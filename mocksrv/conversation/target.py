"""Where a conversation is played, and what can become of a step there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mocksrv.conversation.asking import Http
from mocksrv.conversation.expecting import Difference
from mocksrv.conversation.mock import Mock
from mocksrv.conversation.steps import Step

OK, FAIL, SKIP = "ok", "FAIL", "skip"


@dataclass(frozen=True)
class Target:
    """A base URL, and the instruments of the mocksrv there, None when it is none.

    ``credentials`` are headers by the name of a client, ``given`` values for those that only instruments could give;
    ``prompt`` asks a person for a code, None when there is nobody to be asked.
    """

    url: str
    http: Http
    mock: Mock | None
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    prompt: Callable[[Step], str | None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a step. ``why`` is a sentence, ``told`` what the server says of it, line by line."""

    step: Step
    state: str
    why: str = ""
    differences: tuple[Difference, ...] = ()
    told: tuple[str, ...] = ()


class Failed(Exception):
    """A step that did not go as it should."""

    def __init__(self, why: str = "", wrong: tuple[Difference, ...] = (), told: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why, self.differences, self.told = why, wrong, told


class Skipped(Exception):
    """A step that cannot be done here; ``str()`` says why."""
