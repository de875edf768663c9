"""STS: a session keeps the tags and the managed policies that it began with."""

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse


def install() -> None:
    """Change moto's AssumeRole."""
    original = TokenResponse.assume_role

    def assume_role(self: TokenResponse) -> ActionResult:
        answer = original(self)
        session = answer.result["Credentials"]  # type: ignore[index]
        session.tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}
        session.policy_texts = [
            _document(session.account_id, given["arn"]) for given in self._get_param("PolicyArns", [])
        ]
        return answer

    TokenResponse.assume_role = assume_role  # type: ignore[method-assign]


def _document(account: str, arn: str) -> str:
    policy = iam_backends[account]["aws"].managed_policies[arn]
    return str(next(version.document for version in policy.versions if version.is_default))
