r"""Patterns: which of them may be served, and what judges a text by one while serving.

Python's ``re`` tries every way to match before it says no. Where the number of ways explodes with the text's length
(``^(a+)+$``), or grows with a high power of it, one request could stall the server: such a pattern is refused at load.
Where it grows with a low power (``^\S+@\S+\.\S+$``, as vendors do write), a text of a megabyte could still; these
patterns are judged by the regex engine of jsonschema-rs, whose time grows with the text alone. All others, nearly all,
are judged by ``re`` in the words of `mocksrv.ecma`, as openapi-core would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, RegexOptions

from mocksrv.automaton import Automaton, TooLarge, automaton_of
from mocksrv.backtracking import Attack, Matcher
from mocksrv.ecma import ecma_pattern

# The highest power that is let through: five loops in a row that read the same. Nobody means to write more.
MOST_DEGREE = 5
# With lookarounds and backreferences jsonschema-rs backtracks too, and gives up after so many steps: then it says no.
MOST_BACKTRACKS = 1_000_000
_SHOWN = 12
_SURROGATES = re.compile("[\ud800-\udfff]")


@cache
def trouble(pattern: str) -> str | None:
    """Why a pattern cannot be served, as a sentence; None when it can."""
    python = ecma_pattern(pattern)
    shown = json.dumps(pattern, ensure_ascii=False)
    try:
        re.compile(python)
        attack, degree = _judged(python)
        if attack is None and degree > 1:
            _linear(python)
    except re.error as error:
        return f"{shown} is not a pattern: {error.msg}"
    except (OverflowError, RecursionError, ValueError) as error:
        return f"{shown} is not a pattern that can be read: {error}"
    except TooLarge:
        return f"{shown} is too large to be judged"
    if attack is not None:
        return f"{shown} explodes: {_told(attack)}"
    if degree > MOST_DEGREE:
        return (
            f"{shown} may take a time that grows with the power {degree} of a text's length; {MOST_DEGREE} is the most"
        )
    return None


def trouble_of_names(pattern: str) -> str | None:
    """The same for a key of ``patternProperties``, which openapi-core hands to ``re`` as it stands."""
    if found := trouble(pattern):
        return found
    shown = json.dumps(pattern, ensure_ascii=False)
    try:
        attack, degree = _judged(pattern)
    except re.error as error:
        return f"{shown} is not a pattern that can be read: {error.msg}"
    if attack or degree > 1:
        return f"{shown} may take a time that grows faster than the name it is applied to"
    return None


@cache
def verdict(pattern: str) -> Callable[[Any], bool]:
    """Whether a value keeps a pattern without trouble, in a time that grows with the value; what is no text does."""
    python = ecma_pattern(pattern)
    search = re.compile(python).search
    if _judged(python)[1] > 1:
        return _linear(python)
    return lambda value: not isinstance(value, str) or search(value) is not None


@cache
def _judged(python: str) -> tuple[Attack | None, int]:
    """The attack on a pattern in Python's words, and the power by which its time grows when there is none."""
    whole = automaton_of(python)
    attack = next(filter(None, (Matcher(each).attack() for each in _nested(whole))), None)
    return attack, 0 if attack else _power(whole)


def _nested(automaton: Automaton) -> Iterator[Automaton]:
    """An automaton, and those of the lookaheads in it."""
    yield automaton
    for each in (*automaton.heads, *automaton.lookaheads):
        yield from _nested(each)


def _power(automaton: Automaton) -> int:
    """The power of an automaton. Its lookaheads add theirs where they may be tried all along the text."""
    own = Matcher(automaton).degree()
    once = max(map(_power, automaton.heads), default=0)
    often = max(map(_power, automaton.lookaheads), default=0)
    return max(own + often, once) if automaton.fixed else own + max(once, often)


def _told(attack: Attack) -> str:
    """A text that shows it, and what makes it worse."""
    text = json.dumps(attack.prefix + attack.pump * 3 + attack.suffix, ensure_ascii=False)
    if not attack.pump:
        return f"a text as short as {text} can be read in millions of ways"
    return f"in a text like {text} each further {json.dumps(attack.pump, ensure_ascii=False)} multiplies its time"


def _linear(python: str) -> Callable[[Any], bool]:
    """What a pattern in Python's words says of a value, by an engine whose time grows with the text alone.

    Raises ValueError when that engine cannot read it.
    """
    # Python's words for ASCII and for the text's end are not its.
    flags, words = python[2 : python.index(")")].removeprefix("a"), python[python.index(")") + 1 :]
    schema = {"pattern": (f"(?{flags})" if flags else "") + re.sub(r"\\(.)", _end, words, flags=re.DOTALL)}
    try:
        validator = Draft202012Validator(schema, pattern_options=RegexOptions())
    except ValueError:
        options = FancyRegexOptions(backtrack_limit=MOST_BACKTRACKS)
        validator = Draft202012Validator(schema, pattern_options=options)
    is_valid = validator.is_valid
    # Half a surrogate pair is no Unicode; it stands for any character that is not meant.
    return lambda value: not isinstance(value, str) or is_valid(_SURROGATES.sub("\ufffd", value))


def _end(escape: re.Match[str]) -> str:
    return "$" if escape[1] == "Z" else escape[0]
