"""A target's figure in a run, and whether it has come so far."""

from dataclasses import dataclass

HOLDS, FALLS_SHORT = "holds", "falls short"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A figure beside its bound.

    Parameters
    ----------
    what
        What is compared, in words.
    way
        Of several ways to measure it, which one: for instance `encrypt`.
    against
        What it is compared with.
    figure
        What was measured.
    bound
        What was aimed at.
    at_most
        Whether the figure may be no more than the bound; otherwise it may be no less.
    unit
        Of figure and bound: `x` for a multiple.
    """

    what: str
    way: str
    against: str
    figure: float
    bound: float
    at_most: bool
    unit: str = "x"

    @property
    def verdict(self) -> str:
        """Whether the target holds."""
        holds = self.figure <= self.bound if self.at_most else self.figure >= self.bound
        return HOLDS if holds else FALLS_SHORT

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"at {'most' if self.at_most else 'least'} {self.bound:g} {self.unit}"

    @property
    def measured(self) -> str:
        """The figure with its unit."""
        return f"{figure(self.figure)} {self.unit}"


def figure(number: float) -> str:
    """Return a number with three digits that count, or all before the point."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
