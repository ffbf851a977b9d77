"""YAML with positions.

Fixtures are read as text (``no`` stays "no", a phone number keeps its zeros); specs are typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from mocksrv.errors import LoadError, Mark, Problem

# A fixture of a few kilobytes that aliases into gigabytes is the oldest YAML attack; no honest file comes near.
MOST_NODES = 200_000
MOST_DEPTH = 100
_TOO_LARGE = "too large or too deep once its aliases are followed"
_NESTING = re.compile(r"[\[{]|[-?:]\s")
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Text(str):
    """A YAML scalar that knows where it stands."""

    mark: Mark

    def __new__(cls, text: str, mark: Mark) -> Text:
        self = super().__new__(cls, text)
        self.mark = mark
        return self


class Map(dict[str, Any]):
    """A YAML mapping whose keys are Texts and that knows where it begins."""

    mark: Mark


class List(list[Any]):
    """A YAML sequence that knows where it begins."""

    mark: Mark


def mark_of(value: object, otherwise: Mark) -> Mark:
    """Where the value stands, if it came from a file."""
    return getattr(value, "mark", otherwise)


# What OpenAPI asks for, the core schema of YAML 1.2: ``no`` and ``2025-11-01`` are texts, ``012`` is twelve.
_TYPES: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile("null|Null|NULL|~|"), lambda text: None),
    (re.compile("true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile("[-+]?[0-9]{1,4000}"), int),
    (re.compile("0o[0-7]+|0x[0-9a-fA-F]+"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,2})?"), float),
)


@dataclass
class _Walk:
    """One pass over the composed nodes, collecting every problem instead of stopping at the first."""

    file: str
    scalar: Callable[[yaml.ScalarNode, Mark], Any]
    problems: list[Problem] = field(default_factory=list)
    marks: dict[tuple[str | int, ...], Mark] = field(default_factory=dict)
    nodes: int = 0

    def mark(self, node: yaml.Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES or len(path) > MOST_DEPTH:
            raise LoadError([Problem(self.mark(node), _TOO_LARGE)])
        self.marks.setdefault(path, self.mark(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            found = List(self.value(item, (*path, index)) for index, item in enumerate(node.value))
            found.mark = self.mark(node)
            return found
        return self.scalar(node, self.mark(node))  # type: ignore[arg-type]

    def mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> Map:
        found = Map()
        found.mark = self.mark(node)
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(self.mark(key_node), "a key must be a plain text"))
                continue
            key = Text(key_node.value, self.mark(key_node))
            if key in found:
                first = next(known for known in found if known == key)
                self.problems.append(Problem(key.mark, f'duplicate key "{key}"; it stands in line {first.mark.line}'))  # type: ignore[attr-defined]
                continue
            self.marks[(*path, str(key))] = key.mark
            found[key] = self.value(value_node, (*path, str(key)))
        return found


def _text(node: yaml.ScalarNode, mark: Mark) -> Text:
    return Text(node.value, mark)


def _typed(node: yaml.ScalarNode, _: Mark) -> Any:
    if node.style:  # quoted or a block: a text, whatever it looks like
        return node.value
    return next((read(node.value) for pattern, read in _TYPES if pattern.fullmatch(node.value)), node.value)


def _check_depth(text: str, file: str) -> None:
    """What is composed by recursion in C would, nested very deeply, end the process instead of raising."""
    if len(_NESTING.findall(text)) < 10_000:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH and (at := event.start_mark):
            raise LoadError([Problem(Mark(file, at.line + 1, at.column + 1), "nested too deeply")])


def _size(node: yaml.Node, walk: _Walk, sizes: dict[int, int], depth: int = 0) -> int:
    """The number of nodes once all aliases are followed, found without following them twice."""
    if id(node) in sizes:  # what is within itself is not too large, but too deep: the walk will tell
        return sizes[id(node)]
    sizes[id(node)] = 1
    inner = [node.value] if isinstance(node, yaml.SequenceNode) else node.value
    inner = inner if isinstance(node, yaml.CollectionNode) and depth <= MOST_DEPTH else ()
    sizes[id(node)] += sum(_size(each, walk, sizes, depth + 1) for group in inner for each in group)
    if sizes[id(node)] > MOST_NODES:
        raise LoadError([Problem(walk.mark(node), _TOO_LARGE)])
    return sizes[id(node)]


def _read(text: str, file: str, scalar: Callable[[yaml.ScalarNode, Mark], Any]) -> tuple[Map, _Walk]:
    walk = _Walk(file, scalar)
    try:
        if sum(map(text.count, "[{,\n")) > MOST_NODES:  # composing it only to find that would take its time
            raise LoadError([Problem(Mark(file), _TOO_LARGE)])
        _check_depth(text, file)
        node = yaml.compose(text, Loader=_Loader)
        if node is not None:
            _size(node, walk, {})
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(file, at.line + 1, at.column + 1) if at else Mark(file)
        raise LoadError([Problem(mark, f"not YAML: {error.problem or error.context}")]) from None
    except yaml.YAMLError as error:
        raise LoadError([Problem(Mark(file), f"not YAML: {str(error).splitlines()[0]}")]) from None
    except RecursionError:
        raise LoadError([Problem(Mark(file), "nested too deeply")]) from None
    if node is None:
        empty = Map()
        empty.mark = Mark(file)
        return empty, walk
    if not isinstance(node, yaml.MappingNode):
        raise LoadError([Problem(walk.mark(node), "the file must be a mapping of keys to values")])
    found = walk.value(node, ())
    if walk.problems:
        raise LoadError(walk.problems)
    return found, walk


def read_text(text: str, file: str) -> Map:
    """The document with every scalar a Text and every mapping a Map.

    Raises LoadError: bad YAML, duplicate keys, aliases beyond a bound.
    """
    return _read(text, file, _text)[0]


def read_typed(text: str, file: str) -> tuple[Map, dict[tuple[str | int, ...], Mark]]:
    """The document with numbers, booleans and null typed as in YAML's core schema, and the position of every path.

    Raises LoadError as ``read_text`` does.
    """
    found, walk = _read(text, file, _typed)
    return found, walk.marks
