"""A program that calls the same functions with and without encryption in turn, and prints what calls took.

Standard input holds the functions' `environment`, and `rounds`. The last line printed
has, by request and contender, processor times in seconds, and calls of AWS's services in all rounds.
"""

import importlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from benchmarks.costs import events
from benchmarks.costs.events import Event
from benchmarks.costs.one_function import call
from benchmarks.costs.plaintext import without_encryption
from benchmarks.peers.rounds import in_turn

#: How many records a page has, and in which round one is asked for: it takes as long as many requests.
PAGE, PAGE_ROUNDS = 25, 10
PAGE_REQUEST = f"GET, page of {PAGE}"
PLAINTEXT, BY_TENANT, BY_RECORD = "plaintext", "strategy tenant", "strategy record"
#: What is asked, by its name: which function, and the event in a round.
REQUESTS: dict[str, tuple[str, Callable[[str, int], Event]]] = {
    "GET": ("reader", lambda tenant, _: events.get(tenant, "0")),
    "PUT, creates": ("writer", lambda tenant, number: events.put(tenant, f"new-{number}")),
    "PUT, replaces": ("writer", lambda tenant, _: events.put(tenant, "0")),
    PAGE_REQUEST: ("reader", lambda tenant, _: events.page(tenant, limit=PAGE)),
}


class StorageError(Exception):
    """What lies in the table is not as the contender says."""


@dataclass(slots=True)
class Service:
    """Writer and reader of one kind, with records of a tenant of their own."""

    name: str
    tenant: str
    functions: dict[str, ModuleType]
    calls: Counter[str] = field(default_factory=Counter)

    def request(self, request: str, number: int) -> dict[str, Any]:
        """Make a request."""
        function, event = REQUESTS[request]
        return call(self.functions[function].handler, event(self.tenant, number), name=self.name)


def main() -> None:
    """Measure, and print."""
    told = json.load(sys.stdin)
    os.environ.update(told["environment"])
    calls = counted_calls()
    services = [
        load(PLAINTEXT, "plain", strategy="tenant"),
        load(BY_TENANT, "acme", strategy="tenant"),
        load(BY_RECORD, "by-record", strategy="record"),
    ]
    for service in services:
        prepare(service)
    seconds: dict[str, dict[str, list[float]]] = {
        request: {service.name: [] for service in services} for request in REQUESTS
    }
    counts: dict[str, dict[str, Counter[str]]] = {
        request: {service.name: Counter() for service in services} for request in REQUESTS
    }
    for number in range(told["rounds"]):
        for request in REQUESTS:
            if request == PAGE_REQUEST and number % PAGE_ROUNDS:
                continue
            for service in in_turn(services, number):
                calls.clear()
                began = time.process_time()
                service.request(request, number)
                seconds[request][service.name].append(time.process_time() - began)
                counts[request][service.name].update(calls)
    print()
    print(json.dumps({"seconds": seconds, "calls": counts}))


def counted_calls() -> Counter[str]:
    """Return the calls of services of all clients that are made from now on, counted as they are made."""
    import boto3  # noqa: PLC0415 - with it the clients' modules are imported
    import botocore.session  # noqa: PLC0415

    calls: Counter[str] = Counter()

    def count(**told: Any) -> None:  # noqa: ANN401 - botocore's event
        calls[told["model"].service_model.service_name] += 1

    session = botocore.session.get_session()
    session.register("before-call", count)
    boto3.setup_default_session(botocore_session=session)
    return calls


def load(name: str, tenant: str, *, strategy: str) -> Service:
    """Load the functions anew, as a container of its own would."""
    os.environ["KEY_STRATEGY"] = strategy
    functions = {}
    for function in ("writer", "reader"):
        sys.modules.pop(f"service.{function}", None)
        loaded = importlib.import_module(f"service.{function}")
        functions[function] = without_encryption(loaded) if name == PLAINTEXT else loaded
    return Service(name, tenant, functions)


def prepare(service: Service) -> None:
    """Store a page of records and read them, so that all is warm; see that they are kept as they should be.

    Raises
    ------
    StorageError
        An attribute is in plaintext where it should not be, or is not where it should.
    """
    for number in range(PAGE):
        call(
            service.functions["writer"].handler,
            events.put(service.tenant, str(number)),
            name=service.name,
        )
    for request in REQUESTS:
        answer = service.request(request, -1)
    if len(json.loads(answer["body"])["records"]) != PAGE:
        raise StorageError(f"{service.name}: the page has not all records")
    read = json.loads(service.request("GET", 0)["body"])
    store = service.functions["reader"]._container.own.store
    key = {"tenant": {"S": service.tenant}, "record": {"S": "0"}}
    item = store.client.get_item(TableName=store.table, Key=key)["Item"]
    in_clear = [name for name, value in events.RECORD.items() if item[name] == {"S": value}]
    expected = [name for name, value in events.RECORD.items() if isinstance(value, str)]
    if read != events.RECORD or in_clear != (expected if service.name == PLAINTEXT else []):
        raise StorageError(f"{service.name}: in plaintext are {in_clear}")


if __name__ == "__main__":
    main()
