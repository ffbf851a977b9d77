"""The calls of a play: sent as the conversation says, and held against what it expects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.conversation.asking import JSON, Answer, NoAnswer, ask, merged
from mocksrv.conversation.expecting import NOTHING, Difference, differences
from mocksrv.conversation.places import at, path_of, put
from mocksrv.conversation.steps import NO_ANSWER, Conversation, Step
from mocksrv.conversation.target import Failed, Target
from mocksrv.conversation.values import Values
from mocksrv.errors import MocksrvError

# What an explanation says beside what the header says already.
_FURTHER = ("wrong", "looked")


@dataclass
class Calls:
    """The calls of one play, and what it remembers of the answers."""

    conversation: Conversation
    target: Target
    values: Values

    def make(self, step: Step) -> None:
        """Make a call. Raises Failed when another answer came than was expected, NoAnswer when none did, Lacking."""
        headers, content = self._request(step)
        wanted = self.values.expected({"headers": step.given.get("headers") or {}, "body": step.given.get("body")})
        url = self.target.url.rstrip("/") + self.values.url(step.path)
        try:
            answer = ask(self.target.http, step.method, url, headers, content)
        except NoAnswer as none:
            if step.given["expect"] == NO_ANSWER and none.broken:
                return
            raise
        self._remember(step, answer)
        if wrong := tuple(_differences(step, wanted, answer)):
            raise Failed("", wrong, self._told(step, answer))

    def _request(self, step: Step) -> tuple[dict[str, Any], bytes | None]:
        """Headers and body."""
        given, headers = step.given, self._headers(step)
        if "raw" in given:
            return headers, str(self.values.filled(given["raw"])).encode("utf-8", "surrogatepass")
        body = self.values.filled(given.get("send"))
        if given.get("sign"):
            headers, body = self._signed(step, headers, body)
        return headers, json.dumps(body).encode() if "send" in given else None

    def _headers(self, step: Step) -> dict[str, Any]:
        """The client's, over them the conversation's, over them the step's."""
        client, token = self._client(step), self.target.mock.wire.token if self.target.mock else None
        own = self._own(client, step) if client else {}
        headers = merged(
            JSON if "send" in step.given else {},
            own,
            self.values.filled(self.conversation.headers),
            self.values.filled(step.given.get("with") or {}),
        )
        return merged(headers, {"Authorization": f"Bearer {token}"}) if step.instrument and token else headers

    def _client(self, step: Step) -> str | None:
        """Who calls; nobody whom a vendor would know when it is an instrument that is asked."""
        name = step.given.get("as", self.conversation.client)
        return None if step.instrument or name is None else str(name)

    def _own(self, client: str, step: Step) -> Mapping[str, str]:
        """What lets a client in."""
        if client in self.target.credentials or self.target.mock is None:
            return self.target.credentials.get(client, {})
        return self.target.mock.headers(client, step.method, step.path)

    def _signed(self, step: Step, headers: dict[str, Any], body: Any) -> tuple[dict[str, Any], Any]:
        """Headers and body with the signature where it belongs."""
        mock = self.target.mock
        operation = mock.operation(step.method, step.path) if mock else None
        if mock is None or operation is None:
            raise Failed(f"nothing is signed here: {step.given['ask']} is no operation")
        place, value = mock.signature(operation.name, self._client(step), body)
        root, _, rest = place.partition(".")
        if root == "header":
            return merged(headers, {rest: value}), body
        return headers, put(body, path_of(rest), value)

    def _remember(self, step: Step, answer: Answer) -> None:
        for name, place in (step.given.get("remember") or {}).items():
            found = at(answer.body, path_of(place))
            if found is not NOTHING:
                self.values.remembered[name] = found

    def _told(self, step: Step, answer: Answer) -> tuple[str, ...]:
        """What the server says of its answer."""
        lines = [] if "body" in step.given else [f"the body was {json.dumps(answer.body, ensure_ascii=False)}"]
        lines += [f"because {answer.why}"] if answer.why else []
        if self.target.mock and not step.instrument:
            try:
                lines += [line for line in self.target.mock.explained() if line.startswith(_FURTHER)]
            except MocksrvError as error:
                lines.append(f"it cannot be explained: {error}")
        return tuple(lines)


def _differences(step: Step, wanted: Mapping[str, Any], answer: Answer) -> Iterator[Difference]:
    """Of the status, the headers that are named, the body if one is, and of what there is to remember."""
    yield from differences(step.given["expect"], answer.status, ("status",))
    for name, value in wanted["headers"].items():
        yield from differences(NOTHING if value is None else value, answer.headers.get(name, NOTHING), ("header", name))
    if "body" in step.given:
        yield from differences(wanted["body"], answer.body, ("body",))
    for name, place in (step.given.get("remember") or {}).items():
        if at(answer.body, path_of(place)) is NOTHING:
            yield Difference(("body", *path_of(place)), f"something to remember as ${name}", NOTHING)
