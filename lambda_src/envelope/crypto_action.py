"""What happens to an attribute of an item."""

from enum import Enum


class CryptoAction(Enum):
    """How an attribute is protected. The value is the attribute's letter in the header's legend."""

    ENCRYPT_AND_SIGN = "e"
    """Encrypted and signed."""
    SIGN_ONLY = "s"
    """Readable in the table; any change is noticed."""
    SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT = "c"
    """Signed, and in clear in the encryption context: the key service, its policies and its log see it."""
    DO_NOTHING = ""
    """Neither: anyone with write access to the table may change it unnoticed. Not in the legend."""

    def __init__(self, letter: str) -> None:
        # The value once more: Enum finds `value` by a call, and a legend is written for each item.
        self.letter = letter
