"""A session as the steps of a conversation: its calls as they were made, their values named instead of copied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.conversation.places import path_of, put
from mocksrv.recording.bodies import Bodies, is_document
from mocksrv.recording.failing import Order, order_of, spoiled, way_of
from mocksrv.recording.heads import Head, has_clients
from mocksrv.recording.known import Known, Where
from mocksrv.recording.prepared import Prepared
from mocksrv.recording.session import Call, Session
from mocksrv.recording.shapes import shape

Document = dict[str, Any]


@dataclass
class Draft:
    """One call's steps: what must be done before it, the call, and the codes that are waited for behind it."""

    call: Call
    step: Document
    before: list[Document] = field(default_factory=list)
    behind: list[Document] = field(default_factory=list)


def drafted(prepared: Prepared, volatile: Mapping[Where, str]) -> tuple[Document, list[int | None]]:
    """The conversation, and for each of its steps which call of the session it is (None for what is no call).

    ``volatile`` has a pattern for each place of an answer that is known to differ from play to play.
    """
    first = Known(prepared)
    _drafts(first, volatile)
    known = Known(prepared, first.used())  # so codes are called by the order in which they were sent, not used
    drafts, session = _drafts(known, volatile), prepared.session
    _remember(known, drafts, volatile)
    _arm(session, drafts)
    client = _most_common(prepared.heads)
    for draft, head in zip(drafts, prepared.heads, strict=True):
        _say_client(session, draft, head, client)
    return _document(session, drafts, client), _indices(drafts)


def _drafts(known: Known, volatile: Mapping[Where, str]) -> list[Draft]:
    return [_draft(known, index, call, volatile) for index, call in enumerate(known.session.calls)]


def _draft(known: Known, index: int, call: Call, volatile: Mapping[Where, str]) -> Draft:
    head, timing = known.prepared.heads[index], known.prepared.timings[index]
    known.listen(call)
    bodies = Bodies(known, index, call, timing.exact)
    step: Document = {"say": _said(call), "ask": bodies.ask(), "as": None, "with": _with(bodies, call, head)}
    step |= _sent(bodies, call, head.signature)
    step |= {"expect": call.status, "body": bodies.expected(volatile)}
    way = way_of(known.session, call)
    spoiled(step, "empty" if call.method == "HEAD" else way)
    if way is None:
        known.hear(index, call)
    return Draft(call, step, [*({"clock": move} for move in timing.moves), *known.fetched[index]])


def _said(call: Call) -> str:
    rule = re.sub(r"armed, fault \w+", "armed", call.rule)
    return f"{call.operation}, {rule}" if call.operation and rule else call.operation or "no operation"


def _with(bodies: Bodies, call: Call, head: Head) -> dict[str, str | None]:
    """The headers that are beside those of the client; the type of a JSON body goes without saying."""
    found = {name: None if value is None else bodies.header(value) for name, value in head.headers.items()}
    name = next((each for each in found if each.lower() == "content-type"), "Content-Type")
    media = found.pop(name, None)
    json = is_document(call.body)
    if call.body and (media is not None or json) and not (json and media == "application/json"):
        found[name] = media
    return found


def _sent(bodies: Bodies, call: Call, signature: str | None) -> Document:
    if not call.body:
        return {"sign": True} if signature else {}
    if not is_document(call.body):
        return {"raw": bodies.raw()}
    body = bodies.send()
    if signature is None:
        return {"send": body}
    root, _, rest = signature.partition(".")
    return {"send": _without(body, path_of(rest)) if root == "body" else body, "sign": True}


def _without(body: Any, path: tuple[str | int, ...]) -> Any:
    """The document without what stands at a place."""
    if not isinstance(body, dict):
        return body
    name, *more = path
    if not more:
        return {key: value for key, value in body.items() if key != name}
    return {key: _without(value, tuple(more)) if key == name else value for key, value in body.items()}


def _remember(known: Known, drafts: list[Draft], volatile: Mapping[Where, str]) -> None:
    """What later calls name is remembered where it came, and may be another one there."""
    for index, draft in enumerate(drafts):
        for path in (path for source, path in known.sources if source == index):
            value = draft.call.came
            for step in path:
                value = value[step]
            if (index, path) not in volatile and not _is_pattern(draft.step["body"], path):
                draft.step["body"] = put(draft.step["body"], path, shape(value))
        if known.remembered[index]:
            draft.step["remember"] = known.remembered[index]
        draft.behind += known.taken[index]


def _is_pattern(body: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        body = body[step]
    return isinstance(body, str) and body.startswith("~")


def _arm(session: Session, drafts: list[Draft]) -> None:
    """What made an answer go wrong is armed before it, once for as many calls as come one behind the other."""
    last: Order | None = None
    for draft in drafts:
        order = order_of(session, draft.call)
        if order and last is not None and not draft.before and {**last, "times": 1} == order:
            last["times"] += 1
        elif order:
            draft.before.append({"arm": order})
            last = order
        last = None if draft.behind or order is None else last


def _most_common(heads: Iterable[Head]) -> str | None:
    counts = Counter(head.client for head in heads if head.client)
    return counts.most_common(1)[0][0] if counts else None


def _say_client(session: Session, draft: Draft, head: Head, client: str | None) -> None:
    """Say whose call it is where it is not the conversation's client, and leave out what need not be said."""
    says_none = head.client is None and client is not None and has_clients(session, draft.call)
    if head.client == client or not (head.client or says_none):
        del draft.step["as"]
    else:
        draft.step["as"] = head.client
    if not draft.step["with"]:
        del draft.step["with"]


def _document(session: Session, drafts: list[Draft], client: str | None) -> Document:
    about = f"Recorded from the sandbox {session.name}: {len(drafts)} call{'' if len(drafts) == 1 else 's'}."
    document: Document = {"about": about}
    if client:
        document["as"] = client
    if session.choices:
        document["sandbox"] = dict(session.choices)
    return {**document, "steps": [step for draft in drafts for step in (*draft.before, draft.step, *draft.behind)]}


def _indices(drafts: list[Draft]) -> list[int | None]:
    found: list[int | None] = []
    for index, draft in enumerate(drafts):
        found += [*(None for _ in draft.before), index, *(None for _ in draft.behind)]
    return found
