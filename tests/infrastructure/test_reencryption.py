"""Re-encryption: who may do what in it, and that its state machine says what it should."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.run_input import parse_run_input
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.key_requests import allowed, ask
from tests.infrastructure.policy_evaluation import Request, identity_allows, resource_allows
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
        table(assembly, "key-store"): {"dynamodb:ConditionCheckItem", "dynamodb:GetItem"},
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
    own = f"{MACHINE}{assembly.prefix}-reencryption"
    # The map's children are executions of the machine by another name.
    source = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": [own, f"{own}/Segments"]}
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
        passing, no_place = call["Retry"]
        assert {"Lambda.ServiceException", "Lambda.Unknown", "Unavailable"} <= set(passing["ErrorEquals"])
        # Who waits for a place waits for longer than those take that have one.
        assert no_place["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
        assert no_place["MaxAttempts"] * no_place["MaxDelaySeconds"] / 2 > 2 * 900
        for retry in call["Retry"]:
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


def test_a_map_of_many_segments_hands_on_what_a_state_can_hold(assembly: Assembly) -> None:
    segments = definition(assembly)["States"]["Segments"]
    done = segments["ItemProcessor"]["States"]["Done"]
    # What all children hand back is the map's, of 256 KiB at most, for 100,000 of them.
    assert done == {"Type": "Pass", "Result": 0, "End": True}
    assert len(json.dumps([done["Result"]] * 100_000, separators=(",", ":"))) < 256 * 1024


def test_however_it_ends_there_is_a_summary_and_the_failure_is_what_is_told(assembly: Assembly) -> None:
    states = definition(assembly)["States"]
    (caught,) = states["Segments"]["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "SummarizeFailed")
    (of_summary,) = states["SummarizeFailed"]["Catch"]
    assert (of_summary["Next"], of_summary["ResultPath"]) == ("Failed", None)
    for end, told in (("Failed", caught), ("Refused", states["Plan"]["Catch"][0])):
        assert states[end]["ErrorPath"] == f"{told['ResultPath']}.Error"
        assert states[end]["CausePath"] == f"{told['ResultPath']}.Cause"


ROLES_OF_RUNS = ("planner", "reencryption-machine")
ALL_OF_S3: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
RUN = "runs/20261125T080000Z-0a1b2c3d"
PLACES = {
    "": {"s3:ListBucket"},
    "lock.json": {"s3:GetObject", "s3:PutObject"},
    f"{RUN}/plan.json": {"s3:GetObject", "s3:PutObject"},
    f"{RUN}/manifest-1.json": {"s3:GetObject", "s3:PutObject"},
    f"{RUN}/results/0000003/00001.json": {"s3:GetObject", "s3:PutObject"},
}
# Of the planner's places, what is the machine's too.
OF_MACHINE = {
    f"{RUN}/manifest-1.json": {"s3:GetObject"},
    f"{RUN}/results/0000003/00001.json": {"s3:PutObject"},
}
ON_BUCKET = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")


def bucket_allows(assembly: Assembly, role: str, action: str, key: str, **context: str) -> bool:
    bucket = f"arn:aws:s3:::{assembly.prefix}-runs-{ACCOUNT}"
    (policy,) = [
        found["Properties"]["PolicyDocument"]["Statement"]
        for found in assembly.resources("AWS::S3::BucketPolicy").values()
        if found["Properties"]["Bucket"] == bucket.removeprefix("arn:aws:s3:::")
    ]
    asked = Request(
        principal=f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{role}",
        action=action,
        resource=f"{bucket}/{key}" if key else bucket,
        context={
            "aws:SecureTransport": "true",
            "s3:TlsVersion": "1.3",
            "s3:ResourceAccount": ACCOUNT,
            **context,
        },
    )
    own = assembly.identity_statements(role) if role in ROLES_OF_RUNS else ALL_OF_S3
    return resource_allows(asked, resource_policy=policy, identity_policies=own)


@pytest.mark.parametrize("place", PLACES)
def test_planner_and_machine_reach_their_places_in_the_bucket_and_delete_nothing(
    assembly: Assembly, place: str
) -> None:
    for role, places in (("planner", PLACES), ("reencryption-machine", OF_MACHINE)):
        reached = {action for action in ON_BUCKET if bucket_allows(assembly, role, action, place)}
        assert reached == places.get(place, set()), role


def test_nobody_but_these_two_writes_to_the_bucket(assembly: Assembly) -> None:
    for place in (key for key in PLACES if key):
        for other in ("administrator", "reencryptor", "reencryptor-session", "writer"):
            assert not bucket_allows(assembly, other, "s3:PutObject", place)
            assert bucket_allows(assembly, other, "s3:GetObject", place), "IAM lets it, in this test"


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion"])
def test_where_data_are_kept_nobody_deletes_what_a_run_wrote(assembly: Assembly, action: str) -> None:
    # What is to be removed with its deployment has to be emptied by somebody first.
    kept = assembly.settings["removal"] == "retain"
    for place in (key for key in PLACES if key):
        for who in ("administrator", "reencryptor", "writer"):
            assert bucket_allows(assembly, who, action, place) is not kept


def test_a_bucket_of_that_name_in_another_account_gets_nothing(assembly: Assembly) -> None:
    elsewhere = {"s3:ResourceAccount": "444455556666"}
    for role, places in (("planner", PLACES), ("reencryption-machine", OF_MACHINE)):
        for place, actions in places.items():
            for action in actions:
                assert not bucket_allows(assembly, role, action, place, **elsewhere)


def storage_key_lets(assembly: Assembly, role: str, context: dict[str, str]) -> tuple[set[str], set[str]]:
    """What the storage key says to a role whom IAM allows all, and what the role's IAM policies say."""
    by_key, by_iam = set(), set()
    for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"):
        asked = ask(
            assembly,
            "storage",
            action,
            principal=f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{role}",
            context={"kms:CallerAccount": ACCOUNT, **context},
        )
        if allowed(assembly, "storage", asked):
            by_key.add(action)
        if identity_allows(asked, policies=assembly.identity_statements(role)):
            by_iam.add(action)
    return by_key, by_iam


def contexts(assembly: Assembly) -> dict[str, dict[str, str]]:
    own, keys = f"{MACHINE}{assembly.prefix}-reencryption", "kms:EncryptionContext:"
    via = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    return {
        "executions": {f"{keys}aws:states:stateMachineArn": own},
        "children": {f"{keys}aws:states:stateMachineArn": f"{own}/Segments"},
        "another machine's": {f"{keys}aws:states:stateMachineArn": f"{own}-2"},
        "log": {f"{keys}SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
        "another account's log": {f"{keys}SourceArn": f"arn:aws:logs:{REGION}:444455556666:*"},
        "bucket": {**via, f"{keys}aws:s3:arn": f"arn:aws:s3:::{assembly.prefix}-runs-{ACCOUNT}"},
        "objects": {**via, f"{keys}aws:s3:arn": f"arn:aws:s3:::{assembly.prefix}-objects-{ACCOUNT}"},
        "bucket, by itself": {f"{keys}aws:s3:arn": f"arn:aws:s3:::{assembly.prefix}-runs-{ACCOUNT}"},
        "nothing": {},
    }


def test_the_storage_key_is_for_the_runs_and_what_step_functions_keeps_of_them(assembly: Assembly) -> None:
    both = {"kms:Decrypt", "kms:GenerateDataKey"}
    of_machine = {"executions": both, "children": both, "bucket": both, "log": {"kms:GenerateDataKey"}}
    for role, expected in (("reencryption-machine", of_machine), ("planner", {"bucket": both})):
        for name, context in contexts(assembly).items():
            by_key, by_iam = storage_key_lets(assembly, role, context)
            # The key's consent is to whom IAM lets.
            assert by_key == of_machine.get(name, set()), (role, name)
            assert by_iam == expected.get(name, set()), (role, name)


def test_the_log_is_opened_by_the_service_that_delivers_it_and_for_this_account_alone(
    assembly: Assembly,
) -> None:
    for name, context in contexts(assembly).items():
        asked = ask(
            assembly, "storage", "kms:Decrypt", principal="delivery.logs.amazonaws.com", context=context
        )
        assert allowed(assembly, "storage", asked) is (name == "log"), name


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


@pytest.mark.parametrize(
    ("read", "write"), [(500, 100), (500, None), (None, 100), (1_000_000, 1), (None, None)]
)
def test_a_scheduled_run_is_limited_as_the_settings_say(
    changed: Callable[..., Assembly], read: int | None, write: int | None
) -> None:
    scheduled = changed(
        "prod",
        reencryption_schedule="rate(30 days)",
        reencryption_schedule_read_units=read,
        reencryption_schedule_write_units=write,
    )
    found = [each["Properties"] for each in scheduled.resources("AWS::Scheduler::Schedule").values()]
    inputs = {each["Name"].removeprefix(f"{scheduled.prefix}-"): each["Target"]["Input"] for each in found}
    assert inputs["rotation"] == "{}"
    given = json.loads(inputs["reencryption"])
    assert given.keys() == {
        f"{kind}_units_per_second" for kind, units in (("read", read), ("write", write)) if units is not None
    }
    # What the schedule hands on is what the planner takes.
    planned = parse_run_input(given)
    assert (planned.read_units_per_second, planned.write_units_per_second) == (read, write)


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
