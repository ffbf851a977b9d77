"""Other people's specs: ``--root`` with a folder of one's own, with fixtures, with some, or with none."""

from __future__ import annotations

import shutil
from pathlib import Path
from textwrap import dedent

import pytest

from mocksrv.conversation import hold, read_conversation
from mocksrv.errors import LoadError
from mocksrv.threaded import running
from mocksrv.vendor import load_catalogue
from tests.http import CASHFREE, app_for, call, parsed

TESTS = Path(__file__).parent
BUILTIN = TESTS.parent


def write(root: Path, file: str, text: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))


def problems_of(root: Path) -> list[str]:
    with pytest.raises(LoadError) as raised:
        load_catalogue(root)
    return [str(problem) for problem in raised.value.problems]


# --- the vendor's own file -----------------------------------------------------------------------------------------


@pytest.fixture
def vendors_file(tmp_path: Path) -> Path:
    """A look-alike of what the vendor publishes, which knows one operation, with our additions and fixtures."""
    shutil.copytree(TESTS / "documents/cashfree-ppi", tmp_path, dirs_exist_ok=True)
    for file in (
        "specs/cashfree/ppi.ours.yaml",
        "fixtures/cashfree/ppi/product.yaml",
        "fixtures/cashfree/ppi/generate_otp.yaml",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(BUILTIN / file, tmp_path / file)
    return tmp_path


@pytest.mark.parametrize("talk", ["cashfree_ppi_generate", "cashfree_ppi_bad_requests"])
def test_the_vendors_own_file_is_served_with_our_additions(vendors_file: Path, talk: str) -> None:
    conversation = read_conversation(TESTS / f"conversations/{talk}.yaml", TESTS)
    with running(app_for(root=vendors_file)) as url:
        assert len(list(hold(conversation, url))) == len(conversation.steps)


def test_what_we_add_to_operations_that_the_vendors_file_lacks_is_left_out_and_told(vendors_file: Path) -> None:
    catalogue = load_catalogue(vendors_file)
    assert list(catalogue.rules) == ["generateOtp"]
    assert [note.partition(": ")[2] for note in catalogue.notes] == [
        "left out, specs/cashfree/ppi.yaml has no post /ppi/otp/submit",
        "left out, specs/cashfree/ppi.yaml has no post /ppi/user",
        "left out, specs/cashfree/ppi.yaml has no post /ppi/kyc/min",
    ]


def test_the_vendors_file_alone_is_served_too(tmp_path: Path) -> None:
    shutil.copytree(TESTS / "documents/cashfree-ppi", tmp_path, dirs_exist_ok=True)
    client = app_for(root=tmp_path).test_client()
    body = {"otp_verification_id": "A", "user_id": "ANYBODY", "notification_modes": ["SMS"]}
    assert parsed(client.post("/ppi/otp/generate", json=body).data) == {
        "otp_verification_id": "Test123",
        "cf_otp_verification_id": "8901234567890123456",
        "status": "OTP_GENERATED",
        "user_id": "USER827364",
        "notification_modes": ["SMS", "WHATSAPP"],
    }
    assert client.post("/ppi/otp/generate", json={}, headers=CASHFREE).status_code == 400


def test_what_we_add_may_not_replace_what_the_vendor_says(vendors_file: Path) -> None:
    write(vendors_file, "specs/cashfree/ppi.ours.yaml", """
        info:
          version: 2.0.0
    """)  # fmt: skip
    assert [problem.partition("; ")[2] for problem in problems_of(vendors_file)] == ["ours adds, it never replaces"]


# --- a spec without a fixture --------------------------------------------------------------------------------------

PETS = """
    openapi: VERSION
    info: {title: Pets, version: '1'}
    servers: [{url: https://pets.example/v1}]
    paths:
      /pets/{pet}:
        put:
          operationId: putPet
          parameters:
            - {name: pet, in: path, required: true, schema: {type: string, pattern: '^[a-z]+$'}}
            - {name: loud, in: query, schema: {type: boolean}}
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [name]
                  properties: {name: NAME, legs: {type: integer, maximum: 8}}
          responses:
            '202':
              description: Fine
              content: {application/json: {examples: {ok: {value: {stored: true}}}}}
            REFUSAL
"""
REFUSAL = "'422': {description: No, content: {application/json: {examples: {no: {value: {error: wrong}}}}}}"


def pets(root: Path, *, version: str = "3.0.3", name: str = "{type: string}", refusal: str = REFUSAL) -> Path:
    text = PETS.replace("VERSION", version).replace("NAME", name).replace("REFUSAL", refusal)
    write(root, "specs/zoo/pets.yaml", text)
    return root


def test_a_spec_without_a_fixture_answers_with_its_first_success(tmp_path: Path) -> None:
    client = app_for(root=pets(tmp_path)).test_client()
    answer = client.put("/v1/pets/rex?loud=true", json={"name": "Rex", "legs": 4})
    assert (answer.status_code, answer.json) == (202, {"stored": True})
    assert answer.headers["X-Mocksrv-Why"] == "accepted -> 202 ok (specs/zoo/pets.yaml:23)"


@pytest.mark.parametrize(
    ("path", "body", "violation"),
    [
        ("/v1/pets/rex", {}, "body.name missing"),
        ("/v1/pets/rex", {"name": 1}, "body.name type"),
        ("/v1/pets/rex", {"name": "Rex", "legs": 9}, "body.legs maximum"),
        ("/v1/pets/REX", {"name": "Rex"}, "path.pet pattern"),
        ("/v1/pets/rex?loud=maybe", {"name": "Rex"}, "query.loud type"),
    ],
)
def test_and_to_violations_with_its_first_refusal(
    tmp_path: Path, path: str, body: dict[str, object], violation: str
) -> None:
    answer = app_for(root=pets(tmp_path)).test_client().put(path, json=body)
    assert (answer.status_code, answer.json) == (422, {"error": "wrong"})
    assert answer.headers["X-Mocksrv-Why"] == f"violated {violation} -> 422 no (no fixture speaks of it)"


def test_or_with_a_problem_of_ours_where_it_names_none(tmp_path: Path) -> None:
    answer = app_for(root=pets(tmp_path, refusal="")).test_client().put("/v1/pets/rex", json={"legs": 4})
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.headers["X-Mocksrv-Error"] == "contract"
    assert answer.json == {
        "type": "urn:mocksrv:contract",
        "title": "The request breaks the contract",
        "status": 400,
        "detail": "violated body.name missing -> a problem of ours (no fixture speaks of it)",
    }


def test_openapi_3_1_is_read_as_such(tmp_path: Path) -> None:
    root = pets(tmp_path, version="3.1.0", name="{type: [string, 'null'], not: {const: Cat}}")
    client = app_for(root=root).test_client()
    statuses = [client.put("/v1/pets/rex", json={"name": name}).status_code for name in ("Rex", None, "Cat", 1)]
    assert statuses == [202, 202, 422, 422]


def test_another_version_is_none_that_can_be_read(tmp_path: Path) -> None:
    assert problems_of(pets(tmp_path, version="'2.0'")) == [
        'specs/zoo/pets.yaml:2:1: openapi is "2.0"; mocksrv reads 3.0 and 3.1'
    ]


def test_a_folder_without_specs_is_none_to_serve(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == [f"specs:1:1: there is no spec below {tmp_path / 'specs'}"]


# --- two specs in each other's way ---------------------------------------------------------------------------------


def ping(root: Path, vendor: str, name: str, path: str = "/ping") -> None:
    write(root, f"specs/{vendor}/api.yaml", f"""\
        openapi: 3.0.3
        info: {{title: {vendor}, version: '1'}}
        paths:
          {path}:
            get:
              operationId: {name}
              responses:
                '200': {{description: Fine, content: {{text/plain: {{examples: {{pong: {{value: {vendor}}}}}}}}}}}
    """)  # fmt: skip


def test_two_specs_that_claim_one_path_are_an_error_that_names_both_and_the_way_out(tmp_path: Path) -> None:
    ping(tmp_path, "acme", "acmePing")
    ping(tmp_path, "zeta", "zetaPing")
    assert problems_of(tmp_path) == [
        "specs/zeta/api.yaml:5:5: GET /ping is claimed by specs/acme/api.yaml too; part them with `mount: /prefix` "
        "in fixtures/zeta/api/product.yaml or fixtures/acme/api/product.yaml"
    ]


def test_two_templates_of_one_form_are_one_path(tmp_path: Path) -> None:
    ping(tmp_path, "acme", "acmePing", "/users/{id}")
    ping(tmp_path, "zeta", "zetaPing", "/users/{user_id}")
    (problem,) = problems_of(tmp_path)
    assert "GET /users/{user_id} is claimed by specs/acme/api.yaml too" in problem


def test_mounted_apart_both_are_served(tmp_path: Path) -> None:
    ping(tmp_path, "acme", "acmePing")
    ping(tmp_path, "zeta", "zetaPing")
    write(tmp_path, "fixtures/zeta/api/product.yaml", "mount: /zeta\n")
    with running(app_for(root=tmp_path)) as url:
        assert call("GET", f"{url}/ping").body == "acme"
        assert call("GET", f"{url}/zeta/ping").body == "zeta"


def test_two_operations_of_one_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    ping(tmp_path, "acme", "ping")
    ping(tmp_path, "zeta", "ping", "/zeta/ping")
    assert problems_of(tmp_path) == [
        'specs/zeta/api.yaml:5:5: operation "ping" stands in specs/acme/api.yaml already; operation names are unique'
    ]
