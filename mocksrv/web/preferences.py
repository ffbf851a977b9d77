"""What a client prefers, as Prism has it: ``Prefer: code=409`` and ``Prefer: example=duplicate`` (RFC 7240).

Ours beside them: ``delay=2s`` (or a range, ``"1s..3s"``) and ``fault=truncate``, with ``bytes=20`` or ``lasts=30s``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mocksrv.arming import transport_of
from mocksrv.rules import Rules
from mocksrv.spec import Example
from mocksrv.state.faults import Transport

# A preference is a token, maybe with a value; parameters behind ";" belong to it and mean nothing here (RFC 7240, 2).
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_WORD = rf'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>{_NAME}))'
_PREFERENCE = re.compile(
    rf"\s*(?P<name>{_NAME})\s*(?:=\s*{_WORD}?)?\s*(?P<rest>(?:;(?:[^\",]|\"(?:[^\"\\]|\\.)*\")*)?)"
)
_WAY = ("fault", "delay", "bytes", "lasts")
_COMMAS = re.compile(r"[\s,]*")


@dataclass(frozen=True)
class Preferred:
    """What a request prefers: which example goes out, and how it goes wrong on its way."""

    example: Example | None
    transport: Transport | None


class BadPreference(ValueError):
    """A preference that cannot be followed; ``str()`` is a sentence."""


def read_preferences(header: str) -> dict[str, str]:
    """Name to value; of a preference given twice the first counts, over several header lines too (joined by commas).

    Raises BadPreference when the text is not the form of RFC 7240.
    """
    found: dict[str, str] = {}
    position = _COMMAS.match(header).end()  # type: ignore[union-attr]
    while position < len(header):
        match = _PREFERENCE.match(header, position)
        end = match.end() if match else position
        if not match or (end < len(header) and header[end] != ","):
            raise BadPreference(f"Prefer: cannot be read from {header[position : position + 40]!r} on")
        quoted = match["quoted"]
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["bare"] or ""
        found.setdefault(match["name"].lower(), value)
        position = _COMMAS.match(header, end).end()  # type: ignore[union-attr]
    return found


def read_preferred(rules: Rules, header: str) -> Preferred:
    """What a call of an operation prefers. Raises BadPreference for what it cannot have."""
    preferences = read_preferences(header)
    order: dict[str, Any] = {word: preferences[word] for word in _WAY if word in preferences}
    if "bytes" in order:
        order["bytes"] = _count(order["bytes"])
    try:
        transport = transport_of(order) if order else None
    except ValueError as error:
        raise BadPreference(str(error)) from None
    return Preferred(asked_example(rules, preferences), transport)


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise BadPreference(f'bytes="{text}" is not a whole number')
    return int(text)


def asked_example(rules: Rules, preferences: dict[str, str]) -> Example | None:
    """The operation's example that is asked for, by status, by name, or by both.

    Raises BadPreference, listing what can be asked for, when there is no such example.
    """
    code, name = preferences.get("code"), preferences.get("example")
    if code is None and name is None:
        return None
    fitting = [
        example
        for example in rules.operation.examples
        if (code is None or str(example.status) == code) and (name is None or example.name == name)
    ]
    if not fitting:
        wanted = " ".join(part for part in (code, name) if part)
        known = ", ".join(f'"{example}"' for example in rules.operation.examples)
        raise BadPreference(f'{rules.name} has no example "{wanted}"; it has {known}')
    return next((example for example in fitting if rules.accepts(example)), fitting[0])
