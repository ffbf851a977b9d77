"""The headers of a session's calls: whose credentials they are, and which others matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.client.wire import Refused
from mocksrv.conversation.expecting import NOTHING
from mocksrv.conversation.places import at, path_of
from mocksrv.masking import is_secret
from mocksrv.recording.session import Call, Session
from mocksrv.recording.shapes import MASK

# What every client's library or browser sends by itself.
_NOISE = re.compile(
    r"host|user-agent|accept(-.*)?|connection|keep-alive|content-length|transfer-encoding|te|expect|cookie|origin|referer"
    r"|cache-control|pragma|priority|dnt|upgrade-insecure-requests|postman-token|sec-.*|x-forwarded-.*|x-mocksrv-.*|via"
    r"|traceparent|tracestate|forwarded|x-real-ip",
    re.IGNORECASE,
)
Issued = Callable[[str], bool]


@dataclass(frozen=True)
class Head:
    """Whose headers a call has, if they are a client's; those it has beside them, None for one that it lacks.

    ``signature`` is where its signature stands, if it has one that a mocksrv would make too.
    """

    client: str | None
    headers: Mapping[str, str | None]
    signature: str | None = None


def head_of(session: Session, call: Call, issued: Issued) -> Head:
    """Read the headers of a call; ``issued`` tells the masks of what an answer gave before."""
    kept: dict[str, str | None] = {
        name: value for name, value in call.headers.items() if not _NOISE.fullmatch(name) and value
    }
    client = call.client or proven(session, call)
    own = _credentials(session, call, client)
    signature = _signature(session, call)
    if signature:
        kept = {name: value for name, value in kept.items() if f"header.{name}".lower() != signature.lower()}
    if not own or not _presents(kept, own, issued):
        return Head(None, kept, signature)
    beside = {name: value for name, value in kept.items() if not _is_own(name, value, own)}
    lacking = {name: None for name in own if name.lower() not in {each.lower() for each in kept}}
    return Head(client, {**beside, **lacking}, signature)


def has_clients(session: Session, call: Call) -> bool:
    """Whether anybody is let in by headers where a call went, as far as is known."""
    product = session.product(call)
    return product is None or any(each["product"] == product for each in session.mock.clients)


def proven(session: Session, call: Call) -> str | None:
    """The client whose secrets a call has that was not asked for them: they let the client in at another call."""
    secrets = _secrets(call)
    return next((each.client for each in session.calls if secrets and each.client and _secrets(each) == secrets), None)


def _secrets(call: Call) -> set[tuple[str, str]]:
    return {(name.lower(), value) for name, value in call.headers.items() if MASK.search(value)}


def _credentials(session: Session, call: Call, client: str | None) -> dict[str, str]:
    """The headers of a client at the product of a call, at any product when no operation was found."""
    product = session.product(call)
    fitting = (
        each["headers"]
        for each in session.mock.clients
        if each["client"] == client and product in (None, each["product"])
    )
    return dict(next(fitting, {}))


def _presents(kept: Mapping[str, str | None], own: Mapping[str, str], issued: Issued) -> bool:
    """Whether the secrets among a client's headers are there, and none of them was issued by an answer."""
    given = {name.lower(): str(value) for name, value in kept.items()}
    secrets = {name.lower(): value for name, value in own.items() if is_secret(name)}
    return bool(secrets) and all(
        name in given and _scheme(given[name]) == _scheme(value) and not any(map(issued, MASK.findall(given[name])))
        for name, value in secrets.items()
    )


def _scheme(value: str) -> str:
    return value.partition(" ")[0].lower() if " " in value else ""


def _is_own(name: str, value: str | None, own: Mapping[str, str]) -> bool:
    """Whether a header is one of the client's, as the client would send it."""
    expected = next((each for known, each in own.items() if known.lower() == name.lower()), None)
    return expected is not None and (is_secret(name) or expected == value)


def _signature(session: Session, call: Call) -> str | None:
    """Where the signature of a call stands that a mocksrv would make too; None when it has none, or a wrong one."""
    if call.operation is None:
        return None
    try:
        place, value = session.mock.signature(call.operation, call.client, call.sent)
    except Refused:
        return None
    root, _, rest = place.partition(".")
    if root == "header":  # another one each time, so the answer tells whether it was right
        there = rest.lower() in (name.lower() for name in call.headers)
        return place if there and call.client and place not in call.rule else None
    found: Any = at(call.sent, path_of(rest))
    return place if found is not NOTHING and found == value else None
