"""Specs: what is refused and where, what of ours is added, how scalars and patterns are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.spec import Spec, load_spec
from mocksrv.threaded import running
from mocksrv.vendor import load_catalogue
from tests.http import app_for, call
from tests.test_fixture import PRODUCTS, SLIPS, assert_a_slip_loads_or_is_told, copied, files_of, problems_of

FILE, OURS = "specs/market/shop.yaml", "specs/market/shop.ours.yaml"
SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /a:
    post:
      operationId: a
      responses: {"200": {$ref: "#/components/responses/Ok"}}
components:
  responses:
    Ok: {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/S"}, examples: {x: {value: 1}}}}}
  schemas:
    S: {type: integer}
"""  # noqa: E501
NO_PARAMETER = 'a parameter has a "name" and says where it is "in": query, header, path or cookie'
OK = '"#/components/responses/Ok"'

Load = Callable[..., list[str]]


def written(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a spec, and other files beside it; gives the problems."""

    def found(text: str | bytes, **others: str) -> list[str]:
        files = {
            name.replace("__", "/").replace("_yaml", ".yaml").replace("_ours", ".ours"): text
            for name, text in others.items()
        }
        return problems_of(written(tmp_path, {FILE: text, **files}))

    return found


def ours(text: str) -> dict[str, str]:
    return {"specs__market__shop_ours_yaml": text}


# What is refused, and where


@pytest.mark.parametrize("version", ["3.0.0", "3.0.4", '"3.0"', "3.0", "3.1.0", "3.1.1"])
def test_openapi_3_0_and_3_1_are_read(load: Load, version: str) -> None:
    assert load(SPEC.replace("3.0.3", version)) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("openapi: 3.2.0", '1:1: openapi is "3.2.0"; mocksrv reads 3.0 and 3.1'),
        ("openapi: 2.0", '1:1: openapi is "2.0"; mocksrv reads 3.0 and 3.1'),
        ('swagger: "2.0"', '1:1: there is no "openapi:" here; mocksrv reads 3.0 and 3.1'),
        ("# nothing", '1:1: there is no "openapi:" here; mocksrv reads 3.0 and 3.1'),
        ("openapi: [3.0.3]", "1:1: openapi is \"['3.0.3']\"; mocksrv reads 3.0 and 3.1"),
    ],
)
def test_other_versions_are_refused(load: Load, line: str, problem: str) -> None:
    start = problem if line[0] != "#" else problem.replace("1:1", "2:1")
    assert load(SPEC.replace("openapi: 3.0.3", line)) == [f"{FILE}:{start}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", '1:1: there is no "openapi:" here; mocksrv reads 3.0 and 3.1'),
        ("openapi: 3.0.3\n", "1:1: a spec needs paths"),
        ("openapi: 3.0.3\npaths: {}\n", "2:1: a spec needs paths"),
        ("openapi: 3.0.3\npaths:\n", '2:1: "paths" must be a mapping'),
        ("openapi: 3.0.3\npaths: []\n", '2:1: "paths" must be a mapping'),
        ("openapi: 3.0.3\npaths: {/a: 5}\n", '2:9: "/a" must be a mapping'),
        ("openapi: 3.0.3\npaths: {/a: {post: }}\n", '2:14: "post" must be a mapping'),
        ("openapi: 3.0.3\nservers: {url: /}\npaths: {}\n", '2:1: "servers" must be a list'),
        ("a: [\n", "2:1: not YAML: did not find expected node content"),
        ("a: 1\na: 2\n", '2:1: duplicate key "a"; it stands in line 1'),
        ("[]", "1:1: the file must be a mapping of keys to values"),
        (b"a: \xff", "1:1: cannot be read: 'utf-8' codec can't decode byte 0xff in position 3: invalid start byte"),
        ("a: " + "[" * 100_000, "1:103: nested too deeply"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_spec_is_refused(load: Load, text: str | bytes, problem: str) -> None:
    assert load(text) == [f"{FILE}:{problem}"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('{"200": {', '{"2000": {', '7:19: "2000" is not a status; write it like "200", "4XX" or "default"'),
        ('{"200": {', "{ok: {", '7:19: "ok" is not a status; write it like "200", "4XX" or "default"'),
        (f"{{$ref: {OK}}}", "5", '7:19: "200" must be a mapping'),
        (f"{{$ref: {OK}}}", "{content: 5}", '7:27: "content" must be a mapping'),
        ("examples: {x:", "examples: {x: 5, y:", '10:109: "x" must be a mapping'),
        (f'{{"200": {{$ref: {OK}}}}}', "[]", '7:7: "responses" must be a mapping'),
        (f'{{"200": {{$ref: {OK}}}}}', "{}", "5:5: a has no responses to answer with"),
        ("operationId: a", "operationId: a\n      parameters: {}", '7:7: "parameters" must be a list'),
        ("operationId: a", "operationId: a\n      requestBody: text", '7:7: "requestBody" must be a mapping'),
        (
            "operationId: a",
            "operationId: a\n      operationId: b",
            '7:7: duplicate key "operationId"; it stands in line 6',
        ),
        ("operationId: a", "operationId: a\n      parameters: [{name: x}]", f"7:20: {NO_PARAMETER}"),
        ("operationId: a", "operationId: a\n      parameters: [{name: [], in: path}]", f"7:20: {NO_PARAMETER}"),
        ("operationId: a", "operationId: a\n      parameters: [{name: x, in: body}]", f"7:20: {NO_PARAMETER}"),
        ("  /a:", "  a:", '4:3: "a" is not a path; write it like "/users/{id}"'),
        ("  /a:", '  "/a/{x}/{x}":', '4:3: "/a/{x}/{x}" is not a path; write it like "/users/{id}"'),
        ("  /a:", '  "/a/<x>":', '4:3: "/a/<x>" is not a path; write it like "/users/{id}"'),
        ("components:", "servers: [{url: 'http://['}]\ncomponents:", '5:5: its server "http://[" is not a URL'),
    ],
)
def test_a_part_that_cannot_be_served_is_told_with_its_place(load: Load, old: str, new: str, problem: str) -> None:
    assert SPEC.count(old) == 1
    assert load(SPEC.replace(old, new)) == [f"{FILE}:{problem}"]


@pytest.mark.parametrize("addition", ["x-a: 1, ", "default: {description: other}, ", "4xx: {description: no}, "])
def test_extensions_defaults_and_ranges_are_legal(load: Load, addition: str) -> None:
    assert (
        load(SPEC.replace('{"200": {', f'{{{addition}"200": {{').replace("components:", "x-more: [1]\ncomponents:"))
        == []
    )
    assert load(SPEC.replace("  /a:", "  x-paths: 5\n  /a:")) == []


# References


@pytest.mark.parametrize(
    "reference",
    ["http://example.com/a.yaml", "HTTPS://example.com/a.yaml#/S", "//example.com/a.yaml", "file:///etc/passwd",
     "../../secret.yaml", "/etc/passwd", "python:os", "data:,{}", "%2e%2e/a.yaml", "C:\\\\a.yaml", "", "#",
     "#components/responses/Ok"],
)  # fmt: skip
def test_a_reference_that_leads_out_is_refused_at_its_place(load: Load, reference: str) -> None:
    (problem,) = load(SPEC.replace(OK, f'"{reference}"'))
    shown = reference.replace("\\\\", "\\")
    assert problem.startswith(f'{FILE}:7:27: "{shown}" ')


@pytest.mark.parametrize("reference", ["#/components/responses/No", "#/components/responses/Ok/0", "#/", "#/paths/a"])
def test_a_reference_to_nothing_is_refused(load: Load, reference: str) -> None:
    assert load(SPEC.replace(OK, f'"{reference}"')) == [f'{FILE}:7:27: "{reference}" leads nowhere']


@pytest.mark.parametrize("reference", ["5", "[]", "{}", "~"])
def test_a_reference_that_is_no_text_is_refused(load: Load, reference: str) -> None:
    (problem,) = load(SPEC.replace(OK, reference))
    assert problem.startswith(f"{FILE}:7:27: a reference is a text ")


def test_references_in_a_circle_are_refused(load: Load) -> None:
    circle = "S: {$ref: '#/components/schemas/T'}\n    T: {$ref: '#/components/schemas/S'}"
    assert load(SPEC.replace("S: {type: integer}", circle)) == [
        f'{FILE}:10:65: "#/components/schemas/S" leads back to itself',
        f'{FILE}:12:9: "#/components/schemas/T" leads back to itself',
        f'{FILE}:13:9: "#/components/schemas/S" leads back to itself',
    ]


def test_all_bad_references_are_told_at_once(load: Load) -> None:
    found = load(SPEC.replace(OK, '"#/lost"').replace("#/components/schemas/S", "#/nowhere"))
    assert found == [f'{FILE}:7:27: "#/lost" leads nowhere', f'{FILE}:10:65: "#/nowhere" leads nowhere']


TREE = """\
openapi: {version}
info: {title: Trees, version: "1"}
paths:
  /trees:
    post:
      operationId: plant
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Tree"}}}}
      responses:
        "200": {description: planted, content: {application/json: {schema: {$ref: "#/components/schemas/Tree"}}}}
        "400": {description: no, content: {application/json: {examples: {bad: {value: {error: bad}}}}}}
components:
  schemas:
    Tree:
      type: object
      required: [name]
      properties:
        name: {type: string, maxLength: 3, example: oak}
        branches: {type: array, items: {$ref: "#/components/schemas/Tree"}}
        root: {$ref: "#/components/schemas/Tree"}
"""


@contextmanager
def serving(root: Path, text: str) -> Iterator[str]:
    with running(app_for(root=written(root, {FILE: text}))) as url:
        yield url


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("tree", "status"),
    [
        ({"name": "oak"}, 200),
        ({"name": "oak", "branches": [{"name": "a", "branches": [{"name": "b", "branches": []}]}]}, 200),
        ({"name": "oak", "branches": [{"name": "a", "branches": [{"name": "long"}]}]}, 400),
        ({"name": "oak", "root": {"name": "a", "root": {"branches": []}}}, 400),
        ({}, 400),
    ],
)
def test_a_recursive_schema_is_legal_and_holds_at_every_depth(
    tmp_path: Path, version: str, tree: dict[str, Any], status: int
) -> None:
    with serving(tmp_path, TREE.replace("{version}", version)) as url:
        assert call("POST", f"{url}/trees", tree).status == status


# What is ours


def test_ours_adds_answers_and_operations(tmp_path: Path) -> None:
    written(tmp_path, {FILE: SPEC, OURS: """\
paths:
  /a:
    post:
      responses: {"400": {content: {application/json: {examples: {bad: {value: {}}}}}}}
  /b:
    get: {operationId: b, responses: {"204": {description: nothing}}}
components:
  responses:
    Ok: {content: {application/json: {examples: {y: {value: 2}}}}}
"""})  # fmt: skip
    spec = load_spec(tmp_path / FILE, tmp_path)
    found = {each.name: [str(example) for example in each.examples] for each in spec.operations}
    assert found == {"a": ["200 x", "200 y", "400 bad"], "b": ["204 empty"]}
    marks = [str(example.mark) for example in spec.operations[0].examples]
    assert marks == [f"{FILE}:10:109", f"{OURS}:9:50", f"{OURS}:4:67"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("openapi: 3.0.3\n", f'1:1: "openapi" stands in {FILE}:1:1 already; ours adds, it never replaces'),
        (
            "paths: {/a: {post: {operationId: b}}}\n",
            f'1:21: "operationId" stands in {FILE}:6:7 already; ours adds, it never replaces',
        ),
        (
            "components: {schemas: {S: {type: integer}}}\n",
            f'1:28: "type" stands in {FILE}:12:9 already; ours adds, it never replaces',
        ),
        (
            'paths: {/a: {post: {responses: {"200": {content: {}}}}}}\n',
            f'1:33: "200" is a reference in {FILE}; add to #/components/responses/Ok instead',
        ),
        (
            "components: {responses: {Ok: {content: {application/json: {schema: {type: integer}}}}}}\n",
            f'1:60: "schema" is a reference in {FILE}; add to #/components/schemas/S instead',
        ),
        ("paths: {/b: {get: {operationId: b, responses: {'200': {$ref: '#/no'}}}}}\n", '1:56: "#/no" leads nowhere'),
        ("paths: 5\n", '1:1: "paths" must be a mapping'),
        ("a: [\n", "2:1: not YAML: did not find expected node content"),
    ],
)
def test_ours_that_clashes_is_told_in_both_files(load: Load, text: str, problem: str) -> None:
    (found,) = load(SPEC, **ours(text))
    assert found.startswith(f"{OURS}:{problem}")


def test_ours_for_an_operation_that_the_spec_lacks_is_left_out_with_a_note(tmp_path: Path) -> None:
    text = """\
paths:
  /a:
    get: {responses: {"200": {description: x}}}
  /b:
    post: {responses: {"200": {description: x}}}
    get: {operationId: b, responses: {"200": {description: x}}}
"""
    catalogue = load_catalogue(written(tmp_path, {FILE: SPEC, OURS: text}))
    assert list(catalogue.rules) == ["a", "b"]
    assert catalogue.notes == (
        f"{OURS}:3:5: left out, {FILE} has no get /a",
        f"{OURS}:5:5: left out, {FILE} has no post /b",
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "paths: {}\n", "components: {}\n"])
def test_ours_may_be_empty(load: Load, text: str) -> None:
    assert load(SPEC, **ours(text)) == []


# Several specs, and where operations stand


def test_two_specs_that_claim_one_name_or_one_path_are_told_of_each_other(load: Load) -> None:
    assert load(SPEC, specs__market__other_yaml=SPEC) == [
        f"{FILE}:5:5: POST /a is claimed by specs/market/other.yaml too; part them with `mount: /prefix` "
        "in fixtures/market/shop/product.yaml or fixtures/market/other/product.yaml",
        f'{FILE}:5:5: operation "a" stands in specs/market/other.yaml already; operation names are unique',
    ]


def test_paths_that_differ_in_a_parameters_name_only_are_the_same(load: Load) -> None:
    one = SPEC.replace("  /a:", '  "/{x}/a":')
    other = SPEC.replace("  /a:", '  "/{y}/a":').replace("operationId: a", "operationId: b")
    (problem,) = load(one, specs__market__other_yaml=other)
    assert problem.startswith(f"{FILE}:5:5: POST /{{x}}/a is claimed by specs/market/other.yaml too; ")


def test_a_mount_parts_them(load: Load) -> None:
    other = SPEC.replace("operationId: a", "operationId: b")
    assert load(SPEC, specs__market__other_yaml=other, fixtures__market__other__product_yaml="mount: /other\n") == []


@pytest.mark.parametrize("mount", ["other", "/", "/a/", "/{x}", "/a b", '""'])
def test_a_mount_begins_with_a_slash(load: Load, mount: str) -> None:
    shown = mount.strip('"')
    assert load(SPEC, fixtures__market__shop__product_yaml=f"mount: {mount}\n") == [
        f'fixtures/market/shop/product.yaml:1:8: "{shown}" is not a mount; write it like "/other"'
    ]


@pytest.mark.parametrize(
    ("servers", "paths"),
    [
        ("[]", ("/a",)),
        ("[{url: /}]", ("/a",)),
        ("[{url: 'https://x.example'}, {url: 'https://y.example/'}]", ("/a",)),
        ("[{url: 'https://x.example/v1/'}, {url: /v1}, {url: v1}]", ("/v1/a",)),
        ("[{url: /v1}, {url: /v2/sub}]", ("/v1/a", "/v2/sub/a")),
        ("[{url: '{host}/{base}', variables: {host: {default: 'http://x'}, base: {default: v3}}}]", ("/v3/a",)),
    ],
)
def test_an_operation_stands_below_the_path_of_each_server(
    tmp_path: Path, servers: str, paths: tuple[str, ...]
) -> None:
    (operation,) = spec_of(tmp_path, SPEC.replace("components:", f"servers: {servers}\ncomponents:")).operations
    assert operation.paths == paths


def test_the_nearest_servers_count(tmp_path: Path) -> None:
    text = SPEC.replace("components:", "servers: [{url: /far}]\ncomponents:")
    near = text.replace("  /a:\n", "  /a:\n    servers: [{url: /near}]\n")
    nearest = near.replace("operationId: a", "operationId: a\n      servers: [{url: /nearest}]")
    assert [spec_of(tmp_path, each).operations[0].paths for each in (text, near, nearest)] == [
        ("/far/a",),
        ("/near/a",),
        ("/nearest/a",),
    ]


def spec_of(root: Path, text: str) -> Spec:
    return load_spec(written(root, {FILE: text}) / FILE, root)


# How scalars and patterns are read


@pytest.mark.parametrize(
    ("written_as", "value"),
    [
        ("2025-11-01", "2025-11-01"),
        ('"2025-11-01"', "2025-11-01"),
        ("2025-11-01T10:00:00Z", "2025-11-01T10:00:00Z"),
        ('"no"', "no"),
        ("'012'", "012"),
        ("'1'", "1"),
        ("'null'", "null"),
        ("''", ""),
        ("text", "text"),
        ("3.0.3", "3.0.3"),
        ("1", 1),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("012", 12),
        ("0o14", 12),
        ("0xff", 255),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("9" * 5_000, "9" * 5_000),
        ("|-\n                a\n                b", "a\nb"),
    ],
)
def test_a_scalar_of_an_example_is_read_as_its_author_meant_it(tmp_path: Path, written_as: str, value: Any) -> None:
    text = f"""\
openapi: 3.0.3
paths:
  /a:
    get:
      responses:
        "200":
          content:
            application/json:
              example: {written_as}
"""
    (example,) = spec_of(tmp_path, text).operations[0].examples
    assert example.value == value
    assert type(example.value) is type(value)


@pytest.mark.parametrize(
    ("pattern", "text", "status"),
    [
        ("^[0-9]+$", "123", 200),
        ("^[0-9]+$", "123\n", 400),
        ("^[0-9]+$", "1a", 400),
        ("^a$|^b$", "b", 200),
        ("^a$|^b$", "b\n", 400),
        (r"^\$[0-9]$", "$5", 200),
        ("^[$]$", "$", 200),
        ("^[$]$", "$\n", 400),
        ("[0-9]", "a1b", 200),
        (r"^\d{10}$", "9876543210", 200),
    ],
)
def test_a_pattern_is_read_as_ecma_262_reads_it(tmp_path: Path, pattern: str, text: str, status: int) -> None:
    """There ``$`` is the end of the text; in Python it also matches before a newline at the end."""
    schema = f"{{type: object, properties: {{a: {{type: string, pattern: '{pattern}'}}}}}}"
    body = f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}"
    bad = '"400": {description: no, content: {application/json: {examples: {bad: {value: {}}}}}}'
    spec = SPEC.replace("      responses: {", f"      {body}\n      responses: {{{bad}, ")
    with serving(tmp_path, spec) as url:
        assert call("POST", f"{url}/a", {"a": text}).status == status


# Whatever is written: it loads, or it is told


@pytest.mark.parametrize("product", PRODUCTS)
@SLIPS
@given(data=st.data())
def test_a_slip_in_a_spec_loads_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, product: str, data: st.DataObject
) -> None:
    assert_a_slip_loads_or_is_told(copied(tmp_path_factory, product), files_of(product, "specs"), data)
