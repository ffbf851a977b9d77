"""Conversations: calls and the answers they must get, in YAML. Tests and documentation at once.

A step asks and expects::

    - say: the same id again
      ask: POST /ppi/otp/generate
      with: {x-client-id: TEST_CLIENT_ID}    # headers, beside the conversation's own; null takes one away
      send: {otp_verification_id: Test123}   # JSON; `raw:` sends a text as it is
      expect: 409
      headers: {Retry-After: "60"}           # those named
      body: {code: ..., message: ...}        # the whole body
      remember: {token: auth.token}          # later steps write $token

A text that begins with ``~ `` is a regular expression for the whole value.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mocksrv.errors import LoadError, Mark, Problem, nearest
from mocksrv.yamltext import read_typed

STEP = ("say", "ask", "with", "send", "raw", "expect", "headers", "body", "remember")
_REMEMBERED = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Step:
    """One call and what must come back."""

    mark: Mark
    method: str
    path: str
    given: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.mark}: {self.given.get('say') or self.given['ask']}"


@dataclass(frozen=True)
class Conversation:
    """Steps that belong together, with the headers that all of them send."""

    file: str
    about: str
    headers: dict[str, Any]
    steps: tuple[Step, ...]


class Mismatch(AssertionError):
    """An answer that is not what was expected; ``str()`` says where it was written and how it differs."""


def read_conversation(path: Path, root: Path) -> Conversation:
    """Read a conversation. Raises LoadError with what is wrong and where."""
    file = path.relative_to(root).as_posix()
    data, marks = read_typed(path.read_text("utf-8"), file)
    problems = [Problem(marks[key,], f'unknown key "{key}"{nearest(key, ("about", "headers", "steps"))}')
                for key in data if key not in ("about", "headers", "steps")]  # fmt: skip
    steps: list[Step] = []
    for index, given in enumerate(data.get("steps") or []):
        mark = marks["steps", index]
        unknown = [key for key in given if key not in STEP]
        problems += [
            Problem(marks["steps", index, str(key)], f'unknown key "{key}"{nearest(key, STEP)}') for key in unknown
        ]
        method, _, target = str(given.get("ask", "")).partition(" ")
        if not target or "expect" not in given:
            problems.append(Problem(mark, 'a step has "ask: <METHOD> <path>" and "expect: <status>"'))
        steps.append(Step(mark, method, target, given))
    if problems:
        raise LoadError(problems)
    return Conversation(file, str(data.get("about", file)), data.get("headers") or {}, tuple(steps))


def hold(conversation: Conversation, url: str) -> Iterator[Step]:
    """Ask every step of the server at the URL (a sandbox's prefix may stand in it); gives each step that went well.

    Raises Mismatch at the first answer that is not as expected.
    """
    remembered: dict[str, str] = {}
    for step in conversation.steps:
        given = _filled(step.given, remembered)
        headers = {**conversation.headers, **(given.get("with") or {})}
        status, sent, body = call(url, step.method, _fill(step.path, remembered), _filled(headers, remembered), given)
        _compare(step, given, status, sent, body)
        for name, place in (given.get("remember") or {}).items():
            remembered[name] = str(_at(body, place))
        yield step


def call(
    url: str, method: str, path: str, headers: dict[str, Any], given: dict[str, Any]
) -> tuple[int, http.client.HTTPMessage, Any]:
    """One HTTP call: status, headers, and the body as JSON or text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "localhost", parts.port, timeout=30)
    body = given["raw"].encode() if "raw" in given else json.dumps(given["send"]).encode() if "send" in given else None
    if "send" in given:
        headers = {"Content-Type": "application/json", **headers}
    wanted = {name: str(value) for name, value in headers.items() if value is not None}
    try:
        connection.request(method, parts.path + path, body, wanted)
        response = connection.getresponse()
        text = response.read().decode("utf-8")
    finally:
        connection.close()
    try:
        return response.status, response.headers, json.loads(text)
    except ValueError:
        return response.status, response.headers, text


def _fill(text: str, remembered: dict[str, str]) -> str:
    return _REMEMBERED.sub(lambda match: remembered.get(match[1], match[0]), text)


def _filled(value: Any, remembered: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _fill(value, remembered)
    if isinstance(value, dict):
        return {str(key): _filled(item, remembered) for key, item in value.items()}
    return [_filled(item, remembered) for item in value] if isinstance(value, list) else value


def _at(body: Any, place: str) -> Any:
    for step in place.split("."):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def _compare(step: Step, given: dict[str, Any], status: int, headers: http.client.HTTPMessage, body: Any) -> None:
    wrong = []
    if status != given["expect"]:
        wrong.append(f"status {status} instead of {given['expect']}")
    for name, value in (given.get("headers") or {}).items():
        if not _matches(value, headers.get(name)):
            wrong.append(f"header {name}: {headers.get(name)!r} instead of {value!r}")
    if "body" in given and not _matches(given["body"], body):
        wrong.append(f"body instead of {json.dumps(given['body'], ensure_ascii=False)}")
    if wrong:
        why = headers.get("X-Mocksrv-Why", "")
        raise Mismatch(f"{step}\n  {'; '.join(wrong)}\n  got {json.dumps(body, ensure_ascii=False)}\n  {why}")


def _matches(expected: Any, found: Any) -> bool:
    if isinstance(expected, str) and expected.startswith("~ "):
        return isinstance(found, str) and re.fullmatch(expected[2:], found) is not None
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(_matches(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_matches, expected, found))
    return type(expected) is type(found) and bool(expected == found)
