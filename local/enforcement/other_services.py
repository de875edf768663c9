"""What the other services ask, each of them one action on one resource that a parameter names.

Source: Service Authorization Reference, the page of each service.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from moto.athena.models import athena_backends
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.api_call import ApiCall
from local.emulator import ACCOUNT
from local.enforcement.ask import Ask, NotJudgedError
from local.enforcement.documents import read
from local.policy import Policy

Given = Mapping[str, Any]
_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_SESSION_FREE = frozenset({"GetCallerIdentity", "GetSessionToken"})
_WITHOUT_PASSING = ("Describe", "Get", "List")


def asks_of(prefix: str, resource: Callable[[ApiCall], str], policy: Any = None) -> Any:  # noqa: ANN401
    """Return what says the needs of a service whose calls are one action on one resource each."""

    def asks(call: ApiCall) -> Sequence[Ask]:
        arn, attached = resource(call), call.parameters.get("PolicyArn")
        own = Ask(
            action=f"{prefix}:{call.operation}",
            resource=arn,
            account=ACCOUNT,
            context={
                **({"iam:PolicyARN": str(attached)} if prefix == "iam" and attached else {}),
                # A topic's default policy hangs on it.
                **({"aws:SourceOwner": ACCOUNT} if prefix == "sns" else {}),
            },
            policy=policy(arn, call.region) if policy is not None else None,
        )
        return [own, *_passed_roles(call)]

    return asks


def _passed_roles(call: ApiCall) -> list[Ask]:
    """Return the consents to hand a role to the service."""
    found = []
    for role in _roles_in(call.parameters):
        if not call.operation.startswith(_WITHOUT_PASSING):
            context = {"iam:PassedToService": f"{call.service}.amazonaws.com"}
            found.append(Ask(action="iam:PassRole", resource=role, account=ACCOUNT, context=context))
    return found


def _roles_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - a call's parameters
    """Yield the roles that parameters name, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str) and name.lower().endswith(("role", "rolearn")) and ":role/" in inner:
                yield inner
            else:
                yield from _roles_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _roles_in(inner)


def lambda_asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of Lambda needs."""
    named = str(call.parameters.get("FunctionName", ""))
    if not named:
        return [Ask(action=f"lambda:{call.operation}", resource="*", account=ACCOUNT)]
    action = "InvokeFunction" if call.operation in ("Invoke", "InvokeAsync") else call.operation
    return [on_function(action, named, region=call.region), *_passed_roles(call)]


def on_function(action: str, named: str, *, region: str, context: Given | None = None) -> Ask:
    """Return what an action on a function needs, whoever asks."""
    name = named.partition(":function:")[2].partition(":")[0] or named
    return Ask(
        action=f"lambda:{action}",
        resource=f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}",
        account=ACCOUNT,
        context=context or {},
        policy=_function_policy(name, region=region),
    )


def _function_policy(name: str, *, region: str) -> Policy | None:
    try:
        function = lambda_backends[ACCOUNT][region].get_function(name)
    except UnknownFunctionException:
        return None
    # moto leaves the template's other properties in the statement.
    statements = [
        {element: value for element, value in statement.items() if element in _ELEMENTS}
        for statement in function.policy.statements
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    return read(json.dumps(document), name="the function's policy") if statements else None


def topic_policy(arn: str, region: str) -> Policy | None:
    """Return a topic's policy."""
    topic = sns_backends[ACCOUNT][region].topics.get(arn)
    return None if topic is None else read(topic.policy, name="the topic's policy")


def queue_policy(arn: str, region: str) -> Policy | None:
    """Return a queue's policy."""
    queue = sqs_backends[ACCOUNT][region].queues.get(arn.rpartition(":")[2])
    text = None if queue is None else queue.attributes.get("Policy")
    return read(text, name="the queue's policy") if text else None


def sts_asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of STS needs."""
    if call.operation in _SESSION_FREE:
        return []
    if call.operation != "AssumeRole":
        raise NotJudgedError
    given = call.parameters
    context: dict[str, Any] = {"sts:RoleSessionName": str(given.get("RoleSessionName"))}
    if "ExternalId" in given:
        context["sts:ExternalId"] = str(given["ExternalId"])
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in given.get("Tags", [])}
    context |= {f"aws:RequestTag/{name}": text for name, text in tags.items()}
    if tags:
        context["aws:TagKeys"] = list(tags)
    if given.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = [str(name) for name in given["TransitiveTagKeys"]]
    role = str(given.get("RoleArn"))
    asked = [on_role("AssumeRole", role, context=context)]
    if tags:
        # The reference lists neither of the two for TagSession.
        of_tags = {k: v for k, v in context.items() if k not in ("sts:RoleSessionName", "sts:ExternalId")}
        asked.append(on_role("TagSession", role, context=of_tags))
    return asked


def on_role(action: str, arn: str, *, context: Given) -> Ask:
    """Return what taking a role needs, whoever asks: its trust policy's consent."""
    role = next((each for each in iam_backends[ACCOUNT]["aws"].roles.values() if each.arn == arn), None)
    return Ask(
        action=f"sts:{action}",
        resource=arn,
        account=arn.split(":")[4] if arn.startswith("arn:") else ACCOUNT,
        context=context,
        policy=None
        if role is None
        else read(role.assume_role_policy_document, name="the role's trust policy"),
        consent="resource",
    )


def topic(call: ApiCall) -> str:
    """Return the topic, or the subscription, that a call of SNS names."""
    named = [
        str(call.parameters[name])
        for name in ("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn")
        if name in call.parameters
    ]
    if len(named) > 1:
        raise NotJudgedError
    if named:
        return named[0]
    return _arn("sns", call, str(call.parameters["Name"])) if "Name" in call.parameters else "*"


def queue(call: ApiCall) -> str:
    """Return the queue that a call of SQS names."""
    named = str(call.parameters.get("QueueUrl") or call.parameters.get("QueueName") or "")
    return _arn("sqs", call, named.rpartition("/")[2]) if named else "*"


def state_machine(call: ApiCall) -> str:
    """Return the state machine, execution or map run that a call of Step Functions names."""
    for name in ("stateMachineArn", "executionArn", "mapRunArn", "resourceArn"):
        if name in call.parameters:
            return str(call.parameters[name])
    created = call.parameters.get("name")
    return _arn("states", call, f"stateMachine:{created}") if created else "*"


def log_group(call: ApiCall) -> str:
    """Return the log group, or the stream in it, that a call of CloudWatch Logs names.

    Policies name a group with `:*` behind it, for its streams ("Overview of managing access permissions").
    """
    given = call.parameters
    group = given.get("logGroupName") or given.get("logGroupIdentifier")
    if not group:
        return "*"
    return log_stream(str(group), str(given.get("logStreamName", "")), region=call.region)


def log_stream(group: str, stream: str, *, region: str) -> str:
    """Return a log stream's ARN."""
    name = group.partition(":log-group:")[2].partition(":")[0] or group
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}:log-stream:{stream}"


def schedule(call: ApiCall) -> str:
    """Return the schedule that a call of EventBridge Scheduler names."""
    name = call.parameters.get("Name")
    group = call.parameters.get("GroupName", "default")
    return _arn("scheduler", call, f"schedule/{group}/{name}") if name else "*"


def trail(call: ApiCall) -> str:
    """Return the trail that a call of CloudTrail names."""
    named = str(call.parameters.get("Name") or call.parameters.get("TrailName") or "")
    if not named:
        return "*"
    return named if named.startswith("arn:") else _arn("cloudtrail", call, f"trail/{named}")


def identity(call: ApiCall) -> str:
    """Return the role, user, group or policy that a call of IAM names."""
    given, backend = call.parameters, iam_backends[ACCOUNT]["aws"]
    if call.operation in ("CreateUser", "PutUserPermissionsBoundary") and "PermissionsBoundary" in given:
        raise NotJudgedError  # moto drops it: the user would have no boundary
    # Who is put into a group gets the group's rights: it is the group that is asked for.
    kinds: Mapping[str, Mapping[str, Any]] = {
        "Group": backend.groups,
        "Role": backend.roles,
        "User": backend.users,
    }
    for kind, known in kinds.items():
        name = given.get(f"{kind}Name")
        if name:
            found = next((each.arn for each in known.values() if each.name == name), None)
            return str(found or f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{name}")
    return str(given.get("PolicyArn") or "*")


def stack(call: ApiCall) -> str:
    """Return the stack that a call of CloudFormation names."""
    named = str(call.parameters.get("StackName") or "")
    if not named:
        return "*"
    return named if named.startswith("arn:") else _arn("cloudformation", call, f"stack/{named}/*")


def workgroup(call: ApiCall) -> str:
    """Return the workgroup that a call of Athena names, or that its named query is in."""
    name = call.parameters.get("WorkGroup")
    query = athena_backends[ACCOUNT][call.region].named_queries.get(str(call.parameters.get("NamedQueryId")))
    if query is not None:
        name = query.workgroup.name
    return _arn("athena", call, f"workgroup/{name}") if name else "*"


def glue_asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of Glue needs: of a table also its database and the catalog."""
    given, resources = call.parameters, ["catalog"]
    database = given.get("DatabaseName") or (given.get("Name") if "Database" in call.operation else None)
    if database:
        resources.append(f"database/{database}")
        table = given.get("Name") if "Table" in call.operation else None
        resources.extend([f"table/{database}/{table}"] if table else [])
    return [
        Ask(action=f"glue:{call.operation}", resource=_arn("glue", call, each), account=ACCOUNT)
        for each in resources
    ]


def parameter(call: ApiCall) -> str:
    """Return the parameter that a call of Systems Manager names."""
    name = str(call.parameters.get("Name") or "")
    return _arn("ssm", call, f"parameter/{name.lstrip('/')}") if name else "*"


def _arn(service: str, call: ApiCall, resource: str) -> str:
    return f"arn:aws:{service}:{call.region}:{ACCOUNT}:{resource}"
