"""``mocksrv play`` and ``mocksrv record``: conversations played, and written from the journal of a session.

Exit codes: 0 well; 1 something came that was not expected, or a recording that does not replay; 2 a file, an option or
a server that cannot be used.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mocksrv.errors import LoadError, MocksrvError, Problem, SettingsError

if TYPE_CHECKING:
    from mocksrv.conversation import Conversation, Step
    from mocksrv.conversation.aiming import Stage
    from mocksrv.conversation.telling import Tally
    from mocksrv.recording.rehearsing import Recording

BASE_URL = "http://127.0.0.1:8765"
UNUSABLE, MOST_TOLD = 2, 3
_GIVEN = re.compile(r"([a-z_][a-z0-9_]*)=(.+)", re.DOTALL)


def _told(command: Callable[..., int]) -> Callable[..., None]:
    """Exit with what the command gives, or with 2 and a sentence for what cannot be used; never a traceback."""

    @wraps(command)
    def run(**given: Any) -> None:
        try:
            sys.exit(command(**given))
        except LoadError as error:
            click.echo(str(error), err=True)
        except MocksrvError as error:
            click.echo(f"mocksrv: {error}", err=True)
        sys.exit(UNUSABLE)

    return run


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--base-url", metavar="URL", help="A running mocksrv, with /@NAME one of its sandboxes, or a vendor's "
              "real sandbox. [a server of its own]")  # fmt: skip
@click.option("--real", is_flag=True, help="What answers there is a real sandbox. [found out]")
@click.option("--vendor-credentials", "credentials", metavar="FILE", type=click.Path(path_type=Path),
              help='YAML, the headers of each client: {CLIENT: {x-client-id: "..."}}.')  # fmt: skip
@click.option("--otp", "given", metavar="NAME=VALUE", multiple=True,
              help="A value that only a mocksrv could give, for a real sandbox. May be repeated.")  # fmt: skip
@click.option("--prompt", is_flag=True, help="Ask for the codes that a real sandbox has sent.")
@_told
def play(
    files: tuple[Path, ...],
    base_url: str | None,
    real: bool,
    credentials: Path | None,
    given: tuple[str, ...],
    prompt: bool,
) -> int:
    """Play conversations: ask every step, and hold what comes against what is expected.

    Each FILE is played in a fresh sandbox, which stays for a look when something went wrong. What only a mocksrv can do
    (wait for a code, move the clock, arm a fault) is skipped at a real sandbox, and so is what depends on it. The
    bearer token of a server that asks for one is read from MOCKSRV_ADMIN_TOKEN.

    Exit codes: 0 all went well; 1 something else came than was expected; 2 a file, an option or a server that cannot
    be used.
    """
    from mocksrv.conversation.aiming import Aim, read_credentials, staged
    from mocksrv.conversation.telling import Tally
    from mocksrv.settings import load_settings

    conversations = _read(files)
    known = read_credentials(credentials) if credentials else {}
    if real and not base_url:
        raise SettingsError("--real: say where it is, with --base-url")
    aim = Aim(base_url, real, load_settings().admin_token, known, _values(given), _asked if prompt else None)
    tally = Tally()
    with staged(aim) as stage:
        _check(stage, conversations)
        passed = [_played(stage, each, tally) for each in conversations]
    click.echo(str(tally))
    return 0 if all(passed) else 1


def _read(files: Iterable[Path]) -> list[Conversation]:
    """All of them. Raises LoadError with what is wrong with any."""
    from mocksrv.conversation import read_conversation

    read: list[Conversation] = []
    problems: list[Problem] = []
    for file in files:
        try:
            read.append(read_conversation(file))
        except LoadError as error:
            problems += error.problems
    if problems:
        raise LoadError(problems)
    return read


def _values(given: Iterable[str]) -> dict[str, str]:
    values = {}
    for each in given:
        match = _GIVEN.fullmatch(each)
        if match is None:
            raise SettingsError(f'--otp: "{each}" gives no value to a name; write it like code=123456')
        values[match[1]] = match[2]
    return values


def _asked(step: Step) -> str | None:
    text = click.prompt(f"        {step.title}", default="", show_default=False, err=True)
    return str(text).strip() or None


def _check(stage: Stage, conversations: Iterable[Conversation]) -> None:
    """That the clients of all are known at a real sandbox. Raises LoadError."""
    from mocksrv.conversation.aiming import unknown_clients

    known = stage.aim.credentials
    problems = [each for talk in conversations for each in unknown_clients(talk, known)] if stage.real else []
    if problems:
        raise LoadError(problems)


def _played(stage: Stage, conversation: Conversation, tally: Tally) -> bool:
    """Play one, telling each step as it is done; whether it passed."""
    from mocksrv.conversation.playing import Player
    from mocksrv.conversation.target import FAIL, SKIP
    from mocksrv.conversation.telling import lines_of

    target = stage.target(conversation)
    _announce(stage, conversation, target.url)
    outcomes = []
    for outcome in Player(conversation, target).play():
        outcomes.append(outcome)
        colour = {FAIL: "red", SKIP: "yellow"}.get(outcome.state)
        first, *more = lines_of(outcome)
        click.secho("\n".join([click.style(first, fg=colour), *more]))
    passed = tally.count(conversation, outcomes)
    if passed:
        stage.end(target)
    elif left := len(conversation.steps) - len(outcomes):
        click.echo(f"        not played: {_counted(left, 'more step')}")
    return passed


def _announce(stage: Stage, conversation: Conversation, url: str) -> None:
    """Tell what is played where."""
    click.echo(f"{conversation.file} at {url}" + (", a real sandbox" if stage.real else ""))
    if conversation.sandbox and stage.name and not stage.real:
        wanted = ", ".join(f"{name} {value}" for name, value in conversation.sandbox.items())
        click.echo(f"  note: this sandbox has its own choices, not those of the file ({wanted})")


@click.command()
@click.option("--sandbox", metavar="NAME", required=True, help='Whose session it is; "default" without a sandbox.')
@click.option("-o", "--output", metavar="FILE", required=True, type=click.Path(path_type=Path), help="What is written.")
@click.option("--base-url", metavar="URL", default=BASE_URL, show_default=True, help="The running mocksrv.")
@_told
def record(sandbox: str, output: Path, base_url: str) -> int:
    """Write the calls of a sandbox as a conversation, which "mocksrv play" plays.

    Codes are waited for instead of copied, ids that must be new are new in each play, and what the server makes is
    remembered. It is rehearsed in a fresh sandbox of the same server before it is written. What a tester changed of
    records, the journal does not tell: write that into the FILE by hand. The bearer token of a server that asks for
    one is read from MOCKSRV_ADMIN_TOKEN.

    Exit codes: 0 it was written, and replays; 1 it was written, and does not replay as it went; 2 an option or a
    server that cannot be used.
    """
    from mocksrv.client.wire import Wire, new_http
    from mocksrv.conversation.aiming import split
    from mocksrv.recording.rehearsing import rehearsed
    from mocksrv.recording.session import read_session
    from mocksrv.settings import load_settings

    with new_http() as http:
        server = Wire(split(base_url.rstrip("/"))[0], http, load_settings().admin_token)
        session = read_session(server, sandbox)
        recording = rehearsed(session, output.as_posix())
    try:
        output.write_text(recording.text, "utf-8")
    except OSError as error:
        raise SettingsError(f"--output: {output} cannot be written: {error.strerror}") from None
    if session.dropped:
        click.echo(f"warning: for want of room the journal has dropped {_counted(session.dropped, 'call')}", err=True)
    told = f"{output}: {_counted(len(session.calls), 'call')} in {_counted(recording.steps, 'step')}"
    click.echo(told + ("" if recording.wrong else ", rehearsed"))
    _warn(recording)
    return 1 if recording.wrong else 0


def _warn(recording: Recording) -> None:
    """Tell what does not replay: the first steps, as the rest mostly comes of them."""
    from mocksrv.conversation.telling import lines_of

    wrong = recording.wrong
    if wrong:
        click.echo(f"warning: {_counted(len(wrong), 'step')} went otherwise in a fresh sandbox than here:", err=True)
        click.echo("\n".join(line for outcome in wrong[:MOST_TOLD] for line in lines_of(outcome)), err=True)
        click.echo("What was changed of records is not in the journal; it can be written in as a first step.", err=True)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
