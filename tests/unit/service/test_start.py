"""How a container starts: settings, what is logged of requests, and what the start costs."""

import json
import os
import statistics
import subprocess
import sys
from typing import Any

import pytest

from service.configuration import ConfigurationError, read_configuration

ARN = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
SETTINGS = {
    "RECORDS_TABLE": "unit-records",
    "LOGICAL_TABLE": "records",
    "ENVELOPE_KEY_ARN": ARN,
    "DECRYPT_KEY_ARNS": f"{ARN},{ARN}",
    "PLAINTEXT_ATTRIBUTES": "country, status",
    "CURSOR_KEY": "stack",
    "KEY_STRATEGY": "record",
    "KEY_STORE_TABLE": "unit-key-store",
    "LOGICAL_KEY_STORE": "branch-keys",
    "BRANCH_KEY_CACHE_SECONDS": "300",
    "BRANCH_KEY_CACHE_ENTRIES": "1000",
}


def test_settings_are_read() -> None:
    read = read_configuration(SETTINGS)

    assert read.decrypt_key_arns == (ARN, ARN)
    assert read.plaintext_attributes == ("country", "status")
    assert read.cursor_key == b"stack"


def test_lists_may_be_absent_or_empty() -> None:
    lists = ("DECRYPT_KEY_ARNS", "PLAINTEXT_ATTRIBUTES")
    short = {name: value for name, value in SETTINGS.items() if name not in lists}

    assert read_configuration(short).decrypt_key_arns == ()
    assert read_configuration({**short, "PLAINTEXT_ATTRIBUTES": ""}).plaintext_attributes == ()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("RECORDS_TABLE", ""),
        ("LOGICAL_TABLE", " "),
        ("CURSOR_KEY", ""),
        ("ENVELOPE_KEY_ARN", "alias/envelope"),
        ("ENVELOPE_KEY_ARN", ARN.replace(":key/", ":alias/")),
        ("DECRYPT_KEY_ARNS", f"{ARN},00000000-0000-0000-0000-000000000000"),
        ("PLAINTEXT_ATTRIBUTES", "tenant"),
        ("PLAINTEXT_ATTRIBUTES", "aws_dbe_head"),
        ("KEY_STRATEGY", ""),
        ("KEY_STRATEGY", "both"),
        ("KEY_STRATEGY", "TENANT"),
        ("KEY_STORE_TABLE", ""),
        ("LOGICAL_KEY_STORE", " "),
        ("BRANCH_KEY_ARN", "alias/envelope"),
        ("BRANCH_KEY_ARN", f"{ARN},{ARN}"),
        ("BRANCH_KEY_CACHE_SECONDS", ""),
        ("BRANCH_KEY_CACHE_SECONDS", "0"),
        ("BRANCH_KEY_CACHE_SECONDS", "3601"),
        ("BRANCH_KEY_CACHE_SECONDS", "1e3"),
        ("BRANCH_KEY_CACHE_ENTRIES", "-1"),
        ("BRANCH_KEY_CACHE_ENTRIES", "100001"),
        ("BRANCH_KEY_CACHE_ENTRIES", "٣"),
        ("KEY_STORE_RECOVERY_DAYS", "36"),
        ("KEY_STORE_BACKUP_DAYS", "0"),
        ("BRANCH_KEY_ROTATION_DAYS", "3651"),
        ("BRANCH_KEY_ROTATION_DAYS", "1.5"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        read_configuration({**SETTINGS, setting: value})


def test_branch_keys_are_wrapped_under_the_envelope_key_unless_another_is_named() -> None:
    other = ARN.replace("eu-central-1:1", "eu-central-1:2")

    by_default = read_configuration(SETTINGS).branch_keys
    named = read_configuration({**SETTINGS, "BRANCH_KEY_ARN": other}).branch_keys

    assert by_default.key_arn == ARN
    assert (named.key_arn, set(named.further_key_arns)) == (other, {ARN})


def test_what_one_function_needs_the_others_may_lack() -> None:
    read = read_configuration(SETTINGS).branch_keys

    assert (read.recovery_days, read.backup_days, read.rotation_days) == (None, None, None)
    assert (read.cache_seconds, read.cache_entries) == (300, 1000)


@pytest.mark.parametrize(
    ("function", "setting"),
    [("tenant_admin", "KEY_STORE_RECOVERY_DAYS"), ("rotation", "BRANCH_KEY_ROTATION_DAYS")],
)
def test_a_function_does_not_start_without_what_it_needs(function: str, setting: str) -> None:
    environment = {**os.environ, **SETTINGS, "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONPATH": "lambda_src"}
    environment.pop(setting, None)

    def start(**more: str) -> Any:
        return subprocess.run(
            [sys.executable, "-c", f"import service.{function}"],
            env={**environment, **more},
            capture_output=True,
            check=False,
            text=True,
        )

    failed = start()
    assert failed.returncode != 0
    assert setting in failed.stderr
    assert start(**{setting: "7"}).returncode == 0


def test_each_request_has_one_log_line_and_its_metrics(
    service: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    service.put("acme", "p-1", {"name": "Ana"})
    service.get("acme", "p-1")
    service.get("acme", "absent")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [line for line in lines if "_aws" not in line]
    metrics = [line for line in lines if "_aws" in line]
    told = ("level", "operation", "status", "problem", "kms_calls", "request_id", "lambda_request_id")
    assert [[line.get(name) for name in told] for line in logged] == [
        ["INFO", "put_record", 201, None, 1, "request-1", "lambda-request"],
        ["INFO", "get_record", 200, None, 1, "request-1", "lambda-request"],
        ["INFO", "get_record", 404, "record-not-found", 0, "request-1", "lambda-request"],
    ]
    assert [
        (line["operation"], line["Requests"], line["KmsCalls"], line["Errors4xx"], line["Errors5xx"])
        for line in metrics
    ] == [
        ("put_record", [1.0], [1.0], [0.0], [0.0]),
        ("get_record", [1.0], [1.0], [0.0], [0.0]),
        ("get_record", [1.0], [0.0], [1.0], [0.0]),
    ]
    definition = metrics[0]["_aws"]["CloudWatchMetrics"][0]
    assert definition["Namespace"] == "SealedRecords"
    assert sorted(definition["Dimensions"][0]) == ["operation", "service"]
    assert all(line["Latency"][0] > 0 for line in metrics)
    assert "Ana" not in json.dumps(lines)


@pytest.mark.filterwarnings("ignore:POWERTOOLS_DE")
def test_no_environment_variable_makes_the_functions_talk(
    start: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "POWERTOOLS_DEV",
        "POWERTOOLS_DEBUG",
        "POWERTOOLS_LOGGER_LOG_EVENT",
        "POWERTOOLS_TRACE_DISABLED",
    ):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    service = start(POWERTOOLS_SERVICE_NAME="records-debug")

    service.put("acme", "p-1", {"marker-name": "marker-value"})
    service.get("acme", "p-1")
    service.call("PUT", "acme", "p-1", body='{"marker":NaN}')

    captured = capsys.readouterr()
    assert "marker" not in captured.out + captured.err


BARE = (
    "import boto3, cryptography.hazmat.primitives.ciphers.aead; boto3.client('kms'); boto3.client('dynamodb')"
)


def test_a_container_starts_in_little_more_than_its_clients_take() -> None:
    environment = {**os.environ, **SETTINGS, "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONPATH": "lambda_src"}

    def milliseconds(code: str) -> Any:
        timed = (
            f"import time; began = time.perf_counter(); {code}; print((time.perf_counter() - began) * 1000)"
        )
        runs = [
            subprocess.run(
                [sys.executable, "-c", timed], env=environment, capture_output=True, check=True, text=True
            )
            for _ in range(3)
        ]
        return statistics.median(float(run.stdout) for run in runs)

    bare, reader = milliseconds(BARE), milliseconds("import service.reader")

    # Three times leaves room for a busy machine; measured at rest it is about 1.4.
    assert reader < 3 * bare, f"reader {reader:.0f} ms, clients alone {bare:.0f} ms"
