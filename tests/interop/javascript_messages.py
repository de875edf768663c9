"""Messages between this library and JavaScript's, under the same keys."""

import base64
from dataclasses import dataclass
from typing import Any

from envelope import decrypt, encrypt
from tests.interop.exchanges import JAVASCRIPT, Group
from tests.interop.keyring_pairs import KeyringPair
from tests.interop.official_command import OfficialCommand
from tests.interop.official_messages import Case


@dataclass(frozen=True)
class MessageSides:
    """Both libraries with keyrings over one key."""

    javascript: OfficialCommand
    keyring: KeyringPair

    def group(self, case: Case, *, written_by_us: bool) -> Group:
        """The row of the table that an exchange belongs to."""
        return Group(JAVASCRIPT, "messages", self.keyring.name, f"suite {case.suite:04x}", written_by_us)

    def encrypt(self, case: Case) -> bytes:
        """Write a message with our library."""
        return encrypt(
            case.plaintext,
            keyring=self.keyring.ours,
            encryption_context=case.context,
            required=case.required,
            frame_length=case.frame_length,
            signed=case.suite == 0x0578,
        )

    def decrypt(self, message: bytes, context: dict[str, str]) -> bytes:
        """Read a message with our library."""
        return decrypt(message, keyring=self.keyring.ours, encryption_context=context)

    def encrypt_officially(self, case: Case) -> bytes:
        """Write a message with JavaScript's library."""
        answer = self.javascript.ask(
            "encryptMessage",
            plaintext=base64.b64encode(case.plaintext).decode(),
            suite=case.suite,
            frameLength=case.frame_length,
            encryptionContext=case.context,
            keyring=self.keyring.theirs,
        )
        return base64.b64decode(answer)

    def decrypt_officially(self, message: bytes, context: dict[str, str]) -> bytes:
        """Read a message with JavaScript's library, which leaves it to its caller to compare the context."""
        answer: dict[str, Any] = self.javascript.ask(
            "decryptMessage", message=base64.b64encode(message).decode(), keyring=self.keyring.theirs
        )
        assert context.items() <= answer["encryptionContext"].items()
        return base64.b64decode(answer["plaintext"])
