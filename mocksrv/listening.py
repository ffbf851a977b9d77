"""What both servers need: a socket on an address and port, or why there is none; requests read to their end."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected

from mocksrv.errors import CannotListen, PortTaken

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream


def bind(host: str, port: int) -> socket.socket:
    """Give a socket that is bound, but does not listen. Raises PortTaken, CannotListen.

    SO_REUSEADDR ignores what a stopped server leaves behind (TIME_WAIT) and lets granian bind beside us, but is refused
    where anybody listens. SO_REUSEPORT, which granian sets, is not: it would share another server's port.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CannotListen(f"cannot listen on {host}: there is no such address; choose another with --host") from None
    # IPv4 first: containers often name ::1 as localhost and have no IPv6. An address, as granian takes no names.
    family, *_, (address, *_) = min(found, key=lambda info: info[0] != socket.AF_INET)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise refusal(host, port, error) from None
    return sock


def refusal(host: str, port: int, error: OSError | OverflowError) -> CannotListen:
    """Why an address and port cannot be listened on, from the operating system's error."""
    code = getattr(error, "errno", None)
    if code in (errno.EADDRINUSE, errno.EAGAIN):
        other = "choose another with --port, or --port 0 for any free one"
        return PortTaken(f"port {port} on {host} is taken by another program; {other}")
    if code == errno.EADDRNOTAVAIL:
        return CannotListen(f"cannot listen on {host}: no such address on this machine; choose another with --host")
    reason = getattr(error, "strerror", None) or error
    return CannotListen(f"cannot listen on port {port} of {host}: {reason}; choose another with --port")


def url_of(host: str, port: int) -> str:
    """The base URL of what listens there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def read_to_the_end(sent: InputStream) -> bool:
    """Read what is left of a request's body, up to 64 MiB; give whether that was all."""
    with suppress(OSError, ClientDisconnected):
        return any(not sent.read(1 << 16) for _ in range(1024))
    return False
