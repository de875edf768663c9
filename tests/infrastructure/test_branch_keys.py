"""Who may use the envelope key for branch keys: each duty for its own types of items, and for nothing else.

What is asked is what the functions' own code asks of KMS: the encryption contexts come from the key store.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from stacks.key_policies import CRYPTOGRAPHY
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.branch_key_calls import (
    ACTIVE,
    BEACON,
    TENANT,
    VERSION,
    Right,
    context_of_each_type,
    rights_for_a_branch_key,
)
from tests.infrastructure.key_requests import ADMINISTRATOR, ALL_OF_KMS, allowed, ask
from tests.infrastructure.policy_evaluation import Request, identity_allows, with_encryption_context

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER_KEY = f"arn:aws:kms:{REGION}:444455556666:key/11111111-2222-3333-4444-555555555555"
OLD_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/66666666-7777-8888-9999-000000000000"
DECRYPT, GENERATE = "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"
MAKING = (GENERATE, "kms:ReEncryptFrom", "kms:ReEncryptTo")
DUTIES = ("writer", "reader", "tenant-admin")
RECORD = {
    "aws-crypto-table-name": "records",
    "aws-crypto-partition-name": "tenant",
    "aws-crypto-sort-name": "record",
    "aws-crypto-legend": "SS",
    "aws-crypto-attr.tenant": TENANT,
    "aws-crypto-attr.record": "r-1",
}
# Without any of these a branch key is not tied to its key store, its place in it and its tenant.
REQUIRED = ("tablename", "hierarchy-version", "type", "branch-key-id", "aws-crypto-ec:tenant")
WRONG_VALUES = {
    "tablename": ["records", "branch-keys-2", "Branch-Keys", ""],
    "hierarchy-version": ["2", "v1", ""],
    "type": ["", "branch", "branch:", "BRANCH:ACTIVE", "branch:ACTIVE:", "shredded", "beacon:version:1"],
}
# What a duty does with which items, where the strategy is `tenant`.
DONE = [
    ("writer", DECRYPT, ACTIVE),
    ("reader", DECRYPT, ACTIVE),
    ("reader", DECRYPT, VERSION),
    *(("tenant-admin", action, kind) for action in MAKING for kind in (ACTIVE, VERSION, BEACON)),
]


@pytest.fixture(scope="session")
def rights() -> dict[str, list[Right]]:
    return rights_for_a_branch_key()


@pytest.fixture(scope="session")
def contexts(rights: dict[str, list[Right]]) -> dict[str, dict[str, str]]:
    return context_of_each_type(rights)


@pytest.fixture
def tenant(changed: Callable[..., Assembly]) -> Assembly:
    """Production with the strategy `tenant`."""
    return changed("prod", key_strategy="tenant")


@pytest.fixture
def elsewhere(changed: Callable[..., Assembly]) -> Assembly:
    """Branch keys under a key of another account, and some still under an old one."""
    return changed("prod", key_strategy="tenant", branch_key_arn=OTHER_KEY, decrypt_key_arns=[OLD_KEY])


def role(assembly: Assembly, duty: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{assembly.worker(duty)}"


def asked(
    assembly: Assembly, duty: str, action: str, context: Mapping[str, str], *, key: str = ""
) -> Request:
    bare = ask(assembly, "envelope", action, principal=role(assembly, duty))
    return with_encryption_context(replace(bare, resource=key or bare.resource), context)


def iam_lets(
    assembly: Assembly, duty: str, action: str, context: Mapping[str, str], *, key: str = ""
) -> bool:
    request = asked(assembly, duty, action, context, key=key)
    return identity_allows(request, policies=assembly.identity_statements(assembly.worker(duty)))


def consents(assembly: Assembly, duty: str, action: str, context: Mapping[str, str]) -> tuple[bool, bool]:
    """What the key's policy says for a role whom IAM allows all, and what the role's IAM policies say."""
    by_key = allowed(assembly, "envelope", asked(assembly, duty, action, context))
    return by_key, iam_lets(assembly, duty, action, context)


def test_the_context_of_a_branch_key_is_what_the_policies_know(contexts: dict[str, dict[str, str]]) -> None:
    common = {"branch-key-id", "type", "create-time", "hierarchy-version", "kms-arn", "tablename"}
    common |= {"aws-crypto-ec:tenant"}
    assert contexts[ACTIVE].keys() == common | {"version"}
    assert contexts[VERSION].keys() == contexts[BEACON].keys() == common
    for context in contexts.values():
        assert context["aws-crypto-ec:tenant"] == context["branch-key-id"]


@pytest.mark.parametrize("done", ["create", "rotate", "move"])
def test_tenant_admin_may_do_what_its_code_does(
    assembly: Assembly, rights: dict[str, list[Right]], done: str
) -> None:
    assert {right.action for right in rights[done]} <= {*MAKING}
    assert rights[done]
    for right in rights[done]:
        assert consents(assembly, "tenant-admin", right.action, right.context) == (True, True), right


def test_shredding_needs_no_key(rights: dict[str, list[Right]]) -> None:
    assert rights["shred"] == []


@pytest.mark.parametrize("done", ["open the active one", "open a version"])
def test_the_reader_opens_branch_keys_in_both_strategies(
    assembly: Assembly, tenant: Assembly, rights: dict[str, list[Right]], done: str
) -> None:
    (right,) = rights[done]
    assert right.action == DECRYPT
    for deployed in (assembly, tenant):
        assert consents(deployed, "reader", DECRYPT, right.context) == (True, True)


def test_the_writer_opens_no_branch_key_in_the_strategy_record(
    assembly: Assembly, contexts: dict[str, dict[str, str]]
) -> None:
    assert assembly.settings["key_strategy"] == "record"
    for context in contexts.values():
        assert consents(assembly, "writer", DECRYPT, context) == (False, False)
    statements = [
        *assembly.key("envelope")["Properties"]["KeyPolicy"]["Statement"],
        *assembly.identity_statements(assembly.worker("writer")),
    ]
    assert not [
        statement
        for statement in statements
        if "Writer" in statement["Sid"] and DECRYPT in str(statement["Action"])
    ]


@pytest.mark.parametrize(
    "changes", [{"key_strategy": "tenant"}, {"writer_keeps_branch_keys": True}], ids=["tenant", "keeps"]
)
def test_the_writer_opens_the_active_branch_key_where_the_settings_say_so(
    changed: Callable[..., Assembly], rights: dict[str, list[Right]], changes: dict[str, object]
) -> None:
    deployed = changed("prod", **changes)
    (right,) = rights["open the active one"]
    assert consents(deployed, "writer", right.action, right.context) == (True, True)
    (right,) = rights["open a version"]
    assert consents(deployed, "writer", right.action, right.context) == (False, False)


def test_a_writer_of_the_strategy_record_goes_on_while_the_stacks_are_deployed(tenant: Assembly) -> None:
    assert consents(tenant, "writer", "kms:GenerateDataKey", RECORD) == (True, True)
    assert consents(tenant, "writer", DECRYPT, RECORD) == (False, False)


@pytest.mark.parametrize("kind", [ACTIVE, VERSION, BEACON])
@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_a_duty_has_its_actions_for_its_items_alone(
    tenant: Assembly, contexts: dict[str, dict[str, str]], duty: str, action: str, kind: str
) -> None:
    may = (duty, action, kind) in DONE
    assert consents(tenant, duty, action, contexts[kind]) == (may, may)


@pytest.mark.parametrize(("duty", "action", "kind"), DONE)
def test_no_other_encryption_context_passes_for_a_branch_keys(
    tenant: Assembly, contexts: dict[str, dict[str, str]], duty: str, action: str, kind: str
) -> None:
    right = contexts[kind]
    wrong = [
        {},
        *({**right, name: value} for name, values in WRONG_VALUES.items() for value in values),
        *({name: value for name, value in right.items() if name != left_out} for left_out in REQUIRED),
        {**right, "purpose": "test"},
        {**right, "aws-crypto-ec:region": "eu"},
        {**right, "aws-crypto-public-key": "x"},
        {**right, **RECORD},
        {**right, "aws-crypto-attr.tenant": TENANT},
    ]
    assert consents(tenant, duty, action, right) == (True, True)
    for context in wrong:
        assert consents(tenant, duty, action, context) == (False, False), context


@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_tenant_admin_touches_no_data_key_of_a_record(tenant: Assembly, action: str) -> None:
    assert consents(tenant, "tenant-admin", action, RECORD) == (False, False)


@pytest.mark.parametrize(("duty", "action", "kind"), DONE)
def test_a_duty_works_with_both_consents_only(
    tenant: Assembly, contexts: dict[str, dict[str, str]], duty: str, action: str, kind: str
) -> None:
    request = asked(tenant, duty, action, contexts[kind])
    assert allowed(
        tenant, "envelope", request, identity_policies=tenant.identity_statements(tenant.worker(duty))
    )
    assert not allowed(tenant, "envelope", request, identity_policies=[])


@pytest.mark.parametrize("principal", [ROOT, ADMINISTRATOR])
@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_neither_root_nor_an_unlisted_role_uses_it_for_branch_keys(
    tenant: Assembly, contexts: dict[str, dict[str, str]], principal: str, action: str
) -> None:
    for context in contexts.values():
        request = with_encryption_context(ask(tenant, "envelope", action, principal=principal), context)
        assert not allowed(tenant, "envelope", request, identity_policies=ALL_OF_KMS)


@pytest.mark.parametrize(("duty", "action", "kind"), DONE)
def test_branch_keys_are_reached_under_their_own_key_and_under_old_ones(
    elsewhere: Assembly, contexts: dict[str, dict[str, str]], duty: str, action: str, kind: str
) -> None:
    for key in (elsewhere.key("envelope")["Arn"], OTHER_KEY, OLD_KEY):
        assert iam_lets(elsewhere, duty, action, contexts[kind], key=key)
        assert not iam_lets(elsewhere, duty, action, contexts[kind] | {"tablename": "other"}, key=key)
    for key in (OLD_KEY.replace("6666", "7777"), elsewhere.key("storage")["Arn"]):
        assert not iam_lets(elsewhere, duty, action, contexts[kind], key=key)


@pytest.mark.parametrize(("duty", "action"), [("reader", DECRYPT), ("writer", "kms:GenerateDataKey")])
def test_the_key_of_branch_keys_opens_and_makes_no_data_key_of_a_record(
    elsewhere: Assembly, duty: str, action: str
) -> None:
    assert iam_lets(elsewhere, duty, action, RECORD, key=elsewhere.key("envelope")["Arn"])
    assert not iam_lets(elsewhere, duty, action, RECORD, key=OTHER_KEY)


def test_the_logical_name_of_the_key_store_is_the_settings(
    changed: Callable[..., Assembly], contexts: dict[str, dict[str, str]]
) -> None:
    deployed = changed("prod", logical_key_store="payroll-keys")
    context = contexts[ACTIVE]
    assert consents(deployed, "reader", DECRYPT, context) == (False, False)
    assert consents(deployed, "reader", DECRYPT, context | {"tablename": "payroll-keys"}) == (True, True)
