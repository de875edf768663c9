"""Decisions as AWS's guides document them: each example names the page that says so."""

# ruff: noqa: E501 - one line for each example

from collections.abc import Callable
from typing import Any

import pytest

from local.policy import Decision, PolicyError, parse
from tests.unit.policy.cases import (
    ACCOUNT,
    ANYONE,
    DYNAMODB_GUIDE,
    GUIDE,
    KMS_GUIDE,
    OTHER_ACCOUNT,
    allow,
    asked,
    deny,
    policy,
    role_arn,
    root,
    service,
    session,
    session_arn,
    user,
)

LOGIC = f"{GUIDE}reference_policies_evaluation-logic.html"
WITHIN = f"{GUIDE}reference_policies_evaluation-logic_policy-eval-basics-single-account.html"
ACROSS = f"{GUIDE}reference_policies_evaluation-logic-cross-account.html"
BOUNDARIES = f"{GUIDE}access_policies_boundaries.html"
SESSIONS = f"{GUIDE}access_policies.html#policies_session"
PRINCIPAL = f"{GUIDE}reference_policies_elements_principal.html"
NOT_PRINCIPAL = f"{GUIDE}reference_policies_elements_notprincipal.html"
NOT_ACTION = f"{GUIDE}reference_policies_elements_notaction.html"
NOT_RESOURCE = f"{GUIDE}reference_policies_elements_notresource.html"
ACTION = f"{GUIDE}reference_policies_elements_action.html"
RESOURCE = f"{GUIDE}reference_policies_elements_resource.html"
KEY_POLICIES = f"{KMS_GUIDE}key-policies.html"
KEY_DEFAULT = f"{KMS_GUIDE}key-policy-default.html"
KMS_CONDITIONS = f"{KMS_GUIDE}conditions-kms.html"
FINE_GRAINED = f"{DYNAMODB_GUIDE}specifying-conditions.html"
KEYS = f"{GUIDE}reference_policies_condition-keys.html"

BUCKET, OBJECT = "arn:aws:s3:::reports", "arn:aws:s3:::reports/may"
EVERYBODY = {"Principal": "*"}
TO_ROOT = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
TO_ROLE = {"Principal": {"AWS": role_arn()}}
TO_SESSION = {"Principal": {"AWS": session_arn()}}
TO_USER = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}}
NOTHING: tuple[Any, ...] = (allow("ec2:*"),)
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k"
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/records"


def kms(principal: Any, *, key: tuple[Any, ...], identity: Any = (), context: Any = None, **more: Any) -> Any:
    return asked(
        principal,
        "kms:Decrypt",
        KEY,
        consent="resource",
        on_resource=key,
        identity=identity,
        context=context,
        **more,
    )


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


def tagged(**tags: str) -> Any:
    own = {
        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/tenant}"]}}
    }
    return lambda keys: asked(
        session(**tags),
        "dynamodb:GetItem",
        TABLE,
        identity=(allow("dynamodb:GetItem", TABLE, **own),),
        context={"dynamodb:LeadingKeys": keys},
    )


Case = tuple[str, str, Callable[[], Decision], str]
A, D, N = "allowed", "explicitly denied", "implicitly denied"
DOCUMENTED: list[Case] = [
    # What is not allowed is denied; a Deny decides.
    (LOGIC, "nothing allows", lambda: asked(user()), N),
    (LOGIC, "another action is allowed", lambda: asked(user(), identity=NOTHING), N),
    (LOGIC, "an identity's policy allows", lambda: asked(user(), identity=(allow(),)), A),
    (LOGIC, "a Deny beside an Allow", lambda: asked(user(), identity=(allow(), deny("s3:*"))), D),
    (LOGIC, "a Deny about something else", lambda: asked(user(), identity=(allow(), deny("ec2:*"))), A),
    (LOGIC, "a Deny in the resource's policy", lambda: asked(user(), identity=(allow(),), on_resource=(deny(**EVERYBODY),)), D),
    (LOGIC, "a Deny in the boundary", lambda: asked(user(), identity=(allow(),), boundary=(allow(), deny("s3:*"))), D),
    (LOGIC, "a Deny in the session's policy", lambda: asked(session(), identity=(allow(),), in_session=(allow(), deny("s3:*"))), D),
    (LOGIC, "root without any policy", lambda: asked(root()), A),
    (LOGIC, "root denied by the resource's policy", lambda: asked(root(), on_resource=(deny(**EVERYBODY),)), D),
    # Within an account identity's and resource's policies add up.
    (WITHIN, "the resource's policy alone, naming the user", lambda: asked(user(), on_resource=(allow(**TO_USER),)), A),
    (WITHIN, "the resource's policy alone, naming the role", lambda: asked(session(), on_resource=(allow(**TO_ROLE),)), A),
    (WITHIN, "the resource's policy alone, naming the session", lambda: asked(session(), on_resource=(allow(**TO_SESSION),)), A),
    (WITHIN, "the resource's policy alone, naming everybody", lambda: asked(session(), on_resource=(allow(**EVERYBODY),)), A),
    (WITHIN, "the resource's policy names another", lambda: asked(session("other"), on_resource=(allow(**TO_ROLE),)), N),
    (WITHIN, "the identity's alone, the resource's is silent", lambda: asked(user(), identity=(allow(),), on_resource=(allow(**TO_ROLE),)), A),
    (PRINCIPAL, "the account is named: IAM must allow as well", lambda: asked(user(), on_resource=(allow(**TO_ROOT),)), N),
    (PRINCIPAL, "the account is named, and IAM allows", lambda: asked(user(), identity=(allow(),), on_resource=(allow(**TO_ROOT),)), A),
    (PRINCIPAL, "the account by its number", lambda: kms(user(), key=(allow(Principal={"AWS": ACCOUNT}),), identity=(allow(),)), A),
    # Boundaries.
    (BOUNDARIES, "within the boundary", lambda: asked(user(), identity=(allow(),), boundary=(allow("s3:*"),)), A),
    (BOUNDARIES, "outside of the boundary", lambda: asked(user(), identity=(allow(),), boundary=NOTHING), N),
    (BOUNDARIES, "a boundary alone grants nothing", lambda: asked(user(), boundary=(allow(),)), N),
    (BOUNDARIES, "a user named by the resource is not limited by it", lambda: asked(user(), boundary=NOTHING, on_resource=(allow(**TO_USER),)), A),
    (BOUNDARIES, "a role named by the resource is limited by it", lambda: asked(session(), boundary=NOTHING, on_resource=(allow(**TO_ROLE),)), N),
    (BOUNDARIES, "a role within it, named by the resource", lambda: asked(session(), boundary=(allow("s3:*"),), on_resource=(allow(**TO_ROLE),)), A),
    (BOUNDARIES, "a session named by the resource is not limited by it", lambda: asked(session(), boundary=NOTHING, on_resource=(allow(**TO_SESSION),)), A),
    (PRINCIPAL, "everybody with the role's ARN as condition is not limited by it", lambda: asked(session(), boundary=NOTHING, on_resource=(allow(**EVERYBODY, **when("ArnEquals", "aws:PrincipalArn", role_arn())),)), A),
    # Policies of a session.
    (SESSIONS, "within role and session", lambda: asked(session(), identity=(allow(),), in_session=(allow("s3:*"),)), A),
    (SESSIONS, "the session's policies allow less", lambda: asked(session(), identity=(allow(),), in_session=NOTHING), N),
    (SESSIONS, "they grant nothing of their own", lambda: asked(session(), in_session=(allow(),)), N),
    (SESSIONS, "the role named by the resource, outside of the session's", lambda: asked(session(), in_session=NOTHING, on_resource=(allow(**TO_ROLE),)), N),
    (SESSIONS, "the session named by the resource", lambda: asked(session(), in_session=NOTHING, on_resource=(allow(**TO_SESSION),)), A),
    # Across accounts both must allow.
    (ACROSS, "both allow", lambda: asked(user(account=OTHER_ACCOUNT), identity=(allow(),), on_resource=(allow(**EVERYBODY),)), A),
    (ACROSS, "the identity's alone", lambda: asked(user(account=OTHER_ACCOUNT), identity=(allow(),)), N),
    (ACROSS, "the resource's alone", lambda: asked(user(account=OTHER_ACCOUNT), on_resource=(allow(**EVERYBODY),)), N),
    (ACROSS, "their account is named, and its IAM allows", lambda: asked(user(account=OTHER_ACCOUNT), identity=(allow(),), on_resource=(allow(Principal={"AWS": OTHER_ACCOUNT}),)), A),
    (ACROSS, "only our own account is named", lambda: asked(user(account=OTHER_ACCOUNT), identity=(allow(),), on_resource=(allow(**TO_ROOT),)), N),
    (ACROSS, "another account's root, let in", lambda: asked(root(OTHER_ACCOUNT), on_resource=(allow(**EVERYBODY),)), A),
    (ACROSS, "another account's root, not let in", lambda: asked(root(OTHER_ACCOUNT)), N),
    (ACROSS, "a Deny on either side", lambda: asked(user(account=OTHER_ACCOUNT), identity=(allow(), deny("s3:Get*")), on_resource=(allow(**EVERYBODY),)), D),
    # Principals.
    (PRINCIPAL, "anonymous, everybody let in", lambda: asked(ANYONE, on_resource=(allow(**EVERYBODY),)), A),
    (PRINCIPAL, "anonymous, every AWS principal let in", lambda: asked(ANYONE, on_resource=(allow(Principal={"AWS": "*"}),)), A),
    (PRINCIPAL, "anonymous, not let in", lambda: asked(ANYONE, on_resource=(allow(**TO_ROOT),)), N),
    (PRINCIPAL, "a service that is named", lambda: asked(service("logs.amazonaws.com"), on_resource=(allow(Principal={"Service": "logs.amazonaws.com"}),)), A),
    (PRINCIPAL, "another service", lambda: asked(service("sns.amazonaws.com"), on_resource=(allow(Principal={"Service": "logs.amazonaws.com"}),)), N),
    (PRINCIPAL, "one of several services", lambda: asked(service("b.amazonaws.com"), on_resource=(allow(Principal={"Service": ["a.amazonaws.com", "b.amazonaws.com"]}),)), A),
    (PRINCIPAL, "an account does not stand for services", lambda: asked(service("logs.amazonaws.com"), on_resource=(allow(**TO_ROOT),)), N),
    (PRINCIPAL, "one of two kinds", lambda: asked(user(), on_resource=(allow(Principal={"Service": "a.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:user/ana"}),)), A),
    (PRINCIPAL, "a session is no user of its name", lambda: asked(session("ana"), on_resource=(allow(**TO_USER),)), N),
    (NOT_PRINCIPAL, "all are denied but one", lambda: asked(user("bob"), identity=(allow(),), on_resource=(deny(NotPrincipal={"AWS": [f"arn:aws:iam::{ACCOUNT}:user/ana", f"arn:aws:iam::{ACCOUNT}:root"]}),)), D),
    (NOT_PRINCIPAL, "the excepted one, with the account", lambda: asked(user(), identity=(allow(),), on_resource=(deny(NotPrincipal={"AWS": [f"arn:aws:iam::{ACCOUNT}:user/ana", f"arn:aws:iam::{ACCOUNT}:root"]}),)), A),
    (NOT_PRINCIPAL, "a role without its session", lambda: asked(session(), identity=(allow(),), on_resource=(deny(NotPrincipal={"AWS": [role_arn(), f"arn:aws:iam::{ACCOUNT}:root"]}),)), D),
    (NOT_PRINCIPAL, "a role with its session and account", lambda: asked(session(), identity=(allow(),), on_resource=(deny(NotPrincipal={"AWS": [role_arn(), session_arn(), ACCOUNT]}),)), A),
    (NOT_PRINCIPAL, "a service that is not excepted", lambda: asked(service("logs.amazonaws.com"), on_resource=(allow(**EVERYBODY), deny(NotPrincipal={"Service": "sns.amazonaws.com"}))), D),
    # Actions.
    (ACTION, "names know no case", lambda: asked(user(), "S3:getOBJECT", identity=(allow("s3:GetObject"),)), A),
    (ACTION, "a wildcard within a name", lambda: asked(user(), "iam:ListAccessKeys", identity=(allow("iam:*AccessKey*"),)), A),
    (ACTION, "a wildcard of one letter", lambda: asked(user(), identity=(allow("s3:?etObject"),)), A),
    (ACTION, "several actions", lambda: asked(user(), identity=(allow(["sqs:SendMessage", "s3:GetObject"]),)), A),
    (ACTION, "a service's wildcard is not another's", lambda: asked(user(), "s3express:GetObject", identity=(allow("s3:*"),)), N),
    (ACTION, "the beginning of a name is not the name", lambda: asked(user(), "s3:GetObjectAcl", identity=(allow("s3:GetObject"),)), N),
    (NOT_ACTION, "everything but IAM", lambda: asked(user(), identity=({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},)), A),
    (NOT_ACTION, "IAM itself", lambda: asked(user(), "iam:ListUsers", "*", identity=({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},)), N),
    (NOT_ACTION, "all denied but IAM, without MFA", lambda: asked(user(), identity=(allow(), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false")})), D),
    (NOT_ACTION, "the same with MFA", lambda: asked(user(), context={"aws:MultiFactorAuthPresent": "true"}, identity=(allow(), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", **when("BoolIfExists", "aws:MultiFactorAuthPresent", "false")})), A),
    # Resources.
    (RESOURCE, "the object's ARN", lambda: asked(user(), identity=(allow("s3:*", OBJECT),)), A),
    (RESOURCE, "everything in the bucket", lambda: asked(user(), identity=(allow("s3:*", f"{BUCKET}/*"),)), A),
    (RESOURCE, "the bucket is not what is in it", lambda: asked(user(), identity=(allow("s3:*", BUCKET),)), N),
    (RESOURCE, "one letter", lambda: asked(user(), identity=(allow("s3:*", f"{BUCKET}/ma?"),)), A),
    (RESOURCE, "across folders", lambda: asked(user(), resource=f"{BUCKET}/2026/05/may", identity=(allow("s3:*", f"{BUCKET}/*may"),)), A),
    (RESOURCE, "a wildcard stays within its part", lambda: asked(user(), "sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q", identity=(allow("sqs:*", "arn:aws:sqs:*:q"),)), "error"),
    (RESOURCE, "a part each", lambda: asked(user(), "sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q", identity=(allow("sqs:*", "arn:aws:sqs:*:*:q"),)), A),
    (RESOURCE, "an ARN that ends early", lambda: asked(user(), "sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q", identity=(allow("sqs:*", "arn:aws:sqs:*"),)), A),
    (RESOURCE, "the user's own folder", lambda: asked(user(), resource=f"{BUCKET}/home/ana/x", identity=(allow("s3:*", f"{BUCKET}/home/${{aws:username}}/*"),)), A),
    (RESOURCE, "another's folder", lambda: asked(user(), resource=f"{BUCKET}/home/bob/x", identity=(allow("s3:*", f"{BUCKET}/home/${{aws:username}}/*"),)), N),
    (RESOURCE, "a variable without a value", lambda: asked(session(), resource=f"{BUCKET}/home//x", identity=(allow("s3:*", f"{BUCKET}/home/${{aws:username}}/*"),)), N),
    (NOT_RESOURCE, "denied but for two folders", lambda: asked(user(), identity=(allow(), {"Effect": "Deny", "Action": "s3:*", "NotResource": [f"{BUCKET}/hr/*", BUCKET]})), D),
    (NOT_RESOURCE, "one of them", lambda: asked(user(), resource=f"{BUCKET}/hr/x", identity=(allow(), {"Effect": "Deny", "Action": "s3:*", "NotResource": [f"{BUCKET}/hr/*", BUCKET]})), A),
    # Conditions: all operators and all keys must hold.
    (KEYS, "names of keys know no case", lambda: asked(user(), context={"AWS:SOURCEIP": "192.0.2.1"}, identity=(allow(**when("IpAddress", "aws:SourceIp", "192.0.2.0/24")),)), A),
    (KEYS, "of two keys one fails", lambda: asked(user(), context={"a:x": "1", "a:y": "2"}, identity=(allow(Condition={"StringEquals": {"a:x": "1", "a:y": "3"}}),)), N),
    (KEYS, "of two operators one fails", lambda: asked(user(), context={"a:x": "1"}, identity=(allow(Condition={"StringEquals": {"a:x": "1"}, "Null": {"a:y": "false"}}),)), N),
    (KEYS, "without TLS", lambda: asked(user(), context={"aws:SecureTransport": "false"}, identity=(allow(),), on_resource=(deny(**EVERYBODY, **when("Bool", "aws:SecureTransport", "false")),)), D),
    (KEYS, "with TLS", lambda: asked(user(), context={"aws:SecureTransport": "true"}, identity=(allow(),), on_resource=(deny(**EVERYBODY, **when("Bool", "aws:SecureTransport", "false")),)), A),
    (KEYS, "a session's principal is its role", lambda: asked(session(), identity=(allow(**when("ArnEquals", "aws:PrincipalArn", role_arn())),)), A),
    (KEYS, "its own ARN is not", lambda: asked(session(), identity=(allow(**when("ArnEquals", "aws:PrincipalArn", session_arn())),)), N),
    (KEYS, "a session has no user's name", lambda: asked(session(), identity=(allow(**when("Null", "aws:username", "true")),)), A),
    (KEYS, "the account of the principal", lambda: asked(user(account=OTHER_ACCOUNT), identity=(allow(),), on_resource=(allow(**EVERYBODY), deny(**EVERYBODY, **when("StringNotEquals", "aws:PrincipalAccount", ACCOUNT)))), D),
    (KEYS, "a tag of the principal", lambda: asked(session(team="red"), identity=(allow(**when("StringEquals", "aws:PrincipalTag/team", "red")),)), A),
    (KEYS, "a service is a service", lambda: asked(service("logs.amazonaws.com"), on_resource=(allow(**EVERYBODY), deny(**EVERYBODY, **when("Bool", "aws:PrincipalIsAWSService", "false")))), A),
    (KEYS, "a user is none", lambda: asked(user(), on_resource=(allow(**EVERYBODY), deny(**EVERYBODY, **when("Bool", "aws:PrincipalIsAWSService", "false")))), D),
    (KEYS, "a request cannot say who it is from", lambda: asked(user(), context={"aws:PrincipalArn": role_arn()}, identity=(allow(**when("ArnEquals", "aws:PrincipalArn", role_arn())),)), N),
    # KMS: without the key policy no IAM policy counts.
    (KEY_POLICIES, "IAM allows, the key policy is silent", lambda: kms(session(), key=(), identity=(allow(),)), N),
    (KEY_POLICIES, "IAM allows, the key policy names another", lambda: kms(session("other"), key=(allow(**TO_ROLE),), identity=(allow(),)), N),
    (KEY_POLICIES, "the key policy names the role: enough", lambda: kms(session(), key=(allow(**TO_ROLE),)), A),
    (KEY_DEFAULT, "the key policy names the account: IAM decides", lambda: kms(session(), key=(allow(**TO_ROOT),), identity=(allow("kms:*"),)), A),
    (KEY_DEFAULT, "the key policy names the account, IAM is silent", lambda: kms(session(), key=(allow(**TO_ROOT),)), N),
    (KEY_DEFAULT, "root, whom the key policy names", lambda: kms(root(), key=(allow(**TO_ROOT),)), A),
    (KEY_DEFAULT, "root, whom the key policy does not name", lambda: kms(root(), key=(allow(**TO_ROLE),)), N),
    (KEY_POLICIES, "the account named for administration only", lambda: kms(session(), key=(allow("kms:Describe*", **TO_ROOT),), identity=(allow(),)), N),
    (KEY_POLICIES, "a boundary limits the role that is named", lambda: kms(session(), key=(allow(**TO_ROLE),), boundary=NOTHING), N),
    (KEY_POLICIES, "another account, both allow", lambda: kms(session(account=OTHER_ACCOUNT), key=(allow(Principal={"AWS": OTHER_ACCOUNT}),), identity=(allow("kms:Decrypt", KEY),)), A),
    (KEY_POLICIES, "another account, only the key policy", lambda: kms(session(account=OTHER_ACCOUNT), key=(allow(Principal={"AWS": OTHER_ACCOUNT}),)), N),
    (KEY_POLICIES, "a service that is named", lambda: kms(service("logs.amazonaws.com"), key=(allow(Principal={"Service": "logs.amazonaws.com"}),)), A),
    (KMS_CONDITIONS, "the encryption context that is asked for", lambda: kms(session(), key=(allow(**TO_ROLE, **when("StringEquals", "kms:EncryptionContext:tenant", "acme")),), context={"kms:EncryptionContext:tenant": "acme"}), A),
    (KMS_CONDITIONS, "another one", lambda: kms(session(), key=(allow(**TO_ROLE, **when("StringEquals", "kms:EncryptionContext:tenant", "acme")),), context={"kms:EncryptionContext:tenant": "globex"}), N),
    (KMS_CONDITIONS, "none", lambda: kms(session(), key=(allow(**TO_ROLE, **when("StringEquals", "kms:EncryptionContext:tenant", "acme")),)), N),
    (KMS_CONDITIONS, "one name too many", lambda: kms(session(), key=(allow(**TO_ROLE, **when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["tenant"])),), context={"kms:EncryptionContextKeys": ["tenant", "more"]}), N),
    (KMS_CONDITIONS, "without a context denied", lambda: kms(session(), key=(allow(**TO_ROLE), deny(**EVERYBODY, **when("Null", "kms:EncryptionContextKeys", "true")))), D),
    # DynamoDB: leading keys.
    (FINE_GRAINED, "the own partition", lambda: tagged(tenant="acme")(["acme"]), A),
    (FINE_GRAINED, "another's partition", lambda: tagged(tenant="acme")(["globex"]), N),
    (FINE_GRAINED, "the own and another's in one batch", lambda: tagged(tenant="acme")(["acme", "globex"]), N),
    (FINE_GRAINED, "a session without the tag", lambda: tagged()(["acme"]), N),
    (FINE_GRAINED, "a tag of wildcards is no wildcard", lambda: tagged(tenant="*")(["acme"]), N),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "says", "case", "outcome"), DOCUMENTED, ids=[case[1] for case in DOCUMENTED]
)
def test_a_decision_is_as_documented(
    source: str, says: str, case: Callable[[], Decision], outcome: str
) -> None:
    if outcome == "error":
        with pytest.raises(PolicyError):
            case()
        return
    decision = case()
    assert decision.outcome == outcome, f"{source}: {says}: {decision}"
    assert decision.because


def test_a_decision_names_the_statement_and_the_condition_that_failed() -> None:
    decision = kms(
        session(),
        key=(allow(Sid="Tenant", **TO_ROLE, **when("StringEquals", "kms:EncryptionContext:tenant", "acme")),),
        context={"kms:EncryptionContext:tenant": "globex"},
    )
    assert (
        "resource, Tenant fails by Condition: StringEquals kms:encryptioncontext:tenant: "
        "wants ['acme'], is 'globex'"
    ) in str(decision)
    denied = asked(user(), identity=(allow(), deny("s3:*", Sid="Never")))
    assert str(denied) == "explicitly denied: identity, Never denies"


def test_a_decision_names_every_consent_that_it_used() -> None:
    decision = kms(session(), key=(allow(Sid="Hand", **TO_ROOT),), identity=(allow("kms:*", Sid="Use"),))
    assert decision.used == (("resource", "Hand"), ("identity", "Use"))


def test_two_policies_of_one_name_are_two() -> None:
    decision = asked(user(), identity=(allow(),), on_resource=(deny(**EVERYBODY),))
    assert not decision.allowed


@pytest.mark.parametrize(
    "document",
    [
        {"Version": "2012-10-17", "Statement": [], "Extra": 1},
        {"Version": "2015-01-01", "Statement": []},
        {"Statement": [{**allow(), "Effekt": "Allow"}]},
        {"Statement": [{**allow(), "Effect": "Perhaps"}]},
        {"Statement": [{**allow(), "NotAction": "s3:*"}]},
        {"Statement": [{"Effect": "Allow", "Resource": "*"}]},
        {"Statement": [{**allow(), "Principal": {"Somebody": "*"}}]},
        {"Statement": [{**allow(), "Principal": "ana"}]},
        {"Statement": [allow(**when("StringMatches", "a:b", "c"))]},
        {"Statement": [allow(**when("StringEquals", "a:b", None))]},
        {"Statement": [allow(**when("StringEquals", "a:b", {"c": "d"}))]},
        {"Statement": [allow(7)]},
        {"Statement": ["allow"]},
    ],
)
def test_what_a_policy_says_that_is_not_known_is_an_error(document: Any) -> None:
    with pytest.raises(PolicyError):
        parse(document, name="policy")


def test_a_policy_may_be_text_and_have_one_statement() -> None:
    parsed = parse(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}', name="p"
    )
    assert [statement.effect for statement in parsed.statements] == ["Deny"]


def test_in_the_older_version_a_variable_is_a_text() -> None:
    old = policy(allow("s3:*", f"{BUCKET}/${{aws:username}}"), version="2008-10-17")
    assert old.statements[0].variables is False


@pytest.mark.parametrize(
    ("identity", "on_resource"),
    [
        ({"Effect": "Allow", "Action": "*"}, allow(**EVERYBODY)),
        ({**allow(), **EVERYBODY}, allow(**EVERYBODY)),
        (allow(), allow()),
    ],
    ids=["an identity's without Resource", "an identity's with Principal", "a resource's without Principal"],
)
def test_a_policy_that_lacks_an_element_of_its_kind_is_an_error(identity: Any, on_resource: Any) -> None:
    assert asked(user(), identity=(allow(),), on_resource=(allow(**EVERYBODY),)).allowed
    with pytest.raises(PolicyError):
        asked(user(), identity=(identity,), on_resource=(on_resource,))


def test_context_keys_that_differ_by_case_alone_are_an_error() -> None:
    with pytest.raises(PolicyError):
        asked(
            user(),
            identity=(allow(),),
            context={"kms:EncryptionContext:a": "1", "kms:EncryptionContext:A": "2"},
        )


def test_temporary_credentials_are_known_to_have_no_second_factor() -> None:
    without = deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    assert not asked(session(), identity=(allow(), without)).allowed
    assert asked(user(), identity=(allow(), without)).allowed
