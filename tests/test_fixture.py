"""For authors of fixtures: whatever is wrong is told with its place and the nearest right word, all at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.errors import LoadError
from mocksrv.vendor import load_catalogue
from tests.http import catalogue

REPOSITORY = Path(__file__).parents[1]
SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /code:
    post:
      operationId: sendCode
      security: [{Id: []}]
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [id], properties: {id: {type: string}, phone: {type: string}}}
      responses:
        "200": {content: {application/json: {examples: {sent: {value: {id: a, list: [{ref: b}]}}}}}}
        "400": {content: {application/json: {examples: {bad: {value: {error: bad}}, worse: {value: {error: worse}}}}}}
        "401": {content: {application/json: {examples: {who: {value: {error: who}}}}}}
        "404": {content: {application/json: {examples: {nobody: {value: {error: nobody}}}}}}
        "409": {content: {application/json: {examples: {again: {value: {error: again}}}}}}
  /check:
    post:
      operationId: checkCode
      requestBody: {content: {application/json: {schema: {type: object, properties: {id: {}, code: {}}}}}}
      responses:
        "200": {content: {application/json: {examples: {right: {value: {ok: true}}}}}}
        "400": {content: {application/json: {examples: {wrong: {value: {ok: false}}, worse: {value: {ok: false}}}}}}
components:
  securitySchemes: {Id: {type: apiKey, in: header, name: x-id}}
  responses: {Lost: {content: {application/json: {examples: {lost: {value: {error: lost}}}}}}}
"""
PRODUCT = """\
scope: client.id
credentials:
  Id: {is: client.id, missing: 401 who, unknown: 401 who}
records:
  client: [{id: ME}]
  user: [{key: U, phone: "1"}]
otherwise: 400 worse
unknown path: 404 lost
"""
SEND = """\
operation: sendCode
violations:
  body.id missing: 400 bad
triggers:
  body.id: {NO: 404 nobody}
requires:
  user: {key: body.phone, missing: 404 nobody}
otp:
  issue: "1234"
  key: body.id
  again: 409 again
  lives: 10 minutes
  attempts: 3 per 24 hours
  keeps: {ref: 19 digits}
messages:
  - {via: SMS, to: user.phone, text: "{code}"}
success:
  reply: 200 sent
  fields: {id: body.id, "list[0].ref": otp.ref}
"""
CHECK = """\
operation: checkCode
otp: {key: body.id, check: body.code, missing: 400 wrong, used: 400 wrong, wrong: 400 wrong}
success: {reply: 200 right}
"""
FOLDER = "fixtures/market/shop"
FILES = {
    "specs/market/shop.yaml": SPEC,
    f"{FOLDER}/product.yaml": PRODUCT,
    f"{FOLDER}/send.yaml": SEND,
    f"{FOLDER}/check.yaml": CHECK,
}
NO_DURATION = 'is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'
UNQUOTED = 'is never quoted; list it under "unquoted:" if that is meant'

Load = Callable[..., list[str]]


def problems_of(root: Path) -> list[str]:
    """Every problem of a root, none when it can be served."""
    try:
        load_catalogue(root)
    except LoadError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load the files above, with some of them other than they are."""

    def found(changed: dict[str, str | bytes | None] | None = None) -> list[str]:
        for name, text in {**FILES, **(changed or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return problems_of(tmp_path)

    return found


def edited(name: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """The file with one text, which stands there once, replaced."""
    file = f"{FOLDER}/{name}.yaml"
    assert FILES[file].count(old) == 1, old
    return {file: FILES[file].replace(old, new)}


def test_the_files_above_are_well(load: Load) -> None:
    assert load() == []


# One mistake, one problem, at its place

MISTAKES = r"""
# unknown keys
send: violations: => violatons:
    2:1: unknown key "violatons"; did you mean "violations"?
send: missing: 404 => mising: 404
    7:27: unknown key "mising"; did you mean "missing"?
send: again: 409 => agian: 409
    11:3: unknown key "agian"; did you mean "again"?
send: fields: {id => feilds: {id
    19:3: unknown key "feilds"; did you mean "fields"?
product: scope: => scop:
    1:1: unknown key "scop"; did you mean "scope"?
product: unknown path: => unknown_path:
    8:1: unknown key "unknown_path"; did you mean "unknown path"?
product: otherwise: => <<: {a: b}\notherwise:
    7:1: unknown key "<<"; known:
# duplicate keys
send: violations: => operation: x\nviolations:
    2:1: duplicate key "operation"; it stands in line 1
send:   key: body.id =>   key: body.id\n  key: a
    11:3: duplicate key "key"; it stands in line 10
product: {key: U, => {key: U, key: V,
    6:19: duplicate key "key"; it stands in line 6
# quotes
send: 400 bad => 400bad
    3:20: "400bad" is not a quote; write "<status> <example name>", like "409 duplicate"
send: 400 bad => bad
    3:20: "bad" is not a quote; write "<status> <example name>", like "409 duplicate"
send: 400 bad => 999 bad
    3:20: "999 bad" is not a quote; write "<status> <example name>", like "409 duplicate"
send: 400 bad => 400
    3:20: "400" is not a quote; write "<status> <example name>", like "409 duplicate"
send: 200 sent => sent
    18:10: "sent" is not a quote; write "<status> <example name>", like "409 duplicate"
product: 404 lost => lost
    8:15: "lost" is not a quote; write "<status> <example name>", like "409 duplicate"
product: 404 lost => 404 losst
    8:15: no example "losst" in components.responses; did you mean "lost"?
send: {NO: 404 nobody} => {NO: 404 nobdy}
    5:17: no example "404 nobdy" in sendCode; did you mean "404 nobody"?
send: {NO: 404 nobody} => {NO: [404 nobody]}
    5:13: an answer is "<status> <example name>" or {reply: <quote>, fields: {...}}
send: {NO: 404 nobody} => {NO: {fields: {error: uuid}}}
    5:13: an answer is "<status> <example name>" or {reply: <quote>, fields: {...}}
send: {NO: 404 nobody} => {NO: {reply: 404 nobody, feilds: {}}}
    5:13: an answer is "<status> <example name>" or {reply: <quote>, fields: {...}}
send: {NO: 404 nobody} => {NO: {reply: 404 nobody, fields: 5}}
    5:13: "fields" maps fields of the answer to values
send: {NO: 404 nobody} => {NO: {reply: {a: b}}}
    5:13: a text is wanted here
# places
send: body.id missing => bodyid missing
    3:3: "bodyid" is not a place; write it like "body.user_id" or "header.x-client-id"
send: body.phone => body..phone
    7:15: "body..phone" is not a place; write it like "body.user_id" or "header.x-client-id"
send: body.id missing => bdy.id missing
    3:3: "bdy.id" begins with "bdy"; did you mean "body"?
send: body.phone => bdoy.phone
    7:15: "bdoy.phone" begins with "bdoy"; did you mean "body"?
send: user.phone => usr.phone
    16:20: "usr.phone" begins with "usr"; did you mean "user"?
send: otp.ref => opt.ref
    19:40: "opt.ref" begins with "opt"; did you mean "otp"?
product: is: client.id => is: clinet.id
    3:12: "clinet.id" begins with "clinet"; did you mean "client"?
# words
send: body.id missing => body.id misssing
    3:3: "misssing" is not a kind of violation; did you mean "missing"?
send: {id: body.id, => {id: Frist Name,
    19:16: "Frist Name" is neither a place nor a word; known: 19 digits, 24 hex, 64 HEX, counter from 10, like
send: {id: body.id, => {id: 5,
    19:16: "5" is neither a place nor a word; known: 19 digits, 24 hex, 64 HEX, counter from 10, like
send: {id: body.id, => {id: uuidd,
    19:16: "uuidd" is neither a place nor a word; did you mean "uuid"?
send: {id: body.id, => {id: frist_name,
    19:16: "frist_name" is neither a place nor a word; did you mean "first_name"?
send: {code} => {frist_name}
    16:38: "frist_name" is neither a place nor a word; did you mean "first_name"?
send: {code} => {user.phone!}
    16:38: "{user.phone!}" is neither a place nor a word
send: {id: body.id, => {id: {when: {}},
    19:12: a conditional value is written {as: <value>, when: {<place>: <text>}}
send: {id: body.id, => {id: {as: uuid, when: 5},
    19:12: "when" maps places to texts
send: "1234" => 12 34
    9:10: "12 34" is not a code; write digits, or words like "6 digits"
send: "1234" => first_name
    9:10: "first_name" is not a code; write digits, or words like "6 digits"
send: violations: => reads: {body.id: uper}\nviolations:
    2:18: "uper" is not one of upper, lower, trimmed, text, phone
product: otherwise: => missing means: [absnet]\notherwise:
    7:17: "absnet" is not one of absent, null, blank, empty
# durations and rates
send: 10 minutes => 10 minuets
    12:10: "10 minuets" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"
send: 10 minutes => -1 day
    12:10: "-1 day" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"
send: 10 minutes => [1, day]
    12:3: a text is wanted here
send: 3 per 24 hours => 0
    13:13: "0" is not a rate; write it like "500 per day" or "5 per 15 minutes"
send: 3 per 24 hours => 3 in 24 hours
    13:13: "3 in 24 hours" is not a rate; write it like "500 per day" or "5 per 15 minutes"
send: 3 per 24 hours => 3 per dya
    13:13: "dya" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"
send: violations: => limits: [{rate: 5 per day, exceeded: 409 again}]\nviolations:
    2:10: "of" is missing here
# fields
send: {id: body.id, => {idd: body.id,
    18:10: the example "200 sent" has no field "idd" to renew
send: list[0].ref => list[1].ref
    18:10: the example "200 sent" has no field "list.1.ref" to renew
send: list[0].ref => list[].ref
    19:25: "list[].ref" is not a field; write it like "user_id", "auth.token" or "list[0].name"
send: list[0].ref => list..ref
    19:25: "list..ref" is not a field; write it like "user_id", "auth.token" or "list[0].name"
send: {id: body.id, => {"": body.id,
    19:12: "" is not a field; write it like "user_id", "auth.token" or "list[0].name"
# operations
send: sendCode => sendCoed
    1:1: no operation "sendCoed" in specs/market/shop.yaml; did you mean "sendCode"?
send: sendCode => checkCode
    1:1: operation "checkCode" has a fixture already, at fixtures/market/shop/check.yaml:1:1
send: sendCode => [sendCode, sent]
    1:1: no operation "sent" in specs/market/shop.yaml; known: checkCode, sendCode
send: sendCode => []
    1:1: the name of an operation is wanted here, or a list of names
send: operation: sendCode\n => (nothing)
    1:1: "operation" is missing here
# scalars where more is wanted, and the other way round
send:   reply: 200 sent\n => (nothing)
    17:1: "reply" is missing here
check: {reply: 200 right} => 5
    3:1: a mapping of words is wanted here
check: {reply: 200 right} => yes
    3:1: a mapping of words is wanted here
product: client: [{id: ME}] => client: ME
    5:11: a list is wanted here
product: client: [{id: ME}] => client: [ME]
    5:12: a mapping is wanted here
product: {key: U, phone: "1"} => {key: [U]}
    6:11: a text is wanted here
send: {NO: 404 nobody} => NO
    5:12: a mapping is wanted here
send: violations:\n  body.id missing: 400 bad => violations: [400 bad]
    2:1: a mapping is wanted here
send: violations:\n  body.id missing: 400 bad => violations:
    2:12: a mapping is wanted here
# what the vendor states only in prose
send: violations: => tighten: {body.id: {maxLenght: 5}}\nviolations:
    2:21: "maxLenght" cannot be tightened; did you mean "maxLength"?
send: violations: => tighten: {body.id: {maxLength: five}}\nviolations:
    2:21: "maxLength" is a whole number, not "five"
send: violations: => tighten: {body.idd: {maxLength: 5}}\nviolations:
    2:11: the spec has no "body.idd" in sendCode
send: violations: => tighten: {body.id: {enum: a}}\nviolations:
    2:21: "enum" is a list
send: violations: => tighten: {body.id: {pattern: '['}}\nviolations:
    2:21: "[" is not a pattern:
# what the spec has
product: Id: {is => Ide: {is
    3:8: no security scheme "Ide" in specs/market/shop.yaml; did you mean "Id"?
product: {id: ME} => {ide: ME}
    1:1: a client needs "id", by which it is found
product: {key: U => {kee: U
    1:1: a user needs "key", by which it is found
# the file itself
send:   attempts => \tattempts
    13:1: not YAML: found a tab character that violates indentation
send: sendCode => [sendCode
    2:11: not YAML: did not find expected ',' or ']'
send: sendCode => *sendCode
    1:12: not YAML: found undefined alias
send: violations: => ---\nviolations:
    2:1: not YAML: but found another document
send: operation: => ? [a]\n: b\noperation:
    1:3: a key must be a plain text
"""


def mistakes() -> list[tuple[str, str, str, str]]:
    """File, what stands there, what is written instead, and the problem, of each two lines above."""
    found = re.findall(r"^(\w+): (.*?) => (.*)\n    (.*)$", MISTAKES, re.MULTILINE)
    return [(name, unfolded(old), unfolded(new), problem) for name, old, new, problem in found]


def unfolded(text: str) -> str:
    return text.replace("(nothing)", "").replace(r"\n", "\n").replace(r"\t", "\t")


@pytest.mark.parametrize(("name", "old", "new", "problem"), mistakes())
def test_a_mistake_is_told_with_its_place_and_the_right_word(
    load: Load, name: str, old: str, new: str, problem: str
) -> None:
    found = load(edited(name, old, new))
    assert any(each.startswith(f"{FOLDER}/{name}.yaml:{problem}") for each in found), found
    assert all(re.match(r"[\w/]+\.yaml:[1-9]\d*:[1-9]\d*: \S", each) for each in found)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ['1:1: "operation" is missing here', '1:1: "success" is missing here']),
        ("# nothing\n", ['1:1: "operation" is missing here', '1:1: "success" is missing here']),
        ("5", ["1:1: the file must be a mapping of keys to values"]),
        ("- a\n- b\n", ["1:1: the file must be a mapping of keys to values"]),
        (b"operation: \xff\n", ["1:1: cannot be read: 'utf-8' codec can't decode byte 0xff in position 11"]),
        (SEND.encode("utf-16"), ["1:1: cannot be read: 'utf-8' codec can't decode byte 0xff in position 0"]),
        ("a: \0", ["1:1: not YAML: unacceptable character #x0000"]),
        ("a: " + "[" * 200 + "]" * 200, ["1:104: too large or too deep once its aliases are followed"]),
        ("a: " + "[" * 100_000, ["1:103: nested too deeply"]),
        ("a: " + "[" * 100_000 + "]" * 100_000, ["1:103: nested too deeply"]),
        ("a:\n  " + "- " * 100_000, ["2:201: nested too deeply"]),
        ("a: &a [*a]\n", ["1:4: too large or too deep once its aliases are followed"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_file_that_cannot_be_read_is_told_with_its_place(load: Load, text: Any, problems: list[str]) -> None:
    found = load({f"{FOLDER}/send.yaml": text})
    own = [each for each in found if each.startswith(f"{FOLDER}/send.yaml:")]
    assert len(own) == len(problems)
    assert all(each.startswith(f"{FOLDER}/send.yaml:{start}") for each, start in zip(own, problems, strict=True))


def test_a_file_that_aliases_into_gigabytes_is_refused(load: Load) -> None:
    lines = [f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefghi", "bcdefghij", strict=True)]
    (problem,) = load({f"{FOLDER}/send.yaml": "\n".join(["a: &a [x,x,x,x,x,x,x,x,x]", *lines])})
    assert re.match(rf"{FOLDER}/send\.yaml:\d+:\d+: too large or too deep once its aliases are followed$", problem)


# Several at once, and what is missing


def test_all_problems_of_all_files_are_told_at_once(load: Load) -> None:
    found = load(
        {
            "specs/market/shop.yaml": SPEC.replace("openapi: 3.0.3", "openapi: 2.0"),
            **edited("product", "scope:", "scop:"),
            f"{FOLDER}/send.yaml": SEND.replace("violations:", "violatons:").replace("10 minutes", "soon"),
            f"{FOLDER}/check.yaml": "operation: checkCode\nsuccess: 5\notp: 6\n",
            "fixtures/market/shpo/product.yaml": "",
            "fixtures/market/keys/test.pem": "no key",
        }
    )
    assert found == [
        "fixtures/market/keys/test.pem:1:1: this is not a private key in PEM without a password",
        f"{FOLDER}/check.yaml:2:1: a mapping of words is wanted here",
        f"{FOLDER}/check.yaml:3:1: a mapping of words is wanted here",
        f'{FOLDER}/product.yaml:1:1: unknown key "scop"; did you mean "scope"?',
        f'{FOLDER}/send.yaml:2:1: unknown key "violatons"; did you mean "violations"?',
        f'{FOLDER}/send.yaml:12:10: "soon" {NO_DURATION}',
        'fixtures/market/shpo/product.yaml:1:1: there is no spec specs/market/shpo.yaml; did you mean "market/shop"?',
        'specs/market/shop.yaml:1:1: openapi is "2.0"; mocksrv reads 3.0 and 3.1',
    ]


def test_a_quote_that_dangles_is_told_with_the_example_that_it_leaves_unquoted(load: Load) -> None:
    assert load(edited("send", "400 bad", "400 baad")) == [
        f'{FOLDER}/send.yaml:1:1: the example "400 bad" of sendCode {UNQUOTED} (specs/market/shop.yaml:14:57)',
        f'{FOLDER}/send.yaml:3:20: no example "400 baad" in sendCode; did you mean "400 bad"?',
    ]


def test_an_example_that_is_unquoted_on_purpose_is_listed(load: Load) -> None:
    listed = SEND.replace("triggers:\n  body.id: {NO: 404 nobody}\n", "").replace(
        "missing: 404 nobody", "missing: accepted"
    )
    assert load({f"{FOLDER}/send.yaml": listed}) == [
        f'{FOLDER}/send.yaml:1:1: the example "404 nobody" of sendCode {UNQUOTED} (specs/market/shop.yaml:16:57)'
    ]
    assert load({f"{FOLDER}/send.yaml": f"{listed}unquoted: {{404 nobody: it never comes}}\n"}) == []


def test_a_credential_that_the_spec_asks_for_must_be_explained(load: Load) -> None:
    what = 'sendCode asks for the security scheme "Id"; say under "credentials:" what it means'
    found = load(edited("product", "  Id: {is: client.id, missing: 401 who, unknown: 401 who}\n", "  {}\n"))
    assert f"{FOLDER}/product.yaml:1:1: {what}" in found


def test_a_code_that_is_checked_must_be_issued_somewhere(load: Load) -> None:
    assert f"{FOLDER}/check.yaml:2:6: no operation of market/shop issues the OTP that checkCode checks" in load(
        {f"{FOLDER}/send.yaml": None}
    )


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"fixtures/market/shpo/send.yaml": SEND},
            'fixtures/market/shpo/send.yaml:1:1: there is no spec specs/market/shpo.yaml; did you mean "market/shop"?',
        ),
        (
            {"fixtures/makret/shop/send.yaml": SEND},
            'fixtures/makret/shop/send.yaml:1:1: there is no spec specs/makret/shop.yaml; did you mean "market/shop"?',
        ),
        (
            {"specs/market/shpo.ours.yaml": "paths: {}"},
            'specs/market/shpo.ours.yaml:1:1: there is no spec specs/market/shpo.yaml; did you mean "market/shop"?',
        ),
    ],
)
def test_a_name_that_is_mistyped_is_no_silence(load: Load, files: dict[str, Any], problem: str) -> None:
    assert load(files) == [problem]


def test_a_spec_without_fixtures_is_well(load: Load) -> None:
    assert load({f"{FOLDER}/{name}.yaml": None for name in ("product", "send", "check")}) == []


def test_a_root_without_specs_is_told(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == [f"specs:1:1: there is no spec below {tmp_path / 'specs'}"]


# Whatever is written: it loads, or it is told

SCALARS = [
    "5", "[]", "{}", "null", "", "body.x", "409 duplicate", "'", '"', "[1, [2]]", "{a: {b: c}}", "- a", "yes",
    "&a [*a]", "!!binary x", "{otp.x}", "}{", "body.[]", "body", "*", "? a", "1e999", "é", "\t", "same", "new",
    "accepted", "uuid", "counter from 1", "99999999999999999999 digits", "[body.user_id]", "{as: uuid}",
    "{as: uuid, when: {body.x: 1}}", "{reply: 5}", "{reply: [5]}", "0", "-1", "10 minutes", "otherwise", "any",
    "x" * 300, "$ref", "{$ref: '#/'}", "{$ref: 5}", "default", "x-odd",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """The text of a YAML file after one to three slips of its author's hand."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        slip = draw(st.sampled_from(["delete", "duplicate", "copy", "indent", "value", "word", "letter"]))
        if slip == "delete":
            lines[at : at + 1] = []
        elif slip == "duplicate":
            lines.insert(at, line)
        elif slip == "copy":
            lines[at] = draw(st.sampled_from(lines))
        elif slip == "indent":
            lines[at] = " " * draw(st.integers(0, 8)) + line.lstrip()
        elif slip == "value":
            lines[at] = f"{line.partition(':')[0]}: {draw(st.sampled_from(SCALARS))}"
        elif slip == "word":
            words = [*re.finditer(r"[\w.\-\[\]]+", line)]
            word = draw(st.sampled_from(words)) if words else re.match("", line)
            assert word is not None
            lines[at] = line[: word.start()] + draw(st.sampled_from(SCALARS)) + line[word.end() :]
        else:
            column = draw(st.integers(0, len(line)))
            lines[at] = line[:column] + draw(st.sampled_from("{}[]:,&*!|>'\"%@`#\t -\0é0x")) + line[column + 1 :]
        lines = lines or [""]
    return "\n".join(lines)


def copied(factory: pytest.TempPathFactory, product: str) -> Path:
    """A root that holds one built-in product; made once."""
    root, vendor = factory.getbasetemp() / product.replace("/", "-"), product.partition("/")[0]
    if root.exists():
        return root
    for file in (*files_of(product, "specs"), *files_of(product, "fixtures")):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, root / file)
    if (keys := REPOSITORY / "fixtures" / vendor / "keys").is_dir():
        shutil.copytree(keys, root / "fixtures" / vendor / "keys")
    return root


def assert_a_slip_loads_or_is_told(root: Path, files: list[str], data: st.DataObject) -> None:
    file = root / data.draw(st.sampled_from(files))
    before = file.read_text()
    try:
        file.write_text(data.draw(mutated(before)))
        assert all(re.match(r"[\w./-]+:[1-9]\d*:[1-9]\d*: \S", problem) for problem in problems_of(root))
    finally:
        file.write_text(before)


def files_of(product: str, kind: str) -> list[str]:
    """The YAML files of a product: its fixtures, or its spec and ours."""
    pattern = f"specs/{product}*.yaml" if kind == "specs" else f"fixtures/{product}/*.yaml"
    return sorted(path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob(pattern))


SLIPS = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
PRODUCTS = list(catalogue().products)


@pytest.mark.parametrize("product", PRODUCTS)
@SLIPS
@given(data=st.data())
def test_a_slip_in_a_fixture_loads_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, product: str, data: st.DataObject
) -> None:
    assert_a_slip_loads_or_is_told(copied(tmp_path_factory, product), files_of(product, "fixtures"), data)
