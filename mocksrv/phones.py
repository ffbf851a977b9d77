"""One key for a number's forms. The doorway to phonenumbers."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_PHONE = re.compile(r"\+?[\d\s().-]{4,}")


def read_region(raw: object) -> str:
    """A region by its two letters (ISO 3166). Raises ValueError for one that has no numbers."""
    if raw not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f'"{raw}" is not a region; write its two letters, like "IN"')
    return str(raw)


@lru_cache(4096)
def phone_key(text: str, region: str) -> str:
    """The digits of a number with its country code: ``98765 43210``, ``+919876543210`` and ``919876543210`` are one.

    ``region`` is where a number without a country code belongs. A number that is not valid there is compared by its
    digits: phonenumbers would read a Vietnamese ``84912345678`` as an Indian one. What is no number at all stays.
    """
    if not _PHONE.fullmatch(text.strip()):
        return text
    digits = re.sub(r"\D", "", text)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return digits
    if phonenumbers.is_valid_number_for_region(number, region):
        return f"{number.country_code}{number.national_number}"
    return digits
