"""What nobody may do, tried for real: each act is refused by the policy that should refuse it.

`test_what_the_duties_may_do` shows with the same actors and the same material that a refusal is for what the
act asks, and not for how it asks.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from local.stored_item import HEADER, read_header
from tests.local.actors import ELSEWHERE, Actor, Actors, allow
from tests.local.acts import (
    TENANT,
    Act,
    Material,
    batch_get,
    batch_put,
    branch_blob,
    branch_decrypt,
    delete,
    get,
    kms,
    of_account,
    of_archive,
    of_objects,
    of_trail,
    on,
    put,
    query,
    re_encrypt,
    transact_put,
    update,
)
from tests.local.names import PREFIX

IDENTITY = "because no identity-based policy allows the {action} action"
RESOURCE = "because no resource-based policy allows the {action} action"
DENIED = "with an explicit deny in a resource-based policy"
NOT_KNOWN = "nobody may"


@pytest.fixture(scope="module")
def material(aws: EmbeddedAws, branch_keys: Any) -> Iterator[Material]:
    actors, iam = Actors(aws), aws.client("iam")
    records = branch_keys.records(TENANT)
    records.put("secret", {"n": 1})
    branch_keys.create(TENANT)
    roles = {name: actors.role(name) for name in ("writer", "reader", "tenant-admin", "scheduler")}
    of_tenant = actors.role("object-client", Tags=[{"Key": "tenant", "Value": TENANT}])
    people = {
        "object-client": of_tenant,
        "kms administrator": actors.user("kms-administrator", allow("kms:*")),
        "administrator": actors.user("administrator", allow("*")),
        "root": actors.root(),
        "another account": actors.root(ELSEWHERE),
    }
    header = read_header(records.item("secret")[HEADER]["B"])
    yield Material(
        aws,
        {**roles, **people, "impostor": _impostor(aws, actors), "stripped": _stripped(aws, actors)},
        # The data key under an intermediate key, and behind it KMS's ciphertext of that one.
        header.wrapped_key[48:],
        branch_keys.items(TENANT)["branch:ACTIVE"],
    )
    branch_keys.remove(TENANT)
    for role in ("impostor", "stripped"):
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=role)


def _impostor(aws: EmbeddedAws, actors: Actors) -> Actor:
    """A role with all policies of the reader, which the key policy does not know."""
    iam = aws.client("iam")
    arn = iam.create_role(RoleName="impostor", AssumeRolePolicyDocument='{"Statement": []}')["Role"]["Arn"]
    for policy in iam.list_attached_role_policies(RoleName=f"{PREFIX}-reader")["AttachedPolicies"]:
        iam.attach_role_policy(RoleName="impostor", PolicyArn=policy["PolicyArn"])
    return actors.session(arn)


def _stripped(aws: EmbeddedAws, actors: Actors) -> Actor:
    """A session of the reader that begins with a policy for everything but KMS."""
    iam = aws.client("iam")
    # So that the fixture has a role to remove, whatever fails.
    iam.create_role(RoleName="stripped", AssumeRolePolicyDocument='{"Statement": []}')
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    return actors.role("reader", Policy=policy)


OBJECT = {"Key": f"AWSLogs/{ACCOUNT}/CloudTrail/x/2026/01/01/file.json.gz"}
SEALED = {"Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "secret_attribute"}
READER_ARN = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-reader"
GRANT = {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:user/administrator", "Operations": ["Decrypt"]}
# The encryption context of an object.
OF_OTHERS = {"object-tenant": "globex", "object-id": "o-1", "object-content-type": "text/plain"}
WEAKER = '{"Version": "2012-10-17", "Statement": []}'


ACTS: dict[str, tuple[Act, str]] = {
    # The writer stores and reads nothing; it makes data keys, for records alone, and opens none.
    "writer reads a record": (get("writer", "records"), IDENTITY),
    "writer queries records": (query("writer", "records"), IDENTITY),
    "writer scans records": (on("writer", "scan", "records"), IDENTITY),
    "writer reads records in a batch": (batch_get("writer", "records"), IDENTITY),
    "writer updates a record": (update("writer", "records"), IDENTITY),
    "writer writes records in a batch": (batch_put("writer", "records"), IDENTITY),
    "writer reads by PartiQL": (
        of_account("writer", "dynamodb", "execute_statement", Statement="SELECT * FROM records"),
        NOT_KNOWN,
    ),
    "writer reads the key store": (get("writer", "key_store"), IDENTITY),
    "writer writes the key store": (put("writer", "key_store"), DENIED),
    "writer writes the key store in a transaction": (transact_put("writer", "key_store"), DENIED),
    "writer deletes from the key store": (delete("writer", "key_store"), DENIED),
    "writer deletes the table": (on("writer", "delete_table", "records"), IDENTITY),
    "writer changes the table's policy": (
        lambda m: m.call(
            "writer",
            "dynamodb",
            "put_resource_policy",
            ResourceArn=m.aws.client("dynamodb").describe_table(TableName=m.records)["Table"]["TableArn"],
            Policy=WEAKER,
        ),
        IDENTITY,
    ),
    "writer decrypts": (lambda m: m.decrypt("writer"), IDENTITY),
    "writer decrypts and names the key": (lambda m: m.decrypt("writer", key=m.envelope), IDENTITY),
    "writer opens a branch key": (branch_decrypt("writer"), IDENTITY),
    "writer encrypts": (
        lambda m: kms("writer", "encrypt", Plaintext=b"x", EncryptionContext=m.context)(m),
        IDENTITY,
    ),
    "writer re-encrypts": (re_encrypt("writer"), IDENTITY),
    "writer makes a pair of keys": (
        lambda m: kms(
            "writer", "generate_data_key_pair", KeyPairSpec="RSA_2048", EncryptionContext=m.context
        )(m),
        IDENTITY,
    ),
    "writer without encryption context": (
        lambda m: m.data_key("writer", **dict.fromkeys(m.context)),
        DENIED,
    ),
    "writer with another table's context": (
        lambda m: m.data_key("writer", **{"aws-crypto-table-name": "others"}),
        IDENTITY,
    ),
    "writer with another partition key": (
        lambda m: m.data_key("writer", **{"aws-crypto-partition-name": "customer"}),
        IDENTITY,
    ),
    "writer with an additional pair": (lambda m: m.data_key("writer", purpose="export"), IDENTITY),
    "writer without the tenant": (
        lambda m: m.data_key("writer", **{"aws-crypto-attr.tenant": None}),
        IDENTITY,
    ),
    "writer without the record": (
        lambda m: m.data_key("writer", **{"aws-crypto-attr.record": None}),
        IDENTITY,
    ),
    "writer with a branch key's context": (
        lambda m: m.call("writer", "kms", "generate_data_key", NumberOfBytes=32, **branch_blob(m)),
        IDENTITY,
    ),
    # The reader changes nothing, and makes no key.
    "reader writes a record": (put("reader", "records"), IDENTITY),
    "reader deletes a record": (delete("reader", "records"), IDENTITY),
    "reader updates a record": (update("reader", "records"), IDENTITY),
    "reader writes records in a batch": (batch_put("reader", "records"), IDENTITY),
    "reader writes in a transaction": (transact_put("reader", "records"), IDENTITY),
    "reader scans records": (on("reader", "scan", "records"), IDENTITY),
    "reader writes the key store": (put("reader", "key_store"), DENIED),
    "reader deletes from the key store": (delete("reader", "key_store"), DENIED),
    "reader queries the key store": (query("reader", "key_store"), IDENTITY),
    "reader makes a data key": (lambda m: m.data_key("reader"), IDENTITY),
    "reader encrypts": (
        lambda m: kms("reader", "encrypt", Plaintext=b"x", EncryptionContext=m.context)(m),
        IDENTITY,
    ),
    "reader re-encrypts": (re_encrypt("reader"), IDENTITY),
    "reader without encryption context": (
        lambda m: m.decrypt("reader", **dict.fromkeys(m.context)),
        DENIED,
    ),
    "reader with another table's context": (
        lambda m: m.decrypt("reader", **{"aws-crypto-table-name": "others"}),
        IDENTITY,
    ),
    "reader with an additional pair": (lambda m: m.decrypt("reader", purpose="export"), IDENTITY),
    "reader with another key store's context": (branch_decrypt("reader", tablename="others"), IDENTITY),
    "reader opens a beacon key": (branch_decrypt("reader", type="beacon:ACTIVE"), IDENTITY),
    "reader with another hierarchy": (branch_decrypt("reader", **{"hierarchy-version": "2"}), IDENTITY),
    # Who administers branch keys opens none, and reads no record.
    "tenant-admin reads a record": (get("tenant-admin", "records"), IDENTITY),
    "tenant-admin queries whole records": (query("tenant-admin", "records"), IDENTITY),
    "tenant-admin queries a sealed attribute": (query("tenant-admin", "records", **SEALED), IDENTITY),
    "tenant-admin scans records": (on("tenant-admin", "scan", "records"), IDENTITY),
    "tenant-admin writes a record": (put("tenant-admin", "records"), IDENTITY),
    "tenant-admin reads a record by deleting it": (
        delete("tenant-admin", "records", ReturnValues="ALL_OLD"),
        IDENTITY,
    ),
    "tenant-admin opens a record's key": (lambda m: m.decrypt("tenant-admin"), IDENTITY),
    "tenant-admin opens a branch key": (branch_decrypt("tenant-admin"), IDENTITY),
    "tenant-admin makes a key that it sees": (
        lambda m: m.call("tenant-admin", "kms", "generate_data_key", NumberOfBytes=32, **branch_blob(m)),
        IDENTITY,
    ),
    "tenant-admin makes a record's key": (
        lambda m: m.call(
            "tenant-admin",
            "kms",
            "generate_data_key_without_plaintext",
            KeyId=m.envelope,
            NumberOfBytes=32,
            EncryptionContext=m.context,
        ),
        IDENTITY,
    ),
    "tenant-admin moves a record's key": (re_encrypt("tenant-admin"), IDENTITY),
    "tenant-admin updates the key store in place": (update("tenant-admin", "key_store"), IDENTITY),
    # Who stores objects has nothing to do with records and branch keys, and reaches no other tenant's.
    "object-client reads a record": (get("object-client", "records"), IDENTITY),
    "object-client writes a record": (put("object-client", "records"), IDENTITY),
    "object-client reads the key store": (get("object-client", "key_store"), IDENTITY),
    "object-client writes the key store": (put("object-client", "key_store"), DENIED),
    "object-client opens a record's key": (lambda m: m.decrypt("object-client"), IDENTITY),
    "object-client makes a record's key": (lambda m: m.data_key("object-client"), IDENTITY),
    "object-client opens a branch key": (branch_decrypt("object-client"), IDENTITY),
    "object-client re-encrypts": (re_encrypt("object-client"), IDENTITY),
    "object-client makes another tenant's key": (
        kms("object-client", "generate_data_key", NumberOfBytes=32, EncryptionContext=OF_OTHERS),
        IDENTITY,
    ),
    "object-client without encryption context": (
        kms("object-client", "generate_data_key", NumberOfBytes=32),
        DENIED,
    ),
    "object-client reads another tenant's object": (
        of_objects("object-client", "get_object", Key="tenants/globex/o-1"),
        IDENTITY,
    ),
    "object-client stores an object of another tenant": (
        of_objects("object-client", "put_object", Key="tenants/globex/o-1", Body=b""),
        IDENTITY,
    ),
    "object-client lists all objects": (of_objects("object-client", "list_objects_v2"), IDENTITY),
    "object-client removes a version": (
        of_objects("object-client", "delete_object", Key=f"tenants/{TENANT}/o-1", VersionId="any"),
        IDENTITY,
    ),
    "object-client changes the bucket's policy": (
        of_objects("object-client", "put_bucket_policy", Policy=WEAKER),
        IDENTITY,
    ),
    "object-client ends the bucket's lifecycle": (
        of_objects("object-client", "delete_bucket_lifecycle"),
        IDENTITY,
    ),
    "kms:* makes an object's key": (
        kms("kms administrator", "generate_data_key", NumberOfBytes=32, EncryptionContext=OF_OTHERS),
        RESOURCE,
    ),
    "an administrator stores an object": (
        of_objects("administrator", "put_object", Key=f"tenants/{TENANT}/o-1", Body=b""),
        RESOURCE,
    ),
    "an administrator stores an object under S3's own key": (
        of_objects("administrator", "put_object", Key="any", Body=b"", ServerSideEncryption="AES256"),
        DENIED,
    ),
    # Two consents, and neither alone.
    "IAM alone: another role with the reader's policies": (lambda m: m.decrypt("impostor"), RESOURCE),
    "the key policy alone: the reader in a session without KMS": (
        lambda m: m.decrypt("stripped"),
        "because no session policy allows the kms:Decrypt action",
    ),
    "kms:* decrypts": (lambda m: m.decrypt("kms administrator"), RESOURCE),
    "kms:* opens a branch key": (branch_decrypt("kms administrator"), RESOURCE),
    "kms:* makes a data key": (lambda m: m.data_key("kms administrator"), RESOURCE),
    "kms:* re-encrypts": (re_encrypt("kms administrator"), RESOURCE),
    "kms:* creates a grant": (kms("kms administrator", "create_grant", **GRANT), DENIED),
    "kms:* replicates the key": (
        kms("kms administrator", "replicate_key", ReplicaRegion="eu-west-1"),
        DENIED,
    ),
    "kms:* locks everybody out": (
        kms("kms administrator", "put_key_policy", Policy=WEAKER, BypassPolicyLockoutSafetyCheck=True),
        DENIED,
    ),
    "an administrator decrypts": (lambda m: m.decrypt("administrator"), RESOURCE),
    "an administrator creates a grant": (kms("administrator", "create_grant", **GRANT), DENIED),
    "root decrypts": (lambda m: m.decrypt("root"), RESOURCE),
    "root creates a grant": (kms("root", "create_grant", **GRANT), DENIED),
    "another account decrypts": (lambda m: m.decrypt("another account", key=m.envelope), DENIED),
    "another account describes the key": (kms("another account", "describe_key"), DENIED),
    "another account makes a data key": (lambda m: m.data_key("another account"), DENIED),
    "another account changes the key policy": (
        kms("another account", "put_key_policy", Policy=WEAKER),
        DENIED,
    ),
    # Nobody of the application touches what watches it, nor gives itself more.
    **{
        f"{role} {what}": (act(role), IDENTITY)
        for role in ("writer", "reader", "tenant-admin", "scheduler", "object-client")
        for what, act in {
            "stops the trail": lambda role: of_trail(role, "stop_logging"),
            "deletes the trail": lambda role: of_trail(role, "delete_trail"),
            "changes the trail": lambda role: of_trail(role, "update_trail", IsMultiRegionTrail=False),
            "narrows the trail": lambda role: of_trail(role, "put_event_selectors", EventSelectors=[]),
            "deletes the archive": lambda role: of_archive(role, "delete_bucket"),
            "changes the archive's policy": lambda role: of_archive(role, "put_bucket_policy", Policy=WEAKER),
            "disables the key": lambda role: kms(role, "disable_key"),
            "schedules the key's deletion": lambda role: kms(role, "schedule_key_deletion"),
            "changes the key policy": lambda role: kms(role, "put_key_policy", Policy=WEAKER),
            "gives itself a policy": lambda role: of_account(
                role,
                "iam",
                "put_role_policy",
                RoleName=f"{PREFIX}-{role}",
                PolicyName="more",
                PolicyDocument=WEAKER,
            ),
        }.items()
    },
    **{
        f"{role} {what}": (act(role), DENIED)
        for role in ("writer", "reader", "object-client", "administrator", "root")
        for what, act in {
            "deletes a file of the archive": lambda role: of_archive(role, "delete_object", **OBJECT),
            "overwrites a file of the archive": lambda role: of_archive(
                role, "put_object", **OBJECT, Body=b""
            ),
        }.items()
    },
    "writer takes the reader's role": (
        of_account("writer", "sts", "assume_role", RoleArn=READER_ARN, RoleSessionName="other"),
        IDENTITY,
    ),
    "an administrator takes the reader's role": (
        of_account("administrator", "sts", "assume_role", RoleArn=READER_ARN, RoleSessionName="other"),
        RESOURCE,
    ),
    "writer changes the reader's code": (
        lambda m: m.call(
            "writer",
            "lambda",
            "update_function_code",
            FunctionName=m.outputs["ReaderFunctionName"],
            ZipFile=b"",
        ),
        IDENTITY,
    ),
    "scheduler starts the reader": (
        lambda m: m.call("scheduler", "lambda", "invoke", FunctionName=m.outputs["ReaderFunctionName"]),
        IDENTITY,
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_it_is_refused_and_for_the_right_reason(material: Material, act: str) -> None:
    attempt, reason = ACTS[act]
    before = len(material.aws.enforcement.refused())

    with pytest.raises(ClientError) as caught:
        attempt(material)

    error = caught.value.response["Error"]
    assert error["Code"] in ("AccessDeniedException", "AccessDenied"), error
    [refused] = material.aws.enforcement.refused()[before:] or [None]
    action = refused.ask.action if refused else ""
    assert reason.format(action=action) in error["Message"]


def test_there_are_enough_of_them() -> None:
    assert len(ACTS) >= 60


MAY: dict[str, Act] = {
    "writer makes a data key for a record": lambda m: m.data_key("writer"),
    "writer stores a record": put("writer", "records"),
    "writer deletes a record": delete("writer", "records"),
    "reader opens a record's key": lambda m: m.decrypt("reader"),
    "reader reads a record": get("reader", "records"),
    "reader queries records": query("reader", "records"),
    "reader reads the key store": get("reader", "key_store"),
    "reader opens a branch key": branch_decrypt("reader"),
    "tenant-admin reads the key store": get("tenant-admin", "key_store"),
    "tenant-admin finds what records hang on": query(
        "tenant-admin",
        "records",
        Select="SPECIFIC_ATTRIBUTES",
        ProjectionExpression="#k, #r, #h",
        names={"#r": "record", "#h": HEADER},
    ),
    "tenant-admin makes a branch key unseen": lambda m: m.call(
        "tenant-admin", "kms", "generate_data_key_without_plaintext", NumberOfBytes=32, **branch_blob(m)
    ),
    "object-client makes a data key of its tenant": kms(
        "object-client",
        "generate_data_key",
        NumberOfBytes=32,
        EncryptionContext={**OF_OTHERS, "object-tenant": TENANT},
    ),
    "object-client stores an object": of_objects(
        "object-client", "put_object", Key=f"tenants/{TENANT}/o-1", Body=b"x"
    ),
    "object-client reads an object": of_objects("object-client", "get_object", Key=f"tenants/{TENANT}/o-1"),
    "an administrator describes the key": kms("administrator", "describe_key"),
    "kms:* reads the key policy": kms("kms administrator", "get_key_policy", PolicyName="default"),
    "root describes the key": kms("root", "describe_key"),
}


@pytest.mark.parametrize("act", MAY)
def test_what_the_duties_may_do(material: Material, act: str) -> None:
    MAY[act](material)


def test_a_role_without_its_own_policy_is_refused_whatever_the_key_policy_says(material: Material) -> None:
    iam, role = material.aws.client("iam"), f"{PREFIX}-reader"
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    [policy] = [each["PolicyArn"] for each in attached if "ReaderMayUseEnvelopeKey" in each["PolicyName"]]
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    try:
        with pytest.raises(ClientError, match="no identity-based policy allows the kms:Decrypt action"):
            material.decrypt("reader")
    finally:
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    material.decrypt("reader")
