"""No policy of any stack says more than it means: no wildcard where a name would do."""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import Request, identity_allows

# Every `*` inside a resource of an identity's policy, with its reason. A new one needs a line here.
EXPLAINED_ENDINGS = {
    "/tenants/${aws:PrincipalTag/tenant}/records/*": "the caller's own tenant; ids hold no slash",
    "-objects-" + ACCOUNT + "/tenants/${aws:PrincipalTag/tenant}/*": "the session's own tenant's objects",
    "/branch-keys/*": "the branch key of any tenant: an operator's duty is all of them",
    "/branch-keys/*/moves": "a tenant, as above",
    "/branch-keys/*/versions": "a tenant, as above",
    ":log-group:/aws/lambda/{prefix}-writer:*": "the streams of the function's own log group",
    ":log-group:/aws/lambda/{prefix}-reader:*": "the streams of the function's own log group",
    ":log-group:/aws/lambda/{prefix}-tenant-admin:*": "the streams of the function's own log group",
    ":log-group:/aws/lambda/{prefix}-rotation:*": "the streams of the function's own log group",
    ":log-group:/aws/lambda/{prefix}-reencryptor:*": "the streams of the function's own log group",
    ":log-group:/aws/lambda/{prefix}-planner:*": "the streams of the function's own log group",
    ":execution:{prefix}-reencryption:*": "executions of the one machine; who starts them names them",
    ":execution:{prefix}-reencryption/Segments:*": "the map's own executions",
    "/runs/*": "documents of runs",
    "/runs/*/manifest-*.json": "a run, and the number of its execution",
    "/runs/*/results/*": "a run, a segment and a step",
    ":table/{prefix}-key-store/backup/*": "copies of this table; AWS Backup gives them their ids",
    ":table/{prefix}-records/backup/*": "copies of this table; AWS Backup gives them their ids",
    ":log-group:aws-waf-logs-{prefix}:*": "the streams of the firewall's own log group",
    f"/AWSLogs/{ACCOUNT}/*": "where the trail's files lie",
    "/archive/*": "the access logs of the archive",
    "/results/*": "the access logs of the queries' results",
    f":{ACCOUNT}_CloudTrail_{REGION}*": "CloudTrail adds a number to further streams of its own",
    f":backup:{REGION}:{ACCOUNT}:recovery-point:*": "AWS Backup gives copies their ids",
}
# Statements whose actions take no narrower resource.
WITHOUT_RESOURCE = (
    *(
        f"{function}MayWork*.Traces"
        for function in ("Writer", "Reader", "TenantAdmin", "Rotation", "Reencryptor", "Planner")
    ),
    "ReencryptionMachineMayWork*.LogsAndTraces",
)
# AWS's own policies that are attached: API Gateway has one role for the logs of all APIs of an account.
AWS_POLICIES = {"arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"}

API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:<ApiF70053CD>/v1"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, document in assembly.policy_documents():
        for statement in document["Statement"]:
            yield f"{place}.{statement.get('Sid')}", statement


def test_the_search_for_policies_finds_them_all(assembly: Assembly) -> None:
    places = [place for place, _ in assembly.policy_documents()]
    texts = [json.dumps(template) for template in assembly.templates.values()]
    # A log group's resource policy is a text in the template.
    written = sum(text.count('"Statement": [') + text.count(r"\"Statement\":[") for text in texts)
    assert len(places) == written
    assert sum("KeyPolicy" in place for place in places) == 3
    roles = assembly.resources("AWS::IAM::Role")
    assert sum("AssumeRolePolicyDocument" in place for place in places) == len(roles)


def test_every_action_is_named(assembly: Assembly) -> None:
    for place, statement in statements(assembly):
        assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), place
        if statement["Effect"] == "Deny":
            continue
        for action in listed(statement["Action"]):
            assert "*" not in action, place
            assert "?" not in action, place


def test_every_resource_is_named(assembly: Assembly) -> None:
    explained = tuple(
        ending.format(prefix=assembly.prefix) if "{prefix}" in ending else ending
        for ending in EXPLAINED_ENDINGS
    )
    for place, statement in statements(assembly):
        if ".KeyPolicy." in place:
            assert statement["Resource"] == "*", "in a key policy: the key itself"
        elif any(fnmatch(place, f"*.{pattern}") for pattern in WITHOUT_RESOURCE):
            assert statement["Resource"] == "*", "the list of exceptions is longer than it must be"
        elif ".AssumeRolePolicyDocument." not in place and statement["Effect"] == "Allow":
            for resource in listed(statement["Resource"]):
                assert "*" not in resource or resource.endswith(explained), f"{place}: {resource}"


def test_everyone_is_named_in_denials_only(assembly: Assembly) -> None:
    for place, statement in statements(assembly):
        if "Principal" in statement and statement["Effect"] == "Allow":
            assert "*" not in str(statement["Principal"]), place


def test_no_policy_of_aws_is_attached_but_the_listed(assembly: Assembly) -> None:
    attached = {
        arn
        for role in assembly.resources("AWS::IAM::Role").values()
        for arn in role["Properties"].get("ManagedPolicyArns", ())
    }
    assert attached == AWS_POLICIES


def trusted(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The one statement by which each role is assumed, by the role's name or logical id.

    Of the roles that sessions of one tenant have, test_tenant_sessions.py and test_object_client.py speak.
    """
    found = {}
    for logical_id, role in assembly.resources("AWS::IAM::Role").items():
        if str(role["Properties"].get("RoleName")).endswith(("-session", "-object-client")):
            continue
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        found[role["Properties"].get("RoleName", logical_id)] = statement
    return found


def test_only_lambda_assumes_the_functions_roles(assembly: Assembly) -> None:
    only_lambda = {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    for name in ("writer", "reader", "tenant-admin"):
        assert trusted(assembly)[f"{assembly.prefix}-{name}"] == only_lambda


def test_every_role_is_assumed_by_one_service(assembly: Assembly) -> None:
    for name, statement in trusted(assembly).items():
        assert statement["Action"] == "sts:AssumeRole", name
        assert set(statement["Principal"]) == {"Service"}, name
        assert isinstance(statement["Principal"]["Service"], str), name


RECORDS, BRANCH_KEYS = ("records-read", "records-write"), "branch-keys-admin"


def callers_policy(assembly: Assembly, right: str) -> list[dict[str, Any]]:
    (found,) = [
        policy["Properties"]["PolicyDocument"]["Statement"]
        for policy in assembly.resources("AWS::IAM::ManagedPolicy").values()
        if policy["Properties"].get("ManagedPolicyName") == f"{assembly.prefix}-{right}"
    ]
    return list(found)


def may_call(assembly: Assembly, right: str, call: str, *, tags: dict[str, str]) -> bool:
    asked = Request(
        principal=f"arn:aws:iam::{ACCOUNT}:role/caller",
        action="execute-api:Invoke",
        resource=f"{API}/{call}",
        context={f"aws:PrincipalTag/{name}": value for name, value in tags.items()},
    )
    return identity_allows(asked, policies=callers_policy(assembly, right))


CALLS: dict[str, set[str]] = {
    "GET/tenants/acme/records": {"records-read"},
    "GET/tenants/acme/records/r-1": {"records-read"},
    "PUT/tenants/acme/records/r-1": {"records-write"},
    "DELETE/tenants/acme/records/r-1": {"records-write"},
    "PUT/tenants/acme/records": set(),
    "POST/tenants/acme/records/r-1": set(),
}
CALLS_ON_BRANCH_KEYS = {
    "GET/branch-keys",
    "GET/branch-keys/acme",
    "PUT/branch-keys/acme",
    "DELETE/branch-keys/acme",
    "POST/branch-keys/acme/versions",
    "POST/branch-keys/acme/moves",
}
NO_CALLS = {
    "POST/branch-keys",
    "PUT/branch-keys",
    "DELETE/branch-keys",
    "POST/branch-keys/acme",
    "PATCH/branch-keys/acme",
    "PATCH/branch-keys/acme/versions",
    "POST/branch-keys/acme/others",
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("right", RECORDS)
def test_a_caller_reaches_its_own_tenant_alone(assembly: Assembly, right: str, call: str) -> None:
    assert may_call(assembly, right, call, tags={"tenant": "acme"}) == (right in CALLS[call])
    assert not may_call(assembly, right, call, tags={"tenant": "globex"})
    assert not may_call(assembly, right, call, tags={"tenant": "acm"})
    assert not may_call(assembly, right, call, tags={})


@pytest.mark.parametrize("call", sorted(CALLS_ON_BRANCH_KEYS))
def test_only_an_operator_reaches_branch_keys(assembly: Assembly, call: str) -> None:
    assert may_call(assembly, BRANCH_KEYS, call, tags={})
    for right in RECORDS:
        assert not may_call(assembly, right, call, tags={"tenant": "acme"})


@pytest.mark.parametrize("call", [*CALLS, *sorted(NO_CALLS)])
def test_an_operator_of_branch_keys_reaches_no_record_and_nothing_unnamed(
    assembly: Assembly, call: str
) -> None:
    assert not may_call(assembly, BRANCH_KEYS, call, tags={"tenant": "acme"})
