"""State machines work in their roles: what those may not they cannot, and all of it is in the trail."""

import json
import time
from threading import enumerate as threads
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local import principals
from local.additions import stepfunctions
from local.api_call import ApiCall
from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT, Answer
from local.enforcement import identities
from local.enforcement.acts_of_services import RefusedError
from local.principals import OPERATOR_KEY
from local.trail import record
from tests.local.actors import allow, document
from tests.local.stepfunctions_stack import Stack, deployed, template, until


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


def test_a_role_that_may_not_start_its_own_machine_has_no_children(stack: Stack, role: Any) -> None:
    role("states:StartExecution")
    _, ended = stack.run([""])
    assert ended["error"] == "States.Permissions"
    assert "states:StartExecution" in ended["cause"]


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


def test_calls_are_those_of_the_role_by_the_service(aws: EmbeddedAws, stack: Stack) -> None:
    aws.forget_trail()
    before = len(aws.requests("s3"))
    stack.run([""])
    [key] = {each.access_key_id for each in aws.requests("s3")[before:] if each.access_key_id != OPERATOR_KEY}
    session = principals.find_session(key)
    assert session is not None
    identity = identities.of_session(session)
    role = stack.client.describe_state_machine(stateMachineArn=stack.machine)["roleArn"]
    assert (identity.principal.role_arn, identity.invoked_by) == (role, "states.amazonaws.com")
    call = ApiCall("s3", "PutObject", key, aws.region)
    written = record.of_call(call, Answer("200 OK", b"", ()), identity=identity, needs=[])
    assert written["sourceIPAddress"] == written["userAgent"] == "states.amazonaws.com"
    assert written["userIdentity"]["invokedBy"] == "states.amazonaws.com"
    assert written["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role


def test_a_schedule_starts_a_machine_in_its_role(aws: EmbeddedAws, stack: Stack) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}}
    iam, name = aws.client("iam"), f"scheduled-{uuid4().hex[:8]}"
    trusted = document({**trust, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": stack.machine, "RoleArn": role, "Input": "{}"},
    )
    with pytest.raises(RefusedError, match="states:StartExecution"):
        aws.run_schedule(name)
    statement = allow("states:StartExecution", resource=stack.machine)
    iam.put_role_policy(RoleName=name, PolicyName="start", PolicyDocument=document(statement))
    execution = aws.run_schedule(name)
    aws.client("scheduler").delete_schedule(Name=name)
    assert stack.ended(execution)["stateMachineArn"] == stack.machine


def test_when_everything_ends_executions_end_at_once(aws: EmbeddedAws, stack: Stack) -> None:
    execution = stack.start(["sleep:15"] * 4)
    until(lambda: stack.map_run(execution)["itemCounts"]["running"] == 4)
    began = time.monotonic()
    stepfunctions.stop_all()
    assert time.monotonic() - began < 2
    assert stack.client.describe_execution(executionArn=execution)["status"] == "ABORTED"
    until(lambda: not any(each.name.startswith(("map-", "execution-")) for each in threads()))
    until(lambda: aws.kill_function(stack.name) == 0)


def test_one_call_in_so_many_fails_the_same_way_again(aws: EmbeddedAws, person: Any) -> None:
    caller = person(allow("dynamodb:ListTables")).client("dynamodb")

    def fails() -> list[bool]:
        aws.trouble("dynamodb", "ListTables", one_in=3, codes=["ThrottlingException"], seed=7)
        found = []
        for _ in range(30):
            try:
                caller.list_tables()
                found.append(False)
            except ClientError as error:
                found.append(error.response["Error"]["Code"] == "ThrottlingException")
        aws.client("dynamodb").list_tables()
        aws.clear_faults()
        return found

    first = fails()
    assert first == fails()
    assert 4 <= sum(first) <= 16
    assert "TableNames" in caller.list_tables()


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
