"""What the items of a parsed pattern read, and which characters they tell apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sre_constants as sre
else:
    from re import _constants as sre

# Characters that the categories tell apart; those that read well in a message come first.
_SAMPLES = "a1Z0_ -.,:;@/!x?%&+=\\#'\"()[]{}<>|~^$*`\t\n\r\x0b\x1c\x85\xa0éİ\u0660\u2003\u2028\u4e00\U0001f600\x00"

_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
}
_OPPOSITES = {
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
}


class Alphabet:
    """The characters that some items of a pattern tell apart, found by asking each about samples."""

    def __init__(self) -> None:
        self.tests: dict[Hashable, Callable[[str], bool]] = {}
        self.samples = dict.fromkeys(_SAMPLES)

    def learn(self, op: Any, value: Any, flags: int) -> Hashable:
        """Take in an item; what it is known by from now on."""
        key = (op, repr(value), flags)
        if key not in self.tests:
            self.tests[key] = reader(op, value, flags)
            self.samples |= dict.fromkeys(_borders(op, value))
        return key

    def told_apart(self, items: Iterable[Hashable]) -> tuple[list[str], list[int]]:
        """One character for all that no item tells apart, and for each item a bit set of those that it reads."""
        kinds: dict[tuple[bool, ...], str] = {}
        for char in self.samples:
            kinds.setdefault(tuple(test(char) for test in self.tests.values()), char)
        bits = {
            key: sum(1 << symbol for symbol, kind in enumerate(kinds) if kind[column])
            for column, key in enumerate(self.tests)
        }
        return list(kinds.values()), [bits[item] for item in items]


def reader(op: Any, value: Any, flags: int) -> Callable[[str], bool]:
    """Whether an item reads a character."""
    items = value if op is sre.IN else [(op, value)]
    negated = bool(items) and items[0][0] is sre.NEGATE
    tests = [_one(kind, what, flags) for kind, what in items if kind is not sre.NEGATE]

    def reads(char: str) -> bool:
        return any(test(char) for test in tests) != negated

    if flags & sre.SRE_FLAG_IGNORECASE:
        return lambda char: any(map(reads, {char, char.lower(), char.upper()}))
    return reads


def _one(kind: Any, what: Any, flags: int) -> Callable[[str], bool]:
    if kind is sre.LITERAL:
        return chr(what).__eq__
    if kind is sre.NOT_LITERAL:
        return chr(what).__ne__
    if kind is sre.RANGE:
        return lambda char: chr(what[0]) <= char <= chr(what[1])
    if kind is sre.ANY:
        return lambda char: char != "\n" or bool(flags & sre.SRE_FLAG_DOTALL)
    if kind is sre.CATEGORY:
        holds, narrow = _CATEGORIES[_OPPOSITES.get(what, what)], bool(flags & sre.SRE_FLAG_ASCII)
        return lambda char: (holds(char) and (char.isascii() or not narrow)) == (what in _CATEGORIES)
    return lambda char: True


def _borders(op: Any, value: Any) -> Iterator[str]:
    """The characters at the borders of what an item reads, and their neighbours."""
    for kind, what in value if op is sre.IN else [(op, value)]:
        if kind in (sre.LITERAL, sre.NOT_LITERAL, sre.RANGE):
            for border in what if kind is sre.RANGE else (what,):
                yield from (chr(code) for code in (border, border - 1, border + 1) if 0 <= code <= 0x10FFFF)
