"""A case as a plot: a bar for each contender and direction, on a logarithmic scale, as SVG."""

import math
from collections.abc import Iterator
from html import escape

from benchmarks.peers.cases import DIRECTIONS, FLOOR, OURS
from benchmarks.peers.results import CaseResults, Result

_LEFT, _WIDTH, _RIGHT, _TOP, _BAR, _GAP = 290, 520, 30, 58, 9, 9
_ROW = len(DIRECTIONS) * _BAR + _GAP
_COLOURS = {OURS: ("#1b6ac9", "#8ab8ee"), FLOOR: ("#2e7d4f", "#9accb0")}
_OTHERS = ("#6b6b6b", "#bdbdbd")
_LEGEND = "microseconds, logarithmic; dark: encrypt, light: decrypt; lines: 10 to 90 %"
_STYLE = 'font-family="sans-serif" font-size="12" fill="#222"'


def plot(case: CaseResults) -> str:
    """Return the plot of a case."""
    low, high = _decades(case)
    width, height = _LEFT + _WIDTH + _RIGHT, _TOP + len(case.results) * _ROW + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {_STYLE}>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="12" y="22" font-size="15">{escape(case.title)}</text>',
        f'<text x="12" y="40">{_LEGEND}</text>',
        *_grid(low, high, height=height),
    ]
    for number, result in enumerate(case.results):
        parts += _bars(result, low, high, top=_TOP + number * _ROW)
    return "\n".join((*parts, "</svg>")) + "\n"


def _decades(case: CaseResults) -> tuple[int, int]:
    """Return the powers of ten, in microseconds, that all of it lies between."""
    spreads = [measured.seconds for result in case.results for measured in result.measured.values()]
    lowest, highest = min(one.low for one in spreads) * 1e6, max(one.high for one in spreads) * 1e6
    low = math.floor(math.log10(lowest))
    return low, max(low + 1, math.ceil(math.log10(highest)))


def _at(seconds: float, low: int, high: int) -> float:
    """Return where a time stands, from left to right."""
    share = (math.log10(seconds * 1e6) - low) / (high - low)
    return round(_LEFT + _WIDTH * share, 1)


def _grid(low: int, high: int, *, height: int) -> Iterator[str]:
    for power in range(low, high + 1):
        x = _at(10.0**power / 1e6, low, high)
        yield f'<path d="M{x} {_TOP - 6}V{height - 28}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{height - 10}" text-anchor="middle">{10.0**power:,g}</text>'


def _bars(result: Result, low: int, high: int, *, top: int) -> Iterator[str]:
    weight = ' font-weight="bold"' if result.kind == OURS else ""
    yield f'<text x="{_LEFT - 8}" y="{top + 14}" text-anchor="end"{weight}>{escape(result.name)}</text>'
    for number, direction in enumerate(DIRECTIONS):
        y, spread = top + number * _BAR, result.measured[direction].seconds
        start, end = _at(spread.low, low, high), _at(spread.high, low, high)
        colour = _COLOURS.get(result.kind, _OTHERS)[number]
        width = round(_at(spread.median, low, high) - _LEFT, 1)
        yield f'<rect x="{_LEFT}" y="{y}" width="{width}" height="{_BAR - 1}" fill="{colour}"/>'
        yield f'<path d="M{start} {y + 4}H{end}" stroke="#222"/>'
