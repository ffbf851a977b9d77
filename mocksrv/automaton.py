"""A pattern as an automaton: which of its characters may follow which, and in how many ways.

The pattern is read by Python's own parser, so the automaton is that of what ``re`` will run. Each place in the pattern
that reads a character is a *position*; the automaton (Glushkov's) has no steps that read nothing, so what a
backtracking matcher can try on a text is exactly the number of walks along ``follow`` that spell it.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mocksrv.charsets import Alphabet

if TYPE_CHECKING:
    import sre_constants as sre
    import sre_parse as parser
else:  # since 3.11 they live in `re`, and under their old names they warn
    from re import _constants as sre
    from re import _parser as parser

# Counted repetitions are written out as copies; where there would be more, `x{2,40}` is treated as `x{2,}`.
MOST_OPTIONAL = 10
MOST_COPIED = 150
MOST_LINKS = 200_000
BEFORE = 0  # the position of a search that has not begun to match

# What a step that reads nothing asks for: the text's beginning, its end, or something that may or may not hold there.
BEGIN, END, MAYBE = 1, 2, 4
Ways = dict[tuple[int, int], int]


class TooLarge(Exception):
    """The pattern has more positions and links than can be judged in a moment."""


@dataclass
class Automaton:
    """What a matcher may read after what.

    ``reads``: a bit set of symbols for each position; ``follow``: for each position the next ones, with the number of
    ways there; ``start``: the same for a text's first character; ``done``: after these positions the pattern has
    matched, whatever follows; ``last``: after these it has matched if the text ends; ``fixed``: it can begin in one
    place only; ``heads``: its lookaheads that are tried once at every beginning; ``lookaheads``: the others.
    """

    chars: list[str] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    follow: list[dict[int, int]] = field(default_factory=list)
    start: dict[int, int] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    last: set[int] = field(default_factory=set)
    fixed: bool = True
    heads: list[Automaton] = field(default_factory=list)
    lookaheads: list[Automaton] = field(default_factory=list)


@dataclass
class _Part:
    """A part of a pattern: the positions it may begin and end with, and how it may read nothing, each by condition."""

    first: Ways = field(default_factory=dict)
    last: Ways = field(default_factory=dict)
    empty: dict[int, int] = field(default_factory=lambda: {0: 1})


def automaton_of(pattern: str) -> Automaton:
    """The automaton of a search for the pattern, and inside it those of its lookaheads.

    Raises re.error when it is no pattern, TooLarge when it cannot be judged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python may read differently one day
            tree = parser.parse(pattern)
        return _Builder(tree.state.flags).automaton(tree, search=True)
    except RecursionError:
        raise TooLarge from None


class _Builder:
    """Makes one automaton of its parts, each of which adds its positions and links."""

    def __init__(self, flags: int, groups: dict[int, Any] | None = None) -> None:
        self.flags = flags
        self.groups = groups if groups is not None else {}
        self.made = Automaton()
        self.links = self.repeating = self.begun = 0
        self.looked: set[int] = set()
        self.alphabet = Alphabet()
        self.tested: list[Hashable] = []

    def automaton(self, tree: Any, *, search: bool) -> Automaton:
        """The automaton of a parsed pattern. A search may begin anywhere in the text, a lookahead where it stands."""
        made = self.made
        if search:
            self.position(sre.ANY_ALL, None)
            self.begun = 1
        whole = self.sequence(tree)
        for (at, _), ways in whole.first.items():
            _add(made.start, at, ways)
        if search:
            self.link({(BEFORE, 0): 1}, whole.first)
            made.fixed = not made.follow[BEFORE] and not any(need & BEGIN == 0 for need in whole.empty)
            made.start[BEFORE] = made.follow[BEFORE][BEFORE] = 1
        made.done = {at for at, need in whole.last if not need}
        made.last = {at for at, need in whole.last if not need & MAYBE}
        made.chars, made.reads = self.alphabet.told_apart(self.tested)
        return made

    def position(self, op: Any, value: Any) -> _Part:
        """A new position, and the part that consists of it alone."""
        at = len(self.tested)
        self.tested.append(self.alphabet.learn(op, value, self.flags))
        self.made.follow.append({})
        return _Part({(at, 0): 1}, {(at, 0): 1}, {})

    def link(self, left: Ways, right: Ways) -> None:
        """What ends here may be followed by what begins there: never after the text's end, nor before its beginning."""
        self.links += len(left) * len(right)
        if self.links > MOST_LINKS:
            raise TooLarge
        for (at, need), ways in left.items():
            for (to, more), count in right.items():
                if not (need & END or more & BEGIN):
                    _add(self.made.follow[at], to, ways * count)

    # -- parts of parts

    def sequence(self, items: Iterable[tuple[Any, Any]]) -> _Part:
        """One item after the other."""
        part = _Part()
        for op, value in items:
            part = self.then(part, self.item(op, value))
        return part

    def then(self, left: _Part, right: _Part) -> _Part:
        """Two parts in a row."""
        self.link(left.last, right.first)
        part = _Part(dict(left.first), dict(right.last), {})
        for need, ways in left.empty.items():
            for more, count in right.empty.items():
                _add(part.empty, need | more, ways * count)
            for (at, more), count in right.first.items():
                if not need & END:
                    _add(part.first, (at, need | more), ways * count)
        for need, ways in right.empty.items():
            for (at, more), count in left.last.items():
                if not need & BEGIN:
                    _add(part.last, (at, need | more), ways * count)
        return part

    def branch(self, alternatives: Iterable[Iterable[Any]]) -> _Part:
        """One of several parts."""
        whole = _Part(empty={})
        for part in map(self.sequence, alternatives):
            for end, ways in part.first.items():
                _add(whole.first, end, ways)
            for end, ways in part.last.items():
                _add(whole.last, end, ways)
            for need, ways in part.empty.items():
                _add(whole.empty, need, ways)
        return whole

    def repeated(self, least: int, most: int, body: Any) -> _Part:
        """``body{least,most}``: copies, then copies that may be left out, or a loop where there would be too many."""
        if not most:
            return _Part()
        before = len(self.tested)
        part = self.sequence(body)
        room = MOST_COPIED // max(1, len(self.tested) - before)
        copies = least if least <= room else 1
        more = most - copies
        endless = copies < least or more > min(room, MOST_OPTIONAL)
        if not copies:
            return self.loop(part) if endless else self.optional(part, body, more)
        for _ in range(copies - 1):
            part = self.then(part, self.sequence(body))
        if copies < least and part.empty:  # turns that must be made may read nothing: each choice of them is a way
            self.link(part.last, part.first)
            self.link(part.last, part.first)
        if not more:
            return part
        rest = self.sequence(body)
        return self.then(part, self.loop(rest) if endless else self.optional(rest, body, more))

    def optional(self, part: _Part, body: Any, times: int) -> _Part:
        """``(body(body(body)?)?)?``, of which the first copy is made already."""
        if times > 1:
            part = self.then(part, self.optional(self.sequence(body), body, times - 1))
        _add(part.empty, 0, 1)
        return part

    def loop(self, part: _Part) -> _Part:
        """``part*``. A turn that reads nothing ends the loop; whether it is made or not are two ways to end it."""
        self.link(part.last, part.first)
        end = {**part.empty, 0: 1 + part.empty.get(0, 0)}
        return self.then(_Part(part.first, part.last), _Part(empty=end))

    def item(self, op: Any, value: Any) -> _Part:
        """One item of a parsed pattern."""
        if op in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            return self.position(op, value)
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            self.repeating += 1
            part = self.repeated(*value)
            self.repeating -= 1
            return part
        if op is sre.BRANCH:
            return self.branch(value[1])
        if op is sre.SUBPATTERN:
            return self.group(*value)
        if op in (sre.ATOMIC_GROUP, sre.GROUPREF):  # a reference may read whatever its group may
            return self.sequence(value if op is sre.ATOMIC_GROUP else self.groups.get(value, ()))
        if op is sre.GROUPREF_EXISTS:
            return self.branch([each or () for each in value[1:]])
        return _Part(empty={self.condition(op, value): 1})

    def group(self, number: int | None, on: int, off: int, body: Any) -> _Part:
        """A group, with its own flags; what it reads may be read again by its number."""
        outer, self.flags = self.flags, (self.flags | on) & ~off
        part = self.sequence(body)
        self.flags = outer
        if number is not None:
            self.groups[number] = body
        return part

    def condition(self, op: Any, value: Any) -> int:
        """What an item that reads nothing asks for. A lookahead is an automaton of its own."""
        lines = self.flags & sre.SRE_FLAG_MULTILINE
        if op is sre.AT and (value is sre.AT_BEGINNING_STRING or (value is sre.AT_BEGINNING and not lines)):
            return BEGIN
        if op is sre.AT and (value is sre.AT_END_STRING or (value is sre.AT_END and not lines)):
            return END
        if op in (sre.ASSERT, sre.ASSERT_NOT) and value[0] > 0:
            self.look(value[1])
        return MAYBE

    def look(self, ahead: Any) -> None:
        """A lookahead, of which one copy is enough."""
        if id(ahead) not in self.looked:
            self.looked.add(id(ahead))
            at_head = not self.repeating and len(self.tested) == self.begun
            found = self.made.heads if at_head else self.made.lookaheads
            found.append(_Builder(self.flags, self.groups).automaton(ahead, search=False))


def _add(ways: dict[Any, int], key: Any, count: int) -> None:
    ways[key] = ways.get(key, 0) + count
