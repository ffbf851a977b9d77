"""The admin API as a whole: what it says of the server, records and credentials, and how it refuses the rest."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

import mocksrv.web.admin as module
from mocksrv import __version__
from mocksrv.instruments.desk import Told
from mocksrv.threaded import running
from tests.admin import PHONE, USER, admin, asked_wrongly, generate, name_of, problem, submit
from tests.http import CASHFREE, app_for, call, catalogue


def record_of(url: str, path: str) -> dict[str, str]:
    """The fields of the one record of a path."""
    (record,) = admin(url, f"/records/{path}").body["records"]
    fields: dict[str, str] = record["fields"]
    return fields


# health and reset


def test_health_says_what_runs_and_for_whom(sandbox: str) -> None:
    body = admin(sandbox, "/health").body
    assert isinstance(body.pop("uptimeInSeconds"), int)
    assert body == {
        "status": "healthy",
        "version": __version__,
        "operations": len(catalogue().rules),
        "faults": {},
        "sandbox": name_of(sandbox),
        "dropped": {"records": 0, "messages": 0, "otps": 0, "entries": 0},
    }


def test_reset_returns_the_sandbox_to_the_start(sandbox: str) -> None:
    generate(sandbox)
    admin(sandbox, "/records/user/OTHER", "PUT", {"phone": "9000000000"})
    admin(sandbox, "/clock", "PUT", {"action": "advance", "by": "1 day"})
    admin(sandbox, "/faults", "POST", {"answer": "429", "operation": "generateOtp"})
    assert admin(sandbox, "/reset", "POST").body == {"reset": name_of(sandbox)}
    assert admin(sandbox, "/messages").body == {"messages": [], "meta": {"total": 0, "dropped": 0}}
    assert admin(sandbox, "/otps").body == {"otps": [], "meta": {"total": 0, "dropped": 0}}
    assert admin(sandbox, "/requests").body["requests"] == []
    assert admin(sandbox, "/records/user/OTHER").status == 404
    assert admin(sandbox, "/faults").body == {"faults": []}
    assert admin(sandbox, "/clock").body["real"] is True
    assert admin(sandbox, "/clock").body["now"][:10] == datetime.now(UTC).isoformat()[:10]
    assert generate(sandbox).status == 200


def test_reset_touches_no_other_sandbox(sandbox: str) -> None:
    generate(sandbox)
    assert admin(f"{sandbox}-b", "/reset?all=false", "POST").body == {"reset": f"{name_of(sandbox)}-b"}
    assert generate(sandbox).status == 409


def test_reset_of_all_returns_every_sandbox_to_the_start() -> None:
    with running(app_for()) as url:
        for name in ("", "/@a", "/@b"):
            generate(url + name)
        assert admin(f"{url}/@b", "/reset?all=true", "POST").body == {"reset": "all"}
        assert [generate(url + name).status for name in ("", "/@a", "/@b")] == [200, 200, 200]


def test_reset_brings_a_removed_record_back(sandbox: str) -> None:
    admin(sandbox, f"/records/user/{USER}", "DELETE")
    assert generate(sandbox).status == 404
    admin(sandbox, "/reset", "POST")
    assert generate(sandbox).status == 200


# what is served, and by which headers one is let in


def test_operations_lists_what_is_served_with_every_answer(sandbox: str) -> None:
    listed = admin(sandbox, "/operations").body["operations"]
    assert [each["operation"] for each in listed] == list(catalogue().rules)
    assert next(each for each in listed if each["operation"] == "ppiMinKyc") == {
        "operation": "ppiMinKyc",
        "product": "cashfree/ppi",
        "method": "POST",
        "paths": ["/ppi/kyc/min"],
        "answers": [str(example) for example in catalogue().rules["ppiMinKyc"].operation.examples],
    }


@pytest.mark.parametrize(
    ("vendor", "products"),
    [("m2p", ["m2p/prepaid"]), ("cashfree", ["cashfree/ppi", "cashfree/verification"]),
     ("cashfree/verification", ["cashfree/verification"])],
)  # fmt: skip
def test_operations_and_credentials_of_one_vendor(sandbox: str, vendor: str, products: list[str]) -> None:
    operations = admin(sandbox, f"/operations?vendor={vendor}").body["operations"]
    clients = admin(sandbox, f"/credentials?vendor={vendor}").body["clients"]
    assert sorted({each["product"] for each in operations}) == products
    assert sorted({each["product"] for each in clients}) == products


def test_credentials_are_the_headers_of_every_client(sandbox: str) -> None:
    assert admin(sandbox, "/credentials?vendor=m2p").body == {
        "clients": [
            {
                "product": "m2p/prepaid",
                "client": "test_client",
                "headers": {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "ACME_CORP"},
            },
            {
                "product": "m2p/prepaid",
                "client": "test_client_2",
                "headers": {"Authorization": "Bearer test-bearer-token-2", "X-TENANT-ID": "GLOBEX_CORP"},
            },
        ]
    }
    ppi = [each for each in admin(sandbox, "/credentials").body["clients"] if each["product"] == "cashfree/ppi"]
    assert ppi[0] == {"product": "cashfree/ppi", "client": "TEST_CLIENT_ID", "headers": CASHFREE}


def test_with_those_headers_every_client_is_let_in(sandbox: str) -> None:
    guarded = {each.product.name: each for each in catalogue().rules.values() if each.operation.security}
    for known in admin(sandbox, "/credentials").body["clients"]:
        rules = guarded[known["product"]]
        call(rules.operation.method.upper(), sandbox + rules.paths[0], {}, headers=known["headers"])
        assert admin(sandbox, "/requests/latest").body["client"] == known["client"]


def test_a_key_is_shown_in_pem_and_another_is_not_there(sandbox: str) -> None:
    answer = admin(sandbox, "/keys/TEST_CLIENT_2FA.pem")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-pem-file")
    assert answer.raw.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    detail = f'There is no client with a key "nobody" in {name_of(sandbox)}.'
    assert admin(sandbox, "/keys/nobody.pem").body == problem(404, "no-such-record", "No such record", detail)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, asked_wrongly("body.operation missing")),
        ({"operation": 5}, asked_wrongly("body.operation type")),
        ({"operation": "x", "body": []}, asked_wrongly("body.body type")),
        ({"operation": "x", "of": "y"}, asked_wrongly("body.of unknown")),
        (
            {"operation": "authGenerateOtq"},
            problem(
                404,
                "not-signed",
                "No such signed operation",
                'There is no signed operation "authGenerateOtq"; did you mean "authGenerateOtp"?',
            ),
        ),
        (
            {"operation": "VrsMobile360SendOtpRequest"},
            problem(
                400, "cannot-sign", "This cannot be signed", 'Say whose it is: "client", for header.x-cf-signature.'
            ),
        ),
    ],
)
def test_what_cannot_be_signed_is_refused(sandbox: str, given: dict[str, Any], refusal: dict[str, object]) -> None:
    answer = admin(sandbox, "/sign", "POST", given)
    assert (answer.status, answer.body) == (refusal["status"], refusal)


def test_nobody_signs_for_a_client_that_is_not_there(sandbox: str) -> None:
    answer = admin(sandbox, "/sign", "POST", {"operation": "VrsMobile360SendOtpRequest", "client": "nobody"})
    detail = f'There is no client "nobody" in {name_of(sandbox)}.'
    assert answer.body == problem(404, "no-such-record", "No such record", detail)


# records


def test_a_record_can_be_looked_at(sandbox: str) -> None:
    assert admin(sandbox, f"/records/user/{USER}?product=cashfree/ppi").body == {
        "kind": "user",
        "key": USER,
        "records": [
            {
                "product": "cashfree/ppi",
                "scope": None,
                "fields": {"key": USER, "phone": PHONE, "status": "ACTIVE"},
            }
        ],
    }


@pytest.mark.parametrize("key", ["NEW", "a/b", "a%20b", "%C3%A9", "x" * 50])
def test_a_record_that_was_put_counts_for_the_vendor(sandbox: str, key: str) -> None:
    path = f"/records/user/{key}?product=cashfree/ppi"
    put = admin(sandbox, path, "PUT", {"phone": "9000000001", "status": "BLOCKED"})
    (record,) = put.body["records"]
    fields = {"phone": "9000000001", "status": "BLOCKED", "key": put.body["key"]}
    assert (put.status, record["fields"]) == (200, fields)
    assert admin(sandbox, path).body == put.body
    assert generate(sandbox, user=put.body["key"]).body["status"] == "FAILED"


def test_a_put_replaces_the_whole_record(sandbox: str) -> None:
    admin(sandbox, f"/records/user/{USER}", "PUT", {"phone": "9000000001"})
    generate(sandbox)
    assert admin(sandbox, "/messages/latest").body["to"] == "9000000001"
    assert record_of(sandbox, f"user/{USER}?product=cashfree/ppi") == {"phone": "9000000001", "key": USER}


def test_a_put_reaches_a_record_that_a_call_made(sandbox: str) -> None:
    call("POST", f"{sandbox}/ppi/user", {"user_id": "ASHA", "phone": "9811111111"}, headers=CASHFREE)
    (record,) = admin(sandbox, "/records/user/ASHA?product=cashfree/ppi").body["records"]
    assert record["scope"] == "TEST_CLIENT_ID"
    admin(sandbox, "/records/user/ASHA", "PUT", {"phone": "9811111111", "status": "BLOCKED"})
    assert generate(sandbox, user="ASHA").body["status"] == "FAILED"


def test_a_record_is_found_by_the_key_of_its_path(sandbox: str) -> None:
    put = admin(sandbox, "/records/user/X?product=cashfree/ppi", "PUT", {"key": "Y"})
    assert [record["fields"] for record in put.body["records"]] == [{"key": "X"}]
    assert admin(sandbox, "/records/user/Y?product=cashfree/ppi").status == 404


def test_plain_values_are_kept_as_texts(sandbox: str) -> None:
    given = {"text": "a", "number": 5, "fraction": 1.5, "yes": True, "no": False}
    put = admin(sandbox, "/records/user/X?product=cashfree/ppi", "PUT", given)
    (record,) = put.body["records"]
    assert record["fields"] == {"text": "a", "number": "5", "fraction": "1.5", "yes": "true", "no": "false", "key": "X"}


def test_a_client_that_was_put_may_call(sandbox: str) -> None:
    admin(sandbox, "/records/client/MINE?product=cashfree/ppi", "PUT", {"secret": "S"})
    mine = {"x-client-id": "MINE", "x-client-secret": "S"}
    assert call("POST", f"{sandbox}/ppi/otp/generate", {}, headers=mine).status == 400
    admin(sandbox, "/records/client/MINE?product=cashfree/ppi", "DELETE")
    assert call("POST", f"{sandbox}/ppi/otp/generate", {}, headers=mine).status == 401


def test_a_record_that_was_removed_is_gone(sandbox: str) -> None:
    path = f"/records/user/{USER}?product=cashfree/ppi"
    there = record_of(sandbox, f"user/{USER}?product=cashfree/ppi")
    removed = admin(sandbox, path, "DELETE")
    assert [record["fields"] for record in removed.body["records"]] == [there]
    assert generate(sandbox).body["code"] == "user_id_not_found"
    detail = f'There is no user "{USER}" in {name_of(sandbox)}.'
    assert admin(sandbox, path, "DELETE").body == problem(404, "no-such-record", "No such record", detail)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("key", ["nobody", "USER827364/"])
def test_a_record_that_is_not_there_is_a_404(sandbox: str, method: str, key: str) -> None:
    answer = admin(sandbox, f"/records/user/{key}", method)
    detail = f'There is no user "{key}" in {name_of(sandbox)}.'
    assert (answer.status, answer.body) == (404, problem(404, "no-such-record", "No such record", detail))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("path", "kind", "detail"),
    [
        ("usr/USER827364", "no-such-kind", 'The kind is "usr"; did you mean "user"?'),
        ("user/USER827364?product=cashfree/pp", "no-such-product",
         '"cashfree/pp" keeps no user; did you mean "cashfree/ppi"?'),
    ],
)  # fmt: skip
def test_a_kind_mistyped_is_told_the_nearest(sandbox: str, method: str, path: str, kind: str, detail: str) -> None:
    answer = admin(sandbox, f"/records/{path}", method)
    assert (answer.status, answer.headers["X-Mocksrv-Error"], answer.body["detail"]) == (404, kind, detail)


KINDS = "access, account, brand, client, customer, kyc, member, otp, renewal, session, template, user, view"


@pytest.mark.parametrize(
    ("path", "kind", "title", "detail"),
    [
        (
            "starship/x",
            "no-such-kind",
            "No product knows this kind of record",
            f'The kind is "starship"; known: {KINDS}.',
        ),
        ("usr/x", "no-such-kind", "No product knows this kind of record", 'The kind is "usr"; did you mean "user"?'),
        (
            "user/x?product=cashfree/pp",
            "no-such-product",
            "No such product keeps such records",
            '"cashfree/pp" keeps no user; did you mean "cashfree/ppi"?',
        ),
        (
            "kyc/x?product=m2p/prepaid",
            "no-such-product",
            "No such product keeps such records",
            '"m2p/prepaid" keeps no kyc; known: cashfree/ppi.',
        ),
    ],
)
def test_what_no_product_keeps_cannot_be_put(sandbox: str, path: str, kind: str, title: str, detail: str) -> None:
    assert admin(sandbox, f"/records/{path}", "PUT", {}).body == problem(404, kind, title, detail)


@pytest.mark.parametrize(
    ("body", "violations"),
    [
        ("[]", ["body type"]),
        ("null", ["body type"]),
        ('"x"', ["body type"]),
        ('{"a": null}', ["body.a type"]),
        ('{"a": {}, "b": [], "c": "d"}', ["body.a type", "body.b type"]),
    ],
)
def test_a_record_that_is_not_plain_is_refused_and_changes_nothing(
    sandbox: str, body: str, violations: list[str]
) -> None:
    url = f"{sandbox}/__admin/records/user/X"
    answer = call("PUT", url, raw=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body) == (422, asked_wrongly(*violations))
    assert call("GET", url).status == 404


# bodies that cannot be read


@pytest.mark.parametrize(
    "body", ["{", "{} x", "[" * 100_000, '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', b"\xff", "run"],
    ids=lambda body: str(body)[:10],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/records/user/X"), ("PUT", "/clock"), ("POST", "/requests/find")]
)
def test_a_body_that_is_not_json_is_refused(sandbox: str, method: str, path: str, body: str | bytes) -> None:
    answer = call(method, f"{sandbox}/__admin{path}", raw=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (400, "bad-json")
    assert answer.body == problem(400, "bad-json", "The body is not JSON", answer.body["detail"])
    assert answer.body["detail"].endswith(".")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/clock"), ("POST", "/reset"), ("POST", "/requests/count")])
def test_a_body_that_is_too_large_is_not_read(sandbox: str, method: str, path: str) -> None:
    body = '{"action": "run", "x": "' + "x" * (2 << 20) + '"}'
    answer = call(method, f"{sandbox}/__admin{path}", raw=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body["type"]) == (413, "urn:mocksrv:http")


# what is not there


@pytest.mark.parametrize("path", ["", "/", "/nowhere", "/health/", "/records/user", "/records/user/", "/messages/first",
                                  "/otps//expire", "/requests/", "//health"])  # fmt: skip
def test_an_unknown_admin_route_is_a_404_of_ours(sandbox: str, path: str) -> None:
    answer = admin(sandbox, path)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-path")


def test_an_unknown_admin_route_is_told_the_nearest_one(sandbox: str) -> None:
    detail = 'there is no GET /__admin/helth; did you mean "GET /__admin/health"?'
    assert admin(sandbox, "/helth").body == problem(404, "no-such-path", "Not Found", detail)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/health", "GET, HEAD"), ("GET", "/reset", "POST"), ("POST", "/clock", "GET, HEAD, PUT"),
     ("POST", "/records/user/x", "DELETE, GET, HEAD, PUT"), ("OPTIONS", "/health", "GET, HEAD"),
     ("PUT", "/requests", "DELETE, GET, HEAD"), ("GET", "/otps/1/lock", "POST")],
)  # fmt: skip
def test_a_wrong_method_is_a_405_of_ours(sandbox: str, method: str, path: str, allowed: str) -> None:
    answer = admin(sandbox, path, method)
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (405, "no-such-method")
    assert answer.headers["Allow"] == allowed


# the contract


def test_the_description_is_served_as_it_is_written(sandbox: str) -> None:
    answer = admin(sandbox, "/openapi.yaml")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/yaml")
    assert answer.raw == module.SPEC.read_bytes()
    assert yaml.safe_load(answer.raw)["openapi"] == "3.1.0"


def test_every_operation_of_the_description_has_a_view_and_every_view_an_operation() -> None:
    described = [each.name for each in module.operations()]
    assert sorted(described) == sorted(module.VIEWS)
    assert len(described) == len(set(described))


def test_every_route_of_the_description_is_served_and_no_other() -> None:
    served = {
        (method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/__admin")))
        for rule in app_for().url_map.iter_rules()
        if rule.rule.startswith("/__admin")
        for method in (rule.methods or set()) - {"HEAD"}
    }
    paths = yaml.safe_load(module.SPEC.read_text("utf-8"))["paths"]
    methods = ("get", "put", "post", "delete", "patch")
    assert served == {(method.upper(), path) for path, item in paths.items() for method in item if method in methods}


def test_every_schema_of_the_description_is_closed_or_says_what_else_it_holds() -> None:
    schemas = yaml.safe_load(module.SPEC.read_text("utf-8"))["components"]["schemas"]
    objects = {name: schema for name, schema in schemas.items() if schema.get("type") == "object"}
    # A problem has members of its own kind beside those that all have.
    open_ones = {name for name, schema in objects.items() if "additionalProperties" not in schema}
    assert open_ones - {"Problem", "Nothing"} == set()


@pytest.mark.parametrize("query", ["x=1", "to=5550", "X-Mocksrv=1"])
def test_a_parameter_that_is_not_described_is_refused(sandbox: str, query: str) -> None:
    answer = admin(sandbox, f"/health?{query}")
    assert (answer.status, answer.body) == (422, asked_wrongly(f"query.{query.partition('=')[0]} unknown"))


def test_of_a_parameter_given_twice_the_first_counts(sandbox: str) -> None:
    generate(sandbox, "a")
    generate(sandbox, "b")
    assert len(admin(sandbox, "/otps?limit=1&limit=2").body["otps"]) == 1


@pytest.mark.parametrize("all_", ["yes", "1", "TRUE", ""])
def test_reset_of_all_is_asked_for_plainly(sandbox: str, all_: str) -> None:
    assert generate(sandbox).status == 200
    violation = f"query.all {'enum: one of true, false' if all_ else 'missing'}"
    assert admin(sandbox, f"/reset?all={all_}", "POST").body == asked_wrongly(violation)
    assert submit(sandbox).status == 200


def test_an_answer_that_is_not_as_described_is_told_and_counted(
    monkeypatch: pytest.MonkeyPatch, undescribed: list[str]
) -> None:
    shown: dict[str, Any] = {"now": "2026-01-01T00:00:00.000Z", "frozen": "no"}
    monkeypatch.setitem(module.VIEWS, "getClock", lambda *_: shown)
    monkeypatch.setitem(module.VIEWS, "getMessages", lambda *_: Told("text", 299, "text/plain"))
    with running(app_for()) as url:
        wrong = admin(url, "/clock")
        assert (wrong.status, wrong.body) == (200, shown)
        assert wrong.headers["X-Mocksrv-Error"] == "breaks-spec: body.frozen type, body.real missing"
        assert admin(url, "/messages").headers["X-Mocksrv-Error"].startswith("breaks-spec: ")
        assert admin(url, "/health").body["faults"] == {"getClock 200": 1, "getMessages 299": 1}
    assert [told.split()[3] for told in undescribed] == ["getClock", "getMessages"]
    undescribed.clear()


def test_a_fault_of_ours_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.VIEWS, "getClock", lambda *_: 1 / 0)
    detail = "It is in the log; the vendor has nothing to do with it."
    with running(app_for()) as url:
        assert admin(url, "/clock").body == problem(500, "own-fault", "A fault of mocksrv's own", detail)


@pytest.mark.parametrize(
    ("path", "kind", "detail"),
    [
        ("/otps?vendor=cashfre", "no-such-vendor", 'There is no vendor "cashfre"; did you mean "cashfree"?'),
        ("/messages?operation=generateOt", "no-such-operation",
         'There is no operation "generateOt"; did you mean "generateOtp"?'),
        ("/operations?vendor=cashfree/pp", "no-such-vendor",
         'There is no vendor "cashfree/pp"; did you mean "cashfree/ppi"?'),
    ],
)  # fmt: skip
def test_a_filter_by_what_is_not_served_is_refused(sandbox: str, path: str, kind: str, detail: str) -> None:
    title = f"No such {kind.removeprefix('no-such-')}"
    assert admin(sandbox, path).body == problem(422, kind, title, detail)
