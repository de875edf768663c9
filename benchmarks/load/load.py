"""The load from its beginning to its end: callers, warm-up, steps of rising rate, verification."""

import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from random import Random

from benchmarks.load import processes
from benchmarks.load.arguments import Options
from benchmarks.load.callers import Caller, NoAnswerError, connections
from benchmarks.load.deployment import Deployment
from benchmarks.load.driver import drive
from benchmarks.load.operations import Operations
from benchmarks.load.plan import CREATE, PAGE, READ, Arrival, arrivals, planned, rates
from benchmarks.load.processes import Snapshot
from benchmarks.load.records import Records
from benchmarks.load.results import Run
from benchmarks.load.steps import Step, saturated, step_of
from benchmarks.load.verification import verify
from benchmarks.peers.machine import machine

_RECORDS_BEFORE = 4
_WARMING = 8
_SAMPLE_OF_OTHERS = 20
_EXISTS = (201, 409)
_WARMING_SECONDS = 60.0
#: Reading takes a part of the time that writing took; of a short load it is the machine that may be slow.
_VERIFYING_AT_LEAST = 60.0
#: Is told how many seconds of steps are over, and what is being done.
Tell = Callable[[float, str], None]


class LoadError(Exception):
    """The load could not begin."""


def load(deployment: Deployment, chosen: Options, *, command: str, tell: Tell = lambda _, __: None) -> Run:
    """Put a deployment under load, and return what came of it.

    Raises
    ------
    LoadError
        If branch keys or the first records cannot be created.
    """
    # Before it begins: afterwards the machine's load is its own.
    before = machine()
    tenants = [f"load-{number}" for number in range(chosen.tenants)]
    tell(0, "making callers and branch keys")
    callers = _callers(deployment, tenants, chosen)
    records = Records(tenants)
    operations = Operations(tenants, callers, records)
    tell(0, "warming up")
    _warm_up(operations, chosen)
    steps, snapshots = _steps(deployment, operations, chosen, tell)
    tell(chosen.seconds, "reading every record back")
    verification = verify(
        records,
        callers,
        tenants=tenants,
        sample=_SAMPLE_OF_OTHERS,
        seconds=max(_VERIFYING_AT_LEAST, chosen.seconds / 2),
    )
    return Run(
        command=command,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        options=chosen,
        machine={**before, "Python": platform.python_version(), "moto": version("moto")},
        steps=tuple(steps),
        snapshots=tuple(snapshots),
        verification=verification,
    )


def _callers(deployment: Deployment, tenants: Sequence[str], chosen: Options) -> dict[str, Caller]:
    address, shared = deployment.address(), connections(chosen.outstanding)

    def caller(key: tuple[str, str]) -> Caller:
        return Caller(address.url, key, region=address.region, connections=shared)

    if chosen.strategy == "tenant":
        operator = caller(deployment.operator_key())
        for tenant in tenants:
            try:
                answer = operator.call("PUT", f"/branch-keys/{tenant}")
            except NoAnswerError as error:
                raise LoadError(
                    f"the branch key of {tenant} cannot be created: no answer ({error})"
                ) from error
            if answer.status not in _EXISTS:
                raise LoadError(f"the branch key of {tenant} cannot be created: {answer.told}")
    return {tenant: caller(deployment.tenant_key(tenant)) for tenant in tenants}


def _warm_up(operations: Operations, chosen: Options) -> None:
    """Give every tenant a few records, and read: many at once, so that every process is started."""
    random = Random(f"{chosen.seed} warm-up")  # noqa: S311 - it is to be the same again
    deadline = time.monotonic() + _WARMING_SECONDS

    def warm(arrival: Arrival) -> str:
        if time.monotonic() >= deadline:
            return f"{arrival.kind}: not sent, since {_WARMING_SECONDS:.0f} s are over"
        return operations.carry_out(arrival).error

    for kind in (CREATE, READ, PAGE):
        wanted = [
            planned(0.0, random, tenants=chosen.tenants, kind=kind)
            for _ in range(_RECORDS_BEFORE * chosen.tenants)
        ]
        with ThreadPoolExecutor(max_workers=_WARMING) as pool:
            failed = [error for error in pool.map(warm, wanted) if error]
        if failed:
            raise LoadError(f"the warm-up failed {len(failed)} times, first with {failed[0]}")


def _steps(
    deployment: Deployment, operations: Operations, chosen: Options, tell: Tell
) -> tuple[list[Step], list[Snapshot]]:
    """Drive steps until one does not hold twice, or the time is over."""
    steps: list[Step] = []
    snapshots = [_snapshot(deployment)]
    began = time.monotonic()
    last, held = "first step", True
    for rate in rates(first=chosen.first_rate, factor=chosen.factor, steps=chosen.steps):
        # One that does not hold is tried again: a machine that hiccups once is not saturated.
        for again in ("", " again"):
            over = time.monotonic() - began
            if steps and over + chosen.step_seconds > chosen.seconds:
                return steps, snapshots
            tell(over, f"{rate:.1f} requests/s{again} ({last})")
            step = drive_step(operations, rate, chosen, seed=f"{chosen.seed} {rate}{again}")
            steps.append(step)
            snapshots.append(_snapshot(deployment))
            last = f"{step.achieved:.1f}/s before, p99 {step.latencies.p99 * 1000:,.0f} ms"
            held = not saturated(step, chosen.limits)
            if held:
                break
        if not held:
            break
    return steps, snapshots


def drive_step(operations: Operations, rate: float, chosen: Options, *, seed: str) -> Step:
    """Drive one step, and sum it up. What is late is sent as long as its answer could still count."""
    samples = drive(
        arrivals(rate, seconds=chosen.step_seconds, tenants=chosen.tenants, seed=seed),
        operations.carry_out,
        seconds=chosen.step_seconds + chosen.limits.seconds,
        outstanding=chosen.outstanding,
    )
    return step_of(samples, rate=rate, seconds=chosen.step_seconds, limits=chosen.limits)


def _snapshot(deployment: Deployment) -> Snapshot:
    return processes.snapshot(deployment.function_processes(), emulator=deployment.process_id())
