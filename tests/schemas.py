"""Schemas as hypothesis makes them, with every keyword that OpenAPI knows, and values for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.generated import NUMBERS, SCALARS, Strategy

PATTERNS = ["^a+$", r"^\d{3}$", r"\s", r"^[\w.]*$", "[^a-z]", ".", r"(?i)^sms$", "$", "^(a|b)?$", r"^[A-Z]{5}\d"]
FORMATS = ["date", "date-time", "email", "uuid", "int32", "int64", "float", "ipv4", "regex", "nobody-knows"]
KINDS = ["string", "integer", "number", "boolean", "array", "object"]
COMPONENTS = {
    "schemas": {
        "Tree": {
            "type": "object",
            "required": ["n"],
            "properties": {
                "n": {"type": "integer", "maximum": 9},
                "of": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
            },
        }
    }
}
TREE = {"$ref": "#/components/schemas/Tree"}
GROUPS = [
    "type nullable enum",
    "type nullable pattern format minLength maxLength",
    "type nullable minimum maximum exclusiveMinimum exclusiveMaximum",
    "type uniqueItems minItems maxItems",
    "type readOnly writeOnly required minProperties",
    "multipleOf const default example",
]
SMALL = st.one_of(SCALARS, st.sampled_from(["a", "b", "aaa", "123", "A.b", "SMS"]))
DOCUMENTS = st.recursive(
    SMALL,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abno"), inner, max_size=3)),
    max_leaves=6,
) | st.sampled_from([{"n": 1, "of": [{"n": 2}]}, {"n": 1, "of": [{"n": "2"}]}, [[1], [True], [1]], [1, 1.0], [1, True]])


def schemas_with_values(is_30: bool) -> Strategy:
    """A schema with every keyword that OpenAPI knows, alike or not, and a value for it."""
    leaves = _nameless(_leaf_schemas(is_30))
    schemas = st.recursive(leaves, lambda inner: _nodes(_nameless(inner), is_30), max_leaves=5)
    return schemas.flatmap(lambda schema: st.tuples(st.just(schema), st.one_of(DOCUMENTS, _near(schema))))


def _near(schema: Any) -> Strategy:
    """What stands in the schema itself, and numbers close to that: where verdicts tip over."""
    found: list[Any] = [None]
    for each in _constants(schema):
        found.append(each)
        if isinstance(each, (int, float)) and abs(each) < 2**1000:
            found += [each + 1, float(each), int(each)]
    values = st.sampled_from(found)
    return st.one_of(values, st.lists(values, max_size=3), st.dictionaries(st.sampled_from("abn"), values, max_size=3))


def _constants(schema: Any) -> Iterator[Any]:
    if isinstance(schema, (dict, list)):
        for each in schema.values() if isinstance(schema, dict) else schema:
            yield from _constants(each)
    else:
        yield schema


def _nameless(strategy: Strategy) -> Strategy:
    """The same; hypothesis would else write it out in full, again and again, to name it."""
    return st.none().flatmap(lambda _: strategy)


def _leaf_schemas(is_30: bool) -> Strategy:
    kind: Strategy = st.sampled_from(KINDS)
    edges: Strategy = st.sampled_from(NUMBERS)
    words: dict[str, Strategy] = {
        "type": kind
        if is_30
        else st.one_of(kind, st.lists(st.sampled_from([*KINDS, "null"]), min_size=1, unique=True)),
        "enum": st.lists(SMALL, min_size=1, max_size=3),
        "pattern": st.sampled_from(PATTERNS),
        "format": st.sampled_from(FORMATS),
        "minimum": edges,
        "maximum": edges,
        "multipleOf": st.sampled_from([1, 2, 0.1, 0.01, 3]),
        "readOnly": st.booleans(),
        "writeOnly": st.booleans(),
        "example": SMALL,
        "default": SMALL,
        **{word: st.integers(0, 3) for word in ("minLength", "maxLength", "minItems", "maxItems", "minProperties")},
        "uniqueItems": st.booleans(),
        "required": st.lists(st.sampled_from("abn"), min_size=1, max_size=2, unique=True),
    }
    if is_30:
        words |= {"nullable": st.booleans(), "exclusiveMinimum": st.booleans(), "exclusiveMaximum": st.booleans()}
    else:
        words |= {"const": SMALL, "exclusiveMinimum": edges, "exclusiveMaximum": edges}
    groups = [{name: words[name] for name in names.split() if name in words} for names in GROUPS]
    some = [st.fixed_dictionaries({}, optional=group) for group in groups]
    return st.one_of(*some, st.just(TREE), *([] if is_30 else [st.booleans()]))


def _nodes(inner: Strategy, is_30: bool) -> Strategy:
    several = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(st.sampled_from("abn"), inner, max_size=2)
    names = st.lists(st.sampled_from("abn"), min_size=1, max_size=2, unique=True)
    objects: dict[str, Strategy] = {"type": st.just("object"), "properties": named, "required": names,
                                    "additionalProperties": st.one_of(inner, st.booleans())}  # fmt: skip
    schema = inner.filter(lambda found: isinstance(found, dict))
    if is_30:
        objects["properties"] = st.dictionaries(st.sampled_from("abn"), schema, max_size=2)
    words: list[Strategy] = [
        st.fixed_dictionaries({}, optional=objects),
        st.fixed_dictionaries({"items": schema}, optional={"type": st.just("array")}),
        *(st.fixed_dictionaries({word: several}) for word in ("allOf", "anyOf", "oneOf")),
        st.fixed_dictionaries({"not": inner}),
    ]
    if not is_30:
        few = st.integers(0, 2)
        words += [
            st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner}),
            st.fixed_dictionaries({"prefixItems": several}, optional={"items": inner}),
            st.fixed_dictionaries({}, optional={"propertyNames": inner, "dependentSchemas": named}),
            st.fixed_dictionaries({"dependentRequired": st.dictionaries(st.sampled_from("abn"), names, max_size=2)}),
            st.fixed_dictionaries({"contains": inner}, optional={"minContains": few, "maxContains": few}),
            st.fixed_dictionaries({"contains": inner, "unevaluatedItems": inner}),
            st.fixed_dictionaries({"properties": named, "unevaluatedProperties": inner}),
            st.fixed_dictionaries({"$ref": st.just(TREE["$ref"]), "maxProperties": st.integers(0, 2)}),
        ]
    return st.one_of(*words)
