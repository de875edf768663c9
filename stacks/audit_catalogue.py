"""Every alarm by its name, and in one sentence what it means: the list that templates, tests and docs share.

What must stay true: `docs/operations.md` has a heading for each name, since the alarm itself sends its
reader there; nothing alarms under a name that is not here.
"""

from collections.abc import Mapping

from stacks.settings import Settings

ALARMS: Mapping[str, str] = {
    # Rules of EventBridge: one call is enough.
    "key-changed": (
        "Someone disabled one of the keys, scheduled its deletion, changed its policy, its rotation or its "
        "alias, or tried to."
    ),
    "grant-changed": (
        "Someone lent the use of one of the keys by a grant, or took a grant back, or tried to; grants that "
        "AWS services take on the storage key for their own work are not meant."
    ),
    "function-changed": (
        "Someone changed the code, the configuration, the permissions or the concurrency of a function; a "
        "release does this too."
    ),
    "function-role-given": (
        "Someone gave one of the functions' roles to a function; a release that makes a function does too."
    ),
    "key-store-changed": (
        "Someone changed the table of branch keys itself, its policy or its recovery, copied it, or restored "
        "a copy: a branch key that was shredded may be back."
    ),
    "api-changed": (
        "Someone changed the API, its stage or who must sign requests to it; a release does this too."
    ),
    "trail-changed": "Someone stopped, changed or deleted the trail, or what it records.",
    "archive-changed": (
        "Someone changed the policy, the lock, the lifecycle, the encryption or another setting of the "
        "archive's buckets or of the objects' bucket, or deleted one."
    ),
    "rules-changed": "Someone changed, disabled or deleted a rule that alarms.",
    "rules-guard-changed": "Someone changed, disabled or deleted the rule that watches over all the others.",
    "alarms-changed": "Someone changed, silenced or deleted an alarm of CloudWatch.",
    "topic-changed": "Someone changed or deleted the topic that alarms are sent by, or who receives them.",
    "filters-changed": (
        "Someone changed or deleted a metric filter or a log group that alarms are made from."
    ),
    # Metric filters and what services measure: counts, and calls that EventBridge does not show.
    "iam-changed": (
        "Someone changed the trust, the policies or the boundary of the roles; a release may do this too."
    ),
    "decrypt-denied": "A principal was refused a Decrypt or ReEncrypt with one of the keys.",
    "decrypt-denied-often": "Decrypt or ReEncrypt was refused many times within five minutes.",
    "envelope-key-used-by-others": (
        "A principal that is neither one of the functions' roles nor the role object-client used the "
        "envelope key: records or objects may be revealed."
    ),
    "function-invoked-by-others": (
        "Somebody invoked a function past the API, where nothing ties a call to a tenant: records may be "
        "revealed."
    ),
    "key-store-written-by-others": (
        "A principal that is not the role tenant-admin wrote to the table of branch keys, or tried to."
    ),
    "objects-access-by-others": (
        "A principal that is not the role object-client read, listed, stored or deleted objects or versions "
        "of them, or tried to."
    ),
    "objects-denied": (
        "A session of the role object-client was refused an object or a data key: somebody may try another "
        "tenant's objects."
    ),
    "branch-key-shredded": "Someone shredded a tenant's branch key: its records can never be read again.",
    "branch-key-rotation-failed": "The schedule could not rotate a branch key that has come of age.",
    "schedule-not-started": "EventBridge Scheduler could not start a rotation or a re-encryption.",
    "unusable-key-used": "Someone used a key that is disabled or awaits its deletion.",
    "integrity-failure": (
        "The stored bytes of a record do not verify: they were changed, or put where they do not belong."
    ),
    "alarms-not-delivered": "EventBridge could not hand an alarm to the topic; it is kept in the queue.",
    "kms-throttled": "KMS turns calls of our roles away because there are too many.",
    "api-5xx": "The API answers requests with server errors.",
    "writer-errors": "The function that writes ended without an answer, by a crash or by its time limit.",
    "reader-errors": "The function that reads ended without an answer, by a crash or by its time limit.",
    "tenant-admin-errors": (
        "The function for branch keys ended without an answer, by a crash or by its time limit."
    ),
    "rotation-errors": "The function that rotates branch keys ended by a crash or by its time limit.",
    "reencryptor-errors": (
        "The function that encrypts records anew ended a call without an answer, or found what it needs out "
        "of reach."
    ),
    "planner-errors": "The function that plans re-encryptions refused a run, or failed.",
    "writer-throttled": "Lambda turns calls of the function that writes away: its concurrency is used up.",
    "reader-throttled": "Lambda turns calls of the function that reads away: its concurrency is used up.",
    "tenant-admin-throttled": (
        "Lambda turns calls of the function for branch keys away: its concurrency is used up."
    ),
    "rotation-throttled": "Lambda turns runs of the rotation away: one is still at work, or none is left.",
    "reencryptor-throttled": (
        "Lambda turns calls of the function that encrypts anew away: the account's concurrency is used up."
    ),
    "planner-throttled": "Lambda turns plans of re-encryptions away.",
    "reencryption-failed": "A re-encryption failed: more of its segments than are tolerated, or its plan.",
    "reencryption-refused": (
        "A re-encryption left records as they are, because they do not verify or their keys are gone."
    ),
    "reencryption-stalled": "Calls of a re-encryption get nowhere: what it needs is out of reach.",
}


def physical_name(settings: Settings, alarm: str) -> str:
    """Name the rule or the alarm in the account."""
    return f"{settings.prefix}-{alarm}"


def runbook(alarm: str) -> str:
    """Say where to read what to do."""
    return f"docs/operations.md#{alarm}"


def description(alarm: str) -> str:
    """Describe the alarm to whom it wakes."""
    return f"{ALARMS[alarm]} Runbook: {runbook(alarm)}"
