"""A run of the load, as it is kept: every figure that tables and verdicts are made from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.load.arguments import Options
from benchmarks.load.processes import Growth, Snapshot, growth
from benchmarks.load.steps import Step
from benchmarks.load.verification import Verification

_SNAPSHOTS_COMPARED = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes
    ----------
    steps
        In the order they were driven; one that did not hold is driven twice.
    snapshots
        Of memory: after the warm-up, and after each step.
    """

    command: str
    date: str
    options: Options
    machine: dict[str, str]
    steps: tuple[Step, ...]
    snapshots: tuple[Snapshot, ...]
    verification: Verification

    @property
    def growth(self) -> Growth | None:
        """From after the first step to after the last; None where there was one step only."""
        if len(self.snapshots) < _SNAPSHOTS_COMPARED:
            return None
        return growth(self.snapshots[1], self.snapshots[-1], others=self.snapshots)

    @property
    def requests(self) -> int:
        """How many requests were sent in all steps."""
        return sum(step.sent for step in self.steps)


def write_json(run: Run, file: Path) -> None:
    """Write all figures."""
    file.write_text(json.dumps(asdict(run), indent=1, ensure_ascii=False) + "\n")
