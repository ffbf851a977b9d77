"""Spec and fixture married: a product, and each operation with everything that decides its answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.contract import Contract, Violation, covers
from mocksrv.errors import LoadError, Problem
from mocksrv.forms import OperationForm, ProductForm
from mocksrv.possible import possible_violations
from mocksrv.readers import NOWHERE, Answer, Line
from mocksrv.sections import Limit, Signed
from mocksrv.spec import Example, Operation, Spec
from mocksrv.state.things import Record
from mocksrv.tokens import Key
from mocksrv.words import Each, Place, Quote, Step, Value


@dataclass(frozen=True, eq=False)
class Product:
    """One product of a vendor: its spec and what holds for all its operations."""

    name: str
    spec: Spec
    form: ProductForm
    file: str
    keys: Mapping[str, Key] = field(default_factory=dict)

    @property
    def key(self) -> Key | None:
        """The key that opens its clients' signatures."""
        return self.keys.get(self.form.signed.key) if self.form.signed else None

    @cached_property
    def client_field(self) -> str:
        """The field by which a client is found: the first that its credentials compare."""
        places = [place for each in self.form.credentials.values() if (place := each.is_ or each.user)]
        return str(places[0].steps[0]) if places else "key"

    def unscoped(self, kind: str) -> bool:
        """Whether a kind is the same for all scopes: clients, by whom a scope is told, and their tokens."""
        return kind == "client" or kind in self.form.tokens

    def record(self, kind: str, fields: dict[str, Any], key: str = "") -> Record:
        """A record that no call made. It belongs to the scope that it names, else to all of them."""
        key_field = self.client_field if kind == "client" else "key"
        key = key or str(fields.get(key_field, ""))
        scope = ""
        if not self.unscoped(kind) and self.form.scope:
            scope = str(fields.get(str(self.form.scope.steps[-1]), ""))
        return Record(self.name, kind, scope, key, {"key": key, **fields, key_field: key})

    def seeds(self) -> Iterator[Record]:
        """What exists from the start."""
        for kind, entries in self.form.records.items():
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
    form: OperationForm
    contract: Contract = field(repr=False)

    @property
    def written(self) -> bool:
        """Whether it has a fixture."""
        return self.form.mark != NOWHERE

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
        shared = [(f"{self.product.name}#{n}", limit) for n, limit in enumerate(self.product.form.limits)]
        own = [(f"{self.name}#{n}", limit) for n, limit in enumerate(self.form.limits)]
        return tuple(shared + own)

    @property
    def success(self) -> Answer:
        """The accepting answer."""
        return self.form.success.answer

    @property
    def key(self) -> Key | None:
        """The key that opens its calls' signatures."""
        return self.product.keys.get(self.signed.key) if self.signed else None

    @property
    def signed(self) -> Signed | None:
        """The signature that its calls carry: its own, or the product's."""
        return self.form.signed or self.product.form.signed

    @cached_property
    def moments(self) -> tuple[tuple[Place, float], ...]:
        """The places that must hold a moment in UTC, and by how many seconds it may differ from the sandbox's time."""
        tightened = self.form.tighten.items()
        return tuple((place, parse_duration(words["within"])) for place, words in tightened if "within" in words)

    def acceptances(self) -> Iterator[tuple[str, Answer]]:
        """Every accepting answer, and when it is given."""
        success = self.form.success
        if success.again:
            yield "accepted again", success.again
        for place, answers in success.instead.items():
            for value, answer in answers.items():
                yield f'accepted, {place} "{value}"', answer
        yield "accepted", success.answer

    def success_values(self) -> list[Value]:
        """Every value that an accepting answer may show."""
        return [value for _, answer in self.acceptances() for _, value in answer.fields]

    def accepts(self, example: Example) -> bool:
        """Whether an example is quoted as acceptance; everything else refuses, whatever its status."""
        return any(answer.quote.names(example.status, example.name) for _, answer in self.acceptances())

    def example(self, quote: Quote) -> Example:
        """The spec's example that a quote names."""
        found = self.operation.example(quote.status, quote.example)
        if found is None:
            raise LoadError([Problem(quote.mark, f'no example "{quote}" in {self.name}')])
        return found

    def told(self, violations: Iterable[Violation]) -> tuple[str, Answer | None]:
        """What is said of violations: the highest line that is true. None when no line speaks of them.

        With ``together:`` in the product the answers of all lines that are true are joined into the highest.
        """
        found = sorted(violations, key=str)
        said = [
            (str(violation), answer)
            for line, answer in self.form.violations.items()
            for violation in found[:]
            if speaks_of(line, violation) and not self._spoken_of(violation, line)
        ]
        if not said:
            return str(found[0]), self.product.form.otherwise
        what, first = said[0]
        if self.product.form.together is None:
            return what, first
        others = dict.fromkeys(answer.quote for _, answer in said if answer.quote != first.quote)
        return what, dataclasses.replace(first, joined=tuple(others))

    def unspoken_of(self) -> Iterator[Violation]:
        """Every violation that the schemas can produce and that no line of the fixture speaks of."""
        possible = dict.fromkeys(possible_violations(self.operation))
        moments = (Violation(place.root, _indexed(place.steps), "within") for place, _ in self.moments)
        for violation in (*possible, *moments):
            if not any(speaks_of(line, violation) for line in self.form.violations):
                yield violation

    def _spoken_of(self, violation: Violation, line: Line) -> bool:
        """Whether a higher line speaks of the violation already: each is told once."""
        for higher in self.form.violations:
            if higher == line:
                return False
            if speaks_of(higher, violation):
                return True
        return False


def _indexed(steps: tuple[Step, ...]) -> tuple[str | int, ...]:
    return tuple(0 if isinstance(step, Each) else step for step in steps)


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
