"""State machines run here as Step Functions runs them: maps, loops, tries, thresholds, stops."""

import json
import time
from threading import enumerate as threads
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from tests.local.stepfunctions_stack import MOMENTS, Stack, deployed


@pytest.fixture
def stack(aws: EmbeddedAws) -> Stack:
    return deployed(aws)


def test_a_distributed_map_works_on_many_items_side_by_side(stack: Stack) -> None:
    execution, ended = stack.run(["sleep:0.2"] * 20, concurrency=10)
    assert ended["status"] == "SUCCEEDED"
    results = stack.results()
    assert sorted(results) == [f"results/{number:07d}/00001.json" for number in range(20)]
    spans = [(each["began"], each["ended"]) for each in results.values()]
    assert any(one < other < end for one, end in spans for other, _ in spans)
    counts = stack.map_run(execution)
    assert counts["status"] == "SUCCEEDED"
    assert counts["maxConcurrency"] == 10
    assert {name: counts["itemCounts"][name] for name in ("total", "succeeded", "pending", "running")} == {
        "total": 20,
        "succeeded": 20,
        "pending": 0,
        "running": 0,
    }
