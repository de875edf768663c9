"""What somebody may try, and the material that it is tried on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.embedded import EmbeddedAws
from local.stored_item import record_context
from tests.local.actors import Actor
from tests.local.names import LOGICAL_KEY_STORE, PREFIX

TENANT = "acme"


@dataclass(frozen=True)
class Material:
    """What the acts are about: a record, its wrapped key, a branch key, the actors."""

    aws: EmbeddedAws
    actors: dict[str, Actor]
    wrapped_key: bytes
    branch_key: dict[str, Any]

    @property
    def outputs(self) -> dict[str, str]:
        return self.aws.outputs

    @property
    def envelope(self) -> str:
        return self.outputs["EnvelopeKeyArn"]

    @property
    def records(self) -> str:
        return self.outputs["RecordsTableName"]

    @property
    def key_store(self) -> str:
        return self.outputs["KeyStoreTableName"]

    @property
    def context(self) -> dict[str, str]:
        """The encryption context of the record."""
        return record_context(tenant=TENANT, record="secret")

    @property
    def branch_context(self) -> dict[str, str]:
        """The encryption context of the active branch key."""
        kept = {name: value for name, value in self.branch_key.items() if name != "enc"}
        return {
            **{name: next(iter(value.values())) for name, value in kept.items()},
            "tablename": LOGICAL_KEY_STORE,
        }

    @property
    def branch_blob(self) -> bytes:
        return bytes(self.branch_key["enc"]["B"])

    def call(self, actor: str, service: str, operation: str, **parameters: Any) -> Any:
        """Call as an actor."""
        return getattr(self.actors[actor].client(service), operation)(**parameters)

    def data_key(self, actor: str, **changes: str | None) -> Any:
        """Ask for a record's data key, with a context that differs by these pairs."""
        context = {**self.context, **changes}
        given = {name: value for name, value in context.items() if value is not None}
        parameters = {"EncryptionContext": given} if given else {}
        return self.call(
            actor, "kms", "generate_data_key", KeyId=self.envelope, NumberOfBytes=32, **parameters
        )

    def decrypt(self, actor: str, *, key: str | None = None, **changes: str | None) -> Any:
        """Open the record's wrapped key, with a context that differs by these pairs."""
        context = {**self.context, **changes}
        given = {name: value for name, value in context.items() if value is not None}
        named = {"KeyId": key} if key else {}
        return self.call(
            actor, "kms", "decrypt", CiphertextBlob=self.wrapped_key, EncryptionContext=given, **named
        )


Act = Callable[[Material], Any]


def key_of(table: str) -> dict[str, Any]:
    names = {"records": ("tenant", "record"), "key_store": ("branch-key-id", "type")}[table]
    values = {"records": (TENANT, "secret"), "key_store": (TENANT, "branch:ACTIVE")}[table]
    return {name: {"S": value} for name, value in zip(names, values, strict=True)}


def on(actor: str, operation: str, table: str, **parameters: Any) -> Act:
    """An act on a table."""
    return lambda m: m.call(actor, "dynamodb", operation, **{"TableName": getattr(m, table), **parameters})


def get(actor: str, table: str) -> Act:
    return on(actor, "get_item", table, Key=key_of(table))


def put(actor: str, table: str) -> Act:
    return on(actor, "put_item", table, Item=key_of(table))


def delete(actor: str, table: str, **parameters: Any) -> Act:
    return on(actor, "delete_item", table, Key=key_of(table), **parameters)


def update(actor: str, table: str) -> Act:
    return on(actor, "update_item", table, Key=key_of(table), UpdateExpression="SET a = b")


def query(actor: str, table: str, **parameters: Any) -> Act:
    name = "tenant" if table == "records" else "branch-key-id"
    condition = {
        "KeyConditionExpression": "#k = :v",
        "ExpressionAttributeNames": {"#k": name, **parameters.pop("names", {})},
        "ExpressionAttributeValues": {":v": {"S": TENANT}},
    }
    return on(actor, "query", table, **condition, **parameters)


def transact_put(actor: str, table: str) -> Act:
    return lambda m: m.call(
        actor,
        "dynamodb",
        "transact_write_items",
        TransactItems=[{"Put": {"TableName": getattr(m, table), "Item": key_of(table)}}],
    )


def batch_put(actor: str, table: str) -> Act:
    return lambda m: m.call(
        actor,
        "dynamodb",
        "batch_write_item",
        RequestItems={getattr(m, table): [{"PutRequest": {"Item": key_of(table)}}]},
    )


def batch_get(actor: str, table: str) -> Act:
    return lambda m: m.call(
        actor, "dynamodb", "batch_get_item", RequestItems={getattr(m, table): {"Keys": [key_of(table)]}}
    )


def kms(actor: str, operation: str, **parameters: Any) -> Act:
    """An act on the envelope key."""
    return lambda m: m.call(actor, "kms", operation, **{"KeyId": m.envelope, **parameters})


def re_encrypt(actor: str) -> Act:
    return lambda m: m.call(
        actor,
        "kms",
        "re_encrypt",
        CiphertextBlob=m.wrapped_key,
        SourceEncryptionContext=m.context,
        DestinationKeyId=m.envelope,
        DestinationEncryptionContext=m.context,
    )


def branch_decrypt(actor: str, **changes: str) -> Act:
    return lambda m: m.call(
        actor,
        "kms",
        "decrypt",
        CiphertextBlob=m.branch_blob,
        EncryptionContext={**m.branch_context, **changes},
    )


def of_trail(actor: str, operation: str, **parameters: Any) -> Act:
    def act(m: Material) -> Any:
        name = f"{PREFIX}-trail"
        parameter = "TrailName" if operation == "put_event_selectors" else "Name"
        return m.call(actor, "cloudtrail", operation, **{parameter: name, **parameters})

    return act


def of_archive(actor: str, operation: str, **parameters: Any) -> Act:
    def act(m: Material) -> Any:
        bucket = m.outputs["ArchiveBucketName"]
        return m.call(actor, "s3", operation, Bucket=bucket, **parameters)

    return act


def of_objects(actor: str, operation: str, **parameters: Any) -> Act:
    """An act on the bucket of objects."""

    def act(m: Material) -> Any:
        return m.call(actor, "s3", operation, Bucket=m.outputs["ObjectsBucketName"], **parameters)

    return act


def of_account(actor: str, service: str, operation: str, **parameters: Any) -> Act:
    return lambda m: m.call(actor, service, operation, **parameters)


def branch_blob(m: Material) -> dict[str, Any]:
    """The key and the context of the active branch key."""
    return {"KeyId": m.envelope, "EncryptionContext": m.branch_context}
