"""How a record's revision and time stand in headers."""

from datetime import UTC, datetime
from email.utils import format_datetime


def etag(revision: str) -> str:
    """A revision as a strong ETag."""
    return f'"{revision}"'


def http_date(updated_at: str) -> str:
    """A time in ISO 8601 as `Last-Modified` has it: in whole seconds."""
    return format_datetime(datetime.fromisoformat(updated_at).astimezone(UTC), usegmt=True)
