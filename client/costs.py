"""What a re-encryption uses and costs: exact arithmetic on counts, and nothing that is guessed in secret.

Counts come from a run or a dry run; what a count stands for is AWS's own rule:

- KMS: opening a record of strategy `record` is one Decrypt, writing one is one GenerateDataKey. Records of
  strategy `tenant` take none each; the branch keys that they hang on take some per step (`_KEYS_PER_STEP`).
- DynamoDB: a read takes a unit for each 4 KiB of a page, strongly consistent, or half of it; a write takes a
  unit for each KiB of an item, begun ones in full. Of the items only the sum of the sizes is known, and what
  is begun is half a KiB on average: so it is counted.
- Step Functions: a Standard workflow pays for each state that is entered. A step of a segment enters four (it
  works, saves its answer, asks whether it is done, goes on or ends), a run four more, and each segment is a
  workflow of its own, whose start is counted as one.
- Lambda: a request for each step, and memory times the time that the steps take.
- S3: each step's answer is stored once, and read twice: for the summary, and by whoever follows the run.
- The trail: each write of an item, each page of a read and each call of the function is a data event. These
  and the calls of KMS, whose first copy is free, also go to CloudWatch Logs, which asks for their bytes.

Free tiers, storage, metrics, X-Ray and retries are left out. Where a number was measured it can be given, and
takes the place of the rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from typing import Any

from client.prices import Prices, load_prices

__all__ = ["Cost", "CostLine", "Prices", "cost_of", "load_prices", "seconds_of"]

_KIB = 1024
_READ_UNIT_BYTES = 4 * _KIB
_WRITE_UNIT_BYTES = _KIB
_PAGE_BYTES = 1024 * _KIB
_STATES_PER_STEP = 4
_STATES_PER_RUN = 4
_CALLS_PER_RUN = 2
# The active branch key to write under, and a version to read: of one tenant, once in a step.
_KEYS_PER_STEP = 2
_EVENT_BYTES = 1600
_GIGABYTE = 10**9
_MEGABYTES_PER_GB = 1024
#: Seconds of the function for a record that is only looked at, and for one that is rewritten, where no
#: measured time is given.
SECONDS_PER_SEEN = Decimal("0.0001")
SECONDS_PER_REWRITTEN = {"record": Decimal("0.004"), "tenant": Decimal("0.002")}
STRATEGIES = tuple(SECONDS_PER_REWRITTEN)
# Enough for every quantity and price there can be: nothing in here is rounded but units, up, on purpose.
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class CostLine:
    """One kind of thing that is paid for.

    Parameters
    ----------
    name
        Of the price, as in prices.json.
    quantity
        How many units.
    unit
        What one is.
    money
        What they cost, not rounded.
    """

    name: str
    quantity: Decimal
    unit: str
    money: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """What a re-encryption uses, line by line, and costs.

    Parameters
    ----------
    lines
        One for each price.
    currency
        Of every amount.
    """

    lines: tuple[CostLine, ...]
    currency: str

    @property
    def total(self) -> Decimal:
        """The sum of the lines, not rounded."""
        with localcontext(_EXACT):
            return sum((line.money for line in self.lines), Decimal(0))

    def __getitem__(self, name: str) -> CostLine:
        return next(line for line in self.lines if line.name == name)

    def document(self) -> dict[str, Any]:
        """Return it for JSON; amounts are texts, so that no digit is lost."""
        lines = {
            line.name: {"quantity": _plain(line.quantity), "cost": _plain(line.money)} for line in self.lines
        }
        return {"currency": self.currency, "total": _plain(self.total), "lines": lines}


def cost_of(
    *,
    seen: int,
    rewritten: int,
    bytes_seen: int,
    bytes_rewritten: int,
    strategy: str,
    steps: int,
    segments: int,
    prices: Prices,
    strategy_before: str | None = None,
    kms_calls: int | None = None,
    function_seconds: Decimal | None = None,
    read_units: Decimal | None = None,
    write_units: Decimal | None = None,
    memory_mb: int = 1024,
    trail: bool = True,
) -> Cost:
    """Return what a re-encryption uses and costs.

    Parameters
    ----------
    seen, rewritten
        Records looked at, and of these the ones that are written.
    bytes_seen, bytes_rewritten
        Their sizes, as DynamoDB counts them.
    strategy, strategy_before
        `record` or `tenant`: in which records are written, and were (None: the same).
    steps, segments
        Calls of the function in all, and of how many segments.
    prices
        What a unit costs.
    kms_calls, function_seconds, read_units, write_units
        Where they were measured: they go before the rules above.
    memory_mb
        Of the function.
    trail
        Whether the deployment's trail records data events and hands its events to CloudWatch Logs.

    Raises
    ------
    ValueError
        The strategy is none, or a number is negative.
    """
    before = strategy if strategy_before is None else strategy_before
    if strategy not in STRATEGIES or before not in STRATEGIES:
        raise ValueError(f"a strategy is one of {', '.join(STRATEGIES)}")
    if min(seen, rewritten, bytes_seen, bytes_rewritten, steps, segments) < 0:
        raise ValueError("counts are not negative")
    with localcontext(_EXACT):
        if kms_calls is None:
            kms_calls = _kms_calls(rewritten, steps=steps, strategies=(before, strategy))
        if function_seconds is None:
            function_seconds = seen * SECONDS_PER_SEEN + rewritten * SECONDS_PER_REWRITTEN[strategy]
        if read_units is None:
            # Pages are read eventually consistent.
            read_units = _begun(bytes_seen, _READ_UNIT_BYTES) / 2
        if write_units is None:
            write_units = _write_units(rewritten, bytes_rewritten)
        pages = max(_begun(bytes_seen, _PAGE_BYTES), Decimal(steps))
        calls = steps + _CALLS_PER_RUN
        data_events = rewritten + pages + calls
        quantities = {
            "kms-requests": Decimal(kms_calls),
            "dynamodb-read-units": read_units,
            "dynamodb-write-units": write_units,
            "lambda-requests": Decimal(calls),
            "lambda-gb-seconds": function_seconds * memory_mb / _MEGABYTES_PER_GB,
            "state-transitions": Decimal(steps * _STATES_PER_STEP + segments + _STATES_PER_RUN),
            # The answers, and the plan, the manifest, the lock and the summary.
            "s3-writes": Decimal(steps + 4),
            "s3-reads": Decimal(steps * 2),
            "trail-data-events": data_events if trail else Decimal(0),
            "trail-log-gigabytes": (data_events + kms_calls) * _EVENT_BYTES / _GIGABYTE
            if trail
            else Decimal(0),
        }
        return Cost(tuple(_lines(quantities, prices)), prices.currency)


def seconds_of(
    *,
    function_seconds: Decimal,
    concurrency: int,
    segments: int,
    read_units: Decimal,
    write_units: Decimal,
    read_units_per_second: int | None = None,
    write_units_per_second: int | None = None,
) -> Decimal:
    """Return how long a run takes: as long as the slowest of work, reading and writing.

    Parameters
    ----------
    function_seconds
        Of all steps together.
    concurrency, segments
        How many segments are worked on at once, and how many there are: more than these do not help.
    read_units, write_units
        What the run takes.
    read_units_per_second, write_units_per_second
        The limits that it keeps to, if any.
    """
    with localcontext(_EXACT):
        longest = function_seconds / max(1, min(concurrency, segments))
        if read_units_per_second:
            longest = max(longest, read_units / read_units_per_second)
        if write_units_per_second:
            longest = max(longest, write_units / write_units_per_second)
        return longest.quantize(Decimal("0.001"), rounding=ROUND_CEILING)


def _kms_calls(rewritten: int, *, steps: int, strategies: tuple[str, str]) -> int:
    each = strategies.count("record")
    return rewritten * each + (steps * _KEYS_PER_STEP if "tenant" in strategies and rewritten else 0)


def _write_units(rewritten: int, size: int) -> Decimal:
    """Whole KiB of each item; of those begun, half a KiB on average."""
    expected = Decimal(size) / _WRITE_UNIT_BYTES + Decimal(rewritten) / 2
    return max(Decimal(rewritten), expected.to_integral_value(rounding=ROUND_CEILING))


def _begun(size: int, unit: int) -> Decimal:
    return Decimal(-(-size // unit))


def _lines(quantities: dict[str, Decimal], prices: Prices) -> Iterator[CostLine]:
    for name, quantity in quantities.items():
        price = prices[name]
        yield CostLine(name, quantity, price.unit, price.of(quantity))


def _plain(number: Decimal) -> str:
    """Write a number with all its digits, without an exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
