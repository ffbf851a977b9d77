"""What a backtracking matcher may do with an automaton: the texts on which its work explodes, or grows by a power.

A matcher that fails has tried every walk that spells the text, so its work is the number of walks. That number grows
exponentially with the text just when some position returns to itself in two ways by one word; else as a power of the
text's length, by as many loops in a row as can hand one word on (Weber and Seidl 1991; Weideman and others 2016).
A position after which the pattern has matched stops that: a matcher that fails beyond it goes back to it and succeeds.

Lookarounds and word boundaries are taken to hold or not, as is worse; whether another way to match a text would be
tried first is not asked. So a pattern may be blamed that happens to be harmless, but none is passed over that is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mocksrv.automaton import Automaton, TooLarge
from mocksrv.graphs import Came, Word, components, source, spelt, walk, walking

MOST_STEPS = 1_000_000
MOST_SUBSETS, MOST_PUMPS = 300, 100
# A text this short must not cost more walks than this, however the pattern comes to them (`a?a?a?...aaa`).
PROBE_LENGTH, MOST_WALKS = 60, 10_000_000
OUTSIDE = -1  # where every walk begins
Pair = tuple[int, int]
Triple = tuple[int, int, int]
Reached = frozenset[int]


@dataclass(frozen=True)
class Attack:
    """A text on which the work explodes: ``prefix``, ``pump`` many times over, ``suffix``. Some need no pump."""

    prefix: str
    pump: str
    suffix: str

    def text(self, length: int) -> str:
        """One such text, of about a length."""
        return self.prefix + self.pump * (length // max(1, len(self.pump))) + self.suffix


class Matcher:
    """A backtracking matcher on one automaton."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.left = MOST_STEPS
        self.widest = 0  # the most walks at once that a probe has met
        self.follow = {OUTSIDE: automaton.start, **dict(enumerate(automaton.follow))}
        self.came = walk([OUTSIDE], self.steps)
        alive = self.came.keys() - automaton.done
        self.alive = {at: {to: ways for to, ways in self.follow[at].items() if to in alive} for at in sorted(alive)}
        self.loops = [loop for loop in components(self.alive) if any(loop & self.alive[at].keys() for at in loop)]

    def shared(self, *positions: int) -> int | None:
        """A symbol that all the positions read."""
        self.left -= 1
        if self.left < 0:
            raise TooLarge
        bits = -1
        for at in positions:
            bits &= self.automaton.reads[at]
        return (bits & -bits).bit_length() - 1 if bits else None

    def steps(self, at: int) -> Iterator[tuple[int, int]]:
        """The next positions, each with a symbol by which it is reached."""
        for to in self.follow[at]:
            if (symbol := self.shared(to)) is not None:
                yield to, symbol

    def unmatched(self, at: int) -> Iterator[tuple[int, int]]:
        """The same, as long as nothing has matched."""
        return (step for step in self.steps(at) if step[0] in self.alive)

    # -- work that explodes

    def attack(self) -> Attack | None:
        """A text on which every further ``pump`` multiplies the work; None when there is none.

        Raises TooLarge when that cannot be told.
        """
        for loop in self.loops:
            if found := self.pump(loop):
                at, pump = found
                attack = self.failing(at, spelt(self.came, at), pump)
                if attack is not None:
                    return attack
        return self.probe()

    def pump(self, loop: set[int]) -> tuple[int, Word] | None:
        """A position of a loop and a word by which it returns to itself in two ways."""
        for at in sorted(loop):
            for to, ways in self.alive[at].items():
                if to in loop and ways > 1:
                    return at, (self.shared(to) or 0, *self.back(to, at, loop))
        edges: dict[Pair, list[tuple[Pair, int]]] = {}

        def both(pair: Pair) -> Iterator[tuple[Pair, int]]:
            for left in self.alive[pair[0]].keys() & loop:
                for right in self.alive[pair[1]].keys() & loop:
                    if (symbol := self.shared(left, right)) is not None:
                        to = (min(left, right), max(left, right))
                        edges.setdefault(to, []).append((pair, symbol))
                        yield to, symbol

        same = [(at, at) for at in sorted(loop)]
        parted = walk(same, both)
        joined = walk(same, lambda pair: edges.get(pair, ()))
        for pair in sorted(parted.keys() & joined.keys() - set(same)):
            begin, end = source(parted, pair)[0], source(joined, pair)[0]
            word = spelt(parted, pair) + spelt(joined, pair)[::-1]
            return begin, word + self.back(end, begin, loop)
        return None

    def back(self, at: int, to: int, loop: set[int]) -> Word:
        """A word that leads from one position of a loop to another."""
        return spelt(walk([at], lambda each: [step for step in self.steps(each) if step[0] in loop]), to)

    def probe(self) -> Attack | None:
        """A short text that costs too many walks, be it from the beginning or from where the pattern has matched."""
        matched = [
            at for at in sorted(self.automaton.done & self.came.keys()) if self.follow[at].keys() & self.alive.keys()
        ]
        return next(filter(None, map(self.costly, [OUTSIDE, *matched])), None)

    def costly(self, begin: int) -> Attack | None:
        """Such a text from a position on: always the symbol which leaves the most ways open, and matches nothing."""
        word: Word = ()
        walks, cost = {begin: 1}, 0
        for _ in range(PROBE_LENGTH):
            ways: dict[int, int] = {}
            for at, count in walks.items():
                for to, more in self.follow[at].items():
                    ways[to] = ways.get(to, 0) + count * more
            choices = [self.reading(ways, symbol) for symbol in range(len(self.automaton.chars))]
            sums = [0 if choice.keys() & self.automaton.done else sum(choice.values()) for choice in choices]
            if not any(sums):
                return None
            symbol = sums.index(max(sums))
            walks, word, cost = choices[symbol], (*word, symbol), cost + sums[symbol]
            self.widest = max(self.widest, sums[symbol])
            if cost > MOST_WALKS:
                suffix = self.suffix(frozenset(walks))
                way_in = spelt(self.came, begin)
                return None if suffix is None else Attack(self.text(way_in + word), "", self.text(suffix))
        return None

    def reading(self, ways: dict[int, int], symbol: int) -> dict[int, int]:
        """The positions that read a symbol."""
        return {at: count for at, count in ways.items() if self.automaton.reads[at] >> symbol & 1}

    # -- texts that fail

    def failing(self, at: int, prefix: Word, pump: Word) -> Attack | None:
        """The attack by a word that leads to a position and one that is pumped there, if its text can fail.

        Best is a text that the pattern does not match at all; else one that cannot match from that position on.
        """
        suffix = self.suffix(self.pumped(frozenset([OUTSIDE]), prefix, pump))
        if suffix is None:
            suffix = self.suffix(self.pumped(frozenset([at]), (), pump))
        return None if suffix is None else Attack(self.text(prefix), self.text(pump), self.text(suffix))

    def pumped(self, reached: Reached | None, prefix: Word, pump: Word) -> Reached | None:
        """All positions after a word and one that is read until no more come; None when that is a match."""
        reached = self.read_word(reached, prefix)
        for _ in range(MOST_PUMPS):
            before, reached = reached, self.read_word(reached, pump)
            if reached == before:
                break
        return reached

    def suffix(self, reached: Reached | None) -> Word | None:
        """A word with which every walk on from some positions fails; None when one matches whatever comes."""
        came: Came[Reached] = {}
        for subset in walking([] if reached is None else [reached], self.further, came):
            if not subset & self.automaton.last or len(came) > MOST_SUBSETS:
                return spelt(came, subset)
        return None

    def further(self, at: Reached) -> Iterator[tuple[Reached, int]]:
        """Where each symbol leads that is not a match."""
        for symbol in range(len(self.automaton.chars)):
            if (to := self.read(at, symbol)) is not None:
                yield to, symbol

    def read_word(self, reached: Reached | None, word: Word) -> Reached | None:
        """All positions after a word; None when it has brought a match."""
        for symbol in word:
            reached = None if reached is None else self.read(reached, symbol)
        return reached

    def read(self, reached: Reached, symbol: int) -> Reached | None:
        """All positions after one more symbol; None when that is a match."""
        ways = {to: 1 for at in reached for to in self.follow[at]}
        to = frozenset(self.reading(ways, symbol))
        return None if to & self.automaton.done else to

    def text(self, word: Word) -> str:
        """A word as one text that is spelt by it."""
        return "".join(self.automaton.chars[symbol] for symbol in word)

    # -- work that grows by a power

    def degree(self) -> int:
        """The power of a text's length by which the work grows at most: 0 for a pattern without loops.

        Raises TooLarge when that cannot be told.
        """
        reach = [walk(loop, self.unmatched).keys() for loop in self.loops]
        deep: list[int] = []
        for first in range(len(self.loops)):  # they come last first
            later = [second for second in range(first) if self.loops[second] <= reach[first]]
            deep.append(max((deep[second] + self.passes(first, second, reach[first]) for second in later), default=0))
        return 1 + max(deep, default=-1)

    def passes(self, first: int, second: int, between: Collection[int]) -> bool:
        """Whether one word goes round a loop, round a later one, and from the one to the other."""
        here, there = self.loops[first], self.loops[second]

        def thrice(at: Triple) -> Iterator[tuple[Triple, int]]:
            for one in self.alive[at[0]].keys() & here:
                for two in self.alive[at[1]].keys() & between:
                    for three in self.alive[at[2]].keys() & there:
                        if (symbol := self.shared(one, two, three)) is not None:
                            yield (one, two, three), symbol

        return any((one, two, two) in walk([(one, one, two)], thrice) for one in here for two in there)
