"""The log on stderr, written by a thread of its own: a reader who stops reading must not stop the server."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from logging.handlers import QueueHandler, QueueListener
from queue import Full, Queue

MOST_WAITING = 10_000
FORM = "%(asctime)s %(levelname)s %(message)s"


class _Dropping(QueueHandler):
    """What nobody reads is dropped, the newest first: the line that says what went wrong came before."""

    def enqueue(self, record: logging.LogRecord) -> None:
        with suppress(Full):
            self.queue.put_nowait(record)


def log_to_stderr() -> None:
    """Send the log of this process to stderr, from INFO on. Call it again in a forked process: threads stay behind."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(logging.Formatter(FORM))
    waiting: Queue[logging.LogRecord] = Queue(MOST_WAITING)
    apart = _Dropping(waiting)
    apart.setFormatter(logging.Formatter("%(message)s"))  # else basicConfig() gives it one, and a line has two heads
    logging.basicConfig(level=logging.INFO, handlers=[apart], force=True)
    QueueListener(waiting, stream).start()
