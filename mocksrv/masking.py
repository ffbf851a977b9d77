"""Secrets masked, for the journal: passwords, secrets and tokens. Ids and OTPs stay, as they are what tests look for.

What is masked the same was the same: a mask ends in a fingerprint, by a key that only this process has, so that one can
see in the journal which call used the token that another was given.

Clients choose what is read here, so no pattern may take longer than the text is long.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

_KEY = secrets.token_bytes(16)
_SECRET = re.compile(
    r"(secret|password|passwd|pwd|passphrase|token|authorization|cookie|signature|(api|private)[-_ ]?key)s?$",
    re.IGNORECASE,
)
# Longer than any of the words above; so a name that is as long as a body is not kept.
_MOST_NAME = 40
# Of these headers the first word says only how the secret is written.
_SCHEMES = ("authorization", "proxy-authorization")
# A signed JWT is a token, whatever the field is called.
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*")
_PAIR = re.compile(r'("(?P<name>[^"\\]{1,100})"\s{0,100}:\s{0,100}")(?P<value>(?:[^"\\]|\\.)*)', re.DOTALL)


def masked(secret: str) -> str:
    """The mask of a secret: three stars and a fingerprint. Of nothing it is nothing, as that is worth seeing."""
    if not secret:
        return ""
    return f"***{hmac.new(_KEY, secret.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:8]}"


def is_secret(name: str) -> bool:
    """Whether a field, header or parameter of that name holds a secret."""
    return _is_secret(name[-_MOST_NAME:])


@lru_cache(4096)
def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with their secrets masked; of ``Authorization`` the scheme is kept."""
    return {name: _header(name, value) for name, value in headers.items()}


def masked_url(url: str) -> str:
    """A URL with the secrets among its query parameters masked."""
    path, mark, query = url.partition("?")
    return _tokens(path) + mark + _parameters(query)


def masked_body(text: str) -> str:
    """A body with its secrets masked; the very same text when there are none."""
    try:
        document = json.loads(text)
        shown = _document(document)
        return text if shown == document else json.dumps(shown, ensure_ascii=False)
    except (ValueError, RecursionError):
        # Not JSON, or cut short, or a form that was sent by mistake: what looks like a field is one.
        return _PAIR.sub(_pair, _tokens(text) if re.search(r"\s", text) else _parameters(text))


def _tokens(text: str) -> str:
    return _JWT.sub(lambda match: masked(match[0]), text)


def _header(name: str, value: str) -> str:
    if not is_secret(name):
        return _tokens(value)
    scheme, blank, rest = value.partition(" ")
    if name.lower() in _SCHEMES and blank:
        return f"{scheme} {masked(rest.strip())}"
    return masked(value)


def _parameters(text: str) -> str:
    return "&".join(map(_parameter, text.split("&")))


def _parameter(pair: str) -> str:
    name, sign, value = pair.partition("=")
    return f"{name}={masked(unquote_plus(value))}" if sign and is_secret(unquote_plus(name)) else _tokens(pair)


def _pair(match: re.Match[str]) -> str:
    return match[1] + (masked(match["value"]) if is_secret(match["name"]) else match["value"])


def _document(value: Any, secret: bool = False) -> Any:
    """The document with every text and number masked that a secret's name stands over, at whatever depth."""
    if isinstance(value, dict):
        return {key: _document(item, secret or is_secret(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_document(item, secret) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if secret:
        return masked(str(value))
    return _tokens(value) if isinstance(value, str) else value
