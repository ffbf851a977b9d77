"""Documents written as YAML that people like to read, and that reads back as the same document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 120
# What means itself everywhere, as it holds nothing that YAML knows; and with commas, which it knows within brackets.
_PLAIN = re.compile(r"(?:[A-Za-z$/]|[0-9]{3} [A-Z])[\w$./@%+?=&-]*(?: [\w$./@%+?=&-]+)*|[0-9]+(?:ms|[smhd])", re.ASCII)
_LINE = re.compile(rf"(?:{_PLAIN.pattern})(?:, [\w$./@%+?=&-]+(?: [\w$./@%+?=&-]+)*)*", re.ASCII)
_TYPED = re.compile(r"true|false|null|yes|no|on|off|y|n|\.nan|\.inf", re.IGNORECASE)
_ODD = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def written(document: Mapping[str, Any]) -> str:
    """The text of a conversation: one line for what fits into one, a blank line between steps."""
    lines: list[str] = []
    for name, value in document.items():
        if name == "steps" and value:
            lines.append("steps:")
            for step in value:
                lines += [*_item(step, 2), ""]
        else:
            lines += _pair(name, value, 0)
    return "\n".join(lines).rstrip("\n") + "\n"


def _pair(name: str, value: Any, indent: int) -> list[str]:
    """A key with its value."""
    start = f"{' ' * indent}{_flow(name)}:"
    plain = isinstance(value, str) and _LINE.fullmatch(value) and not _TYPED.fullmatch(value)
    line = f"{start} {value if plain else _flow(value)}"
    if len(line) <= WIDTH or not isinstance(value, (Mapping, list)) or not value:
        return [line]
    return [start, *_block(value, indent + 2)]


def _block(value: Any, indent: int) -> Iterator[str]:
    """A mapping or list, an item a line."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _pair(str(name), item, indent)
        return
    for item in value:
        yield from _item(item, indent, short=True)


def _item(value: Any, indent: int, short: bool = False) -> list[str]:
    """An item of a list; on one line if it may be ``short`` and is."""
    line = f"{' ' * indent}- {_flow(value)}"
    if not isinstance(value, (Mapping, list)) or not value or (short and len(line) <= WIDTH):
        return [line]
    first, *more = _block(value, indent + 2)
    return [f"{' ' * indent}- {first.lstrip()}", *more]


def _flow(value: Any) -> str:
    """Anything on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(name))}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _TYPED.fullmatch(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return text
    if "\\" in text and "'" not in value and not _ODD.search(value):
        return f"'{value}'"
    return _ODD.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
