"""The three kinds of example record: how a patient, a payment and a contract are put together from chance."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

import words

Item = TypeVar("Item")
_ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 16
_LARGE_PATIENT = 64_000
_LARGE_CONTRACTS = {7: 60_000, 31: 150_000, 64: 300_000}


class Draw:
    """Chance that repeats itself.

    Only `random.random()` is used: it is the one method whose sequence Python promises to keep for a seed.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return low + int(self._random.random() * (high - low + 1))

    def one_in(self, often: int) -> bool:
        """Return True once in so many times."""
        return self.between(1, often) == 1

    def pick(self, choices: Sequence[Item]) -> Item:
        """Return one of the choices."""
        return choices[self.between(0, len(choices) - 1)]

    def some(self, choices: Sequence[Item], *, most: int) -> list[Item]:
        """Return up to `most` different choices, perhaps none."""
        wanted = self.between(0, most)
        return [choice for choice in choices if self.one_in(2)][:wanted]

    def digits(self, count: int) -> str:
        """Return digits, the first of which is not 0."""
        return str(self.between(1, 9)) + "".join(str(self.between(0, 9)) for _ in range(count - 1))

    def decimal(self, low: str, high: str, *, places: int) -> Decimal:
        """Return an exact decimal with so many places."""
        scale = 10**places
        drawn = self.between(int(Decimal(low) * scale), int(Decimal(high) * scale))
        return Decimal(drawn).scaleb(-places)

    def identifier(self) -> str:
        """Return an id that says nothing about anybody: 80 bits of chance."""
        return "".join(self.pick(_ID_LETTERS) for _ in range(_ID_LENGTH))

    def day(self, first_year: int, last_year: int) -> str:
        """Return a date."""
        return f"{self.between(first_year, last_year)}-{self.between(1, 12):02}-{self.between(1, 28):02}"

    def moment(self) -> str:
        """Return a time of the year 2025."""
        clock = f"{self.between(0, 23):02}:{self.between(0, 59):02}:{self.between(0, 59):02}"
        return f"{self.day(2025, 2025)}T{clock}Z"


def patient(draw: Draw, number: int) -> dict[str, Any]:
    """Return a patient's file."""
    if number == 0:
        return {"consent": False}
    script, given, family, city, remark = draw.pick(words.PEOPLE)
    file: dict[str, Any] = {
        "name": {
            "given": draw.some(given, most=2) or [given[0]],
            "family": draw.pick(family),
            "script": script,
        },
        "born": draw.day(1931, 2024),
        "contact": {
            "email": f"person-{draw.digits(6)}@example.{draw.pick(('com', 'org', 'net'))}",
            "phone": f"+1-202-555-01{draw.between(0, 99):02}",
            "address": {
                "street": draw.pick(words.STREETS),
                "house": str(draw.between(1, 180)),
                "city": city,
                "country": draw.pick(words.COUNTRIES),
            },
        },
        "insurance": {"number": f"TEST-{draw.digits(10)}", "copay": draw.decimal("0", "40", places=2)},
        "allergies": draw.some(words.ALLERGIES, most=3),
        "diagnoses": [
            {"code": code, "since": draw.day(1999, 2025)[:7], "active": draw.one_in(2)}
            for code in draw.some(words.DIAGNOSES, most=4)
        ],
        "medication": [
            {
                "name": name,
                "dose": draw.decimal("0.5", "500", places=1),
                "unit": "mg",
                "per_day": draw.between(1, 4),
                "until": None if draw.one_in(2) else draw.day(2025, 2027),
            }
            for name in draw.some(words.MEDICINES, most=4)
        ],
        "measurements": [_measurement(draw) for _ in range(draw.between(0, 8))],
        "notes": [{"written": draw.moment(), "text": f"{remark} {draw.pick(words.EMOJI)}"}],
        "flags": {
            "consent": draw.one_in(2),
            "organ_donor": draw.pick((True, False, None)),
            "interpreter": draw.pick(("", script)),
            "next_of_kin": {},
        },
    }
    if number == 1:
        count = _LARGE_PATIENT // 5
        file["monitoring"] = {"unit": "mV", "every_ms": 4, "samples": [_sample(draw) for _ in range(count)]}
    return file


def _measurement(draw: Draw) -> dict[str, Any]:
    kind, unit, low, high, places = draw.pick(words.MEASURES)
    return {
        "taken": draw.moment(),
        "kind": kind,
        "value": draw.decimal(low, high, places=places),
        "unit": unit,
    }


def _sample(draw: Draw) -> Decimal:
    return draw.decimal("-0.9", "1.9", places=2)


def payment(draw: Draw, number: int) -> dict[str, Any]:
    """Return a payment."""
    if number == 0:
        return {"paid": True}
    currency, places, most = draw.pick(words.CURRENCIES)
    booked: dict[str, Any] = {
        "amount": draw.decimal("0", str(most), places=places),
        "currency": currency,
        "status": draw.pick(("booked", "pending", "returned", "cancelled")),
        "booked": draw.moment(),
        "payer": {"name": _company(draw), "account": draw.pick(words.ACCOUNTS)},
        "payee": {"name": _company(draw), "account": draw.pick(words.ACCOUNTS)},
        "card": None,
        "reference": draw.pick(("", f"{draw.pick(words.PURPOSES)} {draw.digits(7)}")),
        "exchange_rate": draw.decimal("0.5", "2", places=10),
        "fees": [
            {"kind": kind, "amount": draw.decimal("0", "25", places=places)}
            for kind in draw.some(("transfer", "conversion", "express"), most=2)
        ],
        "refund_of": draw.pick((None, None, draw.identifier())),
        "tags": draw.some(("urgent", "recurring", "überprüft", "已核对"), most=3),
        "metadata": {},
    }
    if draw.one_in(3):
        booked["card"] = {
            "number": draw.pick(words.CARDS),
            "expires": draw.day(2027, 2031)[:7],
            "present": draw.one_in(2),
        }
    if draw.one_in(10):
        # As many digits as DynamoDB keeps.
        booked["ledger_total"] = Decimal(f"{draw.digits(20)}.{draw.digits(18)}")
    if draw.one_in(12):
        booked["amount"] = -booked["amount"]
        booked["dispute"] = {
            "opened": draw.moment(),
            "evidence": [None, False, [], {"pages": draw.between(1, 9)}],
        }
    return booked


def contract(draw: Draw, number: int) -> dict[str, Any]:
    """Return a contract with its clauses; a few have long annexes."""
    currency, places, most = draw.pick(words.CURRENCIES)
    language = draw.pick([name for name, *_ in words.CLAUSES])
    text: dict[str, Any] = {
        "title": f"{draw.pick(words.CONTRACT_KINDS)} agreement {draw.pick(words.EMOJI)}",
        "number": f"C-{draw.digits(8)}",
        "version": draw.between(1, 9),
        "language": language,
        "parties": [_party(draw, role=role) for role in ("first", "second")],
        "term": {
            "from": draw.day(2020, 2026),
            "until": draw.pick((None, draw.day(2027, 2035))),
            "renews": draw.one_in(2),
            "notice_days": draw.pick((14, 30, 90)),
        },
        "value": {"amount": draw.decimal("0", str(most), places=places), "currency": currency},
        "ownership": [
            {"holder": "first", "share": Decimal("0.33333333333333333333333333333333333333")},
            {"holder": "second", "share": Decimal("0.66666666666666666666666666666666666667")},
        ],
        "schedule": [
            {
                "due": draw.day(2026, 2029),
                "amount": draw.decimal("10", "9000", places=places),
                "paid": draw.one_in(3),
            }
            for _ in range(draw.between(0, 6))
        ],
        "clauses": [
            {
                "number": f"{index}.1",
                "heading": heading,
                "text": _prose(draw, language=language, sentences=draw.between(1, 4)),
            }
            for index, heading in enumerate(words.HEADINGS, start=1)
        ],
        "amendments": [],
        "annexes": [],
    }
    wanted = _LARGE_CONTRACTS.get(number, 0)
    size = 0
    while size < wanted:
        annex = {
            "name": f"Annex {len(text['annexes']) + 1}",
            "text": _prose(draw, language=language, sentences=40),
        }
        text["annexes"].append(annex)
        size += len(annex["text"].encode())
    return text


def _company(draw: Draw) -> str:
    return " ".join(map(draw.pick, (words.COMPANY_FIRST, words.COMPANY_SECOND, words.COMPANY_FORM)))


def _party(draw: Draw, *, role: str) -> dict[str, Any]:
    _, given, family, city, _ = draw.pick(words.PEOPLE)
    return {
        "role": role,
        "company": _company(draw),
        "seat": city,
        "signatory": f"{draw.pick(given)} {draw.pick(family)}",
        "signed": draw.pick((None, draw.day(2020, 2026))),
    }


def _prose(draw: Draw, *, language: str, sentences: int) -> str:
    who, owes, unless = next(rest for name, *rest in words.CLAUSES if name == language)
    return " ".join(f"{draw.pick(who)} {draw.pick(owes)}, {draw.pick(unless)}." for _ in range(sentences))
