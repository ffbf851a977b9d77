"""The catalogue of what is served: every spec below a root with its fixtures, cross-checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mocksrv.contract import Contract
from mocksrv.crosscheck import check_product, known_kinds
from mocksrv.errors import LoadError, Mark, Problem, nearest
from mocksrv.fixture import load_operation, load_product
from mocksrv.forms import OperationForm, ProductForm
from mocksrv.rules import Product, Rules
from mocksrv.scenario import Scenario, load_scenarios
from mocksrv.sections import Success
from mocksrv.spec import OURS, Operation, find_specs, load_spec, product_of
from mocksrv.state.things import Record
from mocksrv.tighten import tightened
from mocksrv.tokens import Key
from mocksrv.words import Quote


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All that is served, by the operation's name."""

    products: dict[str, Product]
    rules: dict[str, Rules]
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def seeds(self) -> list[Record]:
        """What exists from the start, of all products."""
        return [record for product in self.products.values() for record in product.seeds()]

    def kinds(self, kind: str) -> list[Product]:
        """The products that know a kind of record."""
        return [product for product in self.products.values() if kind in self.kinds_of(product)]

    def kinds_of(self, product: Product) -> set[str]:
        """The kinds of record that a product knows."""
        return known_kinds(product, self.rules.values())


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
    problems += _homeless(root, {product_of(path) for path in find_specs(root / "specs")})
    problems += list(_clashes(rules))
    if not rules and not problems:
        problems.append(Problem(Mark("specs"), f"there is no spec below {root / 'specs'}"))
    if problems:
        raise LoadError(problems)
    by_name = {each.name: each for each in rules}
    notes = tuple(note for product in products.values() for note in product.spec.notes)
    return Catalogue(products, by_name, load_scenarios(root, by_name), notes)


def _load_product(path: Path, root: Path) -> tuple[Product, list[Rules]]:
    problems: list[Problem] = []
    folder = root / "fixtures" / product_of(path)
    form, forms, spec = ProductForm(), [], None
    try:
        spec = load_spec(path, root)
    except LoadError as error:
        problems += error.problems
    for file in sorted(folder.glob("*.yaml")):
        try:
            if file.name == "product.yaml":
                form = load_product(file, root)
            else:
                forms.append(load_operation(file, root))
        except LoadError as error:
            problems += error.problems
    keys = _load_keys(folder.parent / "keys", root, problems)
    if spec is None:
        raise LoadError(problems)
    product, rules = Product(spec.product, spec, form, f"fixtures/{spec.product}/product.yaml", keys), []
    try:
        rules = list(_marry(product, forms))
    except LoadError as error:
        problems += error.problems
    if problems:
        raise LoadError(problems)
    return product, rules


@cache
def _key(pem: bytes) -> Key:
    """Checking a key's primes takes longer than everything else of a product: once for each key."""
    return Key(pem)


def _load_keys(folder: Path, root: Path, problems: list[Problem]) -> dict[str, Key]:
    """A vendor's test keys by their file names."""
    keys = {}
    for file in sorted(folder.glob("*.pem")):
        try:
            keys[file.name] = _key(file.read_bytes())
        except (OSError, ValueError) as error:
            problems.append(Problem(Mark(file.relative_to(root).as_posix()), str(error)))
    return keys


def _marry(product: Product, forms: list[OperationForm]) -> Iterator[Rules]:
    by_name: dict[str, OperationForm] = {}
    problems: list[Problem] = []
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
    for operation in product.spec.operations:
        try:
            form = by_name.get(operation.name) or _unwritten(operation)
            judged = tightened(operation, form.tighten)
        except LoadError as error:
            problems += error.problems
            continue
        yield Rules(judged, product, form, Contract(judged, product.form.missing_means or ("absent",)))
    if problems:
        raise LoadError(problems)


def _unwritten(operation: Operation) -> OperationForm:
    """A spec without a fixture still works: it answers with its first 2xx example."""
    if not operation.examples:
        raise LoadError([Problem(operation.mark, f"{operation.name} has no responses to answer with")])
    first = next((each for each in operation.examples if 200 <= each.status < 300), operation.examples[0])
    success = Success(reply=Quote(first.status, first.name, first.mark))
    return OperationForm(operation=(operation.name,), success=success)


def _homeless(root: Path, products: set[str]) -> Iterator[Problem]:
    """Fixtures and additions for which there is no spec: a name mistyped would otherwise be silence."""
    for file in sorted((root / "specs").glob(f"*/*{OURS}")):
        if product_of(file) not in products:
            what = f"there is no spec specs/{product_of(file)}.yaml{nearest(product_of(file), products)}"
            yield Problem(Mark(file.relative_to(root).as_posix()), what)
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
