"""Walks through graphs: what can be reached, by which word, and what lies in circles."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
Step = tuple[Node, int]  # to a node, by a symbol
Word = tuple[int, ...]
Came = dict[Node, Step[Node] | None]


def walking(sources: Iterable[Node], steps: Callable[[Node], Iterable[Step[Node]]], came: Came[Node]) -> Iterator[Node]:
    """Every node that can be reached, the nearest first; ``came`` learns from where, and by which symbol."""
    queue = list(dict.fromkeys(sources))
    came.update(dict.fromkeys(queue))
    for node in queue:
        yield node
        for to, symbol in steps(node):
            if to not in came:
                came[to] = (node, symbol)
                queue.append(to)


def walk(sources: Iterable[Node], steps: Callable[[Node], Iterable[Step[Node]]]) -> Came[Node]:
    """Every node that can be reached, each with the step by which it was; a source with None."""
    came: Came[Node] = {}
    for _ in walking(sources, steps, came):
        pass
    return came


def spelt(came: Came[Node], node: Node) -> Word:
    """The word of the walk by which a node was reached."""
    word = []
    while (step := came[node]) is not None:
        node, symbol = step
        word.append(symbol)
    return tuple(reversed(word))


def source(came: Came[Node], node: Node) -> Node:
    """Where the walk began by which a node was reached."""
    while (step := came[node]) is not None:
        node = step[0]
    return node


def components(follow: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    """The strongly connected components, each after all that can be reached from it (Tarjan's, without recursion)."""
    number: dict[Node, int] = {}
    low: dict[Node, int] = {}
    path: list[Node] = []
    done: set[Node] = set()
    found: list[set[Node]] = []
    for root in follow:
        todo = [] if root in number else [(root, iter(follow[root]))]
        while todo:
            node, rest = todo[-1]
            if node not in number:
                number[node] = low[node] = len(number)
                path.append(node)
            to = next((each for each in rest if each not in done), None)
            if to is not None and to not in number:
                todo.append((to, iter(follow[to])))
            elif to is not None:
                low[node] = min(low[node], number[to])
            else:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[node])
                if low[node] == number[node]:
                    cut = path.index(node)
                    found.append(set(path[cut:]))
                    done |= found[-1]
                    del path[cut:]
    return found
