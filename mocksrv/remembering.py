"""openapi-core's parts that remember: paths into a spec, deserializers, and schemas that are compiled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property, partial
from ipaddress import ip_address
from typing import Any

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from jsonschema_path import SchemaPath
from openapi_core.deserializing.styles import StyleDeserializersFactory
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from openapi_core.validation.schemas.validators import SchemaValidator
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, OAS31Validator

from mocksrv.compiled import Verdict, compiled
from mocksrv.errors import MocksrvError
from mocksrv.patterns import verdict

_NOTHING = object()
# The draft of JSON Schema that openapi-core's validators speak, and the keyword that forbids a value there.
_SPEAKS = {OAS30WriteValidator: (4, "readOnly"), OAS30ReadValidator: (4, "writeOnly"), OAS31Validator: (2020, "")}
# Those that openapi-core's own dependencies bring. Others would depend on what else is installed beside us.
_FORMATS = ("byte", "date", "date-time", "email", "idn-email", "int32", "int64", "ipv4", "ipv6", "regex", "time",
            "uuid")  # fmt: skip


class Disagreement(MocksrvError):
    """The compiled schema refuses what openapi-core accepts: a fault of mocksrv's own, never the client's."""


class SpecPath(SchemaPath):
    """A path into the spec that remembers its children and its value.

    What a thread finds is stored once for all, so that every thread goes on with the same object.
    """

    _children: dict[Any, Any]

    def __new__(cls, *_: Any, **__: Any) -> SpecPath:
        path = super().__new__(cls)
        path.__dict__["_children"] = {}
        return path

    def __truediv__(self, key: Any) -> Any:
        found = self._children.get(key)
        return self._children.setdefault(key, super().__truediv__(key)) if found is None else found

    def __getitem__(self, key: Any) -> Any:
        child = self / key
        return child if isinstance(child.value, (dict, list)) else child.read_value()

    def __contains__(self, key: Any) -> bool:
        # Clients choose some of these keys (a media type), so what is not there is not remembered.
        return key in self.value if isinstance(self.value, dict) else super().__contains__(key)

    @cached_property
    def value(self) -> Any:
        """What stands here, through references."""
        try:
            return self._get_resolved.contents
        except (KeyError, IndexError, TypeError):
            return _NOTHING

    def read_value(self) -> Any:
        if self.value is _NOTHING:
            raise KeyError(self.parts[-1])
        return self.value


class StyleDeserializers(StyleDeserializersFactory):
    """Makes one deserializer for each parameter."""

    def __init__(self, *stock: Any) -> None:
        super().__init__(*stock)
        self.made: dict[Any, Any] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, style: str, explode: bool, name: str) -> Any:
        key = (schema.parts, style, explode, name)
        made = self.made.get(key)
        return self.made.setdefault(key, super().create(spec, schema, style, explode, name)) if made is None else made


class SchemaValidators(SchemaValidatorsFactory):
    """Makes one validator for each schema of a spec, and compiles the schema."""

    def __init__(self, stock: SchemaValidatorsFactory) -> None:
        super().__init__(stock.schema_validator_cls, _format_checker(stock.format_checker))
        self.stock = stock
        self.classes: dict[Any, Any] = {}
        self.made: dict[Any, CompiledFirst] = {}
        self.inner: dict[int, tuple[Any, Verdict]] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, *_: Any, **__: Any) -> CompiledFirst:
        made = self.made.get(schema.parts)
        if made is None:
            validator = super().create(spec, schema).validator
            made = CompiledFirst(schema, validator, _compiled(validator.schema, validator))
            made = self.made.setdefault(schema.parts, made)
        return made

    def get_format_checker(self, *_: Any, **__: Any) -> FormatChecker:
        return self.format_checker

    def get_validator_cls(self, spec: SchemaPath, schema: SchemaPath) -> Any:
        """openapi-core's own, with patterns as ECMA-262 reads them; it looks for errors only where there are some."""
        stock = self.stock.get_validator_cls(spec, schema)
        if stock not in self.classes:
            extended = extend(stock, {  # type: ignore[no-untyped-call]
                "pattern": _pattern,
                "properties": partial(self._properties, stock.VALIDATORS["properties"]),
                "allOf": partial(self._all_of, stock.VALIDATORS["allOf"]),
            })  # fmt: skip
            extended.SPEAKS = _SPEAKS.get(stock)
            self.classes.setdefault(stock, extended)
        return self.classes[stock]

    def _properties(self, stock: Any, validator: Any, properties: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            there = ((name, each) for name, each in properties.items() if name in instance)
            refused = {name: each for name, each in there if not self._accepts(validator, each, instance[name])}
            yield from stock(validator, refused, instance, schema)

    def _all_of(self, stock: Any, validator: Any, schemas: Any, instance: Any, schema: Any) -> Iterator[Any]:
        refused = [each for each in schemas if not self._accepts(validator, each, instance)]
        yield from stock(validator, refused, instance, schema)

    def _accepts(self, validator: Any, schema: Any, value: Any) -> bool:
        """Whether a schema within a schema accepts a value, so that there are no errors to be looked for."""
        known = self.inner.get(id(schema))
        if known is None:
            verdict = _compiled(schema, validator) or (lambda _: False)
            known = self.inner.setdefault(id(schema), (schema, verdict))
        return _passes(known[1], value)


class CompiledFirst(SchemaValidator):
    """Asks the compiled schema first, and openapi-core's own JSON Schema validator for its errors."""

    def __init__(self, schema: SchemaPath, validator: Any, is_valid: Verdict | None = None) -> None:
        super().__init__(schema, validator)
        self.is_valid = is_valid

    def validate(self, value: Any) -> None:
        if self.is_valid is None:
            super().validate(value)
        elif not _passes(self.is_valid, value):
            super().validate(value)
            if _is_json(value):
                raise Disagreement(f"the compiled schema at {self.schema} refuses what openapi-core accepts")


def _passes(is_valid: Verdict, value: Any) -> bool:
    try:
        return is_valid(value)
    except ValueError:  # no JSON: half a surrogate pair, or what openapi-core made of a parameter
        return False


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        return False
    return True


def _compiled(schema: Any, validator: Any) -> Verdict | None:
    """A schema compiled, by a validator that can tell where references within it lead."""
    look_up = partial(_look_up, validator._resolver)
    return compiled(schema, validator, look_up, *validator.SPEAKS) if validator.SPEAKS else None


def _look_up(resolver: Any, reference: str) -> Any:
    return resolver.lookup(reference).contents


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if not verdict(pattern)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _format_checker(stock: FormatChecker) -> FormatChecker:
    """openapi-core's formats and ours: total, where some of its own raise what nobody expects."""
    checker = FormatChecker(())
    for name, function in {**{name: stock.checkers[name][0] for name in _FORMATS}, "ip": _is_ip}.items():
        checker.checks(name)(partial(_conforms, function))
    return checker


def _conforms(function: Any, value: Any) -> bool:
    try:
        return bool(function(value))
    except Exception:
        return False


def _is_ip(value: Any) -> bool:
    return not isinstance(value, str) or bool(ip_address(value))
