"""What references make of a spec once they are followed: circles, depth, size.

prance replaces each reference by what it means, and keeps only those that close a circle. A few lines could so become
gigabytes, or a nesting deeper than Python goes; and a circle through several files would be closed in none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mocksrv.errors import Problem
from mocksrv.graphs import components
from mocksrv.references import Inclusion, Reference, Target

MOST_NODES = 200_000
MOST_LEVELS = 100


class _Weight(NamedTuple):
    """How many things a place holds once all references in it are followed, and how deep they nest."""

    nodes: int
    levels: int


class _TooMuch(Exception):
    def __init__(self, reference: Reference) -> None:
        self.reference = reference


class Weighing:
    """The references of a spec, by the places that they lead to and stand in."""

    def __init__(self, inclusion: Inclusion) -> None:
        self.inclusion = inclusion
        self.references = [each for each in inclusion.references.values() if each.word == "$ref"]
        places = {inclusion.main, *(each.target for each in self.references)}
        self.within: dict[Target, list[Reference]] = {place: [] for place in places}
        for reference in self.references:
            for length in range(len(reference.at.path) + 1):
                around = Target(reference.at.file, reference.at.path[:length])
                if around in places:
                    self.within[around].append(reference)
        self.weights: dict[Target, _Weight] = {}

    def problems(self) -> list[Problem]:
        """Everything that is wrong with them as a whole; what is found first makes the rest pointless to ask."""
        return list(self.circles()) or list(self.circles_across()) or list(self.heavy())

    def circles(self) -> Iterator[Problem]:
        """References that follow each other in a circle, with nothing between them."""
        follows = {each.at: each.target for each in self.references}
        round_: dict[Target, bool] = {}
        for place in follows:
            trail = []
            while place in follows and place not in round_:
                round_[place] = True  # should the trail come back here
                trail.append(place)
                place = follows[place]
            round_ |= dict.fromkeys(trail, round_.get(place, False))
        for reference in self.references:
            if round_.get(reference.target):
                yield Problem(reference.mark, f'"{reference.text}" leads back to itself')

    def circles_across(self) -> Iterator[Problem]:
        """References that close a circle through several files."""
        follow = {place: [each.target for each in references] for place, references in self.within.items()}
        for circle in components(follow):
            if len({place.file for place in circle}) > 1:
                files = ", ".join(sorted({self.inclusion.files[place.file].file for place in circle}))
                for reference in {each for place in circle for each in self.within[place] if each.target in circle}:
                    if reference.target.file != reference.at.file:
                        yield Problem(reference.mark, f'"{reference.text}" closes a circle across files: {files}')

    def heavy(self) -> Iterator[Problem]:
        """The first reference that leads to too much."""
        try:
            self.weigh(self.inclusion.main, None)
        except _TooMuch as error:
            culprit = error.reference
            yield Problem(culprit.mark, f'"{culprit.text}" leads to too much, or too deep, once all in it is followed')

    def weigh(self, place: Target, by: Reference | None, links: int = 0) -> None:
        """Learn what a place weighs. As in prance, a reference to what is being weighed is not followed."""
        self.weights[place] = _Weight(0, 0)
        whole = _measured(self.inclusion.value(place))
        for each in self.within[place]:
            if links > MOST_LEVELS:
                raise _TooMuch(each)
            if each.target not in self.weights:
                self.weigh(each.target, each, links + 1)
            inner, level = self.weights[each.target], len(each.at.path) - len(place.path) + 1
            whole = _Weight(whole.nodes + inner.nodes, max(whole.levels, level + inner.levels))
            if whole.nodes > MOST_NODES or whole.levels > MOST_LEVELS:
                raise _TooMuch(each if by is None else by)
        self.weights[place] = whole


def _measured(value: Any) -> _Weight:
    inner = list(map(_measured, value.values() if isinstance(value, dict) else value)) if _holds(value) else []
    return _Weight(1 + sum(each.nodes for each in inner), 1 + max((each.levels for each in inner), default=0))


def _holds(value: Any) -> bool:
    return isinstance(value, (dict, list))
