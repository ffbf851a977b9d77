"""What an accepted call writes: everything that acceptance changes, as writes that the state applies in one step."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mocksrv.call import ABSENT, text_of
from mocksrv.checks import hit_of
from mocksrv.look import Look
from mocksrv.made import make
from mocksrv.readers import Attempts, Claim
from mocksrv.sections import Creation, Making, Message, TokenForm
from mocksrv.state.contract import Deliver, Put, Serve, Write
from mocksrv.state.things import Message as Delivered
from mocksrv.state.things import Record, Sent
from mocksrv.tokens import signed_jwt
from mocksrv.words import Made, Place, Value, places_in, words_in


def written(look: Look) -> Iterator[Write]:
    """Count, use up, create, end, issue, deliver. What was made can be read from the look afterwards."""
    for name, limit in look.rules.limits if look.choices.quotas else ():
        if limit.of == "successes":
            look.counts.append(hit_of(look, name, limit))
    yield from look.counts
    look.counted = look.view.served(look.rules.name)
    form, entity = look.rules.form, look.entity()
    served = look.view.served(entity)
    if isinstance(form.otp, Making):
        yield from _issued(look, form.otp, (entity, served))
    elif form.otp:
        look.found["otp"] = replace(look.found["otp"], used=True)
        yield Put(look.found["otp"])
    for kind, creation in form.creates.items():
        yield from _created(look, kind, creation, (entity, served))
    for kind in (each for each in form.ends if each in look.found):
        look.found[kind] = replace(look.found[kind], used=True)
        yield Put(look.found[kind])
    yield from _tokens(look, (entity, served))
    yield from _served(look, entity)


def _served(look: Look, entity: str) -> Iterator[Write]:
    """Count the entity where something is made for it, or the next made value would be the same."""
    form = look.rules.form
    makers = [each for each in (form.otp, *form.creates.values()) if isinstance(each, (Making, Creation))]
    shown = [*form.success.fields.values(), *(each.key for each in makers)]
    kinds = {made.kind for value in shown for made in words_in(value)}
    kept = {made.kind for each in makers for value in each.keeps.values() for made in words_in(value)}
    if "counter" in kinds | kept and not look.repeated:
        yield Serve(look.rules.name)
    if kinds - {"counter", "now", "path"}:
        yield Serve(entity)


def _record(look: Look, kind: str, key: str, form: Making | Creation, more: dict[str, Any]) -> Record:
    """A record of the call's scope. Its made values belong to its key and to how often that key was made."""
    before = look.record(kind, key)
    ordinal = before.ordinal + 1 if before else 1
    kept = {name: look.value(value, kind, key, ordinal, name) for name, value in form.keeps.items()}
    attempts = form.attempts or Attempts(0)
    return Record(
        product=look.rules.product.name,
        kind=kind,
        scope=look.scope,
        key=key,
        fields={**more, **{name: value for name, value in kept.items() if value is not ABSENT}},
        made=look.now,
        expires=None if form.lives is None else look.now + form.lives,
        most_wrong=attempts.most or None,
        wrong_within=attempts.within,
        ordinal=ordinal,
    )


def _created(look: Look, kind: str, creation: Creation, origin: tuple[str, int]) -> Iterator[Write]:
    key = look.text(creation.key, *origin, kind) or ""
    known = look.record(kind, key) if creation.again == "same" else None
    look.found[kind] = known or _record(look, kind, key, creation, {"key": key})
    if known is None:
        yield Put(look.found[kind])


# --- an OTP --------------------------------------------------------------------------------------------------------


def _issued(look: Look, otp: Making, origin: tuple[str, int]) -> Iterator[Write]:
    key = look.text(otp.key, *origin, "otp") or ""
    # Whom the call named, before the OTP itself is found.
    named = [record.key for kind, record in look.found.items() if kind != "client"]
    living = living_otp(look, otp, key)
    look.repeated = living is not None
    if living is None:
        before = look.record("otp", key)
        ordinal = before.ordinal + 1 if before else 1
        codes = {name: _code(look, value, key, ordinal, name) for name, value in otp.issue.items()}
        living = _record(look, "otp", key, otp, {name: code for name, code in codes.items() if code})
    look.found["otp"] = living
    yield Put(living)
    yield _delivered(look, otp, named)


def living_otp(look: Look, otp: Making, key: str) -> Record | None:
    """The OTP that is sent once more: with ``again: same``, while it lives and was not used."""
    known = look.record("otp", key) if otp.again == "same" else None
    return known if known and not known.used and not known.expired(look.now) else None


def _code(look: Look, value: Value, key: str, ordinal: int, name: str) -> str | None:
    """The code that a fixture fixes, or one of its length made from the seed."""
    origin = ("otp", key, ordinal, name)
    fixed = look.value(value, *origin)
    if fixed is ABSENT:
        return None
    code = text_of(fixed)
    if look.choices.random_codes and not isinstance(value, Made):
        return make(Made("digits", str(len(code))), look.choices.seed, look.rules.product.name, look.scope, *origin)
    return code


def _delivered(look: Look, otp: Making, named: list[str]) -> Deliver:
    """Every message that the call's channels would show, and the code for whoever asks by a recipient."""
    record = look.found["otp"]
    codes = {name: text_of(record.fields[name]) for name in otp.issue if name in record.fields}
    messages: list[Delivered] = []
    for message in look.rules.form.messages:
        if look.holds(message.when):
            for via, to in _channels(look, message):
                messages.append(_message(look, message, via, to, codes))
    made = {name for name, value in otp.keeps.items() if isinstance(value, Made)} | otp.issue.keys()
    kept = [text for name, text in record.fields.items() if isinstance(text, str) and name not in made]
    recipients = dict.fromkeys(each.to for each in messages)
    code = next(iter(codes.values()), "")
    own = {each.to: each.code for each in messages if each.code and each.code != code}
    sent = Sent(
        code=code,
        key=record.key,
        operation=look.rules.name,
        product=look.rules.product.name,
        recipients=tuple(recipients),
        names=tuple(dict.fromkeys([*named, *kept])),
        sent=look.now,
        own=own,
        records={kind: each.id for kind, each in look.found.items()},
        ordinal=record.ordinal,
    )
    return Deliver(tuple(messages), sent)


def _message(look: Look, form: Message, via: str, to: str, codes: Mapping[str, str]) -> Delivered:
    """One message. Of several codes it carries the one that its text names first, else the first of all."""
    text = form.text.get(via, form.text.get("otherwise"))
    subject = form.subject.get(via, form.subject.get("otherwise"))
    named = [str(place.steps[0]) for place in places_in(text) if place.root == "otp"]
    code = next((codes[name] for name in (*named, *codes) if name in codes), None)
    return Delivered(
        id=str(uuid.uuid4()),
        product=look.rules.product.name,
        operation=look.rules.name,
        via=via,
        to=to,
        text=_said(look, form, text, code) or "",
        subject=_said(look, form, subject, code),
        sent=look.now,
        code=code,
    )


def _said(look: Look, form: Message, text: Value | None, code: str | None) -> str | None:
    """The text with the code in every placeholder. What a request sent is never evaluated."""
    said = look.text(text) if text else None
    return said.replace(form.placeholder, code) if said and form.placeholder and code else said


def _channels(look: Look, message: Message) -> Iterator[tuple[str, str]]:
    """One pair for each message; a place with ``[]`` gives one for each item."""
    channels, addresses = _several(look, message.via), _several(look, message.to)
    paired = isinstance(message.to, Place) and message.to.many
    for index, channel in enumerate(channels):
        address = addresses[index if paired else 0] if index < len(addresses) or (addresses and not paired) else None
        if address is not None:
            yield channel, address


def _several(look: Look, value: Value) -> list[str]:
    found = look.value(value)
    if found is ABSENT:
        return []
    return [text_of(each) for each in found] if isinstance(found, list) else [text_of(found)]


# --- tokens --------------------------------------------------------------------------------------------------------


def _tokens(look: Look, origin: tuple[str, int]) -> Iterator[Write]:
    """Every token that the answer shows. Each is a record, so a reset ends it."""
    words = [made for value in look.rules.success_values() for made in words_in(value) if made.kind == "token"]
    for name in dict.fromkeys(word.detail for word in words):
        form = look.rules.product.form.tokens[name]
        token = _jwt(look, form, (*origin, name))
        look.tokens[name] = token
        client = look.found.get("client")
        yield Put(
            Record(
                product=look.rules.product.name,
                kind=name,
                scope="",
                key=token,
                fields={"client": client.key if client else ""},
                made=look.now,
                expires=None if form.lives is None else look.now + form.lives,
            )
        )


def _jwt(look: Look, form: TokenForm, origin: tuple[str | int, ...]) -> str:
    """A signed token. Times are the sandbox's; what there is not is null."""
    header = {name: _claim(look, value, (*origin, name)) for name, value in form.header.items()}
    claims = {name: _claim(look, value, (*origin, name)) for name, value in form.claims.items()}
    claims["iat"] = int(look.now)
    if form.lives is not None:
        claims["exp"] = int(look.now + form.lives)
    key = look.rules.product.keys.get(form.key)
    return signed_jwt(form.algorithm, key or form.key, header, claims)


def _claim(look: Look, claim: Claim, origin: tuple[str | int, ...]) -> Any:
    if isinstance(claim, tuple):
        return [_claim(look, item, origin) for item in claim]
    found = look.value(claim, *origin)
    return None if found is ABSENT else json.loads(json.dumps(found))
