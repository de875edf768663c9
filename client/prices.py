"""What AWS asks for the things that a re-encryption uses.

The prices lie in prices.json, each with the page that it is from; a file of one's own may name others, for
another Region or an agreement. What must stay true: money is Decimal from the file to the last sum.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from client.problems import UsageError, printable

_DEFAULT = Path(__file__).with_name("prices.json")
_LARGEST_FILE = 1024 * 1024
_DEAREST = 1_000_000
_MEMBERS = ("amount", "per", "unit", "source")
_WORDS = ("region", "currency", "date")


@dataclass(frozen=True, slots=True)
class Price:
    """What so many of something cost.

    Parameters
    ----------
    amount, per
        So much money for so many units.
    unit
        What one unit is.
    source
        Where the price is published.
    """

    amount: Decimal
    per: int
    unit: str
    source: str

    def of(self, quantity: int | Decimal) -> Decimal:
        """Return what so many units cost, without rounding."""
        return quantity * self.amount / self.per


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one Region, by their names in prices.json."""

    region: str
    currency: str
    date: str
    by_name: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.by_name[name]


def load_prices(path: Path | str | None = None) -> Prices:
    """Read the prices; those that a file of one's own names take the place of the published ones.

    Parameters
    ----------
    path
        A file in the form of prices.json, in which any price may be absent; None for the published prices.

    Raises
    ------
    UsageError
        The file cannot be read, is not of that form, or names a price that there is not.
    """
    published = _read(_DEFAULT)
    prices = {name: _price(name, entry, path=_DEFAULT) for name, entry in published["prices"].items()}
    words = {word: str(published[word]) for word in _WORDS}
    if path is not None:
        own = _read(Path(path))
        for word in _WORDS:
            if word in own:
                words[word] = printable(str(own[word]))
        for name, entry in own["prices"].items():
            if name not in prices:
                known = ", ".join(prices)
                raise UsageError(f"{path}: there is no price {printable(name)!r}; there are {known}")
            given = {"unit": prices[name].unit, "source": str(path), **_members(name, entry, path=path)}
            prices[name] = _price(name, given, path=path)
    return Prices(by_name=prices, **words)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST_FILE)
        document = json.loads(raw, parse_float=Decimal)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("prices"), dict):
        raise UsageError(f'{path} is no file of prices: it has no object "prices" (see client/prices.json)')
    return document


def _members(name: str, entry: object, *, path: Path | str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise UsageError(f'{path}: the price {name} is not an object with "amount" and "per"')
    unknown = [member for member in entry if member not in _MEMBERS]
    if unknown:
        raise UsageError(f"{path}: the price {name} has an unknown member {printable(unknown[0])!r}")
    return entry


def _price(name: str, entry: Mapping[str, Any], *, path: Path | str) -> Price:
    amount, per = entry.get("amount"), entry.get("per")
    money = Decimal("nan")
    if isinstance(amount, str | int | Decimal) and not isinstance(amount, bool):
        with suppress(InvalidOperation):
            money = Decimal(amount)
    if not money.is_finite() or not 0 <= money <= _DEAREST:
        raise UsageError(f'{path}: the "amount" of the price {name} is not an amount such as "0.03"')
    if isinstance(per, bool) or not isinstance(per, int) or per < 1:
        raise UsageError(f'{path}: the "per" of the price {name} is not a whole number from 1')
    return Price(money, per, printable(str(entry["unit"])), printable(str(entry["source"])))
