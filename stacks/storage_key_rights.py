"""IAM's consent to what the functions' roles need of the storage key: nothing that reveals records.

What must stay true: the key answers them through DynamoDB and Lambda only, and each opens the environment of
its own functions alone.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from stacks import names, service_keys
from stacks.key_policies import SERVER_SIDE_ENCRYPTION
from stacks.settings import Settings


def allow_storage_key(stack: cdk.Stack, *, key: kms.IKey, roles: Sequence[iam.IRole]) -> None:
    """Let roles reach the tables' key through DynamoDB, which checks it in its caller's name."""
    iam.ManagedPolicy(
        stack,
        "FunctionsMayUseStorageKey",
        description="The storage key, through DynamoDB only.",
        roles=list(roles),
        statements=[
            iam.PolicyStatement(
                sid="StorageKeyThroughDynamoDB",
                actions=list(SERVER_SIDE_ENCRYPTION),
                resources=[key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": service_keys.through("dynamodb")}},
            )
        ],
    )


def allow_environment(
    stack: cdk.Stack, settings: Settings, *functions: str, role: iam.IRole, key: kms.IKey
) -> None:
    """Let a role decrypt the environment of its own functions."""
    arns = [
        stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=names.function(settings, name),
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for name in functions
    ]
    iam.ManagedPolicy(
        stack,
        f"{names.title(functions[0])}MayReadItsEnvironment",
        description=f"The storage key, through Lambda, for the environment of: {', '.join(functions)}.",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                sid="OwnEnvironment",
                actions=["kms:Decrypt"],
                resources=[key.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": service_keys.through("lambda"),
                        service_keys.ENVIRONMENT_OF: arns[0] if len(arns) == 1 else arns,
                    }
                },
            )
        ],
    )
