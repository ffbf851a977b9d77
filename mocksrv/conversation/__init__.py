"""Conversations: calls and the answers they must get, in YAML. Tests and documentation at once.

A step asks and expects::

    - say: the same id again
      ask: POST /ppi/otp/generate
      as: A_CLIENT                           # its headers; or `with:` headers one by one, null takes one away
      send: {id: $unique_id}                 # JSON; `raw:` sends a text as it is
      expect: 409
      headers: {Retry-After: "60"}           # those named
      body: {code: ..., message: ...}        # the whole body
      remember: {token: auth.token}          # later steps write $token

A text that begins with ``~ `` is a regular expression for the whole value. Other steps use mocksrv's instruments:
``otp``, ``clock``, ``arm``, ``start`` and ``stop``. docs/conversations.md tells all of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mocksrv.client.wire import Wire
from mocksrv.conversation.asking import new_http
from mocksrv.conversation.mock import Mock
from mocksrv.conversation.playing import Player
from mocksrv.conversation.reading import read_conversation
from mocksrv.conversation.steps import Conversation, Step
from mocksrv.conversation.target import FAIL, Target
from mocksrv.conversation.telling import mismatch

__all__ = ["Conversation", "Mismatch", "Step", "hold", "read_conversation"]


class Mismatch(AssertionError):
    """An answer that is not what was expected; ``str()`` says where it was written and how it differs."""


def hold(conversation: Conversation, url: str) -> Iterator[Step]:
    """Play it at the mocksrv at the URL (a sandbox's prefix may stand in it); gives each step that went well.

    Raises Mismatch at the first that does not.
    """
    with new_http(real=False) as http:
        for outcome in Player(conversation, Target(url, http, Mock(Wire(url, http, None)))).play():
            if outcome.state == FAIL:
                raise Mismatch(mismatch(outcome))
            yield outcome.step
