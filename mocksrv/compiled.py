"""A schema compiled to one question: is this value valid? The doorway to jsonschema-rs.

The answer must be the one that openapi-core's own JSON Schema validator gives. So the schema is written anew, keyword
by keyword: what both read alike is copied, what OpenAPI 3.0 reads in its own way is put into JSON Schema's words, and
what the two libraries compute differently (patterns, formats, large numbers) is asked of openapi-core's functions
while the compiled schema runs. A schema with anything else in it is not compiled at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jsonschema_rs import Draft4Validator, Draft202012Validator

from mocksrv.patterns import verdict

Verdict = Callable[[Any], bool]

_SCHEMA = ("not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames")
_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED_SCHEMAS = ("properties", "dependentSchemas")
_ALIKE = ("type", "required", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
          "minContains", "maxContains", "dependentRequired")  # fmt: skip
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_VALUES = ("enum", "const")
_ASKED = ("pattern", "format", "multipleOf", "uniqueItems")
# Words that change how their neighbours are read, or to what a reference leads.
_OTHERWISE = ("id", "$id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "discriminator",
              "patternProperties")  # fmt: skip
_ASK = "mocksrv-ask"
_DRAFT_4 = 4


class Unlike(Exception):
    """The schema says something that might be judged in two ways."""


def compiled(schema: Any, judge: Any, lookup: Callable[[str], Any], draft: int, never: str = "") -> Verdict | None:
    """The schema as one question; None when only openapi-core itself may judge it.

    ``judge`` is openapi-core's JSON Schema validator of the schema, ``lookup`` its way from a reference to the schema
    that it means. ``never`` is the keyword that forbids a value in OpenAPI 3.0: ``readOnly`` in what is written.
    """
    writing = _Writing(judge, lookup, draft == _DRAFT_4, never)
    validator = Draft4Validator if draft == _DRAFT_4 else Draft202012Validator
    try:
        written = writing.document(schema)
        is_valid: Verdict = validator(written, keywords={_ASK: writing.keyword()}, validate_formats=False).is_valid
    except (Unlike, ValueError, TypeError, AttributeError):
        # No schema at all, as far as jsonschema-rs or the writing below can tell: openapi-core must say what it means.
        return None
    return is_valid


@dataclass
class _Writing:
    """One schema being written in words that both libraries read alike."""

    judge: Any
    lookup: Callable[[str], Any]
    is_30: bool
    never: str
    asked: list[Verdict] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def words(self) -> set[str]:
        """The keywords that openapi-core reads; it passes over all others, and over some in so many words."""
        passed_over = self.judge.VALIDATORS["example"]
        read = {word for word, function in self.judge.VALIDATORS.items() if function is not passed_over}
        return read if self.is_30 else read | {"then", "else", "minContains", "maxContains"}

    def document(self, schema: Any) -> Any:
        """The schema with a definition for every reference in it, so that recursion is one of its own."""
        definitions: dict[str, Any] = {}
        written = {"allOf": [self.schema(schema)], "definitions": definitions}
        while len(definitions) < len(self.names):
            reference, name = list(self.names.items())[len(definitions)]
            definitions[name] = self.schema(self.lookup(reference))
        return written

    def schema(self, schema: Any) -> Any:
        if isinstance(schema, bool) and not self.is_30:
            return schema
        if not isinstance(schema, dict) or any(word in schema for word in _OTHERWISE):
            raise Unlike
        if self.is_30 and schema.get(self.never):
            return {"not": {}}
        written: dict[str, Any] = {}
        asked: list[int] = []
        for word, value in schema.items():
            if word == "$ref":
                written.setdefault("allOf", []).append({"$ref": self.reference(value)})
            elif word not in self.words or word == self.never:
                continue
            elif self.must_ask(word, value):
                asked.append(self.ask(word, value, schema))
            elif word in _SCHEMAS:
                written.setdefault(word, []).extend(map(self.schema, value))
            else:
                self.copy(word, value, schema, written)
        return {**written, _ASK: asked} if asked else written

    def reference(self, value: str) -> str:
        return f"#/definitions/{self.names.setdefault(value, f'd{len(self.names)}')}"

    def must_ask(self, word: str, value: Any) -> bool:
        """Whether jsonschema-rs might compute it differently: floats, numbers that no float holds, other engines."""
        if word in _VALUES:
            return not all(isinstance(each, str) for each in ([value] if word == "const" else value))
        return word in _ASKED or (word in _BOUNDS and not _is_small(value))

    def copy(self, word: str, value: Any, schema: Mapping[str, Any], written: dict[str, Any]) -> None:
        """A keyword that both read alike, or that OpenAPI 3.0 has in other words."""
        if word in _SCHEMA:
            # OpenAPI 3.0 knows `true` and `false` only here.
            free = self.is_30 and word == "additionalProperties" and isinstance(value, bool)
            written[word] = value if free else self.schema(value)
        elif word in _NAMED_SCHEMAS:
            written[word] = {name: self.schema(each) for name, each in value.items()}
        elif word == "type" and self.is_30 and schema.get("nullable") is True:
            written[word] = [value, "null"]
        elif word == "required" and self.is_30:
            written.update({word: names} if (names := self.required(value, schema)) else {})
        elif word in _BOUNDS and self.is_30:
            exclusive = f"exclusive{word.capitalize()}"
            written.update({word: value, exclusive: bool(schema.get(exclusive))})
        elif word in (*_ALIKE, *_BOUNDS, *_VALUES):
            written[word] = value
        else:
            raise Unlike

    def required(self, names: Iterable[str], schema: Mapping[str, Any]) -> list[str]:
        """A property that must not be sent need not be there either."""
        properties = schema.get("properties", {})
        return [name for name in names if not (properties.get(name) or {}).get(self.never)]

    def ask(self, word: str, value: Any, schema: Mapping[str, Any]) -> int:
        """Have a keyword judged by the function that openapi-core has for it."""
        self.asked.append(_function(word, value, schema, self.judge))
        return len(self.asked) - 1

    def keyword(self) -> type[Any]:
        """The keyword that asks, as jsonschema-rs wants it."""
        asked = self.asked

        class Ask:
            def __init__(self, schema: Any, numbers: list[int], path: Any) -> None:
                self.functions = [asked[int(number)] for number in numbers]

            def validate(self, value: Any) -> None:
                for function in self.functions:
                    if not function(value):
                        raise ValueError

        return Ask


def _is_small(value: Any) -> bool:
    """Whether a bound is a whole number that a float holds exactly."""
    return type(value) is int and abs(value) <= 2**53


def _function(word: str, value: Any, schema: Mapping[str, Any], judge: Any) -> Verdict:
    if word == "pattern":
        return verdict(value)
    if word == "format":
        function: Verdict = judge.format_checker.checkers.get(value, (lambda _: True, ()))[0]
        return function
    keyword = judge.VALIDATORS[word]
    return lambda instance: next(iter(keyword(judge, value, instance, schema)), None) is None
