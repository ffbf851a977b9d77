"""How requests and answers become violations: places, kinds, and what is left out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, MultiDict

from mocksrv.contract import ABSENT, BLANK, EMPTY, NULL, Contract, Violation, _told, covers
from mocksrv.errors import LoadError, Mark
from mocksrv.remembering import CompiledFirst, Disagreement
from mocksrv.spec import Operation
from mocksrv.words import EACH
from tests.generated import Sent

JSON = "application/json"
TEXT = {"type": "string"}
TREE = {"$ref": "#/components/schemas/Tree"}
COMPONENTS = {"schemas": {"Tree": {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "pattern": "^[a-z]+$"}, "children": {"type": "array", "items": TREE}},
}}}  # fmt: skip


def operation(body: Any = None, version: str = "3.1.0", parameters: Any = (), answers: Any = None,
              media: str = JSON, **document: Any) -> Operation:  # fmt: skip
    described: dict[str, Any] = {"parameters": list(parameters), "responses": answers or {"200": {"description": ""}}}
    if body is not None:
        described["requestBody"] = {"content": {media: {"schema": body}}}
    document = {"openapi": version, "components": COMPONENTS, "paths": {"/x": {"post": described}}, **document}
    return Operation("x", "post", "/x", ("",), described, document, (), Mark("specs/a/b.yaml", 7), "a/b")


def sent(body: Any = None, headers: Any = (), query: Any = (), media: str = JSON, **more: Any) -> Sent:
    return Sent(Headers(headers), MultiDict(query), more.pop("path", {}), {} if body is None else body, media, **more)


def wrong(schema: Any, body: Any, version: str = "3.1.0", missing: Any = (ABSENT,)) -> list[str]:
    return sorted(map(str, Contract(operation(schema, version), missing).violations(sent(body))))


def misread(parameter: Any, missing: Any = (ABSENT,), path: Any = None, **asked: Any) -> list[str]:
    contract = Contract(operation(parameters=[parameter]), missing)
    return sorted(map(str, contract.violations(sent(media="", path=path or {}, **asked))))


def judged_by(contract: Contract) -> CompiledFirst:
    """The validator of the body's schema, when there is no other."""
    factory: Any = contract._request.validator.schema_validators_factory
    (made,) = factory.made.values()
    return cast(CompiledFirst, made)


def objects(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


# --- places and kinds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "body", "violations"),
    [
        ({"required": ["a", "b's"]}, {}, ["body.a missing", "body.b's missing"]),
        (objects(a={"required": ["b"]}), {"a": {}}, ["body.a.b missing"]),
        ({"items": {"required": ["b"]}}, [{"b": 1}, {}], ["body[1].b missing"]),
        (objects(a={"items": {"enum": ["SMS"]}}), {"a": ["SMS", "PIGEON", 1]}, ["body.a[1] enum", "body.a[2] enum"]),
        (objects(a={"minLength": 2, "pattern": "^x"}), {"a": "y"}, ["body.a minLength", "body.a pattern"]),
        (objects(a={"maxLength": 2}), {"a": "😀😀😀"}, ["body.a maxLength"]),
        (objects(a={"maxLength": 2}), {"a": "😀😀"}, []),
        (objects(a={"minLength": 3, "pattern": "^x"}), {"a": "xy"}, ["body.a minLength"]),
        ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, ["body.b missing"]),
        ({"additionalProperties": False, **objects(a={})}, {"b": 1}, ["body additionalProperties"]),
        ({"minProperties": 1, "type": "object"}, {}, ["body minProperties"]),
        (objects(a={"const": 1}), {"a": True}, ["body.a const"]),
        (objects(a={"multipleOf": 0.1}), {"a": 0.25}, ["body.a multipleOf"]),
        (objects(a={"uniqueItems": True}), {"a": [1, 1.0]}, ["body.a uniqueItems"]),
        (objects(a={"uniqueItems": True}), {"a": [1, True]}, []),
        (objects(a={"oneOf": [{"type": "string"}, {"minimum": 3}]}), {"a": 1}, ["body.a oneOf"]),
        (objects(a={"anyOf": [{"required": ["b"]}, {"required": ["c"]}]}), {"a": {}}, ["body.a anyOf"]),
        (objects(a={"not": {"const": "b"}}), {"a": "b"}, ["body.a not"]),
        (objects(a=False), {"a": 1}, ["body not"]),  # `false` is `not: {}`; its place gets lost in jsonschema
        ({"type": "object"}, [], ["body type"]),
        ({"type": "string"}, "text", []),
    ],
)
def test_every_error_has_a_place_and_a_kind(schema: Any, body: Any, violations: list[str]) -> None:
    assert wrong(schema, body) == violations


def test_conditions_are_told_where_they_fail() -> None:
    schema = {
        "if": {"properties": {"kind": {"const": "MAIL"}}, "required": ["kind"]},
        "then": {"required": ["subject"], "properties": {"to": {"format": "email"}}},
        "else": {"required": ["phone"]},
    }
    assert wrong(schema, {"kind": "MAIL", "to": "nobody"}) == ["body.subject missing", "body.to format"]
    assert wrong(schema, {"kind": "SMS"}) == ["body.phone missing"]
    assert wrong(schema, {"kind": "SMS", "phone": "1"}) == []


def test_recursive_schemas_are_followed_to_the_end() -> None:
    schema = objects(tree=TREE)
    deep: Any = {"name": "leaf", "children": [{"name": "Leaf"}, {}]}
    body = {"tree": {"name": "root", "children": [{"name": "a", "children": [deep]}]}}
    at = "body.tree.children[0].children[0].children"
    for version in ("3.0.3", "3.1.0"):
        assert wrong(schema, body, version) == [f"{at}[0].name pattern", f"{at}[1].name missing"]
        assert wrong(schema, {"tree": {"name": "root"}}, version) == []


def test_what_is_missing_or_of_the_wrong_type_has_nothing_else_to_be_told() -> None:
    schema = objects(a={"type": "object", "required": ["b"], "properties": {"b": {"type": "string", "enum": ["c"]}}})
    assert wrong(schema, {"a": {"b": 1}}) == ["body.a.b type"]
    assert wrong(schema, {"a": 1}) == ["body.a type"]
    both = {"required": ["a"], "properties": {"a": {"type": "string", "minLength": 1}}}
    assert wrong(both, {"a": None}, missing=(NULL,)) == ["body.a missing"]


@pytest.mark.parametrize(
    ("word", "value"), [(NULL, None), (BLANK, ""), (BLANK, " \t"), (EMPTY, []), (EMPTY, {})], ids=str
)
def test_a_product_says_what_counts_as_missing(word: str, value: Any) -> None:
    schema = {"required": ["a"], "properties": {"b": {"items": {"required": ["c"]}}}}
    assert wrong(schema, {"a": value}, missing=(ABSENT, word)) == ["body.a missing"]
    assert wrong(schema, {"a": value}) == []
    assert wrong(schema, {"a": 1, "b": [{"c": 1}, {"c": value}]}, missing=(word,)) == ["body.b[1].c missing"]
    others = {NULL, BLANK, EMPTY} - {word}
    assert wrong(schema, {"a": value}, missing=others) == []


def test_what_counts_as_missing_satisfies_no_condition() -> None:
    schema = {
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        "if": {"required": ["a"]},
        "then": {"required": ["c"]},
    }
    assert wrong(schema, {"a": 1, "c": None}, missing=(NULL,)) == ["body.c missing"]
    # An optional field that is missing is as good as not sent.
    assert wrong({"minProperties": 1}, {"a": None}, missing=(NULL,)) == ["body minProperties"]
    assert wrong({"properties": {"a": {"type": "string", "minLength": 2}}}, {"a": None}, missing=(NULL,)) == []
    assert wrong({"properties": {"a": {"type": "string", "minLength": 2}}}, {"a": None}) == ["body.a type"]
    assert wrong({**schema, "maxProperties": 1}, {"a": 1, "c": None}, missing=(NULL,)) == ["body.c missing"]


# --- OpenAPI's versions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "kinds_30", "kinds_31"),
    [
        ({"type": "string", "nullable": True}, None, [], ["type"]),
        ({"type": "string"}, None, ["type"], ["type"]),
        ({"enum": ["a"], "nullable": True, "type": "string"}, None, ["enum"], ["type"]),
        ({"minimum": 3, "exclusiveMinimum": True}, 3, ["minimum"], None),
        ({"minimum": 3, "exclusiveMinimum": False}, 3, [], None),
        ({"exclusiveMinimum": 3}, 3, [], ["exclusiveMinimum"]),
        ({"type": "integer"}, 1.0, ["type"], []),
        ({"type": "integer"}, 10**400, [], []),
        ({"type": "integer"}, True, ["type"], ["type"]),
        ({"type": "number", "maximum": 10**30}, 1e30, ["maximum"], ["maximum"]),
        ({"maximum": 2**53}, 2**53 + 1, ["maximum"], ["maximum"]),
        ({"enum": [10**30]}, 1e30, ["enum"], ["enum"]),
        ({"enum": [1]}, True, ["enum"], ["enum"]),
        ({"enum": [1]}, 1.0, [], []),
        ({"const": "a"}, "b", [], ["const"]),
        ({"if": {"type": "string"}, "then": {"minLength": 9}}, "b", [], ["minLength"]),
        ({"readOnly": True}, 1, ["readOnly"], []),
        ({"writeOnly": True}, 1, [], []),
        ({"type": "integer", "format": "int32"}, 2**31, ["format"], ["format"]),
        ({"type": "integer", "format": "int64"}, 2**63, ["format"], ["format"]),
        ({"format": "int32"}, 3e9, [], []),
        ({"format": "float"}, 1, [], []),
        ({"format": "email"}, "@", [], []),
        ({"format": "email"}, "nobody", ["format"], ["format"]),
        ({"format": "ip"}, "::1", [], []),
        ({"format": "ip"}, "10.0.0.256", ["format"], ["format"]),
        ({"format": "ip"}, 7, [], []),
        ({"format": "date-time"}, "2024-02-30T00:00:00Z", ["format"], ["format"]),
        ({"format": "date-time"}, "2024-02-29t00:00:00z", [], []),
        ({"format": "date"}, "2024-02-30", ["format"], ["format"]),
        ({"format": "uuid"}, "no", ["format"], ["format"]),
        ({"format": "byte"}, "é", ["format"], ["format"]),  # stock openapi-core raises UnicodeEncodeError
        ({"format": "uri"}, "no uri", [], []),
    ],
)
def test_each_version_of_openapi_is_read_in_its_own_way(
    schema: Any, value: Any, kinds_30: list[str], kinds_31: list[str] | None
) -> None:
    for version, kinds in (("3.0.3", kinds_30), ("3.1.0", kinds_31)):
        if kinds is not None:
            assert wrong(objects(a=schema), {"a": value}, version) == [f"body.a {kind}" for kind in kinds]


def test_a_property_that_must_not_be_written_need_not_be_there() -> None:
    schema = {"required": ["id", "name"], "properties": {"id": {"type": "string", "readOnly": True}, "name": TEXT}}
    assert wrong(schema, {}, "3.0.3") == ["body.name missing"]
    assert wrong(schema, {"name": "a"}, "3.0.3") == []
    assert wrong(schema, {"id": "1", "name": "a"}, "3.0.3") == ["body.id readOnly"]
    assert wrong(schema, {}, "3.1.0") == ["body.id missing", "body.name missing"]


@pytest.mark.parametrize(
    ("schema", "right", "broken"),
    [
        ({"patternProperties": {"^x-": {"type": "string"}}}, {"x-a": ""}, ({"x-a": 1}, "body.x-a type")),
        ({"unevaluatedProperties": False}, {}, ({"a": 1}, "body unevaluatedProperties")),
        ({"oneOf": [TREE], "discriminator": {"propertyName": "t", "mapping": {"t": "#/components/schemas/Tree"}}},
         {"t": "t", "name": "a"}, ({"t": "u", "name": "a"}, "body oneOf")),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "contains": {"const": 1}}, [1], ([2], "body contains")),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_compiled_is_judged_all_the_same(schema: Any, right: Any, broken: Any) -> None:
    contract = Contract(operation(schema))
    assert judged_by(contract).is_valid is None
    assert contract.violations(sent(right)) == ()
    assert [str(each) for each in contract.violations(sent(broken[0]))] == [broken[1]]


def test_openapi_3_0_reads_patterns_of_names_only_to_tell_what_is_additional() -> None:
    schema = {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False}
    assert wrong(schema, {"x-a": 1}, "3.0.3") == []
    assert wrong(schema, {"y": 1}, "3.0.3") == ["body additionalProperties"]


# --- patterns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "keeps", "breaks"),
    [
        ("^[a-z]+$", ["a"], ["a\n", "A"]),
        (r"^\d{3}$", ["123"], ["१२३", "123\n"]),
        (r"^\w+$", ["a_1"], ["é"]),
        (r"^\s$", ["\u00a0", "\ufeff", "\t"], ["a"]),
        (r"^[\s]$", ["\u2003"], ["a"]),
        (r"^\S$", ["a"], ["\u00a0"]),
        ("^.$", ["a", "😀"], ["\n", "\r", "\u2028"]),
        (r"\$$", ["1$"], ["$1"]),
        ("^[$.]$", ["$", "."], ["a"]),
        ("^[[&|~]$", ["[", "~"], ["a"]),
        (r"^(?<y>\d)\k<y>$", ["11"], ["12"]),
        ("^(?<!a)b$", ["b"], ["ab"]),
        ("(?i)^sms$", ["SMS", "sms"], ["sm"]),
        ("^a[^]c$", ["abc", "a\nc"], ["ac"]),
        ("^a[]", [], ["a", "a]"]),
        ("b", ["abc"], ["ac"]),
    ],
)
def test_patterns_are_read_as_ecma_262_does(pattern: str, keeps: list[str], breaks: list[str]) -> None:
    for version in ("3.0.3", "3.1.0"):
        contract = Contract(operation(objects(a={"pattern": pattern}), version))
        for text in keeps:
            assert contract.violations(sent({"a": text})) == (), text
        for text in breaks:
            assert contract.violations(sent({"a": text})) == (Violation("body", ("a",), "pattern"),), text


@pytest.mark.parametrize("answers", [None, {"200": {"content": {JSON: {"schema": {"pattern": r"\p{L}"}}}}}])
def test_a_pattern_that_cannot_be_read_is_found_at_load(answers: Any) -> None:
    with pytest.raises(LoadError) as raised:
        Contract(operation(objects(a={"pattern": "^(a$"}) if answers is None else None, answers=answers))
    said = str(raised.value)
    assert said.startswith("specs/a/b.yaml:7:1: x has a pattern that cannot be read: ")
    assert ("^(a" in said) if answers is None else (r"\p{L}" in said)


# --- parameters ----------------------------------------------------------------------------------------------------


def named(where: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"name": "X-Ids" if where == "header" else "ids", "in": where, "schema": schema, "required": True, **more}


NUMBERS = {"type": "array", "items": {"type": "integer", "maximum": 9}}


@pytest.mark.parametrize(
    ("parameter", "asked", "violations"),
    [
        (named("header", TEXT), {}, ["header.x-ids missing"]),
        (named("header", TEXT), {"headers": {"x-IDS": "a"}}, []),
        (named("header", {"type": "integer"}), {"headers": {"X-Ids": "a"}}, ["header.x-ids type"]),
        (named("header", {"type": "integer", "minimum": 3}), {"headers": {"X-Ids": "2"}}, ["header.x-ids minimum"]),
        (named("header", {"enum": ["é"]}), {"headers": {"X-Ids": "Ã©"}}, ["header.x-ids enum"]),
        (named("header", TEXT | {"default": "a"}), {}, []),  # openapi-core fills it in
        (named("header", NUMBERS), {"headers": {"X-Ids": "1,2,10"}}, ["header.x-ids[2] maximum"]),
        (named("query", TEXT), {}, ["query.ids missing"]),
        (named("query", TEXT), {"query": {"ids": ""}}, ["query.ids missing"]),
        (named("query", TEXT, required=False), {}, []),
        (named("query", {"type": "boolean"}), {"query": {"ids": "yes"}}, []),
        (named("query", {"type": "boolean"}), {"query": {"ids": "maybe"}}, ["query.ids type"]),
        (named("query", {"type": "number", "maximum": 3}), {"query": {"ids": "3.5"}}, ["query.ids maximum"]),
        (named("query", {"type": "number"}), {"query": {"ids": "nan"}}, []),  # Python reads it, and so openapi-core
        (named("query", TEXT | {"maxLength": 1}), {"query": {"ids": "\ud800\ud800"}}, ["query.ids maxLength"]),
        (named("query", TEXT | {"maxLength": 2}), {"query": {"ids": "\ud800\ud800"}}, []),
        (named("query", NUMBERS), {"query": [("ids", "1"), ("ids", "10")]}, ["query.ids[1] maximum"]),
        (named("query", NUMBERS), {"query": [("ids", "1"), ("ids", "a")]}, ["query.ids type"]),
        (named("query", NUMBERS, explode=False), {"query": {"ids": "1,10"}}, ["query.ids[1] maximum"]),
        (named("query", NUMBERS, explode=False, style="pipeDelimited"), {"query": {"ids": "10|1"}},
         ["query.ids[0] maximum"]),
        (named("query", objects(a={"type": "integer"}), style="deepObject", explode=True), {"query": {"ids[a]": "x"}},
         ["query.ids type"]),
        (named("query", objects(a={"const": 1}), style="deepObject", explode=True), {"query": {"ids[a]": "2"}},
         ["query.ids.a const"]),
        ({"name": "q", "in": "query", "content": {JSON: {"schema": objects(a=TEXT)}}}, {"query": {"q": '{"a": 1}'}},
         ["query.q.a type"]),
        ({"name": "q", "in": "query", "content": {JSON: {}}}, {"query": {"q": "{"}}, ["query.q malformed"]),
        (named("path", {"type": "integer"}), {"path": {"ids": "a"}}, ["path.ids type"]),
        (named("path", {"type": "string", "pattern": "^a$"}), {"path": {"ids": "a\n"}}, ["path.ids pattern"]),
        (named("cookie", TEXT), {"headers": {"Cookie": "other=1"}}, ["cookie.ids missing"]),
        (named("cookie", TEXT | {"enum": ["1"]}), {"headers": {"Cookie": "ids=1"}}, []),
        (named("header", TEXT, deprecated=True), {"headers": {"X-Ids": "a"}}, []),  # and nobody is warned
    ],
)  # fmt: skip
def test_parameters_are_read_and_judged(parameter: Any, asked: Any, violations: list[str]) -> None:
    assert misread(parameter, **asked) == violations


def test_a_blank_header_counts_as_missing_where_the_product_says_so() -> None:
    header = named("header", TEXT)
    for headers in ({"X-Ids": " "}, [("x-ids", ""), ("Other", "")]):
        assert misread(header, (BLANK,), headers=headers) == ["header.x-ids missing"]
        assert misread(header, (NULL,), headers=headers) == []
    assert misread(named("header", TEXT, required=False), (BLANK,), headers={"X-Ids": ""}) == []


def test_a_parameter_that_is_described_twice_is_judged_by_the_first() -> None:
    twice = [named("query", {"type": "integer"}), named("query", {"type": "boolean"})]
    contract = Contract(operation(parameters=twice))
    assert contract.violations(sent(media="", query={"ids": "7"})) == ()


# --- bodies --------------------------------------------------------------------------------------------------------


def test_a_body_that_cannot_be_read_is_one_violation() -> None:
    contract = Contract(operation({"required": ["a"]}, parameters=[named("header", TEXT)]))
    assert contract.violations(sent(malformed=True)) == (Violation("body", (), "malformed"),)


def test_a_media_type_that_the_spec_does_not_know_is_a_violation_of_the_body() -> None:
    contract = Contract(operation({"required": ["a"]}, media="Application/Vnd.a+json; version=1"))
    assert contract.violations(sent({"a": 1}, media="Application/Vnd.a+json; version=1")) == ()
    for media in ("text/plain", "", "*/*"):
        assert contract.violations(sent({}, media=media)) == (Violation("body", (), "mediatype"),)


def test_what_clients_choose_is_not_remembered() -> None:
    contract = Contract(operation({"required": ["a"]}))
    content = contract._request.operation / "requestBody" / "content"
    for number in range(50):
        contract.violations(sent({str(number): 1}, media=f"text/{number}", headers={f"X-{number}": "1"}))
    assert set(content._children) <= {JSON}


def test_an_operation_without_a_body_has_none_to_break() -> None:
    assert Contract(operation()).violations(sent({"a": 1}, media="")) == ()


def test_an_error_that_nobody_knows_is_never_hidden() -> None:
    with pytest.raises(OpenAPIError):
        list(_told("body", None, OpenAPIError()))


def test_a_compiled_no_without_an_error_is_a_fault_of_ours() -> None:
    contract = Contract(operation(objects(a=TEXT)))
    judged_by(contract).is_valid = lambda _: False
    with pytest.raises(Disagreement, match=r"requestBody.*refuses what openapi-core accepts"):
        contract.violations(sent({"a": "b"}))
    assert contract.violations(sent({"a": 1})) == (Violation("body", ("a",), "type"),)


# --- answers -------------------------------------------------------------------------------------------------------

ANSWERS = {
    "200": {
        "content": {JSON: {"schema": {"required": ["id"], "properties": {"id": TEXT, "pin": {"writeOnly": True}}}}},
        "headers": {"X-Left": {"required": True, "schema": {"type": "integer"}}},
    },
    "204": {"description": "nothing"},
    "4XX": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Tree"}}, "text/plain": {"schema": TEXT}}},
}


@pytest.mark.parametrize(
    ("status", "media", "document", "headers", "faults"),
    [
        (200, JSON, {"id": "1"}, {"x-left": "3"}, []),
        (200, JSON, {"id": "1"}, {"x-left": "many"}, ["header.x-left type"]),
        (200, JSON, {"id": 1, "pin": "2"}, {}, ["body.id type", "body.pin writeOnly", "header.x-left missing"]),
        (200, JSON, {}, {"X-LEFT": "0"}, ["body.id missing"]),
        (200, "", None, {"x-left": "3"}, ["body missing"]),
        (200, "text/html", "<p>", {"x-left": "3"}, ["body mediatype"]),
        (204, "", None, {}, []),
        (404, JSON, {"name": "a", "children": [{"name": "A"}]}, {}, ["body.children[0].name pattern"]),
        (404, "text/plain", "no such thing", {}, []),
        (404, "text/plain", 7, {}, ["body type"]),
        (302, JSON, {}, {}, ["status unknown"]),
    ],
)
def test_an_answer_is_checked_against_its_spec(
    status: int, media: str, document: Any, headers: Any, faults: list[str]
) -> None:
    contract = Contract(operation(version="3.0.3", answers=ANSWERS))
    assert sorted(map(str, contract.faults(status, media, document, headers))) == faults


# --- many at once --------------------------------------------------------------------------------------------------


def test_many_threads_get_the_right_violations_from_the_first_request_on() -> None:
    schema = {
        "required": ["name"],
        "properties": {"name": {"pattern": "^[a-z]+$"}, "tree": TREE, "n": {"type": "integer"}},
    }
    described = operation(schema, "3.0.3", [named("header", TEXT), named("query", NUMBERS)], ANSWERS)
    asked = [
        (sent({"name": "a"}, {"X-Ids": "1"}, {"ids": "1"}), []),
        (sent({"name": "A"}, {"X-Ids": "1"}, {"ids": "1"}), ["body.name pattern"]),
        (sent({"name": "a", "n": "1"}, {}, {"ids": "10"}),
         ["body.n type", "header.x-ids missing", "query.ids[0] maximum"]),
        (sent({"tree": {"name": "a", "children": [{}]}}, {"X-Ids": ""}, {"ids": "1"}),
         ["body.name missing", "body.tree.children[0].name missing", "header.x-ids missing"]),
        (sent({"name": None}, {"X-Ids": "1"}), ["body.name missing", "query.ids missing"]),
        (sent({}, {"X-Ids": "1"}, {"ids": "1"}, "text/plain"), ["body mediatype"]),
    ]  # fmt: skip
    threads = 48

    def judge(number: int) -> list[tuple[list[str], list[str]]]:
        barrier.wait()
        found = []
        for turn in range(len(asked) * 3):
            request, expected = asked[(number + turn) % len(asked)]
            found.append((sorted(map(str, contract.violations(request))), expected))
            found.append(([str(each) for each in contract.faults(404, JSON, {"name": "A"})], ["body.name pattern"]))
        return found

    for _ in range(3):  # each time a contract that has seen nothing yet
        contract, barrier = Contract(described, (NULL, BLANK)), threading.Barrier(threads)
        with ThreadPoolExecutor(threads) as pool:
            for results in pool.map(judge, range(threads)):
                assert all(found == expected for found, expected in results)


# --- violations themselves -----------------------------------------------------------------------------------------


def test_a_place_covers_itself_and_what_is_inside() -> None:
    violation = Violation("body", ("a", 3, "b"), "type")
    assert str(violation) == "body.a[3].b type"
    assert violation.pattern == ("a", EACH, "b")
    assert covers((), violation)
    assert covers(("a",), violation)
    assert covers(("a", EACH, "b"), violation)
    assert not covers(("a", EACH, "c"), violation)
    assert not covers(("a", EACH, "b", "c"), violation)
