"""What the worked examples of docs/formats.md have in common: fixed randomness, and tables of bytes.

What must stay true: fixed randomness is for these examples alone. Keys that are made with it protect nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from envelope import RawAesKeyring
from envelope.byte_reader import ByteReader

NAMESPACE, KEY_NAME = "example", "key-1"
WRAPPING_KEY = bytes(range(0x20))


class Fields:
    """The rows of a table that goes through bytes from their beginning to their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._reader = ByteReader(data)
        self.rows: list[tuple[str, ...]] = []

    def take(self, width: int, name: str, meaning: str = "") -> bytes:
        """Add a field; return its bytes."""
        at, data = self._reader.position, self._reader.take(width)
        self.rows.append((str(at), str(width), in_hex(data), name, meaning))
        return data

    def number(self, width: int, name: str, meaning: str = "") -> int:
        """Add a number; return it."""
        value = int.from_bytes(self.take(width, name), "big")
        self.rows[-1] = (*self.rows[-1][:-1], f"{value}{', ' if meaning else ''}{meaning}")
        return value

    def text(self, width: int, name: str) -> str:
        """Add a text; return it."""
        text = self.take(width, name).decode()
        self.rows[-1] = (*self.rows[-1][:-1], f"`{text}`")
        return text

    def table(self) -> list[str]:
        """Return the table; all bytes must have been taken."""
        if self._reader.remaining:
            raise ValueError(f"{self._reader.remaining} bytes are not explained")
        return table(("offset", "bytes", "hex", "field", "meaning"), self.rows)


@contextmanager
def fixed_randomness(*draws: bytes) -> Iterator[None]:
    """Let os.urandom return these, in this order; asking for more, for less or for another length fails."""
    left = list(draws)

    def draw(length: int) -> bytes:
        drawn = left.pop(0)
        if len(drawn) != length:
            raise ValueError(f"{length} random bytes were asked for, and {len(drawn)} are next")
        return drawn

    with patch("os.urandom", draw):
        yield
    if left:
        raise ValueError("fewer random bytes were asked for than there are")


def keyring() -> RawAesKeyring:
    """Return the keyring of both examples."""
    return RawAesKeyring(NAMESPACE, KEY_NAME, WRAPPING_KEY)


def drawn(first: int, length: int) -> bytes:
    """Return bytes that are easy to find again."""
    return bytes(range(first, first + length))


def inputs(wrapping_iv: bytes) -> list[tuple[str, str]]:
    """Return the rows about the keyring."""
    return [
        ("raw AES keyring", f"namespace `{NAMESPACE}`, name `{KEY_NAME}`"),
        ("wrapping key", in_hex(WRAPPING_KEY)),
        ("wrapping IV", in_hex(wrapping_iv)),
    ]


def add_entry(fields: Fields, *, wrapped: str, inner: int = 0) -> None:
    """Add an encrypted data key of the raw AES keyring, behind `inner` bytes of a wrapped data key."""
    fields.text(fields.number(2, "provider id length"), "provider id")
    fields.number(2, "provider info length")
    fields.text(len(KEY_NAME), "info: key name")
    fields.number(4, "info: tag length", "in bits")
    fields.number(4, "info: IV length")
    fields.take(12, "info: wrapping IV")
    length = fields.number(2, "ciphertext length")
    if inner:
        fields.take(
            inner, "ciphertext: wrapped data key", "under the key-encryption key, IV zero, with its tag"
        )
    fields.take(length - inner, "ciphertext", wrapped)


def in_hex(data: bytes) -> str:
    """Return bytes in groups of four, so that a table can break them."""
    return f"`{data.hex(' ', -4)}`" if data else ""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the lines of a table."""
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines]
