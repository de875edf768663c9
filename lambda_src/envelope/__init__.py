"""Client-side encryption of DynamoDB items and of messages, by keys from AWS KMS, in AWS's formats.

Purpose
-------
`ItemEncryptor` encrypts the attributes of an item before it reaches the table, and decrypts what comes back.
The stored form is the item format of the AWS Database Encryption SDK, so AWS's libraries read what this one
writes and the other way round. A `Keyring` supplies the keys: `KmsKeyring` (a data key from KMS per item),
`BranchKeyring` (a branch key per tenant, out of a `BranchKeyStore`, kept in memory for a short time by a
`CachingBranchKeySource`), `RawAesKeyring` (tests, offline use), or several as a `MultiKeyring`.

`encrypt` and `decrypt` do it for bytes of any kind, in the message format of the AWS Encryption SDK;
`MessageWriter` and `MessageReader` for what does not fit into memory, and `read_range` and `range_contents`
for a part of what is stored. A message is bound to its encryption context: who decrypts gives the pairs that
must be in it, and with none takes any message that the keyring opens.

Promise
-------
Whatever a released version of this library stored, every later version reads, given the same configuration
and keys. The logical table name and the names of the keys are a part of every item: change neither. An
attribute's action may change at any time, but not whether it is signed at all.

What it does not protect
------------------------
- Rollback: an older, once valid version of an item, put back by someone who can write to the table, is valid.
- Deletion: an item that is gone is not missed.
- Names, types, sizes and number of attributes, what is SIGN_ONLY, and the encryption context: all in clear.
- A part of a message proves nothing of the rest: docs/formats.md says what it proves.
- Attributes with DO_NOTHING are not protected in any way.
- Signed numbers are signed by value, and signed sets without their order: a stored "1" that is turned into
  "1.0" still verifies. DynamoDB stores nothing but the canonical "1", and from a canonical number no single
  flipped bit leads to another spelling of the same value.
- A branch key wraps symmetrically: who may use it to write may use it to read, and KMS sees one call for
  all that is read with it.
- Plaintext and keys in the memory of the process: Python cannot erase them.

The library imports the standard library and `cryptography`. It reads no environment, and opens no connection:
clients are passed in.
"""

from .branch_key_cache import CachingBranchKeySource
from .branch_key_description import (
    BranchKeyDescription,
    BranchKeyPage,
    BranchKeySummary,
    BranchKeyVersion,
    Move,
    Rotation,
    Shredding,
)
from .branch_key_store import BranchKeyStore
from .branch_keyring import BranchKey, BranchKeyring, BranchKeySource
from .crypto_action import CryptoAction
from .errors import (
    BranchKeyChangedError,
    BranchKeyExistsError,
    BranchKeyItemError,
    BranchKeyNotFoundError,
    BranchKeyShreddedError,
    CommitmentError,
    ConfigurationError,
    ContextMismatchError,
    DataKeyError,
    EnvelopeError,
    IntegrityError,
    InvalidItemError,
    ItemNotEncryptedError,
    KeyServiceError,
    KeyStoreError,
    LimitExceededError,
    MalformedItemError,
    MalformedMessageError,
    MessageRangeError,
    SignatureError,
    TagError,
    TruncatedMessageError,
)
from .item_encryptor import ItemEncryptor
from .keyring import EncryptedDataKey, Keyring, MultiKeyring
from .kms_keyring import KmsKeyring
from .message_ranges import range_contents, read_range
from .message_reader import MessageReader
from .message_writer import MessageWriter
from .messages import decrypt, encrypt
from .raw_aes_keyring import RawAesKeyring

__all__ = [
    "BranchKey",
    "BranchKeyChangedError",
    "BranchKeyDescription",
    "BranchKeyExistsError",
    "BranchKeyItemError",
    "BranchKeyNotFoundError",
    "BranchKeyPage",
    "BranchKeyShreddedError",
    "BranchKeySource",
    "BranchKeyStore",
    "BranchKeySummary",
    "BranchKeyVersion",
    "BranchKeyring",
    "CachingBranchKeySource",
    "CommitmentError",
    "ConfigurationError",
    "ContextMismatchError",
    "CryptoAction",
    "DataKeyError",
    "EncryptedDataKey",
    "EnvelopeError",
    "IntegrityError",
    "InvalidItemError",
    "ItemEncryptor",
    "ItemNotEncryptedError",
    "KeyServiceError",
    "KeyStoreError",
    "Keyring",
    "KmsKeyring",
    "LimitExceededError",
    "MalformedItemError",
    "MalformedMessageError",
    "MessageRangeError",
    "MessageReader",
    "MessageWriter",
    "Move",
    "MultiKeyring",
    "RawAesKeyring",
    "Rotation",
    "Shredding",
    "SignatureError",
    "TagError",
    "TruncatedMessageError",
    "decrypt",
    "encrypt",
    "range_contents",
    "read_range",
]
