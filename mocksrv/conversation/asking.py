"""One call as a conversation makes it. With ``mocksrv.client.wire`` the doorway to httpx."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from mocksrv import __version__
from mocksrv.conversation.values import plain

PATIENCE = 30.0
Http = httpx.Client
JSON = {"Content-Type": "application/json"}


class NoAnswer(Exception):
    """No whole answer came. ``str()`` says why; ``broken`` is whether the connection ended before it should."""

    def __init__(self, why: str, broken: bool) -> None:
        super().__init__(why)
        self.broken = broken


@dataclass(frozen=True)
class Answer:
    """What came: ``body`` is the document, or the text of what is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def why(self) -> str:
        """Why it is so, if it comes from a mocksrv."""
        return str(self.headers.get("X-Mocksrv-Why", ""))


def new_http(real: bool) -> Http:
    """Connections that are kept open: to a vendor through the environment's proxies, to a mocksrv straight."""
    return httpx.Client(trust_env=real, timeout=PATIENCE, headers={"User-Agent": f"mocksrv/{__version__}"})


def merged(*headers: Mapping[str, Any]) -> dict[str, Any]:
    """Headers over headers; a later one counts, in whatever case its name is written."""
    found: dict[str, tuple[str, Any]] = {}
    for each in headers:
        # What is taken away first: beside its null a name may stand anew, in another case.
        for name, value in sorted(each.items(), key=lambda item: item[1] is not None):
            found[name.lower()] = name, value
    return dict(found.values())


def ask(http: Http, method: str, url: str, headers: Mapping[str, Any], content: bytes | None) -> Answer:
    """Make a call. A header that is None is not sent, not even where httpx would. Raises NoAnswer."""
    given = {name: plain(value).strip() for name, value in headers.items() if value is not None}
    try:
        request = http.build_request(method, url, headers=_encoded(given), content=content)
        for name in headers.keys() - given.keys():
            request.headers.pop(name, None)
        response = http.send(request)
    except (httpx.ConnectError, httpx.TimeoutException, httpx.UnsupportedProtocol) as error:
        raise NoAnswer(str(error) or type(error).__name__, broken=False) from None
    except httpx.LocalProtocolError as error:
        raise NoAnswer(f"it cannot be sent: {error}", broken=False) from None
    except httpx.TransportError as error:
        raise NoAnswer(f"the connection ended: {str(error) or type(error).__name__}", broken=True) from None
    except (httpx.InvalidURL, httpx.RequestError) as error:
        raise NoAnswer(str(error), broken=False) from None
    return Answer(response.status_code, response.headers, _document(response))


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(each[0].encode(), each[1].encode("utf-8", "surrogatepass")) for each in headers.items()]


def _document(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text
