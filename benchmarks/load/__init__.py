"""A bounded load on the deployed API in the embedded AWS: `make load` writes docs/benchmarks/load.md.

What must stay true: requests come when they are planned, however long the ones before take, and latency
counts from the planned time; what a record must hold is known from answers alone; a write whose answer was
lost leaves two possibilities, and its record is not written again; nothing that failed is left out of a
verdict.
"""
