"""Which AWS services may use the keys `storage` and `audit`, and for what of ours.

Neither key reveals records: what lies under them is ciphertext of the envelope key already, or the audit.

What must stay true:
- A service's own principal is bound to what it does for us: by the ARN of the trail, or by the encryption
  context, which holds the ARN of our log group or topic.
- Where a service works in its caller's name, the key answers through that service alone (`kms:ViaService`),
  and the caller needs an IAM policy that allows it as well.
- A grant can be taken by AWS resources only.
"""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks import names
from stacks.key_policies import (
    DELEGATION,
    SERVER_SIDE_ENCRYPTION,
    account_may_administer,
    nobody_may,
    safeguards,
)
from stacks.reencryption_machine import SEGMENTS
from stacks.settings import Settings

# What Lambda binds a function's environment to.
ENVIRONMENT_OF = "kms:EncryptionContext:aws:lambda:FunctionArn"
# What Step Functions binds definition, input and history of a machine's executions to.
EXECUTIONS_OF = "kms:EncryptionContext:aws:states:stateMachineArn"
DATA_KEYS = ("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")


def reencryption_arn(settings: Settings) -> str:
    """Give the ARN of the state machine of re-encryption, which policies name before there is one."""
    here = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return f"arn:{cdk.Aws.PARTITION}:states:{here}:stateMachine:{names.reencryption(settings)}"


def executions_context(settings: Settings) -> list[str]:
    """Give what stands in that context: the machine, and the name by which its map's children know it."""
    machine = reencryption_arn(settings)
    return [machine, f"{machine}/{SEGMENTS}"]


def logs_of_this_account() -> dict[str, str]:
    """Give the encryption context of a log on its way to CloudWatch: the `*` in it is no wildcard.

    Source: Step Functions Developer Guide, "Data at rest encryption in Step Functions".
    """
    account = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    return {"kms:EncryptionContext:SourceArn": f"arn:{cdk.Aws.PARTITION}:logs:{account}:*"}


def through(service: str) -> str:
    """Name a service as `kms:ViaService` does."""
    return f"{service}.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"


def storage_policy(settings: Settings, *, more: Sequence[iam.PolicyStatement] = ()) -> iam.PolicyDocument:
    """Give the policy of the key that tables, objects, logs, alarms, backups and environments lie under.

    Parameters
    ----------
    more
        Who may use it through S3.
    """
    return iam.PolicyDocument(
        statements=[
            account_may_administer(),
            *_account_may_use_through("DynamoDB", services=["dynamodb"], for_resources=True),
            # A vault's key is used by its own service when copies are made, and in the name of who restores.
            *_account_may_use_through("Backup", services=["backup"], for_resources=True),
            # Lambda decrypts the environment in the name of the function's role, by a grant that it takes
            # when the function is made.
            *_account_may_use_through("Lambda", services=["lambda"], for_resources=True),
            _logs_may_use(
                names.function_log_group(settings, "*"),
                names.api_log_group(settings),
                names.reencryption_log_group(settings),
                "API-Gateway-Execution-Logs_*/v1",  # its middle is the id of an API that there is none of yet
                names.firewall_log_group(settings),
                names.flow_log_group(settings),
            ),
            *_publishers_may_use(names.topic(settings), services=("events", "cloudwatch")),
            *_account_may_use_for_reencryption(settings),
            *more,
            nobody_may("NobodyCopiesTheKey", actions=["kms:ReplicateKey"]),
            *safeguards(settings),
        ]
    )


def audit_policy(settings: Settings) -> iam.PolicyDocument:
    """Give the policy of the key that the trail, its archive and what is found in it lie under."""
    account = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    trail = f"arn:{cdk.Aws.PARTITION}:cloudtrail:{account}:trail/{names.trail(settings)}"
    of_trail = {"StringEquals": {"aws:SourceArn": trail}}
    cloudtrail = iam.ServicePrincipal("cloudtrail.amazonaws.com")
    return iam.PolicyDocument(
        statements=[
            account_may_administer(),
            iam.PolicyStatement(
                sid="TrailMayEncrypt",
                principals=[cloudtrail],
                actions=list(DATA_KEYS),
                resources=["*"],
                conditions={
                    "StringEquals": {
                        **of_trail["StringEquals"],
                        "kms:EncryptionContext:aws:cloudtrail:arn": trail,
                    }
                },
            ),
            # CloudTrail looks at the key when the trail is made or changed.
            iam.PolicyStatement(
                sid="TrailMayLookAtTheKey",
                principals=[cloudtrail],
                actions=["kms:DescribeKey"],
                resources=["*"],
                conditions=of_trail,
            ),
            _logs_may_use(names.trail_log_group(settings), names.management_events_log_group(settings)),
            # What is wrong with the storage key goes by a topic that does not lie under it.
            *_publishers_may_use(names.key_topic(settings), services=("events",)),
            # Who reads the archive or asks Athena: whoever IAM and the buckets' policies let.
            *_account_may_use_through("S3", services=["s3"], for_resources=False),
            nobody_may("NobodyLendsOrCopiesTheKey", actions=DELEGATION),
            *safeguards(settings),
        ]
    )


def _account_may_use_through(
    name: str, *, services: list[str], for_resources: bool
) -> list[iam.PolicyStatement]:
    """Let the account's principals use the key through a service, if IAM lets them.

    They are not named: the account is, so each of them needs an IAM policy that allows it. `for_resources`:
    the service also takes a grant, for what it does to the resource when nobody asks.
    """
    through_service = {
        "kms:CallerAccount": cdk.Aws.ACCOUNT_ID,
        "kms:ViaService": [through(service) for service in services],
    }
    statements = [
        iam.PolicyStatement(
            sid=f"AccountMayUseThrough{name}",
            principals=[iam.AccountRootPrincipal()],
            actions=list(SERVER_SIDE_ENCRYPTION),
            resources=["*"],
            conditions={"StringEquals": through_service},
        )
    ]
    if for_resources:
        statements.append(
            iam.PolicyStatement(
                sid=f"{name}MayTakeGrants",
                principals=[iam.AccountRootPrincipal()],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions={
                    "StringEquals": through_service,
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                },
            )
        )
    return statements


def _account_may_use_for_reencryption(settings: Settings) -> list[iam.PolicyStatement]:
    """Let the account's principals use the key for runs of re-encryption, if IAM lets them.

    For the documents of the runs' bucket, and for what Step Functions keeps of the one machine. Its logs are
    handed on by another service (Step Functions Developer Guide, "Data at rest encryption").
    """

    def may(
        sid: str,
        compared: Mapping[str, str | list[str]],
        *,
        actions: Sequence[str] = ("kms:Decrypt", "kms:GenerateDataKey"),
    ) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid=sid,
            principals=[iam.AccountRootPrincipal()],
            actions=list(actions),
            resources=["*"],
            conditions={"StringEquals": {"kms:CallerAccount": cdk.Aws.ACCOUNT_ID, **compared}},
        )

    bucket = f"arn:{cdk.Aws.PARTITION}:s3:::{names.runs_bucket(settings)}"
    return [
        may(
            "AccountMayUseThroughRunsBucket",
            {"kms:ViaService": through("s3"), "kms:EncryptionContext:aws:s3:arn": bucket},
        ),
        may("AccountMayUseForReencryption", {EXECUTIONS_OF: executions_context(settings)}),
        may("AccountMayHandOnItsLog", logs_of_this_account(), actions=["kms:GenerateDataKey"]),
        iam.PolicyStatement(
            sid="LogDeliveryMayDecrypt",
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
            actions=["kms:Decrypt"],
            resources=["*"],
            # The context holds the account. AWS documents no key of the source beside it.
            conditions={"StringEquals": logs_of_this_account()},
        ),
    ]


def _logs_may_use(*log_groups: str) -> iam.PolicyStatement:
    """Let CloudWatch Logs use the key for these log groups.

    The encryption context holds the log group's ARN, with the account: no other account's logs come here.
    """
    here = f"arn:{cdk.Aws.PARTITION}:logs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:log-group"
    return iam.PolicyStatement(
        sid="LogsMayUseForOurLogGroups",
        principals=[iam.ServicePrincipal(f"logs.{cdk.Aws.REGION}.amazonaws.com")],
        actions=list(SERVER_SIDE_ENCRYPTION),
        resources=["*"],
        conditions={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": [f"{here}:{name}" for name in log_groups]}
        },
    )


def _publishers_may_use(topic: str, *, services: tuple[str, ...]) -> list[iam.PolicyStatement]:
    """Let EventBridge and CloudWatch publish to the encrypted topic: without these, alarms are silently lost.

    Both are bound to our topic by the encryption context. CloudWatch is bound to the account as well; what
    EventBridge does with a topic's key carries neither `aws:SourceAccount` nor `aws:SourceArn`, and a
    condition on them would stop every message (SNS Developer Guide, "Managing Amazon SNS encryption keys").
    Which rules and alarms may publish, the topic's own policy says.
    """
    account = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
    arn = f"arn:{cdk.Aws.PARTITION}:sns:{account}:{topic}"
    ours = {"kms:EncryptionContext:aws:sns:topicArn": arn}
    conditions = {"events": ours, "cloudwatch": {**ours, "aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    return [
        iam.PolicyStatement(
            sid=f"{service.capitalize()}MayPublishAlarms",
            principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
            actions=["kms:Decrypt", *DATA_KEYS],
            resources=["*"],
            conditions={"StringEquals": conditions[service]},
        )
        for service in services
    ]
