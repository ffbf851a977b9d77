"""A conversation as a value: its steps, and what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.errors import Mark

ADMIN = "/__admin"
NO_ANSWER = "no answer"
# What a step may say, by the word that tells its kind.
WORDS: Mapping[str, tuple[str, ...]] = {
    "ask": ("say", "ask", "as", "with", "send", "raw", "sign", "expect", "headers", "body", "remember"),
    "otp": ("say", "otp", "to", "within"),
    "clock": ("say", "clock"),
    "arm": ("say", "arm"),
    "start": ("say", "start"),
    "stop": ("say", "stop"),
}


@dataclass(frozen=True)
class Step:
    """One step. ``given`` is what the file says of it, ``kind`` one of ``WORDS``."""

    mark: Mark
    kind: str
    given: Mapping[str, Any] = field(repr=False)

    @property
    def method(self) -> str:
        """What a call asks with; empty for a step that is none."""
        return str(self.given.get("ask", "")).partition(" ")[0]

    @property
    def path(self) -> str:
        """What a call asks for, with its query; empty for a step that is none."""
        return str(self.given.get("ask", "")).partition(" ")[2].strip()

    @property
    def instrument(self) -> bool:
        """Whether only a mocksrv can do it."""
        return self.kind != "ask" or self.path == ADMIN or self.path.startswith(f"{ADMIN}/")

    @property
    def title(self) -> str:
        """What it says, or what it does."""
        return str(self.given.get("say") or self.deed)

    @property
    def deed(self) -> str:
        """What it does, in a few words."""
        if self.kind == "otp":
            whom = f" to {self.given['to']}" if "to" in self.given else ""
            return f"otp {self.given['otp']}{whom}"
        said = self.given[self.kind]
        if self.kind == "clock":
            return f"clock: {' '.join(str(said[name]) for name in ('action', 'by', 'to') if name in said)}"
        if self.kind == "arm":
            return f"arm: {', '.join(f'{name} {value}' for name, value in said.items())}"
        return str(said) if self.kind == "ask" else f"{self.kind} {said}"

    def __str__(self) -> str:
        return f"{self.mark}: {self.title}"


@dataclass(frozen=True)
class Conversation:
    """Steps that belong together, with what holds for all of them: the client, headers, the choices of the sandbox."""

    file: str
    about: str
    client: str | None
    headers: Mapping[str, Any]
    sandbox: Mapping[str, Any]
    steps: tuple[Step, ...]
