"""Points in time as answers give them: UTC, ISO 8601, never too early."""

from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def time_text(moment: datetime, *, to: str = "milliseconds") -> str:
    """Return a time as text in UTC, to milliseconds or as `isoformat` names it."""
    return moment.astimezone(UTC).isoformat(timespec=to).replace("+00:00", "Z")


def later(now: datetime, **duration: int) -> str:
    """Return the time that lies a duration after `now`, rounded up to a whole second.

    Parameters
    ----------
    now
        A time with its zone.
    **duration
        As `timedelta` takes it: `days`, `seconds`.
    """
    moment = now.astimezone(UTC) + timedelta(**duration)
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return moment.isoformat().replace("+00:00", "Z")
