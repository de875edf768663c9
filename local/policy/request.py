"""Who asks for what: a principal, an action, a resource and the context keys of the request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from local.policy.policy_error import PolicyError

#: Keys in any case; a list is a key of several values.
Context = Mapping[str, str | Sequence[str]]
Kind = Literal["user", "role session", "root", "service", "anonymous"]

_TYPES = {"user": "User", "role session": "AssumedRole", "root": "Account", "anonymous": "Anonymous"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who asks.

    Attributes
    ----------
    kind
        What they are.
    arn
        Of the user, the session or the account's root; the name of a service; "*" for anonymous.
    role_arn
        Of a session: its role.
    unique_id
        `aws:userid`.
    tags
        Of the user, or of role and session together.
    """

    kind: Kind
    arn: str
    role_arn: str | None = None
    unique_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a session without its role."""
        if (self.kind == "role session") != (self.role_arn is not None):
            raise PolicyError("a session has a role, and nobody else has one")

    @property
    def account(self) -> str | None:
        """The account that they belong to."""
        return self.arn.split(":")[4] if self.arn.startswith("arn:") else None

    @property
    def account_arn(self) -> str | None:
        """The ARN that stands for the whole account."""
        if self.account is None:
            return None
        return f"arn:{self.arn.split(':')[1]}:iam::{self.account}:root"

    def context(self) -> dict[str, str]:
        """Return the keys that AWS fills in about a principal."""
        is_service = self.kind == "service"
        about = {"aws:principalisawsservice": "true" if is_service else "false"}
        if is_service:
            return {**about, "aws:principalservicename": self.arn}
        about["aws:principaltype"] = _TYPES[self.kind]
        if self.account is not None:
            about["aws:principalaccount"] = self.account
            about["aws:principalarn"] = self.role_arn or self.arn
        if self.kind == "user":
            about["aws:username"] = self.arn.rpartition("/")[2]
        if self.kind == "role session":
            about["aws:multifactorauthpresent"] = "false"  # known of temporary credentials only
        if self.unique_id is not None:
            about["aws:userid"] = self.unique_id
        return {**about, **{f"aws:principaltag/{name.lower()}": text for name, text in self.tags.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One action on one resource.

    Attributes
    ----------
    action
        As in policies: `kms:Decrypt`.
    resource
        An ARN, or "*" where the action knows no resource.
    account
        That the resource belongs to.
    context
        What the request says; what AWS says of the principal is added.
    """

    principal: Principal
    action: str
    resource: str
    account: str
    context: Context = field(default_factory=dict)

    def full_context(self) -> dict[str, str | Sequence[str]]:
        """Return every context key, in lower case.

        Raises
        ------
        PolicyError
            Two keys differ by case alone: policies could not tell them apart.
        """
        given = {name.lower(): value for name, value in self.context.items()}
        if len(given) != len(self.context):
            raise PolicyError("two context keys of the request differ by case alone")
        return {**given, **self.principal.context()}
