"""What Step Functions does in a state machine's role beside its tasks, judged like everybody's calls.

Source: Step Functions Developer Guide, "Using CloudWatch Logs to log execution history" (IAM policies),
"Trace Step Functions request data in AWS X-Ray" (IAM policies), "Data at rest encryption in Step Functions",
"IAM policies for using Distributed Map states".
"""

from local.additions.stepfunctions import Machine
from local.emulator import ACCOUNT
from local.enforcement import identities, kms
from local.enforcement.acts_of_services import require, take_role
from local.enforcement.ask import Ask
from local.enforcement.enforcement import Enforcement
from local.enforcement.identities import Identity

SERVICE = "states.amazonaws.com"
_DELIVERY = "delivery.logs.amazonaws.com"
_SESSION = "StepFunctions"
#: All of them, or the machine is refused.
_FOR_LOGS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_FOR_TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


def take(enforcement: Enforcement, machine_arn: str | None, role: str) -> Identity:
    """Take a machine's role.

    Raises
    ------
    RefusedError
        The role's trust policy does not let Step Functions.
    """
    return take_role(enforcement, SERVICE, role, session=_SESSION, source=machine_arn)


def create(enforcement: Enforcement, machine: Machine) -> None:
    """Do what Step Functions does when a machine is created or changed.

    Raises
    ------
    RefusedError
        It may not take the role, or the role may not deliver logs, or not use the key.
    """
    role = take(enforcement, machine.arn, machine.role)
    _use_key(enforcement, role, machine, "GenerateDataKey")
    if machine.log_group is not None:
        for action in _FOR_LOGS:
            require(enforcement, role, Ask(action=action, resource="*", account=ACCOUNT))


def begin(enforcement: Enforcement, machine: Machine) -> bool:
    """Do what Step Functions does when an execution begins; return whether its log can be written.

    Raises
    ------
    RefusedError
        The definition cannot be opened, or nothing stored.
    """
    role = identities.of_role(machine.role, session=_SESSION)
    for action in ("Decrypt", "GenerateDataKey"):
        _use_key(enforcement, role, machine, action)
    if machine.traced:
        # Without this consent traces are lost, and nothing else.
        for action in _FOR_TRACES:
            enforcement.judge(role, Ask(action=action, resource="*", account=ACCOUNT))
    return machine.log_group is not None and _may_log(enforcement, role, machine)


def start(enforcement: Enforcement, identity: Identity, machine_arn: str) -> None:
    """Let somebody start an execution: a service in a role.

    Raises
    ------
    RefusedError
        The role may not.
    """
    require(enforcement, identity, Ask(action="states:StartExecution", resource=machine_arn, account=ACCOUNT))


def begin_children(enforcement: Enforcement, machine: Machine) -> None:
    """Let a distributed map start children of the machine.

    Raises
    ------
    RefusedError
        The role may not start executions of its own machine.
    """
    start(enforcement, identities.of_role(machine.role, session=_SESSION), machine.arn)


def look_at_children(enforcement: Enforcement, machine: Machine, child: str, *, stop: bool) -> None:
    """Let a map see how its children are, or stop them; a refusal changes nothing here."""
    role, verb = identities.of_role(machine.role, session=_SESSION), "Stop" if stop else "Describe"
    enforcement.judge(role, Ask(action=f"states:{verb}Execution", resource=child, account=ACCOUNT))


def _may_log(enforcement: Enforcement, role: Identity, machine: Machine) -> bool:
    """Tell whether logs can be delivered: those of an encrypted machine are encrypted on their way."""
    region = machine.arn.split(":")[3]
    key = kms.find_key(machine.key, region=region)
    if key is None:
        return True
    context = kms.encryption_context({"SourceArn": f"arn:aws:logs:{region}:{ACCOUNT}:*"})
    sealed = enforcement.judge(role, kms.on_key(key, "GenerateDataKey", context))
    delivery = identities.service(_DELIVERY)
    opened = enforcement.judge(
        delivery, kms.on_key(key, "Decrypt", {**context, "aws:SourceAccount": ACCOUNT})
    )
    return sealed.allowed and opened.allowed


def _use_key(enforcement: Enforcement, role: Identity, machine: Machine, action: str) -> None:
    key = kms.find_key(machine.key, region=machine.arn.split(":")[3])
    if key is not None:
        context = kms.encryption_context({"aws:states:stateMachineArn": machine.arn})
        require(enforcement, role, kms.on_key(key, action, context))
