"""Whether what the fixtures say is there to be said: quotes, places, words, records, credentials."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mocksrv.errors import Mark, Problem, nearest
from mocksrv.forms import OperationForm
from mocksrv.made import faker_names, is_faker_name
from mocksrv.person import person_fields
from mocksrv.readers import Answer
from mocksrv.rules import Product, Rules
from mocksrv.sections import Checking, Credential, Making, Signed
from mocksrv.spec import stands
from mocksrv.words import Made, Place, Quote
from mocksrv.yamltext import mark_of

CALL_ROOTS = ("body", "header", "query", "path")


def walk(value: Any, wanted: type[Any]) -> Iterator[Any]:
    """Every value of a type within a form."""
    if isinstance(value, wanted):
        yield value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(key, wanted)
            yield from walk(item, wanted)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from walk(item, wanted)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            yield from walk(getattr(value, each.name), wanted)


def known_kinds(product: Product, rules: Iterable[Rules]) -> set[str]:
    """The kinds of record that a product's fixtures speak of."""
    kinds = set(product.form.tokens) | set(product.form.records) | ({"client"} if product.form.credentials else set())
    for each in rules:
        if each.product is product:
            kinds |= set(each.form.requires) | set(each.form.creates) | ({"otp"} if each.form.otp else set())
    return kinds


def check_product(product: Product, rules: list[Rules]) -> Iterator[Problem]:
    """Whether everything that the fixtures of a product say is there to be said."""
    kinds = known_kinds(product, rules)
    for root in (product.form, *(each.form for each in rules)):
        yield from _check_places(root, kinds)
        yield from _check_words(root)
        yield from _check_tokens(root, product)
        yield from _check_signed(root, product)
    yield from _check_keys(product)
    yield from _check_together(product, rules)
    yield from _check_records(product)
    yield from _check_spare(product)
    for each in rules:
        if each.written:
            yield from _check_found(each.form, product)
            yield from _check_answered(each)
            yield from _check_quotes(each)
            yield from _check_credentials(each)
            yield from _check_fields(each)
    makers = [each for each in rules if isinstance(each.form.otp, Making)]
    for each in rules:
        if isinstance(each.form.otp, Checking) and not makers:
            yield Problem(each.form.otp.mark, f"no operation of {product.name} issues the OTP that {each.name} checks")


def _check_places(form: Any, kinds: set[str]) -> Iterator[Problem]:
    known = {*CALL_ROOTS, *kinds, "limit", *(["person"] if getattr(form, "person", None) else [])}
    for place in walk(form, Place):
        if place.root == "person" and place.steps[0] not in person_fields():
            what = nearest(str(place.steps[0]), person_fields())
            yield Problem(place.mark, f'a person has no "{place.steps[0]}"{what}')
        if place.root not in known:
            yield Problem(place.mark, f'"{place}" begins with "{place.root}"{nearest(place.root, known)}')


def _check_words(form: Any) -> Iterator[Problem]:
    for made in walk(form, Made):
        if made.kind == "faker" and not is_faker_name(made.detail):
            known = (*faker_names(), "uuid", "now", "path")
            yield Problem(made.mark, f'"{made.detail}" is neither a place nor a word{nearest(made.detail, known)}')


def _check_tokens(form: Any, product: Product) -> Iterator[Problem]:
    tokens = product.form.tokens
    for made in walk(form, Made):
        if made.kind == "token" and made.detail not in tokens:
            yield Problem(made.mark, f'no token "{made.detail}" in {product.file}{nearest(made.detail, tokens)}')
    for credential in walk(form, Credential):
        if credential.token and credential.token not in tokens:
            what = f'no token "{credential.token}" below "tokens:"{nearest(credential.token, tokens)}'
            yield Problem(credential.mark, what)


def _check_signed(form: Any, product: Product) -> Iterator[Problem]:
    for signed in walk(form, Signed):
        if signed.how.startswith("rsa") and signed.key not in product.keys:
            what = (
                f'no key "{signed.key}" in {Path(product.file).parent.parent}/keys{nearest(signed.key, product.keys)}'
            )
            yield Problem(signed.mark, what)


def _check_together(product: Product, rules: list[Rules]) -> Iterator[Problem]:
    place = product.form.together
    examples = [example.value for each in rules for example in each.operation.examples]
    if place and not any(stands(value, (*place, 0)) for value in examples):
        shown = ".".join(str(step) for step in place)
        yield Problem(product.form.mark, f'no answer of {product.name} has a list "{shown}" to join')


def _check_found(form: OperationForm, product: Product) -> Iterator[Problem]:
    """Whether what acceptance changes has been found by then, and what is told has been asked for."""
    otp = form.otp
    found = {
        *form.requires,
        *(["otp"] if isinstance(otp, Checking) else []),
        *(["client"] * bool(product.form.credentials)),
    }
    paying = [otp.charges] if isinstance(otp, Checking) and otp.charges else []
    for kind in (*form.ends, *paying):
        if kind not in found:
            yield Problem(mark_of(kind, form.mark), f'the operation requires no "{kind}"{nearest(kind, found)}')
    for place in form.reads:
        if place.root not in ("body", "query"):
            yield Problem(place.mark, f'"{place}" cannot be read in a way of its own; a body and a query can')
    again = form.success.again
    if again and not (isinstance(otp, Making) and otp.again == "same"):
        yield Problem(again.mark, f'"{again.quote}" is never answered: the OTP does not say "again: same"')


def _check_keys(product: Product) -> Iterator[Problem]:
    for name, token in product.form.tokens.items():
        if token.algorithm == "RS256" and token.key not in product.keys:
            what = f'no key "{token.key}" in {Path(product.file).parent.parent}/keys{nearest(token.key, product.keys)}'
            yield Problem(token.mark, f"the token {name} has {what}")


def _check_records(product: Product) -> Iterator[Problem]:
    for kind, entries in product.form.records.items():
        key = product.client_field if kind == "client" else "key"
        for entry in entries:
            if key not in entry:
                yield Problem(product.form.mark, f'a {kind} needs "{key}", by which it is found')


def _check_spare(product: Product) -> Iterator[Problem]:
    names = [example.name for example in product.spec.spare]
    for quote in (product.form.unknown_path, product.form.unknown_method):
        if quote and quote.example not in names:
            what = f'no example "{quote.example}" in components.responses{nearest(quote.example, names)}'
            yield Problem(quote.mark, what)


def quotes_of(rules: Rules) -> Iterator[Quote]:
    """Every quote that may answer a call of the operation."""
    form = rules.product.form
    shared: list[Any] = [form.limits, form.otherwise]
    if rules.operation.security:
        shared += [form.credentials, form.signed, form.requires]
    yield from walk([shared, rules.form], Quote)


def _check_quotes(rules: Rules) -> Iterator[Problem]:
    known = [str(example) for example in rules.operation.examples]
    quoted = set()
    for quote in quotes_of(rules):
        quoted.add(str(quote))
        if str(quote) not in known:
            yield Problem(quote.mark, f'no example "{quote}" in {rules.name}{nearest(str(quote), known)}')
    for example in rules.operation.examples:
        if str(example) not in quoted:
            what = (
                f'the example "{example}" of {rules.name} is never quoted; list it under "unquoted:" if that is meant'
            )
            yield Problem(rules.form.mark, f"{what} ({example.mark})")


def _check_answered(rules: Rules) -> Iterator[Problem]:
    """Every kind of violation that the schema can produce has an answer, if only the fallback."""
    if rules.product.form.otherwise is None:
        for violation in rules.unspoken_of():
            what = f'nothing answers "{violation}" of {rules.name}; add a line, or "otherwise:" to {rules.product.file}'
            yield Problem(rules.form.mark, what.replace("[0]", "[]"))


def _check_credentials(rules: Rules) -> Iterator[Problem]:
    schemes = {name for alternative in rules.operation.security for name in alternative}
    credentials = rules.product.form.credentials
    for name in sorted(schemes - set(credentials)):
        where = Mark(rules.product.file)
        yield Problem(
            where, f'{rules.name} asks for the security scheme "{name}"; say under "credentials:" what it means'
        )
    declared = rules.operation.document.get("components", {}).get("securitySchemes", {})
    for name, credential in credentials.items():
        ways = (credential.is_, credential.user and credential.password, credential.token)
        if len([way for way in ways if way]) != 1:
            yield Problem(credential.mark, 'a credential says "is", or "user" and "password", or "token"')
        if name not in declared:
            yield Problem(
                credential.mark, f'no security scheme "{name}" in {rules.product.spec.file}{nearest(name, declared)}'
            )


def _check_fields(rules: Rules) -> Iterator[Problem]:
    answers = [rules.success, *walk(rules.form, Answer)]
    for answer in answers:
        example = rules.operation.example(answer.quote.status, answer.quote.example)
        for path, _ in answer.fields if example else ():
            if example and not stands(example.value, path):
                shown = ".".join(str(step) for step in path)
                yield Problem(answer.mark, f'the example "{example}" has no field "{shown}" to renew')
