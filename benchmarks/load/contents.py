"""What is written into a record: made again from three numbers, so that nobody has to keep it to compare."""

from dataclasses import dataclass
from random import Random

_LETTERS = "abcdefghijklmnopqrstuvwxyz äß€😀"
_LINE = 64


@dataclass(frozen=True, slots=True)
class Content:
    """Which write it is, counted over the whole run, and how many characters of text it has."""

    write: int
    size: int


def body(tenant: str, record: str, content: Content) -> dict[str, object]:
    """Return the JSON object that this write puts into this record. It names its own place."""
    random = Random(f"{tenant}/{record}/{content.write}")  # noqa: S311 - it is to be the same again
    text = "".join(random.choices(_LETTERS, k=content.size))
    return {
        "of": {"tenant": tenant, "record": record},
        "write": content.write,
        "amount": random.randrange(10**15),
        "settled": random.random() < 0.5,
        "lines": [text[at : at + _LINE] for at in range(0, len(text), _LINE)],
    }


def is_of(data: object, *, tenant: str, record: str) -> bool:
    """Tell whether what was read says that it was written into this record."""
    return isinstance(data, dict) and data.get("of") == {"tenant": tenant, "record": record}
