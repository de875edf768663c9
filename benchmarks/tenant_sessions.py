"""What a tenant's session costs: time with and without, calls of STS, memory. `make sessions` prints it.

The functions' own code runs in this process, with the deployed settings and roles, against the embedded AWS.
TLS is not spoken: what the connections to AWS cost comes on top.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from local.embedded import EmbeddedAws
from tests.local.tenant_compartments import InProcess, started

READS, NEW, KEPT, LOOKS = 300, 20, 100, 100_000


def main() -> None:
    """Measure, and print."""
    with EmbeddedAws(settings={"tenant_sessions_changing": True}) as aws:
        store = _prepare(aws)
        for strategy in ("record", "tenant"):
            aws.change_settings({"key_strategy": strategy, "writer_keeps_branch_keys": strategy == "record"})
            store(strategy)
            for sessions in (False, True):
                aws.change_settings({"tenant_sessions": sessions})
                with started(aws, "reader") as reader:
                    _read(reader, strategy)  # which fetches what is fetched once
                    took = median(_timed(lambda: _read(reader, strategy)) for _ in range(READS))  # noqa: B023
                    where = "in a session" if sessions else "by its own role"
                    print(f"strategy {strategy:6}  a read {where:15} {took * 1e3:6.2f} ms, median of {READS}")
        with started(aws, "reader") as reader:
            _sessions(reader)


def _prepare(aws: EmbeddedAws) -> Callable[[str], None]:
    def store(strategy: str) -> None:
        with started(aws, "writer") as writer, started(aws, "tenant-admin") as admin:
            if strategy == "tenant":
                admin.container.of("acme").branch_keys.create("acme")
            path = writer.requests.RecordPath(tenant="acme", record=strategy)
            request = writer.requests.PutRequest(path=path, data={"n": {"N": "1"}}, precondition=None)
            writer.record_writes.put_record(writer.container.of("acme").store, request)

    return store


def _read(reader: InProcess, record: str) -> Any:  # noqa: ANN401 - of the service's own types
    path = reader.requests.RecordPath(tenant="acme", record=record)
    return reader.record_reads.get_record(reader.container.of("acme").store, path)


def _sessions(reader: InProcess) -> None:
    container = reader.container
    before = container.time_limit.sts_calls
    cold = [_timed(lambda number=number: container.of(f"new-{number}")) for number in range(NEW)]  # type: ignore[misc]
    calls = container.time_limit.sts_calls - before
    print(f"cold: {median(cold) * 1e3:.0f} ms, median of {NEW} tenants; {calls} calls of STS")
    looks = _timed(lambda: [container.of("new-0") for _ in range(LOOKS)])
    print(f"warm: {looks / LOOKS * 1e6:.2f} microseconds, mean of {LOOKS:,}")
    gc.collect()
    resident = _resident_kilobytes()
    for number in range(KEPT - NEW):
        container.of(f"more-{number}")
    gc.collect()
    each = (_resident_kilobytes() - resident) / (KEPT - NEW)
    print(f"memory: {each / 1024:.2f} MB a tenant; {len(container.sessions)} are kept, however many ask")


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _resident_kilobytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
