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
from urllib.parse import quote, unquote_plus

_KEY = secrets.token_bytes(16)
# What the names of secrets end in. A PIN is a whole word, as "spin" is none; "auth" alone often holds more.
_WORDS = (
    r"(?:(?i:secret|password|passwd|pwd|passphrase|token|authorization|cookie|signature|credential|jwt|cv[vc]2?"
    r"|(?:secret|password|token)[-_ ]?value|(?:api|private|secret|access|auth)[-_ ]?key"
    r"|(?<![a-z])(?:m?pin|x[-_]auth))|(?<=[a-z])P(?:IN|in))[sS]?"
)
_SECRET = re.compile(rf"{_WORDS}[\W_]*$")
# Longer than any of the words above; so a name that is as long as a body is not kept.
_MOST_NAME = 40
# Of these headers the first word says only how the secret is written.
_SCHEMES = ("authorization", "proxy-authorization")
# A signed JWT is a token, whatever the field is called.
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*")
# In a text that has no form: what is called a secret, up to the end of its quotes, number or line; or, as it may go on
# over many lines, all that follows when it is a list or an object.
_NAMED = re.compile(
    rf"""(?P<name>{_WORDS}["'\s\]\\]*+[:=]\s*+)"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*+)|'(?P<single>(?:[^'\\]|\\.)*+)"""
    r"""|(?P<number>-?\d[\d.eE+-]*+)(?=\s*+[,}\]])|(?P<open>[\[{].*+)|(?P<line>[^\r\n]++))""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\u00([3-7][0-9a-fA-F]|2[D-Fd-f])")
_TAG = re.compile(r"<(?P<name>[^\s<>/!?]++)[^<>]*+(?<!/)>")
_FORM = re.compile(r"\s*[^\s=:{\[<]++=")
_PART_NAME = re.compile(r"""(?<![\w-])name\s?=\s?["']?(?P<name>[^"';\r\n]*+)""", re.IGNORECASE)
_BLANK_LINE = re.compile(r"(\r?\n\r?\n)")
# What moves a terminal's cursor, breaks a line, turns the direction of writing or cannot be written.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


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
    """A URL with the secrets among its query parameters masked, and its control characters percent-encoded."""
    path, mark, query = url.partition("?")
    shown = _tokens(path) + mark + (_parameters(query) if query else "")
    return _CONTROL.sub(lambda match: quote(match[0], errors="surrogatepass"), shown)


def masked_text(text: str) -> str:
    """A sentence with the tokens in it masked, and its control characters escaped."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), _tokens(text))


def masked_body(text: str) -> str:
    """A body with its secrets masked; the very same text when there are none."""
    sent = text.lstrip("\ufeff")
    try:
        document = json.loads(sent, object_pairs_hook=_once)
        shown = _document(document)
        return text if shown == document else json.dumps(shown, ensure_ascii=False)
    except (ValueError, RecursionError):
        # Not JSON, or cut short, or one in which a name stands twice.
        if sent.lstrip().startswith("--"):
            return _multipart(sent)
        return _parameters(sent) if _FORM.match(sent) else _loose(text)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice, as the last would hide the others."""
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a name stands twice")
    return found


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
    return f"{name}={masked(unquote_plus(value.strip()))}" if sign and is_secret(unquote_plus(name)) else _loose(pair)


def _multipart(text: str) -> str:
    """A multipart body: a part that is called a secret is one up to the next boundary."""
    boundary = "\n" + text.lstrip().partition("\n")[0].rstrip()
    return boundary.join(map(_part, f"\n{text}".split(boundary)))[1:]


def _part(part: str) -> str:
    head, blank, value = (*_BLANK_LINE.split(part, 1), "", "")[:3]
    named = _PART_NAME.search(head)
    if not named or not is_secret(named["name"]):
        return _loose(part)
    end = "\r" if value.endswith("\r") else ""
    return head + blank + masked(value.removesuffix("\r")) + end


def _loose(text: str) -> str:
    """A text of no form: what looks like a field, an element or a token is one."""
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1].lower() != "5c" else match[0], text)
    shown = _tokens(_NAMED.sub(_named, _elements(plain)))
    return text if shown == plain else shown


def _named(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    sign = {"double": '"', "single": "'"}.get(kind, "")
    return match["name"] + sign + masked(match[kind])


def _elements(text: str) -> str:
    """XML with all that stands in an element which is called a secret masked; if nothing ends it, all that follows."""
    shown, at = [], 0
    while tag := _TAG.search(text, at):
        shown.append(text[at : tag.end()])
        at = tag.end()
        if is_secret(tag["name"]):
            end = text.find(f"</{tag['name']}", at)
            end = len(text) if end < 0 else end
            shown.append(masked(text[at:end]))
            at = end
    return "".join((*shown, text[at:]))


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
