"""The parts of the benchmarks beside the cases, in the order in which they are measured."""

from benchmarks.peers.sheets import Part

PARTS: tuple[Part, ...] = ()
