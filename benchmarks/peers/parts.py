"""The parts of the benchmarks beside the cases, in the order in which they are measured."""

from benchmarks.costs import memory, requests, startup, synthesis
from benchmarks.peers.sheets import Part

PARTS: tuple[Part, ...] = (startup.PART, requests.PART, memory.PART, synthesis.PART)
