"""A function that encrypts with AWS's libraries: both strategies and items, as ours do.

aws-encryption-sdk with the material providers' hierarchical keyring is what has branch keys in Python,
dynamodb-encryption-sdk what has items.
"""

import os
from collections.abc import Mapping
from typing import Any

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.keystore.client import KeyStore
from aws_cryptographic_material_providers.keystore.config import KeyStoreConfig
from aws_cryptographic_material_providers.keystore.models import KMSConfigurationKmsKeyArn
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsHierarchicalKeyringInput

from benchmarks.costs.baselines import official_items

_KEY_ARN = os.environ["ENVELOPE_KEY_ARN"]
_client = aws_encryption_sdk.EncryptionSDKClient()
_key_store = KeyStore(
    KeyStoreConfig(
        ddb_table_name=os.environ["KEY_STORE_TABLE"],
        logical_key_store_name=os.environ["LOGICAL_KEY_STORE"],
        kms_configuration=KMSConfigurationKmsKeyArn(_KEY_ARN),
        ddb_client=boto3.client("dynamodb"),
        kms_client=boto3.client("kms"),
    )
)
_keyring = AwsCryptographicMaterialProviders(
    config=MaterialProvidersConfig()
).create_aws_kms_hierarchical_keyring(
    CreateAwsKmsHierarchicalKeyringInput(key_store=_key_store, branch_key_id="acme", ttl_seconds=300)
)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Store and read an item; encrypt a message under the tenant's branch key, and decrypt it."""
    official_items.handler(event, context)
    bound = {"tenant": "acme", "record": "message"}
    message, _ = _client.encrypt(
        source=str(event.get("body")).encode(), keyring=_keyring, encryption_context=bound
    )
    text, _ = _client.decrypt(source=message, keyring=_keyring, encryption_context=bound)
    return {"statusCode": 200, "body": text.decode()}
