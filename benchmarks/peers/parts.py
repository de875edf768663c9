"""The parts of the benchmarks beside the cases, in the order in which they are measured."""

from benchmarks.costs import memory, requests, startup, synthesis
from benchmarks.peers import record_cost, record_overhead, stream_memory, stream_speed
from benchmarks.peers.sheets import Part

PARTS: tuple[Part, ...] = (
    stream_speed.PART,
    stream_memory.PART,
    record_cost.PART,
    record_overhead.PART,
    startup.PART,
    requests.PART,
    memory.PART,
    synthesis.PART,
)
