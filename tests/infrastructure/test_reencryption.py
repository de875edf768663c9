"""Re-encryption: who may do what in it, and that its state machine says what it should."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.test_envelope_key import common_rights, own_rights, rights, table
from tests.infrastructure.test_policies import listed, statements

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
FINAL = {"Succeed", "Fail"}


def machine(assembly: Assembly) -> dict[str, Any]:
    (found,) = assembly.resources("AWS::StepFunctions::StateMachine").values()
    return dict(found["Properties"])


def definition(assembly: Assembly) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine(assembly)["DefinitionString"])
    return found


def levels(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each set of states, with the one that it begins with."""
    yield found["StartAt"], found["States"]
    for state in found["States"].values():
        if "ItemProcessor" in state:
            yield from levels(state["ItemProcessor"])


def function(assembly: Assembly, name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{assembly.prefix}-{name}"


def test_the_reencryptor_reads_and_writes_records_and_nothing_else(assembly: Assembly) -> None:
    all_tenants = {table(assembly, "records"): {"dynamodb:Query", "dynamodb:Scan"}}
    sessions = assembly.settings["tenant_sessions"]
    own = set() if sessions else all_tenants[table(assembly, "records")]
    assert rights(assembly, "reencryptor") == {
        table(assembly, "records"): {"dynamodb:PutItem"} | own,
        table(assembly, "key-store"): {"dynamodb:GetItem"},
        assembly.key("envelope")["Arn"]: {"kms:GenerateDataKey", "kms:Decrypt"},
        **common_rights(assembly, "reencryptor"),
    }
    # By itself it finds out which records there are; the rest it does in a session of their tenant.
    assert own_rights(assembly, "reencryptor", "reencryptor") == (all_tenants if sessions else {})


def test_planner_and_machine_reach_no_record_and_no_key_of_records(assembly: Assembly) -> None:
    for role in ("planner", "reencryption-machine"):
        for statement in assembly.identity_statements(role):
            resources = listed(statement["Resource"])
            assert assembly.key("envelope")["Arn"] not in resources
            on_tables = {action for action in listed(statement["Action"]) if action.startswith("dynamodb:")}
            assert on_tables <= {"dynamodb:DescribeTable"}
            uses_key = any(action.startswith("kms:") for action in listed(statement["Action"]))
            if uses_key:
                assert resources == [assembly.key("storage")["Arn"]]
                assert statement["Condition"]


def test_nobody_but_the_machine_may_call_the_reencryptor(assembly: Assembly) -> None:
    meant = function(assembly, "reencryptor")
    allowed = [
        place
        for place, statement in statements(assembly)
        if "lambda:InvokeFunction" in listed(statement.get("Action", []))
        and meant in listed(statement.get("Resource", []))
    ]
    assert [place.split(".")[1][:26] for place in allowed] == ["ReencryptionMachineMayWork"]
    for permission in assembly.resources("AWS::Lambda::Permission").values():
        assert "reencryptor" not in str(permission["Properties"]["FunctionName"])


def test_only_step_functions_takes_the_machines_role_and_for_this_machine_alone(assembly: Assembly) -> None:
    (role,) = [
        found["Properties"]
        for found in assembly.resources("AWS::IAM::Role").values()
        if found["Properties"].get("RoleName") == f"{assembly.prefix}-reencryption-machine"
    ]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    source = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{MACHINE}{assembly.prefix}-reencryption"}
    assert statement["Condition"] == {"StringEquals": source}


def test_the_machine_is_logged_traced_and_encrypted_and_its_log_names_no_record(assembly: Assembly) -> None:
    found = machine(assembly)
    assert found["LoggingConfiguration"]["Level"] == "ALL"
    assert found["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert found["TracingConfiguration"] == {"Enabled": True}
    assert found["EncryptionConfiguration"]["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert found["EncryptionConfiguration"]["KmsKeyId"] == assembly.key("storage")["Arn"]


def test_every_state_is_reached_and_leads_somewhere(assembly: Assembly) -> None:
    for first, states in levels(definition(assembly)):
        led_to = {first}
        for state in states.values():
            following = [state.get("Next"), state.get("Default")]
            following += [branch["Next"] for branch in (*state.get("Choices", ()), *state.get("Catch", ()))]
            led_to |= {name for name in following if name}
            ends = state["Type"] in FINAL or state.get("End") or state["Type"] == "Choice" or "Next" in state
            assert ends
        assert led_to == set(states)


def test_what_was_refused_ends_at_once_and_what_passes_is_tried_again(assembly: Assembly) -> None:
    found = definition(assembly)["States"]
    (refused,) = found["Plan"]["Catch"]
    assert (refused["ErrorEquals"], refused["Next"]) == (["RunRefused"], "Refused")
    child = found["Segments"]["ItemProcessor"]["States"]
    for call in (found["Plan"], found["Summarize"], child["Reencrypt"]):
        (retry,) = call["Retry"]
        assert {"Lambda.TooManyRequestsException", "Lambda.Unknown", "Unavailable"} <= set(
            retry["ErrorEquals"]
        )
        assert not {"States.ALL", "States.TaskFailed", "RunRefused", "SegmentRefused"} & set(
            retry["ErrorEquals"]
        )
        assert retry["JitterStrategy"] == "FULL"
        assert call["Parameters"]["FunctionName"].startswith(f"arn:aws:lambda:{REGION}:")


def test_where_a_segment_is_is_saved_before_it_goes_on(assembly: Assembly) -> None:
    child = definition(assembly)["States"]["Segments"]["ItemProcessor"]
    assert child["StartAt"] == "Reencrypt"
    order, name = [], "Reencrypt"
    while name not in order:
        order.append(name)
        name = child["States"][name].get("Next") or child["States"][name]["Default"]
    assert order == ["Reencrypt", "Save", "IsDone", "GoOn"]
    # What S3 answers does not take the place of where the segment is.
    assert child["States"]["Save"]["ResultPath"] is None
    assert definition(assembly)["States"]["Segments"]["ResultPath"] is None
    assert child["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def test_a_schedule_starts_the_machine_where_the_settings_say_so(changed: Callable[..., Assembly]) -> None:
    scheduled = changed("prod", reencryption_schedule="cron(0 3 1 * ? *)")
    targets = {
        found["Properties"]["ScheduleExpression"]: found["Properties"]["Target"]
        for found in scheduled.resources("AWS::Scheduler::Schedule").values()
    }
    target = targets["cron(0 3 1 * ? *)"]
    assert target["Input"] == "{}"
    starting = [
        statement
        for statement in scheduled.identity_statements("scheduler")
        if statement["Action"] == "states:StartExecution"
    ]
    assert [statement["Resource"] for statement in starting] == [target["Arn"]]


def test_operators_start_and_stop_the_one_machine_and_read_its_results(assembly: Assembly) -> None:
    (policy,) = [
        found["Properties"]
        for found in assembly.resources("AWS::IAM::ManagedPolicy").values()
        if found["Properties"].get("ManagedPolicyName") == f"{assembly.prefix}-maintenance-operate"
    ]
    allowed = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    assert allowed == {
        "states:ListExecutions",
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "s3:GetObject",
        "s3:ListBucket",
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }
