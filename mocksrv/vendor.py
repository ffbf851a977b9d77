"""Spec and fixture married and cross-checked: the catalogue of what is served."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mocksrv.contract import Contract, Violation, covers
from mocksrv.errors import LoadError, Mark, Problem, nearest
from mocksrv.fixture import load_operation, load_product
from mocksrv.forms import Answer, Checking, Limit, Line, Making, OperationForm, ProductForm
from mocksrv.made import faker_names, is_faker_name
from mocksrv.spec import Example, Operation, Spec, find_specs, load_spec
from mocksrv.state.contract import Record
from mocksrv.tighten import tightened
from mocksrv.words import Made, Place, Quote

CALL_ROOTS = ("body", "header", "query", "path")


@dataclass(frozen=True, eq=False)
class Product:
    """One product of a vendor: its spec and what holds for all its operations."""

    name: str
    spec: Spec
    form: ProductForm
    file: str

    @cached_property
    def client_field(self) -> str:
        """The field by which a client is found: the first that its credentials compare."""
        places = [credential.is_ for credential in (self.form.credentials or {}).values() if credential.is_]
        return str(places[0].steps[0]) if places else "key"

    def record(self, kind: str, fields: dict[str, Any], key: str = "") -> Record:
        """A record that no call made. It belongs to the scope that it names, else to all of them."""
        key_field = self.client_field if kind == "client" else "key"
        key = key or str(fields.get(key_field, ""))
        scope = ""
        if kind != "client" and self.form.scope:
            scope = str(fields.get(str(self.form.scope.steps[-1]), ""))
        return Record(self.name, kind, scope, key, {**fields, key_field: key, "key": fields.get("key", key)})

    def seeds(self) -> Iterator[Record]:
        """What exists from the start."""
        for kind, entries in (self.form.records or {}).items():
            for fields in entries:
                yield self.record(kind, dict(fields))

    def spare(self, quote: Quote) -> Example | None:
        """An answer that belongs to no operation."""
        found = next((example for example in self.spec.spare if example.name == quote.example), None)
        return found and dataclasses.replace(found, status=quote.status)


@dataclass(frozen=True, eq=False)
class Rules:
    """One operation with everything that decides its answers."""

    operation: Operation
    product: Product
    form: OperationForm | None
    contract: Contract = field(repr=False)

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.operation.name

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is served."""
        return tuple(self.product.form.mount + path for path in self.operation.paths)

    @property
    def limits(self) -> tuple[tuple[str, Limit], ...]:
        """Its limits by the name of their count; the product's are shared by its operations."""
        shared = [(f"{self.product.name}#{n}", limit) for n, limit in enumerate(self.product.form.limits or ())]
        own = [(f"{self.name}#{n}", limit) for n, limit in enumerate((self.form and self.form.limits) or ())]
        return tuple(shared + own)

    @property
    def success(self) -> Answer:
        """The accepting answer; without a fixture the spec's first 2xx example."""
        if self.form:
            return self.form.success.answer
        first = next((each for each in self.operation.examples if 200 <= each.status < 300), self.operation.examples[0])
        return Answer(Quote(first.status, first.name, first.mark))

    def accepts(self, example: Example) -> bool:
        """Whether an example is quoted as acceptance; everything else refuses, whatever its status."""
        quote = self.success.quote
        return (example.status, example.name) == (quote.status, quote.example)

    def example(self, quote: Quote) -> Example:
        """The spec's example that a quote names."""
        found = self.operation.example(quote.status, quote.example)
        if found is None:
            raise LoadError([Problem(quote.mark, f'no example "{quote}" in {self.name}')])
        return found

    def told(self, violations: Iterable[Violation]) -> tuple[str, Answer | None]:
        """What is said of violations: the highest line that is true. None when no line speaks of them."""
        found = sorted(violations, key=str)
        for line, answer in ((self.form and self.form.violations) or {}).items():
            for violation in found:
                if speaks_of(line, violation):
                    return str(violation), answer
        return str(found[0]), self.product.form.otherwise


def speaks_of(line: Line, violation: Violation) -> bool:
    """Whether a violation line is true of a violation.

    With a kind it is about its very place; without, about its place and everything inside.
    """
    if line.kind and line.kind != violation.kind:
        return False
    if line.place is None:
        return True
    if line.place.root != violation.root:
        return False
    steps = tuple(
        step.lower() if isinstance(step, str) and violation.root == "header" else step for step in line.place.steps
    )
    return covers(steps, violation) and (line.kind is None or len(steps) == len(violation.steps))


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All that is served, by the operation's name."""

    products: dict[str, Product]
    rules: dict[str, Rules]
    notes: tuple[str, ...] = ()

    def seeds(self) -> list[Record]:
        """What exists from the start, of all products."""
        return [record for product in self.products.values() for record in product.seeds()]

    def kinds(self, kind: str) -> list[Product]:
        """The products that know a kind of record."""
        return [product for product in self.products.values() if kind in known_kinds(product, self.rules.values())]


def load_catalogue(root: Path) -> Catalogue:
    """Everything below ``specs/`` and ``fixtures/`` of a root.

    Raises LoadError with every problem of every file.
    """
    problems: list[Problem] = []
    products, rules = {}, []
    for path in find_specs(root / "specs"):
        try:
            product, found = _load_product(path, root)
        except LoadError as error:
            problems += error.problems
            continue
        products[product.name] = product
        rules += found
        problems += check_product(product, found)
    problems += _homeless(root, {product.name for product in products.values()}) if not problems else []
    problems += list(_clashes(rules))
    if not rules and not problems:
        problems.append(Problem(Mark("specs"), f"there is no spec below {root / 'specs'}"))
    if problems:
        raise LoadError(problems)
    notes = tuple(note for product in products.values() for note in product.spec.notes)
    return Catalogue(products, {each.name: each for each in rules}, notes)


def _load_product(path: Path, root: Path) -> tuple[Product, list[Rules]]:
    problems: list[Problem] = []
    spec = load_spec(path, root)
    folder = root / "fixtures" / spec.product
    form, forms = ProductForm(), []
    for file in sorted(folder.glob("*.yaml")):
        try:
            if file.name == "product.yaml":
                form = load_product(file, root)
            else:
                forms.append(load_operation(file, root))
        except LoadError as error:
            problems += error.problems
    product = Product(spec.product, spec, form, f"fixtures/{spec.product}/product.yaml")
    if problems:
        raise LoadError(problems)
    return product, list(_marry(product, forms))


def _marry(product: Product, forms: list[OperationForm]) -> Iterator[Rules]:
    by_name: dict[str, OperationForm] = {}
    problems = []
    known = [operation.name for operation in product.spec.operations]
    for form in forms:
        for name in form.operation:
            if name not in known:
                what = f'no operation "{name}" in {product.spec.file}{nearest(name, known)}'
                problems.append(Problem(form.mark, what))
            elif name in by_name:
                what = f'operation "{name}" has a fixture already, at {by_name[name].mark}'
                problems.append(Problem(form.mark, what))
            by_name[name] = form
    if problems:
        raise LoadError(problems)
    for operation in product.spec.operations:
        found = by_name.get(operation.name)
        judged = tightened(operation, found.tighten or {}) if found else operation
        yield Rules(judged, product, found, Contract(judged, product.form.missing_means or ("absent",)))


def _homeless(root: Path, products: set[str]) -> Iterator[Problem]:
    """Fixtures for which there is no spec: a folder's name mistyped would otherwise be silence."""
    for file in sorted((root / "fixtures").glob("*/*/*.yaml")):
        name = f"{file.parent.parent.name}/{file.parent.name}"
        if name not in products:
            where = file.relative_to(root).as_posix()
            yield Problem(Mark(where), f"there is no spec specs/{name}.yaml{nearest(name, products)}")


def _clashes(rules: list[Rules]) -> Iterator[Problem]:
    names: dict[str, Rules] = {}
    routes: dict[tuple[str, str], Rules] = {}
    for each in rules:
        other = names.setdefault(each.name, each)
        if other is not each:
            what = f'operation "{each.name}" stands in {other.product.spec.file} already; operation names are unique'
            yield Problem(each.operation.mark, what)
        for path in each.paths:
            route = (each.operation.method, re.sub(r"\{[^}]*\}", "{}", path))
            other = routes.setdefault(route, each)
            if other is not each:
                what = (
                    f"{each.operation.method.upper()} {path} is claimed by {other.product.spec.file} too; "
                    f"part them with `mount: /prefix` in {each.product.file} or {other.product.file}"
                )
                yield Problem(each.operation.mark, what)


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
    kinds = set(product.form.records or {}) | ({"client"} if product.form.credentials else set())
    for each in rules:
        if each.product is product and each.form:
            kinds |= (
                set(each.form.requires or {}) | set(each.form.creates or {}) | ({"otp"} if each.form.otp else set())
            )
    return kinds


def check_product(product: Product, rules: list[Rules]) -> Iterator[Problem]:
    """Whether everything that the fixtures of a product say is there to be said."""
    kinds = known_kinds(product, rules)
    for root in (product.form, *(each.form for each in rules if each.form)):
        yield from _check_places(root, kinds)
        yield from _check_words(root)
    yield from _check_records(product)
    yield from _check_spare(product)
    for each in rules:
        if each.form:
            yield from _check_quotes(each)
            yield from _check_credentials(each)
            yield from _check_fields(each)
    makers = [each for each in rules if each.form and isinstance(each.form.otp, Making)]
    for each in rules:
        if each.form and isinstance(each.form.otp, Checking) and not makers:
            yield Problem(each.form.otp.mark, f"no operation of {product.name} issues the OTP that {each.name} checks")


def _check_places(form: Any, kinds: set[str]) -> Iterator[Problem]:
    known = {*CALL_ROOTS, *kinds, "limit"}
    for place in walk(form, Place):
        if place.root not in known:
            yield Problem(place.mark, f'"{place}" begins with "{place.root}"{nearest(place.root, known)}')


def _check_words(form: Any) -> Iterator[Problem]:
    for made in walk(form, Made):
        if made.kind == "faker" and not is_faker_name(made.detail):
            yield Problem(
                made.mark, f'"{made.detail}" is neither a place nor a word{nearest(made.detail, faker_names())}'
            )


def _check_records(product: Product) -> Iterator[Problem]:
    for kind, entries in (product.form.records or {}).items():
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
        shared.append(form.credentials)
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
            yield Problem(rules.form.mark if rules.form else example.mark, f"{what} ({example.mark})")


def _check_credentials(rules: Rules) -> Iterator[Problem]:
    schemes = {name for alternative in rules.operation.security for name in alternative}
    credentials = rules.product.form.credentials or {}
    for name in sorted(schemes - set(credentials)):
        where = Mark(rules.product.file)
        yield Problem(
            where, f'{rules.name} asks for the security scheme "{name}"; say under "credentials:" what it means'
        )
    declared = rules.operation.document.get("components", {}).get("securitySchemes", {})
    for name, credential in credentials.items():
        if name not in declared:
            yield Problem(
                credential.mark, f'no security scheme "{name}" in {rules.product.spec.file}{nearest(name, declared)}'
            )


def _check_fields(rules: Rules) -> Iterator[Problem]:
    answers = [rules.success, *walk(rules.form, Answer)]
    for answer in answers:
        example = rules.operation.example(answer.quote.status, answer.quote.example)
        for path, _ in answer.fields if example else ():
            if example and not _stands(example.value, path):
                shown = ".".join(str(step) for step in path)
                yield Problem(answer.mark, f'the example "{example}" has no field "{shown}" to renew')


def _stands(value: Any, path: tuple[str | int, ...]) -> bool:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
