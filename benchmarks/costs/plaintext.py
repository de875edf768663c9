"""In the place of the encryptor: what is stored is the item as it is."""

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from envelope import EncryptedDataKey
from envelope.branch_keyring import PROVIDER_ID
from envelope.item_encryptor import StoredForm

Item = Mapping[str, Mapping[str, Any]]
# What the header of an item under a branch key would say: nothing here waits for KMS either.
_FORM = StoredForm(entries=(EncryptedDataKey(PROVIDER_ID, b"", bytes(92)),), as_written_today=True)


class Plaintext:
    """As `envelope.ItemEncryptor`, without encryption."""

    def encrypt(self, item: Item) -> dict[str, Any]:
        """Return the item."""
        return dict(item)

    def decrypt(self, item: Item) -> dict[str, Any]:
        """Return the item."""
        return dict(item)

    def stored_form(self, _item: Item) -> StoredForm:
        """Return what lets the pages of the reader be opened like those of a branch key."""
        return _FORM


def without_encryption(function: ModuleType) -> ModuleType:
    """Let a function that was loaded keep its records in plaintext; return it."""
    # The product has no switch for this, and shall have none.
    container = function._container
    store = replace(container.own.store, encryptor=Plaintext())
    function._container = replace(container, own=replace(container.own, store=store))  # type: ignore[attr-defined]
    return function
