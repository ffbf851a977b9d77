"""The fence around specs: whatever one refers to, nothing outside its folder is read, and nobody is called."""

from __future__ import annotations

import json
import mimetypes
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.contract import Contract
from mocksrv.errors import LoadError
from mocksrv.folder import MOST_BYTES
from mocksrv.operation import Operation
from mocksrv.proofs import prove
from mocksrv.threaded import running
from mocksrv.vendor import Catalogue, load_catalogue
from tests.http import app_for, call

FILE = "specs/market/shop.yaml"
SPEC = """\
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /a:
    post:
      operationId: a
      requestBody: {content: {application/json: {schema: HERE}}}
      responses:
        "200": {description: ok, content: {application/json: {examples: {ok: {value: {}}}}}}
        "400": {description: no, content: {application/json: {examples: {bad: {value: {}}}}}}
components:
  schemas:
    Name: {type: string, maxLength: 3}
"""
PARTS = "components: {schemas: {Name: {type: string, maxLength: 3}}}\n"
OUTSIDE = "type: string\nsecret: hunter2\ncomponents: {schemas: {Name: {type: string}}}\n"
# A second of Python is several millions of calls; the slowest refusal needs half of this.
MOST_CALLS = 1_000_000


class Watch:
    """What was opened and who was called while it is on. An audit hook cannot be removed, so there is one for all."""

    def __init__(self) -> None:
        self.on = False
        self.opened: list[str] = []
        self.called: list[str] = []
        sys.addaudithook(self.hook)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.on and event == "open":
            self.opened.append(os.fsdecode(args[0]) if isinstance(args[0], (str, bytes)) else str(args[0]))
        elif self.on and event == "urllib.Request" and args[0].startswith("file:///"):  # some read their own files so
            self.opened.append(args[0].removeprefix("file://"))
        elif self.on and event.startswith(("socket.", "http.", "urllib.", "ftplib.", "subprocess.", "os.system")):
            self.called.append(event)
            raise PermissionError(event)


WATCH = Watch()
mimetypes.init()  # urllib would read the system's list of them when it first opens a file of its own package
PYTHONS_OWN = tuple(os.path.realpath(each) for each in (sys.prefix, sys.base_prefix, Path(__file__).parents[1]))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Someone who would notice a call, also by a library that is not written in Python."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a secret outside of it, and one outside of the spec's folder."""
    for name in ("outside/secret.yaml", "root/specs/secret.yaml", "root/specs/other/parts/secret.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(OUTSIDE)
    return tmp_path / "root"


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def watched(function: Callable[[], Any]) -> tuple[Any, int]:
    """What a function gives or raises, and the number of calls that it made; nothing may wait for ever."""
    found: list[Any] = []
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    def run() -> None:
        sys.setprofile(count)
        try:
            found.append(function())
        except Exception as error:
            found.append(error)
        finally:
            sys.setprofile(None)

    thread = threading.Thread(target=run, daemon=True)
    WATCH.opened, WATCH.called, WATCH.on = [], [], True
    try:
        thread.start()
        thread.join(60)
    finally:
        WATCH.on = False
    assert found, "it waits for ever"
    return found[0], calls


def assert_confined(root: Path, listener: socket.socket) -> None:
    real = os.path.realpath(root)
    strays = [each for each in map(os.path.realpath, WATCH.opened) if not each.startswith((real, *PYTHONS_OWN))]
    assert strays == []
    assert WATCH.called == []
    with pytest.raises(BlockingIOError):
        listener.accept()


def refused(root: Path, listener: socket.socket) -> list[str]:
    """Why the spec is not loaded; it has read nothing outside its folder, and called nobody."""
    error, calls = watched(lambda: load_catalogue(root))
    assert isinstance(error, LoadError), error
    assert_confined(root / "specs/market", listener)
    assert calls < MOST_CALLS
    assert "hunter2" not in str(error)
    return [str(problem) for problem in error.problems]


def reference(text: str) -> str:
    return SPEC.replace("HERE", f"{{$ref: {text}}}")


OUT = 'leads out of specs/market; only "#/..." and files in there are followed'


# --- references that lead out -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:PORT/a.yaml",
        "https://127.0.0.1:PORT/a.yaml#/Name",
        "HTTP://127.0.0.1:PORT/a.yaml",
        "hTTpS://127.0.0.1:PORT/",
        "http:a.yaml",
        "//127.0.0.1:PORT/a.yaml",
        "///etc/passwd",
        "ftp://127.0.0.1:PORT/a.yaml",
        "file:///etc/passwd",
        "file:secret.yaml",
        "FILE://localhost/etc/passwd",
        "file:parts/parts.yaml",
        "python://prance/__init__.py",
        "data:application/json,{}",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "jar:file:a.jar!/a.yaml",
        "../secret.yaml",
        "../secret.yaml#/components/schemas/Name",
        "../other/parts/secret.yaml",
        "../../../outside/secret.yaml",
        "./parts/../../secret.yaml",
        "parts/../../market/../secret.yaml",
        "OUTSIDE/secret.yaml",
        "/etc/passwd#/Name",
        "/dev/zero",
        "/dev/stdin",
        "/proc/self/environ",
        "%2e%2e/secret.yaml",
        "%2E%2E%2Fsecret.yaml",
        "..%2fsecret.yaml",
        "%2fetc%2fpasswd",
        "http%3a//127.0.0.1:PORT/a.yaml",
        "parts/parts.yaml%00",
        "%ff.yaml",
        "C:\\\\Windows\\\\win.ini",
        "C:/Windows/win.ini",
        "..\\\\secret.yaml",
        "..%5csecret.yaml",
        "\\\\\\\\127.0.0.1\\\\share\\\\a.yaml",
        "parts/parts.yaml?a=b#/components/schemas/Name",
        " parts/parts.yaml",
        "parts/parts.yaml ",
        "\\tparts/parts.yaml",
        "ht\\ntp://127.0.0.1:PORT/a.yaml",
        "parts/link.yaml",
        "parts/link.yaml#/components/schemas/Name",
        "parts/folder/secret.yaml",
        "parts/again.yaml",
        "",
    ],
)
def test_a_reference_out_of_the_folder_is_refused(root: Path, listener: socket.socket, text: str) -> None:
    text = text.replace("PORT", str(listener.getsockname()[1])).replace("OUTSIDE", str(root.parent / "outside"))
    written(root, {FILE: reference(f'"{text}"'), "specs/market/parts/parts.yaml": PARTS})
    (root / "specs/market/parts/link.yaml").symlink_to("../../secret.yaml")
    (root / "specs/market/parts/folder").symlink_to(root.parent / "outside")
    (root / "specs/market/parts/again.yaml").symlink_to("folder/secret.yaml")
    shown = text.replace("\\\\", "\\").replace("\\t", "\t").replace("\\n", "\n")
    assert refused(root, listener) == [f'{FILE}:7:59: "{shown}" {OUT}']


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('"#"', '"#" means the whole spec; write "#/..."'),
        ("shop.yaml", '"shop.yaml" means the whole spec; write "#/..."'),
        ('"#Name"', '"#Name" names an anchor; only "#/..." is followed'),
        ('"#components/schemas/Name"', '"#components/schemas/Name" names an anchor; only "#/..." is followed'),
        ('"parts/parts.yaml#Name"', '"parts/parts.yaml#Name" names an anchor; only "#/..." is followed'),
        ('"#/components/schemas/No"', '"#/components/schemas/No" leads nowhere'),
        ('"#/components/schemas/Name/"', '"#/components/schemas/Name/" leads nowhere'),
        ('"#/servers/1"', '"#/servers/1" leads nowhere'),
        ('"#/servers/-1"', '"#/servers/-1" leads nowhere'),
        ('"#/servers/0x0"', '"#/servers/0x0" leads nowhere'),
        ('"parts/parts.yaml#/Name"', '"parts/parts.yaml#/Name" leads nowhere'),
        ("5", 'a reference is a text like "#/components/schemas/User"'),
        ("[]", 'a reference is a text like "#/components/schemas/User"'),
        ("{a: b}", 'a reference is a text like "#/components/schemas/User"'),
        ("~", 'a reference is a text like "#/components/schemas/User"'),
        ("true", 'a reference is a text like "#/components/schemas/User"'),
        (
            '"no.yaml#/Name"',
            '"no.yaml#/Name" leads to what cannot be used: specs/market/no.yaml:1:1: cannot be read: '
            "No such file or directory",
        ),
        (
            "parts",
            '"parts" leads to what cannot be used: specs/market/parts:1:1: cannot be read: not a regular file',
        ),
        (
            "parts/",
            '"parts/" leads to what cannot be used: specs/market/parts:1:1: cannot be read: not a regular file',
        ),
        (
            ".",
            '"." leads to what cannot be used: specs/market:1:1: cannot be read: not a regular file',
        ),
        (
            "parts/pipe.yaml",
            '"parts/pipe.yaml" leads to what cannot be used: specs/market/parts/pipe.yaml:1:1: cannot be read: '
            "not a regular file",
        ),
        (
            "parts/round.yaml",
            '"parts/round.yaml" leads to what cannot be used: specs/market/parts/round.yaml:1:1: cannot be read: '
            "Too many levels of symbolic links",
        ),
        (
            "parts/huge.yaml",
            '"parts/huge.yaml" leads to what cannot be used: specs/market/parts/huge.yaml:1:1: cannot be read: '
            "with all its parts the spec has more than 2 MiB",
        ),
        (
            "parts/bomb.yaml#/a",
            '"parts/bomb.yaml#/a" leads to what cannot be used: specs/market/parts/bomb.yaml:6:4: '
            "too large or too deep once its aliases are followed",
        ),
        (
            "parts/bytes.yaml",
            '"parts/bytes.yaml" leads to what cannot be used: specs/market/parts/bytes.yaml:1:1: cannot be read: '
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ),
        (
            "parts/list.yaml#/0",
            '"parts/list.yaml#/0" leads to what cannot be used: specs/market/parts/list.yaml:1:1: '
            "the file must be a mapping of keys to values",
        ),
        (
            "parts/bad.yaml#/a",
            '"parts/bad.yaml#/a" leads to what cannot be used: specs/market/parts/bad.yaml:2:1: '
            "not YAML: did not find expected node content",
        ),
    ],
)
def test_a_reference_to_nothing_that_can_be_used_is_refused(
    root: Path, listener: socket.socket, text: str, problem: str
) -> None:
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    parts = {"parts.yaml": PARTS, "bomb.yaml": bomb, "list.yaml": "[1]\n", "bad.yaml": "a: [\n"}
    written(
        root,
        {FILE: reference(text) + "servers: [{url: /}]\n"}
        | {f"specs/market/parts/{name}": each for name, each in parts.items()},
    )
    folder = root / "specs/market/parts"
    (folder / "bytes.yaml").write_bytes(b"\xff")
    (folder / "round.yaml").symlink_to("round.yaml")
    os.mkfifo(folder / "pipe.yaml")
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(MOST_BYTES * 1000)
    assert refused(root, listener) == [f"{FILE}:7:59: {problem}"]


# --- words that lead out, but are no references -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "column", "problem"),
    [
        (
            "{$id: 'http://127.0.0.1:PORT/a', $ref: '#/components/schemas/Name'}",
            59,
            '"$id: http://127.0.0.1:PORT/a" moves what the references in its schema mean; leave it out',
        ),
        (
            "{$id: '../secret.yaml'}",
            59,
            '"$id: ../secret.yaml" moves what the references in its schema mean; leave it out',
        ),
        (
            "{id: 'http://127.0.0.1:PORT/a', $ref: '#/components/schemas/Name'}",
            59,
            '"id: http://127.0.0.1:PORT/a" moves what the references in its schema mean; leave it out',
        ),
        (
            "{$dynamicRef: 'http://127.0.0.1:PORT/a#b'}",
            59,
            '"$dynamicRef: http://127.0.0.1:PORT/a#b" is not followed; write "$ref"',
        ),
        ("{$dynamicRef: '#node', $dynamicAnchor: node}", 59, '"$dynamicRef: #node" is not followed; write "$ref"'),
        ("{$recursiveRef: '../secret.yaml#'}", 59, '"$recursiveRef: ../secret.yaml#" is not followed; write "$ref"'),
        (
            "{$schema: 'http://127.0.0.1:PORT/a'}",
            59,
            '"http://127.0.0.1:PORT/a" is no dialect of JSON Schema that is known here',
        ),
        ("{allOf: [{$ref: ../secret.yaml}]}", 68, f'"../secret.yaml" {OUT}'),
        ("{default: {$ref: ../secret.yaml}}", 69, f'"../secret.yaml" {OUT}'),
        ("{x-a: {$ref: ../secret.yaml}}", 65, f'"../secret.yaml" {OUT}'),
        ("{oneOf: [], discriminator: {propertyName: a, mapping: {b: ../secret.yaml}}}", 113, f'"../secret.yaml" {OUT}'),
        (
            "{oneOf: [], discriminator: {propertyName: a, mapping: {b: 'http://127.0.0.1:PORT/a'}}}",
            113,
            f'"http://127.0.0.1:PORT/a" {OUT}',
        ),
        (
            "{oneOf: [], discriminator: {propertyName: a, mapping: {b: 5}}}",
            113,
            'a reference is a text like "#/components/schemas/User"',
        ),
    ],
)
def test_no_other_word_leads_out(root: Path, listener: socket.socket, here: str, column: int, problem: str) -> None:
    port = str(listener.getsockname()[1])
    written(root, {FILE: SPEC.replace("HERE", here.replace("PORT", port))})
    assert refused(root, listener) == [f"{FILE}:7:{column}: {problem.replace('PORT', port)}"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "info:",
            "jsonSchemaDialect: 'http://127.0.0.1:PORT/a'\ninfo:",
            '2:1: "http://127.0.0.1:PORT/a" is no dialect of JSON Schema that is known here',
        ),
        (
            "ok: {value: {}}",
            "ok: {externalValue: 'http://127.0.0.1:PORT/a'}",
            '9:79: "externalValue: http://127.0.0.1:PORT/a" is not fetched; write the example itself under "value"',
        ),
        ("ok: {value: {}}", "ok: {$ref: 'http://127.0.0.1:PORT/a'}", f'9:79: "http://127.0.0.1:PORT/a" {OUT}'),
        (
            "description: ok,",
            "description: ok, links: {l: {operationRef: 'http://127.0.0.1:PORT/a'}},",
            f'9:46: "http://127.0.0.1:PORT/a" {OUT}',
        ),
        (
            "operationId: a",
            "operationId: a\n      callbacks: {c: {'{$url}': {$ref: ../secret.yaml}}}",
            f'7:34: "../secret.yaml" {OUT}',
        ),
        (
            "operationId: a",
            "operationId: a\n      parameters: [{$ref: ../secret.yaml}]",
            f'7:21: "../secret.yaml" {OUT}',
        ),
        ("  /a:", "  /b: {$ref: '../secret.yaml#/b'}\n  /a:", f'4:8: "../secret.yaml#/b" {OUT}'),
    ],
)
def test_no_word_outside_of_schemas_leads_out(
    root: Path, listener: socket.socket, old: str, new: str, problem: str
) -> None:
    port = str(listener.getsockname()[1])
    text = SPEC.replace("HERE", "{type: object}")
    assert text.count(old) == 1
    written(root, {FILE: text.replace(old, new.replace("PORT", port))})
    assert refused(root, listener) == [f"{FILE}:{problem.replace('PORT', port)}"]


# --- through files that are allowed -------------------------------------------------------------------------------


def test_a_reference_out_through_an_allowed_file_is_refused(root: Path, listener: socket.socket) -> None:
    through = "A: {$ref: b.yaml}\n"
    written(
        root,
        {
            FILE: reference("parts/a.yaml#/A"),
            "specs/market/parts/a.yaml": through,
            "specs/market/parts/b.yaml": "properties: {x: {$ref: ../../secret.yaml}}\n",
        },
    )
    assert refused(root, listener) == [f'specs/market/parts/b.yaml:1:18: "../../secret.yaml" {OUT}']


def test_a_circle_across_files_is_refused(root: Path, listener: socket.socket) -> None:
    parts = "properties: {back: {$ref: '../shop.yaml#/components/schemas/Tree'}}\n"
    tree = "    Tree: {properties: {x: {$ref: parts/a.yaml}}}\n"
    written(root, {FILE: reference("'#/components/schemas/Tree'") + tree, "specs/market/parts/a.yaml": parts})
    closes = "closes a circle across files: specs/market/parts/a.yaml, specs/market/shop.yaml"
    assert refused(root, listener) == [
        f'specs/market/parts/a.yaml:1:21: "../shop.yaml#/components/schemas/Tree" {closes}',
        f'{FILE}:14:29: "parts/a.yaml" {closes}',
    ]


def test_files_that_only_refer_to_each_other_are_refused(root: Path, listener: socket.socket) -> None:
    written(
        root,
        {
            FILE: reference("a.yml#/x"),
            "specs/market/a.yml": "x: {$ref: 'b.yml#/x'}\n",
            "specs/market/b.yml": "x: {$ref: 'a.yml#/x'}\n",
        },
    )
    assert refused(root, listener) == [
        'specs/market/a.yml:1:5: "b.yml#/x" leads back to itself',
        'specs/market/b.yml:1:5: "a.yml#/x" leads back to itself',
        f'{FILE}:7:59: "a.yml#/x" leads back to itself',
    ]


# --- too much ------------------------------------------------------------------------------------------------------

TOO_MUCH = "leads to too much, or too deep, once all in it is followed"


def schemas(lines: Iterator[str]) -> str:
    return reference('"#/components/schemas/S0"') + "".join(f"    {line}\n" for line in lines)


def test_a_chain_of_a_thousand_references_is_refused(root: Path, listener: socket.socket) -> None:
    chain = (f"S{n}: {{$ref: '#/components/schemas/S{n + 1}'}}" for n in range(1000))
    written(root, {FILE: schemas(chain) + "    S1000: {type: string}\n"})
    assert refused(root, listener) == [f'{FILE}:114:12: "#/components/schemas/S101" {TOO_MUCH}']


def test_a_chain_of_a_thousand_files_is_refused(root: Path, listener: socket.socket) -> None:
    written(
        root,
        {FILE: reference("parts/0.yaml")}
        | {f"specs/market/parts/{n}.yaml": f"properties: {{x: {{$ref: {n + 1}.yaml}}}}\n" for n in range(1000)},
    )
    assert refused(root, listener) == [
        'specs/market/parts/98.yaml:1:18: "99.yaml" leads to what cannot be used: '
        "specs/market/parts/99.yaml:1:1: cannot be read: more than 100 files"
    ]


def test_a_thousand_levels_are_refused(root: Path, listener: socket.socket) -> None:
    written(root, {FILE: SPEC.replace("HERE", "{items: " * 1000 + "{$ref: ../secret.yaml}" + "}" * 1000)})
    assert refused(root, listener) == [f"{FILE}:7:810: too large or too deep once its aliases are followed"]


def test_levels_add_up_through_references(root: Path, listener: socket.socket) -> None:
    deep = (f"S{n}: {'{items: ' * 40}{{$ref: '#/components/schemas/S{n + 1}'}}{'}' * 40}" for n in range(3))
    written(root, {FILE: schemas(deep) + "    S3: {type: string}\n"})
    assert refused(root, listener) == [f'{FILE}:7:59: "#/components/schemas/S0" {TOO_MUCH}']


@pytest.mark.parametrize("word", ["allOf", "anyOf", "prefixItems"])
def test_references_that_multiply_are_refused(root: Path, listener: socket.socket, word: str) -> None:
    def line(n: int) -> str:
        reference = f"{{$ref: '#/components/schemas/S{n + 1}'}}"
        return f"S{n}: {{{word}: [{', '.join([reference] * 10)}]}}"

    written(root, {FILE: schemas(map(line, range(12))) + "    S12: {type: string}\n"})
    (problem,) = refused(root, listener)
    assert problem.endswith(TOO_MUCH)


def test_schemas_that_all_refer_to_each_other_are_refused(root: Path, listener: socket.socket) -> None:
    every = ", ".join(f"p{n}: {{$ref: '#/components/schemas/S{n}'}}" for n in range(30))
    written(root, {FILE: schemas(f"S{n}: {{properties: {{{every}}}}}" for n in range(30))})
    (problem,) = refused(root, listener)
    assert problem.endswith(TOO_MUCH)


# --- what is allowed ----------------------------------------------------------------------------------------------


def loaded(root: Path, listener: socket.socket) -> Catalogue:
    """The catalogue, proven; nothing outside the spec's folder was read for it, and nobody was called."""

    def load_and_prove() -> Catalogue:
        catalogue = load_catalogue(root)
        problems = prove(catalogue)
        assert problems == [], [str(each) for each in problems]
        return catalogue

    found, _ = watched(load_and_prove)
    if not isinstance(found, Catalogue):
        raise found
    assert_confined(root / "specs/market", listener)
    return found


def answers(root: Path, *bodies: Any) -> list[int]:
    """The status with which each body is answered."""
    with running(app_for(root=root)) as url:
        return [call("POST", f"{url}/a", body).status for body in bodies]


@pytest.mark.parametrize(
    "text",
    [
        "'#/components/schemas/Name'",
        "'shop.yaml#/components/schemas/Name'",
        "'./parts/../shop.yaml#/components/schemas/Name'",
        "'parts.yaml#/components/schemas/Name'",
        "'./parts.yaml#/components/schemas/Name'",
        "'parts/../parts.yaml#/components/schemas/Name'",
        "'parts/name.yaml'",
        "'./parts/name.yaml#'",
        "'parts%2Fname.yaml'",
        "'parts/a%20name.yaml'",
        "parts/a name.yaml",
        "'parts/link.yaml'",
        "'parts/again/name.yaml'",
        "'parts/many.json#/definitions/~1name~0%7B1%7D'",
        "'parts/many.json#/list/1'",
        "'parts/through.yaml#/a'",
        "'parts/through.yaml#/default'",
        "'parts/through.yaml#/x-a/b'",
    ],
)
def test_references_within_the_folder_are_followed(root: Path, listener: socket.socket, text: str) -> None:
    name = "{type: string, maxLength: 3}"
    parts = {
        "parts.yaml": PARTS,
        "parts/name.yaml": name,
        "parts/a name.yaml": name,
        "parts/many.json": '{"definitions": {"/name~{1}": {"type": "string", "maxLength": 3}},\n'
        ' "list": [{}, {"type": "string", "maxLength": 3}], "unused": {"$ref": "http://127.0.0.1/"}}',
        "parts/through.yaml": "a: {$ref: '#/b'}\nb: {$ref: ../parts.yaml#/components/schemas/Name}\n"
        "default: {$ref: name.yaml}\nx-a: {b: {$ref: name.yaml}}\n",
    }
    written(root, {FILE: reference(text)} | {f"specs/market/{name}": each for name, each in parts.items()})
    (root / "specs/market/parts/link.yaml").symlink_to("name.yaml")
    (root / "specs/market/parts/again").symlink_to(".")
    assert list(loaded(root, listener).rules) == ["a"]
    assert answers(root, "abc", "abcd", 5) == [200, 400, 400]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("within", ["parts/tree.yaml", "parts/trees.yaml#/defs/a%25b~1c", "#/components/schemas/Tree"])
def test_a_recursive_schema_is_legal_in_every_file(
    root: Path, listener: socket.socket, version: str, within: str
) -> None:
    def tree(itself: str) -> str:
        return f"{{type: object, required: [n], properties: {{n: {{type: integer}}, t: {{$ref: '{itself}'}}}}}}"

    parts = {
        "specs/market/parts/tree.yaml": tree("#"),
        "specs/market/parts/trees.yaml": f"defs: {{a%b/c: {tree('trees.yaml#/defs/a%25b~1c')}}}\nvalue: {{$ref: 5}}\n",
    }
    text = reference(f"'{within}'").replace("3.1.0", version) + f"    Tree: {tree('#/components/schemas/Tree')}\n"
    written(root, {FILE: text, **parts})
    loaded(root, listener)
    bodies = [{"n": 1}, {"n": 1, "t": {"n": 2, "t": {"n": 3}}}, {}, {"n": 1, "t": {"n": 2, "t": {"n": 3, "t": {}}}}]
    assert answers(root, *bodies) == [200, 200, 400, 400]


def test_every_kind_of_thing_may_stand_in_another_file(root: Path, listener: socket.socket) -> None:
    path = """\
post:
  operationId: a
  parameters: [{$ref: 'all.yaml#/parameter'}]
  requestBody: {$ref: 'all.yaml#/body'}
  responses: {"200": {$ref: 'all.yaml#/answer'}, "400": {$ref: 'all.yaml#/answer'}}
"""
    everything = """\
parameter: {name: x-a, in: header, required: true, schema: {$ref: '#/name'}}
body: {content: {application/json: {schema: {$ref: '#/name'}}}}
answer: {description: an answer, content: {application/json: {examples: {one: {$ref: '#/example'}}}}}
name: {type: string, maxLength: 3}
example:
  value: {says: hello}
"""
    spec = "openapi: 3.0.3\ninfo: {title: Shop, version: '1'}\npaths: {/a: {$ref: parts/path.yaml}}\n"
    files = {FILE: spec, "specs/market/parts/path.yaml": path, "specs/market/parts/all.yaml": everything}
    catalogue = loaded(written(root, files), listener)
    (operation,) = catalogue.products["market/shop"].spec.operations
    assert [(str(each), str(each.mark), each.value) for each in operation.examples] == [
        ("200 one", "specs/market/parts/all.yaml:3:74", {"says": "hello"}),
        ("400 one", "specs/market/parts/all.yaml:3:74", {"says": "hello"}),
    ]
    assert str(operation.mark) == "specs/market/parts/path.yaml:1:1"
    with running(app_for(root=root)) as url:
        assert call("POST", f"{url}/a", "abc", headers={"x-a": "abc"}).status == 200
        assert call("POST", f"{url}/a", "abc", headers={"x-a": "abcd"}).status == 400
        assert call("POST", f"{url}/a", "abcd", headers={"x-a": "abc"}).status == 400


def test_ours_may_refer_to_files_as_well(root: Path, listener: socket.socket) -> None:
    ours = "paths: {/a: {post: {responses: {'409': {$ref: 'parts/all.yaml#/taken'}}}}}\n"
    part = "taken: {description: taken, content: {application/json: {examples: {taken: {value: 1}}}}}\n"
    text = SPEC.replace("HERE", "{type: object}")
    written(root, {FILE: text, "specs/market/shop.ours.yaml": ours, "specs/market/parts/all.yaml": part})
    operation = loaded(root, listener).rules["a"].operation
    assert [str(each.mark) for each in operation.examples if each.status == 409] == ["specs/market/parts/all.yaml:1:69"]


def test_a_file_that_is_only_referred_to_is_no_spec_of_its_own(root: Path, listener: socket.socket) -> None:
    written(root, {FILE: reference("'parts.yaml#/components/schemas/Name'"), "specs/market/parts.yaml": PARTS})
    assert list(loaded(root, listener).products) == ["market/shop"]
    (root / FILE).write_text(SPEC.replace("HERE", "{}"))
    assert refused(root, listener) == [
        'specs/market/parts.yaml:1:1: there is no "openapi:" here; mocksrv reads 3.0 and 3.1'
    ]


def test_a_spec_may_refer_to_another_one(root: Path, listener: socket.socket) -> None:
    other = SPEC.replace("HERE", "{type: object}").replace("/a:", "/b:").replace("operationId: a", "operationId: b")
    files = {FILE: reference("'other.yaml#/components/schemas/Name'"), "specs/market/other.yaml": other}
    assert list(loaded(written(root, files), listener).rules) == ["b", "a"]
    assert answers(root, "abc", "abcd") == [200, 400]


def test_a_folder_may_stand_behind_a_link(root: Path, listener: socket.socket) -> None:
    written(
        root, {"real/shop.yaml": reference("parts/name.yaml"), "real/parts/name.yaml": "{type: string, maxLength: 3}"}
    )
    (root / "specs/market").symlink_to(root / "real")
    assert [each.product.spec.file for each in loaded(root, listener).rules.values()] == [FILE]


# --- what only looks like a reference -----------------------------------------------------------------------------

EVIL = "{$ref: 'http://127.0.0.1:PORT/a'}"


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_an_example_may_say_what_looks_like_a_reference(root: Path, listener: socket.socket, version: str) -> None:
    evil = EVIL.replace("PORT", str(listener.getsockname()[1]))
    text = SPEC.replace("HERE", f"{{type: object, example: {evil}, enum: [{evil}]}}").replace("3.1.0", version)
    text = text.replace(
        "ok: {value: {}}",
        f"ok: {{value: {{z: 1, $ref: '../secret.yaml', a: [{evil}]}}}}, ref: {{$ref: '#/components/examples/E'}}",
    )
    text += f"  examples: {{E: {{value: {evil}}}}}\n"
    loaded(written(root, {FILE: text}), listener)
    with running(app_for(root=root)) as url:
        answer = call("POST", f"{url}/a", {"$ref": evil[8:-2]}, headers={"Prefer": "example=ok"})
        other = call("POST", f"{url}/a", {"$ref": evil[8:-2]}, headers={"Prefer": "example=ref"})
    assert list(answer.body) == ["z", "$ref", "a"]
    assert answer.body["a"] == [{"$ref": evil[8:-2]}]
    assert other.body == {"$ref": evil[8:-2]}


@pytest.mark.parametrize(
    "name", ["$ref", "$id", "default", "example", "discriminator", "externalValue", "pattern", "x-a"]
)
def test_a_property_may_have_any_name(root: Path, listener: socket.socket, name: str) -> None:
    schema = f"{{type: object, properties: {{{name}: {{$ref: '#/components/schemas/Name'}}}}}}"
    loaded(written(root, {FILE: SPEC.replace("HERE", schema)}), listener)
    assert answers(root, {name: "abc"}, {name: "abcd"}, {name: "../secret.yaml"}) == [200, 400, 400]


def test_a_discriminator_names_its_schemas(root: Path, listener: socket.socket) -> None:
    pets = """\
    Cat: {type: object, properties: {kind: {type: string}, lives: {type: integer}}}
    Pet:
      oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: parts/dog.yaml#/Dog}]
      discriminator: {propertyName: kind, mapping: {cat: Cat, dog: 'parts/dog.yaml#/Dog'}}
"""
    dog = "Dog: {type: object, required: [bark], properties: {kind: {type: string}}}\n"
    text = reference("'#/components/schemas/Pet'") + pets
    loaded(written(root, {FILE: text, "specs/market/parts/dog.yaml": dog}), listener)
    bodies = [{"kind": "cat", "lives": 9}, {"kind": "cat", "lives": "x"}, {"kind": "dog", "bark": 1}, {"kind": "dog"}]
    assert answers(root, *bodies) == [200, 400, 200, 400]


# --- and should a reference be left --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["http://127.0.0.1:PORT/a", "../secret.yaml", "file:///etc/passwd", "python://os/a"])
def test_whatever_is_left_in_a_loaded_spec_nobody_is_called(root: Path, listener: socket.socket, text: str) -> None:
    written(root, {FILE: reference("'#/components/schemas/Name'")})
    operation = loaded(root, listener).rules["a"].operation
    left = {"$ref": text.replace("PORT", str(listener.getsockname()[1]))}
    body = {**operation.body, "requestBody": {"content": {"application/json": {"schema": {"allOf": [left]}}}}}
    error, _ = watched(lambda: judged(replace(operation, body=body), {"a": 1}))
    assert isinstance(error, Exception)
    assert_confined(root / "specs/market", listener)


def judged(operation: Operation, body: Any) -> Any:
    asked = SimpleNamespace(headers={}, query={}, path={}, body=body, media_type="application/json", malformed=False)
    return Contract(operation).violations(asked)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [*"./%:#?~01\\\u0000 a", "..", "%2e", "%2f", "parts", "name.yaml", "link", "shop.yaml", "http:", "//"]
        ),
        max_size=8,
    )
)
def test_whatever_a_reference_says_nothing_outside_is_read(
    root: Path, listener: socket.socket, said: list[str]
) -> None:
    written(root, {FILE: reference(json.dumps("".join(said))), "specs/market/parts/name.yaml": "{type: string}"})
    with suppress(FileExistsError):
        (root / "specs/market/link").symlink_to("../..")
    found, _ = watched(lambda: load_catalogue(root))
    assert isinstance(found, (Catalogue, LoadError))
    assert_confined(root / "specs/market", listener)
