"""Each wrong setting is refused with one sentence that names it, its value and what is allowed."""

import copy
import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from stacks.settings import Settings, SettingsError, load
from stacks.settings_allowed import RULES
from tests.infrastructure.assembly import ROOT

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/records/AbCd012345"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
NULLABLE = sorted(name for name, rule in RULES.items() if rule.accepts(None))


@pytest.fixture
def environments(cdk_json: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = copy.deepcopy(cdk_json["context"]["environments"])
    return found


def refusal(environments: object, *, env: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load(environments, env=env)
    return str(refused.value)


def test_every_setting_has_a_rule() -> None:
    assert {field.name for field in dataclasses.fields(Settings)} == {"environment", *RULES}


def test_the_default_environment_is_the_one_for_development(cdk_json: dict[str, Any]) -> None:
    assert cdk_json["context"]["env"] == "dev"


def unchangeable(value: object) -> object:
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(
    "changes",
    [
        {"api_vpc_endpoints": ["vpce-0123456789abcdef0"]},
        {"api_allowed_cidrs": ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]},
        {"vpc_cidr": "10.20.0.0/16"},
        {"vpc_cidr": "192.168.7.64/26"},
        {"code_signing_profile_arn": PROFILE, "signed_package": "s3://packages/signed/0a1b.zip"},
        {"permissions_boundary_arn": BOUNDARY},
        {"trail": "organization"},
        {"trail": "organization", "organization_trail_archive": "s3://log-archive/o-a1/AWSLogs/111122223333"},
        {"archive_lock": "COMPLIANCE", "backup_vault_lock": "COMPLIANCE"},
        {"alarm_subscribers": ["on-call@example.com", "https://example.com/alarms?team=records"]},
        {"key_strategy": "tenant", "writer_keeps_branch_keys": True},
        {"branch_key_arn": KEY},
        {"branch_key_arn": KEY, "region": "eu-central-1"},
        {"branch_key_cache_seconds": 3600, "branch_key_cache_entries": 100_000},
        {"branch_key_rotation_days": None, "key_store_recovery_days": 1, "key_store_backup_days": None},
    ],
)
def test_production_takes_what_is_allowed(
    environments: dict[str, dict[str, Any]], changes: dict[str, Any]
) -> None:
    settings = load({"prod": environments["prod"] | changes}, env="prod")
    for name, value in changes.items():
        assert getattr(settings, name) == unchangeable(value)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_good_settings_are_taken_as_they_are(environments: dict[str, dict[str, Any]], env: str) -> None:
    given = environments[env] | {
        "plaintext_attributes": ["country"],
        "decrypt_key_arns": [KEY],
        "tags": {"cost-centre": "42"},
    }
    settings = load({env: given}, env=env)
    taken = {name: value for name, value in dataclasses.asdict(settings).items() if name != "environment"}
    assert taken == {name: unchangeable(value) for name, value in given.items()}
    assert taken["tags"] == (("cost-centre", "42"),)
    assert settings.is_production == (env == "prod")
    assert settings.retains_data == (env == "prod")


@pytest.mark.parametrize("setting", NULLABLE)
def test_what_may_be_null_may_be_absent(environments: dict[str, dict[str, Any]], setting: str) -> None:
    environments["dev"].pop(setting, None)
    assert getattr(load(environments, env="dev"), setting) is None


@pytest.mark.parametrize("setting", sorted(RULES.keys() - set(NULLABLE)))
def test_a_missing_setting_is_refused(environments: dict[str, dict[str, Any]], setting: str) -> None:
    del environments["dev"][setting]
    assert refusal(environments, env="dev") == (
        f"cdk.json: environments.dev.{setting} is missing; it must be {RULES[setting].allowed}."
    )


WRONG: dict[str, list[object]] = {
    "project": ["", 7, None, "a b", "x" * 129],
    "prefix": ["", "ab", "Sealed", "-x-", "x" * 41, "a_b", 7, None],
    "account": ["", "12345678901", 111122223333, "11112222333x"],
    "region": ["", "Frankfurt", "eu-central", 1],
    "rotation_days": [89, 2561, "365", 365.5, True, None],
    "deletion_window_days": [6, 31, "30", None],
    "removal": ["", "keep", True, None],
    "logical_table": ["", "ab", "a b", "x" * 256, None],
    "plaintext_attributes": [
        None,
        "country",
        [""],
        ["a,b"],
        ["a b"],
        ["tenant"],
        ["record"],
        ["revision"],
        ["updated_at"],
        ["aws_dbe_head"],
        ["country", "country"],
        [7],
        [["country"]],
        ["x" * 256],
    ],
    "decrypt_key_arns": [
        None,
        KEY,
        [""],
        ["alias/old"],
        ["1234abcd"],
        ["arn:aws:kms:eu-central-1:111122223333:alias/old"],
        [KEY, KEY],
        [{}],
    ],
    "key_strategy": ["", "Tenant", "both", None, True],
    "writer_keeps_branch_keys": ["true", 1, None],
    "logical_key_store": ["", "ab", "a b", "x" * 256, None],
    "branch_key_arn": ["", "alias/branch-keys", KEY.replace("key/", "alias/"), "1234abcd", [KEY], 7],
    "branch_key_cache_seconds": [0, 3601, "300", None, 0.5, True],
    "branch_key_cache_entries": [0, 100_001, "1000", None],
    "branch_key_rotation_days": [0, 3651, "365", True],
    "key_store_recovery_days": [0, 36, "7", None],
    "key_store_backup_days": [0, 36, "7", True],
    "maintenance_result_days": [29, 3651, "30", True, None],
    "reencryption_schedule": [
        "",
        "daily",
        "30 days",
        "rate(0 days)",
        "rate(1 week)",
        "rate(1.5 days)",
        "cron()",
        "cron(0 3; *)",
        "cron(0 3 1 * ?)",
        "cron(0 3 1 * ? * *)",
        "cron(0 3 1 * * *)",
        "cron(0 3 ? * ? *)",
        "cron(60 3 1 * ? *)",
        "cron(0 24 1 * ? *)",
        "cron(0 3 32 * ? *)",
        "cron(0 3 ? * 8 *)",
        "cron(0 3 ? * FRY *)",
        "cron(0 3 1 13 ? *)",
        "cron(0 3 1 * ? 1969)",
        "cron(0 5-3 1 * ? *)",
        "cron(0/0 3 1 * ? *)",
        "cron(L 3 1 * ? *)",
        "at(2026-11-25T03:00:00)",
        7,
        True,
    ],
    "reencryption_schedule_read_units": [0, 1_000_001, "100", 0.5, True],
    "reencryption_schedule_write_units": [0, 1_000_001, "100", 0.5, True],
    "log_retention_days": [0, 1, 8, "30", None, 30.5],
    "throttle_rate": [0, 10_001, "50", None],
    "throttle_burst": [0, 5_001, None],
    "function_memory_mb": [127, 10_241, None],
    "function_timeout_seconds": [2, 29, None],
    "reserved_concurrency": [0, 1001, "5", True],
    "api_account_role": ["true", 1, None],
    "tags": [
        None,
        [],
        {"": "x"},
        {"project": "x"},
        {"environment": "x"},
        {"tenant": "x"},
        {"Tenant": "x"},
        {"aws:x": "y"},
        {"a": 7},
        {"a": "ü"},
    ],
    "tenant_sessions": ["true", 1, None],
    "tenant_sessions_changing": ["true", 1, None],
    "tenant_session_entries": [0, 10_001, "100", None],
    "object_old_version_days": [0, 3651, "7", True, None],
    "termination_protection": ["true", 1, None],
    "permissions_boundary_arn": ["", "boundary", "arn:aws:iam::111122223333:role/boundary", 7],
    "api_vpc_endpoints": [None, "vpce-0123456789abcdef0", ["vpc-0123456789abcdef0"], ["vpce-xyz"]],
    "api_allowed_cidrs": [
        None,
        "203.0.113.0/24",
        ["203.0.113.0"],
        ["203.0.113.1/24"],
        ["203.0.113.0/33"],
        ["203.0.113/24"],
        ["everyone"],
        ["0.0.0.0/0"],
        ["::/0"],
        [7],
        ["203.0.113.0/24", "203.0.113.0/24"],
    ],
    "waf": ["on", 1, None],
    "waf_rate_limit": [0, 9, 2_000_001, "2000", None],
    "vpc_cidr": [
        "",
        "10.0.0.0",
        "10.0.0.0/15",
        "10.0.0.0/27",
        "10.0.0.1/16",
        "8.8.0.0/16",
        "fd00::/24",
        "10.0.0.0/255.255.0.0",
        16,
    ],
    "code_signing_profile_arn": ["", "records", PROFILE.rpartition("/")[0], 7],
    "signed_package": ["", "package.zip", "s3://bucket", "s3://bucket/", "https://bucket/package.zip", 7],
    "backup_retention_days": [0, 36_501, "35", True],
    "backup_vault_lock": ["", "governance", None, True],
    "trail": ["", "none", None, True],
    "organization_trail_archive": ["", "bucket", "s3://", "s3://Bucket/x", 7],
    "archive_lock": ["", "none", "compliance", None],
    "archive_retention_days": [0, 3654, "365", None, True],
    "alarm_subscribers": [
        None,
        "on-call@example.com",
        [""],
        ["on-call"],
        ["on-call@example"],
        ["http://example.com"],
        ["https://"],
        ["on-call@example.com", "on-call@example.com"],
        [7],
    ],
}


def test_every_setting_is_tried() -> None:
    assert WRONG.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("setting", "value"), [(setting, value) for setting, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_refused(
    environments: dict[str, dict[str, Any]], setting: str, value: object
) -> None:
    environments["dev"][setting] = value
    assert refusal(environments, env="dev") == (
        f"cdk.json: environments.dev.{setting} is {value!r}; it must be {RULES[setting].allowed}."
    )


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("deletion_window_days", 29, "one of 30"),
        ("removal", "destroy", "one of 'retain'"),
        ("termination_protection", False, "true"),
        ("log_retention_days", 180, "one of 365, 731, 1827, 3653"),
        ("archive_retention_days", 364, "a whole number from 365 to 3653"),
        ("backup_retention_days", 34, "a whole number from 35 to 36500"),
        ("backup_retention_days", None, "a whole number from 35 to 36500"),
    ],
)
def test_production_is_held_to_more(
    environments: dict[str, dict[str, Any]], setting: str, value: object, allowed: str
) -> None:
    environments["prod"][setting] = value
    assert refusal(environments, env="prod") == (
        f"cdk.json: environments.prod.{setting} is {value!r}; it must be {allowed} in production."
    )


@pytest.mark.parametrize(
    ("env", "changes", "sentence"),
    [
        (
            "dev",
            {"api_vpc_endpoints": ["vpce-0123456789abcdef0"], "api_allowed_cidrs": ["203.0.113.0/24"]},
            (
                "api_vpc_endpoints is ['vpce-0123456789abcdef0'] and "
                "api_allowed_cidrs is ['203.0.113.0/24']; a private API has no public callers: "
                "leave one of them empty"
            ),
        ),
        (
            "prod",
            {"code_signing_profile_arn": PROFILE},
            (
                f"code_signing_profile_arn is '{PROFILE}' and signed_package is None; "
                "Lambda refuses code that is not signed: set both or neither"
            ),
        ),
        (
            "prod",
            {"signed_package": "s3://packages/0a1b.zip"},
            (
                "code_signing_profile_arn is None and signed_package is 's3://packages/0a1b.zip'; "
                "Lambda refuses code that is not signed: set both or neither"
            ),
        ),
        (
            "dev",
            {"backup_vault_lock": "GOVERNANCE"},
            (
                "backup_vault_lock is 'GOVERNANCE', and backup_retention_days and key_store_backup_days are "
                "null; a lock needs copies: set days, or set the lock to 'none'"
            ),
        ),
        *(
            (
                "prod",
                {f"reencryption_schedule_{kind}_units": 100},
                (
                    f"reencryption_schedule is null, reencryption_schedule_read_units is {read} and "
                    f"reencryption_schedule_write_units is {write}; they limit runs that begin by "
                    "themselves: set a schedule, or both to null"
                ),
            )
            for kind, read, write in (("read", 100, None), ("write", None, 100))
        ),
        (
            "prod",
            {"branch_key_arn": KEY, "region": "eu-west-1"},
            (
                f"branch_key_arn is '{KEY}' and region is 'eu-west-1'; "
                "KMS works in one Region: name a key of that Region"
            ),
        ),
        (
            "prod",
            {"organization_trail_archive": "s3://log-archive/AWSLogs"},
            (
                "organization_trail_archive is 's3://log-archive/AWSLogs' and trail is 'own'; "
                "set trail to 'organization', or the archive to null"
            ),
        ),
        (
            "dev",
            {"archive_lock": "COMPLIANCE"},
            (
                "removal is 'destroy' and archive_lock is 'COMPLIANCE'; "
                "nobody can destroy what is locked so: "
                "set archive_lock to 'GOVERNANCE', or removal to 'retain'"
            ),
        ),
        (
            "dev",
            {"backup_retention_days": 7, "backup_vault_lock": "COMPLIANCE"},
            (
                "removal is 'destroy' and backup_vault_lock is 'COMPLIANCE'; "
                "nobody can destroy what is locked so: "
                "set backup_vault_lock to 'GOVERNANCE' or 'none', or removal to 'retain'"
            ),
        ),
        (
            "dev",
            {"termination_protection": True},
            "removal is 'destroy' and termination_protection is true; set one of them otherwise",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    environments: dict[str, dict[str, Any]], env: str, changes: dict[str, Any], sentence: str
) -> None:
    environments[env] |= changes
    assert refusal(environments, env=env) == f"cdk.json: in environments.{env}, {sentence}."


@pytest.mark.parametrize("kept", ["backup_retention_days", "key_store_backup_days"])
def test_a_lock_is_for_copies_of_either_table(environments: dict[str, dict[str, Any]], kept: str) -> None:
    environments["dev"] |= {"backup_vault_lock": "GOVERNANCE", kept: 7}
    assert getattr(load(environments, env="dev"), kept) == 7


@pytest.mark.parametrize(
    ("strategy", "keeps", "uses"),
    [("record", False, False), ("record", True, True), ("tenant", False, True), ("tenant", True, True)],
)
def test_the_writer_uses_branch_keys_for_the_strategy_or_while_it_changes_back(
    environments: dict[str, dict[str, Any]], strategy: str, *, keeps: bool, uses: bool
) -> None:
    environments["prod"] |= {"key_strategy": strategy, "writer_keeps_branch_keys": keeps}
    assert load(environments, env="prod").writer_uses_branch_keys == uses


def test_an_unknown_setting_is_refused(environments: dict[str, dict[str, Any]]) -> None:
    environments["dev"]["rotation_day"] = 365
    said = refusal(environments, env="dev")
    assert said.startswith("cdk.json: environments.dev has the unknown setting 'rotation_day'; allowed are ")
    assert "rotation_days" in said


@pytest.mark.parametrize("env", ["test", "", None, 7, ["dev"], "Dev"])
def test_an_unknown_environment_is_refused(environments: dict[str, dict[str, Any]], env: object) -> None:
    names = ", ".join(environments)
    expected = f"env is {env!r}; allowed are the environments of cdk.json: {names}."
    assert refusal(environments, env=env) == expected


@pytest.mark.parametrize("name", ["my-env", "Dev", "x" * 17, "1st"])
def test_an_environment_with_a_name_unfit_for_stacks_is_refused(
    environments: dict[str, dict[str, Any]], name: str
) -> None:
    said = refusal({name: environments["dev"]}, env=name)
    assert said.startswith(f"cdk.json: the environment's name {name!r} becomes part of stack names; ")


@pytest.mark.parametrize("wrong", [None, {}, [], "dev"])
def test_missing_environments_are_refused(wrong: object) -> None:
    expected = "cdk.json: context.environments is not an object; it must hold one object per environment."
    assert refusal(wrong, env="dev") == expected


@pytest.mark.parametrize("wrong", [None, [], "retain"])
def test_an_environment_that_is_no_object_is_refused(wrong: object) -> None:
    expected = f"cdk.json: environments.dev is {wrong!r}; it must be an object of settings."
    assert refusal({"dev": wrong}, env="dev") == expected


def test_a_wrong_setting_ends_synthesis_with_its_sentence_alone(
    environments: dict[str, dict[str, Any]],
) -> None:
    environments["dev"]["rotation_days"] = 10
    context = json.dumps({"env": "dev", "environments": environments})
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": context},
        capture_output=True,
        text=True,
        check=False,
    )
    sentence = "cdk.json: environments.dev.rotation_days is 10; it must be a whole number from 90 to 2560."
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1] == sentence
    assert "Traceback" not in ended.stderr
