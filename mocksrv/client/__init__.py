"""The client for tests and scripts: one sandbox of a running mocksrv, to look at and to change."""

from __future__ import annotations

from mocksrv.client.answers import Fault, Message, Operation, Otp, Record, Request
from mocksrv.client.inbox import NothingSent
from mocksrv.client.sandbox import Client
from mocksrv.client.wire import Refused, Unreachable

__all__ = [
    "Client",
    "Fault",
    "Message",
    "NothingSent",
    "Operation",
    "Otp",
    "Record",
    "Refused",
    "Request",
    "Unreachable",
]
