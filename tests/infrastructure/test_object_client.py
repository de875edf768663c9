"""The role object-client: who takes it, and that keys and bucket give it its own tenant's objects alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.policy import Policies, Principal, decide, parse
from local.policy import Request as Asked
from stacks import branch_key_contexts, object_contexts
from stacks.key_policies import CRYPTOGRAPHY
from stacks.object_client import ON_OBJECTS
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.branch_key_calls import context_of_each_type, rights_for_a_branch_key
from tests.infrastructure.key_requests import ALL_OF_KMS, allowed, ask
from tests.infrastructure.policy_evaluation import (
    TENANT,
    Request,
    identity_allows,
    resource_allows,
    with_encryption_context,
)
from tests.infrastructure.test_branch_keys import RECORD

OTHER = "globex"
ROLE = "object-client"
CONTEXT = {
    "object-tenant": TENANT,
    "object-id": "o-1",
    "object-content-type": "application/pdf",
    "object-length": "52428800",
}
WITHOUT_LENGTH = {name: value for name, value in CONTEXT.items() if name != "object-length"}
USED = ("kms:Decrypt", "kms:GenerateDataKey")
OTHER_CONTEXTS: dict[str, dict[str, str]] = {
    "another tenant's": {**CONTEXT, "object-tenant": OTHER},
    "a tenant's that begins alike": {**CONTEXT, "object-tenant": f"{TENANT}-2"},
    # The condition key of a name holds for it in any letters: the list of names is what tells them apart.
    "its own, by a name in other letters": {
        "Object-Tenant": TENANT,
        **{name: CONTEXT[name] for name in CONTEXT if name != "object-tenant"},
    },
    "every tenant's": {**CONTEXT, "object-tenant": "*"},
    "the variable's text": {**CONTEXT, "object-tenant": "${aws:PrincipalTag/tenant}"},
    "without the tenant": {name: CONTEXT[name] for name in CONTEXT if name != "object-tenant"},
    "without the object": {name: CONTEXT[name] for name in CONTEXT if name != "object-id"},
    "without its type": {name: CONTEXT[name] for name in CONTEXT if name != "object-content-type"},
    "with one more": {**CONTEXT, "purpose": "any"},
    "with a key for signatures": {**CONTEXT, "aws-crypto-public-key": "A"},
    "the tenant alone": {"object-tenant": TENANT},
    "a record's": RECORD,
    "a record's beside": {**RECORD, **CONTEXT},
    "the bucket's": {"aws:s3:arn": f"arn:aws:s3:::any-objects-{ACCOUNT}"},
    "none": {},
}


@pytest.fixture(scope="session")
def branch_keys() -> dict[str, dict[str, str]]:
    return context_of_each_type(rights_for_a_branch_key())


def role(assembly: Assembly, name: str = ROLE) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{name}"


def bucket(assembly: Assembly) -> str:
    return f"arn:aws:s3:::{assembly.prefix}-objects-{ACCOUNT}"


def lets(
    assembly: Assembly, action: str, context: dict[str, str], *, name: str = ROLE, key: str = "envelope"
) -> tuple[bool, bool]:
    """What the key says to a role whom IAM allows all, and what the role's IAM policies say."""
    asked = with_encryption_context(ask(assembly, key, action, principal=role(assembly, name)), context)
    by_iam = identity_allows(asked, policies=assembly.identity_statements(name))
    return allowed(assembly, key, asked, identity_policies=ALL_OF_KMS), by_iam


@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_the_key_makes_and_opens_data_keys_of_its_own_tenants_objects(
    assembly: Assembly, action: str
) -> None:
    expected = (action in USED, action in USED)
    assert lets(assembly, action, CONTEXT) == expected
    assert lets(assembly, action, WITHOUT_LENGTH) == expected
    assert lets(assembly, action, CONTEXT, key="storage") == (False, False)
    assert lets(assembly, action, CONTEXT, key="audit") == (False, False)


@pytest.mark.parametrize("what", OTHER_CONTEXTS)
def test_the_key_is_used_for_no_other_context(assembly: Assembly, what: str) -> None:
    for action in CRYPTOGRAPHY:
        assert lets(assembly, action, OTHER_CONTEXTS[what]) == (False, False), action


def test_the_key_is_used_for_no_branch_key(
    assembly: Assembly, branch_keys: dict[str, dict[str, str]]
) -> None:
    for context in branch_keys.values():
        for action in CRYPTOGRAPHY:
            assert lets(assembly, action, context) == (False, False), action


@pytest.mark.parametrize("duty", ["writer", "reader", "tenant-admin"])
def test_no_function_uses_the_key_for_objects(assembly: Assembly, duty: str) -> None:
    for name in {duty, assembly.worker(duty)}:
        for action in CRYPTOGRAPHY:
            assert lets(assembly, action, CONTEXT, name=name) == (False, False), action


def test_contexts_of_objects_share_no_key_with_those_of_records_and_branch_keys(
    branch_keys: dict[str, dict[str, str]],
) -> None:
    own = set(object_contexts.CONTEXT_KEYS)
    assert own == set(CONTEXT)
    assert not own & set(RECORD)
    assert not own & set(branch_key_contexts.CONTEXT_KEYS)
    for context in branch_keys.values():
        assert not own & set(context)


def test_old_keys_open_and_make_nothing(changed: Callable[..., Assembly]) -> None:
    old = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/old"
    with_old = changed("dev", decrypt_key_arns=[old])
    asked = {
        action: with_encryption_context(
            Request(principal=role(with_old), action=action, resource=old), CONTEXT
        )
        for action in USED
    }
    policies = with_old.identity_statements(ROLE)
    assert identity_allows(asked["kms:Decrypt"], policies=policies)
    assert not identity_allows(asked["kms:GenerateDataKey"], policies=policies)


def through(assembly: Assembly, action: str, **changes: str | None) -> tuple[bool, bool]:
    given = {
        "kms:ViaService": f"s3.{REGION}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": bucket(assembly),
        "kms:EncryptionContextKeys": "aws:s3:arn",
        **changes,
    }
    context = {key: value for key, value in given.items() if value is not None}
    asked = ask(assembly, "storage", action, principal=role(assembly), context=context)
    by_iam = identity_allows(asked, policies=assembly.identity_statements(ROLE))
    return allowed(assembly, "storage", asked), by_iam


def test_the_storage_key_is_used_by_s3_for_the_bucket_alone(assembly: Assembly) -> None:
    arn = "kms:EncryptionContext:aws:s3:arn"
    for action in CRYPTOGRAPHY:
        assert through(assembly, action) == (action in USED, action in USED)
        for wrong in (
            {"kms:ViaService": None},
            {"kms:ViaService": f"lambda.{REGION}.amazonaws.com"},
            {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
            {arn: None},
            {arn: "arn:aws:s3:::another"},
            {arn: f"{bucket(assembly)}/tenants/{TENANT}/o-1"},
        ):
            assert through(assembly, action, **wrong) == (False, False), wrong


def test_nobody_else_uses_the_storage_key_for_the_bucket(assembly: Assembly) -> None:
    context = {
        "kms:ViaService": f"s3.{REGION}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": bucket(assembly),
    }
    for principal in ("administrator", "reader", f"{ROLE}-2"):
        asked = ask(assembly, "storage", "kms:Decrypt", principal=role(assembly, principal), context=context)
        assert not allowed(assembly, "storage", asked)


def does(assembly: Assembly, action: str, resource: str, **context: str) -> bool:
    """Whether IAM's policies of a session and the bucket's policy let it."""
    (policy,) = [
        found["Properties"]["PolicyDocument"]["Statement"]
        for logical_id, found in assembly.resources("AWS::S3::BucketPolicy").items()
        if logical_id.startswith("Objects")
    ]
    given = {f"s3:{name}": value for name, value in context.items()}
    asked = Request(
        principal=role(assembly),
        action=action,
        resource=resource,
        context={
            "aws:SecureTransport": "true",
            "s3:ResourceAccount": ACCOUNT,
            "s3:TlsVersion": "1.3",
            **given,
        },
    )
    own = assembly.identity_statements(ROLE)
    return resource_allows(asked, resource_policy=policy, identity_policies=own)


def test_it_stores_reads_and_deletes_its_own_objects(assembly: Assembly) -> None:
    for action in ON_OBJECTS:
        assert does(assembly, action, f"{bucket(assembly)}/tenants/{TENANT}/o-1"), action
        assert does(assembly, action, f"{bucket(assembly)}/tenants/{TENANT}/a/b"), action


def test_no_object_of_others_is_within_reach(assembly: Assembly) -> None:
    own = bucket(assembly)
    for action in ON_OBJECTS:
        for resource in (
            f"{own}/tenants/{OTHER}/o-1",
            f"{own}/tenants/{TENANT}-2/o-1",
            f"{own}/tenants/{TENANT}",
            f"{own}/tenants/o-1",
            f"{own}/{TENANT}/o-1",
            f"{own}/o-1",
            f"{own}-2/tenants/{TENANT}/o-1",
            f"arn:aws:s3:::another/tenants/{TENANT}/o-1",
        ):
            assert not does(assembly, action, resource), f"{action} {resource}"


def test_no_bucket_of_another_account_is_within_reach(assembly: Assembly) -> None:
    """Its own policy refuses; a bucket of another account may allow what it likes."""
    others = {"s3:ResourceAccount": "999999999999", "s3:prefix": f"tenants/{TENANT}/"}
    named = [(action, f"{bucket(assembly)}/tenants/{TENANT}/o-1") for action in ON_OBJECTS]
    for action, resource in (*named, ("s3:ListBucket", bucket(assembly))):
        asked = Request(principal=role(assembly), action=action, resource=resource, context=others)
        policies = assembly.identity_statements(ROLE)
        assert not identity_allows(asked, policies=policies), action
        ours = replace(asked, context={**others, "s3:ResourceAccount": ACCOUNT})
        assert identity_allows(ours, policies=policies), action


def test_it_lists_its_own_objects_alone(assembly: Assembly) -> None:
    own = bucket(assembly)
    assert does(assembly, "s3:ListBucket", own, prefix=f"tenants/{TENANT}/")
    assert does(assembly, "s3:ListBucket", own, prefix=f"tenants/{TENANT}/a")
    for prefix in (f"tenants/{OTHER}/", f"tenants/{TENANT}", f"tenants/{TENANT}-2/", "tenants/", ""):
        assert not does(assembly, "s3:ListBucket", own, prefix=prefix), prefix
    assert not does(assembly, "s3:ListBucket", own)
    assert not does(assembly, "s3:ListBucket", "arn:aws:s3:::another", prefix=f"tenants/{TENANT}/")


@pytest.mark.parametrize(
    "action",
    [
        "s3:DeleteObjectVersion",
        "s3:PutObjectAcl",
        "s3:PutObjectRetention",
        "s3:PutObjectTagging",
        "s3:GetObjectAttributes",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:PutLifecycleConfiguration",
        "s3:PutEncryptionConfiguration",
        "s3:PutBucketVersioning",
        "s3:DeleteBucket",
        "s3:BypassGovernanceRetention",
    ],
)
def test_it_removes_no_version_and_changes_nothing_of_the_bucket(assembly: Assembly, action: str) -> None:
    for resource in (bucket(assembly), f"{bucket(assembly)}/tenants/{TENANT}/o-1"):
        assert not does(assembly, action, resource, prefix=f"tenants/{TENANT}/")


def test_it_has_no_other_right(assembly: Assembly) -> None:
    granted = {
        (action, resource)
        for statement in assembly.identity_statements(ROLE)
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }
    objects = f"{bucket(assembly)}/tenants/${{aws:PrincipalTag/tenant}}/*"
    assert granted == {
        *((action, objects) for action in ON_OBJECTS),
        ("s3:ListBucket", bucket(assembly)),
        *((action, assembly.key(key)["Arn"]) for action in USED for key in ("envelope", "storage")),
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


TAKING = ("sts:AssumeRole", "sts:TagSession")
# Keys that only the first of the two has.
OF_ASSUMING = ("sts:RoleSessionName",)
ASKED_FOR: dict[str, Any] = {
    "aws:RequestTag/tenant": TENANT,
    "aws:TagKeys": ["tenant"],
    "sts:RoleSessionName": "any",
}
NO_TAGS: dict[str, Any] = {"aws:RequestTag/tenant": None, "aws:TagKeys": None}
OWN = {"tenant": TENANT}
# Who takes the role: the caller's tags, and what the request has otherwise.
WRONG: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "no tag": (OWN, NO_TAGS),
    "another tag": (OWN, {"aws:RequestTag/tenant": None, "aws:TagKeys": ["customer"]}),
    "another tenant's tag": (OWN, {"aws:RequestTag/tenant": OTHER}),
    "an empty tag": (OWN, {"aws:RequestTag/tenant": ""}),
    "an empty tag of a caller whose own is empty": ({"tenant": ""}, {"aws:RequestTag/tenant": ""}),
    "a tag in other letters": (OWN, {"aws:TagKeys": ["Tenant"]}),
    "a tag beside": (OWN, {"aws:TagKeys": ["tenant", "customer"]}),
    "a transitive tag": (OWN, {"sts:TransitiveTagKeys": ["tenant"]}),
    "a caller without tag": ({}, {}),
    "a caller without tag and no tag": ({}, NO_TAGS),
    "a caller without tag, and the variable's text": (
        {},
        {"aws:RequestTag/tenant": "${aws:PrincipalTag/tenant}"},
    ),
    "a tenant within another's prefix": (
        {"tenant": f"{TENANT}/a"},
        {"aws:RequestTag/tenant": f"{TENANT}/a"},
    ),
    "a caller with another tag": ({"customer": TENANT}, {}),
}


def takes(
    assembly: Assembly, *, tags: dict[str, str], actions: tuple[str, ...] = TAKING, **changes: Any
) -> bool:
    """Whether a principal whom IAM allows all takes the role."""
    (found,) = [
        each["Properties"]
        for each in assembly.resources("AWS::IAM::Role").values()
        if each["Properties"].get("RoleName") == f"{assembly.prefix}-{ROLE}"
    ]
    trust = found["AssumeRolePolicyDocument"]["Statement"]
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    context = {key: value for key, value in {**ASKED_FOR, **changes}.items() if value is not None}
    policies = Policies(
        identity=[parse({"Version": "2012-10-17", "Statement": everything}, name="identity")],
        resource=parse({"Version": "2012-10-17", "Statement": trust}, name="trust"),
    )
    caller = Principal(kind="user", arn=f"arn:aws:iam::{ACCOUNT}:user/caller", tags=tags)
    # Without tags there is no TagSession to be asked about.
    wanted = actions if "aws:TagKeys" in context else actions[:1]
    return all(
        decide(
            Asked(
                principal=caller,
                action=action,
                resource=role(assembly),
                account=ACCOUNT,
                context={k: v for k, v in context.items() if action == TAKING[0] or k not in OF_ASSUMING},
            ),
            policies,
            consent="resource",
        ).allowed
        for action in wanted
    )


def test_a_caller_takes_the_role_for_its_own_tenant(assembly: Assembly) -> None:
    assert takes(assembly, tags=OWN)
    assert takes(assembly, tags={"tenant": OTHER}, **{"aws:RequestTag/tenant": OTHER})


@pytest.mark.parametrize("what", WRONG)
def test_nobody_else_takes_the_role(assembly: Assembly, what: str) -> None:
    tags, changes = WRONG[what]
    assert not takes(assembly, tags=tags, **changes)
    # Each of the two refuses by itself.
    for action in TAKING:
        assert not takes(assembly, tags=tags, actions=(action,), **changes)


def test_taking_it_needs_the_callers_policy_which_lets_nothing_else(assembly: Assembly) -> None:
    (statements,) = [
        policy["Properties"]["PolicyDocument"]["Statement"]
        for policy in assembly.resources("AWS::IAM::ManagedPolicy").values()
        if policy["Properties"].get("ManagedPolicyName") == f"{assembly.prefix}-objects"
    ]
    (statement,) = statements
    assert statement["Effect"] == "Allow"
    assert set(statement["Action"]) == set(TAKING)
    assert statement["Resource"] == role(assembly)


def test_a_session_lasts_an_hour_at_most(assembly: Assembly) -> None:
    (found,) = [
        each["Properties"]
        for each in assembly.resources("AWS::IAM::Role").values()
        if each["Properties"].get("RoleName") == f"{assembly.prefix}-{ROLE}"
    ]
    assert found["MaxSessionDuration"] == 3600
    assert "Tags" not in found or "tenant" not in {tag["Key"] for tag in found["Tags"]}
