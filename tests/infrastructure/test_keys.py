"""What holds for all three keys."""

from dataclasses import replace

import pytest

from stacks.key_policies import ADMINISTRATION, CRYPTOGRAPHY, SERVER_SIDE_ENCRYPTION
from tests.infrastructure.assembly import ACCOUNT, Assembly
from tests.infrastructure.key_requests import allowed, ask
from tests.infrastructure.policy_evaluation import Request

KEYS = ("envelope", "storage", "audit")


@pytest.mark.parametrize("name", KEYS)
def test_it_rotates_by_itself(assembly: Assembly, name: str) -> None:
    properties = assembly.key(name)["Properties"]
    assert properties["EnableKeyRotation"] is True
    assert properties["RotationPeriodInDays"] == 365


@pytest.mark.parametrize("name", KEYS)
def test_in_production_it_outlives_its_stack_and_waits_thirty_days(prod: Assembly, name: str) -> None:
    key = prod.key(name)
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["PendingWindowInDays"] == 30


@pytest.mark.parametrize("name", KEYS)
def test_in_production_nobody_shortens_the_deletion_window(prod: Assembly, name: str) -> None:
    def delete(days: int) -> Request:
        window = {"kms:ScheduleKeyDeletionPendingWindowInDays": days}
        return ask(prod, name, "kms:ScheduleKeyDeletion", context=window)

    assert not allowed(prod, name, delete(7))
    assert not allowed(prod, name, delete(29))
    assert allowed(prod, name, delete(30))
    assert allowed(prod, name, ask(prod, name, "kms:ScheduleKeyDeletion"))  # KMS then waits 30 days


@pytest.mark.parametrize("name", KEYS)
def test_nobody_skips_the_lockout_check(assembly: Assembly, name: str) -> None:
    change = ask(assembly, name, "kms:PutKeyPolicy")
    assert allowed(assembly, name, replace(change, context={"kms:BypassPolicyLockoutSafetyCheck": "false"}))
    assert not allowed(
        assembly, name, replace(change, context={"kms:BypassPolicyLockoutSafetyCheck": "true"})
    )


@pytest.mark.parametrize("name", KEYS)
def test_the_account_can_still_change_its_policy(assembly: Assembly, name: str) -> None:
    root = ask(assembly, name, "kms:PutKeyPolicy", principal=f"arn:aws:iam::{ACCOUNT}:root")
    assert allowed(assembly, name, root, identity_policies=[])


@pytest.mark.parametrize("name", KEYS)
def test_its_copies_in_other_regions_are_refused(assembly: Assembly, name: str) -> None:
    assert not allowed(assembly, name, ask(assembly, name, "kms:ReplicateKey"))


def test_administration_holds_no_use_of_a_key() -> None:
    assert not {*ADMINISTRATION} & {*CRYPTOGRAPHY, "kms:CreateGrant", "kms:ReplicateKey"}
    assert not any("*" in action for action in (*ADMINISTRATION, *CRYPTOGRAPHY, *SERVER_SIDE_ENCRYPTION))
