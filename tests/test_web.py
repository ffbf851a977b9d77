"""HTTP's own corners: bodies that nobody can read, paths that are not there, sandboxes, and why each answer came."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mocksrv.threaded import running
from tests.http import CASHFREE, Answer, app_for, call, parsed

GENERATE = "/ppi/otp/generate"
PATHS = (GENERATE, "/ppi/otp/submit", "/ppi/user", "/ppi/kyc/min")
JSON = {**CASHFREE, "Content-Type": "application/json"}
INVALID_REQUEST = {
    "code": "invalid_request",
    "type": "validation_error",
    "message": "Bad request, please check API documentation",
}
ID_MISSING = {
    "code": "otp_verification_id_missing",
    "type": "validation_error",
    "message": "otp_verification_id parameter is missing",
}
ROUTE_NOT_FOUND = {"code": "route_not_found", "type": "invalid_request_error", "message": "Route Not Found"}
METHOD_NOT_ALLOWED = {"code": "method_not_allowed", "type": "invalid_request_error", "message": "Method Not Allowed"}
UNREADABLE = {
    "words": b"hello",
    "half an object": b'{"user_id": "USER827364"',
    "single quotes": b"{'user_id': 'USER827364'}",
    "a form": b"user_id=USER827364&otp=111000",
    "trailing garbage": b'{"user_id": "USER827364"} x',
    "two documents": b"{}{}",
    "bad UTF-8": b'{"user_id": "\xff\xfe"}',
    "UTF-16": '{"user_id": "USER827364"}'.encode("utf-16"),
    "100,000 open brackets": b"[" * 100_000,
    "100,000 brackets": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": b'{"user_id": NaN}',
    "minus infinity": b'{"user_id": -Infinity}',
    "1e999": b'{"user_id": 1e999}',
    "a number of 5,000 digits": b'{"user_id": ' + b"9" * 5_000 + b"}",
    "half a surrogate pair": rb'{"user_id": "\ud800"}',
    "half a surrogate pair in a key": rb'{"\udc00": 1}',
    "over 1 MiB": b'{"user_id": "' + b"x" * (1 << 20) + b'"}',
    "a list": b'[{"user_id": "USER827364"}]',
    "an empty list": b"[]",
    "null": b"null",
    "a text": b'"USER827364"',
    "a number": b"1",
}


def wallet(id_: str) -> dict[str, object]:
    return {"otp_verification_id": id_, "user_id": "USER827364", "notification_modes": ["SMS"]}


def refused(answer: Answer, body: object = INVALID_REQUEST) -> bool:
    """Whether it is a 400 in the vendor's shape, and not one of ours."""
    assert (answer.status, answer.body) == (400, body)
    return answer.headers["Content-Type"] == "application/json" and "X-Mocksrv-Error" not in answer.headers


def chunked(url: str, body: bytes) -> Answer:
    """Send the body in chunks, without Content-Length."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    chunks = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    try:
        connection.request("POST", parts.path, chunks, {**JSON, "Transfer-Encoding": "chunked"}, encode_chunked=True)
        response = connection.getresponse()
        received = response.read()
    finally:
        connection.close()
    return Answer(response.status, response.headers, parsed(received), received)


# Bodies


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_cannot_be_read_is_a_400_of_the_vendor(sandbox: str, path: str, body: bytes) -> None:
    assert refused(call("POST", sandbox + path, raw=body, headers=JSON))


@pytest.mark.parametrize("body", [UNREADABLE["words"], UNREADABLE["over 1 MiB"], b"x" * (8 << 20)], ids=len)
def test_so_it_is_when_it_comes_in_chunks(sandbox: str, body: bytes) -> None:
    assert refused(chunked(sandbox + GENERATE, body))


def test_a_readable_body_may_come_in_chunks(sandbox: str) -> None:
    assert chunked(sandbox + GENERATE, json.dumps(wallet("in-chunks")).encode()).body["status"] == "OTP_GENERATED"


def test_a_body_of_just_1_mib_is_read(sandbox: str) -> None:
    body = json.dumps(wallet("large")).encode()
    padded = body + b" " * ((1 << 20) - len(body))
    assert call("POST", sandbox + GENERATE, raw=padded, headers=JSON).status == 200
    assert refused(call("POST", sandbox + GENERATE, raw=padded + b" ", headers=JSON))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
             "application/problem+json", "json", "a/b; c; d=e=f"],
)  # fmt: skip
def test_a_wrong_content_type_is_a_400_of_the_vendor(sandbox: str, path: str, kind: str) -> None:
    body = json.dumps(wallet("typed"))
    assert refused(call("POST", sandbox + path, raw=body, headers={**CASHFREE, "Content-Type": kind}))


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON", " application/json ;",
     'application/json; charset="utf-8"; self=spec', "application/json; charset", ""],
)  # fmt: skip
def test_parameters_and_case_of_the_content_type_mean_nothing(sandbox: str, kind: str) -> None:
    body = json.dumps(wallet("typed"))
    answer = call("POST", sandbox + GENERATE, raw=body, headers={**CASHFREE, "Content-Type": kind})
    assert (answer.status, answer.body["status"]) == (200, "OTP_GENERATED")


def test_json_without_a_content_type_is_read_as_json(sandbox: str) -> None:
    answer = call("POST", sandbox + GENERATE, raw=json.dumps(wallet("untyped")), headers=CASHFREE)
    assert (answer.status, answer.body["status"]) == (200, "OTP_GENERATED")
    assert refused(call("POST", sandbox + GENERATE, raw="user_id=1", headers=CASHFREE))


@pytest.mark.parametrize("headers", [JSON, CASHFREE], ids=["typed", "untyped"])
@pytest.mark.parametrize("body", [None, b"", b" \r\n\t", b"{}"])
def test_an_empty_body_is_an_empty_object(sandbox: str, headers: dict[str, str], body: bytes | None) -> None:
    assert refused(call("POST", sandbox + GENERATE, raw=body, headers=headers), ID_MISSING)


def test_of_a_key_that_stands_twice_the_last_one_counts(sandbox: str) -> None:
    body = '{"user_id": "NO_SUCH_USER", ' + json.dumps(wallet("twice"))[1:]
    answer = call("POST", sandbox + GENERATE, raw=body, headers=JSON)
    assert (answer.status, answer.body["user_id"]) == (200, "USER827364")


def test_a_byte_order_mark_is_no_part_of_the_document(sandbox: str) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(wallet("marked")).encode()
    assert call("POST", sandbox + GENERATE, raw=body, headers=JSON).status == 200


@pytest.mark.parametrize("name", ["x-api-version", "X-Trace", "User-Agent", "Content-Encoding", "Cookie"])
@pytest.mark.parametrize("value", ["", " ", "caf\xe9", "a, b", "=;="])
def test_an_odd_header_that_nobody_asks_for_changes_nothing(sandbox: str, name: str, value: str) -> None:
    answer = call("POST", sandbox + GENERATE, wallet("odd"), headers={**CASHFREE, name: value})
    assert answer.body["status"] == "OTP_GENERATED"


# Paths and methods


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_a_wrong_method_is_a_405_of_the_vendor_that_says_what_is_allowed(sandbox: str, method: str, path: str) -> None:
    answer = call(method, sandbox + path, headers=CASHFREE)
    assert (answer.status, answer.headers["Allow"], answer.body) == (405, "POST", METHOD_NOT_ALLOWED)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.why.startswith(f"there is no {method} {path}; did you mean ")


def test_head_is_answered_like_get_but_without_a_body(sandbox: str) -> None:
    vendors, ours = call("HEAD", sandbox + GENERATE), call("HEAD", f"{sandbox}/nowhere")
    assert (vendors.status, vendors.headers["Allow"], vendors.raw) == (405, "POST", b"")
    assert (ours.status, ours.headers["X-Mocksrv-Error"], ours.raw) == (404, "no-such-path", b"")
    assert call("HEAD", f"{sandbox}/__admin/health").status == 200


@pytest.mark.parametrize(
    "path",
    ["/ppi", "/ppi/", "/ppi/otp", "/ppi/otp/generate/", "/ppi//otp/generate", "/ppi/otp/generate/more",
     "/ppi/OTP/generate", "/ppi/../ppi/otp/generate", "/ppi/%ff", "/ppi/%00", "/ppi/%0d%0aX-Evil:%201",
     "/ppi/%E2%82%AC", "/ppi/;a=b", "/ppi/otp/generate%20", "/ppi/" + "x" * 5_000],
    ids=lambda path: path[:30],
)  # fmt: skip
def test_an_unknown_path_below_the_vendors_is_a_404_of_the_vendor(sandbox: str, path: str) -> None:
    answer = call("POST", sandbox + path, wallet("lost"), headers=CASHFREE)
    assert (answer.status, answer.body) == (404, ROUTE_NOT_FOUND)
    assert answer.headers["Content-Type"] == "application/json"
    assert "X-Mocksrv-Error" not in answer.headers
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("path", ["/", "", "/nowhere", "/pi/otp/generate", "/PPI/otp/generate", "/favicon.ico", "/%ff"])
def test_an_unknown_path_elsewhere_is_a_404_of_ours(sandbox: str, path: str) -> None:
    answer = call("POST", sandbox + path, {})
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-path")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_our_404_names_the_nearest_operation(sandbox: str) -> None:
    assert call("POST", f"{sandbox}/pi/otp/generate").body == {
        "type": "urn:mocksrv:no-such-path",
        "title": "Not Found",
        "status": 404,
        "detail": 'there is no POST /pi/otp/generate; did you mean "POST /ppi/otp/generate"?',
    }


@pytest.mark.parametrize(
    "path", ["//ppi/otp/generate", "/ppi/otp/gener%61te", "/ppi%2Fotp/generate", "/ppi/otp/generate?a=%ff&b"]
)
def test_a_path_may_be_written_in_other_ways(sandbox: str, path: str) -> None:
    """A base URL that ends with a slash gives two of them."""
    assert call("POST", sandbox + path, wallet("written"), headers=CASHFREE).status == 200


# Why


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("POST", GENERATE, JSON), ("POST", GENERATE, {}), ("POST", "/ppi/x", {}), ("GET", GENERATE, {}), ("GET", "/", {}),
     ("POST", GENERATE, {"Prefer": "code=409"}), ("POST", GENERATE, {"Prefer": "code=418"}),
     ("POST", GENERATE, {"Prefer": '"'}), ("GET", "/__admin/otps/latest", {}), ("PUT", "/__admin/records/x/y", {}),
     ("GET", "/__admin/health", {"Host": "evil"}), ("GET", "/", {"X-Mocksrv-Sandbox": "\xe9"})],
)  # fmt: skip
def test_every_answer_that_is_decided_says_why(url: str, method: str, path: str, headers: dict[str, str]) -> None:
    assert call(method, url + path, headers={"X-Mocksrv-Sandbox": "why", **headers}).why


@pytest.mark.parametrize(
    "path",
    ["/ppi/%0d%0aX-Evil:%201", "/%0a", "/ppi/%00%01%7f%09", "/ppi/%E2%82%AC%F0%9F%98%80", "/%ff", "/" + "%22" * 3_000],
)  # fmt: skip
def test_why_is_one_bounded_line_whatever_was_asked(sandbox: str, path: str) -> None:
    why = call("GET", sandbox + path).why
    assert 0 < len(why) <= 1_000
    assert why.isascii()
    assert why.isprintable()


# Sandboxes


def test_an_id_is_taken_in_its_own_sandbox_only(url: str) -> None:
    for where in ("one-world", "another-world"):
        for status in (200, 409):
            assert call("POST", f"{url}/@{where}{GENERATE}", wallet("same"), headers=CASHFREE).status == status


def test_the_header_names_the_same_sandbox_as_the_prefix(url: str) -> None:
    named = {**CASHFREE, "X-Mocksrv-Sandbox": "by-header"}
    assert call("POST", f"{url}/@by-header{GENERATE}", wallet("same"), headers=CASHFREE).status == 200
    assert call("POST", url + GENERATE, wallet("same"), headers=named).status == 409


def test_the_prefix_counts_when_the_header_names_another(url: str) -> None:
    both = call("GET", f"{url}/@by-prefix/__admin/health", headers={"X-Mocksrv-Sandbox": "by-header"})
    assert both.body["sandbox"] == "by-prefix"


def test_without_a_name_it_is_the_default_sandbox(url: str) -> None:
    assert call("GET", f"{url}/__admin/health").body["sandbox"] == "default"


@pytest.mark.parametrize("name", ["", "a.b", "a%20b", "%C3%A9", "%00", "%0d%0aX-Evil:%201", "a" * 65, "@"])
def test_a_bad_name_in_the_prefix_is_a_400_of_ours(url: str, name: str) -> None:
    assert_bad_sandbox(call("POST", f"{url}/@{name}{GENERATE}", wallet("named"), headers=CASHFREE))


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a/b", "\xe9", "a" * 65, "a, b"])
@pytest.mark.parametrize("path", [GENERATE, "/__admin/health", "/nowhere"])
def test_a_bad_name_in_the_header_is_a_400_of_ours(url: str, name: str, path: str) -> None:
    assert_bad_sandbox(call("POST", url + path, {}, headers={**CASHFREE, "X-Mocksrv-Sandbox": name}))


def assert_bad_sandbox(answer: Answer) -> None:
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (400, "bad-sandbox")
    assert answer.body == {
        "type": "urn:mocksrv:bad-sandbox",
        "title": "This cannot name a sandbox",
        "status": 400,
        "detail": "A name is 1 to 64 of A-Z a-z 0-9 _ and -.",
    }
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("name", ["a", "0", "-", "_", "A" * 64, "default", "run-42_x"])
def test_a_good_name_is_taken_as_it_is(url: str, name: str) -> None:
    assert call("GET", f"{url}/@{name}/__admin/health").body["sandbox"] == name


def test_the_journal_shows_the_calls_of_its_sandbox_only(url: str) -> None:
    call("POST", f"{url}/@journal-a{GENERATE}", wallet("mine"), headers=CASHFREE)
    assert call("GET", f"{url}/@journal-a/__admin/requests").body["meta"]["total"] == 1
    assert call("GET", f"{url}/@journal-b/__admin/requests").body["meta"]["total"] == 0


# Whose 404 it is, and specs that nobody wrote a fixture for

SHOP = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: "https://{where}.example.com/shop", variables: {where: {default: eu}}}]
paths:
  /carts/{cart-id}/items:
    parameters: [{name: cart-id, in: path, required: true, schema: {type: string, pattern: "^c[0-9]+$"}}]
    get:
      operationId: listItems
      parameters: [{name: limit, in: query, schema: {type: integer, maximum: 10}}]
      responses:
        "200":
          content:
            application/json:
              schema: {properties: {items: {type: array, items: {$ref: "#/components/schemas/Item"}}}}
        "4XX": {content: {application/json: {examples: {bad: {value: {error: no}}}}}}
    delete:
      operationId: emptyCart
      responses: {"204": {description: gone}}
  /ping:
    get: {operationId: ping, responses: {"200": {content: {text/plain: {example: pong}}}}}
  /login:
    post:
      operationId: login
      requestBody: {content: {"application/json;charset=UTF-8": {schema: {type: object, required: [name]}}}}
      responses: {"201": {content: {application/json: {examples: {hello: {value: {hello: you}}}}}}}
components: {schemas: {Item: {properties: {name: {type: string, example: tea}, count: {type: integer}}}}}
"""
BANK = """
openapi: 3.0.3
info: {title: Bank, version: "1"}
paths:
  /shop/pay: {post: {operationId: pay, responses: {"200": {description: paid}}}}
  /bank/pay: {post: {operationId: payBank, responses: {"200": {description: paid}}}}
components:
  responses: {Lost: {content: {application/json: {examples: {lost: {value: {error: lost}}}}}}}
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of two products; only the bank says what it answers to unknown paths."""
    root: Path = tmp_path_factory.mktemp("market")
    for file, text in {
        "specs/market/shop.yaml": SHOP,
        "specs/market/bank.yaml": BANK,
        "fixtures/market/bank/product.yaml": "unknown path: 404 lost\n",
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    with running(app_for(root=root)) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/bank/x", None),
        ("/shop/pay/x", None),
        *((path, "no-such-path") for path in ("/shop/carts/x", "/shop/x", "/x")),
    ],
)
def test_the_product_that_shares_the_most_of_the_path_answers_404_and_a_tie_is_ours(
    market: str, path: str, ours: str | None
) -> None:
    answer = call("GET", market + path)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, ours)
    assert ours or answer.body == {"error": "lost"}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [("GET", "/shop/carts/c1/items", 200, {"items": [{"name": "tea", "count": 0}]}),
     ("GET", "/shop/carts/c1/items?limit=10", 200, {"items": [{"name": "tea", "count": 0}]}),
     ("GET", "/shop/carts/c1/items?limit=11", 400, {"error": "no"}),
     ("GET", "/shop/carts/c1/items?limit=x", 400, {"error": "no"}),
     ("GET", "/shop/carts/nope/items", 400, {"error": "no"}),
     ("GET", "/shop/carts/c1%0a/items", 400, {"error": "no"}),
     ("DELETE", "/shop/carts/c1/items", 204, ""),
     ("GET", "/shop/ping", 200, "pong"),
     ("POST", "/bank/pay", 200, "")],
)  # fmt: skip
def test_a_spec_without_a_fixture_is_served(market: str, method: str, path: str, status: int, body: object) -> None:
    answer = call(method, market + path)
    assert (answer.status, answer.body) == (status, body)


def test_a_violation_that_neither_fixture_nor_spec_answers_is_a_problem_of_ours(market: str) -> None:
    answer = call("POST", f"{market}/shop/login", {})
    assert answer.body == {
        "type": "urn:mocksrv:contract",
        "title": "The request breaks the contract",
        "status": 400,
        "detail": "violated body.name missing -> a problem of ours (no fixture speaks of it)",
    }
    assert call("POST", f"{market}/shop/login", {"name": "you"}).body == {"hello": "you"}


def test_a_text_is_told_as_text(market: str) -> None:
    assert call("GET", f"{market}/shop/ping").headers["Content-Type"] == "text/plain"
