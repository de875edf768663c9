"""Items between this library and Java's, under the same keys and configuration."""

from dataclasses import dataclass
from typing import Any

from envelope import CryptoAction, ItemEncryptor
from tests.interop.exchanges import JAVA_ITEMS, Group
from tests.interop.keyring_pairs import KeyringPair
from tests.interop.official_command import OfficialCommand, from_dynamodb_json, to_dynamodb_json
from tests.unit.envelope_items import PARTITION_KEY, SORT_KEY, TABLE, encryptor

Item = dict[str, Any]


@dataclass(frozen=True)
class Sides:
    """Both libraries, configured alike for the items of one table.

    Parameters
    ----------
    actions
        Of the attributes other than the keys.
    """

    java: OfficialCommand
    keyring: KeyringPair
    header_version: int
    flavor: int
    actions: dict[str, CryptoAction]
    table: str = TABLE

    def group(self, *, written_by_us: bool) -> Group:
        """The row of the table that an exchange belongs to."""
        form = f"header {self.header_version:02}, flavor {self.flavor:02}"
        return Group(JAVA_ITEMS, "items", self.keyring.name, form, written_by_us)

    def encrypt(self, item: Item) -> Item:
        """Write an item with our library."""
        return self._ours.encrypt(item)

    def decrypt(self, item: Item) -> Item:
        """Read an item with our library."""
        return self._ours.decrypt(item)

    def encrypt_officially(self, item: Item) -> Item:
        """Write an item with Java's library."""
        return self._ask("encryptItem", item)

    def decrypt_officially(self, item: Item) -> Item:
        """Read an item with Java's library."""
        return self._ask("decryptItem", item)

    @property
    def _ours(self) -> ItemEncryptor:
        return encryptor(
            self.keyring.ours,
            actions=self.actions,
            header_version=self.header_version,
            flavor=self.flavor,
            table=self.table,
        )

    def _ask(self, operation: str, item: Item) -> Item:
        answer = self.java.ask(operation, item=to_dynamodb_json(item), configuration=self._configuration)
        return from_dynamodb_json(answer)

    @property
    def _configuration(self) -> dict[str, Any]:
        include, sign = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT, CryptoAction.SIGN_ONLY
        actions = {PARTITION_KEY: include, SORT_KEY: include, **self.actions}
        if self.header_version == 1:
            actions = {name: sign if action is include else action for name, action in actions.items()}
        return {
            "table": self.table,
            "partitionKey": PARTITION_KEY,
            "sortKey": SORT_KEY,
            "actions": {name: action.name for name, action in actions.items()},
            "flavor": self.flavor,
            "keyring": self.keyring.theirs,
        }
