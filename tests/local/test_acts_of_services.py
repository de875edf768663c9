"""What services do by themselves or in a role's name, where policies refuse it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded import EmbeddedAws
from local.enforcement.acts_of_services import RefusedError
from tests.local.actors import document
from tests.local.names import PREFIX

TRUSTS_ANOTHER = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


@pytest.fixture
def reader_role(aws: EmbeddedAws, branch_keys: Any) -> Iterator[Any]:
    """Changes the reader's role for the processes that start next; afterwards it is as it was."""
    iam, role = aws.client("iam"), f"{PREFIX}-reader"
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    denials: list[str] = []

    def deny(*actions: str) -> None:
        denials.append("denied")
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document(statement))
        branch_keys.forget()

    def trust_another() -> None:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=document(TRUSTS_ANOTHER))
        branch_keys.forget()

    yield deny, trust_another
    for name in denials:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    branch_keys.forget()


def test_lambda_starts_no_function_whose_role_does_not_trust_it(api: Any, reader_role: Any) -> None:
    _, trust_another = reader_role
    trust_another()
    assert api.get("r").status == 502


def test_lambda_starts_no_function_whose_environment_its_role_may_not_open(
    aws: EmbeddedAws, api: Any, reader_role: Any
) -> None:
    deny, _ = reader_role
    deny("kms:Decrypt")
    assert api.get("r").status == 502
    last = aws.enforcement.refused()[-1].ask
    assert last.context["kms:EncryptionContext:aws:lambda:FunctionArn"].endswith(
        aws.outputs["ReaderFunctionName"]
    )


def test_a_function_whose_role_may_not_write_its_log_leaves_none(
    aws: EmbeddedAws, api: Any, reader_role: Any
) -> None:
    function = aws.outputs["ReaderFunctionName"]
    group = aws.client("lambda").get_function_configuration(FunctionName=function)["LoggingConfig"][
        "LogGroup"
    ]

    def events() -> int:
        found = aws.client("logs").filter_log_events(logGroupName=group, limit=10_000)["events"]
        return len(found)

    api.get("r")
    deny, _ = reader_role
    deny("logs:PutLogEvents")
    before = events()
    assert api.get("r").status == 404
    assert events() == before


def test_api_gateway_calls_no_function_that_does_not_let_it(aws: EmbeddedAws, api: Any) -> None:
    client, function = aws.client("lambda"), aws.outputs["ReaderFunctionName"]
    policy = json.loads(client.get_policy(FunctionName=function)["Policy"])
    for statement in policy["Statement"]:
        client.remove_permission(FunctionName=function, StatementId=statement["Sid"])
    try:
        assert api.get("r").status == 500
        assert aws.enforcement.refused()[-1].ask.action == "lambda:InvokeFunction"
    finally:
        for statement in policy["Statement"]:
            client.add_permission(
                FunctionName=function,
                StatementId=statement["Sid"],
                Action=statement["Action"],
                Principal=statement["Principal"]["Service"],
                SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
            )
    assert api.get("r").status == 404


def test_a_schedule_whose_role_may_not_start_its_function_starts_none(aws: EmbeddedAws) -> None:
    iam, role = aws.client("iam"), f"{PREFIX}-scheduler"
    statement = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
    iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document(statement))
    try:
        with pytest.raises(RefusedError, match="lambda:InvokeFunction"):
            aws.run_schedule(f"{PREFIX}-rotation")
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denied")
    aws.run_schedule(f"{PREFIX}-rotation")
