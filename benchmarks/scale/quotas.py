"""The quotas that bound a run, from quotas.json, each with the page it is from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("quotas.json")

#: Of what the account, the Region or the table shares with others, a run may take so much.
SHARE = 0.8
#: What a quota has to be to be shared: the API goes on while a run is at work.
_SHARED = frozenset(
    {
        "kms-requests",
        "table-write-units",
        "table-read-units",
        "partition-write-units",
        "partition-read-units",
        "lambda-concurrency",
        "execution-starts",
        "state-transitions",
    }
)


@dataclass(frozen=True, slots=True)
class Quotas:
    """Quotas in force.

    Parameters
    ----------
    values
        By their names in quotas.json.
    bursts
        What a bucket holds, where the page tells it.
    share
        How much of a shared quota a run may take.
    """

    values: Mapping[str, float]
    bursts: Mapping[str, float]
    share: float = SHARE

    def __getitem__(self, name: str) -> float:
        """What the run may take of it."""
        return self.values[name] * (self.share if name in _SHARED else 1)

    def burst(self, name: str) -> float:
        """What may be taken at once; a second's worth where nothing is known."""
        return self.bursts.get(name, self.values[name]) * (self.share if name in _SHARED else 1)

    def with_raised(self, name: str) -> "Quotas":
        """The same with one quota raised."""
        return replace(self, values={**self.values, name: described()[name]["raised"]})


def described() -> dict[str, dict[str, Any]]:
    """What is known of each quota."""
    quotas: dict[str, dict[str, Any]] = _document()["quotas"]
    return quotas


def looked_up() -> tuple[str, str]:
    """When, and how."""
    document = _document()
    return document["looked_up"], document["how"]


def load(kind: str, *, share: float = SHARE) -> Quotas:
    """Return the quotas.

    Parameters
    ----------
    kind
        `default`: as an account in most Regions begins; `raised`: as they may become by asking.
    share
        How much of a shared quota a run may take.
    """
    quotas = described()
    bursts = {name: quota["burst"] for name, quota in quotas.items() if "burst" in quota}
    return Quotas({name: quota[kind] for name, quota in quotas.items()}, bursts, share)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_FILE.read_text())
    return document
