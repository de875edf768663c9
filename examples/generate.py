"""Writes the example records: the same bytes for the same seed, on every machine and Python version.

Run `python examples/generate.py` to write the files of examples/data anew.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from shapes import Draw, contract, patient, payment

DEFAULT_SEED = "sealed"
DEFAULT_FOLDER = Path(__file__).parent / "data"
Shape = Callable[[Draw, int], dict[str, Any]]
FILES: dict[str, tuple[Shape, int]] = {
    "patients": (patient, 220),
    "payments": (payment, 260),
    "contracts": (contract, 90),
}


def json_text(value: object) -> str:
    """Return compact JSON; decimals keep their digits, which the json module would not let them."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(name)}:{json_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def lines(name: str, *, seed: str) -> Iterator[str]:
    """Yield the lines of a file. Each record has its own chance, so changing one shape moves no other."""
    shape, count = FILES[name]
    for number in range(count):
        draw = Draw(f"{seed}/{name}/{number}")
        yield json_text({"record": draw.identifier(), "data": shape(draw, number)}) + "\n"


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(
        description="Write the example records as JSON Lines. Nobody in them is real.",
        epilog="example:  python examples/generate.py --seed another --out /tmp/examples",
    )
    parser.add_argument(
        "--seed", default=DEFAULT_SEED, help=f"the same seed gives the same bytes (default {DEFAULT_SEED})"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_FOLDER,
        metavar="FOLDER",
        help="where to write (default examples/data)",
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        path = arguments.out / f"{name}.jsonl"
        content = "".join(lines(name, seed=arguments.seed)).encode()
        path.write_bytes(content)
        print(f"{path}: {FILES[name][1]} records, {len(content)} bytes")


if __name__ == "__main__":
    main()
