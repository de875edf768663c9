"""What must hold of a run of the load: memory is flat, nothing fails, every write is kept."""

import os
import subprocess
from dataclasses import replace

import pytest

from benchmarks.load.preconditions import Refusals
from benchmarks.load.processes import Growth, Snapshot, growth, snapshot
from benchmarks.load.results import Run
from benchmarks.load.verdicts import saturation, verdicts
from tests.unit.load_runs import MIB, memory_of, run_of, samples_like, step_of_ten_seconds


def test_each_process_is_compared_with_itself() -> None:
    # In sum they grow by nothing: one is gone and one is new.
    before, after = memory_of(writer=60, reader=70, gone=40), memory_of(writer=63, reader=69, new=38)
    assert growth(before, after) == Growth(2, 3 * MIB, "writer", ended=("gone",), began=1)
    assert growth(memory_of(gone=1), memory_of(new=1)).compared == 0


def test_a_process_that_came_and_ended_between_has_ended() -> None:
    between = memory_of(writer=60, short=400)
    assert growth(memory_of(writer=60), memory_of(writer=60), others=[between]).ended == ("short",)


@pytest.mark.parametrize("ended_in", [1, 2, 3])
def test_memory_is_not_flat_when_a_process_ended_and_was_replaced(ended_in: int) -> None:
    before, after = memory_of(writer=60, leaking=60), memory_of(writer=60, replacing=60)
    seen = [before] * ended_in + [after] * (4 - ended_in)
    steps = [step_of_ten_seconds(samples_like(100), rate=rate) for rate in (5, 6, 7)]
    [memory] = [verdict for verdict in verdicts(run_of(steps, seen)) if "memory" in verdict.name]
    assert not memory.holds
    assert memory.figures.endswith("; ended: leaking")


def test_own_memory_and_processor_time_are_read() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    before = snapshot({"function": [os.getpid(), ended.pid]}, emulator=os.getpid())
    assert list(before.functions) == [f"function {os.getpid()}"]
    kept = bytearray(os.urandom(32 * MIB))
    while (
        snapshot({}, emulator=os.getpid()).emulator.processor_seconds
        < before.emulator.processor_seconds + 0.05
    ):
        pass
    after = snapshot({"function": [os.getpid()]}, emulator=os.getpid())
    assert growth(before, after).most_bytes > 30 * MIB
    assert len(kept) == 32 * MIB


def _short(run: Run) -> list[str]:
    return [verdict.name for verdict in verdicts(run) if not verdict.holds]


def test_a_run_of_which_all_holds() -> None:
    assert _short(run_of()) == []
    assert saturation(run_of()) == "not saturated at 7.0 requests/s, the last step that time allowed"


def test_errors_below_saturation_fall_short_and_others_do_not() -> None:
    good, late = samples_like(100), samples_like(100, latency=2.0, error="read: 503 throttled")
    memory = [memory_of(writer=60)] * 4
    over = run_of(
        [
            step_of_ten_seconds(good, rate=5),
            step_of_ten_seconds(late, rate=7),
            step_of_ten_seconds(late, rate=7),
        ],
        memory,
    )
    assert _short(over) == []
    assert saturation(over) == "saturated above 5.0 requests/s, at 7.0"
    repeated = run_of(
        [
            step_of_ten_seconds(good, rate=5),
            step_of_ten_seconds(late, rate=7),
            step_of_ten_seconds(good, rate=7),
        ],
        memory,
    )
    assert _short(repeated) == ["no errors below saturation"]


def test_a_run_that_holds_no_rate_falls_short() -> None:
    late = step_of_ten_seconds(samples_like(100, latency=2.0))
    assert _short(run_of([late, late])) == ["a rate is held", "no errors below saturation"]


def test_an_answer_that_contradicts_falls_short_at_any_rate() -> None:
    late = samples_like(100, latency=2.0, error="replace: 412 revision-mismatch", wrong=True)
    run = run_of([step_of_ten_seconds(samples_like(100), rate=5), step_of_ten_seconds(late, rate=7)])
    assert _short(run) == ["no answer contradicts what was acknowledged, at any rate"]


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [
        # Growth before the end of the first step is warming up.
        (memory_of(writer=60), memory_of(writer=60), True),
        (memory_of(writer=60), memory_of(writer=68), True),
        (memory_of(writer=60), memory_of(writer=69), False),
        (memory_of(writer=60, reader=60), memory_of(writer=50, reader=69), False),
        (memory_of(writer=60), memory_of(writer=60, emulator=900), True),
        (memory_of(writer=60), memory_of(other=60), False),
    ],
)
def test_memory_is_flat_if_no_process_grows_by_more_than_its_bound(
    first: Snapshot, last: Snapshot, *, holds: bool
) -> None:
    run = run_of(snapshots=[memory_of(writer=20), first, last])
    run = replace(run, options=replace(run.options, flat_bytes=8 * MIB))
    assert ("the functions' memory is flat" not in _short(run)) is holds


def test_memory_is_not_called_flat_after_one_step() -> None:
    run = run_of([step_of_ten_seconds(samples_like(100))], [memory_of(writer=60), memory_of(writer=60)])
    assert _short(run) == ["the functions' memory is flat"]


@pytest.mark.parametrize(
    "changes", [{"verified": 49}, {"findings": ("load-1/r-1 is there",)}, {"acknowledged": 0, "verified": 0}]
)
def test_a_write_that_is_not_verified_falls_short(changes: dict[str, object]) -> None:
    assert _short(run_of(**changes)) == ["every acknowledged write is verified"]


@pytest.mark.parametrize(
    "outdated",
    [
        (),
        (Refusals("replacements", refused=49, tried=50),),
        (Refusals("replacements", refused=50, tried=50), Refusals("deletions", refused=0, tried=0)),
    ],
)
def test_an_outdated_write_that_is_not_refused_or_not_tried_falls_short(
    outdated: tuple[Refusals, ...],
) -> None:
    assert _short(run_of(outdated=outdated)) == ["every write whose precondition does not hold is refused"]


@pytest.mark.parametrize("changes", [{"refused": 4}, {"refused": 0, "tried": 0}])
def test_another_tenant_that_is_not_refused_falls_short(changes: dict[str, object]) -> None:
    assert _short(run_of(**changes)) == ["every read by another tenant is refused"]
