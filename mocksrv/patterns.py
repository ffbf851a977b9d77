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
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, RegexOptions

from mocksrv.automaton import Automaton, TooLarge, automaton_of
from mocksrv.backtracking import Attack, Matcher
from mocksrv.ecma import ecma_pattern

# The highest power that is let through: five loops in a row that read the same. Nobody means to write more.
MOST_POWER = 5
# So many ways at once may `re` keep trying at every character of a text.
MOST_WAYS = 50
# With lookarounds and backreferences jsonschema-rs backtracks too, and gives up after so many steps: then it says no.
MOST_BACKTRACKS = 1_000_000
MOST_SHOWN = 200
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Cost:
    """What ``re`` may need for a text: without limit in an attack, else by a power of its length, in so many ways."""

    attack: Attack | None
    power: int
    ways: int

    @property
    def bearable(self) -> bool:
        """Whether the time grows with the text alone, and not too fast."""
        return self.attack is None and self.power <= 1 and self.ways <= MOST_WAYS


@lru_cache(4096)  # testers' patterns come here too
def trouble(pattern: str) -> str | None:
    """Why a pattern cannot be served, as a sentence; None when it can."""
    python, shown = ecma_pattern(pattern), _shown(pattern)
    try:
        _compiled(python)
        cost = cost_of(python)
    except re.error as error:
        return f"{shown} is not a pattern: {error.msg}"
    except (OverflowError, RecursionError, ValueError) as error:
        return f"{shown} is not a pattern that can be read: {error}"
    except TooLarge:
        return f"{shown} is too large to be judged"
    if cost.attack is not None:
        return f"{shown} explodes: {_told(cost.attack)}"
    if cost.power > MOST_POWER or not (cost.bearable or _linear(python)):
        return f"{shown} may take a time that grows with a text's length to the power {cost.power}"
    return None


def trouble_of_names(pattern: str) -> str | None:
    """The same for a key of ``patternProperties``, which openapi-core hands to ``re`` as it stands."""
    shown = _shown(pattern)
    try:
        harmless = trouble(pattern) or cost_of(pattern).bearable
    except re.error as error:
        return f"{shown} is not a pattern: {error.msg}"
    return trouble(pattern) or (None if harmless else f"{shown} may take far more time than a name has characters")


@lru_cache(4096)
def verdict(pattern: str) -> Callable[[Any], bool]:
    """Whether a value keeps a pattern without trouble, in a time that grows with the value; what is no text does.

    Raises re.error when it is no pattern.
    """
    python = ecma_pattern(pattern)
    search = _compiled(python).search
    linear = None if cost_of(python).bearable else _linear(python)
    return linear or (lambda value: not isinstance(value, str) or search(value) is not None)


def _compiled(python: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sets within sets: one day Python might read them, ECMA-262 does not
        return re.compile(python)


@lru_cache(4096)
def cost_of(python: str) -> Cost:
    """The cost of a pattern in Python's words.

    Raises re.error when it is no pattern, TooLarge when its cost cannot be told.
    """
    whole = automaton_of(python)
    matchers = [Matcher(each) for each in _nested(whole)]
    attack = next(filter(None, (each.attack() for each in matchers)), None)
    ways = max(each.widest for each in matchers)
    return Cost(attack, 0, ways) if attack else Cost(None, _power(whole), ways)


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
    text = _shown(attack.prefix + attack.pump * 3 + attack.suffix)
    if not attack.pump:
        return f"a text as short as {text} can be read in millions of ways"
    return f"in a text like {text} each further {_shown(attack.pump)} multiplies its time"


def _shown(text: str) -> str:
    """A text in quotes and in one line, its backslashes as they are."""
    line = json.dumps(text, ensure_ascii=False)[1:-1].replace("\\\\", "\\")
    return f'"{line[:MOST_SHOWN]}..."' if len(line) > MOST_SHOWN else f'"{line}"'


def _linear(python: str) -> Callable[[Any], bool] | None:
    """What a pattern in Python's words says of a value, by an engine whose time grows with the text alone.

    None when that engine cannot read it.
    """
    # Python's words for "ASCII", for the text's end and for what a group has read are not its.
    flags, words = python[2 : python.index(")")].removeprefix("a"), python[python.index(")") + 1 :]
    words = re.sub(r"\\(.)|\(\?P=(\w+)\)", _theirs, words, flags=re.DOTALL)
    schema = {"pattern": f"(?{flags}){words}" if flags else words}
    for options in (RegexOptions(), FancyRegexOptions(backtrack_limit=MOST_BACKTRACKS)):
        try:
            is_valid = Draft202012Validator(schema, pattern_options=options).is_valid
        except ValueError:
            continue
        # Half a surrogate pair is no Unicode; it stands for a character that nobody means.
        return lambda value: not isinstance(value, str) or is_valid(_SURROGATES.sub("\ufffd", value))
    return None


def _theirs(found: re.Match[str]) -> str:
    return rf"\k<{found[2]}>" if found[2] else "$" if found[1] == "Z" else found[0]
