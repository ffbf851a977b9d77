"""Conversations read from YAML, with every mistake told where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.conversation.notation import NAME, NOW, UNIQUE, Hole, parts_of, pattern_of, texts_in
from mocksrv.conversation.steps import NO_ANSWER, WORDS, Conversation, Step
from mocksrv.errors import LoadError, Mark, Problem, nearest
from mocksrv.yamltext import read_typed

FILE = ("about", "as", "headers", "sandbox", "steps")
SANDBOX: Mapping[str, tuple[Any, ...]] = {"seed": (), "otp": ("fixed", "random"), "quotas": ("on", "off")}
CLOCK: Mapping[str, tuple[str, ...]] = {
    "freeze": ("to",), "advance": ("by",), "set": ("to",), "run": (), "reset": ()
}  # fmt: skip
ARM = ("operation", "answer", "fault", "delay", "bytes", "lasts", "where", "times", "after", "for")
_ASK = re.compile(r"[A-Z-]+ +/\S*")
Place = tuple[str | int, ...]


def read_conversation(path: Path, root: Path | None = None) -> Conversation:
    """Read a file; it is named as it is below ``root``, else as it was given.

    Raises LoadError with everything that is wrong, also that it cannot be read.
    """
    file = (path.relative_to(root) if root else path).as_posix()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LoadError([Problem(Mark(file), f"cannot be read: {why}")]) from None
    return conversation_of(text, file)


def conversation_of(text: str, file: str) -> Conversation:
    """Read the text of a file. Raises LoadError with everything that is wrong."""
    data, marks = read_typed(text, file)
    reading = _Reading(file, marks)
    reading.file_words(data)
    steps = data.get("steps")
    steps = steps if isinstance(steps, list) else []
    read = [step for index, given in enumerate(steps) if (step := reading.step(index, given))]
    if not steps:
        reading.tell(("steps",), 'a conversation has "steps:", a list')
    if reading.problems:
        raise LoadError(reading.problems)
    client = data.get("as")
    return Conversation(
        file, str(data.get("about", file)).strip(), client, data.get("headers") or {}, data.get("sandbox") or {},
        tuple(read),
    )  # fmt: skip


@dataclass
class _Reading:
    """One file being read: where everything stands, the values given so far, and what is wrong."""

    file: str
    marks: Mapping[Place, Mark]
    known: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def tell(self, place: Place, what: str) -> None:
        """Note a problem where a place stands, else where the nearest place around it does."""
        while place and place not in self.marks:
            place = place[:-1]
        self.problems.append(Problem(self.marks.get(place, Mark(self.file)), what))

    def file_words(self, data: Mapping[str, Any]) -> None:
        """What holds for all steps."""
        self.words((), data, FILE)
        self.text(("as",), data.get("as"))
        self.mapping(("headers",), data.get("headers"))
        self.holes(("headers",), data.get("headers"))
        self.mapping(("sandbox",), data.get("sandbox"))
        chosen = data.get("sandbox")
        for name, value in chosen.items() if isinstance(chosen, dict) else ():
            self.words(("sandbox",), (name,), SANDBOX)
            wanted = SANDBOX.get(name, (value,))
            if value not in wanted and (wanted or not isinstance(value, int) or isinstance(value, bool)):
                what = f"{' or '.join(wanted)}" if wanted else "a whole number"
                self.tell(("sandbox", name), f'"{name}" is {what}')

    def words(self, place: Place, given: Iterable[str], known: Iterable[str]) -> None:
        """That every key is a known one."""
        for key in given:
            if key not in known:
                self.tell((*place, str(key)), f'unknown key "{key}"{nearest(str(key), known)}')

    def text(self, place: Place, value: Any) -> None:
        """That a value, if it is there, is a text."""
        if value is not None and (not isinstance(value, str) or not value.strip()):
            self.tell(place, f'"{place[-1]}" is a text')

    def mapping(self, place: Place, value: Any) -> None:
        """That a value, if it is there, is a mapping of names to single values."""
        if value is not None and not isinstance(value, dict):
            self.tell(place, f'"{place[-1]}" is a mapping of names to values')
        for name, item in value.items() if isinstance(value, dict) else ():
            if isinstance(item, (dict, list)):
                self.tell((*place, str(name)), f'"{name}" has one value')

    def step(self, index: int, given: Any) -> Step | None:
        """One step; None when it is none."""
        place: Place = ("steps", index)
        if not isinstance(given, dict):
            self.tell(place, "a step is a mapping")
            return None
        kinds = [word for word in WORDS if word in given]
        if len(kinds) != 1:
            self.tell(place, f"a step says one of {', '.join(WORDS)}; this says {' and '.join(kinds) or 'none'}")
            self.words(place, given, {word for words in WORDS.values() for word in words})
            return None
        self.words(place, given, WORDS[kinds[0]])
        getattr(self, f"step_{kinds[0]}")(place, given)
        return Step(self.marks[place], kinds[0], given)

    def step_ask(self, place: Place, given: Mapping[str, Any]) -> None:
        """A call."""
        if not isinstance(given["ask"], str) or not _ASK.fullmatch(given["ask"].strip()):
            self.tell((*place, "ask"), 'a call is asked like "POST /path"')
        expected = given.get("expect")
        is_status = isinstance(expected, int) and 100 <= expected <= 599
        if expected != NO_ANSWER and not is_status:
            self.tell((*place, "expect"), f'"expect" is a status like 200, or "{NO_ANSWER}"')
        if "send" in given and "raw" in given:
            self.tell((*place, "raw"), 'a call has one body: "send", which is JSON, or "raw"')
        if "raw" in given and not isinstance(given["raw"], str):
            self.tell((*place, "raw"), '"raw" is a text')
        if not isinstance(given.get("sign", False), bool):
            self.tell((*place, "sign"), '"sign" is true or false')
        self.text((*place, "as"), given.get("as"))
        for name in ("with", "headers"):
            self.mapping((*place, name), given.get(name))
        for name in ("ask", "with", "send", "raw", "headers", "body"):
            self.holes((*place, name), given.get(name))
        for name in ("headers", "body"):
            self.patterns((*place, name), given.get(name))
        self.remember((*place, "remember"), given.get("remember"))

    def step_otp(self, place: Place, given: Mapping[str, Any]) -> None:
        """A code that is waited for."""
        self.holes((*place, "to"), given.get("to"))
        self.text((*place, "to"), given.get("to"))
        self.duration((*place, "within"), given.get("within"))
        self.name((*place, "otp"), given["otp"])

    def step_clock(self, place: Place, given: Mapping[str, Any]) -> None:
        """The clock, moved."""
        moved, place = given["clock"], (*place, "clock")
        if not isinstance(moved, dict) or "action" not in moved:
            self.tell(place, '"clock" says what to do, like {action: advance, by: 11m}')
            return
        if moved["action"] not in CLOCK:
            self.tell((*place, "action"), f'no action "{moved["action"]}"{nearest(str(moved["action"]), CLOCK)}')
            return
        takes = CLOCK[moved["action"]]
        self.words(place, moved, ("action", *takes))
        if moved["action"] in ("advance", "set") and takes[0] not in moved:
            self.tell(place, f'"{moved["action"]}" needs "{takes[0]}"')
        self.duration((*place, "by"), moved.get("by"))
        self.text((*place, "to"), moved.get("to"))

    def step_arm(self, place: Place, given: Mapping[str, Any]) -> None:
        """A fault, armed."""
        order, place = given["arm"], (*place, "arm")
        if not isinstance(order, dict) or not order:
            self.tell(place, '"arm" says what is to go wrong, like {answer: 502 Bad Gateway, times: 2}')
            return
        self.words(place, order, ARM)
        self.holes(place, order)
        for name in ("times", "after", "bytes"):
            if name in order and type(order[name]) is not int:
                self.tell((*place, name), f'"{name}" is a whole number')

    def step_start(self, place: Place, given: Mapping[str, Any]) -> None:
        """A scenario, started."""
        self.text((*place, "start"), given["start"] or 0)

    def step_stop(self, place: Place, given: Mapping[str, Any]) -> None:
        """A scenario, stopped."""
        self.text((*place, "stop"), given["stop"] or 0)

    def duration(self, place: Place, value: Any) -> None:
        """That a value, if it is there, is a duration."""
        try:
            _ = value is None or parse_duration(str(value))
        except (ValueError, OverflowError) as error:
            self.tell(place, str(error))

    def name(self, place: Place, name: Any) -> None:
        """That a value can be remembered by a name, which is then known."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            self.tell(place, f'"{name}" is no name; one has small letters, digits and "_"')
        elif Hole(name).made:
            self.tell(place, f'"{name}" is made by mocksrv: no name may be "{NOW}" or begin with "{UNIQUE}"')
        else:
            self.known.add(name)

    def remember(self, place: Place, given: Any) -> None:
        """What later steps may name."""
        self.mapping(place, given)
        for name, where in given.items() if isinstance(given, dict) else ():
            self.name((*place, str(name)), name)
            self.text((*place, str(name)), where)

    def holes(self, place: Place, value: Any) -> None:
        """That every value that is named can be there by now."""
        for inner, text in texts_in(value, place):
            try:
                named = [part for part in parts_of(text) if isinstance(part, Hole)]
            except ValueError as error:
                self.tell(inner, str(error))
                continue
            for hole in named:
                if not hole.made and hole.name not in self.known:
                    what = f'no step before this gives "${hole.name}"'
                    more = nearest(hole.name, {*self.known, NOW, UNIQUE})
                    self.tell(inner, f'{what}{more} (a dollar sign for itself is written "$$")')

    def patterns(self, place: Place, value: Any) -> None:
        """That every pattern can be read."""
        for inner, text in texts_in(value, place):
            pattern = pattern_of(text)
            try:
                parts = parts_of(pattern or "")
                re.compile("".join("x" if isinstance(part, Hole) else part for part in parts))
            except re.error as error:
                self.tell(inner, f'"{pattern}" is no regular expression: {error}')
            except ValueError:
                continue  # told of the hole already
