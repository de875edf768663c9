"""SNS: topic policies and subscriptions come from templates. Policies are kept and not evaluated.

Subscribed queues receive what is published. Addresses and URLs receive nothing: nothing leaves this machine,
whatever subscribers the deployed settings name.
"""

import json
from typing import Any

from moto.sns.models import SNSBackend, Subscription, sns_backends

from local.additions.cloudformation import Created, Properties, Where, supply


def install() -> None:
    """Add the resource types."""
    supply("AWS::SNS::TopicPolicy", _topic_policy, attributes=("Id",))
    supply("AWS::SNS::Subscription", _subscription, attributes=("Arn",))
    original = Subscription.publish

    def publish(self: Subscription, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if self.protocol == "sqs":
            original(self, *args, **kwargs)

    Subscription.publish = publish  # type: ignore[method-assign]


def _backend(where: Where) -> SNSBackend:
    return sns_backends[where.account][where.region]


def _topic_policy(properties: Properties, where: Where) -> Created:
    policy = properties["PolicyDocument"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    for arn in properties["Topics"]:
        _backend(where).get_topic(arn).policy = text
    return Created(where.logical_id, {"Id": where.logical_id})


def _subscription(properties: Properties, where: Where) -> Created:
    backend = _backend(where)
    subscription = backend.subscribe(
        properties["TopicArn"], properties.get("Endpoint", ""), properties["Protocol"]
    )
    for name in (
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "DeliveryPolicy",
    ):
        if name in properties:
            value = properties[name]
            backend.set_subscription_attributes(
                subscription.arn, name, value if isinstance(value, (str, bool)) else json.dumps(value)
            )
    return Created(subscription.arn, {"Arn": subscription.arn})
