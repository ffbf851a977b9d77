"""What is known of a session's values, call by call: which were sent, chosen or issued before, and their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mocksrv.client.wire import Refused, escaped
from mocksrv.conversation.expecting import Path
from mocksrv.conversation.notation import escaped as quoted
from mocksrv.conversation.places import path_of, place_of
from mocksrv.conversation.steps import ADMIN
from mocksrv.masking import is_secret
from mocksrv.recording.naming import Names, best_code, leaves, name_for, texts_of
from mocksrv.recording.prepared import Prepared
from mocksrv.recording.session import Call
from mocksrv.recording.shapes import can_be_named, is_masked, text_of

Where = tuple[int, Path]
SentTo = tuple[int, str]
_LEAST_WORD = 4
_WORD = re.compile(r"[A-Za-z0-9._+@-]+")


@dataclass(frozen=True)
class _Issued:
    """Where a value came first, and what it was."""

    where: Where
    value: Any


class Known:
    """The values of a session. Ask of each call what it sent (``sent``) and what came (``came``), then ``hear`` it."""

    def __init__(self, prepared: Prepared, used: Iterable[SentTo] = ()) -> None:
        """``used`` are the codes that are known to be used, in the order in which they are to be called."""
        self.prepared, self.session, self.names = prepared, prepared.session, Names()
        self.unique = prepared.unique
        self.remembered: dict[int, dict[str, str]] = defaultdict(dict)
        self.taken: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.fetched: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.sources: set[Where] = set()
        self._issued: dict[str, _Issued] = {}
        self._said: set[str] = set()
        self._named: dict[Where, str] = {}
        self._codes = {code: self.names.new("code") for code in used}
        self._waited: set[SentTo] = set()
        self._secrets: dict[str, str] = {}

    def used(self) -> list[SentTo]:
        """The codes that are named, in the order in which they were sent."""
        return sorted(self._waited)

    def listen(self, call: Call) -> None:
        """A call is about to be made: what it says is no server's idea, if nobody issued it before."""
        self._said |= {text for text in texts_of(call) if text not in self._issued}

    def hear(self, index: int, call: Call) -> None:
        """An answer came: what is new in it was issued by it."""
        for path, value in leaves(call.came) if isinstance(call.came, (dict, list)) else ():
            text = text_of(value)
            if text is None or text in self._said or text in self.unique or path_of(place_of(path)) != path:
                continue
            if is_masked(value) or can_be_named(value):
                self._issued.setdefault(text, _Issued((index, path), value))

    def was_said(self, text: str) -> bool:
        """Whether a client has said it before any server did."""
        return text in self._said

    def name(self, index: int, value: Any) -> str | None:
        """What a value is called at a call, as a text that stands for it: a code, a unique id, or one issued before."""
        text = text_of(value)
        if text is None:
            return None
        name = self._code(index, text) or self.unique.get(text) or self._secrets.get(text) or self._source(text)
        if name is None:
            return None
        known = self._issued[text].value if text in self._issued else text
        form = "" if isinstance(known, str) is isinstance(value, str) else _form(value)
        return f"${{{name}|{form}}}" if form else f"${name}"

    def secret(self, index: int, call: Call, path: Path, mask: str) -> str | None:
        """What a secret is called that a client knew beforehand: it is read from the client's record."""
        product = self.session.product(call)
        if mask in self._secrets or not call.client or not call.accepted or product is None:
            return f"${self._secrets[mask]}" if mask in self._secrets else None
        field = self._field(call.client, product, name_for(path))
        if field is None:
            return None
        name = self._secrets[mask] = self.names.new(field)
        self.fetched[index].append({
            "say": f"what {call.client} knows",
            "ask": f"GET {ADMIN}/records/{escaped('client', call.client)}?product={product}",
            "expect": 200,
            "remember": {name: f"records.0.fields.{field}"},
        })  # fmt: skip
        return f"${name}"

    def words(self, text: str) -> list[tuple[str, str | None]]:
        """A text in pieces, with the name of each that is an id which must be unique."""
        found: list[tuple[str, str | None]] = []
        end = 0
        for match in _WORD.finditer(text):
            word = match[0].rstrip(".")
            if len(word) >= _LEAST_WORD and word in self.unique:
                found += [(text[end : match.start()], None), (word, self.unique[word])]
                end = match.start() + len(word)
        return [*found, (text[end:], None)]

    def _field(self, client: str, product: str, wanted: str) -> str | None:
        """The field of a client's record that a body's field shows."""
        try:
            records = self.session.mock.wire.get(f"records/{escaped('client', client)}", {"product": product})
        except Refused:
            return None
        fields = [name for name in records["records"][0]["fields"] if is_secret(name)]
        named = [name for name in fields if wanted.lower().endswith(name.lower())]
        return next(iter(named or (fields if len(fields) == 1 else [])), None)

    def _code(self, index: int, text: str) -> str | None:
        """The name of a code that was sent before a call, which then is waited for behind the call that sent it."""
        senders = self.prepared.senders
        sent = [
            (code, recipient)
            for code in self.session.codes
            for recipient, own in code.codes.items()
            if own == text and senders.get(code.id, index) < index
        ]
        if not sent:
            return None
        code, recipient = best_code(sent, self.session.calls[index])
        sent_to = (code.id, recipient)
        name = self._codes[sent_to] = self._codes.get(sent_to) or self.names.new("code")
        if sent_to not in self._waited:
            self._waited.add(sent_to)
            to = self.unique.get(recipient)
            self.taken[senders[code.id]].append({"otp": name, "to": f"${to}" if to else quoted(recipient)})
        return name

    def _source(self, text: str) -> str | None:
        """The name of a value that an answer gave, which then is remembered there."""
        issued = self._issued.get(text)
        if issued is None:
            return None
        if issued.where not in self._named:
            index, path = issued.where
            name = self._named[issued.where] = self.names.new(name_for(path))
            self.remembered[index][name] = place_of(path)
            self.sources.add(issued.where)
        return self._named[issued.where]


def _form(value: Any) -> str:
    return "text" if isinstance(value, str) else "number"


def within(name: str, behind: str) -> str:
    """What stands for a value within a text, before what comes behind it."""
    return f"${{{name}}}" if re.match("[A-Za-z0-9_+-]", behind) else f"${name}"
