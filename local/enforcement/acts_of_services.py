"""What AWS services do by themselves or in a role's name, judged like the calls of everybody else.

Lambda takes a function's role, opens its environment and writes its log and its traces in the role's name;
API Gateway and EventBridge Scheduler start functions. A refusal has the effect that it has in AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local.emulator import ACCOUNT
from local.enforcement import identities, kms
from local.enforcement.ask import Ask
from local.enforcement.enforcement import Enforcement
from local.enforcement.identities import Identity
from local.enforcement.other_services import log_stream, on_function, on_role
from local.policy import Decision, PolicyError

_LAMBDA = "lambda.amazonaws.com"


class RefusedError(Exception):
    """A service may not do what it would have to; the message says what and why."""


@dataclass(frozen=True, slots=True)
class Start:
    """What Lambda needs to know to start a function: its ARN, role, log group, and key of the environment."""

    arn: str
    role: str
    session: str
    log_group: str
    environment_key: str | None
    traced: bool
    region: str


def take_role(
    enforcement: Enforcement, service: str, role_arn: str, *, session: str, source: str | None = None
) -> Identity:
    """Let a service take a role.

    Parameters
    ----------
    source
        The ARN for which it does so, where it says that.

    Raises
    ------
    RefusedError
        The role's trust policy does not let it.
    """
    require(enforcement, identities.service(service), on_role("AssumeRole", role_arn, context=_for(source)))
    return identities.of_role(role_arn, session=session)


def start_function(enforcement: Enforcement, start: Start) -> bool:
    """Do what Lambda does before a function's first event; return whether its log can be written.

    Raises
    ------
    RefusedError
        Lambda may not take the role, or not open the environment.
    """
    role = take_role(enforcement, _LAMBDA, start.role, session=start.session)
    key = kms.find_key(start.environment_key, region=start.region)
    if key is not None:
        context = kms.encryption_context({"aws:lambda:FunctionArn": start.arn})
        through = {"kms:ViaService": f"lambda.{start.region}.amazonaws.com", "aws:ViaAWSService": "true"}
        require(enforcement, role, kms.on_key(key, "Decrypt", {**context, **through}))
    if start.traced:
        # Without this consent traces are lost, and nothing else.
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            enforcement.judge(role, Ask(action=action, resource="*", account=ACCOUNT))
    stream = log_stream(start.log_group, "embedded", region=start.region)
    return all(
        enforcement.judge(role, Ask(action=action, resource=stream, account=ACCOUNT)).allowed
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    )


def call_function(
    enforcement: Enforcement, identity: Identity, function: str, *, region: str, source: str | None = None
) -> None:
    """Let somebody start a function: a service by itself, or in a role.

    Raises
    ------
    RefusedError
        Neither the role nor the function's policy lets it.
    """
    require(
        enforcement, identity, on_function("InvokeFunction", function, region=region, context=_for(source))
    )


def _for(source: str | None) -> Mapping[str, str]:
    return {} if source is None else {"aws:SourceArn": source, "aws:SourceAccount": ACCOUNT}


def require(enforcement: Enforcement, identity: Identity, ask: Ask) -> Decision:
    """Let a service do what it has to.

    Raises
    ------
    RefusedError
        It may not.
    """
    try:
        decision = enforcement.judge(identity, ask)
    except PolicyError as error:
        raise RefusedError(str(error)) from error
    if not decision.allowed:
        raise RefusedError(f"{identity.principal.arn} may not {ask.action} on {ask.resource}: {decision}")
    for tell in enforcement.acted:
        tell(identity, ask)
    return decision
