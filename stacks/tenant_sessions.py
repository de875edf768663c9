"""The roles that functions work in for one tenant at a time, and who may begin such a session.

What must stay true:
- A session is begun by the function of its duty alone, for exactly one tenant: it carries the tag `tenant`,
  no other tag, and none that a further session would inherit. Its name is the tenant, so that CloudTrail
  shows it in each record.
- It takes two consents, as the keys do: the trust of the session's role, and the policy of the function's.
- What a session may do is compared with its tag, in the policies of role and envelope key.
"""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks import names
from stacks.settings import Settings

TENANT_TAG = "tenant"
# IAM puts the session's tag in its place when it decides on a request.
OWN_TENANT = f"${{aws:PrincipalTag/{TENANT_TAG}}}"
_ASKED_FOR = f"${{aws:RequestTag/{TENANT_TAG}}}"
BEGINNING = ("sts:AssumeRole", "sts:TagSession")


def add_session_role(stack: cdk.Stack, settings: Settings, duty: str, *, function_role: iam.Role) -> iam.Role:
    """Add the role of a duty's sessions, and let the duty's function begin them."""
    role = iam.Role(
        stack,
        names.title(names.session_duty(duty)),
        role_name=names.session_role(settings, duty),
        description=f"{duty} for one tenant at a time: the tenant of the session's tag.",
        assumed_by=iam.AccountRootPrincipal().with_conditions(_named_for_it(function_role)),
    )
    _allow_tag(role, function_role)
    iam.ManagedPolicy(
        stack,
        f"{names.title(duty)}MayBeginSessions",
        description=f"Sessions of {duty}, each for one tenant.",
        roles=[function_role],
        statements=[
            iam.PolicyStatement(sid="SessionsOfOneTenant", actions=list(BEGINNING), resources=[role.role_arn])
        ],
    )
    return role


def allow_tables(
    stack: cdk.Stack, duty: str, *, role: iam.IRole, statements: Sequence[iam.PolicyStatement]
) -> None:
    """Let a duty's sessions at their own tenant's items."""
    iam.ManagedPolicy(
        stack,
        f"{names.title(names.session_duty(duty))}MayUseTables",
        description=f"What {duty} does with the tables, for the session's own tenant.",
        roles=[role],
        statements=list(statements),
    )


def _allow_tag(role: iam.Role, function_role: iam.Role) -> None:
    """Let a session be tagged as it may be begun.

    The account is the principal, narrowed to the function's role: so IAM has to consent as well, and a role
    that is made again is meant too (key_policies.role_may). The name is compared for AssumeRole alone: the
    Service Authorization Reference does not list it for TagSession, and both must consent.
    """
    policy = role.assume_role_policy
    if policy is None:
        raise ValueError("a role has a trust policy")
    policy.add_statements(
        iam.PolicyStatement(
            sid="OneTenantOfItsOwnDuty",
            actions=["sts:TagSession"],
            principals=[iam.AccountRootPrincipal()],
            conditions=_one_tenant(function_role),
        )
    )


def _one_tenant(function_role: iam.Role) -> dict[str, dict[str, Any]]:
    """Conditions of a request by a function's role for a session with one tag, which none inherits."""
    return {
        "ArnEquals": {"aws:PrincipalArn": function_role.role_arn},
        "ForAllValues:StringEquals": {"aws:TagKeys": [TENANT_TAG]},
        "Null": {f"aws:RequestTag/{TENANT_TAG}": "false", "sts:TransitiveTagKeys": "true"},
    }


def _named_for_it(function_role: iam.Role) -> dict[str, dict[str, Any]]:
    """As `_one_tenant`, and the session has the tenant's name."""
    # STS takes no name of one character: a dot, which no tenant's id has, makes it two.
    names_of_tenant = [_ASKED_FOR, f"{_ASKED_FOR}."]
    return {**_one_tenant(function_role), "StringEquals": {"sts:RoleSessionName": names_of_tenant}}
