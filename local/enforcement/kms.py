"""What KMS asks IAM and the key's policy.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key Management
Service"; KMS Developer Guide, "AWS KMS condition keys".
"""

from collections.abc import Mapping, Sequence

from moto.kms.models import Key, KmsBackend, kms_backends

from local.api_call import ApiCall
from local.emulator import ACCOUNT
from local.enforcement.ask import Ask, NotJudgedError
from local.enforcement.documents import read
from local.policy import Context, Principal

_KEY_ID_BYTES = 36
_COLONS_OF_ARNS = 5
_CRYPTOGRAPHY = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
    }
)
_OF_KEYS = _CRYPTOGRAPHY | {
    "CancelKeyDeletion",
    "CreateGrant",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "GenerateMac",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReplicateKey",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "Sign",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
    "Verify",
    "VerifyMac",
}
_OF_ALIASES = frozenset({"CreateAlias", "DeleteAlias", "UpdateAlias"})
_OF_THE_ACCOUNT = frozenset({"CreateKey", "GenerateRandom", "ListAliases", "ListKeys"})
_CONTEXT = "kms:EncryptionContext:"
_ALGORITHM = "SYMMETRIC_DEFAULT"


def asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of KMS needs."""
    given = call.parameters
    if call.operation == "ReEncrypt":
        return _re_encryption(call)
    if call.operation in _OF_KEYS:
        context = {**_of_request(call), **encryption_context(given.get("EncryptionContext"))}
        if call.operation in _CRYPTOGRAPHY:
            context["kms:EncryptionAlgorithm"] = _ALGORITHM
        return _on_key(call, call.operation, _named_key(call), context)
    if call.operation in _OF_ALIASES:
        return [ask for key in _keys_of_alias(call) for ask in _on_key(call, call.operation, key, {})] + [
            Ask(
                action=f"kms:{call.operation}",
                resource=f"arn:aws:kms:{call.region}:{ACCOUNT}:{given.get('AliasName')}",
                account=ACCOUNT,
            )
        ]
    if call.operation in _OF_THE_ACCOUNT:
        return [Ask(action=f"kms:{call.operation}", resource="*", account=ACCOUNT, context=_of_request(call))]
    raise NotJudgedError


def without_policies(call: ApiCall) -> list[Ask]:
    """Return which keys a call is about, whoever may use them."""
    named = ("KeyId", "ResourceId", "SourceKeyId", "DestinationKeyId", "TargetKeyId", "AliasName")
    given = (call.parameters.get(name) for name in named)
    found = {key.id: key for each in given if each and (key := find_key(str(each), region=call.region))}
    return [
        Ask(action=f"kms:{call.operation}", resource=key.arn, account=key.account_id)
        for key in found.values()
    ]


def on_key(key: Key, action: str, context: Context) -> Ask:
    """Return what an action on a key needs, whoever asks."""
    return Ask(
        action=f"kms:{action}",
        resource=key.arn,
        account=key.account_id,
        context={"kms:CallerAccount": ACCOUNT, **context},
        policy=read(key.policy, name="the key policy"),
        consent="resource",
        granted=lambda principal: _grant(key, principal, action, context),
    )


def _grant(key: Key, principal: Principal, action: str, context: Context) -> str | None:
    """Return the grant that lets somebody do this with the key; who lends it on lends no more than they have.

    Source: KMS Developer Guide, "Grants in AWS KMS", "Grant constraints".
    """
    itself = (principal.arn, principal.role_arn)
    lent = context.get("kms:GrantOperations") if action == "CreateGrant" else None
    pairs = {name.removeprefix(_CONTEXT): text for name, text in context.items() if name.startswith(_CONTEXT)}
    for grant in list(key.grants.values()):
        constraints = grant.constraints or {}
        exactly, partly = (constraints.get(f"EncryptionContext{each}") for each in ("Equals", "Subset"))
        holds = (exactly is None or exactly == pairs) and (partly is None or partly.items() <= pairs.items())
        lends = set(lent or ()) <= {*grant.operations}
        if grant.grantee_principal in itself and action in grant.operations and holds and lends:
            return str(grant.id)
    return None


def find_key(named: str | None, *, region: str) -> Key | None:
    """Return the key of an id, an ARN, an alias or an alias's ARN."""
    backend: KmsBackend = kms_backends[ACCOUNT][region]
    if not named:
        return None
    resource = named
    if ":" in named:
        here = f"arn:aws:kms:{region}:{ACCOUNT}:"
        if not named.startswith(here):
            return None
        resource = named.removeprefix(here)
    if resource.startswith("alias/"):
        return backend.keys.get(backend.get_key_id_from_alias(resource) or "")
    return backend.keys.get(resource.removeprefix("key/"))


def encryption_context(given: object) -> dict[str, str | Sequence[str]]:
    """Return the condition keys of an encryption context: each pair, and unless it is empty their names."""
    pairs: Mapping[str, str] = given if isinstance(given, Mapping) else {}
    keys: dict[str, str | Sequence[str]] = {f"{_CONTEXT}{name}": text for name, text in pairs.items()}
    if pairs:
        keys["kms:EncryptionContextKeys"] = list(pairs)
    return keys


def _named_key(call: ApiCall) -> Key | None:
    named = call.parameters.get("KeyId") or call.parameters.get("ResourceId")
    if named is None and call.operation == "Decrypt":
        return _sealing_key(call)
    return find_key(named, region=call.region)


def _sealing_key(call: ApiCall) -> Key | None:
    # moto begins a ciphertext with the id of the key.
    blob = call.parameters.get("CiphertextBlob") or b""
    return find_key(blob[:_KEY_ID_BYTES].decode("ascii", "replace"), region=call.region)


def _keys_of_alias(call: ApiCall) -> list[Key | None]:
    """Return the key that an alias is given, and the one that it is taken from."""
    given, region = call.parameters, call.region
    target, before = (
        find_key(given.get("TargetKeyId"), region=region),
        find_key(given.get("AliasName"), region=region),
    )
    return {"CreateAlias": [target], "DeleteAlias": [before], "UpdateAlias": [before, target]}[call.operation]


def _on_key(call: ApiCall, action: str, key: Key | None, context: Context) -> list[Ask]:
    if key is None:
        return _nobodys(call, action)
    alias = str(call.parameters.get("KeyId", "")).rpartition(":")[2]
    named = {"kms:RequestAlias": alias} if alias.startswith("alias/") else {}
    return [on_key(key, action, {**context, **named})]


def _nobodys(call: ApiCall, action: str) -> list[Ask]:
    """Return what an action needs on a key that is not here: of another account or Region nobody consents.

    An id or an alias that nothing here has is not found, by moto as by KMS.
    """
    named = (
        call.parameters.get(name)
        for name in ("KeyId", "ResourceId", "SourceKeyId", "DestinationKeyId", "TargetKeyId")
    )
    return [
        Ask(action=f"kms:{action}", resource=each, account=each.split(":")[4], consent="resource")
        for each in named
        if isinstance(each, str) and each.count(":") >= _COLONS_OF_ARNS
    ]


def _re_encryption(call: ApiCall) -> list[Ask]:
    given = call.parameters
    source = find_key(given.get("SourceKeyId"), region=call.region) or _sealing_key(call)
    target = find_key(given.get("DestinationKeyId"), region=call.region)
    same = {"kms:ReEncryptOnSameKey": "true" if source is target else "false"}
    return [
        *_on_key(
            call,
            "ReEncryptFrom",
            source,
            {
                **same,
                **encryption_context(given.get("SourceEncryptionContext")),
                "kms:EncryptionAlgorithm": _ALGORITHM,
            },
        ),
        *_on_key(
            call,
            "ReEncryptTo",
            target,
            {
                **same,
                **encryption_context(given.get("DestinationEncryptionContext")),
                "kms:EncryptionAlgorithm": _ALGORITHM,
            },
        ),
    ]


def _of_request(call: ApiCall) -> dict[str, str | Sequence[str]]:
    """Return the condition keys that parameters of administrative calls give."""
    given = call.parameters
    keys: dict[str, str | Sequence[str]] = {}
    if "BypassPolicyLockoutSafetyCheck" in given:
        keys["kms:BypassPolicyLockoutSafetyCheck"] = _word(given["BypassPolicyLockoutSafetyCheck"])
    if "PendingWindowInDays" in given:
        keys["kms:ScheduleKeyDeletionPendingWindowInDays"] = str(given["PendingWindowInDays"])
    if "RotationPeriodInDays" in given:
        keys["kms:RotationPeriodInDays"] = str(given["RotationPeriodInDays"])
    if call.operation == "CreateGrant":
        keys["kms:GrantIsForAWSResource"] = "false"
        keys["kms:GranteePrincipal"] = str(given.get("GranteePrincipal"))
        keys["kms:GrantOperations"] = list(given.get("Operations", []))
    if call.operation == "ReplicateKey":
        keys["kms:ReplicaRegion"] = str(given.get("ReplicaRegion"))
    return keys


def _word(value: object) -> str:
    return "true" if value else "false"
