"""Where alarms are sent: an encrypted topic, its subscribers, and a queue for what could not be delivered.

What must stay true: only EventBridge and CloudWatch publish, for our rules and alarms; an alarm that cannot
be published is kept, and CloudWatch tells of it.

The topic lies under the storage key, so who disables that key silences it: EventBridge tries for a day, then
leaves the message in the queue, which therefore lies under another key. What happens to keys goes to a second
topic as well, under the audit key: that one of the two keys was disabled is told by the other's topic.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks import names
from stacks.acknowledgements import acknowledge
from stacks.settings import Settings


class AlarmTopic(Construct):
    """Attributes: `topic`; `key_topic`, the second one for changes of keys; `undelivered`, the queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        storage_key: kms.IKey,
        audit_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        here = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
        self._rules = f"arn:{cdk.Aws.PARTITION}:events:{here}:rule/{settings.prefix}-*"
        self._alarms = f"arn:{cdk.Aws.PARTITION}:cloudwatch:{here}:alarm:{settings.prefix}-*"
        self.topic = self._topic("Topic", name=names.topic(settings), key=storage_key)
        self.key_topic = self._topic("KeyTopic", name=names.key_topic(settings), key=audit_key)
        self.undelivered = self._queue(settings)
        if not settings.alarm_subscribers:
            cdk.Annotations.of(self).add_warning_v2(
                "sealed-records:alarms-reach-nobody",
                f"cdk.json: environments.{settings.environment}.alarm_subscribers is empty: alarms reach "
                "nobody. Name e-mail addresses or https:// URLs there.",
            )
        for address in settings.alarm_subscribers:
            # CloudFormation knows a subscription by its logical id: made of the address, it survives a list
            # in another order.
            for way, topic in (("To", self.topic), ("OfKeysTo", self.key_topic)):
                sns.CfnSubscription(
                    self,
                    f"{way}{address}",
                    topic_arn=topic.topic_arn,
                    protocol="https" if address.startswith("https://") else "email",
                    endpoint=address,
                )

    def _topic(self, construct_id: str, *, name: str, key: kms.IKey) -> sns.Topic:
        topic = sns.Topic(
            self,
            construct_id,
            topic_name=name,
            display_name=name.replace("-", " "),
            master_key=key,
            enforce_ssl=True,
        )
        arn, publish = topic.topic_arn, "sns:Publish"
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                conditions={
                    "ArnLike": {"aws:SourceArn": self._alarms},
                    "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
                },
                actions=[publish],
                resources=[arn],
            )
        )
        # EventBridge's guide knows no condition for this permission ("Amazon SNS permissions"): one that
        # EventBridge does not fill in would lose every alarm. What it does fill in must be one of our rules;
        # a rule of another account reaches a topic only by a role, and none has the right to.
        events = iam.ServicePrincipal("events.amazonaws.com")
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RulesMayPublish", principals=[events], actions=[publish], resources=[arn]
            )
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NoOtherRuleMayPublish",
                effect=iam.Effect.DENY,
                principals=[events],
                conditions={
                    "Null": {"aws:SourceArn": "false"},
                    "ArnNotLike": {"aws:SourceArn": self._rules},
                },
                actions=[publish],
                resources=[arn],
            )
        )
        return topic

    def _queue(self, settings: Settings) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "Undelivered",
            queue_name=f"{settings.prefix}-alarms-undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RulesMayLeaveWhatIsUndelivered",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": self._rules}},
            )
        )
        acknowledge(
            queue,
            reason="This queue is the dead-letter queue: the rules name it in their targets.",
            nag=["AwsSolutions-SQS3"],
        )
        acknowledge(
            queue,
            reason=(
                "Encrypted with a key of SQS: what could not be published because the storage key is "
                "disabled must still find its way here."
            ),
            checkov=["CKV_AWS_27"],
        )
        return queue
