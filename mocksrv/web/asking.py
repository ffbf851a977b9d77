"""The request as the rules see it, and the paths of specs as routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from mocksrv.call import MOST_BYTES, Call, Malformed, read_json
from mocksrv.contract import bare_type
from mocksrv.reading import read_body, read_query
from mocksrv.rules import Rules


def call_of(rules: Rules, asked: Request, path: Mapping[str, str]) -> Call:
    """The request as the rules see it. A body that cannot be read is a violation, never an exception."""
    body, media, malformed = _body_of(asked, rules.operation.media_types())
    names = [str(each["name"]) for each in rules.operation.parameters() if each.get("in") == "path"]
    values = {name: path.get(_variable(name), "") for name in names}
    reads, region = rules.form.reads, rules.product.form.region
    read, query = read_body(body, reads, region), read_query(asked.args, reads, region)
    return Call(rules.name, asked.method, asked.path, asked.headers, query, values, read, media, malformed, body)


def _body_of(asked: Request, types: tuple[str, ...]) -> tuple[Any, str, bool]:
    """The document, its media type, and whether it cannot be read. No body counts as ``{}``, no type as the first."""
    if not types:
        return {}, "", False
    try:
        asked.max_content_length = MOST_BYTES
        raw = asked.get_data(cache=True)
        # Parameters mean nothing here: JSON is UTF-8, whatever a charset says.
        media = bare_type(asked.headers.get("Content-Type", ""))
        if not raw.strip() or not media:
            return read_json(raw), types[0], False
        # A type that the spec does not know is told by the contract; its body is nobody's business.
        known = next((name for name in types if bare_type(name) == media), media)
        return read_json(raw) if "json" in media else {}, known, False
    except (Malformed, RequestEntityTooLarge, OSError):
        return {}, types[0], True


def _variable(name: str) -> str:
    """A path parameter as Werkzeug's routes can name it."""
    return "p_" + re.sub(r"[^A-Za-z0-9_]", "_", name)


def rule_of(path: str) -> str:
    """A path of a spec as Werkzeug's routes have it."""
    return re.sub(r"\{([^}]*)\}", lambda match: f"<{_variable(match[1])}>", path)
