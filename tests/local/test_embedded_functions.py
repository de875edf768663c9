"""Functions in the embedded AWS: Lambda's contract, its limits, and the end of their processes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.credentials import Credentials

from local.embedded import EmbeddedAws
from local.emulator import ACCOUNT


@pytest.fixture
def call(aws: EmbeddedAws, probe: Any, sign: Any, send: Any, acme: Credentials) -> Any:
    def called(what: str) -> Any:
        request = sign(probe.front.url, "GET", f"/probe/{what}", key=acme, region=aws.region)
        return send(probe.front.url, request)

    return called


def test_a_warm_process_serves_the_next_event(call: Any) -> None:
    first, second = (json.loads(call("echo").body) for _ in range(2))
    assert first["pid"] == second["pid"]
    assert 0 < second["remaining"] <= 2000
    assert second["colour"] == "blue"


def test_a_function_calls_as_its_deployed_role(probe: Any, call: Any) -> None:
    role = f"probe-{probe.functions.runtime}"
    arn = json.loads(call("identity").body)["identity"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{role}"


def test_a_function_sees_its_package_and_not_this_environment(call: Any) -> None:
    paths = json.loads(call("echo").body)["path"]
    assert not [path for path in paths if path.endswith("site-packages")]


def test_an_exception_becomes_a_bad_gateway(call: Any) -> None:
    answer = call("raise")
    assert (answer.status, json.loads(answer.body)) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize("what", ["malformed", "large"])
def test_a_result_that_is_no_response_becomes_a_bad_gateway(call: Any, what: str) -> None:
    assert call(what).status == 502


def test_a_process_that_ends_is_replaced(call: Any) -> None:
    before = json.loads(call("echo").body)["pid"]
    assert call("exit").status == 502
    after = json.loads(call("echo").body)["pid"]
    assert after != before


def test_a_function_over_its_time_is_ended(call: Any, is_alive: Any) -> None:
    pid = json.loads(call("echo").body)["pid"]
    began = time.monotonic()
    answer = call("sleep")
    assert answer.status == 502
    assert 2.0 <= time.monotonic() - began < 4.0
    assert not is_alive(pid)
    assert call("echo").status == 200


def test_output_is_kept_in_the_file_and_in_the_log_group(aws: EmbeddedAws, probe: Any, call: Any) -> None:
    call("print")
    name = f"probe-{probe.functions.runtime}"
    deadline = time.monotonic() + 5
    while "a line of output" not in probe.functions.logs(name) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "a line of output\n" in probe.functions.logs(name)


def test_the_deployed_functions_log_where_their_group_is(aws: EmbeddedAws) -> None:
    for output in ("WriterFunctionName", "ReaderFunctionName"):
        configuration = aws.client("lambda").get_function_configuration(FunctionName=aws.outputs[output])
        assert configuration["Architectures"] == ["arm64"]
        group = configuration["LoggingConfig"]["LogGroup"]
        groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        assert [found["logGroupName"] for found in groups] == [group]
        assert groups[0]["kmsKeyId"]


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException"])
def test_a_fault_befalls_as_many_calls_as_asked(aws: EmbeddedAws, code: str) -> None:
    kms = aws.client("kms")
    aws.fail_next("kms", "ListKeys", times=2, code=code)
    for _ in range(2):
        with pytest.raises(kms.exceptions.ClientError) as caught:
            kms.list_keys()
        assert caught.value.response["Error"]["Code"] == code
    assert kms.list_keys()["Keys"]


def test_a_fault_can_delay_and_can_break_the_connection(aws: EmbeddedAws) -> None:
    kms = aws.client("kms")
    aws.fail_next("kms", "ListKeys", delay=0.3)
    began = time.monotonic()
    kms.list_keys()
    assert time.monotonic() - began >= 0.3
    aws.fail_next("kms", "ListKeys", reset=True)
    with pytest.raises(Exception, match=r"Connection was closed|Could not connect|reset"):
        kms.list_keys()
    assert kms.list_keys()["Keys"]


def test_a_changed_configuration_takes_the_next_event_and_leaves_the_present_one_alone(
    aws: EmbeddedAws, probe: Any, call: Any
) -> None:
    name = f"probe-{probe.functions.runtime}"

    def colour_of(what: str) -> tuple[str, int]:
        seen = json.loads(call(what).body)
        return seen["colour"], seen["pid"]

    before = colour_of("echo")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(colour_of, "wait")
        time.sleep(0.3)
        aws.client("lambda").update_function_configuration(
            FunctionName=name, Environment={"Variables": {"COLOUR": "red"}}
        )
        after = colour_of("echo")
        assert not waiting.done()
        assert waiting.result() == before
    assert after[0] == "red"
    assert after[1] != before[1]
    assert colour_of("echo") == after
    aws.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}}
    )


def test_an_answer_can_be_lost_after_the_request_was_carried_out(aws: EmbeddedAws) -> None:
    kms = aws.client("kms")
    aws.fail_next("kms", "CreateAlias", answer_lost=True)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(Exception, match=r"Connection was closed|reset"):
        kms.create_alias(AliasName="alias/lost", TargetKeyId=key)
    assert "alias/lost" in {alias["AliasName"] for alias in kms.list_aliases()["Aliases"]}
    kms.delete_alias(AliasName="alias/lost")
