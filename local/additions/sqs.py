"""SQS: queue policies come from templates. They are kept and not evaluated."""

import json

from moto.sqs.models import sqs_backends

from local.additions.cloudformation import Created, Properties, Where, supply


def install() -> None:
    """Add the resource type."""
    supply("AWS::SQS::QueuePolicy", _queue_policy, attributes=("Id",))


def _queue_policy(properties: Properties, where: Where) -> Created:
    policy = properties["PolicyDocument"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    backend = sqs_backends[where.account][where.region]
    for url in properties["Queues"]:
        backend.set_queue_attributes(url.rpartition("/")[2], {"Policy": text})
    return Created(where.logical_id, {"Id": where.logical_id})
