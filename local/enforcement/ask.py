"""What a call needs to be allowed: each action of IAM's that it stands for, on which resource."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local.api_call import ApiCall
from local.policy import Consent, Context, Policy, Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One action on one resource; a call is allowed if every one of its asks is.

    Attributes
    ----------
    action, resource, account, context
        As in ``local.policy.Request``.
    policy
        The resource's own policy, if it has one.
    consent
        Whose consent the resource's service wants.
    granted
        Names a grant of the resource that gives somebody the right beside all policies; a Deny goes before.
    """

    action: str
    resource: str
    account: str
    context: Context = field(default_factory=dict)
    policy: Policy | None = None
    consent: Consent = "either"
    granted: Callable[[Principal], str | None] = lambda _: None


class NotJudgedError(Exception):
    """Nobody has written down here what a call needs: it is refused to everybody but the operator."""


#: Says what a call of a service needs. Nothing needed (`sts:GetCallerIdentity`) is an empty list.
#:
#: Raises ``NotJudgedError`` if that is not known.
Asks = Callable[[ApiCall], Sequence[Ask]]
