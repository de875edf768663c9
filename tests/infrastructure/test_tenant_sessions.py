"""Sessions of one tenant: who begins one, and that key and tables give it its own tenant alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.policy import Policies, Principal, decide, parse
from local.policy import Request as Asked
from stacks.key_policies import CRYPTOGRAPHY
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.branch_key_calls import TENANT, context_of_each_type, rights_for_a_branch_key
from tests.infrastructure.key_requests import ALL_OF_KMS, allowed, ask
from tests.infrastructure.policy_evaluation import Request, identity_allows, with_encryption_context
from tests.infrastructure.test_branch_keys import RECORD

OTHER = "globex"
DUTIES = ("writer", "reader", "tenant-admin", "reencryptor")
ON_ITEMS = (
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
)


@pytest.fixture(scope="session")
def branch_key_contexts() -> dict[str, dict[str, str]]:
    return context_of_each_type(rights_for_a_branch_key())


@pytest.fixture
def deployed(changed: Callable[..., Assembly]) -> Assembly:
    """Production with sessions, in the strategy that gives the most rights."""
    return changed("prod", key_strategy="tenant")


def role(assembly: Assembly, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{name}"


def lets(assembly: Assembly, name: str, action: str, context: dict[str, str]) -> tuple[bool, bool]:
    """What the envelope key says to a role whom IAM allows all, and what the role's IAM policies say."""
    asked = with_encryption_context(
        ask(assembly, "envelope", action, principal=role(assembly, name)), context
    )
    by_iam = identity_allows(asked, policies=assembly.identity_statements(name))
    return allowed(assembly, "envelope", asked, identity_policies=ALL_OF_KMS), by_iam


def of(tenant: str, context: dict[str, str]) -> dict[str, str]:
    """The same context for another tenant."""
    return {name: tenant if value == TENANT else value for name, value in context.items()}


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_no_key_is_used_for_another_tenant(
    deployed: Assembly, branch_key_contexts: dict[str, dict[str, str]], duty: str, action: str
) -> None:
    for context in (RECORD, *branch_key_contexts.values()):
        assert lets(deployed, f"{duty}-session", action, of(OTHER, context)) == (False, False)
        # Each place where the tenant stands is compared.
        for name in (name for name, value in context.items() if value == TENANT):
            assert lets(deployed, f"{duty}-session", action, {**context, name: OTHER}) == (False, False)


@pytest.mark.parametrize("duty", DUTIES)
def test_keys_are_used_for_the_sessions_own_tenant(
    deployed: Assembly, branch_key_contexts: dict[str, dict[str, str]], duty: str
) -> None:
    used = [
        (action, context)
        for action in CRYPTOGRAPHY
        for context in (RECORD, *branch_key_contexts.values())
        if lets(deployed, f"{duty}-session", action, context) == (True, True)
    ]
    assert len(used) == {"writer": 2, "reader": 3, "tenant-admin": 9, "reencryptor": 4}[duty]


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_the_functions_own_role_has_no_use_of_the_key(
    deployed: Assembly, branch_key_contexts: dict[str, dict[str, str]], duty: str, action: str
) -> None:
    for context in (RECORD, *branch_key_contexts.values()):
        assert lets(deployed, duty, action, context) == (False, False)


def session(assembly: Assembly, duty: str, tags: dict[str, str]) -> Principal:
    name = f"{assembly.prefix}-{duty}-session"
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/x"
    return Principal(kind="role session", arn=arn, role_arn=role(assembly, f"{duty}-session"), tags=tags)


def reaches(
    assembly: Assembly, duty: str, action: str, table: str, tags: dict[str, str], **context: Any
) -> bool:
    statements = assembly.identity_statements(f"{duty}-session")
    policy = parse({"Version": "2012-10-17", "Statement": statements}, name="policy")
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{assembly.prefix}-{table}"
    given = {f"dynamodb:{name}": value for name, value in context.items()}
    asked = Asked(
        principal=session(assembly, duty, tags), action=action, resource=arn, account=ACCOUNT, context=given
    )
    return decide(asked, Policies(identity=[policy])).allowed


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("table", ["records", "key-store"])
@pytest.mark.parametrize(
    "action", [*ON_ITEMS, "dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:BatchGetItem"]
)
def test_items_of_another_tenant_are_out_of_reach(
    deployed: Assembly, duty: str, table: str, action: str
) -> None:
    tags = {"tenant": TENANT}
    seen = {"Attributes": ["tenant", "record", "aws_dbe_head"], "Select": "SPECIFIC_ATTRIBUTES"}
    for leading in ([OTHER], [TENANT, OTHER], ["acm"], ["acme-2"], ["*"]):
        assert not reaches(deployed, duty, action, table, tags, LeadingKeys=leading, **seen)
    assert not reaches(deployed, duty, action, table, tags, **seen)
    for others in ({}, {"tenant": ""}, {"tenant": OTHER}, {"customer": TENANT}):
        assert not reaches(deployed, duty, action, table, others, LeadingKeys=[TENANT], **seen)


def test_its_own_items_are_within_reach(deployed: Assembly) -> None:
    tags = {"tenant": TENANT}
    seen = {"Attributes": ["tenant", "record", "aws_dbe_head"], "Select": "SPECIFIC_ATTRIBUTES"}
    found = {
        (duty, table, action.partition(":")[2])
        for duty in DUTIES
        for table in ("records", "key-store")
        for action in ON_ITEMS
        if reaches(deployed, duty, action, table, tags, LeadingKeys=[TENANT], **seen)
    }
    assert found == {
        ("writer", "records", "PutItem"),
        ("writer", "records", "DeleteItem"),
        ("writer", "key-store", "GetItem"),
        ("reader", "records", "GetItem"),
        ("reader", "records", "Query"),
        ("reader", "key-store", "GetItem"),
        ("reencryptor", "records", "PutItem"),
        ("reencryptor", "key-store", "ConditionCheckItem"),
        ("reencryptor", "key-store", "GetItem"),
        ("tenant-admin", "records", "Query"),
        ("tenant-admin", "records", "DeleteItem"),
        *(("tenant-admin", "key-store", action.partition(":")[2]) for action in ON_ITEMS),
    }


BEGINNING = ("sts:AssumeRole", "sts:TagSession")
# Keys that only the first of the two has.
OF_ASSUMING = ("sts:RoleSessionName",)
ASKED_FOR: dict[str, Any] = {
    "aws:RequestTag/tenant": TENANT,
    "aws:TagKeys": ["tenant"],
    "sts:RoleSessionName": TENANT,
}
WRONG: dict[str, dict[str, Any]] = {
    "no tag": {"aws:RequestTag/tenant": None, "aws:TagKeys": None},
    "another tag": {"aws:RequestTag/tenant": None, "aws:TagKeys": ["customer"]},
    "a tag beside": {"aws:TagKeys": ["tenant", "customer"]},
    "a transitive tag": {"sts:TransitiveTagKeys": ["tenant"]},
    "another's name": {"sts:RoleSessionName": OTHER},
    "a longer name": {"sts:RoleSessionName": f"{TENANT}.."},
}


def begins(assembly: Assembly, principal: str, duty: str, *, own: bool = True, **changes: Any) -> bool:
    (trust,) = [
        found["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for found in assembly.resources("AWS::IAM::Role").values()
        if found["Properties"].get("RoleName") == f"{assembly.prefix}-{duty}-session"
    ]
    name = principal.rpartition("/")[2]
    identity = assembly.identity_statements(name.removeprefix(f"{assembly.prefix}-")) if own else ALL
    context = {key: value for key, value in {**ASKED_FOR, **changes}.items() if value is not None}
    policies = Policies(
        identity=[parse({"Version": "2012-10-17", "Statement": identity}, name="identity")],
        resource=parse({"Version": "2012-10-17", "Statement": trust}, name="trust"),
    )
    who = Principal(
        kind="role session", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/x", role_arn=principal
    )
    return all(
        decide(
            Asked(
                principal=who,
                action=action,
                resource=role(assembly, f"{duty}-session"),
                account=ACCOUNT,
                context={k: v for k, v in context.items() if action == BEGINNING[0] or k not in OF_ASSUMING},
            ),
            policies,
            consent="resource",
        ).allowed
        for action in BEGINNING
    )


ALL: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


@pytest.mark.parametrize("duty", DUTIES)
def test_a_session_is_begun_by_its_duty_s_function(deployed: Assembly, duty: str) -> None:
    assert begins(deployed, role(deployed, duty), duty)
    short = {"aws:RequestTag/tenant": "a", "sts:RoleSessionName": "a."}
    assert begins(deployed, role(deployed, duty), duty, **short)
    for other in (*(other for other in DUTIES if other != duty), f"{duty}-session", "administrator"):
        assert not begins(deployed, role(deployed, other), duty, own=False)


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("what", WRONG)
def test_a_session_is_begun_for_one_tenant_alone(deployed: Assembly, duty: str, what: str) -> None:
    assert not begins(deployed, role(deployed, duty), duty, **WRONG[what])


@pytest.mark.parametrize("duty", DUTIES)
def test_beginning_one_takes_iams_consent_too(deployed: Assembly, duty: str) -> None:
    statements = [
        statement
        for statement in deployed.identity_statements(duty)
        if statement["Sid"] != "SessionsOfOneTenant"
    ]
    asked = Request(
        principal=role(deployed, duty),
        action="sts:AssumeRole",
        resource=role(deployed, f"{duty}-session"),
        context=ASKED_FOR,
    )
    assert identity_allows(asked, policies=deployed.identity_statements(duty))
    assert not identity_allows(asked, policies=statements)
    assert not identity_allows(
        replace(asked, resource=role(deployed, "other")), policies=deployed.identity_statements(duty)
    )


def roles(assembly: Assembly) -> set[str]:
    found = (each["Properties"].get("RoleName", "") for each in assembly.resources("AWS::IAM::Role").values())
    return {name.removeprefix(f"{assembly.prefix}-") for name in found if name.endswith("-session")}


def test_without_the_setting_there_are_none(dev: Assembly) -> None:
    assert dev.settings["tenant_sessions"] is False
    assert roles(dev) == set()
    assert "SESSION_ROLE_ARN" not in str(dev.resources("AWS::Lambda::Function"))


@pytest.mark.parametrize("on", [True, False])
def test_while_it_changes_functions_and_sessions_both_have_the_rights(
    changed: Callable[..., Assembly],
    on: bool,  # noqa: FBT001
) -> None:
    both = changed("dev", tenant_sessions=on, tenant_sessions_changing=True)
    assert roles(both) == {f"{duty}-session" for duty in DUTIES}
    for worker in ("reader", "reader-session"):
        assert lets(both, worker, "kms:Decrypt", RECORD) == (True, True)
    writes = str(both.table("key-store")["Properties"]["ResourcePolicy"])
    assert f"{both.prefix}-tenant-admin'" in writes
    assert f"{both.prefix}-tenant-admin-session'" in writes
    told = "SESSION_ROLE_ARN" in str(both.resources("AWS::Lambda::Function"))
    assert told is on


def test_no_other_stack_holds_on_to_the_sessions_roles(deployed: Assembly) -> None:
    # An import would keep CloudFormation from taking them away when the setting changes back.
    for name, template in deployed.templates.items():
        exported = [output for output in template.get("Outputs", {}).values() if "Export" in output]
        assert "Session" not in str(exported), name


@pytest.mark.parametrize("changing", [True, False])
def test_no_pattern_of_a_filter_is_longer_than_cloudwatch_takes(
    changed: Callable[..., Assembly],
    changing: bool,  # noqa: FBT001
) -> None:
    longest = changed(
        "prod",
        prefix="p" + "x" * 39,
        key_strategy="tenant",
        tenant_sessions_changing=changing,
    )
    for name, found in longest.resources("AWS::Logs::MetricFilter").items():
        assert len(found["Properties"]["FilterPattern"]) <= 1024, name
