"""A spec's folder: the only place from which anything of it is read, and only as far as its size allows.

What a reference names is looked for with all symbolic links followed, so that none leads out. Nothing but a regular
file is opened: a pipe would wait for its writer, a device may do anything.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

# A spec with all its parts. Those of real vendors with hundreds of operations have a tenth of it.
MOST_BYTES = 2 * 1024 * 1024
MOST_FILES = 100
# What a name within the folder has not: a scheme or a drive, a host, another separator, a query, what cannot be seen.
_STRANGE = re.compile(r"[\x00-\x1f\x7f:\\?]")


class Folder:
    """The folder that holds a spec. Files in it are named by their real paths, relative to it: ``parts/user.yaml``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        self.left = MOST_BYTES
        self.read_from: set[str] = set()

    def found(self, reference: str, around: str) -> str | None:
        """The name of the file that a reference in the file ``around`` means; None when that lies outside.

        Raises ValueError when the reference is no text that could name a file.
        """
        if _STRANGE.search(reference) or reference != reference.strip():
            return None
        path = unquote(reference, errors="strict")
        joined = os.path.normpath(os.path.join(os.path.dirname(around), path))
        if _STRANGE.search(path) or path.startswith("/") or joined.split(os.sep)[0] == os.pardir:
            return None
        return self.name_of(os.path.join(self.real, os.path.dirname(around), path))

    def name_of(self, path: str | Path) -> str | None:
        """The name of a file; None when it lies outside."""
        real = os.path.realpath(path)
        inside = os.path.commonpath([real, self.real]) == self.real
        return Path(os.path.relpath(real, self.real)).as_posix() if inside else None

    def read(self, path: str | Path) -> str:
        """The text of a regular file.

        Raises ValueError with a sentence for what is none, is not UTF-8, or is too much with all that was read before;
        OSError when the system refuses.
        """
        if len(self.read_from) >= MOST_FILES:
            raise ValueError(f"more than {MOST_FILES} files")
        self.read_from.add(str(path))
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError("not a regular file")
        # Should it have become a pipe since, opening it does not wait.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(self.left + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        self.left -= len(data)
        if self.left < 0:
            raise ValueError(f"with all its parts the spec has more than {MOST_BYTES // 1024**2} MiB")
        return data.decode("utf-8")
