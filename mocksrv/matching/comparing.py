"""JSON documents compared as WireMock does it: in any order of arrays or not, with extra elements or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mocksrv.call import ABSENT, Malformed, read_json
from mocksrv.matching.unread import too_long


@dataclass
class Comparison:
    """A comparison of JSON documents, with arrays in any order or not, with extra elements or not; counts its steps."""

    any_order: bool
    extras: bool
    left: int

    def holds(self, wanted: Any, there: Any) -> bool:
        """Whether a document is the wanted one. Raises UnknownMatcher when that takes too many steps."""
        try:
            return self.same(wanted, there)
        except RecursionError:
            raise too_long("comparing JSON") from None

    def spend(self, steps: int) -> None:
        """Count steps. Raises UnknownMatcher when there were too many."""
        self.left -= steps
        if self.left < 0:
            raise too_long("comparing JSON")

    def same(self, wanted: Any, there: Any) -> bool:
        """The same; numbers are compared by value, and true is no number."""
        self.spend(1)
        if isinstance(wanted, dict) and isinstance(there, dict):
            named = wanted.keys() <= there.keys() if self.extras else wanted.keys() == there.keys()
            return named and all(self.same(value, there[name]) for name, value in wanted.items())
        if isinstance(wanted, list) and isinstance(there, list):
            fits = len(wanted) == len(there) or (self.extras and len(wanted) < len(there))
            return fits and (self.paired(wanted, there) if self.any_order else all(map(self.same, wanted, there)))
        numbers = type(wanted) in (int, float) and type(there) in (int, float)
        return (numbers or type(wanted) is type(there)) and bool(wanted == there)

    def paired(self, wanted: list[Any], there: list[Any]) -> bool:
        """Whether every wanted item finds one of its own; with extras, one that has found one may move to another."""
        free, owners = list(reversed(range(len(there)))), dict[int, int]()

        def find(index: int, tried: set[int]) -> bool:
            for place in reversed(range(len(free))):
                if self.same(wanted[index], there[free[place]]):
                    owners[free.pop(place)] = index
                    return True
            self.spend(len(owners))
            return self.extras and any(move(index, item, tried) for item in owners.keys() - tried)

        def move(index: int, item: int, tried: set[int]) -> bool:
            if item in tried or not self.same(wanted[index], there[item]):
                return False
            tried.add(item)
            moved = find(owners[item], tried)
            if moved:
                owners[item] = index
            return moved

        return all(find(index, set()) for index in range(len(wanted)))


def document_of(text: str | None) -> Any:
    """The JSON document of a text; ABSENT when it is none."""
    try:
        return read_json(text.encode("utf-8", "surrogatepass")) if text and text.strip() else ABSENT
    except Malformed:
        return ABSENT
