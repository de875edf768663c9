"""Weighs the policies that are about a request: a Deny decides, else every consent that is needed counts.

Source: IAM User Guide, "Policy evaluation logic" (within an account, across accounts), "Permissions
boundaries", "Session policies", "AWS JSON policy elements: Principal"; KMS Developer Guide, "Key policies".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from local.policy.document import Effect, Policy, Statement
from local.policy.policy_error import PolicyError
from local.policy.request import Request
from local.policy.statements import Miss, miss, names_directly

#: Whose consent is needed in the resource's own account. `either`: the identity's or the resource's.
#: `resource`: always the resource's, be it by handing the decision to the account's IAM (KMS keys, roles).
Consent = Literal["either", "resource"]
Outcome = Literal["allowed", "explicitly denied", "implicitly denied"]
Kind = Literal[
    "identity-based policy", "permissions boundary", "session policy", "resource-based policy", "account"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies that a decision weighs.

    Attributes
    ----------
    identity
        Of the user or the role, attached and inline.
    boundary
        Their permissions boundary, if they have one.
    session
        Given when the session began; None if none were.
    resource
        The resource's own; None where it has none.
    """

    identity: Sequence[Policy] = ()
    boundary: Policy | None = None
    session: Sequence[Policy] | None = None
    resource: Policy | None = None

    def all(self) -> Iterator[Policy]:
        """Yield each of them."""
        yield from self.identity
        yield from self.session or ()
        for one in (self.boundary, self.resource):
            if one is not None:
                yield one


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why.

    Attributes
    ----------
    because
        For an allow and an explicit deny the statements that decided; for an implicit deny what was missing,
        and the statements that came near, each with the element that it failed by.
    used
        The Allow statements that gave consent: policy and statement.
    kind
        What denied, or what did not consent first; for an allow it says nothing.
    """

    outcome: Outcome
    because: tuple[str, ...]
    used: tuple[tuple[str, str], ...] = ()
    kind: Kind = "account"

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self.outcome == "allowed"

    def __str__(self) -> str:
        """The decision in a sentence."""
        return f"{self.outcome}: {'; '.join(self.because)}"


def decide(request: Request, policies: Policies, *, consent: Consent = "either") -> Decision:
    """Decide on a request as AWS would.

    Raises
    ------
    PolicyError
        A policy holds something that is not known here.
    """
    weighed = _Weighed(request, policies)
    if weighed.denying:
        denying = tuple(f"{each} denies" for each in weighed.denying)
        return Decision("explicitly denied", denying, kind=weighed.denying_kind())
    own = request.principal.account == request.account
    if request.principal.kind == "root" and own and consent == "either":
        return Decision("allowed", ("root may do everything in its own account",))
    by_identity = weighed.identity_consents()
    by_resource = weighed.resource_consents()
    if request.principal.account is None:
        consents = [by_resource]
    elif not own:
        consents = [by_identity, weighed.account_consents()]
    elif consent == "resource":
        consents = [by_resource] if by_resource else [weighed.account_consents(), by_identity]
    else:
        consents = [by_resource or by_identity]
    if all(consents):
        statements = tuple(dict.fromkeys(name for found in consents for name in found))
        return Decision(
            "allowed", tuple(f"{policy}, {name} allows" for policy, name in statements), statements
        )
    return Decision("implicitly denied", tuple(weighed.missing()), kind=weighed.missing_kind())


def _check_forms(policies: Policies) -> None:
    """Refuse what AWS takes as no policy: without Principal a resource's would mean everybody, and so on.

    A role's trust policy has no Resource: it is about the role.
    """
    for policy in policies.all():
        of_resource = policy is policies.resource
        for statement in policy.statements:
            principals = statement.principals is not None or statement.not_principals is not None
            resources = statement.resources is not None or statement.not_resources is not None
            if principals != of_resource or not (resources or of_resource):
                wanted = "a Principal" if of_resource else "a Resource, and no Principal"
                raise PolicyError(f"{policy.name}, {statement.name}: needs {wanted}")


#: Policy and statement.
Named = tuple[str, str]


class _Weighed:
    """A request's policies, each statement matched once."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self._request, self._policies = request, policies
        _check_forms(policies)
        context = request.full_context()
        self._misses: Mapping[int, list[tuple[Statement, Miss | None]]] = {
            id(policy): [(statement, miss(statement, request, context)) for statement in policy.statements]
            for policy in policies.all()
        }
        self.denying = [
            f"{policy.name}, {statement.name}"
            for policy in policies.all()
            for statement in self._matching(policy, "Deny")
        ]

    def identity_consents(self) -> list[Named]:
        """The identity's policies allow, within its boundary and the session's policies."""
        if self._request.principal.kind == "root":
            # Root has no policies, and needs none.
            return [("root", "the account itself")]
        if not (self._bounded() and self._in_session()):
            return []
        return [named for policy in self._policies.identity for named in self._allowing(policy)]

    def resource_consents(self) -> list[Named]:
        """The resource's policy allows the principal itself, and not only its account."""
        found: list[Named] = []
        for policy, statement in self._resource_allows():
            named = names_directly(statement, self._request.principal)
            limited = named == "role" and not (self._bounded() and self._in_session())
            if named is not None and not limited:
                found.append((policy.name, statement.name))
        return found

    def account_consents(self) -> list[Named]:
        """The resource's policy allows somebody, be it by naming their account."""
        return [(policy.name, statement.name) for policy, statement in self._resource_allows()]

    def denying_kind(self) -> Kind:
        """Return of which kind the first policy is that denies."""
        given = self._policies
        denies = [policy for policy in given.all() if self._matching(policy, "Deny")]
        if denies[0] is given.resource:
            return "resource-based policy"
        if denies[0] is given.boundary:
            return "permissions boundary"
        return "session policy" if denies[0] in (given.session or ()) else "identity-based policy"

    def missing_kind(self) -> Kind:
        """Return who did not consent first, in the order in which AWS names them."""
        is_root = self._request.principal.kind == "root"
        if not is_root and not any(self._allowing(policy) for policy in self._policies.identity):
            return "identity-based policy"
        if not self._bounded():
            return "permissions boundary"
        return "resource-based policy" if self._in_session() else "session policy"

    def missing(self) -> Iterator[str]:
        """Say who did not consent, then which statements came near."""
        if not any(self._allowing(policy) for policy in self._policies.identity):
            yield "no policy of the identity allows it"
        if not self._bounded():
            yield "the permissions boundary does not allow it"
        if not self._in_session():
            yield "no policy of the session allows it"
        if not self._resource_allows():
            yield "no policy of the resource allows it"
        for policy in self._policies.all():
            for statement, why in self._misses[id(policy)]:
                if (
                    statement.effect == "Allow"
                    and why is not None
                    and why.element not in ("Action", "Resource")
                ):
                    yield f"{policy.name}, {statement.name} fails by {why.element}: {why.detail}"

    def _bounded(self) -> bool:
        boundary = self._policies.boundary
        return boundary is None or bool(self._allowing(boundary))

    def _in_session(self) -> bool:
        given = self._policies.session
        return given is None or any(self._allowing(policy) for policy in given)

    def _resource_allows(self) -> list[tuple[Policy, Statement]]:
        policy = self._policies.resource
        return [] if policy is None else [(policy, each) for each in self._matching(policy, "Allow")]

    def _allowing(self, policy: Policy) -> list[Named]:
        return [(policy.name, statement.name) for statement in self._matching(policy, "Allow")]

    def _matching(self, policy: Policy, effect: Effect) -> list[Statement]:
        return [
            statement
            for statement, why in self._misses[id(policy)]
            if statement.effect == effect and why is None
        ]
