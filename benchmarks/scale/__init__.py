"""How re-encryption behaves from 10^3 to 10^10 records: `make scale` writes docs/scale.md.

estimate.py says it in closed form, simulation.py lets it happen; a test holds the one against the other.
What must stay true: numbers that were assumed, quotas that were read, and results that were computed are told
apart, and none of them is typed into the document by hand.
"""
