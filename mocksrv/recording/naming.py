"""What a session's values are called: codes, ids that a client chose, what a server gave and was sent back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.conversation.expecting import Path
from mocksrv.conversation.notation import UNIQUE
from mocksrv.recording.session import Call, Code, Session, is_kept
from mocksrv.recording.shapes import UUID, text_of

_LEAST = 2


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every single value within a document, and where it stands."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, (*path, str(name)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def pieces(url: str) -> list[str]:
    """A path and its query, split at what separates their values; joined again they are the same."""
    return re.split(r"([/?&=])", url)


class Names:
    """Names that are told apart by a number, from the second of a kind on."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, wish: str, prefix: str = "") -> str:
        """A name like the wish that nobody has: small letters, digits and ``_``."""
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wish).lower()
        plain = re.sub(r"[^a-z0-9_]+", "_", plain).strip("_")
        if not prefix and (not re.match("[a-z_]", plain) or plain == "now" or plain.startswith(UNIQUE)):
            plain = f"value_{plain}".rstrip("_")
        name, number = prefix + plain, 1
        while name in self._taken:
            number += 1
            name = f"{prefix}{plain}_{number}"
        self._taken.add(name)
        return name


def uniques(session: Session, names: Names) -> dict[str, str]:
    """The ids that clients chose for what they made, which nobody may choose again: id to name."""
    senders = sending_calls(session)
    keys = {code.key: senders[code.id] for code in session.codes if code.id in senders}
    found: dict[str, str] = {}
    said: set[str] = set()
    issued: set[str] = set()
    for index, call in enumerate(session.calls):
        said |= texts_of(call) - issued
        made = {key for key, sender in keys.items() if sender == index} | set(_made(session, call))
        for path, value in leaves(call.sent):
            if isinstance(value, str) and value in made & said and value not in found and len(value) >= _LEAST:
                found[value] = names.new(name_for(path), f"{UNIQUE}_{_kind(value)}")
        issued |= {value for _, value in leaves(call.came) if isinstance(value, str)} - said
    return found


def _made(session: Session, call: Call) -> Iterator[str]:
    """The keys of records that a call made: it looked for them in vain and was accepted, and now they are there.

    What is all digits may be somebody's number, who may be asked for again.
    """
    for kind, key, there in call.looked if call.accepted else ():
        if not there and not key.isdigit() and is_kept(session, kind, key):
            yield key


def _kind(value: str) -> str:
    return "uuid_" if UUID.fullmatch(value) else "digits_" if value.isdigit() else ""


def name_for(path: Path) -> str:
    """What to call the value at a path: by the last name on it."""
    return next((step for step in reversed(path) if isinstance(step, str)), "value")


def sending_calls(session: Session) -> dict[int, int]:
    """Which call sent each code: an OTP's id to the call's index."""
    found: dict[int, int] = {}
    free = [index for index, call in enumerate(session.calls) if call.accepted]
    for code in session.codes:
        fitting = (i for i in free if (session.calls[i].operation, session.calls[i].at) == (code.operation, code.at))
        sender = next(fitting, None)
        if sender is not None:
            found[code.id] = sender
            free.remove(sender)
    return found


def texts_of(call: Call) -> set[str]:
    """Everything that a call says, value by value."""
    said = {text for _, value in leaves(call.sent) if (text := text_of(value)) is not None}
    return said | set(pieces(call.url)) | set(call.headers.values())


def best_code(codes: list[tuple[Code, str]], call: Call) -> tuple[Code, str]:
    """Of codes that are the same, with one recipient each, the one that a call means.

    It names the code's key, else the recipient, else it means the newest.
    """
    said = texts_of(call)
    ends = {text[-10:] for text in said if text.isdigit() and len(text) >= 10}

    def rank(candidate: tuple[Code, str]) -> tuple[bool, bool, int]:
        code, recipient = candidate
        named = recipient in said or (recipient.isdigit() and recipient[-10:] in ends)
        return code.key in said, named, code.id

    best = max(codes, key=rank)
    # Of the recipients of one code the first is as good as any.
    return next(each for each in codes if rank(each) == rank(best))
