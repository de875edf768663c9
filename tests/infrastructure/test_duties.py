"""All that the policies of a duty's role allow where branch keys come in, by resource."""

from collections.abc import Callable

from tests.infrastructure.assembly import Assembly
from tests.infrastructure.test_envelope_key import common_rights, own_rights, rights, table


def test_the_tenant_admin_does_nothing_but_administer_branch_keys(assembly: Assembly) -> None:
    functions = ["tenant-admin"]
    if assembly.settings["branch_key_rotation_days"] is not None:
        functions.append("rotation")
    assert rights(assembly, "tenant-admin") == {
        table(assembly, "key-store"): {
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            *([] if assembly.settings["tenant_sessions"] else ["dynamodb:Scan"]),
        },
        table(assembly, "records"): {"dynamodb:Query", "dynamodb:DeleteItem"},
        assembly.key("envelope")["Arn"]: {
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        },
        **common_rights(assembly, *functions),
    }
    across_tenants = {table(assembly, "key-store"): {"dynamodb:Scan"}}
    expected = across_tenants if assembly.settings["tenant_sessions"] else {}
    assert own_rights(assembly, "tenant-admin", *functions) == expected


def test_the_writer_reads_branch_keys_where_the_strategy_needs_it(changed: Callable[..., Assembly]) -> None:
    prod = changed("prod")
    of_records = rights(prod, "writer")
    of_strategy = rights(changed("prod", key_strategy="tenant"), "writer")
    assert of_strategy.pop(table(prod, "key-store")) == {"dynamodb:GetItem"}
    of_records[prod.key("envelope")["Arn"]].add("kms:Decrypt")
    assert of_strategy == of_records
