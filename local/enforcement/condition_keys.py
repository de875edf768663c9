"""The condition keys that are known here. A statement that hangs on another one cannot be decided.

Some of them no request here has, and that is as in AWS: who calls from outside a VPC has no `aws:SourceVpce`.
"""

import re

from local.policy import Policy, PolicyError

_KNOWN = re.compile(
    r"aws:(principal\w+|principaltag/.*|requesttag/.*|resourceaccount|tagkeys|userid|username"
    r"|currenttime|epochtime|multifactorauthpresent"
    r"|requestedregion|securetransport|sourceaccount|sourcearn|sourceip|sourceowner"
    r"|sourcevpc|sourcevpce|useragent|viaawsservice|vpcsourceip)"
    r"|kms:(bypasspolicylockoutsafetycheck|calleraccount|encryptionalgorithm|encryptioncontext:.*"
    r"|encryptioncontextkeys|grantisforawsresource|granteeprincipal|grantoperations|reencryptonsamekey"
    r"|replicaregion|requestalias|rotationperiodindays|schedulekeydeletionpendingwindowindays|viaservice)"
    r"|dynamodb:(attributes|enclosingoperation|fulltablescan|leadingkeys|returnconsumedcapacity|returnvalues"
    r"|select)"
    r"|s3:(dataaccesspointarn|delimiter|max-keys|object-lock-mode|prefix|resourceaccount|tlsversion|versionid"
    r"|x-amz-acl|x-amz-server-side-encryption|x-amz-server-side-encryption-aws-kms-key-id"
    r"|x-amz-server-side-encryption-customer-algorithm|x-amz-storage-class)"
    r"|sts:(externalid|rolesessionname|transitivetagkeys)"
    r"|iam:(passedtoservice|policyarn)"
    r"|lambda:(functionarn|sourcefunctionarn)",
    re.IGNORECASE,
)


def check(policy: Policy) -> None:
    """Refuse a policy that hangs on a key which nobody fills in here.

    Raises
    ------
    PolicyError
        It names the key.
    """
    for statement in policy.statements:
        for condition in statement.conditions:
            if not _KNOWN.fullmatch(condition.key):
                raise PolicyError(f"{policy.name}, {statement.name}: the key {condition.key!r} is not known")
