"""Which AWS services may use the storage key and the audit key, and for what."""

from dataclasses import replace

import pytest

from stacks.key_policies import CRYPTOGRAPHY, SERVER_SIDE_ENCRYPTION
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.key_requests import ADMINISTRATOR, allowed, ask
from tests.infrastructure.policy_evaluation import Request, with_encryption_context

STRANGER = "999988887777"
LOGS = f"logs.{REGION}.amazonaws.com"
SYMMETRIC = [action for action in CRYPTOGRAPHY if "KeyPair" not in action]
THROUGH = [("storage", "dynamodb"), ("storage", "backup"), ("storage", "lambda"), ("audit", "s3")]
# The functions that work with each duty's role.
FUNCTIONS = {"writer": ["writer"], "reader": ["reader"], "tenant-admin": ["tenant-admin", "rotation"]}
PUBLISHERS = ("events.amazonaws.com", "cloudwatch.amazonaws.com")


def through(service: str) -> dict[str, str]:
    return {"kms:ViaService": f"{service}.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}


def log_group(assembly: Assembly, key: str, arn: str) -> Request:
    asked = ask(assembly, key, "kms:GenerateDataKey", principal=LOGS)
    return with_encryption_context(asked, {"aws:logs:arn": arn})


@pytest.mark.parametrize(("key", "service"), THROUGH)
@pytest.mark.parametrize("action", SERVER_SIDE_ENCRYPTION)
def test_a_service_uses_the_key_in_the_name_of_whom_iam_allows(
    assembly: Assembly, key: str, service: str, action: str
) -> None:
    asked = ask(assembly, key, action, context=through(service))
    assert allowed(assembly, key, asked)
    assert not allowed(assembly, key, asked, identity_policies=[])


@pytest.mark.parametrize("key", ["storage", "audit"])
@pytest.mark.parametrize("action", SYMMETRIC)
def test_nobody_uses_it_directly_nor_through_another_service(
    assembly: Assembly, key: str, action: str
) -> None:
    services = {"dynamodb", "backup", "lambda", "s3", "sqs", "secretsmanager", "ec2"}
    for service in services - {service for its_key, service in THROUGH if its_key == key}:
        assert not allowed(assembly, key, ask(assembly, key, action, context=through(service)))
    assert not allowed(assembly, key, ask(assembly, key, action))


@pytest.mark.parametrize("service", ["dynamodb", "backup", "lambda"])
def test_grants_of_the_storage_key_are_for_aws_resources_only(assembly: Assembly, service: str) -> None:
    for_itself = ask(assembly, "storage", "kms:CreateGrant", context=through(service))
    for_a_resource = replace(for_itself, context={**through(service), "kms:GrantIsForAWSResource": "true"})
    assert allowed(assembly, "storage", for_a_resource)
    assert not allowed(assembly, "storage", for_itself)
    directly = {"kms:GrantIsForAWSResource": "true", "kms:CallerAccount": ACCOUNT}
    assert not allowed(assembly, "storage", replace(for_itself, context=directly))


def test_nobody_takes_a_grant_of_the_audit_key(assembly: Assembly) -> None:
    asked = ask(
        assembly,
        "audit",
        "kms:CreateGrant",
        context={**through("s3"), "kms:GrantIsForAWSResource": "true"},
    )
    assert not allowed(assembly, "audit", asked)


def test_every_log_group_may_use_its_key_and_no_other_accounts(assembly: Assembly) -> None:
    groups = assembly.resources("AWS::Logs::LogGroup").values()
    assert groups
    for group in groups:
        name, key_arn = group["Properties"]["LogGroupName"], group["Properties"]["KmsKeyId"]
        (key,) = [key for key in ("storage", "audit") if assembly.key(key)["Arn"] == key_arn]
        (other,) = {"storage", "audit"} - {key}
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
        assert allowed(assembly, key, log_group(assembly, key, arn)), name
        assert not allowed(assembly, key, log_group(assembly, key, arn.replace(ACCOUNT, STRANGER))), name
        assert not allowed(assembly, other, log_group(assembly, other, arn)), name


@pytest.mark.parametrize("key", ["storage", "audit"])
@pytest.mark.parametrize("name", ["/aws/lambda/other", "/aws/cloudtrail/other", "other"])
def test_another_log_group_may_not(assembly: Assembly, key: str, name: str) -> None:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    assert not allowed(assembly, key, log_group(assembly, key, arn))
    assert not allowed(assembly, key, ask(assembly, key, "kms:GenerateDataKey", principal=LOGS))


def publishing(
    assembly: Assembly, principal: str, action: str, *, topic: str = "", account: str = ACCOUNT
) -> Request:
    """A request to the key as EventBridge and CloudWatch make it when they publish to an encrypted topic."""
    # EventBridge's carries no source.
    context = {} if principal.startswith("events") else {"aws:SourceAccount": account}
    asked = ask(assembly, "storage", action, principal=principal, context=context)
    arn = f"arn:aws:sns:{REGION}:{account}:{topic or f'{assembly.prefix}-alarms'}"
    return with_encryption_context(asked, {"aws:sns:topicArn": arn})


@pytest.mark.parametrize("principal", PUBLISHERS)
@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_rules_and_alarms_publish_to_our_encrypted_topic(
    assembly: Assembly, principal: str, action: str
) -> None:
    assert allowed(assembly, "storage", publishing(assembly, principal, action))


def test_that_a_key_was_disabled_is_told_by_a_topic_under_another_key(assembly: Assembly) -> None:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{assembly.prefix}-alarms-of-keys"
    asked = ask(assembly, "audit", "kms:GenerateDataKey", principal="events.amazonaws.com")
    assert allowed(assembly, "audit", with_encryption_context(asked, {"aws:sns:topicArn": arn}))
    assert not allowed(assembly, "audit", with_encryption_context(asked, {"aws:sns:topicArn": arn[:-1]}))
    assert not allowed(assembly, "audit", asked)


@pytest.mark.parametrize("principal", PUBLISHERS)
def test_they_publish_to_no_other_with_our_key(assembly: Assembly, principal: str) -> None:
    for asked in (
        publishing(assembly, principal, "kms:GenerateDataKey", topic="other"),
        publishing(assembly, principal, "kms:GenerateDataKey", account=STRANGER),
        ask(
            assembly,
            "storage",
            "kms:GenerateDataKey",
            principal=principal,
            context={"aws:SourceAccount": ACCOUNT},
        ),
    ):
        assert not allowed(assembly, "storage", asked)


def test_cloudwatch_publishes_for_this_account_only(assembly: Assembly) -> None:
    ours = publishing(assembly, "cloudwatch.amazonaws.com", "kms:GenerateDataKey")
    assert not allowed(
        assembly, "storage", replace(ours, context={**ours.context, "aws:SourceAccount": STRANGER})
    )


@pytest.mark.parametrize(
    "action", ["kms:Encrypt", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:PutKeyPolicy"]
)
@pytest.mark.parametrize("principal", PUBLISHERS)
def test_they_do_no_more_with_the_key(assembly: Assembly, principal: str, action: str) -> None:
    assert not allowed(assembly, "storage", publishing(assembly, principal, action))


def trail_request(assembly: Assembly, action: str, *, trail: str, account: str = ACCOUNT) -> Request:
    arn = f"arn:aws:cloudtrail:{REGION}:{account}:trail/{trail}"
    asked = ask(
        assembly, "audit", action, principal="cloudtrail.amazonaws.com", context={"aws:SourceArn": arn}
    )
    return with_encryption_context(asked, {"aws:cloudtrail:arn": arn})


def test_our_trail_encrypts_with_the_audit_key_and_cannot_decrypt(assembly: Assembly) -> None:
    ours = f"{assembly.prefix}-trail"
    assert allowed(assembly, "audit", trail_request(assembly, "kms:GenerateDataKey", trail=ours))
    assert allowed(assembly, "audit", trail_request(assembly, "kms:DescribeKey", trail=ours))
    for action in ("kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant"):
        assert not allowed(assembly, "audit", trail_request(assembly, action, trail=ours))


def test_no_other_trail_does(assembly: Assembly) -> None:
    ours = f"{assembly.prefix}-trail"
    for action in ("kms:GenerateDataKey", "kms:DescribeKey"):
        assert not allowed(assembly, "audit", trail_request(assembly, action, trail="other"))
        assert not allowed(assembly, "audit", trail_request(assembly, action, trail=ours, account=STRANGER))
    # Both the source and the encryption context must be our trail's.
    asked = trail_request(assembly, "kms:GenerateDataKey", trail=ours)
    other = trail_request(assembly, "kms:GenerateDataKey", trail="other")
    source, context = "aws:SourceArn", "kms:EncryptionContext:aws:cloudtrail:arn"
    for name in (source, context):
        mixed = replace(asked, context={**asked.context, name: other.context[name]})
        assert not allowed(assembly, "audit", mixed), name


@pytest.mark.parametrize("duty", FUNCTIONS)
def test_a_function_decrypts_its_own_environment_alone(assembly: Assembly, duty: str) -> None:
    def environment_of(function: str, *, service: str = "lambda") -> bool:
        asked = with_encryption_context(
            ask(assembly, "storage", "kms:Decrypt", principal=role(assembly, duty), context=through(service)),
            {"aws:lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"},
        )
        return both_consent(assembly, duty, asked)

    for name in FUNCTIONS[duty]:
        assert environment_of(f"{assembly.prefix}-{name}")
        assert not environment_of(f"{assembly.prefix}-{name}", service="s3")
    for other in {*FUNCTIONS} - {duty}:
        assert not environment_of(f"{assembly.prefix}-{other}")
    assert not environment_of("other")


@pytest.mark.parametrize("duty", FUNCTIONS)
@pytest.mark.parametrize("action", SERVER_SIDE_ENCRYPTION)
def test_each_duty_reaches_the_tables_key_through_dynamodb_alone(
    assembly: Assembly, duty: str, action: str
) -> None:
    def reaches(context: dict[str, str]) -> bool:
        worker = assembly.worker(duty)
        asked = ask(assembly, "storage", action, principal=role(assembly, worker), context=context)
        return both_consent(assembly, worker, asked)

    assert reaches(through("dynamodb"))
    assert not reaches(through("s3"))
    assert not reaches({})


def role(assembly: Assembly, duty: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{duty}"


def both_consent(assembly: Assembly, duty: str, asked: Request) -> bool:
    return allowed(assembly, "storage", asked, identity_policies=assembly.identity_statements(duty))


@pytest.mark.parametrize("key", ["storage", "audit"])
@pytest.mark.parametrize("action", SYMMETRIC)
def test_no_other_service_uses_it(assembly: Assembly, key: str, action: str) -> None:
    for principal in ("s3.amazonaws.com", "delivery.logs.amazonaws.com", "config.amazonaws.com"):
        context = {"aws:SourceAccount": ACCOUNT}
        assert not allowed(assembly, key, ask(assembly, key, action, principal=principal, context=context))
    stranger = ADMINISTRATOR.replace(ACCOUNT, STRANGER)
    for service in ("dynamodb", "s3"):
        context = {**through(service), "kms:CallerAccount": STRANGER}
        assert not allowed(assembly, key, ask(assembly, key, action, principal=stranger, context=context))
