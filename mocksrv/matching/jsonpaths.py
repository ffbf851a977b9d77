"""JSONPath as WireMock reads it: what Jayway writes, read by a library for RFC 9535, walked in counted steps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from mocksrv.call import ABSENT, text_of
from mocksrv.matching import unread
from mocksrv.matching.unread import UnknownMatcher, a_short_text, shown, too_long

if TYPE_CHECKING:
    from jsonpath import JSONPath, JSONPathEnvironment
    from jsonpath.selectors import Filter, JSONPathSelector

STEPS_OF_A_FILTER = 3
# What Jayway has and RFC 9535 has not: `.['a']` and `@.a.size()`. A text in quotes stays as it is.
_JAYWAY = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?<!\.)\.(?=\[)"""
    r"""|(?P<of>[@$](?:\.[\w-]+|\[(?:\d+|'[^'\\]*'|"[^"\\]*")\])*)\.(?:length|size)\(\)"""
)
_SIZE = re.compile(r"(.+)\.(?:length|size)\(\)", re.DOTALL)


@dataclass(frozen=True)
class _Selector:
    """What a selector may take from a node, which of it it takes, and about how many steps each costs."""

    candidates: Callable[[Any], Sequence[Any]]
    takes: Callable[[Any, Any], bool] | None = None
    steps: int = 1


@dataclass(frozen=True)
class Path:
    """A JSONPath: segments, each of selectors that look at the nodes or, deep, at all that is in them.

    The library reads it, and judges filters. It does not walk, as it would write down the path of every node, take each
    as often as there are ways to it, and look for a filter's objects where Jayway does not.
    """

    segments: tuple[tuple[bool, tuple[_Selector, ...]], ...]
    definite: bool
    sized: bool

    def found(self, document: Any) -> Any:
        """What a definite path leads to, or its size, or None; of another path, the list of all that it leads to."""
        nodes = [] if document is ABSENT else self.nodes(document)
        if not self.definite:
            return nodes
        value = nodes[0] if nodes else None
        return value if not self.sized else len(value) if isinstance(value, (dict, list)) else None

    def nodes(self, document: Any) -> list[Any]:
        """All that the path leads to. Raises UnknownMatcher when finding it takes too many steps."""
        nodes, left = [document], unread.MOST_STEPS
        for deep, selectors in self.segments:
            found: list[Any] = []
            for node in _within(nodes) if deep else nodes:
                for selector in selectors:
                    candidates, takes = selector.candidates(node), selector.takes
                    left -= 1 + len(candidates) * selector.steps
                    if left < 0:
                        raise too_long("following a JSONPath")
                    found += [each for each in candidates if takes is None or takes(each, document)]
            nodes = found
        return nodes

    def texts(self, document: Any, *, whole: bool) -> list[str]:
        """The texts that a matcher judges: of each item of a list, or of the list as a whole. Null is none."""
        found = self.found(document)
        each = found if isinstance(found, list) and not whole else [found]
        return [json.dumps(one) if whole else text_of(one) for one in each if one is not None]


@cache
def _environment() -> JSONPathEnvironment:
    """RFC 9535 with one function, of our own, and with comparisons as Jayway makes them."""
    from jsonpath import UNDEFINED, JSONPathEnvironment
    from jsonpath.function_extensions import ExpressionType, FilterFunction

    class Size(FilterFunction):
        arg_types = [ExpressionType.VALUE]  # noqa: RUF012
        return_type = ExpressionType.VALUE

        def __call__(self, value: object) -> object:
            return len(value) if isinstance(value, (dict, list)) else UNDEFINED

    class Environment(JSONPathEnvironment):
        def setup_function_extensions(self) -> None:
            self.function_extensions = {"size": Size()}

        def compare(self, left: object, operator: str, right: object) -> bool:
            """Nothing equals what is not there; a number equals the text of its digits; only alike has an order."""
            if operator == "!=":
                return not self.compare(left, "==", right)
            numbers = [type(each) in (int, float) for each in (left, right)]
            texts = [isinstance(each, str) for each in (left, right)]
            if operator in ("&&", "||") or all(numbers) or all(texts):
                return super().compare(left, operator, right)
            if any(numbers) and any(texts):
                left, right = text_of(left), text_of(right)
            return operator == "==" and UNDEFINED not in (left, right) and super().compare(left, "==", right)

    return Environment(strict=True)


def read_path(name: str, value: Any) -> Path:
    """A JSONPath as Jayway writes it: ``a`` is ``$.a``, and ``$.a.size()`` is a number. Raises UnknownMatcher."""
    from jsonpath import JSONPathError
    from jsonpath.segments import JSONPathRecursiveDescentSegment

    text = a_short_text(name, value).strip()
    size = _SIZE.fullmatch(text)
    text = size[1] if size else text
    words = _JAYWAY.sub(_rewritten, text if text.startswith("$") else f"$.{text}")
    try:
        path = cast("JSONPath", _environment().compile(words))
    except (JSONPathError, ValueError, OverflowError, RecursionError) as error:
        why = error.message if isinstance(error, JSONPathError) else error
        raise unread_path(value, str(why)) from None
    if size and not path.singular_query():
        raise unread_path(value, "of many nodes there is no size")
    segments = [
        (isinstance(each, JSONPathRecursiveDescentSegment), tuple(_selector(value, one) for one in each.selectors))
        for each in path.segments
    ]
    return Path(tuple(segments), path.singular_query(), size is not None)


def _rewritten(found: re.Match[str]) -> str:
    return f"size({found['of']})" if found["of"] else "" if found[0] == "." else found[0]


def _selector(value: str, selector: JSONPathSelector) -> _Selector:
    """A selector of the library's as one of ours. Raises UnknownMatcher."""
    from jsonpath import selectors

    if isinstance(selector, selectors.NameSelector):
        return _Selector(partial(_member, selector.name))
    if isinstance(selector, selectors.IndexSelector):
        return _Selector(partial(_slice, slice(selector.index, selector.index + 1 or None)))
    if isinstance(selector, selectors.SliceSelector):
        return _Selector(partial(_slice, selector.slice))
    if isinstance(selector, selectors.WildcardSelector):
        return _Selector(_children)
    if isinstance(selector, selectors.Filter):
        return _filter(value, selector)
    raise unread_path(value, "there is more in brackets than names, indexes, slices, filters and *")


def _filter(value: str, selector: Filter) -> _Selector:
    """A filter, of whose paths each leads to one node at most: so its time does not grow with the document."""
    from jsonpath.filter import FilterQuery, walk
    from jsonpath.selectors import FilterContext

    parts = list(walk(selector.expression))
    paths = [part.path for part in parts if isinstance(part, FilterQuery)]
    if not all(path.singular_query() for path in paths):
        raise unread_path(value, "within a filter, a path has names and indexes only")

    def takes(node: Any, root: Any) -> bool:
        return selector.expression.evaluate(FilterContext(env=selector.env, current=node, root=root))

    return _Selector(_tested, takes, STEPS_OF_A_FILTER * (len(parts) + sum(len(path.segments) for path in paths)))


def _member(name: str, node: Any) -> list[Any]:
    return [node[name]] if isinstance(node, dict) and name in node else []


def _slice(part: slice, node: Any) -> list[Any]:
    return node[part] if isinstance(node, list) and part.step != 0 else []


def _children(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def _tested(node: Any) -> list[Any]:
    return node if isinstance(node, list) else [node] if isinstance(node, dict) else []


def _within(nodes: Iterable[Any]) -> Iterator[Any]:
    """The nodes and all that is in them, from above and from the left."""
    for top in nodes:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(_children(node))


def unread_path(value: str, why: str) -> UnknownMatcher:
    """Of a JSONPath, with what to do about a regex in it."""
    regex = '; a regex stands beside it: {"expression": ..., "matches": ...}'
    hint = regex if re.search(r"=~|\b(?:match|search)\(", value) else ""
    return UnknownMatcher(f"{shown(value)} is not a JSONPath that is read: {why}{hint}")
