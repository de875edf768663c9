"""The policies of who asks: attached, inline, of their groups; boundary; and those of the session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole

from local import principals
from local.emulator import ACCOUNT
from local.enforcement.documents import read
from local.policy import Policy, Principal
from local.signature import Caller

_PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Identity:
    """A principal and the policies that they bring along."""

    principal: Principal
    policies: Sequence[Policy] = ()
    boundary: Policy | None = None
    session: Sequence[Policy] | None = None
    #: The service that has taken the role and calls in it, if one has.
    invoked_by: str | None = None


def service(name: str) -> Identity:
    """Return an AWS service, such as `lambda.amazonaws.com`."""
    return Identity(Principal(kind="service", arn=name))


def unknown() -> Identity:
    """Return somebody whose key nobody knows."""
    return Identity(Principal(kind="anonymous", arn="*"))


def of_caller(caller: Caller) -> Identity:
    """Return who signed with an access key."""
    session = principals.find_session(caller.access_key_id)
    if session is not None:
        return of_session(session)
    iam = _iam(caller.account)
    if caller.arn.endswith(":root"):
        return Identity(Principal(kind="root", arn=caller.arn, unique_id=caller.account))
    user = next(each for each in iam.users.values() if each.arn == caller.arn)
    groups = [group for group in iam.groups.values() if user in group.users]
    policies = [policy for owner in (user, *groups) for policy in _policies_of(owner)]
    principal = Principal(kind="user", arn=user.arn, unique_id=user.id, tags=_tags(iam, user))
    return Identity(principal, policies)


def of_session(session: AssumedRole) -> Identity:
    """Return a session of a role."""
    role_arn = session.role_arn
    given = (session.policy, *getattr(session, "policy_texts", ()))
    limits = [read(text, name="the session's policy") for text in given if text]
    identity = of_role(role_arn, session=session.session_name, tags=getattr(session, "tags", {}))
    by = getattr(session, "invoked_by", None)
    return Identity(identity.principal, identity.policies, identity.boundary, limits or None, by)


def of_role(role_arn: str, *, session: str, tags: Mapping[str, str] | None = None) -> Identity:
    """Return a session of a role that begins without STS: a service that works in the role's name."""
    account = role_arn.split(":")[4]
    iam = _iam(account)
    role = next((each for each in iam.roles.values() if each.arn == role_arn), None)
    own = {} if role is None else {tag["Key"]: tag["Value"] for tag in role.tags}
    principal = Principal(
        kind="role session",
        arn=f"arn:aws:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/{session}",
        role_arn=role_arn,
        unique_id=f"{role.id if role is not None else 'AROAUNKNOWN'}:{session}",
        tags={**own, **(tags or {})},
    )
    if role is None:
        return Identity(principal)
    boundary = role.permissions_boundary_arn
    return Identity(principal, _policies_of(role), _managed(iam, boundary) if boundary else None)


def role_arn(name: str, *, account: str = ACCOUNT) -> str:
    """Return a role's ARN, with its path."""
    return str(_iam(account).get_role(name).arn)


def _policies_of(owner: Any) -> list[Policy]:  # noqa: ANN401 - a user, a role or a group
    inline = [read(document, name=name) for name, document in owner.policies.items()]
    return inline + [_read(policy) for policy in owner.managed_policies.values()]


def _managed(iam: IAMBackend, arn: str) -> Policy:
    found = iam.managed_policies.get(arn)
    # A boundary that is not there leaves nothing.
    return Policy(arn) if found is None else _read(found)


def _read(policy: Any) -> Policy:  # noqa: ANN401 - moto's ManagedPolicy
    document = next(version.document for version in policy.versions if version.is_default)
    return read(document, name=policy.name)


def _tags(iam: IAMBackend, user: Any) -> dict[str, str]:  # noqa: ANN401 - moto's User
    listed = iam.tagger.list_tags_for_resource(user.arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in listed}


def _iam(account: str) -> IAMBackend:
    return iam_backends[account][_PARTITION]
