"""When something happens by itself, as EventBridge Scheduler takes it: `rate(...)` and `cron(...)`.

What must stay true: what is accepted here, Scheduler accepts; a schedule that it refuses would fail in the
middle of a deployment. Source: EventBridge Scheduler User Guide, "Schedule types".
"""

import re
from dataclasses import dataclass

_RATE = re.compile(r"rate\(([1-9][0-9]{0,4}) (?:minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NO_VALUE = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One of the six fields: its numbers, what stands for them from the first on, and what else it takes."""

    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str | None = None

    def accepts(self, text: str) -> bool:
        """Tell whether every part of a list is `*`, a value or a range, each maybe with a step."""
        return all(self._accepts_part(part) for part in text.split(","))

    def _accepts_part(self, part: str) -> bool:
        if self.special is not None and re.fullmatch(self.special, part):
            return True
        of_step, slash, step = part.partition("/")
        if slash and not (re.fullmatch(r"[1-9][0-9]{0,3}", step) and int(step) <= self.high):
            return False
        if of_step == "*":
            return True
        first, dash, last = of_step.partition("-")
        if not dash:
            return self._value(first) is not None
        begin, end = self._value(first), self._value(last)
        return begin is not None and end is not None and begin <= end

    def _value(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if re.fullmatch(r"[0-9]{1,4}", text) and self.low <= int(text) <= self.high:
            return int(text)
        return None


_MINUTES, _HOURS = Field(low=0, high=59), Field(low=0, high=23)
# The last day, the last weekday, the weekday nearest to a day.
_DAY_OF_MONTH = Field(low=1, high=31, special=r"L|LW|([1-9]|[12][0-9]|3[01])W")
_MONTH = Field(low=1, high=12, names=_MONTHS)
# The last of a month, and the first to the fifth.
_DAY_OF_WEEK = Field(low=1, high=7, names=_DAYS, special=r"([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)?L|[1-7]#[1-5]")
_YEAR = Field(low=1970, high=2199)


def is_schedule(text: str) -> bool:
    """Tell whether EventBridge Scheduler takes the expression."""
    if _RATE.fullmatch(text):
        return True
    cron = _CRON.fullmatch(text)
    return cron is not None and _is_cron(cron[1].split(" "))


def _is_cron(fields: list[str]) -> bool:
    try:
        minutes, hours, day_of_month, month, day_of_week, year = fields
    except ValueError:
        return False
    # Which day, one of the two fields says, and the other says nothing.
    if (day_of_month == _NO_VALUE) == (day_of_week == _NO_VALUE):
        return False
    day = _DAY_OF_WEEK if day_of_month == _NO_VALUE else _DAY_OF_MONTH
    return all(
        (
            _MINUTES.accepts(minutes),
            _HOURS.accepts(hours),
            day.accepts(day_of_week if day_of_month == _NO_VALUE else day_of_month),
            _MONTH.accepts(month),
            _YEAR.accepts(year),
        )
    )
