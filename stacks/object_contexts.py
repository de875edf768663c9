"""The encryption context of objects, as the key policy and the object client's policy know it.

What must stay true: it shares no key with a record's (record_contexts.py) or a branch key's
(branch_key_contexts.py), so a right for the one is none for the others.

Objects are encrypted by who stores them, in the message format of the AWS Encryption SDK. With a suite that
signs, the format adds a key of its own (`aws-crypto-public-key`): such messages have no place here.
"""

from stacks.key_policies import Conditions

TENANT_OF_OBJECT, OBJECT = "object-tenant", "object-id"
CONTENT_TYPE, LENGTH = "object-content-type", "object-length"
# The length is not known when an object is encrypted as it comes.
MANDATORY = (TENANT_OF_OBJECT, OBJECT, CONTENT_TYPE)
CONTEXT_KEYS = (*MANDATORY, LENGTH)


def for_objects(*, tenant: str) -> Conditions:
    """Conditions that hold exactly for the encryption context of one tenant's objects.

    `ForAllValues` is true for an empty context: StringEquals and Null are what forbid a missing key.
    `ForAllValues` forbids any other key.
    """
    others = [name for name in MANDATORY if name != TENANT_OF_OBJECT]
    return {
        "StringEquals": {f"kms:EncryptionContext:{TENANT_OF_OBJECT}": tenant},
        "Null": {f"kms:EncryptionContext:{name}": "false" for name in others},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": sorted(CONTEXT_KEYS)},
    }
