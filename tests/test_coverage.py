"""Coverage: which documented answers were met, over HTTP and by the command line."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mocksrv.cli import main
from mocksrv.coverage import merged, percent
from mocksrv.threaded import running
from tests.http import CASHFREE, Answer, app_for, call, catalogue

SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /order:
    post:
      operationId: order
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [what], properties: {what: {type: string}, many: {type: integer}}}
      responses:
        "200": {description: done, content: {application/json: {examples: {ordered: {value: {state: ordered}}}}}}
        "400":
          description: wrong
          content:
            application/json:
              examples:
                bad: {value: {code: bad_order, message: This cannot be ordered}}
                sold: {value: {code: sold_out, message: There is none left}}
  /cancel:
    post:
      operationId: cancel
      responses:
        "200": {description: done, content: {application/json: {examples: {gone: {value: {state: gone}}}}}}
        "400":
          description: wrong
          content: {application/json: {examples: {late: {value: {code: too_late, message: It has been sent}}}}}
        "503": {description: closed}
"""
BANK = """\
openapi: 3.0.3
info: {title: Bank, version: "1"}
paths:
  /pay:
    post:
      operationId: pay
      responses:
        "200": {description: done, content: {application/json: {examples: {paid: {value: {state: paid}}}}}}
        "402":
          description: no
          content: {application/json: {examples: {poor: {value: {code: poor, message: Not enough}}}}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with two specs, and so with two products."""
    (tmp_path / "root/specs/market").mkdir(parents=True)
    (tmp_path / "root/specs/market/shop.yaml").write_text(SPEC)
    (tmp_path / "root/specs/market/bank.yaml").write_text(BANK)
    return tmp_path / "root"


@pytest.fixture
def shop(root: Path) -> Iterator[str]:
    """The URL of a server of one's own: its coverage is nobody else's."""
    with running(app_for(root=root)) as url:
        yield url


def order(url: str, body: Any = None, prefer: str = "") -> Answer:
    return call("POST", f"{url}/order", {"what": "tea"} if body is None else body, headers={"Prefer": prefer})


def report(url: str, query: str = "") -> dict[str, Any]:
    answer = call("GET", f"{url}/__admin/coverage{query}")
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.body
    return told


def times(told: dict[str, Any], operation: str = "order", rows: str = "answers") -> dict[str, int]:
    (found,) = [each for each in told["operations"] if each["operation"] == operation]
    return {each.get("answer") or each["violation"]: each["times"] for each in found[rows]}


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_before_any_call_nothing_was_met(shop: str) -> None:
    told = report(shop)
    assert (told["met"], told["documented"], told["percent"]) == (0, 8, 0.0)
    assert times(told) == {"200 ordered": 0, "400 bad": 0, "400 sold": 0}
    assert [(each["product"], each["error"]) for each in told["errorsNeverMet"]] == [
        ("market/bank", "poor: Not enough"),
        ("market/shop", "bad_order: This cannot be ordered"),
        ("market/shop", "sold_out: There is none left"),
        ("market/shop", "too_late: It has been sent"),
        ("market/shop", "503 empty"),
    ]
    assert told["errorsNeverMet"][0]["answers"] == [{"operation": "pay", "answer": "402 poor"}]


def test_every_documented_answer_is_counted_with_what_was_wrong(shop: str) -> None:
    order(shop)
    order(shop)
    order(shop, {"many": "2"})
    order(shop, {"many": 2})
    told = report(shop)
    assert times(told) == {"200 ordered": 2, "400 bad": 2, "400 sold": 0}
    assert times(told, rows="violations") == {"body.many type": 1, "body.what missing": 2}
    assert (told["met"], told["percent"]) == (2, 25.0)
    assert "bad_order: This cannot be ordered" not in [each["error"] for each in told["errorsNeverMet"]]


def test_an_answer_that_was_forced_was_met(shop: str) -> None:
    order(shop, prefer="example=sold")
    call("POST", f"{shop}/__admin/faults", {"operation": "order", "answer": "400 bad", "fault": "empty"})
    order(shop)
    assert times(report(shop)) == {"200 ordered": 0, "400 bad": 1, "400 sold": 1}


def test_a_gateway_s_answer_stands_beside_those_documented(shop: str) -> None:
    call("POST", f"{shop}/__admin/faults", {"answer": "502 Bad Gateway", "times": 2})
    order(shop)
    order(shop)
    told = report(shop)
    assert (told["met"], times(told, rows="others")) == (0, {"502 Bad Gateway": 2})


def test_it_is_of_all_sandboxes_or_of_one(shop: str) -> None:
    for name in ("a", "a", "b"):
        order(f"{shop}/@{name}")
    assert times(report(shop))["200 ordered"] == 3
    assert times(report(f"{shop}/@b"))["200 ordered"] == 3
    assert times(report(shop, "?sandbox=a"))["200 ordered"] == 2


def test_a_sandbox_that_is_not_there_is_a_404_with_the_nearest(shop: str) -> None:
    order(f"{shop}/@run42")
    answer = call("GET", f"{shop}/__admin/coverage?sandbox=run24")
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-sandbox")
    assert answer.body["detail"].startswith('There is no sandbox "run24"; did you mean "run42"? ')


def test_it_survives_resets_and_ended_sandboxes(shop: str) -> None:
    order(f"{shop}/@a", {})
    call("POST", f"{shop}/@a/__admin/reset")
    assert times(report(shop, "?sandbox=a"))["400 bad"] == 1
    call("DELETE", f"{shop}/__admin/sandboxes/a")
    order(f"{shop}/@a", {"many": 1})
    assert times(report(shop))["400 bad"] == 2
    assert times(report(shop), rows="violations") == {"body.what missing": 2}
    assert times(report(shop, "?sandbox=a"))["400 bad"] == 1


def test_what_clients_get_wrong_is_bounded_and_hides_no_answer(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocksrv.state.contract.MOST_KINDS_MET", 1)
    order(shop, {"many": 1})
    order(shop, {"many": "1"})
    order(shop)
    told = report(shop)
    assert times(told) == {"200 ordered": 1, "400 bad": 2, "400 sold": 0}
    assert times(told, rows="violations") == {"body.what missing": 1}


def test_calls_that_find_no_operation_and_preferences_that_cannot_be_are_no_answers(shop: str) -> None:
    call("POST", f"{shop}/ordr")
    order(shop, prefer="code=418")
    assert report(shop)["met"] == 0


def test_every_answer_of_every_operation_has_its_row(sandbox: str) -> None:
    told = report(sandbox)
    assert {each["operation"] for each in told["operations"]} == set(catalogue().rules)
    for rules in catalogue().rules.values():
        assert list(times(told, rules.name)) == list(dict.fromkeys(map(str, rules.operation.examples)))


def test_an_error_met_in_one_operation_is_not_one_that_no_test_has_met() -> None:
    with running(app_for()) as url:
        error = "rate_limit_exceeded: Rate limit exceeded. Please try again after some time"
        call("POST", f"{url}/ppi/user", {})
        known = [each for each in report(url)["errorsNeverMet"] if each["error"] == error]
        assert [each["product"] for each in known] == ["cashfree/ppi"]
        assert len(known[0]["answers"]) == 4
        assert f"    {error}  (generateOtp, ppiSubmitOtp and 2 more)" in run("--base-url", url).stdout.splitlines()
        call("POST", f"{url}/ppi/user", {}, headers={**CASHFREE, "Prefer": "code=429"})
        assert error not in [each["error"] for each in report(url)["errorsNeverMet"]]


@pytest.mark.parametrize(
    ("met", "documented", "shown"), [(0, 0, 100.0), (0, 3, 0.0), (1, 3, 33.3), (2, 3, 66.6), (9999, 10000, 99.9)]
)
def test_a_share_is_never_overstated(met: int, documented: int, shown: float) -> None:
    assert percent(met, documented) == shown


# --- by the command line ---------------------------------------------------------------------------------------------


def run(*arguments: str | Path, **variables: str) -> Result:
    return CliRunner(env=variables).invoke(main, ["coverage", *map(str, arguments)])


def refused(ended: Result) -> str:
    """Assert that it said nothing but why it can do nothing, and give that."""
    assert (ended.exit_code, ended.stdout) == (2, "")
    return ended.stderr


def test_the_text_says_the_sum_what_was_never_met_and_what_was_wrong(shop: str) -> None:
    call("POST", f"{shop}/__admin/faults", {"answer": "502 Bad Gateway"})
    for body in (None, None, None, {"many": "2"}, {"many": "3"}):
        order(shop, body)
    ended = run("--base-url", shop)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert (
        ended.stdout
        == """\
2 of 8 documented answers met, 25.0 %
1 of 3 operations called, 5 times; of theirs 2 of 3 answers met, 66.6 %

order (market/shop): 2 of 3 answers met
        2  200 ordered
        2  400 bad      bad_order: This cannot be ordered
    never  400 sold     sold_out: There is none left
        1  502 Bad Gateway  (not in the spec)

never called: 2 of 3 operations
  pay       2 answers  (market/bank)
  cancel    3 answers  (market/shop)

error codes that no test has met: 4 of 5
  market/bank: all 1; it was never called
  market/shop: 3
    sold_out: There is none left  (order)
    too_late: It has been sent  (cancel)
    503 empty  (cancel)

what your client got wrong: 2
        2  order  body.many type
        2  order  body.what missing
"""
    )


def test_before_any_call_the_text_says_so(shop: str) -> None:
    lines = run("--base-url", shop).stdout.splitlines()
    assert lines[:3] == ["0 of 8 documented answers met, 0.0 %", "", "never called: 3 of 3 operations"]
    assert lines[-1] == "  market/shop: all 4; it was never called"


def test_when_all_was_met_the_text_has_no_more_to_say(tmp_path: Path) -> None:
    (tmp_path / "specs/market").mkdir(parents=True)
    (tmp_path / "specs/market/bank.yaml").write_text(BANK)
    with running(app_for(root=tmp_path)) as url:
        for prefer in ("", "code=402"):
            call("POST", f"{url}/pay", headers={"Prefer": prefer})
        ended = run("--base-url", url, "--fail-under", "100")
    assert (ended.exit_code, ended.stdout.splitlines()) == (
        0,
        [
            "2 of 2 documented answers met, 100.0 %",
            "1 of 1 operations called, 2 times; of theirs 2 of 2 answers met, 100.0 %",
            "",
            "pay (market/bank): 2 of 2 answers met",
            "        1  200 paid",
            "        1  402 poor  poor: Not enough",
        ],
    )


def test_the_json_is_the_report_of_the_server(shop: str) -> None:
    order(shop)
    ended = run("--base-url", f"{shop}/", "--format", "json")
    assert json.loads(ended.stdout) == report(shop)


def test_one_sandbox_can_be_asked_for(shop: str) -> None:
    order(f"{shop}/@a")
    order(f"{shop}/@b")
    told = json.loads(run("--base-url", shop, "--sandbox", "a", "--format", "json").stdout)
    assert times(told)["200 ordered"] == 1
    said = refused(run("--base-url", shop, "--sandbox", "c"))
    assert said.startswith(f"mocksrv: GET {shop}/__admin/coverage was refused with 404: No such sandbox. ")


def test_the_reports_of_several_servers_are_one(shop: str, root: Path, tmp_path: Path) -> None:
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    order(shop)
    order(shop, {})
    files[0].write_text(run("--base-url", shop, "--format", "json").stdout)
    with running(app_for(root=root)) as other:
        order(other, {})
        call("POST", f"{other}/cancel")
        files[1].write_text(run("--base-url", other, "--format", "json").stdout)
        told = json.loads(run(*files, "--format", "json").stdout)
        assert times(told) == {"200 ordered": 1, "400 bad": 2, "400 sold": 0}
        assert times(told, "cancel") == {"200 gone": 1, "400 late": 0, "503 empty": 0}
        assert times(told, rows="violations") == {"body.what missing": 2}
        assert (told["met"], told["documented"], told["percent"]) == (3, 8, 37.5)
        assert len(told["errorsNeverMet"]) == 4
        again = json.loads(run(files[0], "--base-url", other, "--format", "json").stdout)
        assert again == told


def test_a_report_of_other_operations_adds_them(shop: str) -> None:
    one = report(shop)
    more = {"answer": "200 made", "says": "", "error": False, "times": 3}
    other = {"operations": [{"operation": "bake", "product": "b/c", "answers": [more], "others": [], "violations": []}]}
    told = merged([one, other])
    assert (told["met"], told["documented"]) == (1, 9)


@pytest.mark.parametrize(("least", "code"), [("0", 0), ("25", 0), ("25.0", 0), ("25.01", 1), ("33", 1), ("100", 1)])
def test_less_than_what_is_asked_for_is_exit_1_after_the_report(shop: str, least: str, code: int) -> None:
    order(shop)
    order(shop, {})
    ended = run("--base-url", shop, "--fail-under", least)
    assert (ended.exit_code, ended.stdout.startswith("2 of 8 documented")) == (code, True)
    assert ended.stderr == (f"mocksrv: 25.0 % is less than the {float(least):g} % of --fail-under\n" if code else "")


def test_a_server_with_a_token_is_asked_with_it(root: Path) -> None:
    token = f"{root.name}-token"
    with running(app_for(root=root, admin_token=token)) as url:
        assert run("--base-url", url, MOCKSRV_ADMIN_TOKEN=token).exit_code == 0
        assert "refused with 401" in refused(run("--base-url", url))


def test_a_server_that_does_not_answer_is_exit_2_and_a_sentence() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        said = refused(run("--base-url", url))
    assert said.startswith(f"mocksrv: no mocksrv answers at {url} (")
    assert said.endswith("); is it running?\n")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"{", 'is no JSON; write it with "mocksrv coverage --format json"'),
        (b"\xff", 'is no JSON; write it with "mocksrv coverage --format json"'),
        (b"[" * 100_000, 'is no JSON; write it with "mocksrv coverage --format json"'),
    ],
    ids=["missing", "not JSON", "not UTF-8", "too deep"],
)
def test_a_file_that_cannot_be_read_is_exit_2_and_a_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "report.json"
    if content is not None:
        file.write_bytes(content)
    assert refused(run(file)) == f"mocksrv: {file} {sentence}\n"


ROW = {"operation": "order", "product": "a/b", "answers": [], "others": [], "violations": []}


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        "report",
        {},
        {"operations": None},
        {"operations": ["order"]},
        {"operations": [{**ROW, "answers": None}]},
        {"operations": [{**ROW, "answers": [{"answer": "200 ok", "times": 1}]}]},
        {"operations": [{**ROW, "answers": [{"answer": "200 ok", "says": "", "error": False, "times": "x"}]}]},
        {"operations": [{"operation": "order", "answers": [], "others": [], "violations": []}]},
    ],
    ids=str,
)
def test_what_is_no_report_is_exit_2_and_names_the_file(tmp_path: Path, document: Any) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps(document))
    said = f'mocksrv: {file}: this is no coverage report; write one with "mocksrv coverage --format json"\n'
    assert refused(run(file)) == said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("x.json", "--sandbox", "a"), "--sandbox is for a server: name it with --base-url, or leave out the FILEs"),
        (("--fail-under", "101"), "101.0 is not in the range 0<=x<=100"),
        (("--fail-under", "most"), "'most' is not a valid float"),
        (("--format", "xml"), "'xml' is not one of 'text', 'json'"),
        (("--sandbx", "a"), "No such option"),
    ],
    ids=str,
)
def test_a_wrong_option_is_exit_2_and_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused(run(*arguments))


def test_the_url_of_a_sandbox_asks_for_what_that_one_met() -> None:
    with running(app_for()) as url:
        for name in ("one", "other"):
            call("POST", f"{url}/@{name}/ppi/otp/generate", {})
        told = [json.loads(run("--base-url", base, "--format", "json").output) for base in (url, f"{url}/@one")]
    answers = [[answer for row in each["operations"] for answer in row["answers"]] for each in told]
    assert [sum(answer["times"] for answer in each) for each in answers] == [2, 1]


def test_it_is_told_of_one_vendor_and_of_none_that_there_is_not() -> None:
    with running(app_for()) as url:
        call("POST", f"{url}/ppi/otp/generate", {})
        one = json.loads(run("--base-url", url, "--vendor", "cashfree", "--format", "json").output)
        none = run("--base-url", url, "--vendor", "cashfre")
    assert {each["product"] for each in one["operations"]} == {"cashfree/ppi", "cashfree/verification"}
    assert (one["met"], none.exit_code) == (1, 2)
    assert 'there is no vendor "cashfre"' in none.output
