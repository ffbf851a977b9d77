"""``mocksrv play``, as a real process: at a mocksrv, and at what stands for a vendor's real sandbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mocksrv.conversation.notation import FORMS
from mocksrv.conversation.reading import CLOCK, FILE, SANDBOX
from mocksrv.conversation.steps import WORDS
from mocksrv.threaded import running
from tests.http import app_for, call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOT = Path(__file__).parents[1]
OURS = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSRV_")} | {"NO_PROXY": "*"}

ADMIN = "t"


def play(*arguments: str | Path, said: str = "", **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command; nothing of it is a traceback."""
    command = [sys.executable, "-m", "mocksrv", "play", *map(str, arguments)]
    ended = subprocess.run(command, env={**OURS, **variables}, input=said, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return tmp_path / "talk.yaml"


def states(out: str) -> list[str]:
    """What became of each step, in order."""
    return re.findall(r"^  (ok|FAIL|skip) ", out, re.MULTILINE)


def lines(out: str) -> list[str]:
    return [" ".join(line.split()) for line in out.splitlines()]


# --- at a mocksrv --------------------------------------------------------------------------------------------------


def test_without_a_url_it_plays_at_a_server_of_its_own_each_file_in_a_fresh_sandbox() -> None:
    files = [ROOT / f"tests/conversations/{name}.yaml" for name in ("cashfree_ppi_submit", "capillary_v2_again")]
    code, out, err = play(files[0], files[1], files[0])
    assert (code, err) == (0, "")
    assert set(states(out)) == {"ok"}
    assert out.splitlines()[-1] == f"conversations: 3 passed; steps: {len(states(out))} ok"
    names = re.findall(r" at http://127\.0\.0\.1:\d+/@(play-[a-z0-9_]+-[0-9a-f]{8})$", out, re.MULTILINE)
    assert len(set(names)) == 3
    assert f"  ok    the right one is right\n{'':2}ok    but only once\n" in out


WHOLE = """\
about: everything that a step can say
as: TEST_CLIENT_ID
headers: {x-request-id: r-1}
sandbox: {otp: random, quotas: "off", seed: 7}
steps:
  - say: a user of our own
    ask: POST /ppi/user
    send: {user_id: $unique_user, phone: $unique_digits_phone}
    expect: 200
    body: {user_id: $unique_user, phone: $unique_digits_phone, status: ACTIVE, cf_user_id: '~ \\d{18}'}
    remember: {cf: cf_user_id}
  - ask: POST /ppi/otp/generate
    send: {otp_verification_id: "$unique_id.${unique_uuid}", user_id: $unique_user, notification_modes: [SMS]}
    expect: 200
  - {otp: first, to: $unique_digits_phone}
  - ask: POST /ppi/otp/generate
    send: {otp_verification_id: $unique_other, user_id: $unique_user, notification_modes: [SMS]}
    expect: 200
  - {otp: second, to: $unique_digits_phone, within: 5s}
  - {say: minutes go by, clock: {action: advance, by: 9m}}
  - arm: {operation: ppiSubmitOtp, answer: 502 Bad Gateway, times: 1}
  - ask: POST /ppi/otp/submit
    send: {otp_verification_id: $unique_other, otp: $second}
    expect: 502
    headers: {Content-Type: text/html, x-nothing: null}
    body: '~ (?s)<html>.*502 Bad Gateway.*'
  - ask: POST /ppi/otp/submit
    send: {otp_verification_id: $unique_other, otp: $first}
    expect: 200
    headers: {X-Mocksrv-Why: ~ wrong otp -> 200 FAILED .*}
  - ask: POST /ppi/otp/submit
    send: {otp_verification_id: $unique_other, otp: $second}
    expect: 200
    body:
      {otp_verification_id: $unique_other, cf_otp_verification_id: '~ \\d+', status: VERIFIED, user_id: $unique_user}
  - start: outage
  - ask: GET /__admin/faults
    with: {x-cf: $cf}
    expect: 200
    remember: {slow: "faults[1].order.delay"}
  - stop: outage
  - arm: {fault: close}
  - ask: POST /ppi/otp/submit
    send: {otp_verification_id: $unique_other, otp: $second}
    expect: no answer
  - say: signed in a header, by a client of its own, with a time of now
    ask: POST /verification/mobile360/otp/send
    as: TEST_CLIENT_2FA
    sign: true
    send: &send
      verification_id: $unique_v
      mobile_number: "9876543210"
      notification_modes: [SMS]
      user_consent: {timestamp: $now, purpose: User consent to fetch data., obtained: true, type: EXPLICIT}
    expect: 200
    body:
      verification_id: $unique_v
      mobile_number: "9876543210"
      status: OTP_GENERATED
      reference_id: '~# \\d{7}'
      notification_modes: [SMS]
    headers: {x-request-id: r-1}
  - say: not signed
    ask: POST /verification/mobile360/otp/send
    as: TEST_CLIENT_2FA
    send: *send
    expect: 403
  - {otp: code, to: "9876543210"}
  - say: a code as a number
    ask: POST /verification/mobile360/otp/verify
    as: TEST_CLIENT_2FA
    sign: true
    send: {verification_id: $unique_v, otp: "${code|number}"}
    expect: 200
  - say: nobody's credentials
    ask: POST /ppi/otp/submit
    as: null
    raw: '{"otp": "$code", "cost": "$$code"}'
    with: {Content-Type: application/json}
    expect: 400
    body: {code: x-client-id_missing, type: validation_error, message: x-client-id is missing in the request}
  - ask: POST /auth/v1/token/generate
    send: {identifierType: MOBILE, identifierValue: "919999999993", deviceId: d1, brand: SealedApp}
    expect: 200
    remember: {session: user.sessionId}
  - say: signed in the body
    ask: POST /auth/v1/otp/generate
    sign: true
    send:
      identifierType: MOBILE
      identifierValue: "919999999993"
      deviceId: d1
      brand: SealedApp
      sessionId: $session
      timeStamp: "${now-1m|milliseconds}"
    expect: 200
    body: {status: {success: true, code: 200, message: SUCCESS}}
  - ask: POST /v2/otp/generate
    as: test_user
    send: {entityType: EMAIL, entityValue: &a t+1@example.com, action: POINTS, channels: [{type: EMAIL, value: *a}]}
    expect: 200
  - {otp: mailed, to: *a}
  - ask: GET /__admin/otps?to=t%2B1@example.com
    expect: 200
    remember: {whom: otps.0.to}
  - say: what is filled into a query is encoded
    ask: GET /v2/otp?identifierName=email&identifierValue=$whom&scope=POINTS
    as: test_user
    expect: 200
    body: {orgId: 966, userId: '~# \\d{9}', code: $mailed, validUpto: $now+10m, warnings: []}
"""


def test_everything_that_a_step_can_say(url: str, talk: Path) -> None:
    talk.write_text(WHOLE)
    code, out, err = play(talk, "--base-url", url)
    assert (code, err, set(states(out))) == (0, "", {"ok"}), out
    assert "  ok    otp first to $unique_digits_phone\n" in out
    assert "  ok    minutes go by\n  ok    arm: operation ppiSubmitOtp, answer 502 Bad Gateway, times 1\n" in out
    name = out.splitlines()[0].rpartition("/@")[2]
    known = [each["name"] for each in call("GET", f"{url}/__admin/sandboxes").body["sandboxes"]]
    assert name.startswith("play-talk-")
    assert name not in known


UNIQUE = """\
as: TEST_CLIENT_ID
sandbox: {quotas: "off"}
steps:
  - {ask: POST /ppi/user, send: {user_id: $unique, phone: $unique_digits}, expect: 200}
  - {ask: POST /ppi/user, send: {user_id: $unique, phone: $unique_digits}, expect: 409}
"""


def test_what_is_unique_is_so_in_every_play_and_the_same_within_one(sandbox: str, talk: Path) -> None:
    talk.write_text(UNIQUE)
    for _ in range(2):  # in one sandbox, where nothing can be made twice
        code, out, _ = play(talk, "--base-url", sandbox)
        assert code == 0, out
        assert lines(out)[:2] == [
            f"{talk} at {sandbox}",
            "note: this sandbox has its own choices, not those of the file (quotas off)",
        ]
    entries = call("GET", f"{sandbox}/__admin/requests").body["requests"]
    users = {json.loads(each["request"]["body"])["user_id"] for each in entries}
    phones = {json.loads(each["request"]["body"])["phone"] for each in entries}
    assert len(users) == len(phones) == 2
    assert all(re.fullmatch("[a-z][a-z0-9]{9}", user) for user in users)
    assert all(re.fullmatch("9[0-9]{9}", phone) for phone in phones)


WRONG = """\
as: TEST_CLIENT_ID
steps:
  - say: the user is known
    ask: POST /ppi/otp/generate
    send: {otp_verification_id: Play1, user_id: USER827364, notification_modes: [SMS]}
    expect: 200
  - say: it is verified
    ask: POST /ppi/otp/submit
    send: {otp_verification_id: Play1, otp: "999999"}
    expect: 201
    headers: {Content-Type: text/plain}
    body: {status: VERIFIED, user_id: $now, otp_verification_id: ~ play.*, modes: [a], more: 5}
  - ask: GET /never
    expect: 200
"""


def test_another_answer_is_shown_place_by_place_with_the_servers_reason(url: str, talk: Path, tmp_path: Path) -> None:
    talk.write_text(WRONG)
    other = tmp_path / "other.yaml"
    other.write_text("steps: [{ask: GET /__admin/health, expect: 200}]")
    code, out, err = play(talk, other, "--base-url", url)
    assert (code, err, states(out)) == (1, "", ["ok", "FAIL", "ok"])
    shown = lines(out)
    first = shown.index("FAIL it is verified")
    assert shown[first + 1] == f"{talk}:7:5 POST /ppi/otp/submit"
    assert shown[first + 2 : first + 9] == [
        "status expected 201, came 200",
        'header.Content-Type expected "text/plain", came "application/json"',
        'body.status expected "VERIFIED", came "FAILED"',
        shown[first + 5],
        'body.otp_verification_id expected a text like play.*, came "Play1"',
        'body.modes expected ["a"], came nothing',
        "body.more expected 5, came nothing",
    ]
    assert re.fullmatch('body.user_id expected a time about 20.{17}Z, came "USER827364"', shown[first + 5])
    assert any(
        line.startswith("because wrong otp -> 200 FAILED (fixtures/cashfree/ppi/submit_otp.yaml:") for line in shown
    )
    assert "looked at otp Play1: there" in shown
    assert "not played: 1 more step" in shown
    assert shown[-1] == "conversations: 1 passed, 1 failed; steps: 2 ok, 1 failed, 1 not played"
    kept = re.search(r"@play-talk-\w+", out)
    assert kept
    assert len(call("GET", f"{url}/{kept[0]}/__admin/requests").body["requests"]) == 2


FAILURES = [
    ("otp: a\n    within: 10ms", "no new live code came within 10ms; none was sent at all"),
    ("otp: a\n    to: '9876543210'\n    within: 10ms", "no new live code for 9876543210 came within 10ms; none was"),
    ("clock: {action: set, to: soon}", "PUT URL/__admin/clock was refused with 422"),
    ("arm: {answer: 599 Never}", 'was refused with 422: This cannot be armed. no operation has an answer "599 Never"'),
    ("arm: {fault: cloes}", 'did you mean "close"?'),
    ("start: outtage", 'There is no scenario "outtage"; did you mean "outage"?'),
    ("ask: POST /ppi/user\n    as: TEST_CLIENT\n    expect: 200",
     'cashfree/ppi has no client "TEST_CLIENT"; did you mean "TEST_CLIENT_ID"?'),
    ("ask: POST /nix\n    as: TEST_CLIENT\n    expect: 200", 'there is no client "TEST_CLIENT"; did you mean'),
    ("ask: POST /nix\n    sign: true\n    expect: 200", "nothing is signed here: POST /nix is no operation"),
    ("ask: POST /ppi/user\n    sign: true\n    expect: 200", 'There is no signed operation "ppiCreateUser"'),
    ("ask: GET /__admin/health\n    expect: 200\n    remember: {a: body.a}",
     'body.body.a expected "something to remember as $a", came nothing'),
    ("ask: GET /__admin/health\n    with: {a: \"b\\nc\"}\n    expect: 200", "it cannot be sent: Illegal header value"),
    ("ask: GET /__admin/health\n    expect: no answer", 'status expected "no answer", came 200'),
]  # fmt: skip


def test_every_step_that_goes_wrong_says_why(url: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yaml" for number in range(len(FAILURES))]
    for file, (step, _) in zip(files, FAILURES, strict=True):
        file.write_text(f"steps:\n  - {step}\n")
    code, out, _ = play(*files, "--base-url", url)
    assert (code, states(out)) == (1, ["FAIL"] * len(files))
    shown = re.sub(r"http\S+/@[\w-]+", "URL", out)
    told = [" ".join(each.split()) for each in re.split("^/", shown, flags=re.MULTILINE)[1:]]
    for each, (_, why) in zip(told, FAILURES, strict=True):
        assert why in each


def test_a_connection_that_breaks_is_a_failure_where_it_is_not_expected(url: str, talk: Path) -> None:
    talk.write_text("steps:\n  - arm: {fault: truncate}\n  - ask: POST /ppi/user\n    expect: 400\n")
    code, out, _ = play(talk, "--base-url", url)
    assert (code, states(out)) == (1, ["ok", "FAIL"])
    assert "the connection ended: " in out


def test_a_value_that_does_not_fit_where_it_is_named_is_a_failure(url: str, talk: Path) -> None:
    talk.write_text(
        "steps:\n"
        "  - {ask: GET /__admin/health, expect: 200, remember: {v: version}}\n"
        "  - {ask: POST /ppi/user, send: '${v|number}', expect: 400, body: '~ [a-$v]'}\n"
    )
    code, out, _ = play(talk, "--base-url", url)
    assert (code, states(out)) == (1, ["ok", "FAIL"])
    assert "this cannot be asked or expected: bad character range a-0 at position 1" in out


# --- at a real sandbox ---------------------------------------------------------------------------------------------


def vendor(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What a vendor might serve: it sends the code 4321, and knows one client."""
    body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
    status, answer = "200 OK", dict[str, Any]()
    if environ["PATH_INFO"].startswith("/__admin"):
        status = "404 Not Found"
    elif environ.get("HTTP_X_KEY") != "s3cret":
        status = "401 Unauthorized"
    elif environ["PATH_INFO"] == "/send":
        answer = {"id": body["id"], "sent": datetime.now(UTC).isoformat(), "token": "t-1"}
    elif environ["PATH_INFO"] == "/verify":
        answer = {"ok": (body["otp"], body["token"]) == ("4321", "t-1")}
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    with running(vendor) as url:
        yield url


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    file = tmp_path / "credentials.yaml"
    file.write_text("SHOP: {x-key: s3cret}\n")
    return file


REAL = """\
as: SHOP
steps:
  - ask: POST /send
    send: {id: $unique}
    expect: 200
    body: {id: $unique, sent: $now, token: ~ t-.}
    remember: {token: token}
  - say: the code
    otp: code
    to: "9876543210"
  - say: verified
    ask: POST /verify
    send: {otp: $code, token: $token}
    expect: 200
    body: {ok: true}
  - arm: {answer: 502 Bad Gateway, times: 2}
  - {ask: POST /send, send: {id: a}, expect: 502}
  - {ask: POST /send, send: {id: a}, expect: 502}
  - {ask: POST /send, send: {id: a}, expect: 200}
  - {ask: POST /send, sign: true, expect: 200}
  - {ask: POST /send, expect: no answer}
  - {ask: GET /__admin/otps/latest, expect: 200, remember: {known: code}}
  - {ask: POST /verify, send: {otp: $known, token: $token}, expect: 200}
  - clock: {action: advance, by: 11m}
  - {say: expired, ask: POST /verify, send: {otp: "4321", token: $token}, expect: 200, body: {ok: false}}
  - {say: still wrong, ask: POST /verify, send: {otp: "1", token: $token}, expect: 200, body: {ok: false}}
"""


def test_what_needs_a_mocksrv_is_skipped_at_a_real_sandbox_and_said_so(
    real: str, talk: Path, credentials: Path
) -> None:
    talk.write_text(REAL)
    code, out, err = play(talk, "--base-url", real, "--vendor-credentials", credentials)
    assert (code, err) == (0, "")
    shown = lines(out)
    assert shown[0] == f"{talk} at {real}, a real sandbox"
    assert shown[1:11] == [
        "ok POST /send",
        "skip the code (only a mocksrv shows the code; give it with --otp code=CODE or --prompt)",
        "skip verified (no step has given $code)",
        "skip arm: answer 502 Bad Gateway, times 2 (only a mocksrv can do that)",
        f"skip POST /send (its answer was to be armed ({talk}:16:5))",
        f"skip POST /send (its answer was to be armed ({talk}:16:5))",
        "ok POST /send",
        "skip POST /send (only a mocksrv signs for its clients)",
        "skip POST /send (only a mocksrv is asked to break the connection)",
        "skip GET /__admin/otps/latest (only a mocksrv can do that)",
    ]
    assert shown[11] == "skip POST /verify (no step has given $known)"
    assert f'skip expired (another answer came, but "clock: advance 11m" was skipped ({talk}:24:5))' in shown
    assert "body.ok expected false, came true" in shown
    assert shown[-2:] == ["ok still wrong", "conversations: 1 passed; steps: 3 ok, 11 skipped"]


def test_a_person_gives_the_code_of_a_real_sandbox(real: str, talk: Path, credentials: Path) -> None:
    talk.write_text(REAL)
    where = (talk, "--base-url", real, "--vendor-credentials", credentials)
    code, out, _ = play(*where, "--otp", "code=4321", "--otp", "known=1")
    assert code == 0
    assert "  ok    the code (as it was given)\n  ok    verified\n" in out
    assert "(no step has given" not in out
    code, out, err = play(*where, "--prompt", said="4321\n")
    assert (code, err.strip()) == (0, "the code:")
    assert "  ok    the code (as a person said)\n  ok    verified\n" in out
    code, out, _ = play(*where, "--prompt", said="1\n")
    assert code == 1
    assert "        body.ok  expected true, came false\n" in out


def test_a_mocksrv_can_be_played_at_as_if_it_were_real(url: str, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("TEST_CLIENT_ID: {x-client-id: TEST_CLIENT_ID, x-client-secret: wrong}\n")
    talk.write_text("as: TEST_CLIENT_ID\nsteps:\n  - otp: a\n  - {ask: POST /ppi/user, expect: 401}\n")
    code, out, _ = play(talk, "--base-url", url, "--real", "--vendor-credentials", tmp_path / "known.yaml")
    assert (code, states(out)) == (0, ["skip", "ok"]), out


# --- what cannot be used -------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_exit_2_and_a_sentence(real: str, talk: Path, tmp_path: Path, credentials: Path) -> None:
    talk.write_text("steps: [{ask: GET /x, as: SHPO, expect: 200}]")
    bad = tmp_path / "bad.yaml"
    bad.write_text("steps: [{aks: 1}]\nbout: a\n")
    said = [
        ((bad, tmp_path / "none.yaml"), f'{bad}:2:1: unknown key "bout"; did you mean "about"?'),
        ((bad, tmp_path / "none.yaml"), f"{tmp_path}/none.yaml:1:1: cannot be read: No such file or directory"),
        ((talk, "--base-url", real), f'{talk}:1:9: the headers of "SHPO" are not known; name them with --vendor-cred'),
        ((talk, "--base-url", real, "--vendor-credentials", credentials),
         f'{talk}:1:9: the headers of "SHPO" are not known; did you mean "SHOP"?'),
        ((talk, "--vendor-credentials", tmp_path / "none.yaml"), f"{tmp_path}/none.yaml:1:1: cannot be read: No such"),
        ((talk, "--vendor-credentials", bad), f'{bad}:1:8: "steps" has headers, like {{x-api-key: ...}}'),
        ((talk, "--real"), "mocksrv: --real: say where it is, with --base-url"),
        ((talk, "--otp", "4321"), 'mocksrv: --otp: "4321" gives no value to a name; write it like code=123456'),
        ((talk, "--base-url", "http://127.0.0.1:1"), "mocksrv: --base-url: nothing answers at http://127.0.0.1:1 ("),
        ((talk, "--base-url", "nowhere"), "mocksrv: --base-url: nothing answers at nowhere ("),
        ((), "Error: Missing argument 'FILE...'."),
    ]  # fmt: skip
    for arguments, sentence in said:
        code, out, err = play(*arguments)
        assert (code, out) == (2, ""), arguments
        assert any(line.startswith(sentence) for line in err.splitlines()), (sentence, err)


def test_a_server_that_asks_for_its_token_gets_it_from_the_variable(talk: Path) -> None:
    talk.write_text(
        "headers: {Authorization: Basic abc}\nsteps: [{ask: GET /__admin/health, expect: 200}, {start: outage}]"
    )
    with running(app_for(admin_token=ADMIN)) as url:
        code, out, err = play(talk, "--base-url", url)
        refused = f"mocksrv: --base-url: the mocksrv at {url} refuses: The admin API asks for its token."
        assert (code, out) == (2, "")
        assert err.startswith(refused)
        assert play(talk, "--base-url", url, MOCKSRV_ADMIN_TOKEN=ADMIN)[0] == 0


def test_help_tells_the_exit_codes() -> None:
    code, out, _ = play("--help", COLUMNS="200")
    assert code == 0
    told = " ".join(out.split())
    assert "0 all went well; 1 something else came than was expected; 2 a file, an option or a server that" in told


def test_the_examples_of_the_documentation_are_played(url: str, tmp_path: Path) -> None:
    page = (ROOT / "docs/conversations.md").read_text("utf-8")
    blocks = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "steps:" in block]
    files = [tmp_path / f"{number}.yaml" for number in range(len(blocks))]
    for file, block in zip(files, blocks, strict=True):
        file.write_text(block)
    code, out, _ = play(*files, "--base-url", url)
    assert (code, len(files)) == (0, 2), out
    shown = re.search(r"\$ mocksrv play verify.yaml\n.*?\n((?:  ok .*\n)+)(.*)\n", page)
    assert shown
    assert out.startswith(f"{files[0]} at {url}/@play-0-")
    assert "".join(out.splitlines(keepends=True)[1:5]) == shown[1]


def test_the_documentation_names_every_word_of_the_language() -> None:
    page = (ROOT / "docs/conversations.md").read_text("utf-8")
    for word in {word for words in WORDS.values() for word in words} | {*FILE, *SANDBOX}:
        assert re.search(rf"`[^`]*\b{word}:", page), word
    for form in FORMS:
        assert f"&#124;{form}}}" in page, form
    for action in CLOCK:
        assert f"`{action}`" in page, action
