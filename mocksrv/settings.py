"""Settings: what may be chosen when mocksrv starts. The one reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.errors import SettingsError


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a whole number') from None


def _port(text: str) -> int:
    port = _integer(text)
    if not 0 <= port <= 65535:
        raise ValueError(f"{port} is not a port; ports go from 0 (any free one) to 65535")
    return port


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f'"{text}" is neither {" nor ".join(words)}')
        return text

    return read


def _on_off(text: str) -> bool:
    return _one_of("on", "off")(text) == "on"


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise ValueError(f'there is no folder "{text}"')
    return path


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _token(text: str) -> str:
    """What a header can carry without change."""
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError("a token is printable ASCII, without blanks around it")
    return text


def _setting(default: Any, read: Callable[[str], Any], meaning: str, value: str) -> Any:
    return field(default=default, metadata={"read": read, "meaning": meaning, "value": value})


@dataclass(frozen=True)
class Settings:
    """Everything that may be chosen at start. Each is an option of ``mocksrv serve`` and a ``MOCKSRV_*`` variable."""

    host: str = _setting("127.0.0.1", str, "Address to listen on.", "ADDRESS")
    port: int = _setting(8765, _port, "Port to listen on; 0 takes any free one.", "PORT")
    root: Path | None = _setting(None, _folder, "Folder whose specs/ and fixtures/ replace the built-in ones.", "DIR")
    seed: int = _setting(1, _integer, "Seed of all made values: the same seed gives the same bodies.", "N")
    otp: str = _setting("fixed", _one_of("fixed", "random"), "Codes as the fixtures fix them, or random by the seed.",
                        "fixed|random")  # fmt: skip
    quotas: bool = _setting(True, _on_off, "Whether quotas are judged.", "on|off")
    scenario: str | None = _setting(None, str, "Scenario that every sandbox starts with.", "NAME")
    grace: float = _setting(5.0, parse_duration, "How long SIGTERM waits for requests in flight.", "DURATION")
    admin_token: str | None = _setting(
        None, _token, "Bearer token that the admin API asks for; needed beyond loopback.", "TOKEN"
    )
    allow_host: tuple[str, ...] = _setting((), _names, "Further host names that the admin API answers to.", "NAME")

    def __post_init__(self) -> None:
        if not self.on_loopback and not self.admin_token:
            raise SettingsError(
                f"listening on {self.host} lets other machines in; set --admin-token (or MOCKSRV_ADMIN_TOKEN) "
                "to protect the admin API, or keep --host 127.0.0.1"
            )

    @property
    def on_loopback(self) -> bool:
        """Whether only programs on this machine can connect."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


def variable(name: str) -> str:
    """The environment variable of a setting: ``admin_token`` is ``MOCKSRV_ADMIN_TOKEN``."""
    return f"MOCKSRV_{name.upper()}"


def load_settings(given: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the command line's texts first, then the environment, then the defaults.

    Raises SettingsError with a sentence that names the option or the variable.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        option = f"--{setting.name.replace('_', '-')}"
        text, source = (given or {}).get(setting.name), option
        if text is None:
            text, source = environ.get(variable(setting.name)) or None, variable(setting.name)
        if text is not None:
            try:
                values[setting.name] = setting.metadata["read"](text)
            except ValueError as error:
                raise SettingsError(f"{source}: {error}") from None
    return Settings(**values)
