"""Made people: the same key gives the same person on every call, in every process, on every machine.

What is said of a person agrees: the PAN's fifth letter is the surname's first, licence and job come years after birth,
the pincode belongs to the city. None of them exists.
"""

from __future__ import annotations

import hashlib
import random
import re
from datetime import date, timedelta
from typing import Any

from mocksrv.made import faker

_CITIES = (
    ("Mumbai", "MAHARASHTRA", "MH", "4000"),
    ("Pune", "MAHARASHTRA", "MH", "4110"),
    ("Bengaluru", "KARNATAKA", "KA", "5600"),
    ("Chennai", "TAMIL NADU", "TN", "6000"),
    ("Hyderabad", "TELANGANA", "TS", "5000"),
    ("Kolkata", "WEST BENGAL", "WB", "7000"),
    ("Ahmedabad", "GUJARAT", "GJ", "3800"),
    ("New Delhi", "DELHI", "DL", "1100"),
    ("Jaipur", "RAJASTHAN", "RJ", "3020"),
)
_BANKS = (("SBIN", "State Bank of India"), ("HDFC", "HDFC Bank"), ("ICIC", "ICICI Bank"), ("UTIB", "Axis Bank"),
          ("PUNB", "Punjab National Bank"), ("KKBK", "Kotak Mahindra Bank"))  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST_BIRTH, _LAST_BIRTH, _LAST_JOINING = date(1960, 1, 1), date(2000, 12, 31), date(2023, 12, 31)


def person(seed: int, key: str, today: date) -> dict[str, Any]:
    """Who belongs to a key: name, gender, age, papers, address, bank and job. Only ``age`` depends on ``today``."""
    chance = random.Random(hashlib.sha256(f"{seed}\x1f{key}".encode()).digest())  # noqa: S311 (nothing to guess here)
    born = _between(chance, _FIRST_BIRTH, _LAST_BIRTH)
    name = _names(chance)
    return {
        **name,
        "dob": born.isoformat(),
        "age": today.year - born.year - ((today.month, today.day) < (born.month, born.day)),
        "income": chance.randrange(3, 40) * 100_000,
        **_papers(chance, name["last_name"], born),
        **_home(chance),
        **_job(chance, born),
    }


def _between(chance: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=chance.randrange((last - first).days + 1))


def _digits(chance: random.Random, count: int) -> str:
    return str(chance.randrange(1, 10)) + "".join(str(chance.randrange(10)) for _ in range(count - 1))


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(_LETTERS) for _ in range(count))


def _plain(name: str) -> str:
    """A name in plain letters, fit for an e-mail address: Faker has one with a typographic apostrophe."""
    return re.sub("[^A-Za-z]", "", name)


def _names(chance: random.Random) -> dict[str, str]:
    with faker(chance.getrandbits(64)) as fake:
        gender = chance.choice(("MALE", "FEMALE"))
        first = fake.first_name_male() if gender == "MALE" else fake.first_name_female()
        last, father, occupation = _plain(fake.last_name()), fake.first_name_male(), fake.job()
    return {
        "gender": gender,
        "first_name": first.upper(),
        "last_name": last.upper(),
        "full_name": f"{first} {last}".upper(),
        "father_name": f"{father} {last}",
        "email": f"{first}.{last}@example.com".lower().replace(" ", ""),
        "occupation": occupation,
    }


def _papers(chance: random.Random, last_name: str, born: date) -> dict[str, str]:
    """PAN (three letters, P for a person, the surname's initial, four digits, a letter), and other papers."""
    _, _, state, _ = chance.choice(_CITIES)
    licensed = chance.randrange(born.year + 18, born.year + 23)
    return {
        "pan": f"{_letters(chance, 3)}P{last_name[0]}{_digits(chance, 4)}{_letters(chance, 1)}",
        "passport": f"{chance.choice('JKLMNPRSTUVWZ')}{_digits(chance, 7)}",
        "ration_card": f"{state}{_digits(chance, 10)}",
        "voter_id": f"{_letters(chance, 3)}{_digits(chance, 7)}",
        "driving_license": f"{state}{chance.randrange(1, 60):02}{licensed}{_digits(chance, 7)}",
        "masked_aadhaar": f"XXXXXXXX{_digits(chance, 4)}",
        "second_phone": f"{chance.choice('6789')}{_digits(chance, 9)}",
        "home_phone": f"{chance.choice('6789')}{_digits(chance, 9)}",
    }


def _home(chance: random.Random) -> dict[str, str]:
    city, state, _, prefix = chance.choice(_CITIES)
    bank, bank_name = chance.choice(_BANKS)
    pincode = f"{prefix}{chance.randrange(1, 80):02}"
    street = f"{chance.choice(('MG', 'Station', 'Temple', 'Lake', 'Market', 'Park'))} Road"
    return {
        "city": city,
        "state": state,
        "pincode": pincode,
        "street": street,
        "address": f"{chance.randrange(1, 200)} {street}, {city}, {state.title()} {pincode}",
        "ifsc": f"{bank}0{_digits(chance, 6)}",
        "bank_account": _digits(chance, 11),
        "bank_address": f"{bank_name}, {chance.randrange(1, 200)} Bank Street, {city}, {state.title()} {pincode}",
    }


def _job(chance: random.Random, born: date) -> dict[str, Any]:
    """An employer that was there before the person joined, at 21 or later."""
    joined = _between(chance, date(born.year + 22, 1, 1), _LAST_JOINING)
    founded = _between(chance, date(1950, 1, 1), joined - timedelta(days=30))
    with faker(chance.getrandbits(64)) as fake:
        employer = _plain(fake.last_name()).upper()
    establishment = f"{_letters(chance, 5)}{_digits(chance, 7)}000"
    staff = chance.randrange(20, 9000)
    return {
        "uan": f"10{_digits(chance, 10)}",
        "establishment_id": establishment,
        "member_id": f"{establishment}{_digits(chance, 7)}",
        "establishment_name": f"{employer} TECHNOLOGIES PVT LTD",
        "joining_date": joined.isoformat(),
        "setup_date": founded.isoformat(),
        "staff": staff,
        "staff_total": staff * chance.randrange(3000, 9000),
    }


def person_fields() -> frozenset[str]:
    """What can be read of a person."""
    return frozenset(person(0, "", date(2026, 1, 1)))
