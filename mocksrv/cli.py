"""The command line: ``mocksrv serve``, ``mocksrv check``, ``mocksrv operations``. The doorway to click.

Exit codes: 0 well; 1 specs or fixtures with problems; 2 an option or variable that cannot be used; 3 the port is
taken, or the address is not one to listen on.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import partial, wraps
from typing import Any

import click

from mocksrv import __version__
from mocksrv.errors import LoadError, MocksrvError
from mocksrv.settings import Settings, load_settings, variable

CHECKED = ("root",)


def _options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One option for each setting (or for those named), with its variable and default in the help."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for setting in reversed(fields(Settings)):
            if not names or setting.name in names:
                shown = {None: "none", True: "on", False: "off", (): "none"}.get(setting.default, setting.default)
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


@main.command()
@_options()
@_told
def serve(**given: Any) -> None:
    """Serve all vendors until SIGTERM or Ctrl-C.

    One line on stdout says when: "mocksrv ready url=... operations=...". Everything else goes to stderr.
    """
    settings = _settings(given)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    from mocksrv.app import catalogue_of, create_app
    from mocksrv.server import serve as serve_app

    catalogue = catalogue_of(settings)
    for note in catalogue.notes:
        click.echo(note, err=True)

    def ready(url: str) -> None:
        print(f"mocksrv ready url={url} operations={len(catalogue.rules)}", flush=True)

    cut = serve_app(partial(create_app, settings), settings.host, settings.port, settings.grace, ready)
    click.echo(f"mocksrv stopped cut={cut}" + (f" ({_count(cut, 'request')} cut in flight)" if cut else ""), err=True)


@main.command()
@_options(*CHECKED)
@_told
def check(**given: Any) -> None:
    """List every problem of specs and fixtures, as file:line:col; exit 1 if there is one."""
    from mocksrv.app import catalogue_of
    from mocksrv.proofs import prove

    catalogue = catalogue_of(_settings(given))
    problems = prove(catalogue)
    if problems:
        raise LoadError(problems)
    for note in catalogue.notes:
        click.echo(note, err=True)
    click.echo(
        f"{_count(len(catalogue.rules), 'operation')} of {_count(len(catalogue.products), 'product')}, no problems"
    )


@main.command()
@_options(*CHECKED)
@_told
def operations(**given: Any) -> None:
    """Show what is served, and which test data triggers what."""
    from mocksrv.app import catalogue_of
    from mocksrv.listing import listing

    click.echo("\n".join(listing(catalogue_of(_settings(given)))))
