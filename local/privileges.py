"""What each role may do, and what it did: every action that a policy allows, with how often it was used.

What nobody used is a right too many, unless `KEPT` says why it is there; what two roles use on one resource
is a duty that is not separate, unless `SHARED` says why. Both lists name their reasons; an entry that no
longer fits is a finding as well.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.enforcement import Use, identities
from local.policy import Policy
from local.policy.wildcards import matches

_BY_DYNAMODB = (
    "DynamoDB asks for it in its caller's name (DynamoDB Developer Guide, “DynamoDB encryption at rest: "
    "usage notes”); here it opens a table's key only."
)
_BY_API_GATEWAY = (
    "AWS's own policy for the role in which API Gateway writes logs, one for each account and Region; here "
    "the front writes them itself."
)
#: What the name of a role ends in that sessions of one tenant have: they do the work of the duty.
_SESSION = "-session"
#: Granted and used by no test: role, statement and action, and why it is kept.
KEPT: Mapping[tuple[str, str, str], str] = {
    **{
        (role, "StorageKeyThroughDynamoDB", f"kms:{action}"): _BY_DYNAMODB
        for duty in ("writer", "reader", "tenant-admin", "reencryptor")
        for role in (duty, f"{duty}{_SESSION}")
        for action in (
            "DescribeKey",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        )
    },
    **{
        ("ApiCloudWatchRole", "statement 1", f"logs:{action}"): _BY_API_GATEWAY
        for action in (
            "CreateLogGroup",
            "CreateLogStream",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "FilterLogEvents",
            "GetLogEvents",
            "PutLogEvents",
        )
    },
}
_TRACES = "each function and the state machine send their own traces; X-Ray knows no resources."
#: Used by several roles: action and resource, and why each of them needs it.
SHARED: Mapping[tuple[str, str], str] = {
    ("dynamodb:DeleteItem", "dynamodb:table/Records"): (
        "the writer on request; tenant-admin when a tenant is shredded, without being handed the item."
    ),
    ("dynamodb:GetItem", "dynamodb:table/KeyStore"): (
        "each finds branch keys; the writer in the strategy `tenant` only."
    ),
    ("dynamodb:ConditionCheckItem", "dynamodb:table/KeyStore"): (
        "tenant-admin within its own transactions; reencryptor, which takes a record off a branch key only "
        "while there is one."
    ),
    ("dynamodb:PutItem", "dynamodb:table/Records"): (
        "the writer on request; reencryptor what it opened, and only where it is unchanged since."
    ),
    ("dynamodb:Query", "dynamodb:table/Records"): (
        "the reader lists records; tenant-admin, by condition, keys and headers alone; reencryptor the "
        "records of the one tenant that a run is limited to."
    ),
    ("kms:Decrypt", "kms:key/EnvelopeKey"): (
        "the writer, in the strategy `tenant`, active branch keys alone, by condition; the reader and "
        "reencryptor records' keys too; object-client those of its own tenant's objects, by a context that "
        "no record has."
    ),
    ("kms:GenerateDataKey", "kms:key/EnvelopeKey"): (
        "the writer and reencryptor for records; object-client for its own tenant's objects, by a context "
        "that no record has."
    ),
    ("kms:Decrypt", "kms:key/another"): "the same, for branch keys that were moved to another key.",
    ("kms:Decrypt", "kms:key/StorageKey"): (
        "by condition through DynamoDB, for the tables, through Lambda, each for its own environment, "
        "through S3, for the buckets of objects and of runs, and for executions of the one state machine."
    ),
    ("kms:GenerateDataKey", "kms:key/StorageKey"): (
        "by condition, object-client through S3 for the bucket of objects; planner and reencryption-machine "
        "through S3 for the bucket of runs, and the machine for its executions and their log."
    ),
    ("xray:PutTelemetryRecords", "*"): _TRACES,
    ("xray:PutTraceSegments", "*"): _TRACES,
}

_COUNT = re.compile(r"(?<=\| )[0-9][0-9,]*(?= \|)")
_ANOTHER = "/another"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Shorter ones stand in other words by chance.
_SHORTEST_NAME = 6


@dataclass(frozen=True, slots=True)
class Grant:
    """An action that a statement of a role's policy allows.

    Attributes
    ----------
    policy
        Its physical name, as a decision names it, without what CloudFormation adds.
    resources
        As the policy has them.
    conditions
        The keys that the statement hangs on.
    """

    role: str
    role_arn: str
    policy: str
    statement: str
    action: str
    resources: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What it is, whatever resources and conditions it has at the time."""
        return self.role_arn, self.policy, self.statement, self.action

    @property
    def reason(self) -> tuple[str, str, str]:
        """Under what `KEPT` would speak of it."""
        return self.role, self.statement, self.action


class Privileges:
    """The grants of a deployment, with those that it had before its settings were changed."""

    def __init__(self) -> None:
        self._grants: dict[tuple[str, str, str, str], Grant] = {}
        self._names: dict[str, str] = {}

    def note(self, resources: Iterable[Mapping[str, Any]], *, prefix: str) -> None:
        """Look at what is deployed.

        Parameters
        ----------
        resources
            Every resource of the stacks, as ListStackResources has them.
        prefix
            That the deployment's own names begin with.
        """
        listed = list(resources)
        for each in listed:
            physical, logical = str(each.get("PhysicalResourceId")), str(each["LogicalResourceId"])
            # A bucket's policy has the bucket's name.
            if len(physical) >= _SHORTEST_NAME and each["ResourceType"] != "AWS::S3::BucketPolicy":
                self._names[physical] = _readable(logical)
        for each in listed:
            if each["ResourceType"] == "AWS::IAM::Role":
                physical = str(each["PhysicalResourceId"])
                label = physical.removeprefix(f"{prefix}-") if physical.startswith(f"{prefix}-") else None
                role = label or _readable(str(each["LogicalResourceId"]))
                for grant in _grants_of(role, physical):
                    # As it was first: later settings name keys that tests have made.
                    self._grants.setdefault(grant.name, grant)

    def table(self, uses: Counter[Use]) -> "Table":
        """Set the grants against what was used."""
        used: dict[Grant, Counter[str]] = {grant: Counter() for grant in self._grants.values()}
        by_statement: dict[tuple[str, str, str], list[tuple[Use, int]]] = defaultdict(list)
        for use, times in uses.items():
            by_statement[use.principal, _made_anew(use.policy), use.statement].append((use, times))
        for grant in self._grants.values():
            for use, times in by_statement[grant.role_arn, grant.policy, grant.statement]:
                if matches(use.action.lower(), grant.action.lower()):
                    used[grant][self.named(use.resource)] += times
        return Table(used, named=self.named)

    def named(self, arn: str) -> str:
        """Write an ARN with the templates' names in the place of what a deployment makes up."""
        if not arn.startswith("arn:"):
            return arn
        _, _, service, _, _, resource = arn.split(":", 5)
        for physical in sorted(self._names, key=len, reverse=True):
            resource = resource.replace(physical, self._names[physical])
        return f"{service}:{_UUID.sub('another', resource)}"


class Table:
    """Grants, and the resources that each was used on, how often."""

    def __init__(self, used: Mapping[Grant, Counter[str]], *, named: Any) -> None:  # noqa: ANN401
        self._used = used
        self._named = named

    def findings(self) -> list[str]:
        """Return what is too much, and what the lists of reasons say in vain."""
        return [*self._unused(), *self._shared()]

    def markdown(self) -> str:
        """Write the table for people."""
        lines = [_HEAD]
        for role in sorted({grant.role for grant in self._used}):
            lines += [
                "",
                f"## {role}",
                "",
                "| action | on | under conditions on | used |",
                "|---|---|---|---:|",
            ]
            of_role = (self._line(grant) for grant in self._used if grant.role == role)
            lines += sorted(of_role, key=without_counts)
        kept = sorted({why for name, why in KEPT.items() if name in self._all_unused()})
        lines += ["", "## Kept, though no test uses it", "", *(f"- {why}" for why in kept)]
        lines += ["", "## Used by more than one role", ""]
        for (action, resource), roles in sorted(self._users().items()):
            if len(roles) > 1:
                why = SHARED.get((action, resource), "no reason is known")
                lines.append(f"- `{action}` on `{resource}`, by {' and '.join(sorted(roles))}: {why}")
        return "\n".join(lines) + "\n"

    def _line(self, grant: Grant) -> str:
        # Not those that tests have made: which settings were seen first would show.
        named = sorted({self._named(resource) for resource in grant.resources})
        own = [resource for resource in named if not resource.endswith(_ANOTHER)] or named
        on = "<br>".join(f"`{resource}`" for resource in own)
        conditions = ", ".join(f"`{key}`" for key in grant.conditions)
        times = self._used[grant].total()
        return f"| `{grant.action}` | {on} | {conditions} | {times:,} |"

    def _all_unused(self) -> set[tuple[str, str, str]]:
        return {grant.reason for grant, resources in self._used.items() if not resources}

    def _unused(self) -> Iterator[str]:
        unused = self._all_unused()
        for role, statement, action in sorted(unused - KEPT.keys()):
            yield (
                f"{role}, {statement}: may {action}, and no test used it: take it away, or say in KEPT why "
                "it is there"
            )
        for role, statement, action in sorted(KEPT.keys() - unused):
            yield f"KEPT speaks of {action} of {role}, {statement}, which is used or not granted"

    def _users(self) -> Mapping[tuple[str, str], set[str]]:
        users: dict[tuple[str, str], set[str]] = defaultdict(set)
        for grant, resources in self._used.items():
            for resource in resources:
                users[grant.action, resource].add(grant.role.removesuffix(_SESSION))
        return users

    def _shared(self) -> Iterator[str]:
        shared = {pair for pair, roles in self._users().items() if len(roles) > 1}
        for action, resource in sorted(shared - SHARED.keys()):
            roles = " and ".join(sorted(self._users()[action, resource]))
            yield f"{roles} both use {action} on {resource}: separate them, or say in SHARED why"
        for action, resource in sorted(SHARED.keys() - shared):
            yield f"SHARED speaks of {action} on {resource}, which is not shared: take it off the list"


def without_counts(text: str) -> str:
    """Return the table without how often: that differs from run to run."""
    return _COUNT.sub("n", text)


_COLUMNS = ("| action | on | under conditions on | used |", "|---|---|---|---:|")
_HEAD = """\
# Privileges

Every action that the policies of the deployed roles allow, and how often the end-to-end tests used it in the
embedded AWS, where each call was judged by these policies. `make privileges` writes this file. The tests fail
if it is not current, if a granted action was not used, or if two roles use the same action on the same
resource without a reason that is written down in `local/privileges.py`."""


def _grants_of(role: str, physical: str) -> Iterator[Grant]:
    arn = identities.role_arn(physical)
    for policy in identities.of_role(arn, session="privileges").policies:
        yield from _grants_in(role, arn, policy)


def _grants_in(role: str, arn: str, policy: Policy) -> Iterator[Grant]:
    for statement in policy.statements:
        if statement.effect != "Allow":
            continue
        conditions = tuple(sorted({condition.key for condition in statement.conditions}))
        for action in statement.actions or ("*",):
            resources = tuple(sorted(statement.resources or ("*",)))
            yield Grant(role, arn, _made_anew(policy.name), statement.name, action, resources, conditions)


def _made_anew(policy: str) -> str:
    """Take off a policy's name what differs when a stack takes it away and makes it again."""
    return re.sub(r"-[A-Z0-9]{10,14}$", "", policy)


def _readable(logical: str) -> str:
    """Take CDK's hash off a logical id."""
    return re.sub(r"[0-9A-F]{8}$", "", logical)
