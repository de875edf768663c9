"""The arguments of `python -m benchmarks.scale`."""

import argparse
from decimal import Decimal, InvalidOperation

from benchmarks.scale.quotas import SHARE
from benchmarks.scale.workload import MOST_CHILDREN, MOST_SEGMENTS, ORDERS, STRATEGIES, Workload

_MOST_RECORDS = 10**12
_MOST_BYTES = 400 * 1024
_MOST_MS = 100_000
_DEFAULTS = Workload(records=1)
_EXAMPLES = """\
examples:
  python -m benchmarks.scale --records 1e8
      both strategies, default quotas, as many children as these have use for
  python -m benchmarks.scale --records 1e8 --strategy record --ms-per-record 6 --children 200
      with a measured rate: the function's time, by the records that it rewrote in it
  python -m benchmarks.scale --records 3e9 --quotas raised --largest-share 0.02 --order interleaved
  python -m benchmarks.scale --records 1e6 --simulate --seed 7
      estimated, and then simulated event by event (up to ten million records)
  make scale
      write all tables of docs/scale.md anew
"""


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    top = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description="How long it takes to re-encrypt a table, what holds it up, and what it costs. With "
        "--records, prints a row for each strategy; without, all tables of docs/scale.md.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    document = top.add_mutually_exclusive_group()
    document.add_argument("--write", action="store_true", help="write the tables into docs/scale.md")
    document.add_argument(
        "--check", action="store_true", help="exit code 1 if docs/scale.md is not up to date"
    )
    _add_workload(top.add_argument_group("what is re-encrypted"))
    _add_run(top.add_argument_group("how"))
    return top


def _add_workload(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--records", type=_count(_MOST_RECORDS), metavar="N", help="how many, such as 1e8")
    group.add_argument(
        "--strategy", choices=STRATEGIES, help="in which records are, and stay (default: one row for each)"
    )
    group.add_argument(
        "--record-bytes",
        type=_count(_MOST_BYTES),
        default=_DEFAULTS.record_bytes,
        metavar="N",
        help="average size of an item: the table's bytes by its items (default %(default)s)",
    )
    group.add_argument(
        "--tenants",
        type=_count(_MOST_RECORDS),
        default=_DEFAULTS.tenants,
        metavar="N",
        help="how many (default %(default)s)",
    )
    group.add_argument(
        "--largest-share",
        type=_share,
        default=_DEFAULTS.largest_share,
        metavar="X",
        help="how much of the table the largest tenant holds, 0 to 1 (default %(default)s)",
    )
    group.add_argument(
        "--ms-per-record",
        type=_milliseconds,
        metavar="MS",
        help="function time for a record that is read and rewritten, measured (default: as `sealed` has it)",
    )


def _add_run(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--children",
        "--concurrency",
        type=_count(MOST_CHILDREN),
        metavar="N",
        help=f"at once, up to {MOST_CHILDREN:,} (default: the fewest that are hardly slower than more)",
    )
    group.add_argument(
        "--segments",
        type=_count(MOST_SEGMENTS),
        metavar="N",
        help="of the table (default: the planner's rule)",
    )
    group.add_argument(
        "--order", choices=ORDERS, default=ORDERS[0], help="of segments in the manifest (default %(default)s)"
    )
    group.add_argument(
        "--quotas",
        choices=("default", "raised"),
        default="default",
        help="as an account begins, or raised: see benchmarks/scale/quotas.json (default %(default)s)",
    )
    group.add_argument(
        "--quota-share",
        type=_share,
        default=SHARE,
        metavar="X",
        help="how much of a quota the run may take; the API has the rest (default %(default)s)",
    )
    group.add_argument("--prices", metavar="FILE", help="other prices, in the form of client/prices.json")
    group.add_argument("--simulate", action="store_true", help="simulate the run too")
    group.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the simulation (default %(default)s)"
    )


class _count:  # noqa: N801 - argparse calls it like a function
    """A whole number from 1, also written as 1e8."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, text: str) -> int:
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal(0)
        if not number.is_finite() or not 1 <= number <= self._most or number != int(number):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {self._most:,}")
        return int(number)


def _milliseconds(text: str) -> float:
    return _number(text, most=_MOST_MS, what="milliseconds")


def _share(text: str) -> float:
    return _number(text, most=1, what="a share")


def _number(text: str, *, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}: more than 0, at most {most:,}")
    return number
