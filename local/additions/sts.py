"""STS: a session keeps the tags and the managed policies that it began with, and hands on transitive tags.

A session that one role begins in another lasts an hour at most, and cannot change what it inherits.
Source: IAM User Guide, "Pass session tags in AWS STS", "Chaining roles with session tags"; STS API Reference,
"AssumeRole".
"""

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.exceptions import STSClientError
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

_HOUR = 3600
_TOO_LONG = (
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
)
_CONFLICT = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
    "from the calling session"
)


def install() -> None:
    """Change moto's AssumeRole."""
    original = TokenResponse.assume_role

    def assume_role(self: TokenResponse) -> ActionResult:
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}
        inherited = _inherited(self)
        if {name.lower() for name in inherited} & {name.lower() for name in tags}:
            raise STSClientError("InvalidParameterValue", _CONFLICT)
        answer = original(self)
        session = answer.result["Credentials"]  # type: ignore[index]
        session.tags = {**tags, **inherited}
        session.transitive = {*inherited, *self._get_param("TransitiveTagKeys", [])}
        session.policy_texts = [
            _document(session.account_id, given["arn"]) for given in self._get_param("PolicyArns", [])
        ]
        return answer

    TokenResponse.assume_role = assume_role  # type: ignore[method-assign]


def _inherited(request: TokenResponse) -> dict[str, str]:
    """Return the transitive tags of the session that asks, if it is one, and hold the new one to an hour."""
    caller = sts_backends[request.current_account][request.partition].get_assumed_role_from_access_key(
        request.access_key
    )
    if caller is None:
        return {}
    if int(request._get_param("DurationSeconds", _HOUR)) > _HOUR:
        raise STSClientError("ValidationError", _TOO_LONG)
    transitive: set[str] = getattr(caller, "transitive", set())
    return {name: text for name, text in getattr(caller, "tags", {}).items() if name in transitive}


def _document(account: str, arn: str) -> str:
    policy = iam_backends[account]["aws"].managed_policies[arn]
    return str(next(version.document for version in policy.versions if version.is_default))
