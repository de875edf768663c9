"""Each wrong setting is refused with one sentence that names it, its value and what is allowed."""

import copy
import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from stacks.settings import RULES, Settings, SettingsError, load
from tests.infrastructure.assembly import ROOT

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"


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


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_good_settings_are_taken_as_they_are(environments: dict[str, dict[str, Any]], env: str) -> None:
    given = environments[env] | {"plaintext_attributes": ["country"], "decrypt_key_arns": [KEY]}
    settings = load({env: given}, env=env)
    taken = {name: value for name, value in dataclasses.asdict(settings).items() if name != "environment"}
    assert taken == given | {"plaintext_attributes": ("country",), "decrypt_key_arns": (KEY,)}
    assert settings.is_production == (env == "prod")
    assert settings.retains_data == (env == "prod")


@pytest.mark.parametrize("setting", ["account", "region", "reserved_concurrency"])
def test_what_may_be_null_may_be_absent(environments: dict[str, dict[str, Any]], setting: str) -> None:
    del environments["dev"][setting]
    assert getattr(load(environments, env="dev"), setting) is None


@pytest.mark.parametrize("setting", sorted(RULES.keys() - {"account", "region", "reserved_concurrency"}))
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
    "log_retention_days": [0, 1, 8, "30", None, 30.5],
    "throttle_rate": [0, 10_001, "50", None],
    "throttle_burst": [0, 5_001, None],
    "function_memory_mb": [127, 10_241, None],
    "function_timeout_seconds": [2, 29, None],
    "reserved_concurrency": [0, 1001, "5", True],
    "api_account_role": ["true", 1, None],
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
    [("deletion_window_days", 29, "one of 30"), ("removal", "destroy", "one of 'retain'")],
)
def test_production_is_held_to_more(
    environments: dict[str, dict[str, Any]], setting: str, value: object, allowed: str
) -> None:
    environments["prod"][setting] = value
    assert refusal(environments, env="prod") == (
        f"cdk.json: environments.prod.{setting} is {value!r}; it must be {allowed} in production."
    )


def test_an_unknown_setting_is_refused(environments: dict[str, dict[str, Any]]) -> None:
    environments["dev"]["rotation_day"] = 365
    said = refusal(environments, env="dev")
    assert said.startswith("cdk.json: environments.dev has the unknown setting 'rotation_day'; allowed are ")
    assert "rotation_days" in said


@pytest.mark.parametrize("env", ["test", "", None, 7, ["dev"], "Dev"])
def test_an_unknown_environment_is_refused(environments: dict[str, dict[str, Any]], env: object) -> None:
    expected = f"env is {env!r}; allowed are the environments of cdk.json: dev, prod."
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
