"""What a client needs to be let in: its headers, its key, a signature that is right now."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from mocksrv.call import ABSENT, Call
from mocksrv.credentials import place_of, schemes_of
from mocksrv.errors import nearest
from mocksrv.instruments.desk import Asked, Desk, Refused, Told, is_of, sentence
from mocksrv.instruments.records import no_record
from mocksrv.rules import Product, Rules
from mocksrv.sections import Signed
from mocksrv.signatures import Signature
from mocksrv.state.things import Record
from mocksrv.words import First, places_in


def get_credentials(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The headers of every client that a product knows from the start."""
    products = [each for each in desk.catalogue.products.values() if is_of(each.name, asked.query.get("vendor"))]
    shown = [
        {"product": product.name, "client": seed.key, "headers": headers}
        for product in products
        for seed in product.seeds()
        if seed.kind == "client" and (headers := _headers(desk, product, seed))
    ]
    return {"clients": shown}


def get_key(desk: Desk, asked: Asked) -> Told:
    """The key with which a client of that name signs, in PEM. Raises Refused when there is none."""
    for product in desk.catalogue.products.values():
        if product.key and _clients(desk, asked, asked.path["client"], product.name):
            return Told(product.key.public_pem().decode("ascii"), media="application/x-pem-file")
    raise no_record("client with a key", asked.path["client"], asked)


def sign(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A signature for a call. Raises Refused, saying what else it must be told."""
    name, client = asked.body["operation"], asked.body.get("client")
    rules = desk.catalogue.rules.get(name)
    signed = rules and rules.signed
    if not rules or not signed:
        known = [each.name for each in desk.catalogue.rules.values() if each.signed]
        detail = sentence(f'There is no signed operation "{name}"{nearest(name, known)}')
        raise Refused(404, "not-signed", "No such signed operation", detail)
    clients = _clients(desk, asked, client, rules.product.name)
    if client is not None and not clients:
        raise no_record("client", client, asked)
    body = asked.body.get("body", {})
    call = Call(rules.name, "", "", {}, {}, {}, body, "", sent=body)
    value = desk.state.look(asked.sandbox, lambda view: Signature.of(rules, call, view, clients)).value
    if value is None:
        raise Refused(400, "cannot-sign", "This cannot be signed", _lacking(signed, call))
    return {"in": str(signed.in_), "value": value}


def _lacking(signed: Signed, call: Call) -> str:
    over = signed.over.options[0] if isinstance(signed.over, First) else signed.over
    absent = [str(each) for each in places_in(over) if each.root == "body" and call.read(each) is ABSENT]
    if absent:
        return f'Send in "body" what it is made over: {", ".join(absent)}.'
    return f'Say whose it is: "client", for {signed.in_}.'


def _clients(desk: Desk, asked: Asked, client: str | None, product: str) -> list[Record]:
    known = desk.state.look(asked.sandbox, lambda view: view.known("client", str(client)))
    return [each for each in known if each.product == product]


def _headers(desk: Desk, product: Product, client: Record) -> dict[str, str]:
    """What lets the client in, by the first scheme of each of the product's operations that needs no call before."""
    found: dict[str, str] = {}
    for rules in desk.catalogue.rules.values():
        if rules.product is product:
            for name in schemes_of(rules):
                for header, value in _presented(rules, name, client):
                    found.setdefault(header, value)
    return {**found, **dict(_further(product, client))}


def _further(product: Product, client: Record) -> Iterator[tuple[str, str]]:
    """Headers that are no credential, and must be the client's all the same."""
    require = product.form.requires.get("client")
    for differs in require.differs if require else ():
        if differs.place.root == "header" and differs.other and differs.other.root == "client":
            yield str(differs.place.steps[0]), str(client.fields.get(str(differs.other.steps[0]), ""))


def _presented(rules: Rules, name: str, client: Record) -> Iterator[tuple[str, str]]:
    credential, fields = rules.product.form.credentials[name], client.fields
    header = place_of(rules, name).removeprefix("header.")
    if credential.is_:
        yield header, str(fields.get(str(credential.is_.steps[0]), ""))
    elif credential.user and credential.password:
        password = str(fields.get(str(credential.password.steps[0]), ""))
        if credential.stored == "md5":
            password = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
        pair = f"{fields.get(str(credential.user.steps[0]), '')}:{password}"
        yield header, f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif credential.token:
        seeds = (each for each in rules.product.seeds() if each.kind == credential.token)
        token = next((each.key for each in seeds if each.fields.get("client") == client.key), None)
        if token:
            yield header, f"Bearer {token}" if header == "Authorization" else token
