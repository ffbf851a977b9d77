"""Where conversations are aimed: at a server of our own, at a running mocksrv, or at a vendor's real sandbox."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mocksrv.client.wire import Refused, Unreachable, Wire, escaped
from mocksrv.conversation.asking import Http, NoAnswer, ask, new_http
from mocksrv.conversation.mock import Mock
from mocksrv.conversation.steps import ADMIN, Conversation, Step
from mocksrv.conversation.target import Target
from mocksrv.errors import LoadError, Mark, Problem, SettingsError, nearest
from mocksrv.yamltext import Map, mark_of, read_text

_PREFIX = re.compile(r"(?P<root>.*)/@(?P<name>[A-Za-z0-9_-]{1,64})")


@dataclass(frozen=True)
class Aim:
    """What a person chose. Without a ``url`` a server of our own is started; ``real`` says that it is no mocksrv."""

    url: str | None = None
    real: bool = False
    token: str | None = None
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    prompt: Callable[[Step], str | None] | None = None


@dataclass(frozen=True)
class Stage:
    """Where conversations are played, one after the other. ``name`` is the sandbox that the URL names, if it does."""

    aim: Aim
    url: str
    http: Http
    real: bool

    @property
    def name(self) -> str | None:
        """The sandbox that all conversations are to be played in; None when each gets a fresh one."""
        return split(self.url)[1]

    def target(self, conversation: Conversation) -> Target:
        """Where one conversation is played. Raises SettingsError when the server gives it no sandbox."""
        aim, (root, name) = self.aim, split(self.url)
        if self.real:
            return Target(self.url, self.http, None, aim.credentials, aim.given, aim.prompt)
        if name is None:
            name = _fresh(conversation.file)
            self._make(root, {"name": name, **conversation.sandbox})
        wire = Wire(f"{root}/@{name}", self.http, aim.token)
        return Target(wire.base_url, self.http, Mock(wire), aim.credentials)

    def end(self, target: Target) -> None:
        """End the fresh sandbox of a conversation. Nothing else is ended. Raises MocksrvError."""
        root, name = split(target.url)
        if target.mock and name and self.name is None:
            Wire(root, self.http, self.aim.token).delete(f"sandboxes/{escaped(name)}")

    def _make(self, root: str, order: Mapping[str, Any]) -> None:
        try:
            Wire(root, self.http, self.aim.token).post("sandboxes", order)
        except (Refused, Unreachable) as error:
            raise SettingsError(str(error)) from None


@contextmanager
def staged(aim: Aim) -> Iterator[Stage]:
    """The stage of an aim. Raises SettingsError when nothing answers there."""
    with ExitStack() as stack:
        url = aim.url.rstrip("/") if aim.url else stack.enter_context(_own_server())
        real = aim.real or (aim.url is not None and is_real(url, aim.token))
        yield Stage(aim, url, stack.enter_context(new_http(real)), real)


@contextmanager
def _own_server() -> Iterator[str]:
    from mocksrv.threaded import Server

    with Server() as server:
        yield server.url


def is_real(url: str, token: str | None) -> bool:
    """Whether what answers is no mocksrv. Raises SettingsError when nothing does, or a mocksrv that refuses."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with new_http(real=True) as http:
        try:
            answer = ask(http, "GET", f"{url}{ADMIN}/health", headers, None)
        except NoAnswer as error:
            raise SettingsError(f"--base-url: nothing answers at {url} ({error})") from None
    body = answer.body if isinstance(answer.body, dict) else {}
    if "X-Mocksrv-Error" in answer.headers:
        raise SettingsError(f"--base-url: the mocksrv at {url} refuses: {body.get('title')}. {body.get('detail')}")
    return answer.status != 200 or body.get("status") != "healthy" or "sandbox" not in body


def split(url: str) -> tuple[str, str | None]:
    """The server's base URL, and the sandbox that a URL names, if it does."""
    match = _PREFIX.fullmatch(url)
    return (match["root"], match["name"]) if match else (url, None)


def _fresh(file: str) -> str:
    """A name that tells the file, and that no sandbox has."""
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", PurePosixPath(file).stem).strip("-")
    return f"play-{stem[:40]}-{secrets.token_hex(4)}"


def read_credentials(path: Path) -> dict[str, dict[str, str]]:
    """Headers by the name of a client, from YAML. Raises LoadError with everything that is wrong."""
    try:
        found = read_text(path.read_text("utf-8"), path.as_posix())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LoadError([Problem(Mark(path.as_posix()), f"cannot be read: {why}")]) from None
    problems = [
        Problem(mark_of(value, found.mark), f'"{name}" has headers, like {{x-api-key: ...}}')
        for name, value in found.items()
        if not isinstance(value, Map) or any(isinstance(each, (dict, list)) for each in value.values())
    ]
    if problems:
        raise LoadError(problems)
    return {str(name): {str(key): str(each) for key, each in value.items()} for name, value in found.items()}


def unknown_clients(conversation: Conversation, credentials: Mapping[str, Any]) -> Iterator[Problem]:
    """The steps of a conversation whose client's headers nobody has told."""
    for step in conversation.steps:
        client = step.given.get("as", conversation.client) if step.kind == "ask" and not step.instrument else None
        if client is not None and client not in credentials:
            how = nearest(client, credentials) if credentials else "; name them with --vendor-credentials FILE"
            yield Problem(step.mark, f'the headers of "{client}" are not known{how}')
