"""What a run will cost and how long it will take, by what its dry run found.

A dry run makes every call of KMS that the run will make, and reads what it will read: these are taken as they
were measured. What it does not do is write: write units follow from the sizes of the records, and the time
that writing takes is not in it, so the time is a least one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from client.costs import Cost, Prices, cost_of, seconds_of
from client.rundisplay import duration
from client.runreport import print_cells, print_pairs
from client.runresults import Document, Tally

_MEMORY_MB = 1024
_CONCURRENCY = 10
_OTHERS = (1, 10, 100, 1000)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a dry run says about the run.

    Parameters
    ----------
    cost
        Of the run.
    seconds
        How long it takes at least, by how many segments are worked on at once.
    prices
        At which it was reckoned.
    """

    cost: Cost
    seconds: Mapping[int, Decimal]
    prices: Prices

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "prices": {"region": self.prices.region, "date": self.prices.date},
            "memory_mb": _MEMORY_MB,
            "cost": self.cost.document(),
            "seconds_at_concurrency": {str(number): float(time) for number, time in self.seconds.items()},
        }


def estimate(tally: Tally, *, plan: Document | None, job: Document | None, prices: Prices) -> Estimate:
    """Reckon what a run will cost and how long it takes.

    Parameters
    ----------
    tally
        Of the dry run's answers.
    plan
        Of the dry run.
    job
        What the dry run was started with: concurrency and limits.
    prices
        What a unit costs.
    """
    job = job or {}
    counts = tally.counts
    segments = _whole((plan or {}).get("segments")) or max(1, len(tally.segments_done))
    cost = cost_of(
        seen=counts["seen"],
        rewritten=counts["rewritten"],
        bytes_seen=tally.bytes_seen,
        bytes_rewritten=tally.bytes_rewritten,
        strategy="record",  # decides nothing where the calls of KMS were counted
        steps=tally.steps,
        segments=segments,
        prices=prices,
        kms_calls=tally.kms_calls,
        function_seconds=tally.function_seconds,
        read_units=tally.read_units,
        memory_mb=_MEMORY_MB,
    )
    asked = _whole(job.get("concurrency")) or _CONCURRENCY
    seconds = {
        number: seconds_of(
            function_seconds=tally.function_seconds,
            concurrency=number,
            segments=segments,
            read_units=tally.read_units,
            write_units=cost["dynamodb-write-units"].quantity,
            read_units_per_second=_whole(job.get("read_units_per_second")),
            write_units_per_second=_whole(job.get("write_units_per_second")),
        )
        for number in sorted({asked, *(other for other in _OTHERS if other <= segments)})
    }
    return Estimate(cost, seconds, prices)


def print_estimate(found: Estimate, *, rewritten: int, seen: int) -> None:
    """Print what a run will cost and how long it takes, as tables."""
    cost, prices = found.cost, found.prices
    print_pairs([("to rewrite", f"{rewritten} of {seen} records")])
    print_cells(
        ("to pay for", "quantity", "of", prices.currency),
        [(line.name, _amount(line.quantity), line.unit, _money(line.money)) for line in cost.lines]
        + [("total", "", f"{prices.region}, {prices.date}, {_MEMORY_MB} MB of memory", _money(cost.total))],
    )
    print_cells(
        ("segments at once", "takes at least"),
        [(number, duration(float(time))) for number, time in found.seconds.items()],
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _amount(quantity: Decimal) -> str:
    return f"{quantity.quantize(Decimal('0.1')):f}".removesuffix(".0")


def _money(amount: Decimal) -> str:
    """Write an amount in cents, begun ones in full."""
    if 0 < amount < _CENT:
        return f"< {_CENT}"
    return f"{amount.quantize(_CENT, rounding=ROUND_CEILING):f}"
