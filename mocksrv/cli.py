"""The command line: ``mocksrv serve``, ``mocksrv check``, ``mocksrv operations``. The doorway to click.

Exit codes: 0 well; 1 specs or fixtures with problems; 2 an option or variable that cannot be used; 3 the port is
taken, or the address is not one to listen on.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from mocksrv import __version__
from mocksrv.cli_coverage import coverage
from mocksrv.cli_talk import play, record
from mocksrv.errors import LoadError, MocksrvError, Problem, SettingsError, nearest
from mocksrv.logs import log_to_stderr
from mocksrv.settings import Settings, load_settings, variable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from mocksrv.vendor import Catalogue

CHECKED = ("root",)
FORMATS = ("text", "json", "github")


def _options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One option for each setting (or for those named), with its variable and default in the help."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for setting in reversed(fields(Settings)):
            if not names or setting.name in names:
                words = {"None": "none", "True": "on", "False": "off", "()": "none"}
                shown = words.get(str(setting.default), str(setting.default))
                shown = "5s" if setting.name == "grace" else "the built-in ones" if setting.name == "root" else shown
                command = click.option(
                    f"--{setting.name.replace('_', '-')}",
                    setting.name,
                    metavar=setting.metadata["value"],
                    multiple=setting.name == "allow_host",
                    help=f"{setting.metadata['meaning']} [{variable(setting.name)}; default: {shown}]",
                )(command)
        return command

    return decorate


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """Whatever mocksrv refuses is a sentence on stderr and a documented exit code, never a traceback."""

    @wraps(command)
    def run(**given: Any) -> None:
        try:
            command(**given)
        except LoadError as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            click.echo(_count(len(error.problems), "problem"), err=True)
            sys.exit(error.exit_code)
        except MocksrvError as error:
            click.echo(f"mocksrv: {error}", err=True)
            sys.exit(error.exit_code)

    return run


def _settings(given: dict[str, Any]) -> Settings:
    texts = {name: ",".join(value) if isinstance(value, tuple) else value for name, value in given.items()}
    return load_settings({name: text or None for name, text in texts.items()})


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mocksrv")
def main() -> None:
    """A local sandbox server that stands in for OTP vendors' HTTP APIs."""


main.add_command(coverage)
main.add_command(play)
main.add_command(record)


@main.command()
@_options()
@_told
def serve(**given: Any) -> None:
    """Serve all vendors until SIGTERM or Ctrl-C.

    One line on stdout says when: "mocksrv ready url=... operations=...". Everything else goes to stderr.
    """
    settings = _settings(given)
    from mocksrv.app import catalogue_of, starting
    from mocksrv.server import serve as serve_app

    catalogue = catalogue_of(settings)
    starting(settings, catalogue)
    for note in catalogue.notes:
        click.echo(note, err=True)

    def ready(url: str) -> None:
        print(f"mocksrv ready url={url} operations={len(catalogue.rules)}", flush=True)

    # A forked worker has what was loaded; a spawned one gets only what can be pickled, and loads it again.
    loaded = catalogue if multiprocessing.get_start_method() == "fork" else None
    cut = serve_app(partial(_worker, settings, loaded), settings.host, settings.port, settings.grace, ready)
    click.echo(f"mocksrv stopped cut={cut}" + (f" ({_count(cut, 'request')} cut in flight)" if cut else ""), err=True)


def _worker(settings: Settings, catalogue: Catalogue | None) -> WSGIApplication:
    """What the server's own process runs."""
    from mocksrv.app import create_app

    log_to_stderr()
    return create_app(settings, catalogue)


@main.command()
@_options(*CHECKED)
@click.option("--explain", metavar="OPERATION", help="Print the order in which an operation is decided.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How problems are told.")
@_told
def check(explain: str | None, form: str, **given: Any) -> None:
    """List every problem of specs and fixtures, as file:line:col; exit 1 if there is one."""
    from mocksrv.app import catalogue_of
    from mocksrv.explain import explained
    from mocksrv.proofs import prove

    try:
        catalogue = catalogue_of(_settings(given))
        problems = prove(catalogue)
        if problems:
            raise LoadError(problems)
    except LoadError as error:
        if form == "text":
            raise
        click.echo(_FORMS[form](error.problems))
        sys.exit(error.exit_code)
    if explain:
        if explain not in catalogue.rules:
            raise SettingsError(f'no operation "{explain}"{nearest(explain, catalogue.rules)}')
        click.echo("\n".join(explained(catalogue.rules[explain])))
    elif form == "json":
        click.echo(_FORMS[form](()))
    elif form == "text":
        for note in catalogue.notes:
            click.echo(note, err=True)
        counted = _count(len(catalogue.rules), "operation"), _count(len(catalogue.products), "product")
        click.echo(f"{counted[0]} of {counted[1]}, no problems")


def _as_json(problems: Sequence[Problem]) -> str:
    shown = [
        {"file": each.mark.file, "line": each.mark.line, "column": each.mark.column, "message": each.what}
        for each in problems
    ]
    return json.dumps({"problems": shown}, indent=2, ensure_ascii=False)


def _as_github(problems: Sequence[Problem]) -> str:
    """GitHub's workflow commands: annotations beside the lines of a pull request."""

    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def place(text: str) -> str:
        return escaped(text).replace(":", "%3A").replace(",", "%2C")

    return "\n".join(
        f"::error file={place(each.mark.file)},line={each.mark.line},col={each.mark.column}::{escaped(each.what)}"
        for each in problems
    )


_FORMS: dict[str, Callable[[Sequence[Problem]], str]] = {"json": _as_json, "github": _as_github}


@main.command()
@_options(*CHECKED)
@_told
def operations(**given: Any) -> None:
    """Show what is served, and which test data triggers what."""
    from mocksrv.app import catalogue_of
    from mocksrv.listing import listing

    click.echo("\n".join(listing(catalogue_of(_settings(given)))))
