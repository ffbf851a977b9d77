"""One key for a number's forms. The doorway to phonenumbers."""

from __future__ import annotations

import re

import phonenumbers

REGION = "IN"
_PHONE = re.compile(r"\+?[\d\s().-]{4,}")


def phone_key(text: str) -> str:
    """The digits of a number with its country code: ``98765 43210``, ``+919876543210`` and ``919876543210`` are one.

    A number that is not valid in the region is compared by its digits: phonenumbers would read a Vietnamese
    ``84912345678`` as an Indian one. What is no number at all stays as it is.
    """
    if not _PHONE.fullmatch(text.strip()):
        return text
    digits = re.sub(r"\D", "", text)
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return digits
    if phonenumbers.is_valid_number_for_region(number, REGION):
        return f"{number.country_code}{number.national_number}"
    return digits
