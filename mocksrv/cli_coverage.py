"""``mocksrv coverage``: what the tests met, asked of a running server or read from files that were written before.

Exit codes: 0 well; 1 less was met than ``--fail-under`` asks for; 2 an option that cannot be used, a file that cannot
be read, a server that does not answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from mocksrv.errors import MocksrvError, SettingsError

BASE_URL = "http://127.0.0.1:8765"


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--base-url", metavar="URL", help=f"Server to ask, when no FILE is named or beside them. [{BASE_URL}]")
@click.option("--sandbox", metavar="NAME", help="Only what this sandbox of the server met, instead of all there were.")
@click.option(
    "--vendor", metavar="NAME", help='Only what is about a vendor or a product, as "mocksrv operations" names them.'
)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How it is told.")
@click.option("--fail-under", metavar="N", type=click.FloatRange(0, 100), default=0.0,
              help="Exit 1 when less than N percent of the documented answers were met.")  # fmt: skip
def coverage(
    files: tuple[Path, ...], base_url: str | None, sandbox: str | None, vendor: str | None, form: str, fail_under: float
) -> None:
    """Show which documented answers your tests met, which never, and what your client got wrong.

    A FILE is a report of --format json; several are added up, so that several servers' tests count as one. The bearer
    token of a server that asks for one is read from MOCKSRV_ADMIN_TOKEN.

    Exit codes: 0 well; 1 less was met than --fail-under asks for; 2 an option, a file or a server that cannot be used.
    """
    if sandbox and files and not base_url:
        raise click.UsageError("--sandbox is for a server: name it with --base-url, or leave out the FILEs")
    from mocksrv.coverage import lines_of, merged, of_vendor

    try:
        reports = [_read(file) for file in files]
        if base_url or not files:
            reports.append(_asked(base_url or BASE_URL, sandbox))
        report = of_vendor(merged(reports), vendor) if vendor else merged(reports)
    except (MocksrvError, ValueError) as error:
        click.echo(f"mocksrv: {error}", err=True)
        sys.exit(2)
    click.echo(json.dumps(report, indent=2, ensure_ascii=False) if form == "json" else "\n".join(lines_of(report)))
    if not 100 * report["met"] >= fail_under * report["documented"]:  # also when it is NaN
        click.echo(f"mocksrv: {report['percent']} % is less than the {fail_under:g} % of --fail-under", err=True)
        sys.exit(1)


def _read(file: Path) -> Any:
    try:
        return _checked(str(file), json.loads(file.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise SettingsError(f'{file} is no JSON; write it with "mocksrv coverage --format json"') from None


def _asked(base_url: str, sandbox: str | None) -> Any:
    """The server's own report. Raises MocksrvError."""
    from mocksrv.client.wire import Wire, new_http
    from mocksrv.settings import load_settings

    base_url, _, named = base_url.rstrip("/").partition("/@")  # of a sandbox's own URL, what is about that one
    with new_http() as http:
        wire = Wire(base_url.rstrip("/"), http, load_settings().admin_token)
        return _checked(base_url, wire.get("coverage", {"sandbox": sandbox or named or None}))


def _checked(source: str, document: Any) -> Any:
    from mocksrv.coverage import merged

    try:
        return merged([document])
    except ValueError as error:
        raise SettingsError(f"{source}: {error}") from None
