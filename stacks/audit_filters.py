"""What is counted: metric filters on the log group of management events, on the functions' logs, and alarms.

A trail's events reach its log group within minutes. Here is what EventBridge does not show in this Region
(IAM's events, reading ones such as Decrypt) and what a record of CloudTrail says of errors.

What must stay true:
- A comparison with a field that is not there is false, `!=` too: for absence, NOT EXISTS asks.
- A denial of KMS may carry no parameters, and name the key in `resources`, in its message or nowhere.
- A pattern has 1024 characters at most: there is one per key where three would not fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.audit_patterns import ROLE_CHANGES
from stacks.audit_watched import Watched

# Decrypt, Encrypt and ReEncrypt in one: with each by its name the pattern would be too long.
ENVELOPE_USES = ("*crypt", "GenerateDataKey*")


@dataclass(frozen=True, slots=True)
class Record:
    """Writes conditions on a record of CloudTrail, which begins at `root`."""

    root: str

    def is_(self, field: str, *values: str) -> str:
        """The field has one of the values."""
        return any_of(*(f'{self.root}.{field} = "{value}"' for value in values))

    def is_none_of(self, field: str, *values: str) -> str:
        """The field is absent, or has another value."""
        others = all_of(*(f'{self.root}.{field} != "{value}"' for value in values))
        return any_of(f"{self.root}.{field} NOT EXISTS", others)

    def absent(self, field: str) -> str:
        """The field is not there."""
        return f"({self.root}.{field} NOT EXISTS)"

    def uses(self, key: kms.IKey) -> str:
        """The record is about a key; that of ReEncrypt is about two."""
        return any_of(
            self.is_("resources[0].ARN", key.key_arn),
            self.is_("resources[1].ARN", key.key_arn),
        )

    def uses_by_id(self, key: kms.IKey) -> str:
        """As `uses`, in fewer characters: no two keys have the same id, and it ends their ARNs."""
        return any_of(
            self.is_("resources[0].ARN", f"*key/{key.key_id}"),
            self.is_("resources[1].ARN", f"*key/{key.key_id}"),
        )

    def concerns(self, key: kms.IKey) -> str:
        """The record is about a key, or its message names it."""
        return any_of(self.uses(key), self.is_("errorMessage", f"*{key.key_arn}*"))


def any_of(*conditions: str) -> str:
    """One condition holds."""
    return f"({' || '.join(conditions)})"


def all_of(*conditions: str) -> str:
    """All conditions hold."""
    return f"({' && '.join(conditions)})"


ISSUER = "userIdentity.sessionContext.sessionIssuer.arn"


def management_patterns(watched: Watched, *, record: Record) -> dict[str, Sequence[str]]:
    """Give the patterns of each metric that is made from management events, by the alarm's name."""
    kms_call = record.is_("eventSource", "kms.amazonaws.com")
    denied = all_of(
        kms_call, record.is_("errorCode", "AccessDenied*"), record.is_("eventName", "Decrypt", "ReEncrypt*")
    )
    unusable = all_of(kms_call, record.is_("errorCode", "KMSInvalidState*", "Disabled*"))
    counted: dict[str, Sequence[str]] = {
        "decrypt-denied": [
            *(all_of(denied, record.concerns(key)) for key in watched.keys),
            # Of a caller that names no key, KMS says only this: one of ours may be meant.
            all_of(
                denied,
                record.is_("awsRegion", cdk.Aws.REGION),
                record.is_("errorMessage", "*associated with this ciphertext*"),
                record.absent("resources[0].ARN"),
            ),
        ],
        "envelope-key-used-by-others": [
            all_of(
                kms_call,
                record.is_("eventName", *ENVELOPE_USES),
                record.absent("errorCode"),
                record.uses_by_id(watched.envelope_key),
                record.is_none_of(ISSUER, *watched.workers_in_patterns),
            )
        ],
        "unusable-key-used": [all_of(unusable, record.concerns(key)) for key in watched.keys],
        "kms-throttled": [
            all_of(
                kms_call,
                record.is_("errorCode", "Throttling*"),
                record.is_(ISSUER, *watched.workers_in_patterns),
            )
        ],
    }
    # A Decrypt that is refused counts as decrypt-denied.
    counted["objects-denied"] = [
        all_of(
            kms_call,
            record.is_("errorCode", "AccessDenied*"),
            record.is_("eventName", "GenerateDataKey*"),
            record.is_(ISSUER, watched.object_client),
        )
    ]
    if watched.settings.trail == "own":
        # In three patterns, however many roles there are: one that names all would be too long.
        half = len(watched.roles) // 2
        halves = (watched.roles[:half], watched.roles[half:])
        counted["iam-changed"] = [
            all_of(
                record.is_("eventSource", "iam.amazonaws.com"),
                record.is_("eventName", *(f"{change}*" for change in ROLE_CHANGES)),
                concerned,
            )
            for concerned in (
                *(record.is_("requestParameters.roleName", *roles) for roles in halves),
                any_of(
                    record.is_("requestParameters.roleName", *watched.clients, f"{watched.stacks}*"),
                    record.is_("requestParameters.policyArn", f"*:policy/{watched.stacks}*"),
                ),
            )
        ]
    return counted


# The functions write this line for each record that does not verify (lambda_src/service/telemetry.py). It is
# counted and not their metric, which has a dimension per operation: an alarm would miss one that is new.
INTEGRITY_FAILURE = '{ $.message = "integrity failure" }'


# What the functions write about branch keys (lambda_src/service/telemetry.py).
SHREDDED = '{ ($.message = "branch key changed") && ($.operation = "shred_branch_key") }'
ROTATION_FAILED = '{ $.message = "branch key not rotated" }'
# What the reencryptor writes of a call: what it left alone, or that it could do nothing. Its own metrics are
# one for all deployments of an account.
LEFT_ALONE = '{ ($.message = "reencryption") && (($.refused > 0) || ($.conflicts > 0)) }'
IN_VAIN = '{ ($.message = "segment not worked on") || ($.message = "segment interrupted") }'

ITEM_WRITES = (
    "BatchWriteItem",
    "DeleteItem",
    "PutItem",
    "TransactWriteItems",
    "UpdateItem",
)


# Reads of an object that may not be there.
MAY_BE_ABSENT = ("CopyObject", "GetObject", "HeadObject", "UploadPartCopy")


def written_by_others(watched: Watched) -> str:
    """A change of the key store's items that the role tenant-admin did not make; the refused ones too.

    A transaction of reencryptor writes a record, and only looks at the key store: it may do no more there.
    """
    record = Record("$")
    table = watched.key_store.table_arn
    return all_of(
        record.is_("eventSource", "dynamodb.amazonaws.com"),
        any_of(record.is_("eventName", *ITEM_WRITES), f"{record.root}.readOnly IS FALSE"),
        any_of(record.is_("resources[0].ARN", table), record.is_("resources[1].ARN", table)),
        record.is_none_of(ISSUER, *watched.tenant_admins, *watched.reencryptors),
    )


# A call of a function that API Gateway did not make. Whoever may invoke the reader directly can hand it any
# tenant's request: KMS and the trail then see the reader only.
def invoked_past_the_api(watched: Watched) -> str:
    """A call of a function that neither API Gateway, nor the state machine, nor our schedule made."""
    record = Record("$")
    scheduled = () if watched.scheduler_group is None else (watched.role_arn("scheduler"),)
    own = (watched.role_arn("reencryption-machine"), *scheduled)
    return all_of(
        record.is_("eventSource", "lambda.amazonaws.com"),
        record.is_("eventName", "Invoke*"),
        record.is_none_of("userIdentity.invokedBy", "apigateway.amazonaws.com"),
        record.is_none_of(ISSUER, *own),
    )


def object_call(record: Record) -> str:
    """A call on objects: the trail records them of the bucket of objects alone."""
    return all_of(
        record.is_("eventSource", "s3.amazonaws.com"),
        # The same log group has calls on the settings of any bucket.
        record.is_("eventCategory", "Data"),
    )


def objects_accessed_by_others(watched: Watched) -> str:
    """A call on objects that no session of object-client made, the refused ones too."""
    record = Record("$")
    return all_of(object_call(record), record.is_none_of(ISSUER, watched.object_client))


def objects_denied(watched: Watched) -> str:
    """A call on objects that a session of object-client was refused, and not for want of an object.

    S3 says of an object that is absent that its caller may not list the bucket: that happens to everybody.
    """
    record = Record("$")
    return all_of(
        object_call(record),
        record.is_("errorCode", "AccessDenied*"),
        record.is_(ISSUER, watched.object_client),
        any_of(
            record.is_none_of("eventName", *MAY_BE_ABSENT),
            record.is_none_of("errorMessage", "*s3:ListBucket*"),
        ),
    )


class Counters(Construct):
    """Metric filters; `namespace` is where their metrics are, named after the alarms."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        watched: Watched,
        management_events: logs.ILogGroup,
        data_events: logs.ILogGroup,
        function_logs: Mapping[str, logs.ILogGroup],
    ) -> None:
        super().__init__(scope, construct_id)
        self.namespace = f"SealedRecords/{watched.settings.prefix}"
        # EventBridge puts CloudTrail's record into an event of its own.
        record = Record("$" if watched.settings.trail == "own" else "$.detail")
        for alarm, found in management_patterns(watched, record=record).items():
            for number, condition in enumerate(found):
                self._filter(alarm, f"{number}", group=management_events, pattern=f"{{ {condition} }}")
        for alarm, condition in (
            ("function-invoked-by-others", invoked_past_the_api(watched)),
            ("key-store-written-by-others", written_by_others(watched)),
            ("objects-access-by-others", objects_accessed_by_others(watched)),
            ("objects-denied", objects_denied(watched)),
        ):
            self._filter(
                alarm,
                "Data" if alarm == "objects-denied" else "0",
                group=data_events,
                pattern=f"{{ {condition} }}",
            )
        self._filter("branch-key-shredded", "0", group=function_logs["tenant-admin"], pattern=SHREDDED)
        if "rotation" in function_logs:
            self._filter(
                "branch-key-rotation-failed", "0", group=function_logs["rotation"], pattern=ROTATION_FAILED
            )
        for alarm, pattern in (("reencryption-refused", LEFT_ALONE), ("reencryption-stalled", IN_VAIN)):
            self._filter(alarm, "0", group=function_logs["reencryptor"], pattern=pattern)
        for function, group in function_logs.items():
            self._filter("integrity-failure", function, group=group, pattern=INTEGRITY_FAILURE)

    def _filter(self, alarm: str, which: str, *, group: logs.ILogGroup, pattern: str) -> None:
        logs.MetricFilter(
            self,
            "".join(part.capitalize() for part in (*alarm.split("-"), which)),
            log_group=group,
            filter_pattern=logs.FilterPattern.literal(pattern),
            metric_namespace=self.namespace,
            metric_name=metric_name(alarm),
            metric_value="1",
        )


def metric_name(alarm: str) -> str:
    """Name the metric after the alarm."""
    return "".join(part.capitalize() for part in alarm.split("-"))
