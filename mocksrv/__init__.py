"""mocksrv: a local sandbox server that stands in for OTP vendors' HTTP APIs.

What is in ``__all__`` is loaded when it is first asked for: ``import mocksrv`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocksrv.app import create_app
    from mocksrv.client import Client
    from mocksrv.settings import Settings
    from mocksrv.threaded import Server

__version__ = "0.1.0"
__all__ = ["Client", "Server", "Settings", "create_app", "__version__"]
_HOMES = {
    "Client": "mocksrv.client",
    "Server": "mocksrv.threaded",
    "Settings": "mocksrv.settings",
    "create_app": "mocksrv.app",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
