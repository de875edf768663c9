"""What a run has come to, and how it is kept: docs/benchmarks/results.json."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.peers.rounds import Measured
from benchmarks.peers.sheets import Sheet, sheet_of
from benchmarks.peers.spread import Spread

#: What a call of KMS takes in the column that says what a network makes of it.
KMS_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Result:
    """One contender in one case.

    Parameters
    ----------
    name, kind, key, commits, binds
        As the contender says.
    measured
        By direction.
    """

    name: str
    kind: str
    key: str
    commits: bool
    binds: bool
    measured: Mapping[str, Measured]

    def seconds(self, direction: str) -> float:
        """Return the median."""
        return self.measured[direction].seconds.median

    def with_latency(self, direction: str) -> float:
        """Return the median as it would be if KMS took its time."""
        return self.seconds(direction) + self.measured[direction].kms_calls * KMS_SECONDS


@dataclass(frozen=True, slots=True)
class CaseResults:
    """All contenders in one case."""

    id: str
    group: str
    title: str
    results: tuple[Result, ...]

    def __getitem__(self, name: str) -> Result:
        """Return a contender's result by its name; raises KeyError."""
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Run:
    """All cases and sheets, and how and on what they were measured."""

    command: str
    finished: str
    rounds: int
    turn_seconds: float
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    cases: tuple[CaseResults, ...]
    sheets: tuple[Sheet, ...]

    def case(self, case_id: str) -> CaseResults:
        """Return a case by its id; raises KeyError."""
        for case in self.cases:
            if case.id == case_id:
                return case
        raise KeyError(case_id)

    def group(self, name: str) -> Iterator[CaseResults]:
        """Yield the cases of a group."""
        return (case for case in self.cases if case.group == name)

    def sheet(self, sheet_id: str) -> Sheet | None:
        """Return a sheet by its id, if it was measured."""
        return next((sheet for sheet in self.sheets if sheet.id == sheet_id), None)


def to_json(run: Run) -> str:
    """Return a run as text; times with as many digits as they are worth."""
    return json.dumps(_rounded(asdict(run)), indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> Run:
    """Return the run that `to_json` wrote."""
    fields = json.loads(text)
    cases = tuple(
        CaseResults(**{**case, "results": tuple(map(_result, case["results"]))}) for case in fields["cases"]
    )
    return Run(**{**fields, "cases": cases, "sheets": tuple(map(sheet_of, fields["sheets"]))})


def _result(fields: Mapping[str, Any]) -> Result:
    measured = {
        direction: Measured(Spread(**one["seconds"]), one["kms_calls"])
        for direction, one in fields["measured"].items()
    }
    return Result(**{**fields, "measured": measured})


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
