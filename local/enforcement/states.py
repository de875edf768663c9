"""What Step Functions asks IAM, and the key of an encrypted state machine, of who calls it.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Step Functions"; Step
Functions Developer Guide, "Data at rest encryption in Step Functions".
"""

from collections.abc import Sequence

from local.additions import stepfunctions
from local.api_call import ApiCall
from local.enforcement import kms
from local.enforcement import other_services as others
from local.enforcement.ask import Ask

_asks = others.asks_of("states", others.state_machine)
# What hands out a definition, an input, an output or a history opens them in its caller's name.
_OPENING = frozenset(
    {"DescribeExecution", "DescribeStateMachine", "DescribeStateMachineForExecution", "GetExecutionHistory"}
)


def asks(call: ApiCall) -> Sequence[Ask]:
    """Return what a call of Step Functions needs."""
    found = [*_asks(call)]
    if call.operation in _OPENING and call.parameters.get("includedData") != "METADATA_ONLY":
        machine = stepfunctions.find_machine(found[0].resource)
        key = None if machine is None else kms.find_key(machine.key, region=call.region)
        if machine is not None and key is not None:
            context = kms.encryption_context({"aws:states:stateMachineArn": machine.arn})
            through = {"kms:ViaService": f"states.{call.region}.amazonaws.com", "aws:ViaAWSService": "true"}
            found.append(kms.on_key(key, "Decrypt", {**context, **through}))
    return found
