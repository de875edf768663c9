"""The input of an execution: what a run is to do, checked before anything is begun.

What must stay true: what is not understood is refused, so that a misspelled filter never passes for one that
is absent and more is rewritten than was meant.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from service.configuration import KEY_ARN, KeyStrategy
from service.machine_errors import RunRefused
from service.names import TENANT_ID
from service.times import time_text

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
MOST_SEGMENTS = 100_000
MOST_CONCURRENCY = 1_000
MOST_SECONDS = 840
DEFAULT_CONCURRENCY = 10
DEFAULT_SECONDS = 780
DEFAULT_TOLERATED = 5

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInput:
    """What a run is to do.

    Parameters
    ----------
    run
        Its id; None where a schedule started it.
    resume
        Whether it goes on where an earlier execution ended; all else then comes from its plan.
    dry_run
        Whether nothing is written.
    segments
        How many parts the table is read in; None: as many as its size calls for.
    concurrency
        How many of them are worked on at once.
    tolerated_failure_percentage
        How many of them may fail before the others are given up.
    read_units_per_second, write_units_per_second
        Of the whole run; None: no limit.
    seconds
        How long one call of the function works.
    chosen
        The filter's members that are set.
    """

    run: str | None = None
    resume: bool = False
    dry_run: bool = False
    segments: int | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    tolerated_failure_percentage: float = DEFAULT_TOLERATED
    read_units_per_second: float | None = None
    write_units_per_second: float | None = None
    seconds: float = DEFAULT_SECONDS
    chosen: Mapping[str, str] = field(default_factory=dict)

    def job(self, *, segments: int) -> dict[str, Any]:
        """Return what each call of the function is told: its share of the rates is one child's."""
        children = max(1, min(self.concurrency, segments))
        return {
            "dry_run": self.dry_run,
            "segments": segments,
            "filter": dict(self.chosen),
            "read_units_per_second": _share(self.read_units_per_second, children),
            "write_units_per_second": _share(self.write_units_per_second, children),
            "seconds": self.seconds,
        }


def parse_run_input(given: object) -> RunInput:
    """Check an execution's input.

    Raises
    ------
    RunRefused
        It holds something else than it may; the sentence names the member.
    """
    members = _members(given, where="the input", known=[*_CHECKS, "filter"])
    checked = {name: _CHECKS[name](name, value) for name, value in members.items() if name != "filter"}
    chosen = members.get("filter")
    filters = _members({} if chosen is None else chosen, where="filter", known=list(_FILTERS))
    checked["chosen"] = {
        name: _FILTERS[name](f"filter.{name}", value) for name, value in filters.items() if value is not None
    }
    found = RunInput(**{name: value for name, value in checked.items() if value is not None})
    if found.resume and found.run is None:
        raise RunRefused("resume: name the run that is to go on, as run")
    if found.resume and (others := sorted(members.keys() - {"run", "resume"})):
        raise RunRefused(f"resume: all else comes from the run's plan; leave out {', '.join(others)}")
    return found


def _members(given: object, *, where: str, known: list[str]) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise RunRefused(f"{where} must be a JSON object")
    unknown = sorted(str(name) for name in given.keys() - set(known))
    if unknown:
        raise RunRefused(f"{where} has no member {unknown[0][:60]!r}: it may have {', '.join(known)}")
    return given


def _text(form: re.Pattern[str], *, what: str) -> Callable[[str, Any], str | None]:
    def check(name: str, value: Any) -> str | None:  # noqa: ANN401 - parsed JSON
        if value is not None and not (isinstance(value, str) and form.fullmatch(value)):
            raise RunRefused(f"{name} must be {what}")
        return value

    return check


def _truth(name: str, value: Any) -> bool:  # noqa: ANN401 - parsed JSON
    if not isinstance(value, bool):
        raise RunRefused(f"{name} must be true or false")
    return value


def _number(
    least: float, most: float, *, whole: bool = False, optional: bool = False
) -> Callable[[str, Any], float | None]:
    kind = "a whole number" if whole else "a number"

    def check(name: str, value: Any) -> float | None:  # noqa: ANN401 - parsed JSON
        if value is None and optional:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most or (whole and value != int(value)):
            raise RunRefused(f"{name} must be {kind} from {least:g} to {most:g}")
        return int(value) if whole else value

    return check


def _strategy(name: str, value: Any) -> str:  # noqa: ANN401 - parsed JSON
    if value not in [strategy.value for strategy in KeyStrategy]:
        raise RunRefused(f"{name} must be {' or '.join(strategy.value for strategy in KeyStrategy)}")
    return str(value)


def _time(name: str, value: Any) -> str:  # noqa: ANN401 - parsed JSON
    """Return a time in the form that records have, so that texts compare as times do."""
    refusal = RunRefused(f"{name} must be a time in UTC, like 2026-01-31T12:00:00Z")
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise refusal
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise refusal from None
    return time_text(moment, to="microseconds")


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "run": _text(RUN_ID, what="a run's id, like 20260131T120000Z-0a1b2c3d"),
    "resume": _truth,
    "dry_run": _truth,
    "segments": _number(1, MOST_SEGMENTS, whole=True, optional=True),
    "concurrency": _number(1, MOST_CONCURRENCY, whole=True),
    "tolerated_failure_percentage": _number(0, 100),
    "read_units_per_second": _number(0.1, 1e9, optional=True),
    "write_units_per_second": _number(0.1, 1e9, optional=True),
    "seconds": _number(1, MOST_SECONDS),
}

_FILTERS: dict[str, Callable[[str, Any], Any]] = {
    "tenant": _text(TENANT_ID, what="a tenant's id"),
    "written_before": _time,
    "strategy": _strategy,
    "kms_key": _text(KEY_ARN, what="a full KMS key ARN (arn:aws:kms:...:key/...)"),
    "branch_key_version": _text(_UUID, what="a branch key's version: a UUID in lower case"),
}


def _share(rate: float | None, children: int) -> float | None:
    return None if rate is None else rate / children
