"""Re-encryption whose functions, machine and servers are killed at random: gone on with, it ends complete.

A kill of a function ends its processes in the middle of an event; one of the machine stops the execution; one
of the servers breaks every request to AWS that is under way, carried out or not, and for a moment all others.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from tests.local.names import PREFIX
from tests.local.reencryption_runs import (
    BY_TENANT,
    Runs,
    Table,
    busy,
    check_no_lost_update,
    new_run,
    strategy_tenant_for,
    writes_by_role,
)
from tests.local.test_trail import Archive

TENANTS = [f"killed-{number}" for number in range(4)]
COUNT = 160
#: `make reencryption-kills` asks for 20 rounds: 200 kills. The seeds are the rounds' numbers.
ROUNDS = int(os.environ.get("SEALED_KILL_ROUNDS", "2"))
KILLS = 10
_MOST_EXECUTIONS = 40


@pytest.fixture(scope="module")
def table(aws: EmbeddedAws, branch_keys: Any) -> Iterator[Table]:
    with strategy_tenant_for(aws, branch_keys, TENANTS):
        yield Table(aws)


class Killed:
    """A run that is gone on with whenever it was killed."""

    def __init__(self, aws: EmbeddedAws, *, seed: int) -> None:
        self.aws = aws
        self.kills: Counter[str] = Counter()
        self.runs = Runs(aws)
        self._draw = random.Random(seed)  # noqa: S311 - it is to be the same again
        self._run = new_run()
        self._executions = 0
        self._execution = self._start()

    def until_done(self) -> dict[str, Any]:
        """Kill, and go on with the run, until it is through; return its summary."""
        while True:
            time.sleep(self._draw.uniform(0.02, 0.4))
            described = self.runs.ended(self._execution) if self._enough else self._described()
            match described["status"]:
                case "SUCCEEDED":
                    return self.runs.summary(self._run)
                case "RUNNING":
                    self._kill()
                case _:
                    self._go_on(described)

    @property
    def _enough(self) -> bool:
        return self.kills.total() >= KILLS

    def _described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.aws.client("stepfunctions").describe_execution(
            executionArn=self._execution
        )
        return found

    def _start(self, *, again: bool = False) -> str:
        self._executions += 1
        assert self._executions <= _MOST_EXECUTIONS, self.kills
        # Slow enough to be met at work.
        new = {"segments": 4, "concurrency": 2, "write_units_per_second": 60, "seconds": 1}
        given: dict[str, Any] = {"resume": True} if again else new
        return self.runs.start(execution=f"{self._run}-{self._executions}", run=self._run, **given)

    def _go_on(self, described: dict[str, Any]) -> None:
        # Killed before its plan was written: there is no run yet.
        self._execution = self._start(again="there is no run" not in described.get("cause", ""))

    def _kill(self) -> None:
        kind = self._draw.choice(("functions", "machine", "servers"))
        struck: int
        if kind == "functions":
            struck = sum(self.aws.kill_function(f"{PREFIX}-{name}") for name in ("reencryptor", "planner"))
        elif kind == "servers":
            struck = self.aws.cut_connections(seconds=self._draw.uniform(0, 0.3))
        else:
            self.runs.stop(self._execution)
            struck = self.runs.ended(self._execution)["status"] == "ABORTED"
        self.kills[kind] += bool(struck)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_run_that_is_killed_again_and_again_ends_complete_and_rewrites_each_record_once(
    aws: EmbeddedAws, table: Table, branch_keys: Any, seed: int
) -> None:
    table.empty()
    table.fill(TENANTS, count=COUNT)
    archive = Archive(aws)
    aws.forget_trail()
    aws.hasten_waits(0.05)
    with busy(branch_keys, TENANTS, count=COUNT) as working:
        killed = Killed(aws, seed=seed)
        summary = killed.until_done()
    assert summary["state"] == "complete"
    assert summary["refused_total"] == 0
    check_no_lost_update(working, branch_keys)
    assert set(table.providers()) == {BY_TENANT}
    written = writes_by_role(archive.new(), f"{PREFIX}-reencryptor")
    assert set(written.values()) == {1}
    print(f"seed {seed}: {dict(killed.kills)}")
    table.empty()
