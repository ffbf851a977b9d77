"""The application: wire the parts and return it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from mocksrv.errors import SettingsError, nearest
from mocksrv.instruments.desk import Desk
from mocksrv.look import Choices
from mocksrv.settings import Settings
from mocksrv.state.memory import MemoryState
from mocksrv.state.things import Fault
from mocksrv.vendor import Catalogue, load_catalogue
from mocksrv.web.admin import Admin
from mocksrv.web.cors import allow_any_origin
from mocksrv.web.problems import problem
from mocksrv.web.sandbox import NAME, SANDBOX, VendorRoutes

log = logging.getLogger("mocksrv")
_PREFIX = re.compile(r"/@([^/]*)(/.*|$)", re.DOTALL)


def builtin_root() -> Path:
    """The folder that holds the built-in ``specs/`` and ``fixtures/``: in the wheel beside us, else the checkout's."""
    packaged = Path(__file__).parent / "data"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def catalogue_of(settings: Settings) -> Catalogue:
    """Everything that the settings' root holds. Raises LoadError with every problem of it."""
    return load_catalogue(settings.root or builtin_root())


def create_app(settings: Settings | None = None, catalogue: Catalogue | None = None) -> Flask:
    """The WSGI application for the settings, with its own state in memory.

    Raises LoadError with every problem of the specs and fixtures.
    """
    settings = settings or Settings()
    catalogue = catalogue or catalogue_of(settings)
    state = MemoryState(catalogue.seeds(), starting(settings, catalogue))
    choices = Choices(settings.seed, settings.otp == "random", settings.quotas)
    app = Flask("mocksrv", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    routes = VendorRoutes(catalogue, state, choices)
    app.register_blueprint(Admin(Desk(catalogue, state, settings, routes.faults), routes.faults).blueprint())
    routes.mount(app)
    allow_any_origin(app, catalogue)
    app.register_error_handler(Exception, _own_fault)
    app.before_request(_check_sandbox)
    app.wsgi_app = _Prefixed(app.wsgi_app)  # type: ignore[method-assign]
    return app


def starting(settings: Settings, catalogue: Catalogue) -> Callable[[], Iterable[Fault]]:
    """The faults that every sandbox starts with: those of the scenario that is served. Raises SettingsError."""
    name = settings.scenario
    if name is None:
        return tuple
    if name not in catalogue.scenarios:
        raise SettingsError(f'--scenario: there is no scenario "{name}"{nearest(name, catalogue.scenarios)}')
    return partial(catalogue.scenarios[name].faults, catalogue.rules)


class _Prefixed:
    """``/@run42/ppi/...`` is ``/ppi/...`` in the sandbox ``run42``: any client can choose one by its base URL."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if match := _PREFIX.fullmatch(environ.get("PATH_INFO", "")):
            environ[SANDBOX] = match[1]
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/@{match[1]}"
            environ["PATH_INFO"] = match[2] or "/"
        found: Iterable[bytes] = self.inner(environ, start_response)
        return found


def _check_sandbox() -> Response | None:
    name = request.environ.get(SANDBOX, request.headers.get("X-Mocksrv-Sandbox"))
    if name is None or NAME.fullmatch(name):
        return None
    return problem(400, "bad-sandbox", "This cannot name a sandbox", "A name is 1 to 64 of A-Z a-z 0-9 _ and -.")


def _own_fault(error: Exception) -> Response:
    """A fault of ours is told as ours, with its trace in the log and not in the answer."""
    if isinstance(error, HTTPException):
        return problem(error.code or 500, "http", error.name, error.description or error.name)
    log.exception("a fault of mocksrv's own in %s %s", request.method, request.path)
    return problem(
        500, "own-fault", "A fault of mocksrv's own", "It is in the log; the vendor has nothing to do with it."
    )
