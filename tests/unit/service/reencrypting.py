"""Calls of the function that encrypts records anew, as the state machine makes them."""

from dataclasses import dataclass
from typing import Any

from envelope.item_header import parse_header
from tests.unit.service.functions import LambdaContext, Tenants

RUN = "20261125T080000Z-0a1b2c3d"
PLENTY = 900_000
#: Stands in the records of the fixture `old`.
SECRET = "plain-marker"


def provider(item: dict[str, Any]) -> str:
    """What wraps a record's data key."""
    (entry,) = parse_header(item["aws_dbe_head"]["B"]).encrypted_data_keys
    return entry.provider_id


@dataclass
class Reencrypting:
    """The function, in a deployment of some strategy, and the tables that it works on."""

    function: Any
    tenants: Tenants

    def call(
        self, *, start_key: Any = None, step: int = 1, milliseconds: int = PLENTY, **changes: Any
    ) -> dict[str, Any]:
        """One call on a segment; changes of the job are given by name, those of its filter too."""
        job: dict[str, Any] = {
            "dry_run": False,
            "segments": 1,
            "read_units_per_second": None,
            "write_units_per_second": None,
            "seconds": 780,
        }
        segment = changes.pop("segment", 0)
        chosen = {name: value for name, value in changes.items() if name not in job}
        job |= {name: value for name, value in changes.items() if name in job}
        event = {
            "run": RUN,
            "job": {**job, "filter": chosen},
            "segment": segment,
            "start_key": start_key,
            "step": step,
        }
        answer: dict[str, Any] = self.function.handler(event, LambdaContext(milliseconds=milliseconds))
        return answer

    def counts(self, **changes: Any) -> dict[str, int]:
        """The numbers of a call that are not 0."""
        counts: dict[str, int] = self.call(**changes)["counts"]
        return {name: count for name, count in counts.items() if count}

    @property
    def store(self) -> Any:
        """What the function works with by itself."""
        return self.function._container.own.store
