"""What the admin API answers, as values. Each ``read`` takes the document as ``web/admin.yaml`` describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

MOST_SHOWN = 300


def moment(text: str) -> datetime:
    """A moment as the admin API writes it."""
    return datetime.fromisoformat(text.upper())


@dataclass(frozen=True)
class Message:
    """What a person would have received. ``via`` is the channel, ``to`` the address on it."""

    id: str
    product: str
    operation: str
    via: str
    to: str
    subject: str | None
    text: str
    code: str | None
    sent: datetime

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        names = ("id", "product", "operation", "via", "to", "subject", "text", "code")
        return cls(**{name: told[name] for name in names}, sent=moment(told["sent"]))

    def __str__(self) -> str:
        return f'{self.via} to {self.to}: "{self.text}" ({self.operation})'


@dataclass(frozen=True)
class Otp:
    """A code that was sent. ``state`` is of now: live, used, expired, locked, replaced or forgotten."""

    id: int
    code: str
    to: str | None
    recipients: tuple[str, ...]
    key: str
    product: str
    operation: str
    state: str
    sent: datetime
    expires: datetime | None

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls(
            **{name: told[name] for name in ("id", "code", "to", "key", "product", "operation", "state")},
            recipients=tuple(told["recipients"]),
            sent=moment(told["sent"]),
            expires=moment(told["expires"]) if told["expires"] else None,
        )


@dataclass(frozen=True)
class Request:
    """A call that the sandbox got, and what it answered.

    ``operation`` is None when no operation has that method and path; ``violations`` say how the call broke the
    operation's contract; ``why`` what decided the answer. Secrets are masked.
    """

    id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: str
    status: int
    answer: str
    operation: str | None
    client: str | None
    why: str
    violations: tuple[str, ...]
    at: datetime
    told: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        request, response = told["request"], told["response"]
        return cls(
            **{name: request[name] for name in ("id", "method", "url", "headers", "body")},
            **{name: told[name] for name in ("operation", "client", "why")},
            status=response["status"],
            answer=response["body"],
            violations=tuple(told["violations"]),
            at=moment(told["sandboxDate"]),
            told=told,
        )

    @property
    def path(self) -> str:
        """Its path, without the query."""
        return self.url.partition("?")[0]

    def json(self) -> Any:
        """The body that was sent, read as JSON. Raises ValueError."""
        return json.loads(self.body)

    def __str__(self) -> str:
        lines = [
            f"{self.method} {self.url} -> {self.status}, {self.operation or 'no operation'}",
            f"because {self.why}",
        ]
        if self.violations:
            lines.append(f"wrong   {', '.join(self.violations)}")
        if self.body:
            lines.append(f"sent    {self.body if len(self.body) <= MOST_SHOWN else self.body[:MOST_SHOWN] + ' ...'}")
        return "\n    ".join(lines)


@dataclass(frozen=True)
class Fault:
    """What is armed for calls to come. ``left`` is None when it is bounded by time only."""

    id: str
    armed: bool
    acted: int
    left: int | None
    order: Mapping[str, Any]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls(**{name: told[name] for name in ("id", "armed", "acted", "left", "order")})


@dataclass(frozen=True)
class Record:
    """What a product remembers under a kind and a key; ``scope`` is whose it is, None when it is everybody's."""

    product: str
    scope: str | None
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls(told["product"], told["scope"], told["fields"])


@dataclass(frozen=True)
class Operation:
    """What is served: its name, its paths with their templates, and every answer that it can give."""

    name: str
    product: str
    method: str
    paths: tuple[str, ...]
    answers: tuple[str, ...]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls(told["operation"], told["product"], told["method"], tuple(told["paths"]), tuple(told["answers"]))

    @property
    def vendor(self) -> str:
        """The vendor of its product."""
        return self.product.partition("/")[0]
