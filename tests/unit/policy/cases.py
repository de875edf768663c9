"""Short ways to say policies and requests."""

from typing import Any

from local.policy import Consent, Decision, Policies, Policy, Principal, Request, decide, parse

ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
KMS_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide/"
DYNAMODB_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"

Document = dict[str, Any]


def role_arn(name: str = "app", account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def session_arn(name: str = "app", account: str = ACCOUNT) -> str:
    return f"arn:aws:sts::{account}:assumed-role/{name}/work"


def session(name: str = "app", account: str = ACCOUNT, **tags: str) -> Principal:
    return Principal(
        kind="role session", arn=session_arn(name, account), role_arn=role_arn(name, account), tags=tags
    )


def user(name: str = "ana", account: str = ACCOUNT, **tags: str) -> Principal:
    return Principal(kind="user", arn=f"arn:aws:iam::{account}:user/{name}", tags=tags)


def root(account: str = ACCOUNT) -> Principal:
    return Principal(kind="root", arn=f"arn:aws:iam::{account}:root")


def service(name: str) -> Principal:
    return Principal(kind="service", arn=name)


ANYONE = Principal(kind="anonymous", arn="*")


def policy(*statements: Document, name: str = "policy", version: str = "2012-10-17") -> Policy:
    return parse({"Version": version, "Statement": list(statements)}, name=name)


def allow(action: Any = "*", resource: Any = "*", **elements: Any) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: Any = "*", resource: Any = "*", **elements: Any) -> Document:
    return {**allow(action, resource, **elements), "Effect": "Deny"}


def asked(
    principal: Principal,
    action: str = "s3:GetObject",
    resource: str = "arn:aws:s3:::reports/may",
    *,
    account: str = ACCOUNT,
    context: Any = None,
    identity: tuple[Document, ...] = (),
    on_resource: tuple[Document, ...] | None = None,
    boundary: tuple[Document, ...] | None = None,
    in_session: tuple[Document, ...] | None = None,
    consent: Consent = "either",
) -> Decision:
    request = Request(
        principal=principal, action=action, resource=resource, account=account, context=context or {}
    )
    policies = Policies(
        identity=(policy(*identity, name="identity"),),
        boundary=None if boundary is None else policy(*boundary, name="boundary"),
        session=None if in_session is None else (policy(*in_session, name="session"),),
        resource=None if on_resource is None else policy(*on_resource, name="resource"),
    )
    return decide(request, policies, consent=consent)
