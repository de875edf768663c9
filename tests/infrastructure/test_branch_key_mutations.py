"""Each condition on the use of branch keys, taken away alone, is missed by a test of branch keys.

As test_mutations.py does it, for the strategy `tenant`: where either of the two consents asks for less than
it must, though the other still refuses.
"""

from collections.abc import Callable, Iterator

import pytest

from stacks.storage import WRITES
from tests.infrastructure import test_branch_keys, test_key_store
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.branch_key_calls import (
    ACTIVE,
    BEACON,
    context_of_each_type,
    rights_for_a_branch_key,
)
from tests.infrastructure.weakening import Change, Weakening, in_statement, weakened, without

KEY, POLICY, TABLE = "AWS::KMS::Key", "AWS::IAM::ManagedPolicy", "AWS::DynamoDB::Table"
DECRYPT, GENERATE = "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"
CONTEXTS = test_branch_keys.test_no_other_encryption_context_passes_for_a_branch_keys
ACTIONS = test_branch_keys.test_a_duty_has_its_actions_for_its_items_alone
# Of each duty: its statement, the logical id of its IAM policy, and one thing that it does.
STATEMENTS = {
    "writer": ("WriterMayOpenActiveBranchKeysOfOwnTenant", "WriterSessionMayUseEnvelopeKey", DECRYPT, ACTIVE),
    "reader": ("ReaderMayOpenBranchKeysOfOwnTenant", "ReaderSessionMayUseEnvelopeKey", DECRYPT, ACTIVE),
    "tenant-admin": (
        "TenantAdminMayMakeAndMoveBranchKeysOfOwnTenant",
        "TenantAdminSessionMayUseEnvelopeKey",
        GENERATE,
        BEACON,
    ),
}
CONDITIONS = {
    "tablename": ("StringEquals", "kms:EncryptionContext:tablename"),
    "hierarchy-version": ("StringEquals", "kms:EncryptionContext:hierarchy-version"),
    "type": ("StringLike", "kms:EncryptionContext:type"),
    "branch-key-id": ("StringEquals", "kms:EncryptionContext:branch-key-id"),
    "tenant": ("StringEquals", "kms:EncryptionContext:aws-crypto-ec:tenant"),
    "further keys": ("ForAllValues:StringEquals", "kms:EncryptionContextKeys"),
}


def weakenings() -> Iterator[Weakening]:
    for duty, (sid, iam_policy, action, kind) in STATEMENTS.items():
        places = ((KEY, "KeyPolicy", "EnvelopeKey"), (POLICY, "PolicyDocument", iam_policy))
        for resource, document, logical_id in places:
            for name, path in CONDITIONS.items():
                yield Weakening(
                    f"{name}: {duty}, {document}",
                    resource,
                    in_statement(sid, document, change=without("Condition", *path)),
                    CONTEXTS,
                    {"duty": duty, "action": action, "kind": kind},
                    logical_id,
                )
            for further in ("kms:Decrypt", "kms:Encrypt") if duty == "tenant-admin" else ("kms:Encrypt",):
                yield Weakening(
                    f"no {further}: {duty}, {document}",
                    resource,
                    in_statement(sid, document, change=also_allowing(further)),
                    ACTIONS,
                    {"duty": duty, "action": further, "kind": ACTIVE},
                    logical_id,
                )
    for action in WRITES:
        yield Weakening(
            f"denial of {action}",
            TABLE,
            in_statement(
                "NobodyButTenantAdminWrites", "ResourcePolicy", "PolicyDocument", change=forgetting(action)
            ),
            test_key_store.test_nobody_but_tenant_admin_writes_whatever_iam_allows,
            {"action": action},
            "KeyStore",
        )


def also_allowing(action: str) -> Change:
    def change(statement: dict[str, object]) -> None:
        actions = statement["Action"]
        statement["Action"] = [*(actions if isinstance(actions, list) else [actions]), action]

    return change


def forgetting(action: str) -> Change:
    return lambda statement: statement["Action"].remove(action)


@pytest.fixture(scope="session")
def contexts() -> dict[str, dict[str, str]]:
    return context_of_each_type(rights_for_a_branch_key())


@pytest.mark.parametrize("weakening", list(weakenings()), ids=lambda weakening: weakening.what)
def test_a_property_that_is_taken_away_is_missed(
    changed: Callable[..., Assembly], contexts: dict[str, dict[str, str]], weakening: Weakening
) -> None:
    tenant = changed("prod", key_strategy="tenant")
    arguments = {**weakening.arguments}
    if weakening.kind == TABLE:
        subject = "assembly"
    else:
        subject, arguments["contexts"] = "tenant", contexts
    weakening.noticed_by(**{subject: tenant}, **arguments)
    with pytest.raises(AssertionError):
        weakening.noticed_by(**{subject: weakened(tenant, weakening)}, **arguments)
