"""Who is calling: what the security schemes of a spec present, and the client to whom it belongs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from functools import partial

from mocksrv.call import ABSENT, Call, text_of
from mocksrv.look import Look
from mocksrv.readers import Answer
from mocksrv.rules import Rules
from mocksrv.sections import Credential
from mocksrv.state.things import Record
from mocksrv.words import Place

Presented = str | tuple[str, str]
Unknown = tuple[str, Answer]


def schemes_of(rules: Rules) -> list[str]:
    """The schemes that let a call of the operation in, in the order of the fixture's ``credentials:``."""
    asked = {name for alternative in rules.operation.security for name in alternative}
    return [name for name in rules.product.form.credentials if name in asked]


def presented(rules: Rules, name: str, call: Call) -> Presented | None:
    """What the call presents for a scheme: a text, or user and password; None when it presents nothing."""
    scheme = rules.operation.scheme(name)
    if scheme.get("type") == "apiKey":
        found = call.read(Place(scheme["in"], (scheme["name"],), ""))
        return text_of(found).strip() or None if found is not ABSENT else None
    how, _, rest = str(call.headers.get("Authorization", "")).strip().partition(" ")
    if how.lower() != str(scheme.get("scheme", "bearer")).lower() or not rest.strip():
        return None
    return _user_and_password(rest.strip()) if how.lower() == "basic" else rest.strip()


def place_of(rules: Rules, name: str) -> str:
    """Where a scheme's credential is sent, as a place."""
    scheme = rules.operation.scheme(name)
    return f"{scheme['in']}.{scheme['name']}" if scheme.get("type") == "apiKey" else "header.Authorization"


def chosen(rules: Rules, call: Call) -> list[str]:
    """The schemes of the alternative that the call makes use of: the first of which it presents anything."""
    known = schemes_of(rules)
    alternatives = [[name for name in known if name in each] for each in rules.operation.security]
    using = (each for each in alternatives if any(presented(rules, name, call) for name in each))
    return next(using, alternatives[0] if alternatives else [])


def _user_and_password(text: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return user, password


def missing(rules: Rules, name: str, look: Look) -> bool:
    """Whether a scheme that the call should present is not there."""
    return name in chosen(rules, look.call) and presented(rules, name, look.call) is None


def find_client(rules: Rules, look: Look) -> Unknown | None:
    """Find the client to whom all that was presented belongs, so that ``client.*`` can be read; else what is wrong."""
    client: Record | None = None
    for name in chosen(rules, look.call):
        credential, given = rules.product.form.credentials[name], presented(rules, name, look.call)
        unknown = (f"unknown {place_of(rules, name)}", credential.unknown)
        if credential.token:
            found = _by_token(credential, given, look)
            if not isinstance(found, Record):
                return found or unknown
            client = found
        else:
            client = client or _by_field(credential, given, look)
            if client is None or not _fits(credential, given, client):
                return unknown
    if client:
        look.found["client"] = client
    return None


def _by_field(credential: Credential, given: Presented | None, look: Look) -> Record | None:
    key = given[0] if isinstance(given, tuple) else given
    return look.record("client", key or "") if credential.is_ or credential.user else None


def _fits(credential: Credential, given: Presented | None, client: Record) -> bool:
    """Compared in constant time, as the vendor surely does; here it only costs nothing."""
    same = partial(hmac.compare_digest)
    if isinstance(given, tuple) and credential.user and credential.password:
        kept = text_of(client.fields.get(str(credential.password.steps[0]), ""))
        if credential.stored == "md5":
            kept = hashlib.md5(kept.encode(), usedforsecurity=False).hexdigest()
        return same(given[1].encode(), kept.encode())
    if isinstance(given, str) and credential.is_:
        kept = text_of(client.fields.get(str(credential.is_.steps[0]), ""))
        return same(given.encode(), kept.encode())
    return False


def _by_token(credential: Credential, given: Presented | None, look: Look) -> Record | Unknown | None:
    """The client of an issued token. Every token is a record, so a forged one is simply not known."""
    token = look.record(str(credential.token), text_of(given)) if given else None
    if token is None:
        return None
    if token.expired(look.now):
        return "expired token", credential.expired or credential.unknown
    return look.record("client", text_of(token.fields.get("client", "")))
