"""State machines work in their roles: what those may not they cannot, and all of it is in the trail."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT
from tests.local.actors import allow, document
from tests.local.stepfunctions_stack import Stack, deployed, template


@pytest.fixture
def stack(aws: EmbeddedAws) -> Stack:
    return deployed(aws)


def child_of(stack: Stack, execution: str) -> dict[str, Any]:
    run = stack.map_run(execution)
    [child] = stack.client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    found: dict[str, Any] = stack.client.describe_execution(executionArn=child["executionArn"])
    return found


def test_a_role_that_may_not_write_writes_nothing(aws: EmbeddedAws) -> None:
    stack = deployed(aws, may_write=False)
    execution, ended = stack.run([""])
    assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    child = child_of(stack, execution)
    assert child["error"].startswith("S3.")
    assert "is not authorized to perform: s3:PutObject" in child["cause"]
    assert "Status Code: 403" in child["cause"]
    assert stack.results() == {}


@pytest.fixture
def role(aws: EmbeddedAws, stack: Stack) -> Any:
    """Denies the machine's role some actions, until the test is over."""
    iam = aws.client("iam")
    name = stack.client.describe_state_machine(stateMachineArn=stack.machine)["roleArn"].rpartition("/")[2]

    def deny(*actions: str) -> None:
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=document(statement))

    yield deny
    iam.delete_role_policy(RoleName=name, PolicyName="denied")


def test_a_role_that_may_not_invoke_the_function_gets_no_plan(stack: Stack, role: Any) -> None:
    role("lambda:InvokeFunction")
    _, ended = stack.run([""])
    assert ended["error"] == "Lambda.AccessDeniedException"
    assert "lambda:InvokeFunction" in ended["cause"]


def test_a_role_that_may_not_read_the_manifest_fails_the_map(stack: Stack, role: Any) -> None:
    role("s3:GetObject")
    _, ended = stack.run([""])
    assert ended["error"] == "States.ItemReaderFailed"


def test_a_machine_whose_role_does_not_trust_step_functions_is_not_created(
    aws: EmbeddedAws, stack: Stack
) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = aws.client("iam").create_role(RoleName=f"r-{uuid4()}", AssumeRolePolicyDocument=document(trust))
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    with pytest.raises(ClientError, match="sts:AssumeRole"):
        stack.client.create_state_machine(name="untrusted", definition=machine, roleArn=made["Role"]["Arn"])
    listed = stack.client.list_state_machines()["stateMachines"]
    assert "untrusted" not in {each["name"] for each in listed}


def test_a_machine_that_may_not_deliver_its_logs_is_not_deployed(aws: EmbeddedAws) -> None:
    name = f"steps-{uuid4().hex[:8]}"
    resources = template(name)
    statements = resources["MachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    for statement in statements:
        if "logs:CreateLogDelivery" in statement["Action"]:
            statement["Action"].remove("logs:CreateLogDelivery")
    with pytest.raises(ClientError, match="logs:CreateLogDelivery"):
        aws.client("cloudformation").create_stack(
            StackName=name, TemplateBody=json.dumps({"Resources": resources})
        )


def test_a_deployed_machine_can_be_read_back_and_changed(aws: EmbeddedAws) -> None:
    name, cloudformation = f"steps-{uuid4().hex[:8]}", aws.client("cloudformation")
    resources = template(name)
    outputs = {"Arn": {"Value": {"Ref": "Machine"}}, "Name": {"Value": {"Fn::GetAtt": ["Machine", "Name"]}}}
    body = {"Resources": resources, "Outputs": outputs}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    [made] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    values = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}
    arn = f"arn:aws:states:{aws.region}:{ACCOUNT}:stateMachine:{name}"
    assert values == {"Arn": arn, "Name": name}
    client = aws.client("stepfunctions")
    found = client.describe_state_machine(stateMachineArn=arn)
    assert found["loggingConfiguration"]["level"] == "ALL"
    assert found["tracingConfiguration"] == {"enabled": True}
    assert f"function:{name}" in found["definition"]
    simple = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    resources["Machine"]["Properties"]["DefinitionString"] = simple
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(body))
    assert client.describe_state_machine(stateMachineArn=arn)["definition"] == simple
    cloudformation.delete_stack(StackName=name)
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.describe_state_machine(stateMachineArn=arn)


def test_who_may_start_may_not_therefore_stop_or_look(stack: Stack, person: Any) -> None:
    starter = person(allow("states:StartExecution", resource=stack.machine)).client("stepfunctions")
    execution = starter.start_execution(stateMachineArn=stack.machine, input="{}")["executionArn"]
    for refused in (starter.stop_execution, starter.describe_execution, starter.get_execution_history):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused(executionArn=execution)
    with pytest.raises(ClientError, match="AccessDenied"):
        starter.list_executions(stateMachineArn=stack.machine)
    with pytest.raises(ClientError, match="AccessDenied"):
        person(allow("states:DescribeExecution")).client("stepfunctions").start_execution(
            stateMachineArn=stack.machine
        )
    stack.ended(execution)


def test_who_creates_a_machine_must_be_allowed_to_pass_its_role(stack: Stack, person: Any) -> None:
    role_arn = stack.client.describe_state_machine(stateMachineArn=stack.machine)["roleArn"]
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    given = {"name": f"passed-{uuid4()}", "definition": machine, "roleArn": role_arn}
    someone = person(allow("states:CreateStateMachine")).client("stepfunctions")
    with pytest.raises(ClientError, match="iam:PassRole"):
        someone.create_state_machine(**given)
    passing = person(allow("states:CreateStateMachine", "iam:PassRole")).client("stepfunctions")
    passing.create_state_machine(**given)


def test_the_trail_tells_what_the_machine_did_in_its_role(aws: EmbeddedAws, stack: Stack) -> None:
    aws.deliver_trail()
    aws.forget_trail()
    stack.run([""])
    waiting = [record for _, record in aws._trail._waiting]
    by_machine = [each for each in waiting if each["userIdentity"].get("invokedBy") == "states.amazonaws.com"]
    assert {each["sourceIPAddress"] for each in by_machine} <= {"states.amazonaws.com"}
    started = [each for each in waiting if each["eventName"] == "StartExecution"]
    assert [each["requestParameters"]["stateMachineArn"] for each in started] == [stack.machine]


ENCRYPTED = {"Type": "CUSTOMER_MANAGED_KMS_KEY", "KmsDataKeyReusePeriodSeconds": 300}


def test_an_encrypted_machine_needs_its_key(aws: EmbeddedAws, person: Any) -> None:
    name, cloudformation = f"steps-{uuid4().hex[:8]}", aws.client("cloudformation")
    arn = f"arn:aws:states:{aws.region}:{ACCOUNT}:stateMachine:{name}"
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Resource": "*"}
    key = {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": [{**root, "Action": "kms:*"}]}},
    }
    resources = {**template(name), "Key": key}
    properties = resources["Machine"]["Properties"]
    properties["EncryptionConfiguration"] = {**ENCRYPTED, "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        cloudformation.create_stack(StackName=f"{name}-0", TemplateBody=json.dumps({"Resources": resources}))
    condition = {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": arn}}
    use = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}
    own = resources["MachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    own.append({**use, "Condition": condition})
    other = json.dumps({"Resources": resources}).replace(f"{name}-bucket", f"{name}-bucket-2")
    other = other.replace(f"states/{name}", f"states/{name}-2")
    other = other.replace(f'"FunctionName": "{name}"', f'"FunctionName": "{name}-2"')
    cloudformation.create_stack(StackName=name, TemplateBody=other)
    client = aws.client("stepfunctions")
    found = client.describe_state_machine(stateMachineArn=arn)["encryptionConfiguration"]
    assert found["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    execution = client.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    looker = person(allow("states:DescribeExecution")).client("stepfunctions")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        looker.describe_execution(executionArn=execution)
    looker.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    opener = person(allow("states:DescribeExecution", "kms:Decrypt")).client("stepfunctions")
    assert opener.describe_execution(executionArn=execution)["input"] == "{}"
