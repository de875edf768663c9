"""The arguments of `python -m benchmarks.load`."""

import argparse
from dataclasses import dataclass, field

from benchmarks.load.steps import Limits

STRATEGIES = ("record", "tenant")
_EXAMPLES = """\
examples:
  python -m benchmarks.load
      until it saturates, in three to four minutes: a table of steps, and verdicts
  python -m benchmarks.load --quick
      a minute at low rates, to see that it works
  python -m benchmarks.load --strategy record --tenants 100 --first-rate 10 --json run.json
  make load
      the same as the first, and writes docs/benchmarks/load.md
exit codes: 0: every verdict holds; 1: one falls short; 2: an argument is wrong, or this is not Linux;
130: interrupted
"""


@dataclass(frozen=True, slots=True)
class Options:
    """How the load is laid out. Rates are requests per second.

    Attributes
    ----------
    seconds
        No step begins that would end later than so long after the first began.
    outstanding
        How many requests may be under way at once.
    flat_bytes
        By how much a function's process may grow, from the end of the first step to the end of the last.
    """

    strategy: str = "tenant"
    tenants: int = 20
    first_rate: float = 5.0
    factor: float = 1.4
    steps: int = 14
    step_seconds: float = 12.0
    seconds: float = 200.0
    outstanding: int = 64
    limits: Limits = field(default_factory=Limits)
    flat_bytes: int = 4 * 1024**2
    seed: int = 1


_USUAL = Options()
QUICK = Options(tenants=4, steps=5, step_seconds=4.0, seconds=30.0)


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    top = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description="Reads and writes of many tenants at rising rates, on the deployed API in the embedded "
        "AWS, until it saturates; then every record is read back and compared with what was acknowledged, "
        "and writes of superseded revisions are tried, which must be refused.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--quick", action="store_true", help="few and short steps; other options change them")
    top.add_argument("--json", metavar="FILE", help="write all figures into a file")
    top.add_argument(
        "--write",
        action="store_true",
        help="write the tables of docs/benchmarks/load.md, by the default layout only",
    )
    top.add_argument("--strategy", choices=STRATEGIES, help=f"key strategy (default {_USUAL.strategy})")
    _add_numbers(top.add_argument_group("how the load is laid out"))
    return top


def _add_numbers(group: "argparse._ArgumentGroup") -> None:
    described = (
        ("tenants", _whole(1, 1_000), "N", f"how many (default {_USUAL.tenants})"),
        ("first-rate", _number(0.1, 10_000), "RATE", f"of the first step (default {_USUAL.first_rate:g})"),
        ("factor", _number(1.01, 10), "X", f"from each rate to the next (default {_USUAL.factor})"),
        ("steps", _whole(1, 100), "N", f"at most, if it never saturates (default {_USUAL.steps})"),
        ("step-seconds", _number(0.5, 600), "S", f"length of a step (default {_USUAL.step_seconds:g})"),
        ("seconds", _number(1, 3_600), "S", f"for all steps together, at most (default {_USUAL.seconds:g})"),
        ("outstanding", _whole(1, 500), "N", f"requests at once, at most (default {_USUAL.outstanding})"),
        ("p99-ms", _number(1, 60_000), "MS", "saturated above (default 1000)"),
        ("seed", _whole(0, 2**32), "N", f"of what comes when (default {_USUAL.seed})"),
    )
    for name, kind, metavar, text in described:
        group.add_argument(f"--{name}", type=kind, metavar=metavar, help=text)


def contradiction(given: argparse.Namespace) -> str:
    """Say what is wrong with arguments that are each right by themselves; empty if nothing is."""
    chosen, usual = options(given), Options()
    if chosen.seconds < chosen.step_seconds:
        return f"--seconds: {chosen.seconds:g} s are shorter than one step of {chosen.step_seconds:g} s"
    changed = [name for name in Options.__slots__ if getattr(chosen, name) != getattr(usual, name)]
    if given.write and changed:
        return (
            "--write: docs/benchmarks/load.md is of a run by the default layout: "
            f"leave --write away, or what changes {', '.join(changed)}"
        )
    return ""


def options(given: argparse.Namespace) -> Options:
    """Return what was asked for; what was not is as usual, or quick."""
    usual = QUICK if given.quick else _USUAL
    changes = {
        name: getattr(given, name)
        for name in ("strategy", *Options.__slots__)
        if getattr(given, name, None) is not None
    }
    limits = usual.limits if given.p99_ms is None else Limits(seconds=given.p99_ms / 1000)
    return Options(
        **{**{name: getattr(usual, name) for name in Options.__slots__}, **changes, "limits": limits}
    )


class _number:  # noqa: N801 - argparse calls it like a function
    """A number within bounds."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not self._least <= number <= self._most:
            message = f"{text!r} is not a number from {self._least:g} to {self._most:,g}"
            raise argparse.ArgumentTypeError(message)
        return number


class _whole(_number):  # noqa: N801
    """A whole number within bounds."""

    def __call__(self, text: str) -> int:
        number = super().__call__(text)
        if number != int(number):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
        return int(number)
