"""Our library as a contender, with warm keyrings; and the floor of its formats under the same keys."""

import uuid
from collections.abc import Mapping
from typing import Any

from benchmarks.peers import names
from benchmarks.peers.cases import FLOOR, OURS, Contender
from benchmarks.peers.floor import BareAesGcm, MessageFloor, WrappingKey
from benchmarks.peers.floor_items import Field, ItemFloor
from benchmarks.peers.stand_in import KEY_ARN, TABLE, AwsStandIn
from envelope import (
    BranchKeyring,
    BranchKeyStore,
    CachingBranchKeySource,
    CryptoAction,
    ItemEncryptor,
    Keyring,
    KmsKeyring,
    RawAesKeyring,
    decrypt,
    encrypt,
)

TENANT, LOGICAL_STORE = "acme", "branch-keys"
LOGICAL_TABLE = "records"
#: Longer than any run: what a cache saves is in the figures, and how often it is filled is not.
CACHE_SECONDS = 3600
_RAW_KEY = bytes(range(32))
TYPE_IDS = {"S": b"\x00\x01", "N": b"\x00\x02"}


class Ours:
    """Keyrings over a stand-in of AWS, and a branch key in its key store."""

    def __init__(self, aws: AwsStandIn) -> None:
        kms = aws.client("kms")
        store = branch_key_store(aws)
        store.create(TENANT)
        source = CachingBranchKeySource(store, ttl_seconds=CACHE_SECONDS)
        self._branch: Keyring = BranchKeyring(TENANT, source)
        self._kms: Keyring = KmsKeyring(kms, KEY_ARN)
        self._kms_client = kms
        self._raw: Keyring = RawAesKeyring("benchmark", "key", _RAW_KEY)
        active = source.active(TENANT)
        self._wrapping_key = WrappingKey(active.id, uuid.UUID(active.version).bytes, active.secret)

    def messages(self, plaintext: bytes, context: Mapping[str, str]) -> list[Contender]:
        """Return the contenders that encrypt messages, floor and bare AES-GCM first."""
        floor = MessageFloor(self._wrapping_key, context=context, length=len(plaintext))
        bare = BareAesGcm(length=len(plaintext))

        def of(name: str, key: str, keyring: Keyring) -> Contender:
            return Contender(
                name,
                OURS,
                key,
                commits=True,
                binds=True,
                encrypt=lambda: encrypt(plaintext, keyring=keyring, encryption_context=context),
                decrypt=lambda message: decrypt(message, keyring=keyring, encryption_context=context),
                plaintext=plaintext,
            )

        return [
            Contender(
                names.BARE,
                FLOOR,
                "one key for all",
                commits=False,
                binds=False,
                encrypt=lambda: bare.encrypt(plaintext),
                decrypt=bare.decrypt,
                plaintext=plaintext,
            ),
            Contender(
                names.FORMAT_FLOOR,
                FLOOR,
                names.BY_BRANCH_KEY,
                commits=True,
                binds=True,
                encrypt=lambda: floor.encrypt(plaintext),
                decrypt=floor.decrypt,
                plaintext=plaintext,
            ),
            self._kms_alone(context),
            of(names.MESSAGE_BRANCH, names.BY_BRANCH_KEY, self._branch),
            of(names.MESSAGE_KMS, names.BY_KMS, self._kms),
            of(names.MESSAGE_RAW, names.BY_LOCAL_KEY, self._raw),
        ]

    def _kms_alone(self, context: Mapping[str, str]) -> Contender:
        """Return what botocore takes of each contender that calls KMS: GenerateDataKey, and Decrypt."""
        kms, asked = self._kms_client, {"KeyId": KEY_ARN, "EncryptionContext": dict(context)}

        def opened(answer: Mapping[str, Any]) -> bool:
            plaintext = kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], **asked)["Plaintext"]
            return bool(plaintext == answer["Plaintext"])

        return Contender(
            names.KMS_ALONE,
            FLOOR,
            names.BY_KMS,
            commits=False,
            binds=True,
            encrypt=lambda: kms.generate_data_key(NumberOfBytes=32, **asked),
            decrypt=opened,
            plaintext=True,
        )

    def items(self, item: Mapping[str, Mapping[str, Any]]) -> list[Contender]:
        """Return the contenders that encrypt items whose keys are `tenant` and `record`, floor first."""
        return [
            self._item_floor(item),
            item_contender(
                item, names.ITEM_TENANT, names.BY_BRANCH_KEY, item_encryptor(self._branch, flavor=0)
            ),
            item_contender(
                item, names.ITEM_TENANT_SIGNED, names.BY_BRANCH_KEY, item_encryptor(self._branch, flavor=1)
            ),
            item_contender(item, names.ITEM_RECORD, names.BY_KMS, item_encryptor(self._kms, flavor=0)),
            item_contender(item, names.ITEM_RECORD_SIGNED, names.BY_KMS, item_encryptor(self._kms, flavor=1)),
        ]

    def _item_floor(self, item: Mapping[str, Mapping[str, Any]]) -> Contender:
        floor = item_floor(self._wrapping_key, item)
        return Contender(
            names.FORMAT_FLOOR,
            FLOOR,
            names.BY_BRANCH_KEY,
            commits=True,
            binds=True,
            encrypt=floor.encrypt,
            decrypt=floor.decrypt,
            plaintext=[field.data for field in floor.encrypted],
        )


def branch_key_store(aws: AwsStandIn) -> BranchKeyStore:
    """Return the key store; it is empty."""
    return BranchKeyStore(
        dynamodb=aws.client("dynamodb"),
        kms=aws.client("kms"),
        table=TABLE,
        logical_name=LOGICAL_STORE,
        key_arn=KEY_ARN,
        context_of=lambda tenant: {"tenant": tenant},
    )


def item_encryptor(keyring: Keyring, *, flavor: int = 0) -> ItemEncryptor:
    """Return the library's encryptor, with the keys in the encryption context as the service has them."""
    keys = dict.fromkeys(("tenant", "record"), CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT)
    return ItemEncryptor(
        table=LOGICAL_TABLE,
        partition_key="tenant",
        sort_key="record",
        actions=keys,
        keyring=keyring,
        flavor=flavor,
    )


def item_contender(
    item: Mapping[str, Mapping[str, Any]], name: str, key: str, encryptor: ItemEncryptor
) -> Contender:
    """Return an encryptor of the library's as a contender; `key` says where its data keys come from."""
    return Contender(
        name,
        OURS,
        key,
        commits=True,
        binds=True,
        encrypt=lambda: encryptor.encrypt(item),
        decrypt=encryptor.decrypt,
        plaintext=item,
    )


def item_floor(key: WrappingKey, item: Mapping[str, Mapping[str, str]]) -> ItemFloor:
    """Return the floor of an item whose values are texts and numbers in their stored form."""
    context = {
        "aws-crypto-table-name": LOGICAL_TABLE,
        "aws-crypto-partition-name": "tenant",
        "aws-crypto-sort-name": "record",
        "aws-crypto-attr.tenant": item["tenant"]["S"],
        "aws-crypto-attr.record": item["record"]["S"],
        "aws-crypto-legend": "SS",
    }
    fields = [
        Field(name, TYPE_IDS[kind], text.encode(), encrypted=name not in ("tenant", "record"))
        for name, value in item.items()
        for kind, text in value.items()
    ]
    return ItemFloor(key, table=LOGICAL_TABLE, context=context, fields=fields)
