"""Who may use the envelope key: the question that the whole project answers."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from envelope import EncryptedDataKey
from service.store import record_encryptor
from stacks.key_policies import ADMINISTRATION, CRYPTOGRAPHY, DELEGATION, SERVER_SIDE_ENCRYPTION
from tests.infrastructure.assembly import ACCOUNT, REGION, Assembly
from tests.infrastructure.policy_evaluation import (
    Request,
    identity_allows,
    key_allows,
    with_encryption_context,
)

# Every operation on a KMS key that makes, opens or checks anything with it, by the service's list of actions.
USES = (
    *CRYPTOGRAPHY,
    "kms:DeriveSharedSecret",
    "kms:GenerateMac",
    "kms:GetParametersForImport",
    "kms:GetPublicKey",
    "kms:ImportKeyMaterial",
    "kms:Sign",
    "kms:SynchronizeMultiRegionKey",
    "kms:UpdatePrimaryRegion",
    "kms:Verify",
    "kms:VerifyMac",
)
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
# One whose role, or session, has a tenant's tag.
TAGGED = f"arn:aws:iam::{ACCOUNT}:role/administrator-session"
STRANGER = "arn:aws:iam::999988887777:role/administrator"
ALL_OF_KMS = [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]
NOTHING: list[dict[str, object]] = []
DUTIES = {"writer": "kms:GenerateDataKey", "reader": "kms:Decrypt"}


class ContextCatcher:
    """A keyring that only notes the encryption context it is asked for."""

    def __init__(self) -> None:
        self.context: dict[str, str] = {}

    def generate(self, encryption_context: Mapping[str, str]) -> tuple[bytes, EncryptedDataKey]:
        self.context = dict(encryption_context)
        return bytes(32), EncryptedDataKey("test", b"test", b"test")

    def unwrap(self, encrypted_data_keys: object, encryption_context: Mapping[str, str]) -> bytes:
        raise NotImplementedError


@pytest.fixture(scope="session")
def record_context() -> dict[str, str]:
    """The encryption context of a record, as the functions' own code builds it."""
    keyring = ContextCatcher()
    record_encryptor(logical_table="records", plaintext_attributes=(), keyring=keyring).encrypt(
        {
            "tenant": {"S": "acme"},
            "record": {"S": "r-1"},
            "revision": {"S": "0" * 32},
            "updated_at": {"S": "2026-01-01T00:00:00Z"},
            "diagnosis": {"S": "J45.0"},
        }
    )
    return keyring.context


def request(assembly: Assembly, *, principal: str, action: str) -> Request:
    return Request(principal=principal, action=action, resource=assembly.key("envelope")["Arn"])


def policy(assembly: Assembly) -> list[dict[str, object]]:
    statements: list[dict[str, object]] = assembly.key("envelope")["Properties"]["KeyPolicy"]["Statement"]
    return statements


def role(assembly: Assembly, duty: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{assembly.worker(duty)}"


def test_a_record_has_exactly_the_six_context_keys(record_context: dict[str, str]) -> None:
    assert record_context == {
        "aws-crypto-table-name": "records",
        "aws-crypto-partition-name": "tenant",
        "aws-crypto-sort-name": "record",
        "aws-crypto-legend": "SS",
        "aws-crypto-attr.tenant": "acme",
        "aws-crypto-attr.record": "r-1",
    }


@pytest.mark.parametrize("principal", [ROOT, ADMINISTRATOR, TAGGED])
@pytest.mark.parametrize("action", [*USES, *DELEGATION])
def test_neither_root_nor_an_unlisted_role_can_use_it_or_lend_its_use(
    assembly: Assembly, record_context: dict[str, str], principal: str, action: str
) -> None:
    bare = request(assembly, principal=principal, action=action)
    grant_for_a_service = replace(bare, context={"kms:GrantIsForAWSResource": "true"})
    through_a_service = replace(bare, context={"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"})
    for tried in (bare, grant_for_a_service, through_a_service):
        for asked in (tried, with_encryption_context(tried, record_context)):
            assert not key_allows(asked, key_policy=policy(assembly), identity_policies=ALL_OF_KMS)


@pytest.mark.parametrize("action", ADMINISTRATION)
def test_an_administrator_can_administer_it_when_iam_says_so(assembly: Assembly, action: str) -> None:
    asked = request(assembly, principal=ADMINISTRATOR, action=action)
    assert key_allows(asked, key_policy=policy(assembly), identity_policies=ALL_OF_KMS)
    assert not key_allows(asked, key_policy=policy(assembly), identity_policies=NOTHING)


@pytest.mark.parametrize("duty", DUTIES)
def test_a_role_uses_it_only_with_both_consents(
    assembly: Assembly, record_context: dict[str, str], duty: str
) -> None:
    asked = with_encryption_context(
        request(assembly, principal=role(assembly, duty), action=DUTIES[duty]), record_context
    )
    own = assembly.identity_statements(assembly.worker(duty))
    without_the_role = [statement for statement in policy(assembly) if DUTIES[duty] != statement["Action"]]
    assert key_allows(asked, key_policy=policy(assembly), identity_policies=own)
    assert not key_allows(asked, key_policy=policy(assembly), identity_policies=NOTHING)
    assert not key_allows(asked, key_policy=without_the_role, identity_policies=own)


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("action", [*USES, *DELEGATION])
def test_a_role_has_the_one_action_of_its_duty(
    assembly: Assembly, record_context: dict[str, str], duty: str, action: str
) -> None:
    asked = with_encryption_context(
        request(assembly, principal=role(assembly, duty), action=action), record_context
    )
    is_its_duty = action == DUTIES[duty]
    by_key_policy = key_allows(asked, key_policy=policy(assembly), identity_policies=ALL_OF_KMS)
    assert by_key_policy == is_its_duty
    assert identity_allows(asked, policies=assembly.identity_statements(assembly.worker(duty))) == is_its_duty


@pytest.mark.parametrize("duty", DUTIES)
def test_a_role_uses_it_for_no_other_encryption_context(
    assembly: Assembly, record_context: dict[str, str], duty: str
) -> None:
    asked = request(assembly, principal=role(assembly, duty), action=DUTIES[duty])
    fixed = {name for name in record_context if not name.startswith("aws-crypto-attr.")}
    wrong = [
        {},
        {**record_context, "aws-crypto-public-key": "x"},
        *(
            {name: value for name, value in record_context.items() if name != left_out}
            for left_out in record_context
        ),
        *({**record_context, name: "other"} for name in fixed),
    ]
    assert len(wrong) == 12
    own = assembly.identity_statements(assembly.worker(duty))
    for context in wrong:
        tried = with_encryption_context(asked, context)
        assert not key_allows(tried, key_policy=policy(assembly), identity_policies=ALL_OF_KMS), context
        assert not identity_allows(tried, policies=own), context


@pytest.mark.parametrize("action", CRYPTOGRAPHY)
def test_a_call_without_encryption_context_is_denied_whatever_else_is_allowed(
    assembly: Assembly, action: str
) -> None:
    asked = request(assembly, principal=ADMINISTRATOR, action=action)
    careless = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": ADMINISTRATOR}}
    policies = [*policy(assembly), careless]
    assert not key_allows(asked, key_policy=policies, identity_policies=ALL_OF_KMS)
    with_one = with_encryption_context(asked, {"purpose": "test"})
    assert key_allows(with_one, key_policy=policies, identity_policies=ALL_OF_KMS)


@pytest.mark.parametrize("action", DELEGATION)
def test_lending_and_copying_are_denied_whatever_else_is_allowed(assembly: Assembly, action: str) -> None:
    careless = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": ADMINISTRATOR}}
    asked = request(assembly, principal=ADMINISTRATOR, action=action)
    assert key_allows(asked, key_policy=[careless], identity_policies=ALL_OF_KMS)
    assert not key_allows(asked, key_policy=[*policy(assembly), careless], identity_policies=ALL_OF_KMS)


@pytest.mark.parametrize("name", ["envelope", "storage", "audit"])
@pytest.mark.parametrize(
    "action", ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:PutKeyPolicy"]
)
def test_another_account_is_denied_whatever_else_is_allowed(
    assembly: Assembly, record_context: dict[str, str], name: str, action: str
) -> None:
    key = assembly.key(name)
    careless = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": STRANGER}}
    asked = with_encryption_context(
        Request(principal=STRANGER, action=action, resource=key["Arn"]), record_context
    )
    assert key_allows(asked, key_policy=[careless], identity_policies=ALL_OF_KMS)
    policies = [*key["Properties"]["KeyPolicy"]["Statement"], careless]
    assert not key_allows(asked, key_policy=policies, identity_policies=ALL_OF_KMS)


def test_no_service_is_named_by_its_policy(assembly: Assembly) -> None:
    principals = [statement["Principal"] for statement in policy(assembly) if statement["Effect"] == "Allow"]
    assert principals == [{"AWS": ROOT}] * 10


def table(assembly: Assembly, name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{assembly.prefix}-{name}"


def test_the_writer_does_nothing_but_store(assembly: Assembly) -> None:
    assert rights(assembly, "writer") == {
        table(assembly, "records"): {"dynamodb:PutItem", "dynamodb:DeleteItem"},
        assembly.key("envelope")["Arn"]: {"kms:GenerateDataKey"},
        **common_rights(assembly, "writer"),
    }
    assert own_rights(assembly, "writer") == {}


def test_the_reader_does_nothing_but_read(assembly: Assembly) -> None:
    assert rights(assembly, "reader") == {
        table(assembly, "records"): {"dynamodb:GetItem", "dynamodb:Query"},
        table(assembly, "key-store"): {"dynamodb:GetItem"},
        assembly.key("envelope")["Arn"]: {"kms:Decrypt"},
        **common_rights(assembly, "reader"),
    }
    assert own_rights(assembly, "reader") == {}


def rights(assembly: Assembly, duty: str) -> dict[str, set[str]]:
    """What all policies allow to the role that holds a duty's rights, by resource."""
    return rights_of_role(assembly, assembly.worker(duty))


def own_rights(assembly: Assembly, duty: str, *functions: str) -> dict[str, set[str]]:
    """What a function's own role may beside its work; where it works in sessions, that is to begin them."""
    found = rights_of_role(assembly, duty)
    if not assembly.settings["tenant_sessions"]:
        return {}
    for resource, actions in function_rights(assembly, *(functions or (duty,))).items():
        assert found.pop(resource) == actions, resource
    beginning = f"arn:aws:iam::{ACCOUNT}:role/{assembly.prefix}-{duty}-session"
    assert found.pop(beginning) == {"sts:AssumeRole", "sts:TagSession"}
    assert {"kms:Decrypt"} <= found.pop(assembly.key("storage")["Arn"]) <= {*SERVER_SIDE_ENCRYPTION}
    return found


def rights_of_role(assembly: Assembly, role: str) -> dict[str, set[str]]:
    """What all policies of a role allow, by resource."""
    found: dict[str, set[str]] = {}
    for statement in assembly.identity_statements(role):
        assert statement["Effect"] == "Allow"
        actions, resources = statement["Action"], statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            found.setdefault(resource, set()).update([actions] if isinstance(actions, str) else actions)
    return found


def common_rights(assembly: Assembly, *functions: str) -> dict[str, set[str]]:
    """What every role has that does a function's work: the tables' key, and what is the function's own."""
    own = {} if assembly.settings["tenant_sessions"] else function_rights(assembly, *functions)
    return {**own, assembly.key("storage")["Arn"]: {*SERVER_SIDE_ENCRYPTION}}


def function_rights(assembly: Assembly, *functions: str) -> dict[str, set[str]]:
    """What a function's own role has in any case."""
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{assembly.prefix}"
    return {
        **{f"{logs}-{name}:*": {"logs:CreateLogStream", "logs:PutLogEvents"} for name in functions},
        "*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
    }
