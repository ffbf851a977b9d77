"""The sections of a fixture, word by word, as frozen dataclasses.

Each field's metadata holds the marshmallow field that reads it, so that a word is declared once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.errors import Mark
from mocksrv.readers import (
    NOWHERE,
    Answer,
    Attempts,
    Claim,
    Differs,
    mapping,
    one_of,
    read_accepted,
    read_again,
    read_answer,
    read_attempts,
    read_check,
    read_claim,
    read_constant,
    read_differs,
    read_issue,
    read_kind,
    read_status,
    read_text,
    read_texts,
)
from mocksrv.schema import word
from mocksrv.words import (
    Place,
    Quote,
    Rate,
    Value,
    read_field,
    read_place,
    read_quote,
    read_rate,
    read_template,
    read_value,
    read_when,
)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """How one security scheme of the spec is judged: a field of the client, user and password, or an issued token."""

    is_: Place | None = word(read_place, named="is")
    user: Place | None = word(read_place)
    password: Place | None = word(read_place)
    stored: str | None = word(one_of("md5"))
    token: str | None = word(read_text)
    missing: Answer = word(read_answer, needed=True)
    unknown: Answer = word(read_answer, needed=True)
    expired: Answer | None = word(read_answer)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Require:
    """A record that must exist, and in which state. Without ``key`` it is one that was found already: the client."""

    key: Value | None = word(read_template)
    by: str | None = word(read_text)
    missing: Answer | str | None = word(read_accepted)
    used: Answer | None = word(read_answer)
    unused: Answer | None = word(read_answer)
    ended: Answer | None = word(read_answer)
    exhausted: Answer | None = word(read_answer)
    expired: Answer | None = word(read_answer)
    differs: dict[Differs, Answer] = word(mapping(read_differs, read_answer), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many calls, or successes, in a sliding window, for each value of ``per``."""

    rate: Rate = word(read_rate, needed=True)
    of: str = word(one_of("calls", "successes"), needed=True)
    per: Value | None = word(read_template)
    exceeded: Answer = word(read_answer, needed=True)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Making:
    """An OTP that is made when the call is accepted."""

    issue: dict[str, Value] = word(read_issue, needed=True)
    key: Value = word(read_template, needed=True)
    again: Answer | str | None = word(read_again)
    lives: float | None = word(parse_duration)
    attempts: Attempts | None = word(read_attempts)
    keeps: dict[str, Value] = word(mapping(read_text, read_constant), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Checking:
    """An OTP that is judged, and used up when the call is accepted."""

    key: Value = word(read_template, needed=True)
    check: dict[str, Place] = word(read_check, needed=True)
    missing: Answer = word(read_answer, needed=True)
    used: Answer = word(read_answer, needed=True)
    exhausted: Answer | None = word(read_answer)
    expired: Answer | None = word(read_answer)
    wrong: Answer = word(read_answer, needed=True)
    charges: str | None = word(read_kind)
    mark: Mark = NOWHERE


def making_or_checking(raw: object) -> type[Any]:
    """Which of the two forms of ``otp:`` it is: the one that checks says ``check``."""
    return Checking if isinstance(raw, Mapping) and "check" in raw else Making


@dataclass(frozen=True, kw_only=True)
class Message:
    """What lands in the inbox when the call is accepted; a place with ``[]`` makes one for each item."""

    via: Value = word(read_constant, needed=True)
    to: Value = word(read_constant, needed=True)
    text: dict[str, Value] = word(read_texts, needed=True)
    subject: dict[str, Value] = word(read_texts, dict)
    placeholder: str | None = word(read_text)
    when: tuple[tuple[Place, str], ...] = word(read_when, ())
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Creation:
    """A record that is made when the call is accepted."""

    key: Value = word(read_template, needed=True)
    again: Answer | str | None = word(read_again)
    lives: float | None = word(parse_duration)
    attempts: Attempts | None = word(read_attempts)
    keeps: dict[str, Value] = word(mapping(read_text, read_constant), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signature that a call must carry; ``{seconds}`` in ``over`` is the signer's time, since the epoch."""

    in_: Place = word(read_place, named="in", needed=True)
    how: str = word(one_of("rsa-oaep-sha1 base64", "sha256 base64"), needed=True)
    over: Value = word(read_constant, needed=True)
    key: str = word(read_text, "")
    time: Place | None = word(read_place)
    within: float = word(parse_duration, needed=True)
    when: tuple[tuple[Place, str], ...] = word(read_when, ())
    missing: Answer = word(read_answer, needed=True)
    wrong: Answer = word(read_answer, needed=True)
    stale: Answer = word(read_answer, needed=True)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class TokenForm:
    """A JWT that calls are given. ``key`` is the file of an RSA key, or the secret itself for HS256."""

    algorithm: str = word(one_of("RS256", "HS256"), needed=True)
    key: str = word(read_text, needed=True)
    lives: float | None = word(parse_duration)
    header: dict[str, Claim] = word(mapping(read_text, read_claim), dict)
    claims: dict[str, Claim] = word(mapping(read_text, read_claim), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """How refusals go out, where a vendor's own way is not certain."""

    status: int | None = word(read_status)
    media: str | None = word(read_text)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Success:
    """The accepting answer."""

    reply: Quote = word(read_quote, needed=True)
    fields: dict[tuple[str | int, ...], Value] = word(mapping(read_field, read_value), dict)
    again: Answer | None = word(read_answer)
    instead: dict[Place, dict[str, Answer]] = word(mapping(read_place, mapping(read_text, read_answer)), dict)
    mark: Mark = NOWHERE

    @property
    def answer(self) -> Answer:
        """Its quote with its fields."""
        return Answer(self.reply, tuple(self.fields.items()))
