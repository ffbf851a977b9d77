"""Made values: each a function of the seed, its entity and how often that entity was served. The doorway to Faker."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock

from faker import Faker

from mocksrv.words import Made

LOCALE = "en_IN"


_lock = Lock()


@lru_cache(maxsize=1)
def _faker() -> Faker:
    return Faker(LOCALE)


@contextmanager
def faker(seed: int) -> Iterator[Faker]:
    """Faker, seeded; one at a time, because a seed holds for the whole of it."""
    with _lock:
        _faker().seed_instance(seed)
        yield _faker()


def is_faker_name(name: str) -> bool:
    """Whether Faker can make a text by that name, without arguments."""
    if name.startswith(("_", "seed", "add_", "get_", "set_")):
        return False
    return callable(getattr(_faker(), name, None))


def faker_names() -> list[str]:
    """Every name that Faker knows, for error messages."""
    return [name for name in dir(_faker().factories[0]) if is_faker_name(name)]


def make(word: Made, *origin: str | int) -> str:
    """The value of a word for its origin: seed, scope, kind, key, ordinal and field, in this order.

    The same origin gives the same text in every process and on every machine. ``counter``, ``now`` and ``path``
    are not made from an origin; whoever decides or replies knows them.
    """
    material = "\x1f".join(str(part) for part in (*origin, word.kind, word.detail)).encode("utf-8", "backslashreplace")
    number = int.from_bytes(hashlib.blake2b(material).digest(), "big")
    if word.kind == "digits":
        return digits(number, int(word.detail))
    if word.kind in ("hex", "HEX"):
        text = hashlib.shake_256(material).hexdigest(50)[: int(word.detail)]
        return text.upper() if word.kind == "HEX" else text
    if word.kind == "uuid":
        return str(uuid.UUID(bytes=number.to_bytes(64, "big")[:16], version=4))
    if word.kind == "like":
        shown = iter(digits(number, word.detail.count("#") + 1)[1:])
        return "".join(next(shown) if letter == "#" else letter for letter in word.detail)
    with faker(number) as fake:
        return str(getattr(fake, word.detail)())


def digits(number: int, length: int) -> str:
    """A text of so many digits, the first of them not 0."""
    smallest: int = 10 ** (length - 1)
    return str(smallest + number % (9 * smallest))
