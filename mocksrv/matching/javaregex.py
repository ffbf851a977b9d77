"""Java's regexes as WireMock reads them, in the words of ECMA-262: for the guard and the engines of `patterns`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mocksrv.matching.unread import UnknownMatcher, a_short_text, shown
from mocksrv.patterns import trouble, verdict

# What Java and ECMA-262 do not read alike: sets within sets, the flags of a group, the dot.
_JAVA = re.compile(r"\\.|\[\^?\]?(?P<set>(?:\\.|[^\]\\])*)\]|\(\?(?P<flags>[a-zA-Z-]+)[:)]|\.", re.DOTALL)


def read_regex(name: str, value: Any) -> Callable[[str], bool]:
    """Whether a Java regex reads the whole of a text, in a time that grows with the text. Raises UnknownMatcher."""
    text = a_short_text(name, value)
    flags = re.match(r"\(\?([is]+)\)", text)
    case = "(?i)" if flags and "i" in flags[1] else ""
    words = _JAVA.sub(_translated, text[flags.end() if flags else 0 :])
    whole = f"{case}^(?:{words})$"
    if why := trouble(case + words) or trouble(whole):  # by itself, too: "a)|(b" is none
        raise UnknownMatcher(f'"{name}" cannot be served: {why}')
    return verdict(whole)


def _translated(found: re.Match[str]) -> str:
    """A part of a Java regex in the words of ECMA-262."""
    if set(found["flags"] or "") - set("i-"):
        raise UnknownMatcher(f'"{found[0]}" is not read in a regex; "(?i)" and "(?s)" are, at its beginning')
    inner = re.sub(r"\\.", "", found["set"] or "", flags=re.DOTALL)
    if "[" in inner or "&&" in inner or found[0].startswith(("[]", "[^]")):
        raise UnknownMatcher(
            f"{shown(found[0])} is not read in a regex: a set of sets, or a bracket without a backslash"
        )
    return "[^]" if found[0] == "." else found[0]
